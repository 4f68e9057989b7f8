//! Measures of ranked retrieval, by the conventions of `trec_eval`.

use super::dataset::{Judged, Qrels};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A document of a ranking.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedDocument {
    /// The document.
    pub id: String,
    /// Its score; higher is better.
    pub score: f32,
}

/// Rankings by question, best document first.
pub type Run = BTreeMap<String, Vec<RankedDocument>>;

/// Means over the questions of a run, as fractions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Share of the relevant documents at the first place; with one relevant
    /// document for each question, the accuracy.
    #[serde(rename = "recall@1")]
    pub recall_1: f64,
    /// Share of the relevant documents among the first 2.
    #[serde(rename = "recall@2")]
    pub recall_2: f64,
    /// Share of the relevant documents among the first 5.
    #[serde(rename = "recall@5")]
    pub recall_5: f64,
    /// Share of the relevant documents among the first 10.
    #[serde(rename = "recall@10")]
    pub recall_10: f64,
    /// Share of the relevant documents among the first 100.
    #[serde(rename = "recall@100")]
    pub recall_100: f64,
    /// Share of the first 5 that is relevant.
    #[serde(rename = "precision@5")]
    pub precision_5: f64,
    /// Normalised discounted cumulative gain of the first 10.
    #[serde(rename = "ndcg@10")]
    pub ndcg_10: f64,
    /// Mean average precision over the first 100.
    #[serde(rename = "map@100")]
    pub map_100: f64,
    /// Mean reciprocal rank of the first relevant document.
    pub mrr: f64,
}

/// Scores a run. With `rel(d)` the judged relevance (0 when unjudged) and `R`
/// the number of documents with `rel > 0`:
///
/// - `recall@k = |relevant in the first k| / R`, `precision@k` the same over `k`
/// - `ndcg@k = dcg / ideal dcg`, `dcg = sum rel(d_i) / log2(i + 1)`
///   (Järvelin and Kekäläinen 2002, linear gain as in `trec_eval`)
/// - `map@k = sum over relevant d_i, i <= k, of precision@i / R`
/// - `mrr = 1 / rank of the first relevant document`
///
/// A question without ranking counts 0; one without relevant documents does
/// not count.
pub fn measure(run: &Run, qrels: &Qrels) -> Metrics {
    mean(run.iter().filter_map(|(query, ranking)| measure_one(ranking, qrels.get(query)?)))
}

/// Scores one ranking; `None` without relevant documents.
pub fn measure_one(ranking: &[RankedDocument], judged: &Judged) -> Option<Metrics> {
    let n_relevant = judged.values().filter(|grade| **grade > 0).count() as f64;
    if n_relevant == 0.0 {
        return None;
    }
    let grades: Vec<f64> = ranking
        .iter()
        .map(|document| f64::from(judged.get(&document.id).copied().unwrap_or(0)))
        .collect();
    let recall = |k: usize| grades.iter().take(k).filter(|g| **g > 0.0).count() as f64 / n_relevant;
    let mut ideal: Vec<f64> = judged.values().map(|grade| f64::from(*grade)).collect();
    ideal.sort_by(|a, b| b.total_cmp(a));
    let (mut found, mut map_100) = (0.0, 0.0);
    for (i, grade) in grades.iter().take(100).enumerate() {
        if *grade > 0.0 {
            found += 1.0;
            map_100 += found / (i + 1) as f64 / n_relevant;
        }
    }
    let first = grades.iter().position(|grade| *grade > 0.0);
    Some(Metrics {
        recall_1: recall(1),
        recall_2: recall(2),
        recall_5: recall(5),
        recall_10: recall(10),
        recall_100: recall(100),
        precision_5: recall(5) * n_relevant / 5.0,
        ndcg_10: discounted(&grades, 10) / discounted(&ideal, 10),
        map_100,
        mrr: first.map_or(0.0, |rank| 1.0 / (rank + 1) as f64),
    })
}

/// Means over questions; 0 without any.
pub fn mean(questions: impl IntoIterator<Item = Metrics>) -> Metrics {
    let mut sum = Metrics::default();
    let mut n = 0.0;
    for one in questions {
        n += 1.0;
        for (total, value) in sum.values_mut().into_iter().zip(one.values()) {
            *total += value;
        }
    }
    if n > 0.0 {
        sum.values_mut().into_iter().for_each(|total| *total /= n);
    }
    sum
}

impl Metrics {
    fn values(mut self) -> [f64; 9] {
        self.values_mut().map(|value| *value)
    }

    fn values_mut(&mut self) -> [&mut f64; 9] {
        [
            &mut self.recall_1,
            &mut self.recall_2,
            &mut self.recall_5,
            &mut self.recall_10,
            &mut self.recall_100,
            &mut self.precision_5,
            &mut self.ndcg_10,
            &mut self.map_100,
            &mut self.mrr,
        ]
    }
}

fn discounted(grades: &[f64], k: usize) -> f64 {
    grades.iter().take(k).enumerate().map(|(i, grade)| grade / ((i + 2) as f64).log2()).sum()
}

/// The value at or below which `share` of the sorted values lie (nearest rank).
pub fn percentile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank - 1).or(sorted.last()).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(query: &str, documents: &[&str]) -> Run {
        let ranking = documents
            .iter()
            .enumerate()
            .map(|(i, id)| RankedDocument { id: (*id).to_owned(), score: -(i as f32) })
            .collect();
        Run::from([(query.to_owned(), ranking)])
    }

    #[test]
    fn measures_agree_with_the_definitions_by_hand() {
        let judged = [("a", 2), ("b", 1), ("c", 0)];
        let judged = judged.iter().map(|(d, g)| ((*d).to_owned(), *g)).collect();
        let qrels = Qrels::from([("q".to_owned(), judged)]);
        let metrics = measure(&run("q", &["x", "b", "c", "a"]), &qrels);
        assert_eq!(metrics.recall_2, 0.5);
        assert_eq!(metrics.recall_5, 1.0);
        assert_eq!(metrics.precision_5, 0.4);
        assert_eq!(metrics.mrr, 0.5);
        assert!((metrics.map_100 - (0.5 + 0.5) / 2.0).abs() < 1e-12);
        let dcg = 1.0 / 3f64.log2() + 2.0 / 5f64.log2();
        let ideal = 2.0 + 1.0 / 3f64.log2();
        assert!((metrics.ndcg_10 - dcg / ideal).abs() < 1e-12);
    }

    #[test]
    fn percentiles_take_the_nearest_rank() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(percentile(&values, 0.5), 50.0);
        assert_eq!(percentile(&values, 0.99), 99.0);
        assert_eq!(percentile(&[7.0], 0.5), 7.0);
    }
}
