//! What is asked and what came in lately, compared with before.
//!
//! Nothing of the windows is kept: questions are read from records of answers and embedded
//! anew, documents from their vectors, so that what is erased or deleted takes no part.

use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use super::quality::TrendPoint;
use crate::govern::{DriftReport, Observation, Slice, compare, raise_alarms};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use time::Duration;

/// Sources that are compared one by one.
const MOST_SOURCES: usize = 10;

/// One pair of windows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriftPart {
    /// `questions`, `documents`, or `documents of FOLDER`.
    pub of: String,
    /// How they differ.
    #[serde(flatten)]
    pub report: DriftReport,
}

/// What drifted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// When it was measured, RFC 3339.
    pub measured_at: String,
    /// The generation that was served then.
    pub generation: Option<String>,
    /// Pairs of windows with enough observations.
    pub parts: Vec<DriftPart>,
    /// Recorded answers over time, the earliest first.
    pub trend: Vec<TrendPoint>,
    /// Recorded answers by language, source, access label and class; reported for bias,
    /// and no alarm.
    pub slices: Vec<Slice>,
}

impl Drift {
    /// Whether anything is an alarm.
    pub fn is_alarm(&self) -> bool {
        self.parts.iter().any(|part| part.report.is_alarm())
    }
}

impl KnowledgeBase {
    /// Compares the latest questions with those before them, and documents that came in
    /// lately with those of before, all together and source by source. Reads much and
    /// writes nothing.
    ///
    /// # Errors
    /// When the graph or an index cannot be read, or the model fails.
    pub fn measure_drift(&self) -> Result<Drift, EngineError> {
        let config = &self.config.drift;
        let mut parts = Vec::new();
        let mut add = |of: String, reference: &[Observation], current: &[Observation]| {
            let report = compare(reference, current, config);
            if !report.shifts.is_empty() {
                parts.push(DriftPart { of, report });
            }
        };
        let records = self.latest_records()?;
        let questions = self.observed_questions(&records)?;
        let n_before = questions.len().saturating_sub(config.window_answers);
        let (before, now) = questions.split_at(n_before);
        add("questions".to_owned(), before, now);
        let documents = self.documents_by_time()?;
        let span = Duration::checked_seconds_f64(config.window_days * 86_400.0);
        let begin = documents.last().zip(span).and_then(|(last, span)| last.at.checked_sub(span));
        let mut sources: BTreeMap<&str, usize> = BTreeMap::new();
        documents.iter().for_each(|came| *sources.entry(came.folder()).or_default() += 1);
        let mut sources: Vec<(&str, usize)> = sources.into_iter().collect();
        sources.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        // One source is all documents, which are compared already.
        let one_by_one = if sources.len() > 1 { sources.as_slice() } else { &[] };
        let one_by_one = one_by_one.iter().take(MOST_SOURCES).map(|(source, _)| Some(*source));
        for source in [None].into_iter().chain(one_by_one) {
            let own = documents.iter().filter(|came| source.is_none_or(|s| came.folder() == s));
            let (now, before): (Vec<_>, Vec<_>) = own.partition(|came| Some(came.at) > begin);
            if now.len().min(before.len()) < config.least {
                continue;
            }
            let (before, now) = (self.observed_documents(&before)?, self.observed_documents(&now)?);
            let of = source.map_or_else(|| "documents".to_owned(), |s| format!("documents of {s}"));
            add(of, &before, &now);
        }
        raise_alarms(parts.iter_mut().map(|part| &mut part.report), config.false_alarms);
        let (trend, slices) = self.quality(&records)?;
        Ok(Drift {
            trend,
            slices,
            measured_at: super::build::now(),
            generation: self.current()?.map(|generation| generation.name().to_owned()),
            parts,
        })
    }
}
