//! Claims that people judged against the texts they cite.

use super::dataset::DatasetError;
use super::pictures::lines;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// What a line of these files must be.
const EXPECTED: &str = "a judged claim, or a document that judges one";

/// A claim with what it cites, and what people say about both.
#[derive(Clone, Debug)]
pub struct SupportCase {
    /// Its id.
    pub id: String,
    /// Cases of one group are never learned from and judged in one go.
    pub group: String,
    /// Where it comes from, for figures by part.
    pub part: String,
    /// The claim without marks of citations.
    pub claim: String,
    /// Texts that it cites.
    pub texts: Vec<String>,
    /// Whether they support it.
    pub is_supported: bool,
}

/// Judged claims.
#[derive(Clone, Debug)]
pub struct SupportDataset {
    /// Name of the folder.
    pub name: String,
    /// In the order of the file.
    pub cases: Vec<SupportCase>,
}

/// A case as it was judged.
#[derive(Clone, Debug, Serialize)]
pub struct JudgedSupport {
    /// Its id.
    pub id: String,
    /// See [`SupportCase::group`].
    pub group: String,
    /// See [`SupportCase::part`].
    pub part: String,
    /// What people say.
    pub label: bool,
    /// What the check says.
    pub judged: bool,
    /// What it was judged by.
    pub features: BTreeMap<String, f64>,
}

/// How often the check agrees with people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SupportReport {
    /// Name of the data set.
    pub dataset: String,
    /// `support`.
    pub task: String,
    /// Cases.
    pub n_cases: usize,
    /// Mean of the two shares that follow.
    pub balanced_accuracy: f64,
    /// Supported claims that are said to be supported.
    pub recall_supported: f64,
    /// Other claims that are said not to be.
    pub recall_unsupported: f64,
    /// Balanced accuracy of each part.
    pub parts: BTreeMap<String, f64>,
}

impl SupportReport {
    /// Compares judgements with what people say.
    pub fn of(dataset: &str, judged: &[JudgedSupport]) -> Self {
        let mut parts: BTreeMap<String, Vec<&JudgedSupport>> = BTreeMap::new();
        for case in judged {
            parts.entry(case.part.clone()).or_default().push(case);
        }
        let all: Vec<&JudgedSupport> = judged.iter().collect();
        let (recall_supported, recall_unsupported) = recalls(&all);
        Self {
            dataset: dataset.to_owned(),
            task: "support".to_owned(),
            n_cases: judged.len(),
            balanced_accuracy: f64::midpoint(recall_supported, recall_unsupported),
            recall_supported,
            recall_unsupported,
            parts: parts
                .into_iter()
                .map(|(part, cases)| {
                    let (supported, unsupported) = recalls(&cases);
                    (part, f64::midpoint(supported, unsupported))
                })
                .collect(),
        }
    }
}

/// Right judgements, of the supported and of the other claims.
fn recalls(cases: &[&JudgedSupport]) -> (f64, f64) {
    let share = |label: bool| {
        let of: Vec<_> = cases.iter().filter(|case| case.label == label).collect();
        let right = of.iter().filter(|case| case.judged == label).count();
        right as f64 / of.len().max(1) as f64
    };
    (share(true), share(false))
}

#[derive(Deserialize)]
struct CaseLine {
    id: String,
    #[serde(default)]
    question: String,
    claim: String,
    references: Vec<String>,
    label: String,
    #[serde(default)]
    source_dataset: String,
}

#[derive(Deserialize)]
struct ClaimLine {
    id: String,
    text: String,
    #[serde(default)]
    evidence: Vec<EvidenceLine>,
}

#[derive(Deserialize)]
struct EvidenceLine {
    doc_id: String,
    label: String,
}

#[derive(Deserialize)]
struct DocumentLine {
    id: String,
    title: String,
    text: String,
}

