//! Whether two ways of ranking differ by more than chance, on the same questions.

use crate::model::Chance;
use serde::Serialize;

/// Assignments of signs that are drawn.
const N_ROUNDS: usize = 10_000;

/// One measure of two ways, question by question.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Paired {
    /// Mean of the second less mean of the first.
    pub difference: f64,
    /// Two-sided probability of a difference this large by chance.
    pub p: f64,
    /// Questions on which the second is better.
    pub n_better: usize,
    /// Questions on which it is worse.
    pub n_worse: usize,
}

/// Compares by paired randomisation: the share of 10,000 random assignments of signs to
/// the differences whose sum is at least as far from 0 as the real one, both counted with
/// one more (Smucker, Allan, Carterette: "A Comparison of Statistical Significance Tests
/// for Information Retrieval Evaluation", CIKM 2007). The seed is fixed.
pub fn paired(first: &[f64], second: &[f64]) -> Paired {
    let all: Vec<f64> = first.iter().zip(second).map(|(a, b)| b - a).collect();
    paired_sets(&[all])
}

/// The same over several sets of differences, each set counting as much as any other.
pub fn paired_sets(sets: &[Vec<f64>]) -> Paired {
    let n_sets = sets.iter().filter(|set| !set.is_empty()).count().max(1) as f64;
    let weighed = |set: &Vec<f64>| {
        let weight = 1.0 / (set.len().max(1) as f64 * n_sets);
        set.iter().map(move |difference| difference * weight).collect::<Vec<f64>>()
    };
    let all: Vec<f64> = sets.iter().flat_map(weighed).collect();
    let moved: Vec<f64> = all.into_iter().filter(|difference| *difference != 0.0).collect();
    let difference: f64 = moved.iter().sum();
    let bar = difference.abs() - 1e-12;
    let mut chance = Chance::new(1);
    let mut extreme = || {
        let sum: f64 = moved.iter().map(|d| if chance.unit() < 0.5 { *d } else { -d }).sum();
        sum.abs() >= bar
    };
    let n_extreme = (0..N_ROUNDS).filter(|_| extreme()).count();
    Paired {
        difference,
        p: (n_extreme + 1) as f64 / (N_ROUNDS + 1) as f64,
        n_better: moved.iter().filter(|difference| **difference > 0.0).count(),
        n_worse: moved.iter().filter(|difference| **difference < 0.0).count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_differs_differs_by_chance() {
        let same = paired(&[0.5, 1.0], &[0.5, 1.0]);
        assert_eq!((same.difference, same.p, same.n_better, same.n_worse), (0.0, 1.0, 0, 0));
    }

    #[test]
    fn one_sign_in_ten_questions_is_told_from_chance() {
        // 2 of 2^10 assignments are as extreme.
        let clear = paired(&[0.0; 10], &[0.1; 10]);
        assert!((clear.p - 2.0 / 1024.0).abs() < 0.002, "{clear:?}");
        assert!((clear.difference - 0.1).abs() < 1e-9);
        let mixed = paired(&[0.0, 0.1], &[0.1, 0.0]);
        assert_eq!((mixed.p, mixed.n_better, mixed.n_worse), (1.0, 1, 1));
    }

    #[test]
    fn a_large_set_counts_as_much_as_a_small_one() {
        let both = paired_sets(&[vec![0.1; 100], vec![-0.1; 2]]);
        assert!(both.difference.abs() < 1e-9, "{both:?}");
    }
}
