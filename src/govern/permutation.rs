//! How often chance alone makes two windows as different as they are.
//!
//! Under the assumption that both windows are drawn from one distribution, any split of
//! all observations into windows of these sizes is as likely as the one that was seen. The
//! p-value is `(1 + #{splits by chance with a statistic >= that seen}) / (1 + #splits)`,
//! which is never too small (Phipson and Smyth 2010).
//!
//! Observations that belong together (a question and those that lean on it) stay together
//! in every split: they are one block, and only blocks are independent of each other.

use crate::model::{Chance, Digest};

/// Which of all observations are in the current window, as seen and as chance would have
/// it.
pub(super) struct Splits {
    seen: Vec<bool>,
    by_chance: Vec<Vec<bool>>,
}

impl Splits {
    /// `n_splits` splits of chance. `blocks` names the block of each observation, and
    /// `seen` says which observations are in the current window; a block is in the window
    /// of its first observation. Each split puts as many blocks into the current window as
    /// are there.
    pub(super) fn new(seen: &[bool], blocks: &[usize], n_splits: usize, seed: u64) -> Self {
        let n_blocks = blocks.iter().max().map_or(0, |last| last + 1);
        let mut is_current = vec![None; n_blocks];
        for (block, seen) in blocks.iter().zip(seen) {
            if let Some(slot) = is_current.get_mut(*block) {
                slot.get_or_insert(*seen);
            }
        }
        let mut is_current: Vec<bool> = is_current.into_iter().flatten().collect();
        let spread = |is_current: &[bool]| -> Vec<bool> {
            let of = |block: &usize| is_current.get(*block).copied().unwrap_or_default();
            blocks.iter().map(of).collect()
        };
        let seen = spread(&is_current);
        let mut chance = Chance::new(seed);
        let by_chance = (0..n_splits)
            .map(|_| {
                // Fisher and Yates.
                for end in (1..is_current.len()).rev() {
                    is_current.swap(end, chance.below(end + 1));
                }
                spread(&is_current)
            })
            .collect();
        Self { seen, by_chance }
    }

    /// Which observations are in the current window.
    pub(super) fn seen(&self) -> &[bool] {
        &self.seen
    }

    /// The statistic of the split that was seen, and its p-value.
    pub(super) fn test(&self, statistic: &dyn Fn(&[bool]) -> f64) -> (f64, f64) {
        let seen = statistic(&self.seen);
        // Sums in another order differ in their last bits.
        let least = seen - 1e-12 - seen.abs() * 1e-9;
        let n_as_far = self.by_chance.iter().filter(|split| statistic(split) >= least).count();
        (seen, (n_as_far + 1) as f64 / (self.by_chance.len() + 1) as f64)
    }
}

/// A seed that two windows have whichever observation is in which of them: a fixed one
/// would make the same splits for all windows of one size, and one that knew the windows
/// would not be independent of how they are split.
pub(super) fn seed<'b>(observations: impl Iterator<Item = Vec<u8>> + 'b) -> u64 {
    let of = |bytes: Vec<u8>| {
        let digest = Digest::of(&bytes);
        digest.as_bytes().iter().take(8).fold(0u64, |sum, byte| sum << 8 | u64::from(*byte))
    };
    observations.map(of).fold(0, u64::wrapping_add)
}

/// Energy distance of two samples (Székely and Rizzo 2013) from all pairwise distances:
/// `2 mean d(x, y) - mean d(x, x') - mean d(y, y')`. With Euclidean distances it is 0 for
/// equal distributions alone.
pub(super) struct Energy {
    n: usize,
    /// Row-major, symmetric.
    distances: Vec<f32>,
    /// Sums of rows.
    sums: Vec<f64>,
}

impl Energy {
    /// Of vectors of equal length.
    pub(super) fn new(vectors: &[&[f32]]) -> Self {
        let n = vectors.len();
        let mut distances = vec![0.0f32; n * n];
        for (i, a) in vectors.iter().enumerate() {
            for (j, b) in vectors.iter().enumerate().skip(i + 1) {
                let squared: f32 = a.iter().zip(*b).map(|(x, y)| (x - y) * (x - y)).sum();
                for place in [i * n + j, j * n + i] {
                    if let Some(slot) = distances.get_mut(place) {
                        *slot = squared.sqrt();
                    }
                }
            }
        }
        let sum = |row: &[f32]| row.iter().map(|distance| f64::from(*distance)).sum();
        let sums = distances.chunks_exact(n.max(1)).map(sum).collect();
        Self { n, distances, sums }
    }

    /// Only distances within the current window are added up; all others follow from the
    /// sums of rows.
    pub(super) fn statistic(&self, is_current: &[bool]) -> f64 {
        let places = is_current.iter().enumerate().filter(|(_, current)| **current);
        let current: Vec<usize> = places.map(|(at, _)| at).collect();
        let n_reference = self.n - current.len();
        let (mut half, mut to_all) = (0.0, 0.0);
        for (position, at) in current.iter().enumerate() {
            let row = self.distances.get(at * self.n..(at + 1) * self.n).unwrap_or_default();
            let own = current.iter().skip(position + 1).filter_map(|other| row.get(*other));
            half += own.map(|distance| f64::from(*distance)).sum::<f64>();
            to_all += self.sums.get(*at).copied().unwrap_or_default();
        }
        let within = 2.0 * half;
        let across = to_all - within;
        let all: f64 = self.sums.iter().sum();
        let reference = all - within - 2.0 * across;
        let (m, n) = (current.len().max(1) as f64, n_reference.max(1) as f64);
        2.0 * across / (m * n) - within / (m * m) - reference / (n * n)
    }
}

