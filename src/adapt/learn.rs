//! A head from pictures and the texts that describe them.
//!
//! The direction of a picture is a linear function of its features that predicts
//! its texts, by ridge regression in closed form, and is then weighed by the inverse
//! covariance of the texts, so that what tells texts apart counts and what they
//! share does not:
//!
//! ```text
//! weights = X^T (X X^T + ridge I)^-1 (Y - mean) (C + floor I)^-1
//! ```
//!
//! Every setting is chosen by leaving a fifth of the pictures out at a time: with
//! `G = (X X^T + ridge I)^-1` the prediction for the rows `B` of these pictures that
//! the others alone would give is `Y_B - G_BB^-1 (G Y)_B`. No step count, no learning
//! rate and no chance. (Leaving out one picture at a time misleads: each is then seen
//! by another head, from whose mean its own text is missing.)

use super::chance::spread;
use super::examples::{Example, Examples, unit};
use super::gate::{Check, Others, gate_ends, moved, nearest_others};
use super::ridge::{N_FOLDS, Rows};
use super::symmetric::Square;
use crate::embed::{Head, HeadError, HeadParts};
use crate::index::dot;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Texts with a higher cosine mean the same and are not held against each other.
const SAME_TEXT: f32 = 0.9;
/// Rows that settings are chosen on, and that a head is learned from, at most; the
/// time grows with the cube.
const MAX_CHOSEN_ON: usize = 1_500;
const MAX_LEARNED_FROM: usize = 4_000;
/// Pictures that a head remembers at most.
const MAX_PROTOTYPES: usize = 512;
/// Fewest pictures that say anything.
const MIN_PICTURES: usize = 8;
/// Ridges that are tried, relative to the mean square of the features.
const RIDGES: [f64; 5] = [0.03, 0.1, 0.3, 1.0, 3.0];
/// Floors that are tried, relative to the mean variance of the texts; without one
/// the texts are taken as they are.
const FLOORS: [Option<f64>; 4] = [None, Some(3.0), Some(1.0), Some(0.3)];
/// Shares that are tried.
const SHARES: [f32; 10] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];
/// Where the gate opens and is open, as quantiles of how much nearer each picture is to
/// the nearest one of another fold than to a picture that must be left alone.
const GATES: [(f64, f64); 3] = [(0.01, 0.1), (0.01, 0.5), (0.1, 0.5)];
/// A smaller share is taken when it loses no more than this of the mean reciprocal
/// place.
const TOLERANCE: f64 = 0.005;
/// What a check set may lose of recall@10 by the choice of the share.
const MAX_CHECK_LOSS: f64 = 0.015;

/// The settings that were chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LearnedSettings {
    /// Ridge, relative to the mean square of the features.
    pub ridge: f64,
    /// Floor of the covariance, relative to the mean variance of the texts.
    pub floor: Option<f64>,
    /// Share of the head.
    pub share: f32,
    /// Quantiles of the gate.
    pub gate: (f64, f64),
}

/// A head and how it came about.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The head.
    pub head: Head,
    /// What was chosen.
    pub settings: LearnedSettings,
    /// Pictures it was learned from.
    pub n_pictures: usize,
    /// Vectors of the pictures of each check set, each by a head that does not know
    /// that it must leave this picture alone.
    pub checks: Vec<Vec<Vec<f32>>>,
}

/// Examples that no head can be learned from.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// Too few pictures.
    #[error(
        "expected at least {MIN_PICTURES} pictures with texts to learn from, found {found}\nhint: add captions, alt texts or product descriptions, or give pairs in a file"
    )]
    TooFew {
        /// Pictures found.
        found: usize,
    },
    /// The numbers are not usable.
    #[error("the examples give no usable head")]
    Head(#[from] HeadError),
}

