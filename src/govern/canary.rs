//! Is a generation that answers a share of the questions worse than the one that answers
//! the rest?
//!
//! Counts of two arms, intervals of their differences, and guardrails that are looked at
//! again and again without more false alarms for it. No clock, no chance, no disk.

use super::intervals::{Interval, Moments, normal_quantile, proportions, ratio_of_times};
use crate::model::Arm;
use serde::{Deserialize, Serialize};

/// Guardrails of a canary.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CanaryConfig {
    /// Answers of each arm before the first look; 10 at least.
    pub min_answers: u64,
    /// Increase of the share of abstentions that is always allowed, as a difference.
    pub max_abstention_increase: f64,
    /// Decrease of the share of answers all of whose sentences are carried by what they
    /// cite that is always allowed, as a difference.
    pub max_support_decrease: f64,
    /// Ratio of the typical times (geometric means) of an answer that is always allowed.
    pub max_latency_ratio: f64,
    /// Increase of the share of bad and wrong among feedback that is always allowed.
    pub max_bad_feedback_increase: f64,
    /// Questions that the canary failed to answer and the other arm did not: more than
    /// these end it at once.
    pub max_failures: u64,
    /// Probability that a canary which is not worse is ever ended by a guardrail, over all
    /// of them and all looks.
    pub false_alarm: f64,
    /// Share of the questions that are looked for in both generations, to compare what is
    /// found; one at a time.
    pub shadow_share: f64,
}

impl Default for CanaryConfig {
    fn default() -> Self {
        Self {
            min_answers: 50,
            max_abstention_increase: 0.05,
            max_support_decrease: 0.05,
            max_latency_ratio: 1.5,
            max_bad_feedback_increase: 0.1,
            max_failures: 3,
            false_alarm: 0.05,
            shadow_share: 0.05,
        }
    }
}

/// What is known of one answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AnswerMeasured {
    /// Whether it abstained.
    pub abstained: bool,
    /// Whether all sentences that were written are carried by what they cite; `None`
    /// when none was.
    pub supported: Option<bool>,
    /// Milliseconds from question to record.
    pub took_ms: f64,
}

/// What one arm has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArmCounts {
    /// Answers.
    pub n_answers: u64,
    /// Those that abstained.
    pub n_abstained: u64,
    /// Answers with sentences.
    pub n_written: u64,
    /// Those of them all of whose sentences are carried.
    pub n_supported: u64,
    /// Feedback.
    pub n_feedback: u64,
    /// Bad and wrong among it.
    pub n_bad: u64,
    /// Questions that it failed to answer and the other arm did not.
    pub n_failures: u64,
    /// Natural logarithms of milliseconds.
    pub log_ms: Moments,
}

impl ArmCounts {
    /// Adds an answer.
    pub fn add(&mut self, answer: AnswerMeasured) {
        self.n_answers += 1;
        self.n_abstained += u64::from(answer.abstained);
        self.n_written += u64::from(answer.supported.is_some());
        self.n_supported += u64::from(answer.supported == Some(true));
        self.log_ms.add(answer.took_ms.max(1e-3).ln());
    }

    /// Adds feedback.
    pub fn add_feedback(&mut self, is_bad: bool) {
        self.n_feedback += 1;
        self.n_bad += u64::from(is_bad);
    }
}

/// What both arms have done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CanaryCounts {
    /// The generation that answers the rest.
    pub current: ArmCounts,
    /// The one that is tried.
    pub canary: ArmCounts,
    /// Share of documents, of the first ten of either, that both found for one question.
    pub overlap: Moments,
    /// Looks that were taken.
    pub n_looks: u32,
}

impl CanaryCounts {
    /// The counts of one arm.
    pub fn arm(&mut self, arm: Arm) -> &mut ArmCounts {
        match arm {
            Arm::Current => &mut self.current,
            Arm::Canary => &mut self.canary,
        }
    }

    /// Whether the next look is due. Looks are taken when the smaller arm has
    /// `min_answers`, then whenever it has half as many again as at the last look.
    pub fn is_look_due(&self, config: &CanaryConfig) -> bool {
        let smaller = self.current.n_answers.min(self.canary.n_answers);
        let growth = 1.5f64.powi(i32::try_from(self.n_looks).unwrap_or(i32::MAX));
        smaller as f64 >= config.min_answers.max(10) as f64 * growth
    }
}

/// One measure of both arms.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// Its name.
    pub measure: &'static str,
    /// Of the current generation; none without anything to measure.
    pub current: Option<f64>,
    /// Of the canary.
    pub canary: Option<f64>,
    /// Difference of the two, or their ratio for times, with its 95 % interval.
    pub change: Option<Interval>,
    /// What is allowed.
    pub allowed: f64,
}

/// Measures that have guardrails.
const N_GUARDRAILS: f64 = 4.0;

/// Compares both arms, each measure with its 95 % interval. These are for reading; the
/// guardrails have bounds of their own.
pub fn compare_arms(counts: &CanaryCounts, config: &CanaryConfig) -> Vec<Compared> {
    compare_at(counts, config, normal_quantile(0.975))
}

