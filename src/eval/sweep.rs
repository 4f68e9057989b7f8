//! Several ways of ranking, side by side.

use super::metrics::{Metrics, mean, percentile};
use super::paired::{Paired, paired_sets};
use super::question_report::QuestionReport;
use super::report::Latency;
use serde::Serialize;
use std::fmt::Write;

/// The questions of one data set, ranked in several ways.
#[derive(Clone, Debug)]
pub struct SweptSet {
    /// Name of the data set.
    pub dataset: String,
    /// The generation that was asked.
    pub generation: String,
    /// Each way with its questions, all in the same order.
    pub variants: Vec<(String, Vec<QuestionReport>)>,
}

/// One way of ranking on one data set, or on all of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SweepRow {
    /// Name of the data set; `None` for the mean over all sets.
    pub dataset: Option<String>,
    /// Name of the way of ranking.
    pub variant: String,
    /// Questions.
    pub n_queries: usize,
    /// Means over the questions; over all sets the means of the sets' means.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// Time of a question; `None` over all sets.
    pub latency_ms: Option<Latency>,
    /// The generation that was asked.
    pub generation: Option<String>,
    /// The way that it is compared with; `None` for the first one.
    pub against: Option<String>,
    /// The change of recall@5.
    #[serde(rename = "recall@5_change")]
    pub recall_5_change: Option<Paired>,
    /// The change of nDCG@10.
    #[serde(rename = "ndcg@10_change")]
    pub ndcg_10_change: Option<Paired>,
}

/// Which way each one is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// The first one.
    First,
    /// The one before it.
    Previous,
}

/// Rows of every set in turn, then those over all sets when there are several.
pub fn sweep_rows(sets: &[SweptSet], against: Against) -> Vec<SweepRow> {
    let mut rows: Vec<SweepRow> =
        sets.iter().flat_map(|set| compared(std::slice::from_ref(set), against)).collect();
    if sets.len() > 1 {
        rows.extend(compared(sets, against));
    }
    rows
}

fn compared(sets: &[SweptSet], against: Against) -> Vec<SweepRow> {
    let Some(first) = sets.first() else { return Vec::new() };
    let single = (sets.len() == 1).then_some(first);
    let of = |set: &SweptSet, i: usize| -> Vec<QuestionReport> {
        set.variants.get(i).map_or_else(Vec::new, |(_, questions)| questions.clone())
    };
    let mut rows = Vec::new();
    for (i, (variant, _)) in first.variants.iter().enumerate() {
        let questions: Vec<Vec<QuestionReport>> = sets.iter().map(|set| of(set, i)).collect();
        let other = match against {
            _ if i == 0 => None,
            Against::First => Some(0),
            Against::Previous => Some(i - 1),
        };
        let change = |measure: fn(&Metrics) -> f64| {
            let other = other?;
            let differences = sets.iter().zip(&questions).map(|(set, questions)| {
                let before = of(set, other);
                let pairs = questions.iter().zip(&before);
                pairs.map(|(b, a)| measure(&b.metrics) - measure(&a.metrics)).collect()
            });
            Some(paired_sets(&differences.collect::<Vec<Vec<f64>>>()))
        };
        let means = questions.iter().map(|set| mean(set.iter().map(|question| question.metrics)));
        rows.push(SweepRow {
            dataset: single.map(|set| set.dataset.clone()),
            variant: variant.clone(),
            n_queries: questions.iter().map(Vec::len).sum(),
            metrics: mean(means),
            latency_ms: single.and(questions.first()).map(|set| latency(set)),
            generation: single.map(|set| set.generation.clone()),
            against: other.and_then(|o| first.variants.get(o)).map(|(name, _)| name.clone()),
            recall_5_change: change(|metrics| metrics.recall_5),
            ndcg_10_change: change(|metrics| metrics.ndcg_10),
        });
    }
    rows
}

fn latency(questions: &[QuestionReport]) -> Latency {
    let mut milliseconds: Vec<f64> = questions.iter().map(|q| q.latency_ms).collect();
    milliseconds.sort_by(f64::total_cmp);
    let at = |share| percentile(&milliseconds, share);
    Latency { p50: at(0.50), p95: at(0.95), p99: at(0.99) }
}

/// A table of the rows in Markdown.
pub fn sweep_table(rows: &[SweepRow]) -> String {
    let mut table = String::from(
        "| set | variant | recall@5 | change | p | nDCG@10 | change | p | better, worse | p50 ms |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let set = row.dataset.as_deref().unwrap_or("mean of all sets");
        let moved = row.ndcg_10_change;
        let counts = moved.map_or_else(String::new, |m| format!("{}, {}", m.n_better, m.n_worse));
        let p50 = row.latency_ms.map_or_else(String::new, |latency| format!("{:.1}", latency.p50));
        // Writing into a string never fails.
        let _ = writeln!(
            table,
            "| {set} ({}) | {} | {:.3} | {} | {:.3} | {} | {counts} | {p50} |",
            row.n_queries,
            row.variant,
            row.metrics.recall_5,
            changed(row.recall_5_change),
            row.metrics.ndcg_10,
            changed(moved),
        );
    }
    table
}

fn changed(change: Option<Paired>) -> String {
    match change {
        None => " | ".to_owned(),
        Some(change) if change.p < 0.001 => format!("{:+.3} | < .001", change.difference),
        Some(change) => format!("{:+.3} | {:.3}", change.difference, change.p),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, variants: &[(&str, &[f64])]) -> SweptSet {
        let question = |recall: &f64| QuestionReport {
            dataset: name.to_owned(),
            variant: String::new(),
            id: String::new(),
            question: String::new(),
            metrics: Metrics { recall_5: *recall, ..Metrics::default() },
            latency_ms: 1.0,
            gold: Vec::new(),
        };
        let variants = variants.iter().map(|(variant, recalls)| {
            ((*variant).to_owned(), recalls.iter().map(question).collect())
        });
        SweptSet {
            dataset: name.to_owned(),
            generation: "g".to_owned(),
            variants: variants.collect(),
        }
    }

    #[test]
    fn variants_are_compared_on_each_set_and_on_all() {
        let sets = [
            set("a", &[("x", &[0.0, 0.0]), ("y", &[1.0, 0.0]), ("z", &[1.0, 1.0])]),
            set("b", &[("x", &[1.0]), ("y", &[0.0]), ("z", &[0.0])]),
        ];
        let rows = sweep_rows(&sets, Against::First);
        assert_eq!(rows.len(), 9);
        let change = |i: usize| rows[i].recall_5_change.map(|change| change.difference);
        assert_eq!([change(0), change(1), change(2)], [None, Some(0.5), Some(1.0)]);
        assert_eq!(rows[7].recall_5_change.unwrap().difference, -0.25);
        assert_eq!((rows[8].metrics.recall_5, rows[8].n_queries), (0.5, 3));
        let rows = sweep_rows(&sets, Against::Previous);
        assert_eq!(rows[2].against.as_deref(), Some("y"));
        assert_eq!(sweep_table(&rows).lines().count(), 11);
    }
}
