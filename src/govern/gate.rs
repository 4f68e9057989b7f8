//! May a generation answer? Questions with known answers decide.
//!
//! A gate compares a generation with the one that answers, on the same questions: each
//! measure must reach its threshold, and must not be lower by more than is allowed, unless
//! chance explains the loss.

use crate::eval::paired;
use serde::{Deserialize, Serialize};

/// What a generation must reach before it may answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GateConfig {
    /// Whether every generation passes the gate before it answers; else only `index eval`
    /// looks.
    pub enabled: bool,
    /// Least mean recall@5 of each golden set; 0 for any.
    pub min_recall_5: f64,
    /// Least mean nDCG@10 of each golden set; 0 for any.
    pub min_ndcg_10: f64,
    /// Loss of recall@5 or nDCG@10 against the generation that answers that is always
    /// allowed, as a difference of means.
    pub allowed_loss: f64,
    /// A larger loss is allowed, too, when it has at least this probability by chance
    /// (two-sided, paired randomisation).
    pub significance: f64,
    /// A loss that is larger than this is never allowed, however probable.
    pub greatest_loss: f64,
}

impl Default for GateConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            min_recall_5: 0.0,
            min_ndcg_10: 0.0,
            allowed_loss: 0.01,
            significance: 0.05,
            greatest_loss: 0.1,
        }
    }
}

/// One golden set, asked of one generation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetResult {
    /// Name of the set.
    pub set: String,
    /// SHA-256 of its questions.
    pub sha256: String,
    /// Recall@5 of each question, in their order.
    pub recall_5: Vec<f64>,
    /// nDCG@10 of each question, in their order.
    pub ndcg_10: Vec<f64>,
    /// Names of questions whose relevant documents are all missing among the first ten.
    pub lost: Vec<String>,
}

/// Mean; 0 of nothing.
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

impl SetResult {
    /// Mean recall@5.
    pub fn mean_recall_5(&self) -> f64 {
        mean(&self.recall_5)
    }

    /// Mean nDCG@10.
    pub fn mean_ndcg_10(&self) -> f64 {
        mean(&self.ndcg_10)
    }
}

/// What the gate says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether the generation may answer.
    pub passes: bool,
    /// What was compared, one line for each set and measure.
    pub compared: Vec<String>,
    /// Why it may not.
    pub reasons: Vec<String>,
}

/// Judges the results of a generation against those of the one that answers. Without
/// golden sets everything passes. Sets that only one of them was asked are not compared.
pub fn judge(before: &[SetResult], after: &[SetResult], config: &GateConfig) -> Verdict {
    let mut verdict = Verdict::default();
    for set in after {
        let known = before.iter().find(|b| b.set == set.set && b.sha256 == set.sha256);
        let measures = [
            ("recall@5", &set.recall_5, known.map(|k| &k.recall_5), config.min_recall_5),
            ("nDCG@10", &set.ndcg_10, known.map(|k| &k.ndcg_10), config.min_ndcg_10),
        ];
        for (measure, values, old, least) in measures {
            let now = mean(values);
            if now < least {
                verdict.reasons.push(format!(
                    "{}: {measure} is {now:.3}, at least {least:.3} is asked for",
                    set.set
                ));
            }
            let Some(old) = old else {
                verdict.compared.push(format!("{}: {measure} {now:.3}", set.set));
                continue;
            };
            let by = paired(old, values);
            let then = mean(old);
            verdict.compared.push(format!(
                "{}: {measure} {then:.3} to {now:.3} (p {:.3}, {} questions better, {} worse)",
                set.set, by.p, by.n_better, by.n_worse
            ));
            let loss = -by.difference;
            let real = loss > config.allowed_loss && by.p < config.significance;
            if real || loss > config.greatest_loss {
                verdict.reasons.push(format!(
                    "{}: {measure} falls from {then:.3} to {now:.3} (p {:.3})",
                    set.set, by.p
                ));
            }
        }
    }
    verdict.passes = verdict.reasons.is_empty();
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(values: &[f64]) -> SetResult {
        SetResult {
            set: "support".into(),
            sha256: "00".into(),
            recall_5: values.to_vec(),
            ndcg_10: values.to_vec(),
            lost: Vec::new(),
        }
    }

    #[test]
    fn the_same_and_the_better_pass() {
        let config = GateConfig::default();
        let old = result(&[1.0, 0.0, 1.0, 0.5]);
        assert!(judge(std::slice::from_ref(&old), std::slice::from_ref(&old), &config).passes);
        let better = judge(&[old], &[result(&[1.0, 1.0, 1.0, 0.5])], &config);
        assert!(better.passes && better.compared.len() == 2, "{better:?}");
    }

    #[test]
    fn a_loss_that_chance_does_not_explain_is_refused_with_its_figures() {
        let old = result(&[1.0; 40]);
        let mut worse = vec![1.0; 40];
        worse.iter_mut().take(8).for_each(|value| *value = 0.75);
        let verdict = judge(&[old], &[result(&worse)], &GateConfig::default());
        assert!(!verdict.passes);
        assert!(verdict.reasons[0].contains("falls from 1.000 to 0.950"), "{verdict:?}");
    }

    #[test]
    fn a_small_loss_of_few_questions_may_be_chance_and_a_great_one_never_is() {
        let old = result(&[1.0; 40]);
        let one = |loss: f64| {
            let mut values = vec![1.0; 40];
            values[0] -= loss;
            values[1] -= loss;
            judge(std::slice::from_ref(&old), &[result(&values)], &GateConfig::default())
        };
        assert!(one(0.5).passes, "0.025 with p 0.5");
        let mut values = vec![1.0; 8];
        values[0] = 0.0;
        let verdict = judge(&[result(&[1.0; 8])], &[result(&values)], &GateConfig::default());
        assert!(!verdict.passes, "0.125 of eight questions");
    }

    #[test]
    fn thresholds_hold_without_anything_to_compare_with() {
        let config = GateConfig { min_recall_5: 0.8, ..GateConfig::default() };
        let verdict = judge(&[], &[result(&[0.5, 1.0])], &config);
        assert_eq!(verdict.reasons, ["support: recall@5 is 0.750, at least 0.800 is asked for"]);
        assert!(judge(&[], &[], &config).passes);
    }
}
