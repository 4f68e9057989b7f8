//! Ridge regression from the features of pictures to the vectors of their texts.

use super::examples::Examples;
use super::symmetric::{Inverse, Square, centred, mean};
use rayon::prelude::*;
use std::ops::Range;

/// Parts of the pictures that are left out in turn: every fifth together.
pub(super) const N_FOLDS: usize = 5;
/// Standardised features beyond this are cut, as `Head` does.
const CLIP: f32 = 5.0;

/// Features and targets, a row for each view of each picture.
pub(super) struct Rows {
    /// Mean of every feature.
    pub(super) mean: Vec<f32>,
    /// Deviation of every feature, above 0.
    pub(super) deviation: Vec<f32>,
    /// Standardised features.
    pub(super) features: Vec<Vec<f32>>,
    /// The rows of each picture; the whole picture first.
    pub(super) pictures: Vec<Range<usize>>,
    /// Dot products of the features of all rows.
    pub(super) products: Square,
    /// Mean of the texts of each row's picture, less that of all.
    targets: Vec<Vec<f32>>,
}

impl Rows {
    pub(super) fn of(examples: &Examples) -> Self {
        let mut raw: Vec<Vec<f32>> = Vec::new();
        let mut targets = Vec::new();
        let mut pictures = Vec::new();
        for picture in &examples.pictures {
            let texts: Vec<Vec<f32>> =
                picture.texts.iter().filter_map(|t| examples.texts.get(*t).cloned()).collect();
            let target = mean(&texts);
            pictures.push(raw.len()..raw.len() + picture.views.len());
            targets.extend(std::iter::repeat_n(target, picture.views.len()));
            raw.extend(picture.views.iter().cloned());
        }
        let centre = mean(&raw);
        let deviation = deviations(&raw, &centre);
        let standardised = |row: &Vec<f32>| -> Vec<f32> {
            let columns = centre.iter().zip(&deviation);
            row.iter().zip(columns).map(|(v, (m, d))| ((v - m) / d).clamp(-CLIP, CLIP)).collect()
        };
        let features: Vec<Vec<f32>> = raw.par_iter().map(standardised).collect();
        Self {
            products: Square::gram(&features),
            targets: centred(&targets, &mean(&targets)),
            mean: centre,
            deviation,
            features,
            pictures,
        }
    }

    /// `(X X^T + ridge I)^-1`; the ridge is relative to the mean square of the rows.
    pub(super) fn inverse(&self, ridge: f64) -> Inverse {
        self.products.inverse(ridge * self.products.mean_diagonal())
    }

    /// What the pictures of the other folds predict for each whole picture.
    pub(super) fn left_out(&self, inverse: &Inverse) -> Vec<Vec<f32>> {
        let solved = inverse.times(&self.targets);
        let mut predicted = vec![Vec::new(); self.pictures.len()];
        for fold in 0..N_FOLDS {
            let own = || self.pictures.iter().enumerate().skip(fold).step_by(N_FOLDS);
            let rows: Vec<usize> = own().flat_map(|(_, rows)| rows.clone()).collect();
            let right: Vec<Vec<f32>> = rows
                .iter()
                .filter_map(|i| solved.get(*i))
                .map(|row| row.iter().map(|value| *value as f32).collect())
                .collect();
            let residuals = inverse.part(&rows).inverse(0.0).times(&right);
            let mut first = 0;
            for (picture, rows) in own() {
                let residual = residuals.get(first).map_or(&[][..], Vec::as_slice);
                let target = self.targets.get(rows.start).map_or(&[][..], Vec::as_slice);
                first += rows.len();
                let values = target.iter().zip(residual).map(|(t, r)| t - *r as f32);
                predicted.get_mut(picture).into_iter().for_each(|p| *p = values.clone().collect());
            }
        }
        predicted
    }

