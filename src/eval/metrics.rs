//! Measures of ranked retrieval, by the conventions of `trec_eval`.

use super::dataset::Qrels;
use serde::Serialize;
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
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
    let mut sum = Metrics::default();
    let mut n = 0.0;
    for (query, ranking) in run {
        let Some(judged) = qrels.get(query) else { continue };
        let n_relevant = judged.values().filter(|grade| **grade > 0).count() as f64;
        if n_relevant == 0.0 {
            continue;
        }
        n += 1.0;
        let grades: Vec<f64> = ranking
            .iter()
            .map(|document| f64::from(judged.get(&document.id).copied().unwrap_or(0)))
            .collect();
        let recall =
            |k: usize| grades.iter().take(k).filter(|g| **g > 0.0).count() as f64 / n_relevant;
        sum.recall_1 += recall(1);
        sum.recall_2 += recall(2);
        sum.recall_5 += recall(5);
        sum.recall_10 += recall(10);
        sum.recall_100 += recall(100);
        sum.precision_5 += recall(5) * n_relevant / 5.0;
        let mut ideal: Vec<f64> = judged.values().map(|grade| f64::from(*grade)).collect();
        ideal.sort_by(|a, b| b.total_cmp(a));
        sum.ndcg_10 += discounted(&grades, 10) / discounted(&ideal, 10);
        let mut found = 0.0;
        for (i, grade) in grades.iter().take(100).enumerate() {
            if *grade > 0.0 {
                found += 1.0;
                sum.map_100 += found / (i + 1) as f64 / n_relevant;
            }
        }
        let first = grades.iter().position(|grade| *grade > 0.0);
        sum.mrr += first.map_or(0.0, |rank| 1.0 / (rank + 1) as f64);
    }
    let mean = |value: f64| if n > 0.0 { value / n } else { 0.0 };
    Metrics {
        recall_1: mean(sum.recall_1),
        recall_2: mean(sum.recall_2),
        recall_5: mean(sum.recall_5),
        recall_10: mean(sum.recall_10),
        recall_100: mean(sum.recall_100),
        precision_5: mean(sum.precision_5),
        ndcg_10: mean(sum.ndcg_10),
        map_100: mean(sum.map_100),
        mrr: mean(sum.mrr),
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
