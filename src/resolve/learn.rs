//! Weights from pairs that people judged.

use super::features::PairFeatures;
use super::matcher::{Bands, LearnedFrom, MatchModel};
use crate::model::Digest;

/// Strength of the pull of weights towards 0, for each pair learned from.
const RIDGE: f64 = 1e-3;
/// Steps of Newton's method; it converges in fewer than ten.
const N_STEPS: usize = 25;
/// Parts into which pairs are divided to see how weights do on pairs they do not know.
const N_PARTS: usize = 5;
/// Precision on unknown pairs that merging without asking must have.
const MERGE_PRECISION: f64 = 0.98;
/// Share of the matches that must be merged or asked about.
const ASKED_RECALL: f64 = 0.95;

/// No weights can be learned.
#[derive(Debug, thiserror::Error)]
pub enum LearnMatchError {
    /// Too little to learn from.
    #[error(
        "expected at least {N_PARTS} pairs that match and {N_PARTS} that do not, found {n_matches} and {n_others}"
    )]
    TooFew {
        /// Pairs that match.
        n_matches: usize,
        /// Pairs that do not.
        n_others: usize,
    },
}

/// Learns a model: logistic regression with a ridge by Newton's method, calibrated on
/// pairs that each part's weights do not know (Platt 1999), bands where these pairs
/// reach the wanted precision and recall. The same pairs give the same model.
///
/// # Errors
/// When there are too few pairs of either kind.
pub fn learn(
    pairs: &[(PairFeatures, bool)],
    source: Digest,
) -> Result<MatchModel, LearnMatchError> {
    let n_matches = pairs.iter().filter(|(_, is_match)| *is_match).count();
    let n_others = pairs.len() - n_matches;
    if n_matches < N_PARTS || n_others < N_PARTS {
        return Err(LearnMatchError::TooFew { n_matches, n_others });
    }
    let rows: Vec<(Vec<f64>, bool)> =
        pairs.iter().map(|(features, is_match)| (features.values(), *is_match)).collect();
    let unknown = unknown_log_odds(&rows);
    let scores: Vec<(Vec<f64>, bool)> = unknown.iter().map(|(s, m)| (vec![*s], *m)).collect();
    let platt = fit(&scores, 1e-9);
    let slope = platt.get(1).copied().unwrap_or(1.0);
    let offset = platt.first().copied().unwrap_or(0.0);
    let judged: Vec<(f64, bool)> = unknown
        .iter()
        .map(|(score, is_match)| (sigmoid(offset + slope * score), *is_match))
        .collect();
    let fitted = fit(&rows, RIDGE);
    let bias = fitted.first().copied().unwrap_or(0.0) * slope + offset;
    let weights: Vec<f64> = fitted.iter().skip(1).map(|weight| weight * slope).collect();
    let mut model = MatchModel::new("learned", bias, &weights, bands(&judged));
    model.learned_from = Some(LearnedFrom { sha256: source, n_pairs: pairs.len(), n_matches });
    Ok(model)
}

