//! Samples that are the same on every machine and in every run.

pub(super) use crate::model::Chance;

/// Every `n / limit`-th of `0..n`, `limit` at most.
pub(super) fn spread(n: usize, limit: usize) -> Vec<usize> {
    if n <= limit {
        return (0..n).collect();
    }
    (0..limit).map(|i| i * n / limit).collect()
}
