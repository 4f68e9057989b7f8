//! Intervals of differences between two samples.

use serde::{Deserialize, Serialize};

/// An estimate with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The estimate.
    pub estimate: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Number, mean and spread of values, one after the other (Welford 1962).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Moments {
    /// Values.
    pub n: u64,
    /// Their mean.
    pub mean: f64,
    /// Sum of their squared distances from it.
    pub squares: f64,
}

impl Moments {
    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        self.n += 1;
        let distance = value - self.mean;
        self.mean += distance / self.n as f64;
        self.squares += distance * (value - self.mean);
    }

    /// Variance of the mean; none of fewer than two values.
    fn variance_of_mean(&self) -> Option<f64> {
        let n = self.n as f64;
        (self.n > 1).then(|| self.squares / (n - 1.0) / n)
    }

    /// The mean with its interval, `z` standard errors to each side.
    pub fn interval(&self, z: f64) -> Option<Interval> {
        let by = z * self.variance_of_mean()?.sqrt();
        Some(Interval { estimate: self.mean, low: self.mean - by, high: self.mean + by })
    }
}

/// Wilson's score interval of a share (1927).
fn wilson(some: f64, all: f64, z: f64) -> (f64, f64) {
    let (p, z2) = (some / all, z * z);
    let middle = (p + z2 / (2.0 * all)) / (1.0 + z2 / all);
    let by = z / (1.0 + z2 / all) * (p * (1.0 - p) / all + z2 / (4.0 * all * all)).sqrt();
    ((middle - by).max(0.0), (middle + by).min(1.0))
}

/// The share of the second less that of the first, each `(some, of all)`, with the hybrid
/// score interval of Newcombe (1998, Statistics in Medicine 17, 873-890, method 10).
pub(super) fn proportions(first: (u64, u64), second: (u64, u64), z: f64) -> Option<Interval> {
    if first.1 == 0 || second.1 == 0 {
        return None;
    }
    let share = |(some, all): (u64, u64)| some as f64 / all as f64;
    let (p1, p2) = (share(first), share(second));
    let (low1, high1) = wilson(first.0 as f64, first.1 as f64, z);
    let (low2, high2) = wilson(second.0 as f64, second.1 as f64, z);
    let estimate = p2 - p1;
    let low = estimate - ((p2 - low2).powi(2) + (high1 - p1).powi(2)).sqrt();
    let high = estimate + ((high2 - p2).powi(2) + (p1 - low1).powi(2)).sqrt();
    Some(Interval { estimate, low, high })
}

/// Ratio of the geometric mean of the second to that of the first, of logarithms, with the
/// interval of Welch (1947) at the quantile `z` of the normal distribution.
pub(super) fn ratio_of_times(first: &Moments, second: &Moments, z: f64) -> Option<Interval> {
    let (v1, v2) = (first.variance_of_mean()?, second.variance_of_mean()?);
    let variance = v1 + v2;
    let difference = second.mean - first.mean;
    if variance <= 0.0 {
        let ratio = difference.exp();
        return Some(Interval { estimate: ratio, low: ratio, high: ratio });
    }
    let (n1, n2) = (first.n as f64 - 1.0, second.n as f64 - 1.0);
    // Satterthwaite's degrees of freedom.
    let freedom = variance * variance / (v1 * v1 / n1 + v2 * v2 / n2);
    let by = student_quantile(z, freedom) * variance.sqrt();
    Some(Interval {
        estimate: difference.exp(),
        low: (difference - by).exp(),
        high: (difference + by).exp(),
    })
}

/// Quantile of Student's distribution at the probability whose normal quantile is `z`
/// (Abramowitz and Stegun 26.7.5; within 1 % from ten degrees of freedom on).
fn student_quantile(z: f64, freedom: f64) -> f64 {
    let z2 = z * z;
    let g1 = z * (z2 + 1.0) / 4.0;
    let g2 = z * ((5.0 * z2 + 16.0) * z2 + 3.0) / 96.0;
    let g3 = z * (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / 384.0;
    z + g1 / freedom + g2 / freedom.powi(2) + g3 / freedom.powi(3)
}

/// Quantile of the normal distribution, for probabilities from 0.5 below 1 (Abramowitz and
/// Stegun 26.2.23; the error is below 4.5e-4).
pub fn normal_quantile(probability: f64) -> f64 {
    let tail = (1.0 - probability).clamp(1e-15, 0.5);
    let t = (-2.0 * tail.ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    t - above / below
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64, by: f64) {
        assert!((found - expected).abs() < by, "expected {expected}, found {found}");
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (probability, expected) in
            [(0.5, 0.0), (0.975, 1.95996), (0.995, 2.57583), (0.9999, 3.71902)]
        {
            near(normal_quantile(probability), expected, 5e-4);
        }
        for (freedom, expected) in [(10.0, 2.22814), (30.0, 2.04227), (120.0, 1.97993)] {
            near(student_quantile(1.95996, freedom), expected, 1e-3);
        }
    }

    #[test]
    fn the_difference_of_shares_has_the_interval_of_newcombes_example() {
        // Table II of the paper: 56/70 less 48/80 is 0.2 with 0.0524 to 0.3339.
        let found = proportions((48, 80), (56, 70), 1.95996).unwrap();
        near(found.estimate, 0.2, 1e-9);
        near(found.low, 0.0524, 1e-4);
        near(found.high, 0.3339, 1e-4);
        assert_eq!(proportions((0, 0), (1, 2), 2.0), None);
    }

    #[test]
    fn moments_are_those_of_the_values_and_the_ratio_is_that_of_geometric_means() {
        let moments = |values: &[f64]| {
            let mut moments = Moments::default();
            values.iter().for_each(|value| moments.add(value.ln()));
            moments
        };
        let (a, b) = (moments(&[10.0, 20.0, 40.0]), moments(&[20.0, 40.0, 80.0]));
        near(a.mean.exp(), 20.0, 1e-9);
        near(a.squares, 2.0 * 2.0f64.ln().powi(2), 1e-9);
        let ratio = ratio_of_times(&a, &b, 1.96).unwrap();
        near(ratio.estimate, 2.0, 1e-9);
        assert!(ratio.low < 1.0 && ratio.high > 4.0, "three values say little: {ratio:?}");
        assert!(ratio_of_times(&a, &moments(&[1.0]), 1.96).is_none());
    }
}
