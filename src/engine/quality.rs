//! How well questions were answered lately, over time and by slice.

use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use super::observed::{blocks, folder_of};
use crate::audit::{RecordedAnswer, is_erased};
use crate::govern::{Outcome, Slice, slices};
use crate::ingest::likely_language;
use crate::model::VersionId;
use crate::vocab::{self, rdf};
use oxigraph::model::Term;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Points of a trend.
const N_POINTS: usize = 12;

/// Some answers that followed each other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrendPoint {
    /// When the first of them was asked, RFC 3339.
    pub from: String,
    /// When the last of them was asked.
    pub to: String,
    /// How many they are.
    pub n_answers: usize,
    /// Share without an answer.
    pub abstained: f64,
    /// Share with a sentence that its evidence does not carry.
    pub unsupported: f64,
    /// Share that somebody said is bad or wrong.
    pub flagged: f64,
    /// Median of the time that they took, in ms.
    pub p50_ms: f64,
    /// The time within which 95 of 100 were made, in ms.
    pub p95_ms: f64,
}

impl KnowledgeBase {
    /// The trend of recorded answers, the earliest first, and their slices by language,
    /// source, access label and class of what the evidence names.
    pub(super) fn quality(
        &self,
        records: &[RecordedAnswer],
    ) -> Result<(Vec<TrendPoint>, Vec<Slice>), EngineError> {
        let opinions = self.graph.feedback()?.into_iter();
        let flagged: HashSet<String> = opinions
            .filter(|feedback| feedback.opinion.is_complaint())
            .map(|feedback| feedback.answer.as_str().to_owned())
            .collect();
        let labels: HashMap<VersionId, String> = self
            .graph
            .documents()?
            .into_iter()
            .map(|document| (document.version, document.access_label.0))
            .collect();
        let mut classes: HashMap<String, Vec<String>> = HashMap::new();
        let mut outcomes = Vec::with_capacity(records.len());
        for (record, block) in records.iter().zip(blocks(records)) {
            let mut of: BTreeSet<(&'static str, String)> = BTreeSet::new();
            if !is_erased(&record.question) {
                let language = likely_language(&record.question);
                of.extend(language.map(|language| ("language", language.to_owned())));
            }
            for evidence in &record.evidence {
                of.insert(("source", folder_of(&evidence.source).to_owned()));
                let label = labels.get(&VersionId::from_iri(evidence.version.clone()));
                of.extend(label.map(|label| ("label", label.clone())));
            }
            for entity in &record.entities {
                if !classes.contains_key(entity) {
                    classes.insert(entity.clone(), self.classes_of(entity)?);
                }
                let known = classes.get(entity).into_iter().flatten();
                of.extend(known.map(|class| ("class", class.clone())));
            }
            outcomes.push(Outcome {
                slices: of,
                abstained: record.mode == "abstained",
                unsupported: record.sentences.iter().any(|s| s.verdict == "unsupported"),
                flagged: flagged.contains(&record.answer),
                block,
            });
        }
        let config = &self.config.drift;
        let found = slices(&outcomes, config.least, config.n_splits, config.false_alarms);
        Ok((trend(records, &outcomes), found))
    }

    /// Local names of the program's classes of an entity.
    fn classes_of(&self, entity: &str) -> Result<Vec<String>, EngineError> {
        let stated = self.graph.about(vocab::GRAPH_ENTITIES, entity)?.into_iter();
        let types = stated.filter(|triple| triple.predicate.as_str() == rdf::TYPE);
        let local = types.filter_map(|triple| match &triple.object {
            Term::NamedNode(node) => {
                node.as_str().strip_prefix(vocab::NAMESPACE).map(str::to_owned)
            }
            _ => None,
        });
        Ok(local.filter(|class| class != "Entity").collect())
    }
}

/// At most so many points of equally many answers.
fn trend(records: &[RecordedAnswer], outcomes: &[Outcome]) -> Vec<TrendPoint> {
    let size = records.len().div_ceil(N_POINTS).max(1);
    let points = records.chunks(size).zip(outcomes.chunks(size));
    let point = |(records, outcomes): (&[RecordedAnswer], &[Outcome])| {
        let share = |is: &dyn Fn(&Outcome) -> bool| {
            outcomes.iter().filter(|outcome| is(outcome)).count() as f64 / outcomes.len() as f64
        };
        let mut took: Vec<f64> =
            records.iter().map(|record| record.timings_ms.values().sum()).collect();
        took.sort_by(f64::total_cmp);
        let quantile = |share: f64| {
            let at = (took.len() as f64 * share).ceil() as usize;
            took.get(at.saturating_sub(1)).copied().unwrap_or_default()
        };
        let at = |record: Option<&RecordedAnswer>| {
            record.map(|record| record.started_at.clone()).unwrap_or_default()
        };
        TrendPoint {
            from: at(records.first()),
            to: at(records.last()),
            n_answers: records.len(),
            abstained: share(&|outcome| outcome.abstained),
            unsupported: share(&|outcome| outcome.unsupported),
            flagged: share(&|outcome| outcome.flagged),
            p50_ms: quantile(0.5),
            p95_ms: quantile(0.95),
        }
    };
    points.map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_has_few_points_of_equally_many_answers() {
        let record = |n: usize| RecordedAnswer {
            started_at: format!("{n:02}"),
            timings_ms: [("plan".to_owned(), n as f64), ("quote".to_owned(), 1.0)].into(),
            ..RecordedAnswer::default()
        };
        let records: Vec<RecordedAnswer> = (0..30).map(record).collect();
        let outcome = |n: usize| Outcome { abstained: n < 3, ..Outcome::default() };
        let outcomes: Vec<Outcome> = (0..30).map(outcome).collect();
        let points = trend(&records, &outcomes);
        assert_eq!((points.len(), points[0].n_answers), (10, 3));
        assert_eq!((points[0].abstained, points[1].abstained), (1.0, 0.0));
        let last = &points[9];
        assert_eq!((last.from.as_str(), last.to.as_str()), ("27", "29"));
        assert_eq!((last.p50_ms, last.p95_ms), (29.0, 30.0));
        assert!(trend(&[], &[]).is_empty());
    }
}
