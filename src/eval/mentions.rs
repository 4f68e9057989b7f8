//! Data sets of texts in which people marked what is named.

use super::dataset::DatasetError;
use super::pictures::lines;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;

/// Texts with marked names, and what a knowledge base may know of them.
#[derive(Clone, Debug, Default)]
pub struct MentionDataset {
    /// Name of the folder.
    pub name: String,
    /// Documents whose titles and headings are known: id, title, text.
    pub documents: Vec<(String, Option<String>, String)>,
    /// Terms of the glossary: id, name and other names.
    pub terms: Vec<(String, String, Vec<String>)>,
    /// Marked texts.
    pub texts: Vec<MarkedText>,
    /// Whether everything that is named is marked, so that precision means something.
    pub complete: bool,
    /// Gold triples whose subjects and objects should be entities: pairs of names.
    pub triples: Vec<(String, String)>,
}

/// A text and what was marked in it.
#[derive(Clone, Debug, Default)]
pub struct MarkedText {
    /// The text.
    pub text: String,
    /// Code points, and the id of the term that is meant where it is known.
    pub marks: Vec<(Range<usize>, Option<String>)>,
}

/// How much of what people marked was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MentionReport {
    /// Name of the data set.
    pub dataset: String,
    /// Marks.
    pub n_marks: usize,
    /// Names found in the marked texts.
    pub n_found: usize,
    /// Share of marks that a found name overlaps and, where it is known, means the same.
    pub recall: f64,
    /// Share of marks that a found name covers exactly, meaning aside.
    pub recall_exact: f64,
    /// Share of found names that overlap a mark; only where everything is marked.
    pub precision: Option<f64>,
    /// The same for names that cover a mark exactly.
    pub precision_exact: Option<f64>,
    /// Harmonic mean of precision and recall, by overlap.
    pub f1: Option<f64>,
    /// Gold triples whose subject and object are both found somewhere in the corpus.
    pub triple_coverage: Option<f64>,
    /// Subjects and objects that are found somewhere in the corpus.
    pub entity_coverage: Option<f64>,
    /// Marks that were missed, at most twenty.
    pub missed: Vec<String>,
}

#[derive(Deserialize)]
struct DocumentLine {
    id: String,
    title: Option<String>,
    text: String,
}

#[derive(Deserialize)]
struct TermLine {
    id: String,
    title: String,
    #[serde(default)]
    aka: Vec<String>,
}

#[derive(Deserialize)]
struct TokenLine {
    tokens: Vec<String>,
    tags: Vec<String>,
}

#[derive(Deserialize)]
struct TripleLine {
    #[serde(default)]
    evidences: Vec<[String; 3]>,
}

