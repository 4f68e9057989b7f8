//! Golden sets: questions whose answers are known, kept in the knowledge base.
//!
//! `golden/NAME.jsonl` holds a question in each line, with the sources of the documents
//! that answer it. A set is named by a person and has a version, the digest of its bytes,
//! which evaluations name. Questions come from files and from what reviewers accepted.

use super::blobs::write_atomically;
use super::build::{now, software};
use super::error::{EngineError, io_error};
use super::knowledge_base::KnowledgeBase;
use super::records::Records;
use crate::audit::{is_erased, recorded};
use crate::eval::{RankedDocument, measure_one};
use crate::govern::{SetResult, Verdict, judge};
use crate::graph::Triples;
use crate::model::{AnswerId, ClaimStatus, Digest, GenerationId, Opinion, Query};
use crate::retrieve::{RetrievalMode, Snapshot};
use crate::vocab::{self, prov, rdfs, vt};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

/// Fragments that are looked for, so that ten documents are among them.
const FRAGMENTS_PER_QUESTION: usize = 50;
/// The set of questions that reviewers accepted.
const ACCEPTED: &str = "accepted";

/// A question whose answer is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenQuestion {
    /// Name within the set.
    pub id: String,
    /// The question.
    pub text: String,
    /// Sources of the documents that answer it, one at least.
    pub relevant: BTreeSet<String>,
}

/// A golden set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GoldenSet {
    /// Its name.
    pub name: String,
    /// SHA-256 of its file.
    pub sha256: String,
    /// Its questions.
    pub questions: Vec<GoldenQuestion>,
}

/// What a generation reached on all golden sets, and whether it may answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GoldenReport {
    /// The generation.
    pub generation: String,
    /// The generation that it was compared with; none when it answers itself.
    pub against: Option<String>,
    /// By set.
    pub results: Vec<SetResult>,
    /// What the gate says.
    pub verdict: Verdict,
}

impl Records {
    fn golden_file(&self, name: &str) -> PathBuf {
        self.root.join("golden").join(format!("{name}.jsonl"))
    }

    /// Every golden set, ordered by name.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn golden_sets(&self) -> Result<Vec<GoldenSet>, EngineError> {
        let folder = self.root.join("golden");
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(io_error("list", &folder))?,
        };
        let mut sets = Vec::new();
        for entry in entries {
            let path = entry.map_err(io_error("list", &folder))?.path();
            let name = path.file_stem().map(|name| name.to_string_lossy().into_owned());
            if let Some(name) = name
                && path.extension().is_some_and(|extension| extension == "jsonl")
            {
                let bytes = fs::read(&path).map_err(io_error("read", &path))?;
                sets.push(parsed(name, &bytes)?);
            }
        }
        sets.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(sets)
    }

    /// Keeps a golden set under a name, in the place of one that has it; records who did
    /// it. Sources that no document has are returned: questions about them cannot be
    /// answered.
    ///
    /// # Errors
    /// When a line is no question, names repeat, or the set cannot be written.
    pub fn keep_golden_set(
        &self,
        name: &str,
        lines: &[u8],
        principal: &str,
    ) -> Result<(GoldenSet, Vec<String>), EngineError> {
        let plausible = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(plausible) {
            return Err(EngineError::Golden {
                name: name.to_owned(),
                reason: "expected a name of letters, digits, `-` and `_`".to_owned(),
            });
        }
        let set = parsed(name.to_owned(), lines)?;
        let known: BTreeSet<String> =
            self.graph.documents()?.into_iter().map(|document| document.source).collect();
        let wanted = set.questions.iter().flat_map(|question| &question.relevant);
        let missing: BTreeSet<String> =
            wanted.filter(|source| !known.contains(*source)).cloned().collect();
        let folder = self.root.join("golden");
        fs::create_dir_all(&folder).map_err(io_error("create", &folder))?;
        write_atomically(&self.golden_file(name), lines)?;
        let mut triples = Triples::new();
        let id = golden_iri(&set);
        triples.class(&id, vt::GOLDEN_SET);
        triples.class(&id, prov::ENTITY);
        triples.text(&id, rdfs::LABEL, name);
        triples.text(&id, vt::SHA256, &set.sha256);
        triples.count(&id, vt::N_QUESTIONS, set.questions.len());
        triples.time(&id, prov::ENDED_AT_TIME, &now());
        let person = format!("{id}/principal");
        triples.link(&id, prov::WAS_ATTRIBUTED_TO, &person);
        triples.class(&person, prov::AGENT);
        triples.text(&person, rdfs::LABEL, principal);
        self.graph.add_to_graph(vocab::GRAPH_GOVERNANCE, &triples.into_vec())?;
        Ok((set, missing.into_iter().collect()))
    }

    /// Takes the questions out of golden sets that reviewers made of these answers; what
    /// is left of a set is a version of its own, and a set without questions goes.
    pub(super) fn forget_golden_questions(
        &self,
        answers: &[AnswerId],
        principal: &str,
    ) -> Result<(), EngineError> {
        let is_gone = |question: &GoldenQuestion| answers.iter().any(|a| a.name() == question.id);
        for set in self.golden_sets()? {
            let kept: Vec<&GoldenQuestion> =
                set.questions.iter().filter(|question| !is_gone(question)).collect();
            if kept.len() == set.questions.len() {
                continue;
            }
            if kept.is_empty() {
                let path = self.golden_file(&set.name);
                fs::remove_file(&path).map_err(io_error("remove", &path))?;
            } else {
                self.keep_golden_set(&set.name, &lines_of(kept), principal)?;
            }
        }
        Ok(())
    }
}

