//! From a cosine to a probability.
//!
//! Cosines of two spaces cannot be compared: what is near in one is far in the
//! other, and a picture is never as near to a text as another text is. A
//! calibration says for one space what a cosine means there: of the pairs to which
//! it gives the probability `p`, a share `p` belongs together.

use serde::{Deserialize, Serialize};

/// Newton steps at most; a handful is enough.
const MAX_STEPS: usize = 100;
/// Added to the curvature, so that it can always be divided by.
const RIDGE: f64 = 1e-12;
/// A gradient smaller than this is none.
const FLAT: f64 = 1e-5;
/// The shortest part of a Newton step that is tried.
const SHORTEST: f64 = 1e-10;

/// What a cosine means in one space. It never falls when the cosine rises.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Calibration {
    /// `probability = 1 / (1 + exp(-(scale * cosine + bias)))`.
    Sigmoid {
        /// Steepness, 0 or more; 0 where the cosine says nothing.
        scale: f64,
        /// Offset.
        bias: f64,
    },
    /// Straight lines between points, flat before the first and after the last.
    Steps {
        /// Cosine and probability, both rising.
        points: Vec<(f32, f32)>,
    },
}

/// Pairs that no calibration can be learned from.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CalibrationError {
    /// One side is missing.
    #[error(
        "a calibration is learned from pairs that belong together and pairs that do not: expected at least one of each, found {n_relevant} and {n_irrelevant}"
    )]
    OneSided {
        /// Pairs that belong together.
        n_relevant: usize,
        /// Pairs that do not.
        n_irrelevant: usize,
    },
    /// A cosine is not a number.
    #[error("a calibration is learned from finite cosines, pair {index} has {cosine}")]
    NotFinite {
        /// Position of the pair, from 0.
        index: usize,
        /// What was found.
        cosine: f32,
    },
}

impl Calibration {
    /// The probability that a pair with this cosine belongs together, in `0..=1`.
    pub fn probability(&self, cosine: f32) -> f32 {
        match self {
            Self::Sigmoid { scale, bias } => sigmoid(scale * f64::from(cosine) + bias) as f32,
            Self::Steps { points } => interpolated(points, cosine),
        }
    }

    /// The sigmoid that fits pairs of cosine and relevance best, by maximum
    /// likelihood.
    ///
    /// Targets are smoothed, `(n + 1) / (n + 2)` for the `n` pairs that belong
    /// together and `1 / (m + 2)` for the `m` others (Platt: "Probabilistic Outputs
    /// for Support Vector Machines", 1999), and the minimum is found by Newton's
    /// method with halved steps (Lin, Lin, Weng: "A Note on Platt's Probabilistic
    /// Outputs", 2007). Where a higher cosine goes with less relevance the scale is
    /// 0 and every probability the share of pairs that belong together.
    ///
    /// # Errors
    /// When either kind of pair is missing, or a cosine is not finite.
    pub fn fit(pairs: &[(f32, bool)]) -> Result<Self, CalibrationError> {
        let (n_relevant, n_irrelevant) = counts(pairs)?;
        let high = (n_relevant as f64 + 1.0) / (n_relevant as f64 + 2.0);
        let low = 1.0 / (n_irrelevant as f64 + 2.0);
        let targets: Vec<(f64, f64)> = pairs
            .iter()
            .map(|(cosine, relevant)| (f64::from(*cosine), if *relevant { high } else { low }))
            .collect();
        let prior = (n_relevant as f64 + 1.0) / (n_irrelevant as f64 + 1.0);
        let (scale, bias) = newton(&targets, (0.0, prior.ln()));
        if scale > 0.0 {
            return Ok(Self::Sigmoid { scale, bias });
        }
        Ok(Self::Sigmoid { scale: 0.0, bias: prior.ln() })
    }

    /// The rising function that fits pairs of cosine and relevance best by squared
    /// error (isotonic regression, by pooling adjacent violators; Ayer et al. 1955).
    /// It follows any shape and needs more pairs than the sigmoid.
    ///
    /// # Errors
    /// When either kind of pair is missing, or a cosine is not finite.
    pub fn fit_steps(pairs: &[(f32, bool)]) -> Result<Self, CalibrationError> {
        counts(pairs)?;
        let mut sorted = pairs.to_vec();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut blocks: Vec<Block> = Vec::new();
        for (cosine, relevant) in sorted {
            let relevant = f64::from(u8::from(relevant));
            let mut last = Block { n: 1.0, cosines: f64::from(cosine), relevant };
            while let Some(before) = blocks.pop_if(|before| before.share() >= last.share()) {
                last = Block {
                    n: before.n + last.n,
                    cosines: before.cosines + last.cosines,
                    relevant: before.relevant + last.relevant,
                };
            }
            blocks.push(last);
        }
        let points = blocks.iter().map(|block| (block.cosine() as f32, block.share() as f32));
        Ok(Self::Steps { points: points.collect() })
    }
}