impl MentionDataset {
    /// Reads what the folder holds: `corpus.jsonl` with `mentions.tsv` (document, start,
    /// end, term, surface; code points) and `glossary.jsonl`; or `dev.jsonl` with `tokens`
    /// and BIO `tags`; or `corpus.jsonl` with `evidences` (subject, property, object) in
    /// `queries.jsonl`.
    ///
    /// # Errors
    /// When a file is malformed, or there is none of these.
    pub fn load(folder: &Path) -> Result<Self, DatasetError> {
        let has = |name: &str| folder.join(name).exists();
        let name =
            folder.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let mut dataset = Self { name, ..Self::default() };
        if has("dev.jsonl") {
            let tagged: Vec<TokenLine> =
                lines(&folder.join("dev.jsonl"), "a JSON object with `tokens` and `tags`")?;
            dataset.texts = tagged.iter().map(marked_tokens).collect();
            dataset.complete = true;
            return Ok(dataset);
        }
        let corpus: Vec<DocumentLine> =
            lines(&folder.join("corpus.jsonl"), "a JSON object with `id` and `text`")?;
        if has("glossary.jsonl") {
            let terms: Vec<TermLine> =
                lines(&folder.join("glossary.jsonl"), "a JSON object with `id` and `title`")?;
            dataset.terms = terms.into_iter().map(|t| (t.id, t.title, t.aka)).collect();
        }
        if has("mentions.tsv") {
            let texts: BTreeMap<&str, &str> =
                corpus.iter().map(|d| (d.id.as_str(), d.text.as_str())).collect();
            let mut marked: BTreeMap<String, MarkedText> = BTreeMap::new();
            for (document, range, term) in marks(&folder.join("mentions.tsv"))? {
                let text = texts.get(document.as_str()).copied().unwrap_or_default();
                let entry = marked
                    .entry(document)
                    .or_insert_with(|| MarkedText { text: text.to_owned(), marks: Vec::new() });
                entry.marks.push((range, Some(term)));
            }
            dataset.texts = marked.into_values().collect();
        } else {
            let questions: Vec<TripleLine> =
                lines(&folder.join("queries.jsonl"), "a JSON object with `evidences`")?;
            let triples = questions.into_iter().flat_map(|line| line.evidences);
            dataset.triples = triples.map(|[subject, _, object]| (subject, object)).collect();
            if dataset.triples.is_empty() {
                return Err(DatasetError::NoMentions(folder.to_owned()));
            }
        }
        dataset.documents = corpus.into_iter().map(|d| (d.id, d.title, d.text)).collect();
        Ok(dataset)
    }
}

/// Tokens joined by spaces, with the stretches that their BIO tags mark.
fn marked_tokens(line: &TokenLine) -> MarkedText {
    let mut marked = MarkedText::default();
    let mut length = 0;
    for (token, tag) in line.tokens.iter().zip(&line.tags) {
        if length > 0 {
            marked.text.push(' ');
            length += 1;
        }
        marked.text.push_str(token);
        let range = length..length + token.chars().count();
        length = range.end;
        match tag.as_bytes().first() {
            Some(b'B') => marked.marks.push((range, None)),
            Some(b'I') => match marked.marks.last_mut() {
                Some((open, _)) => open.end = range.end,
                None => marked.marks.push((range, None)),
            },
            _ => {}
        }
    }
    marked
}

fn marks(path: &Path) -> Result<Vec<(String, Range<usize>, String)>, DatasetError> {
    let text = fs::read_to_string(path)
        .map_err(|source| DatasetError::Io { path: path.to_owned(), source })?;
    let lines = text.lines().enumerate().skip(1).filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(i, line)| {
            let mut fields = line.split('\t');
            let mut field = || fields.next().unwrap_or_default().to_owned();
            let (document, start, end, term) = (field(), field(), field(), field());
            match (start.parse(), end.parse()) {
                (Ok(start), Ok(end)) if start < end => Ok((document, start..end, term)),
                _ => Err(DatasetError::Line {
                    path: path.to_owned(),
                    line: i + 1,
                    expected: "document, start and end in code points, term, separated by tabs",
                    found: line.to_owned(),
                }),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_become_stretches_of_the_joined_text() {
        let line = TokenLine {
            tokens: ["Über", "Redondo", "Beach", "nach", "Gardena"].map(str::to_owned).into(),
            tags: ["O", "B-x", "I-x", "O", "B-x"].map(str::to_owned).into(),
        };
        let marked = marked_tokens(&line);
        let marked_text: Vec<String> = marked
            .marks
            .iter()
            .map(|(range, _)| marked.text.chars().skip(range.start).take(range.len()).collect())
            .collect();
        assert_eq!(marked_text, ["Redondo Beach", "Gardena"]);
    }

    #[test]
    fn a_line_that_marks_nothing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("corpus.jsonl"), "{\"id\":\"a\",\"text\":\"x\"}\n").unwrap();
        fs::write(folder.path().join("mentions.tsv"), "d\ts\te\tt\na\t5\t2\tx\n").unwrap();
        let error = MentionDataset::load(folder.path()).unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
    }
}