impl KnowledgeBase {
    /// Adds the questions whose answers reviewers accepted as good to the golden set
    /// `accepted`, with the documents that the answers cite; how many are new.
    ///
    /// # Errors
    /// When feedback, records or the set cannot be read or written.
    pub fn golden_from_feedback(&self, principal: &str) -> Result<usize, EngineError> {
        let sets = self.golden_sets()?;
        let known = sets.into_iter().find(|set| set.name == ACCEPTED);
        let mut questions = known.map(|set| set.questions).unwrap_or_default();
        let n_before = questions.len();
        for story in self.feedback()? {
            let accepted =
                story.decided.as_ref().is_some_and(|d| d.status == ClaimStatus::Accepted);
            let id = story.feedback.answer.name().to_owned();
            let is_new = questions.iter().all(|q| q.id != id && q.text != story.question);
            let is_erased = is_erased(&story.question);
            if !accepted || !is_new || is_erased || story.feedback.opinion != Opinion::Good {
                continue;
            }
            let relevant = self.cited_sources(&story.feedback.answer)?;
            if !relevant.is_empty() {
                questions.push(GoldenQuestion { id, text: story.question, relevant });
            }
        }
        let n_new = questions.len() - n_before;
        if n_new > 0 {
            self.keep_golden_set(ACCEPTED, &lines_of(&questions), principal)?;
        }
        Ok(n_new)
    }

    /// Sources of the documents that an answer cites.
    fn cited_sources(&self, answer: &AnswerId) -> Result<BTreeSet<String>, EngineError> {
        let triples = self.graph.graph(answer.as_str())?;
        let Some(record) = recorded(answer.as_str(), &triples) else {
            return Ok(BTreeSet::new());
        };
        let kept = record.sentences.iter().filter(|sentence| sentence.kept);
        let cited: BTreeSet<usize> =
            kept.flat_map(|sentence| &sentence.citations).map(|c| c.number).collect();
        let sources = record.evidence.into_iter().filter(|e| cited.contains(&e.number));
        Ok(sources.map(|evidence| evidence.source).collect())
    }

    /// Asks every golden set of a generation and of the one that answers, lets the gate
    /// judge, and records the evaluation in the governance graph.
    ///
    /// # Errors
    /// When a generation cannot be read or retrieval fails.
    pub fn evaluate_generation(
        &self,
        generation: &GenerationId,
    ) -> Result<GoldenReport, EngineError> {
        let _writer = self.sole_writer();
        self.evaluate_alone(generation)
    }

    /// As [`KnowledgeBase::evaluate_generation`], for one who is the sole writer already.
    pub(super) fn evaluate_alone(
        &self,
        generation: &GenerationId,
    ) -> Result<GoldenReport, EngineError> {
        let sets = self.golden_sets()?;
        let current = self.current()?.filter(|current| current != generation);
        let results = self.golden_results(&sets, generation)?;
        let before = match &current {
            Some(current) if !sets.is_empty() => self.golden_results(&sets, current)?,
            _ => Vec::new(),
        };
        let verdict = judge(&before, &results, &self.config.generations.gate);
        let report = GoldenReport {
            generation: generation.name().to_owned(),
            against: current.map(|current| current.name().to_owned()),
            results,
            verdict,
        };
        if !sets.is_empty() {
            self.record_evaluation(generation, &sets, &report)?;
        }
        Ok(report)
    }

    fn golden_results(
        &self,
        sets: &[GoldenSet],
        generation: &GenerationId,
    ) -> Result<Vec<SetResult>, EngineError> {
        if sets.is_empty() {
            return Ok(Vec::new());
        }
        let snapshot = self.snapshot_alone(generation)?;
        sets.iter().map(|set| self.golden_result(set, &snapshot)).collect()
    }