/// Mean difference between what was promised and what was true: pairs of
/// probability and relevance are put in order into `n_bins` bins of equal size, and
/// the absolute differences between the mean probability and the share of relevant
/// pairs of each bin are averaged by its size (Naeini et al. 2015; Nixon et al.
/// 2019 for bins of equal mass). 0 without pairs.
pub fn expected_calibration_error(pairs: &[(f32, bool)], n_bins: usize) -> f64 {
    let mut sorted = pairs.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let n = sorted.len();
    let n_bins = n_bins.clamp(1, n.max(1));
    let bins = (0..n_bins).filter_map(|i| sorted.get(i * n / n_bins..(i + 1) * n / n_bins));
    bins.map(|bin| {
        let promised: f64 = bin.iter().map(|(probability, _)| f64::from(*probability)).sum();
        let relevant = bin.iter().filter(|(_, relevant)| *relevant).count() as f64;
        (promised - relevant).abs()
    })
    .sum::<f64>()
        / n.max(1) as f64
}

struct Block {
    n: f64,
    cosines: f64,
    relevant: f64,
}

impl Block {
    fn share(&self) -> f64 {
        self.relevant / self.n
    }

    fn cosine(&self) -> f64 {
        self.cosines / self.n
    }
}

fn counts(pairs: &[(f32, bool)]) -> Result<(usize, usize), CalibrationError> {
    if let Some((index, (cosine, _))) = pairs.iter().enumerate().find(|(_, p)| !p.0.is_finite()) {
        return Err(CalibrationError::NotFinite { index, cosine: *cosine });
    }
    let n_relevant = pairs.iter().filter(|(_, relevant)| *relevant).count();
    let n_irrelevant = pairs.len() - n_relevant;
    if n_relevant == 0 || n_irrelevant == 0 {
        return Err(CalibrationError::OneSided { n_relevant, n_irrelevant });
    }
    Ok((n_relevant, n_irrelevant))
}

fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// Cross-entropy of `(cosine, target)` under a scale and bias, without overflow.
fn loss(targets: &[(f64, f64)], (scale, bias): (f64, f64)) -> f64 {
    let terms = targets.iter().map(|(cosine, target)| {
        let logit = scale * cosine + bias;
        (1.0 - target) * logit + (-logit).max(0.0) + (-logit.abs()).exp().ln_1p()
    });
    terms.sum()
}

fn newton(targets: &[(f64, f64)], start: (f64, f64)) -> (f64, f64) {
    let mut at = start;
    let mut value = loss(targets, at);
    for _ in 0..MAX_STEPS {
        let (mut g1, mut g2, mut h11, mut h22, mut h12) = (0.0, 0.0, RIDGE, RIDGE, 0.0);
        for (cosine, target) in targets {
            let p = sigmoid(at.0 * cosine + at.1);
            let (difference, curvature) = (p - target, p * (1.0 - p));
            g1 += cosine * difference;
            g2 += difference;
            h11 += cosine * cosine * curvature;
            h22 += curvature;
            h12 += cosine * curvature;
        }
        if g1.abs() < FLAT && g2.abs() < FLAT {
            break;
        }
        let determinant = h11 * h22 - h12 * h12;
        let step = (-(h22 * g1 - h12 * g2) / determinant, -(h11 * g2 - h12 * g1) / determinant);
        let slope = g1 * step.0 + g2 * step.1;
        let mut length = 1.0;
        let next = loop {
            let next = (at.0 + length * step.0, at.1 + length * step.1);
            let next_value = loss(targets, next);
            if next_value < value + 1e-4 * length * slope {
                break Some((next, next_value));
            }
            length /= 2.0;
            if length < SHORTEST {
                break None;
            }
        };
        match next {
            Some((next, next_value)) => (at, value) = (next, next_value),
            None => break,
        }
    }
    at
}