    /// The weights, a row for each feature.
    pub(super) fn weights(&self, inverse: &Inverse) -> Vec<Vec<f32>> {
        let solved = inverse.times(&self.targets);
        let n = self.mean.len();
        let width = solved.first().map_or(0, Vec::len);
        (0..n)
            .into_par_iter()
            .map(|j| {
                let mut sum = vec![0.0f64; width];
                for (features, solved) in self.features.iter().zip(&solved) {
                    let value = f64::from(features.get(j).copied().unwrap_or(0.0));
                    sum.iter_mut().zip(solved).for_each(|(s, a)| *s += value * a);
                }
                sum.into_iter().map(|s| s as f32).collect()
            })
            .collect()
    }
}

/// Deviations of the columns; those that hardly vary count as varying a little.
fn deviations(rows: &[Vec<f32>], centre: &[f32]) -> Vec<f32> {
    let mut squares = vec![0.0f64; centre.len()];
    for row in rows {
        for ((sum, value), mean) in squares.iter_mut().zip(row).zip(centre) {
            *sum += f64::from(value - mean).powi(2);
        }
    }
    let n = rows.len().max(1) as f64;
    let all = squares.iter().sum::<f64>() / (n * squares.len().max(1) as f64);
    let least = (1e-3 * all.sqrt()).max(1e-9);
    squares.into_iter().map(|sum| ((sum / n).sqrt() + least) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapt::chance::Chance;
    use crate::adapt::examples::Example;

    fn examples(n: usize, n_views: usize) -> Examples {
        let mut chance = Chance::new(3);
        let mut vector =
            |d: usize| -> Vec<f32> { (0..d).map(|_| chance.unit() as f32 - 0.5).collect() };
        let texts = (0..n).map(|_| vector(4)).collect();
        let pictures = (0..n)
            .map(|i| Example {
                id: i.to_string(),
                vector: vector(4),
                views: (0..n_views).map(|_| vector(6)).collect(),
                texts: vec![i],
            })
            .collect();
        Examples { pictures, texts }
    }

    /// Solves for the weights without a picture's fold and applies them to it.
    fn without(rows: &Rows, picture: usize, ridge: f64) -> Vec<f64> {
        let left_out = rows.pictures[picture].clone();
        let others =
            rows.pictures.iter().enumerate().filter(|(i, _)| i % N_FOLDS != picture % N_FOLDS);
        let kept: Vec<usize> = others.flat_map(|(_, rows)| rows.clone()).collect();
        let features: Vec<Vec<f32>> = kept.iter().map(|i| rows.features[*i].clone()).collect();
        let targets: Vec<Vec<f32>> = kept.iter().map(|i| rows.targets[*i].clone()).collect();
        let gram = Square::gram(&features);
        let solved = gram.inverse(ridge * rows.products.mean_diagonal()).times(&targets);
        let own = &rows.features[left_out.start];
        let mut sum = vec![0.0; 4];
        for (features, solved) in features.iter().zip(&solved) {
            let product: f64 =
                features.iter().zip(own).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            sum.iter_mut().zip(solved).for_each(|(s, a)| *s += product * a);
        }
        sum
    }

    #[test]
    fn leaving_a_fold_out_in_closed_form_is_leaving_it_out() {
        for n_views in [1, 3] {
            let rows = Rows::of(&examples(12, n_views));
            let predicted = rows.left_out(&rows.inverse(0.3));
            for (picture, predicted) in predicted.iter().enumerate() {
                for (fast, slow) in predicted.iter().zip(without(&rows, picture, 0.3)) {
                    assert!((f64::from(*fast) - slow).abs() < 1e-4, "{fast} {slow}");
                }
            }
        }
    }

    #[test]
    fn weights_predict_what_the_products_predict() {
        let rows = Rows::of(&examples(10, 1));
        let inverse = rows.inverse(0.1);
        let (weights, solved) = (rows.weights(&inverse), inverse.times(&rows.targets));
        for (i, features) in rows.features.iter().enumerate() {
            for j in 0..4 {
                let direct: f32 = features.iter().zip(&weights).map(|(x, w)| x * w[j]).sum();
                let dual: f64 = (0..10).map(|k| rows.products.get(i, k) * solved[k][j]).sum();
                assert!((f64::from(direct) - dual).abs() < 1e-4);
            }
        }
    }
}