/// Learns a head and chooses its settings. `checks` are other pictures with texts
/// that should stay as well found as they are: the head leaves alone what is more like
/// them, and the share is chosen so that each loses at most 1.5 points of recall@10,
/// where that is possible.
///
/// # Errors
/// When there are too few pictures, or their numbers are not finite.
pub fn learn(examples: &Examples, checks: &[Examples]) -> Result<Learned, LearnError> {
    let chosen_on = within(examples, MAX_CHOSEN_ON);
    if chosen_on.pictures.len() < MIN_PICTURES {
        return Err(LearnError::TooFew { found: chosen_on.pictures.len() });
    }
    let rows = Rows::of(&chosen_on);
    let covariance = Square::covariance(&chosen_on.texts);
    let folds = Folds::of(&chosen_on);
    let own = nearest_others(&rows);
    let (ridge, floor, directions) = choose_weights(&folds, &rows, &covariance);
    let learned_from = within(examples, MAX_LEARNED_FROM);
    let n_pictures = learned_from.pictures.len();
    let rows = if n_pictures == chosen_on.pictures.len() { rows } else { Rows::of(&learned_from) };
    let weights = weighed(rows.weights(&rows.inverse(ridge)), &covariance, floor);
    let prototypes = spread(rows.features.len(), MAX_PROTOTYPES);
    let mut parts = HeadParts {
        dimension: covariance.n,
        weights: weights.into_iter().flatten().collect(),
        prototypes: prototypes
            .iter()
            .filter_map(|i| rows.features.get(*i))
            .flat_map(|row| unit(row.clone()))
            .collect(),
        others: Vec::new(),
        mean: rows.mean.clone(),
        deviation: rows.deviation.clone(),
        share: 1.0,
        low: 0.0,
        high: 1.0,
    };
    let without_others = Head::new(parts.clone())?;
    let others = Others::of(checks, &without_others);
    let checks: Vec<Check<'_>> =
        checks.iter().map(|check| Check::of(check, &without_others, &others)).collect();
    let near_others = others.nearest(&chosen_on, &without_others);
    let margins: Vec<f32> = own.iter().zip(near_others).map(|(own, other)| own - other).collect();
    let (share, gate) = choose_share(&folds, &directions, &margins, &checks);
    let ends = gate_ends(&margins, gate);
    (parts.low, parts.high) = ends;
    parts.share = share;
    parts.others = others.into_rows();
    let settings = LearnedSettings { ridge, floor, share, gate };
    let checks = checks.iter().map(|check| check.vectors(share, ends)).collect();
    Ok(Learned { head: Head::new(parts)?, settings, n_pictures, checks })
}

/// At most `limit` rows: other views are left out first, then pictures at equal
/// distances.
fn within(examples: &Examples, limit: usize) -> Examples {
    let described =
        examples.part(&|picture| !picture.texts.is_empty() && !picture.views.is_empty());
    let n_views: usize = described.pictures.iter().map(|picture| picture.views.len()).sum();
    if n_views <= limit {
        return described;
    }
    let kept: Vec<Example> = spread(described.pictures.len(), limit)
        .iter()
        .filter_map(|i| described.pictures.get(*i))
        .map(|picture| Example {
            views: picture.views.iter().take(1).cloned().collect(),
            ..picture.clone()
        })
        .collect();
    Examples { pictures: kept, texts: described.texts }.part(&|_| true)
}

/// The pictures that are left out together, each part with its own texts.
struct Folds<'a> {
    all: &'a Examples,
    parts: Vec<Examples>,
}

impl<'a> Folds<'a> {
    fn of(all: &'a Examples) -> Self {
        let part = |fold: usize| {
            let pictures = all.pictures.iter().skip(fold).step_by(N_FOLDS).cloned().collect();
            Examples { pictures, texts: all.texts.clone() }.part(&|_| true)
        };
        Self { all, parts: (0..N_FOLDS).map(part).collect() }
    }

