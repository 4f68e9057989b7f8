//! Which pictures a head moves: those that are nearer to what it was learned from than
//! to pictures of check sets, which it must leave alone.
//!
//! The pictures of check sets are split in two halves. When one of them is judged, only
//! those of the other half speak for leaving it alone, so that what a check set loses is
//! what pictures like it lose, not what its own pictures do.

use super::chance::spread;
use super::examples::{Example, Examples, is_held_back, unit};
use super::ridge::{N_FOLDS, Rows};
use crate::embed::{Head, mixed};
use crate::index::dot;
use rayon::prelude::*;
use std::ops::Range;

/// Pictures that a head leaves alone and remembers, of both halves, at most.
const MAX_OTHERS: usize = 512;

/// Pictures that a head must leave alone: standardised features of unit length.
pub(super) struct Others {
    halves: [Vec<Vec<f32>>; 2],
}

impl Others {
    /// Pictures at equal distances of every check set, as many of each.
    pub(super) fn of(checks: &[Examples], head: &Head) -> Self {
        let limit = MAX_OTHERS / 2 / checks.len().max(1);
        let half = |second: bool| {
            let of_check = |check: &Examples| -> Vec<Vec<f32>> {
                let own: Vec<&Example> =
                    check.pictures.iter().filter(|p| in_second_half(p) == second).collect();
                let chosen = spread(own.len(), limit);
                let chosen = chosen.iter().filter_map(|i| own.get(*i));
                chosen.map(|picture| unit(standardised(picture, head))).collect()
            };
            checks.iter().flat_map(of_check).collect()
        };
        Self { halves: [half(false), half(true)] }
    }

    /// The cosine of each picture to the nearest of them, 0 where there is none.
    pub(super) fn nearest(&self, examples: &Examples, head: &Head) -> Vec<f32> {
        let pictures = examples.pictures.par_iter();
        pictures
            .map(|picture| {
                let x = unit(standardised(picture, head));
                nearest(&x, self.halves.iter().flatten()).unwrap_or(0.0)
            })
            .collect()
    }

    /// All of them, one row after the other.
    pub(super) fn into_rows(self) -> Vec<f32> {
        self.halves.into_iter().flatten().flatten().collect()
    }
}

fn in_second_half(picture: &Example) -> bool {
    is_held_back(&picture.id, 0.5, 0)
}

fn standardised(picture: &Example, head: &Head) -> Vec<f32> {
    head.standardised(picture.views.first().map_or(&[], Vec::as_slice))
}

fn nearest<'a>(x: &[f32], rows: impl Iterator<Item = &'a Vec<f32>>) -> Option<f32> {
    rows.map(|row| dot(x, row)).reduce(f32::max)
}

/// The cosine of each whole picture to the nearest row of a picture of another fold.
pub(super) fn nearest_others(rows: &Rows) -> Vec<f32> {
    let length = |i: usize| rows.products.get(i, i).max(f64::MIN_POSITIVE).sqrt();
    let nearest = |(fold, own): (usize, &Range<usize>)| {
        let others =
            rows.pictures.iter().enumerate().filter(|(i, _)| i % N_FOLDS != fold % N_FOLDS);
        others
            .flat_map(|(_, rows)| rows.clone())
            .map(|j| (rows.products.get(own.start, j) / (length(own.start) * length(j))) as f32)
            .fold(-1.0, f32::max)
    };
    rows.pictures.par_iter().enumerate().map(nearest).collect()
}

/// Where the gate opens and is open, from quantiles of the margins of the pictures that
/// are learned from.
pub(super) fn gate_ends(margins: &[f32], (low, high): (f64, f64)) -> (f32, f32) {
    let mut sorted = margins.to_vec();
    sorted.sort_by(f32::total_cmp);
    let at = |share: f64| {
        let i = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
        sorted.get(i).copied().unwrap_or(0.0)
    };
    let low_end = at(low);
    (low_end, at(high).max(low_end + 1e-3))
}

/// Pictures of a check set with what the head would make of each.
pub(super) struct Check<'a> {
    examples: &'a Examples,
    directions: Vec<Vec<f32>>,
    margins: Vec<f32>,
    before: f64,
}

impl<'a> Check<'a> {
    /// `head` knows no others yet.
    pub(super) fn of(examples: &'a Examples, head: &Head, others: &Others) -> Self {
        let [first, second] = &others.halves;
        let (directions, margins) = examples
            .pictures
            .par_iter()
            .map(|picture| {
                let x = standardised(picture, head);
                let not_its_own = if in_second_half(picture) { first } else { second };
                let other = nearest(&unit(x.clone()), not_its_own.iter()).unwrap_or(0.0);
                (head.direction(&x), head.margin(&x) - other)
            })
            .unzip();
        let before = recall_10(examples, &examples.vectors());
        Self { examples, directions, margins, before }
    }

    /// Recall@10 of texts that is lost.
    pub(super) fn loss(&self, share: f32, ends: (f32, f32)) -> f64 {
        self.before - recall_10(self.examples, &self.vectors(share, ends))
    }

    /// The vectors of its pictures.
    pub(super) fn vectors(&self, share: f32, ends: (f32, f32)) -> Vec<Vec<f32>> {
        moved(self.examples, &self.directions, &self.margins, share, ends)
    }
}

/// Share of texts with a right picture among the first ten.
pub(super) fn recall_10(examples: &Examples, vectors: &[Vec<f32>]) -> f64 {
    let places = examples.places_of_texts(vectors, None);
    places.iter().filter(|place| **place <= 10).count() as f64 / places.len().max(1) as f64
}

/// The vectors of pictures with these directions and margins.
pub(super) fn moved(
    examples: &Examples,
    directions: &[Vec<f32>],
    margins: &[f32],
    share: f32,
    (low, high): (f32, f32),
) -> Vec<Vec<f32>> {
    let pictures = examples.pictures.par_iter().zip(directions).zip(margins);
    pictures
        .map(|((picture, direction), margin)| {
            let gate = ((margin - low) / (high - low)).clamp(0.0, 1.0);
            mixed(&picture.vector, direction, share * gate)
        })
        .collect()
}
