//! What has become of the documents: old ones, orphans, findings of shapes, copies.

use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use crate::govern::{Sketch, candidates, likeness};
use crate::graph::DocumentSummary;
use crate::model::VersionId;
use crate::shapes::Severity;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Names of a kind that are told at most.
const MOST_NAMED: usize = 20;
/// Pairs of texts that are compared word by word at most.
const MOST_COMPARED: usize = 2_000;

/// How many there are, and the first of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// All of them.
    pub n: usize,
    /// Names of the first ones.
    pub first: Vec<String>,
}

impl Counted {
    fn of(names: Vec<String>) -> Self {
        let n = names.len();
        Self { n, first: names.into_iter().take(MOST_NAMED).collect() }
    }
}

/// Two documents with nearly the same words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Copies {
    /// Source paths.
    pub sources: [String; 2],
    /// Share of their runs of three words that both have.
    pub likeness: f64,
    /// Whether their access labels differ: somebody may read in one what the other hides.
    pub labels_differ: bool,
}

/// The state of the documents and of what is known of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IndexState {
    /// The generation that was served then.
    pub generation: Option<String>,
    /// When it was looked at, RFC 3339.
    pub measured_at: String,
    /// Documents.
    pub n_documents: usize,
    /// Documents that did not change for longer than `drift.stale_days`.
    pub stale: Counted,
    /// Entities that no document speaks of.
    pub orphaned_entities: Counted,
    /// What contradicts a shape.
    pub violations: Counted,
    /// Documents with nearly the same words, the most alike first.
    pub copies: Vec<Copies>,
    /// How many such pairs there are.
    pub n_copies: usize,
    /// Those of them with different access labels: one of the labels is noise, or a leak.
    pub n_labels_differ: usize,
}

impl IndexState {
    /// Whether anything of it should be seen to. Copies with equal labels are no fault.
    pub fn is_alarm(&self) -> bool {
        self.stale.n + self.orphaned_entities.n + self.violations.n + self.n_labels_differ > 0
    }
}

impl KnowledgeBase {
    /// Reads all documents, and says what is old, orphaned, against a shape or there
    /// twice. Takes its time, and writes nothing.
    ///
    /// # Errors
    /// When the graph cannot be read, or a shape cannot be used.
    pub fn measure_index(&self) -> Result<IndexState, EngineError> {
        let config = &self.config.drift;
        let documents = self.graph.documents()?;
        let measured_at = super::build::now();
        let orphaned = self.graph.orphaned_entities()?;
        let orphaned = orphaned.iter().map(|entity| entity.as_str().to_owned()).collect();
        let violations = self.validate(&[])?.findings.into_iter();
        let violations = violations
            .filter(|placed| placed.finding.severity == Severity::Violation)
            .map(|placed| {
                let place = placed.source.or(placed.graph).unwrap_or_default();
                format!("{place}: {}", placed.finding)
            });
        let mut state = IndexState {
            generation: self.current()?.map(|generation| generation.name().to_owned()),
            n_documents: documents.len(),
            stale: Counted::of(self.stale(&documents, &measured_at)?),
            orphaned_entities: Counted::of(orphaned),
            violations: Counted::of(violations.collect()),
            measured_at,
            ..IndexState::default()
        };
        let mut copies = self.copies(&documents, config.copy_likeness)?;
        copies.sort_by(|a, b| b.likeness.total_cmp(&a.likeness));
        state.n_copies = copies.len();
        state.n_labels_differ = copies.iter().filter(|copies| copies.labels_differ).count();
        // What may be a leak is told first.
        copies.sort_by_key(|copies| !copies.labels_differ);
        copies.truncate(MOST_NAMED);
        state.copies = copies;
        Ok(state)
    }

    /// Sources of documents that did not change for long, the oldest first.
    fn stale(&self, documents: &[DocumentSummary], now: &str) -> Result<Vec<String>, EngineError> {
        let days = self.config.drift.stale_days;
        let moment = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
        let (true, Some(now)) = (days > 0, moment(now)) else { return Ok(Vec::new()) };
        let since = now - time::Duration::days(i64::from(days));
        let taken_in_at = self.graph.taken_in_at()?;
        let mut stale: Vec<(OffsetDateTime, &String)> = documents
            .iter()
            .filter_map(|document| {
                let at = moment(taken_in_at.get(&document.version)?)?;
                (at < since).then_some((at, &document.source))
            })
            .collect();
        stale.sort();
        Ok(stale.into_iter().map(|(_, source)| source.clone()).collect())
    }

    fn copies(
        &self,
        documents: &[DocumentSummary],
        least: f64,
    ) -> Result<Vec<Copies>, EngineError> {
        let mut sketches = Vec::with_capacity(documents.len());
        for document in documents {
            sketches.push(Sketch::of(&self.words_of(&document.version)?));
        }
        let mut copies = Vec::new();
        for (a, b) in candidates(&sketches).into_iter().take(MOST_COMPARED) {
            let (Some(a), Some(b)) = (documents.get(a), documents.get(b)) else { continue };
            let likeness = likeness(&self.words_of(&a.version)?, &self.words_of(&b.version)?);
            if likeness >= least {
                copies.push(Copies {
                    sources: [a.source.clone(), b.source.clone()],
                    likeness,
                    labels_differ: a.access_label != b.access_label,
                });
            }
        }
        Ok(copies)
    }

    fn words_of(&self, version: &VersionId) -> Result<String, EngineError> {
        let texts: Vec<String> =
            self.graph.fragments_of(version)?.into_iter().map(|fragment| fragment.text).collect();
        Ok(texts.join("\n"))
    }
}
