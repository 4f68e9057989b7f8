//! Which words of a question a fragment holds.

use super::view::{View, words_of};
use crate::index::WeightedWord;
use crate::model::FragmentId;
use std::collections::HashMap;

/// The words of a question and which fragments hold them.
pub(super) struct HeldWords<'v> {
    view: &'v View<'v>,
    /// Beginnings of words, lower case, with their weights.
    beginnings: Vec<(String, f32)>,
    total: f32,
    held: HashMap<FragmentId, u64>,
}

impl<'v> HeldWords<'v> {
    /// At most 64 words: one for each bit of a set.
    pub(super) fn of(view: &'v View<'v>, words: &[WeightedWord]) -> Self {
        let beginning = |WeightedWord { stem, weight, .. }: &WeightedWord| {
            // "berri" is the stem of "berry".
            let long = stem.chars().count() > 3 && stem.ends_with(['i', 'e']);
            let end = stem.len() - usize::from(long);
            (stem.get(..end).unwrap_or(stem).to_owned(), *weight)
        };
        let beginnings: Vec<(String, f32)> = words.iter().take(64).map(beginning).collect();
        let total = beginnings.iter().map(|(_, weight)| weight).sum::<f32>().max(1e-6);
        Self { view, beginnings, total, held: HashMap::new() }
    }

    /// The set of words that a fragment, its headings or its title hold.
    pub(super) fn held_by(&mut self, id: &FragmentId) -> u64 {
        if let Some(held) = self.held.get(id) {
            return *held;
        }
        let text = words_of(self.view.snapshot(), id);
        let mut held = 0;
        for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            for (bit, (beginning, _)) in self.beginnings.iter().enumerate() {
                if word.starts_with(beginning.as_str()) {
                    held |= 1 << bit;
                }
            }
        }
        self.held.insert(id.clone(), held);
        held
    }

    /// The weight of a set of words as a share of that of all.
    pub(super) fn share(&self, set: u64) -> f32 {
        let words = self.beginnings.iter().enumerate();
        let inside = words.filter(|(bit, _)| set >> bit & 1 == 1).map(|(_, (_, weight))| weight);
        inside.sum::<f32>() / self.total
    }
}