    /// Mean reciprocal place within the folds, when all pictures have these vectors.
    fn value(&self, vectors: &[Vec<f32>]) -> f64 {
        let values = self.parts.iter().enumerate().map(|(fold, part)| {
            let own: Vec<Vec<f32>> = vectors.iter().skip(fold).step_by(N_FOLDS).cloned().collect();
            part.places(&own, Some(SAME_TEXT)).mean_reciprocal()
        });
        values.sum::<f64>() / N_FOLDS as f64
    }
}

/// The ridge and the floor with the best places of pictures that are left out, and
/// the directions that the others give to them.
fn choose_weights(
    folds: &Folds<'_>,
    rows: &Rows,
    covariance: &Square,
) -> (f64, Option<f64>, Vec<Vec<f32>>) {
    let mut best = (f64::NEG_INFINITY, RIDGES[0], None, Vec::new());
    for ridge in RIDGES {
        let predicted = rows.left_out(&rows.inverse(ridge));
        for floor in FLOORS {
            let directions: Vec<Vec<f32>> =
                weighed(predicted.clone(), covariance, floor).into_par_iter().map(unit).collect();
            let value = folds.value(&directions);
            if value > best.0 {
                best = (value, ridge, floor, directions);
            }
        }
    }
    (best.1, best.2, best.3)
}

/// Rows times the inverse covariance with a floor.
fn weighed(rows: Vec<Vec<f32>>, covariance: &Square, floor: Option<f64>) -> Vec<Vec<f32>> {
    let Some(floor) = floor else { return rows };
    let mean = covariance.mean_diagonal().max(f64::MIN_POSITIVE);
    let inverse = covariance.inverse(floor * mean).rows();
    // Scaled so that a mean variance weighs 1.
    let scale = mean as f32;
    rows.par_iter()
        .map(|row| inverse.iter().map(|column| scale * dot(row, column)).collect())
        .collect()
}