impl SupportDataset {
    /// Reads `cases.jsonl` (`claim`, `references` and the `label` `attributable` or not),
    /// or `queries.jsonl` whose lines name the documents of `corpus.jsonl` that `SUPPORT`
    /// or contradict them as `evidence`.
    ///
    /// # Errors
    /// When a file is missing or a line malformed; the message names both.
    pub fn load(folder: &Path) -> Result<Self, DatasetError> {
        let name =
            folder.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let path = folder.join("cases.jsonl");
        let cases = if path.exists() {
            lines::<CaseLine>(&path, EXPECTED)?.into_iter().map(SupportCase::from).collect()
        } else {
            judged_claims(folder, &name)?
        };
        Ok(Self { name, cases })
    }
}

impl From<CaseLine> for SupportCase {
    fn from(line: CaseLine) -> Self {
        let group =
            if line.question.is_empty() { line.claim.clone() } else { line.question.clone() };
        Self {
            id: line.id,
            group,
            part: line.source_dataset,
            claim: without_marks(&line.claim),
            texts: line.references,
            is_supported: line.label == "attributable",
        }
    }
}

fn judged_claims(folder: &Path, name: &str) -> Result<Vec<SupportCase>, DatasetError> {
    let documents: HashMap<String, DocumentLine> =
        lines::<DocumentLine>(&folder.join("corpus.jsonl"), EXPECTED)?
            .into_iter()
            .map(|document| (document.id.clone(), document))
            .collect();
    let mut cases = Vec::new();
    for claim in lines::<ClaimLine>(&folder.join("queries.jsonl"), EXPECTED)? {
        for evidence in &claim.evidence {
            let Some(document) = documents.get(&evidence.doc_id) else { continue };
            cases.push(SupportCase {
                id: format!("{}/{}", claim.id, evidence.doc_id),
                group: claim.text.clone(),
                part: name.to_owned(),
                claim: claim.text.clone(),
                texts: vec![format!("{}\n\n{}", document.title, document.text)],
                is_supported: evidence.label == "SUPPORT",
            });
        }
    }
    Ok(cases)
}

/// A claim without `[3]` and the blanks before it.
fn without_marks(claim: &str) -> String {
    let mut text = String::new();
    let mut rest = claim;
    while let Some((before, after)) = rest.split_once('[') {
        let mark = after
            .split_once(']')
            .filter(|(number, _)| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()));
        text.push_str(before);
        rest = match mark {
            Some((_, behind)) => {
                text.truncate(text.trim_end().len());
                behind
            }
            None => {
                text.push('[');
                after
            }
        };
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn marks_of_citations_are_no_part_of_a_claim() {
        assert_eq!(without_marks("It runs [3], fast [12]."), "It runs, fast.");
        assert_eq!(without_marks("See [a] and [1"), "See [a] and [1");
    }

    #[test]
    fn both_forms_of_judged_claims_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("corpus.jsonl", r#"{"id":"d","title":"T","text":"Oil."}"#);
        write(
            "queries.jsonl",
            r#"{"id":"q","text":"c","evidence":[{"doc_id":"d","label":"CONTRADICT"}]}"#,
        );
        let read = SupportDataset::load(folder.path()).unwrap();
        assert_eq!(
            (read.cases[0].is_supported, read.cases[0].texts[0].as_str()),
            (false, "T\n\nOil.")
        );
        write(
            "cases.jsonl",
            r#"{"id":"a","question":"q","claim":"c [1].","references":["r"],"label":"attributable","source_dataset":"s"}"#,
        );
        let read = SupportDataset::load(folder.path()).unwrap();
        assert_eq!((read.cases[0].claim.as_str(), read.cases[0].is_supported), ("c.", true));
    }

    #[test]
    fn balanced_accuracy_is_the_mean_of_both_recalls() {
        let case = |label, judged| JudgedSupport {
            id: String::new(),
            group: String::new(),
            part: "p".to_owned(),
            label,
            judged,
            features: BTreeMap::new(),
        };
        let report =
            SupportReport::of("d", &[case(true, true), case(true, false), case(false, false)]);
        assert!((report.balanced_accuracy - 0.75).abs() < 1e-9);
        assert!((report.parts["p"] - 0.75).abs() < 1e-9);
    }
}