fn interpolated(points: &[(f32, f32)], cosine: f32) -> f32 {
    let after = points.partition_point(|(x, _)| *x <= cosine);
    let before = after.checked_sub(1).and_then(|i| points.get(i));
    match (before, points.get(after)) {
        (Some((x0, y0)), Some((x1, y1))) => y0 + (y1 - y0) * (cosine - x0) / (x1 - x0),
        (Some((_, y)), None) | (None, Some((_, y))) => *y,
        (None, None) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pairs whose relevance follows `sigmoid(scale * cosine + bias)`, by a low
    /// discrepancy sequence instead of chance.
    fn drawn(scale: f64, bias: f64, n: usize) -> Vec<(f32, bool)> {
        let point = |i: usize, step: f64| (i as f64 * step).fract();
        (0..n)
            .map(|i| {
                let cosine = 0.6 * point(i, 0.754_877_666);
                let relevant = point(i, 0.569_840_291) < sigmoid(scale * cosine + bias);
                (cosine as f32, relevant)
            })
            .collect()
    }

    fn promised(calibration: &Calibration, pairs: &[(f32, bool)]) -> Vec<(f32, bool)> {
        pairs.iter().map(|(c, relevant)| (calibration.probability(*c), *relevant)).collect()
    }

    #[test]
    fn the_sigmoid_that_made_the_pairs_is_found() {
        let fitted = Calibration::fit(&drawn(20.0, -6.0, 20_000)).unwrap();
        let Calibration::Sigmoid { scale, bias } = fitted else { panic!("expected a sigmoid") };
        assert!((scale - 20.0).abs() < 0.5 && (bias + 6.0).abs() < 0.2, "{scale} {bias}");
    }

    #[test]
    fn calibrated_probabilities_are_true() {
        let pairs = drawn(12.0, -4.0, 5_000);
        for fitted in [Calibration::fit(&pairs), Calibration::fit_steps(&pairs)] {
            let error = expected_calibration_error(&promised(&fitted.unwrap(), &pairs), 10);
            assert!(error < 0.01, "{error}");
        }
        let raw: Vec<(f32, bool)> = pairs.clone();
        assert!(expected_calibration_error(&raw, 10) > 0.05);
    }

    #[test]
    fn pairs_that_can_be_told_apart_give_finite_numbers() {
        let pairs = [(0.1, false), (0.2, false), (0.8, true), (0.9, true)];
        let fitted = Calibration::fit(&pairs).unwrap();
        assert!(fitted.probability(0.85) > 0.6 && fitted.probability(0.15) < 0.4);
    }

    #[test]
    fn a_cosine_that_misleads_says_nothing() {
        let pairs = [(0.9, false), (0.8, false), (0.2, true), (0.1, true)];
        let fitted = Calibration::fit(&pairs).unwrap();
        assert_eq!(fitted.probability(0.9), fitted.probability(0.1));
        assert!((fitted.probability(0.5) - 0.5).abs() < 1e-6);
    }

    #[test]
    fn the_error_of_a_constant_is_its_distance_from_the_share() {
        let pairs: Vec<(f32, bool)> = (0..100).map(|i| (0.9, i % 2 == 0)).collect();
        assert!((expected_calibration_error(&pairs, 5) - 0.4).abs() < 1e-6);
        assert_eq!(expected_calibration_error(&[], 5), 0.0);
    }

    #[test]
    fn one_sided_pairs_and_broken_cosines_are_refused() {
        let error = Calibration::fit(&[(0.3, true)]).unwrap_err().to_string();
        assert!(error.contains("found 1 and 0"), "{error}");
        let error = Calibration::fit(&[(f32::NAN, true), (0.1, false)]).unwrap_err().to_string();
        assert!(error.contains("pair 0"), "{error}");
    }

    #[test]
    fn a_calibration_survives_its_text_form() {
        for calibration in [
            Calibration::Sigmoid { scale: 117.330_795, bias: -12.932_437 },
            Calibration::Steps { points: vec![(0.1, 0.0), (0.4, 0.75)] },
        ] {
            let text = serde_json::to_string(&calibration).unwrap();
            assert_eq!(serde_json::from_str::<Calibration>(&text).unwrap(), calibration);
        }
    }

    proptest! {
        #[test]
        fn more_cosine_is_never_less_probability(
            pairs in prop::collection::vec((-1f32..1.0, any::<bool>()), 2..60),
            a in -1f32..1.0,
            b in -1f32..1.0,
        ) {
            for fitted in [Calibration::fit(&pairs), Calibration::fit_steps(&pairs)] {
                let Ok(fitted) = fitted else { continue };
                let (low, high) = (fitted.probability(a.min(b)), fitted.probability(a.max(b)));
                prop_assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high));
                prop_assert!(low <= high + 1e-6, "{low} {high}");
            }
        }

        #[test]
        fn the_sigmoid_promises_as_much_as_there_is(
            pairs in prop::collection::vec((-1f32..1.0, any::<bool>()), 40..80),
        ) {
            let Ok(fitted) = Calibration::fit(&pairs) else { return Ok(()) };
            let promised: f32 = pairs.iter().map(|(c, _)| fitted.probability(*c)).sum();
            let found = pairs.iter().filter(|(_, relevant)| *relevant).count() as f32;
            // Off by the smoothing of the targets alone.
            prop_assert!((promised - found).abs() < 2.0, "{promised} {found}");
        }
    }
}