    fn golden_result(
        &self,
        set: &GoldenSet,
        snapshot: &Arc<Snapshot>,
    ) -> Result<SetResult, EngineError> {
        let session = self.session_on(Arc::clone(snapshot));
        let mut result = SetResult {
            set: set.name.clone(),
            sha256: set.sha256.clone(),
            recall_5: Vec::new(),
            ndcg_10: Vec::new(),
            lost: Vec::new(),
        };
        for question in &set.questions {
            let query = Query::text(&question.text, FRAGMENTS_PER_QUESTION);
            let found = session.search(&query, RetrievalMode::Graph)?;
            let mut ranking: Vec<RankedDocument> = Vec::new();
            for hit in found.hits {
                let id = hit.document.source();
                if !ranking.iter().any(|known| known.id == id) {
                    ranking.push(RankedDocument { id, score: hit.score });
                }
            }
            let judged: BTreeMap<String, u32> =
                question.relevant.iter().map(|source| (source.clone(), 1)).collect();
            let metrics = measure_one(&ranking, &judged).unwrap_or_default();
            result.recall_5.push(metrics.recall_5);
            result.ndcg_10.push(metrics.ndcg_10);
            if metrics.recall_10 == 0.0 {
                result.lost.push(question.id.clone());
            }
        }
        Ok(result)
    }

    fn record_evaluation(
        &self,
        generation: &GenerationId,
        sets: &[GoldenSet],
        report: &GoldenReport,
    ) -> Result<(), EngineError> {
        let at = now();
        let mut triples = Triples::new();
        for (set, result) in sets.iter().zip(&report.results) {
            let parts = [generation.as_str(), &set.sha256, &at];
            let digest = Digest::of_parts(parts.iter().map(|part| part.as_bytes()));
            let id = format!("{}evaluation:{}", vocab::ACTIVITY_PREFIX, digest.short());
            triples.class(&id, vt::EVALUATION);
            triples.class(&id, prov::ACTIVITY);
            triples.link(&id, vt::EVALUATED, generation.as_str());
            triples.link(&id, prov::USED, &golden_iri(set));
            triples.number(&id, vt::RECALL_AT_5, result.mean_recall_5());
            triples.number(&id, vt::NDCG_AT_10, result.mean_ndcg_10());
            triples.text(
                &id,
                vt::GATE_VERDICT,
                if report.verdict.passes { "pass" } else { "fail" },
            );
            for reason in &report.verdict.reasons {
                triples.text(&id, vt::REASON, reason);
            }
            triples.time(&id, prov::ENDED_AT_TIME, &at);
            triples.text(&id, rdfs::LABEL, &software());
        }
        Ok(self.graph.add_to_graph(vocab::GRAPH_GOVERNANCE, &triples.into_vec())?)
    }
}

fn golden_iri(set: &GoldenSet) -> String {
    let parts = [set.name.as_bytes(), set.sha256.as_bytes()];
    format!("{}{}", vocab::GOLDEN_PREFIX, Digest::of_parts(parts).short())
}

/// The lines of a set.
fn lines_of<'q>(questions: impl IntoIterator<Item = &'q GoldenQuestion>) -> Vec<u8> {
    let mut lines = Vec::new();
    for question in questions {
        lines.extend(serde_json::to_vec(question).unwrap_or_default());
        lines.push(b'\n');
    }
    lines
}

/// Reads the lines of a set.
fn parsed(name: String, bytes: &[u8]) -> Result<GoldenSet, EngineError> {
    let wrong = |reason: String| EngineError::Golden { name: name.clone(), reason };
    let text = std::str::from_utf8(bytes).map_err(|error| wrong(format!("no UTF-8: {error}")))?;
    let mut questions: Vec<GoldenQuestion> = Vec::new();
    let mut names = BTreeSet::new();
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    for (line, n) in lines {
        let question: GoldenQuestion = serde_json::from_str(line).map_err(|error| {
            wrong(format!(
                "line {n}: {error}; expected {{\"id\", \"text\", \"relevant\": [SOURCE, ...]}}"
            ))
        })?;
        if question.text.trim().is_empty() || question.relevant.is_empty() {
            return Err(wrong(format!("line {n}: expected a question and one source at least")));
        }
        if !names.insert(question.id.clone()) {
            return Err(wrong(format!("line {n}: the id `{}` stands twice", question.id)));
        }
        questions.push(question);
    }
    if questions.is_empty() {
        return Err(wrong("it has no questions".to_owned()));
    }
    Ok(GoldenSet { sha256: Digest::of(bytes).to_string(), name, questions })
}