fn compare_at(counts: &CanaryCounts, config: &CanaryConfig, z: f64) -> Vec<Compared> {
    let (a, b) = (&counts.current, &counts.canary);
    let share = |measure, of_a: (u64, u64), of_b: (u64, u64), allowed| Compared {
        measure,
        current: rate(of_a),
        canary: rate(of_b),
        change: proportions(of_a, of_b, z),
        allowed,
    };
    let written = |arm: &ArmCounts| (arm.n_supported, arm.n_written);
    vec![
        share(
            "abstention",
            (a.n_abstained, a.n_answers),
            (b.n_abstained, b.n_answers),
            config.max_abstention_increase,
        ),
        share("support", written(a), written(b), -config.max_support_decrease),
        share(
            "bad feedback",
            (a.n_bad, a.n_feedback),
            (b.n_bad, b.n_feedback),
            config.max_bad_feedback_increase,
        ),
        Compared {
            measure: "latency",
            current: (a.log_ms.n > 0).then(|| a.log_ms.mean.exp()),
            canary: (b.log_ms.n > 0).then(|| b.log_ms.mean.exp()),
            change: ratio_of_times(&a.log_ms, &b.log_ms, z),
            allowed: config.max_latency_ratio,
        },
    ]
}

fn rate((some, all): (u64, u64)) -> Option<f64> {
    (all > 0).then(|| some as f64 / all as f64)
}

/// Looks at the guardrails for the `n_looks`-th time, from 1: why the canary must end.
///
/// A guardrail is breached when the canary is worse by more than is allowed, and the
/// one-sided bound of the difference excludes that it is not worse at all. Look `k` spends
/// `false_alarm / (k (k + 1))` of the probability of a false alarm, in equal parts for each
/// guardrail; the sum over all looks is `false_alarm` (Bonferroni, so that nothing need be
/// known of how measures and looks depend on each other).
pub fn breaches(counts: &CanaryCounts, config: &CanaryConfig, n_looks: u32) -> Vec<String> {
    let k = f64::from(n_looks.max(1));
    let alpha = config.false_alarm.clamp(1e-9, 0.5) / (k * (k + 1.0)) / N_GUARDRAILS;
    let z = normal_quantile(1.0 - alpha);
    let mut reasons = Vec::new();
    for measure in compare_at(counts, config, z) {
        let (Some(change), Some(current), Some(canary)) =
            (measure.change, measure.current, measure.canary)
        else {
            continue;
        };
        let worse = match measure.measure {
            "support" => change.estimate < measure.allowed && change.high < 0.0,
            "latency" => change.estimate > measure.allowed && change.low > 1.0,
            _ => change.estimate > measure.allowed && change.low > 0.0,
        };
        if worse {
            let sides = format!("bounds {:.3} to {:.3}", change.low, change.high);
            reasons.push(match measure.measure {
                "latency" => format!(
                    "latency is {canary:.1} ms instead of {current:.1} ms, {:.2} times ({sides}; at most {:.2} is allowed), look {n_looks}",
                    change.estimate, measure.allowed
                ),
                name => format!(
                    "{name} is {canary:.3} instead of {current:.3} ({sides}; a change of {:.3} is allowed), look {n_looks}",
                    measure.allowed
                ),
            });
        }
    }
    reasons
}

/// Why failures end the canary, if they do.
pub fn too_many_failures(counts: &CanaryCounts, config: &CanaryConfig) -> Option<String> {
    let n = counts.canary.n_failures;
    (n > config.max_failures).then(|| {
        format!(
            "{n} questions failed in the canary and not in the current generation, at most {} are allowed",
            config.max_failures
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Chance;

    fn answer(chance: &mut Chance, abstention: f64, ms: f64) -> AnswerMeasured {
        let abstained = chance.unit() < abstention;
        let spread = 0.5 * (chance.unit() + chance.unit() + chance.unit() - 1.5);
        AnswerMeasured {
            abstained,
            supported: (!abstained).then(|| chance.unit() < 0.9),
            took_ms: ms * spread.exp(),
        }
    }

    /// Answers one canary up to `n` answers; the answer at which it was ended.
    fn ended_at(seed: u64, n: u64, abstention: f64, ms: f64) -> Option<u64> {
        let config = CanaryConfig::default();
        let (mut counts, mut chance) = (CanaryCounts::default(), Chance::new(seed));
        for i in 0..n {
            if chance.unit() < 0.5 {
                counts.canary.add(answer(&mut chance, abstention, ms));
            } else {
                counts.current.add(answer(&mut chance, 0.2, 20.0));
            }
            if counts.is_look_due(&config) {
                counts.n_looks += 1;
                if !breaches(&counts, &config, counts.n_looks).is_empty() {
                    return Some(i);
                }
            }
        }
        None
    }

    #[test]
    fn equal_arms_are_ended_more_seldom_than_allowed() {
        // 400 canaries of 3,000 answers each, ten looks at four guardrails.
        let n_ended = (0..400).filter(|seed| ended_at(*seed, 3_000, 0.2, 20.0).is_some()).count();
        assert!(n_ended <= 20, "{n_ended} of 400");
    }

    #[test]
    fn a_planted_regression_is_found() {
        let n = |abstention, ms| {
            (0..50).filter(|seed| ended_at(*seed, 3_000, abstention, ms).is_some()).count()
        };
        assert!(n(0.4, 20.0) >= 49, "abstention");
        assert!(n(0.2, 60.0) >= 49, "latency");
        assert!(ended_at(1, 3_000, 1.0, 20.0).is_some_and(|at| at < 200), "at the first look");
    }

    #[test]
    fn a_slight_loss_within_what_is_allowed_is_let_be() {
        let n_ended = (0..50).filter(|seed| ended_at(*seed, 3_000, 0.2, 24.0).is_some()).count();
        assert_eq!(n_ended, 0, "24 ms instead of 20 ms");
    }

    #[test]
    fn failures_end_it_at_once() {
        let config = CanaryConfig::default();
        let mut counts = CanaryCounts::default();
        counts.canary.n_failures = 3;
        assert_eq!(too_many_failures(&counts, &config), None);
        counts.canary.n_failures = 4;
        assert!(too_many_failures(&counts, &config).unwrap().starts_with("4 questions failed"));
    }
}