/// Log odds of every pair by weights learned without its part. Matches and others are
/// dealt out in turn, so that each part has its share of both.
fn unknown_log_odds(rows: &[(Vec<f64>, bool)]) -> Vec<(f64, bool)> {
    let mut dealt = [0usize; 2];
    let parts: Vec<usize> = rows
        .iter()
        .map(|(_, is_match)| {
            let [others, matches] = &mut dealt;
            let n = if *is_match { matches } else { others };
            *n += 1;
            (*n - 1) % N_PARTS
        })
        .collect();
    let mut scores = vec![(0.0, false); rows.len()];
    for part in 0..N_PARTS {
        let known: Vec<(Vec<f64>, bool)> = rows
            .iter()
            .zip(&parts)
            .filter(|(_, of)| **of != part)
            .map(|(row, _)| row.clone())
            .collect();
        let weights = fit(&known, RIDGE);
        for ((row, of), score) in rows.iter().zip(&parts).zip(&mut scores) {
            if *of == part {
                *score = (log_odds(&weights, &row.0), row.1);
            }
        }
    }
    scores
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn log_odds(weights: &[f64], row: &[f64]) -> f64 {
    let bias = weights.first().copied().unwrap_or(0.0);
    bias + weights.iter().skip(1).zip(row).map(|(w, x)| w * x).sum::<f64>()
}

/// Bias and weights that maximise the likelihood less `ridge * n * |w|² / 2`.
fn fit(rows: &[(Vec<f64>, bool)], ridge: f64) -> Vec<f64> {
    let n_weights = 1 + rows.first().map_or(0, |(row, _)| row.len());
    let ridge = ridge * rows.len() as f64;
    let mut weights = vec![0.0; n_weights];
    for _ in 0..N_STEPS {
        let mut gradient = vec![0.0; n_weights];
        let mut hessian = vec![vec![0.0; n_weights]; n_weights];
        for (row, is_match) in rows {
            let p = sigmoid(log_odds(&weights, row));
            let error = (if *is_match { 1.0 } else { 0.0 }) - p;
            let curvature = p * (1.0 - p);
            let inputs: Vec<f64> = std::iter::once(1.0).chain(row.iter().copied()).collect();
            for ((slot, line), x) in gradient.iter_mut().zip(&mut hessian).zip(&inputs) {
                *slot += error * x;
                if *x != 0.0 {
                    let step = curvature * x;
                    line.iter_mut().zip(&inputs).for_each(|(cell, y)| *cell += step * y);
                }
            }
        }
        let rows = gradient.iter_mut().zip(&mut hessian).zip(&weights).enumerate();
        for (i, ((slope, line), weight)) in rows {
            // The bias is free; a trace of ridge keeps the system solvable.
            let pull = if i == 0 { 1e-9 } else { ridge };
            *slope -= pull * weight;
            if let Some(cell) = line.get_mut(i) {
                *cell += pull + 1e-9;
            }
        }
        let step = solve(hessian, gradient);
        let size = step.iter().map(|x| x.abs()).fold(0.0, f64::max);
        // Long steps overshoot where the likelihood is flat.
        let scale = if size > 4.0 { 4.0 / size } else { 1.0 };
        weights.iter_mut().zip(&step).for_each(|(weight, step)| *weight += scale * step);
        if size < 1e-8 {
            break;
        }
    }
    weights
}

/// Solves a symmetric positive definite system by Gaussian elimination.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let n = right.len();
    for i in 0..n {
        let Some(pivot_row) = matrix.get(i).cloned() else { break };
        let pivot = pivot_row.get(i).copied().unwrap_or(1.0);
        let value = right.get(i).copied().unwrap_or(0.0);
        for (line, slot) in matrix.iter_mut().zip(&mut right).skip(i + 1) {
            let factor = line.get(i).copied().unwrap_or(0.0) / pivot;
            if factor != 0.0 {
                line.iter_mut().zip(&pivot_row).for_each(|(cell, above)| *cell -= factor * above);
                *slot -= factor * value;
            }
        }
    }
    let mut solution = vec![0.0; n];
    for i in (0..n).rev() {
        let Some(line) = matrix.get(i) else { continue };
        let known: f64 = line.iter().zip(&solution).skip(i + 1).map(|(a, x)| a * x).sum();
        let pivot = line.get(i).copied().unwrap_or(1.0);
        let value = (right.get(i).copied().unwrap_or(0.0) - known) / pivot;
        if let Some(slot) = solution.get_mut(i) {
            *slot = value;
        }
    }
    solution
}

/// Thresholds from probabilities of judged pairs.
fn bands(judged: &[(f64, bool)]) -> Bands {
    let mut ranked = judged.to_vec();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let n_matches = ranked.iter().filter(|(_, is_match)| *is_match).count() as f64;
    let (mut merge_from, mut ask_from, mut decide) = (1.0, 0.0, (0.0, 0.5));
    let mut n_right = 0.0;
    for (n, (probability, is_match)) in ranked.iter().enumerate() {
        n_right += if *is_match { 1.0 } else { 0.0 };
        let (precision, recall) = (n_right / (n + 1) as f64, n_right / n_matches);
        if precision >= MERGE_PRECISION {
            merge_from = *probability;
        }
        if recall >= ASKED_RECALL && ask_from == 0.0 {
            ask_from = *probability;
        }
        let f1 = 2.0 * precision * recall / (precision + recall).max(1e-12);
        if f1 > decide.0 {
            // Half way to the next lower probability.
            let next = ranked.get(n + 1).map_or(*probability, |(next, _)| *next);
            decide = (f1, (probability + next) / 2.0);
        }
    }
    Bands { merge_from, ask_from: f64::min(ask_from, merge_from), decide_from: decide.1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(label_words: f64, code_agrees: f64) -> PairFeatures {
        PairFeatures { label_words, code_agrees, ..PairFeatures::default() }
    }

    #[test]
    fn what_tells_pairs_apart_is_learned() {
        let pairs: Vec<(PairFeatures, bool)> = (0..200)
            .map(|n| {
                let likeness = f64::from(n % 10) / 10.0;
                // The code decides; the label says nothing.
                let is_match = n % 2 == 0;
                (pair(likeness, if is_match { 0.9 } else { 0.1 }), is_match)
            })
            .collect();
        let model = learn(&pairs, Digest::of(b"pairs")).unwrap();
        assert!(model.probability(&pair(0.2, 0.9)) > 0.9);
        assert!(model.probability(&pair(0.9, 0.1)) < 0.1);
        assert_eq!(learn(&pairs, Digest::of(b"pairs")).unwrap(), model);
    }

    #[test]
    fn probabilities_are_shares_where_pairs_look_the_same() {
        let pairs: Vec<(PairFeatures, bool)> =
            (0..400).map(|n| (pair(0.5, 0.5), n % 4 == 0)).collect();
        let model = learn(&pairs, Digest::of(b"pairs")).unwrap();
        assert!((model.probability(&pair(0.5, 0.5)) - 0.25).abs() < 0.02);
    }

    #[test]
    fn too_few_pairs_are_refused() {
        let error = learn(&[(pair(1.0, 1.0), true)], Digest::of(b"")).unwrap_err().to_string();
        assert!(error.contains("found 1 and 0"), "{error}");
    }
}
