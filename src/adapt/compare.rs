//! The same questions before and after.

use super::chance::Chance;
use super::examples::Places;
use serde::{Deserialize, Serialize};

/// Samples drawn for an interval.
const N_SAMPLES: usize = 1_000;

/// One measure before and after, over the same questions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Before.
    pub before: f64,
    /// After.
    pub after: f64,
    /// Lower end of the 95 % interval of the difference.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Share of questions with a right candidate among the first 1, 5 and 10, and mean
/// reciprocal place.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Direction {
    /// Questions.
    pub n_questions: usize,
    /// Among the first 1.
    pub recall_1: Change,
    /// Among the first 5.
    pub recall_5: Change,
    /// Among the first 10.
    pub recall_10: Change,
    /// Mean reciprocal place of the first right one.
    pub mrr: Change,
}

/// Both directions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// A text is asked, pictures are ranked.
    pub text_to_image: Direction,
    /// A picture is asked, texts are ranked.
    pub image_to_text: Direction,
    /// Mean of the mean reciprocal places of both.
    pub both: Change,
}

impl Comparison {
    /// Compares places of the same questions. Intervals are those of the paired
    /// bootstrap: questions are drawn with replacement, 1,000 times.
    pub fn of(before: &Places, after: &Places, seed: u64) -> Self {
        let text_to_image = direction(&before.text_to_image, &after.text_to_image, seed);
        let image_to_text = direction(&before.image_to_text, &after.image_to_text, seed);
        let reciprocal = |places: &[usize]| places.iter().map(|p| 1.0 / *p as f64).collect();
        let pairs = |a: &Places, b: &Places| {
            let both = [(&a.text_to_image, &b.text_to_image), (&a.image_to_text, &b.image_to_text)];
            both.map(|(a, b)| (reciprocal(a), reciprocal(b)))
        };
        let both = change(&pairs(before, after), seed);
        Self { text_to_image, image_to_text, both }
    }

    /// Whether it is better after: the interval of both directions' mean reciprocal
    /// place lies above 0.
    pub fn is_better(&self) -> bool {
        self.both.low > 0.0
    }
}

fn direction(before: &[usize], after: &[usize], seed: u64) -> Direction {
    let within = |k: usize| {
        let values =
            |places: &[usize]| places.iter().map(|p| f64::from(u8::from(*p <= k))).collect();
        change(&[(values(before), values(after))], seed)
    };
    let reciprocal = |places: &[usize]| places.iter().map(|p| 1.0 / *p as f64).collect();
    Direction {
        n_questions: before.len(),
        recall_1: within(1),
        recall_5: within(5),
        recall_10: within(10),
        mrr: change(&[(reciprocal(before), reciprocal(after))], seed),
    }
}

/// Mean over groups of the mean of each.
fn change(groups: &[(Vec<f64>, Vec<f64>)], seed: u64) -> Change {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let n_groups = groups.len().max(1) as f64;
    let before = groups.iter().map(|(before, _)| mean(before)).sum::<f64>() / n_groups;
    let after = groups.iter().map(|(_, after)| mean(after)).sum::<f64>() / n_groups;
    let differences: Vec<Vec<f64>> = groups
        .iter()
        .map(|(before, after)| before.iter().zip(after).map(|(b, a)| a - b).collect())
        .collect();
    let mut chance = Chance::new(seed);
    let mut samples: Vec<f64> = (0..N_SAMPLES)
        .map(|_| {
            let drawn = differences.iter().map(|differences| {
                let n = differences.len();
                let sum: f64 =
                    (0..n).filter_map(|_| differences.get(chance.below(n)).copied()).sum();
                sum / n.max(1) as f64
            });
            drawn.sum::<f64>() / n_groups
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    let at = |share: f64| samples.get((share * N_SAMPLES as f64) as usize).copied().unwrap_or(0.0);
    Change { before, after, low: at(0.025), high: at(0.975) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text_to_image: &[usize], image_to_text: &[usize]) -> Places {
        Places { text_to_image: text_to_image.into(), image_to_text: image_to_text.into() }
    }

    #[test]
    fn equal_places_are_no_change_and_not_better() {
        let same = places(&[1, 4, 12], &[2, 3]);
        let comparison = Comparison::of(&same, &same, 1);
        assert_eq!(comparison.both.before, comparison.both.after);
        assert_eq!((comparison.both.low, comparison.both.high), (0.0, 0.0));
        assert!(!comparison.is_better());
        assert!((comparison.text_to_image.recall_10.before - 2.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_clear_gain_is_better_and_its_interval_holds_it() {
        let before: Vec<usize> = (0..200).map(|i| 1 + i % 20).collect();
        let after: Vec<usize> = before.iter().map(|place| 1 + place / 4).collect();
        let comparison = Comparison::of(&places(&before, &before), &places(&after, &after), 1);
        assert!(comparison.is_better());
        let change = comparison.text_to_image.recall_1;
        let difference = change.after - change.before;
        assert!(change.low < difference && difference < change.high);
        assert_eq!(
            comparison,
            Comparison::of(&places(&before, &before), &places(&after, &after), 1)
        );
    }

    #[test]
    fn one_lucky_question_is_not_better() {
        let before = places(&[3; 40], &[3; 40]);
        let mut after = before.clone();
        after.text_to_image[0] = 1;
        assert!(!Comparison::of(&before, &after, 1).is_better());
    }
}