/// Population stability index of shares in bins: `sum (c - r) ln (c / r)`, with half an
/// observation added to each bin so that an empty one is no infinity. Below 0.1 is
/// commonly called stable, above 0.25 shifted (Siddiqi 2006).
pub(super) fn stability(bins: &[usize], n_bins: usize, is_current: &[bool]) -> f64 {
    let mut counts = vec![[0.5f64; 2]; n_bins];
    for (bin, current) in bins.iter().zip(is_current) {
        if let Some(counts) = counts.get_mut(*bin) {
            let [reference, now] = counts;
            *(if *current { now } else { reference }) += 1.0;
        }
    }
    let total = |window: usize| -> f64 {
        counts.iter().map(|counts| counts.get(window).copied().unwrap_or_default()).sum()
    };
    let (n_reference, n_current) = (total(0).max(1.0), total(1).max(1.0));
    let term = |[reference, current]: &[f64; 2]| {
        let (r, c) = (reference / n_reference, current / n_current);
        (c - r) * (c / r).ln()
    };
    counts.iter().map(term).sum()
}

/// How far the means of the windows are apart.
pub(super) fn difference(values: &[f64], is_current: &[bool]) -> f64 {
    let (reference, current) = means(values, is_current);
    (current - reference).abs()
}

/// Means of the reference and of the current window.
pub(super) fn means(values: &[f64], is_current: &[bool]) -> (f64, f64) {
    let mean = |window: bool| {
        let own = values.iter().zip(is_current).filter(|(_, current)| **current == window);
        let (sum, n) = own.fold((0.0, 0usize), |(sum, n), (value, _)| (sum + value, n + 1));
        sum / n.max(1) as f64
    };
    (mean(false), mean(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn energy_is_that_of_the_definition() {
        let vectors: [&[f32]; 4] = [&[0.0, 0.0], &[1.0, 0.0], &[4.0, 3.0], &[0.0, 2.0]];
        let energy = Energy::new(&vectors);
        let distance = |a: &[f32], b: &[f32]| -> f64 {
            f64::from(a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum::<f32>().sqrt())
        };
        let mean = |a: &[usize], b: &[usize]| -> f64 {
            let pairs = a.iter().flat_map(|i| b.iter().map(move |j| (*i, *j)));
            let sum: f64 = pairs.map(|(i, j)| distance(vectors[i], vectors[j])).sum();
            sum / (a.len() * b.len()) as f64
        };
        let (x, y) = ([0, 1, 3], [2]);
        let expected = 2.0 * mean(&x, &y) - mean(&x, &x) - mean(&y, &y);
        let found = energy.statistic(&[false, false, true, false]);
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }

    #[test]
    fn a_clear_difference_has_the_smallest_p_value_and_none_a_large_one() {
        let windows: Vec<bool> = (0..80).map(|n| n >= 40).collect();
        let splits = Splits::new(&windows, &(0..80).collect::<Vec<_>>(), 199, 7);
        let apart: Vec<f64> = (0..80).map(|n| if n < 40 { 0.0 } else { 1.0 }).collect();
        let (seen, p) = splits.test(&|split| difference(&apart, split));
        assert!((seen - 1.0).abs() < 1e-9 && (p - 0.005).abs() < 1e-9, "{seen} {p}");
        let alike: Vec<f64> = (0..80).map(|n| f64::from(n % 2)).collect();
        let (_, p) = splits.test(&|split| difference(&alike, split));
        assert!(p > 0.5, "{p}");
    }

    #[test]
    fn what_belongs_together_stays_together_in_every_split() {
        // Ten blocks of four equal values in each window: 20 observations apart, 5 blocks.
        let windows: Vec<bool> = (0..80).map(|n| n >= 40).collect();
        let blocks: Vec<usize> = (0..80).map(|n| n / 4).collect();
        let splits = Splits::new(&windows, &blocks, 99, 3);
        for split in &splits.by_chance {
            assert_eq!(split.iter().filter(|current| **current).count(), 40);
            assert!(split.chunks(4).all(|block| block.iter().all(|one| *one == block[0])));
        }
        assert_eq!(splits.seen, windows);
    }

    #[test]
    fn splits_depend_on_what_is_compared_and_not_on_the_windows() {
        let of = |names: &[&str]| seed(names.iter().map(|name| name.as_bytes().to_vec()));
        assert_eq!(of(&["a", "b", "c"]), of(&["c", "a", "b"]));
        assert_ne!(of(&["a", "b"]), of(&["a", "c"]));
    }

    #[test]
    fn equal_shares_are_stable_and_moved_ones_are_not() {
        let bins: Vec<usize> = (0..100).map(|n| n % 5).collect();
        let half: Vec<bool> = (0..100).map(|n| n >= 50).collect();
        assert!(stability(&bins, 5, &half) < 0.01);
        let moved: Vec<usize> = (0..100).map(|n| if n < 50 { n % 5 } else { 0 }).collect();
        assert!(stability(&moved, 5, &half) > 1.0);
    }
}