/// The smallest share, with its gate, whose places are as good as the best within a
/// tolerance, among those that cost no check set more than it may lose; where all
/// do, the one that costs the least.
fn choose_share(
    folds: &Folds<'_>,
    directions: &[Vec<f32>],
    margins: &[f32],
    checks: &[Check<'_>],
) -> (f32, (f64, f64)) {
    let mut tried = Vec::new();
    for gate in GATES {
        let ends = gate_ends(margins, gate);
        for share in SHARES {
            let loss = checks.iter().map(|check| check.loss(share, ends)).fold(0.0, f64::max);
            let value = folds.value(&moved(folds.all, directions, margins, share, ends));
            tried.push((share, gate, loss, value));
        }
    }
    let least = tried.iter().map(|(_, _, loss, _)| *loss).fold(f64::INFINITY, f64::min);
    tried.retain(|(_, _, loss, _)| *loss <= MAX_CHECK_LOSS.max(least));
    let best = tried.iter().map(|(_, _, _, value)| *value).fold(0.0, f64::max);
    tried.retain(|(_, _, _, value)| *value >= best - TOLERANCE);
    let smallest = tried.into_iter().min_by(|a, b| a.0.total_cmp(&b.0).then(b.3.total_cmp(&a.3)));
    smallest.map_or((SHARES[0], GATES[0]), |(share, gate, _, _)| (share, gate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapt::chance::Chance;
    use crate::adapt::gate::recall_10;

    /// Pictures whose features say, in other places and signs, what their text says,
    /// and whose own vector says little about it.
    fn domain(n: usize, seed: u64) -> Examples {
        let mut chance = Chance::new(seed);
        let mut numbers =
            |n: usize| -> Vec<f32> { (0..n).map(|_| chance.unit() as f32 - 0.5).collect() };
        let (mut pictures, mut texts) = (Vec::new(), Vec::new());
        for i in 0..n {
            let text = unit(numbers(16));
            let noise = numbers(192);
            let features = (0..192).map(|j| {
                let sign = if j % 5 < 2 { -3.0 } else { 3.0 };
                sign * text[(7 * j) % 16] + 0.3 * noise[j]
            });
            let views = vec![features.collect()];
            let vector = unit(numbers(16).iter().zip(&text).map(|(a, t)| a + 0.4 * t).collect());
            pictures.push(Example { id: i.to_string(), vector, views, texts: vec![i] });
            texts.push(text);
        }
        Examples { pictures, texts }
    }

    fn adapted(head: &Head, examples: &Examples) -> Vec<Vec<f32>> {
        let apply = |p: &Example| head.apply(&p.vector, &p.views[0]).unwrap();
        examples.pictures.iter().map(apply).collect()
    }

    #[test]
    fn unseen_pictures_of_the_domain_are_found_better() {
        let (seen, unseen) = (domain(200, 1), domain(100, 2));
        let learned = learn(&seen, &[]).unwrap();
        let before = unseen.places(&unseen.vectors(), None).mean_reciprocal();
        let after = unseen.places(&adapted(&learned.head, &unseen), None).mean_reciprocal();
        assert!(before < 0.3 && after > 0.8, "{before} {after}");
    }

    #[test]
    fn other_pictures_stay_where_they_are() {
        let learned = learn(&domain(200, 1), &[]).unwrap();
        let mut other = domain(50, 3);
        let mut chance = Chance::new(4);
        for picture in &mut other.pictures {
            picture.views = vec![(0..192).map(|_| chance.unit() as f32 - 0.5).collect()];
        }
        for (before, after) in other.vectors().iter().zip(adapted(&learned.head, &other)) {
            assert!(dot(before, &after) > 0.999_999);
        }
    }

    #[test]
    fn a_check_set_bounds_the_share() {
        // The same features with other texts: what is learned is wrong for them.
        let seen = domain(200, 1);
        let mut check = domain(60, 2);
        let views: Vec<_> = check.pictures.iter().map(|picture| picture.views.clone()).collect();
        for (i, picture) in check.pictures.iter_mut().enumerate() {
            picture.vector = check.texts[i].clone();
            picture.views = views[(i + 1) % views.len()].clone();
        }
        let free = learn(&seen, &[]).unwrap().settings.share;
        let bound = learn(&seen, std::slice::from_ref(&check)).unwrap();
        assert!(bound.settings.share < free, "{} {free}", bound.settings.share);
        let after = recall_10(&check, &bound.checks[0]);
        assert!(after >= 0.98, "{after}");
    }

    #[test]
    fn a_check_set_of_other_pictures_does_not_hold_back_what_is_learned() {
        let (seen, unseen) = (domain(200, 1), domain(100, 2));
        // Half like the domain, so that nearness to the domain alone would move them.
        let mut chance = Chance::new(9);
        let mut check = domain(120, 6);
        let own: Vec<f32> = (0..192).map(|_| 4.0 * (chance.unit() as f32 - 0.5)).collect();
        for (i, picture) in check.pictures.iter_mut().enumerate() {
            picture.vector = check.texts[i].clone();
            let features = picture.views[0].iter().zip(&own).map(|(f, own)| 0.5 * f + own);
            picture.views = vec![features.collect()];
        }
        let learned = learn(&seen, std::slice::from_ref(&check)).unwrap();
        let after = unseen.places(&adapted(&learned.head, &unseen), None).mean_reciprocal();
        let kept = recall_10(&check, &learned.checks[0]);
        assert!(after > 0.8 && kept >= 0.98, "{after} {kept}");
    }

    #[test]
    fn the_same_examples_give_the_same_head() {
        let examples = domain(60, 5);
        let bytes = || learn(&examples, &[]).unwrap().head.to_bytes();
        assert_eq!(bytes(), bytes());
    }

    #[test]
    fn too_few_pictures_are_refused() {
        let error = learn(&domain(3, 1), &[]).unwrap_err().to_string();
        assert!(error.contains("found 3"), "{error}");
    }
}
