//! Are some served worse than others? Answers by slice.

use super::drift::holm;
use super::permutation::{Splits, difference, seed};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Slices of one kind that are compared at most, those with the most answers first.
const MOST_OF_A_KIND: usize = 15;

/// What came of an answer.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Slices that it belongs to: kind and value, such as `language` and `de`.
    pub slices: BTreeSet<(&'static str, String)>,
    /// Whether nothing was answered.
    pub abstained: bool,
    /// Whether a sentence was not carried by its evidence.
    pub unsupported: bool,
    /// Whether somebody said that it is bad or wrong.
    pub flagged: bool,
    /// What it belongs to; see `Observation::block`.
    pub block: String,
}

/// Answers of one slice beside all others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// `language`, `source`, `label` or `class`.
    pub kind: String,
    /// Which one.
    pub value: String,
    /// Its answers.
    pub n_answers: usize,
    /// Share without an answer.
    pub abstained: f64,
    /// Share of all other answers without one.
    pub abstained_elsewhere: f64,
    /// Share with a sentence that its evidence does not carry.
    pub unsupported: f64,
    /// The same of all other answers.
    pub unsupported_elsewhere: f64,
    /// Share that somebody said is bad or wrong.
    pub flagged: f64,
    /// The same of all other answers.
    pub flagged_elsewhere: f64,
    /// Smallest probability of such a difference by chance, of the three; none when the
    /// slice or the rest is too small.
    pub p_value: Option<f64>,
    /// Whether it differs, all tests considered (Holm 1979).
    pub differs: bool,
}

/// Every slice beside the rest. Slices with fewer than `least` independent answers, or
/// with fewer elsewhere, are counted and not tested.
pub fn slices(outcomes: &[Outcome], least: usize, n_splits: usize, share: f64) -> Vec<Slice> {
    let mut numbers: BTreeMap<(&'static str, &str), usize> = BTreeMap::new();
    for (kind, value) in outcomes.iter().flat_map(|outcome| &outcome.slices) {
        *numbers.entry((*kind, value.as_str())).or_default() += 1;
    }
    let mut named: Vec<((&'static str, &str), usize)> = numbers.into_iter().collect();
    named.sort_by(|a, b| (a.0.0, b.1, a.0.1).cmp(&(b.0.0, a.1, b.0.1)));
    let mut of_kind: BTreeMap<&str, usize> = BTreeMap::new();
    named.retain(|((kind, _), _)| {
        let n = of_kind.entry(kind).or_default();
        *n += 1;
        *n <= MOST_OF_A_KIND
    });
    let (mut found, mut tests) = (Vec::new(), Vec::new());
    for ((kind, value), n_answers) in named {
        let (slice, p_values) = compared(outcomes, (kind, value, n_answers), least, n_splits);
        tests.extend(p_values.iter().map(|p| (found.len(), *p)));
        found.push(slice);
    }
    let p_values: Vec<f64> = tests.iter().map(|(_, p)| *p).collect();
    for ((at, _), differs) in tests.iter().zip(holm(&p_values, share)) {
        if let Some(slice) = found.get_mut(*at) {
            slice.differs |= differs;
        }
    }
    found
}

/// A slice beside the rest, and the p-values of what varies.
fn compared(
    outcomes: &[Outcome],
    (kind, value, n_answers): (&'static str, &str, usize),
    least: usize,
    n_splits: usize,
) -> (Slice, Vec<f64>) {
    let name = (kind, value.to_owned());
    // A block lies where its first answer does.
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut blocks, mut inside) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        let next = places.len();
        blocks.push(*places.entry(&outcome.block).or_insert(next));
        inside.push(outcome.slices.contains(&name));
    }
    let of_block: BTreeSet<(usize, bool)> = blocks.iter().copied().zip(inside.clone()).collect();
    let n_inside = of_block.iter().filter(|(_, inside)| *inside).count();
    let n_elsewhere = of_block.len() - n_inside;
    let enough = n_inside.min(n_elsewhere) >= least.max(2);
    let seeds = outcomes.iter().map(|outcome| outcome.block.as_bytes().to_vec());
    let splits = enough.then(|| Splits::new(&inside, &blocks, n_splits, seed(seeds)));
    let mut p_values = Vec::new();
    let mut shares = |is: &dyn Fn(&Outcome) -> bool| {
        let values: Vec<f64> =
            outcomes.iter().map(|outcome| f64::from(u8::from(is(outcome)))).collect();
        let varies = values.iter().any(|value| Some(value) != values.first());
        if let Some(splits) = splits.as_ref().filter(|_| varies) {
            p_values.push(splits.test(&|split| difference(&values, split)).1);
        }
        super::permutation::means(&values, &inside)
    };
    let (abstained_elsewhere, abstained) = shares(&|outcome| outcome.abstained);
    let (unsupported_elsewhere, unsupported) = shares(&|outcome| outcome.unsupported);
    let (flagged_elsewhere, flagged) = shares(&|outcome| outcome.flagged);
    let slice = Slice {
        kind: kind.to_owned(),
        value: value.to_owned(),
        n_answers,
        abstained,
        abstained_elsewhere,
        unsupported,
        unsupported_elsewhere,
        flagged,
        flagged_elsewhere,
        p_value: p_values.iter().copied().min_by(f64::total_cmp),
        differs: false,
    };
    (slice, p_values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(n: usize, language: &str, abstained: bool) -> Outcome {
        Outcome {
            slices: BTreeSet::from([("language", language.to_owned())]),
            abstained,
            block: n.to_string(),
            ..Outcome::default()
        }
    }

    #[test]
    fn a_language_that_is_answered_less_often_differs_and_an_equal_one_does_not() {
        let served = |n: usize| match n % 3 {
            0 => outcome(n, "de", n.is_multiple_of(2)),
            1 => outcome(n, "en", n % 20 == 1),
            _ => outcome(n, "fr", n % 20 == 1),
        };
        let outcomes: Vec<Outcome> = (0..180).map(served).collect();
        let found = slices(&outcomes, 10, 399, 0.05);
        let of = |value: &str| found.iter().find(|slice| slice.value == value).unwrap();
        assert!(of("de").differs && of("de").abstained > 0.4, "{found:?}");
        assert_eq!(of("de").n_answers, 60);
        let alike: Vec<Outcome> =
            (0..180).map(|n| outcome(n, ["de", "en", "fr"][n % 3], n / 3 % 5 == 0)).collect();
        let found = slices(&alike, 10, 399, 0.05);
        assert!(found.iter().all(|slice| !slice.differs), "{found:?}");
    }

    #[test]
    fn small_slices_are_counted_and_not_tested() {
        let mut outcomes: Vec<Outcome> = (0..40).map(|n| outcome(n, "en", false)).collect();
        outcomes.push(outcome(40, "de", true));
        let found = slices(&outcomes, 10, 99, 0.05);
        let german = found.iter().find(|slice| slice.value == "de").unwrap();
        assert_eq!((german.n_answers, german.p_value, german.differs), (1, None, false));
        // One person who asked the same forty times is one.
        outcomes.iter_mut().for_each(|outcome| outcome.block = "one".to_owned());
        assert!(slices(&outcomes, 10, 99, 0.05).iter().all(|slice| slice.p_value.is_none()));
    }
}
