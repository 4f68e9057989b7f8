//! Which words of a question a fragment holds.

use super::fragments::Map;
use super::seen::folded;
use super::view::View;
use crate::index::WeightedWord;

/// The words of a question and which fragments hold them.
pub(super) struct HeldWords<'v> {
    view: &'v View<'v>,
    beginnings: Beginnings,
    /// By the number of the fragment.
    held: Map<u32, u64>,
}

/// Beginnings of words, lower case, with their weights; at most 64, one for each bit of a
/// set.
struct Beginnings {
    words: Vec<(String, f32)>,
    total: f32,
    /// The set of those that begin with a byte.
    by_first: [u64; 256],
}

impl<'v> HeldWords<'v> {
    /// At most 64 words are looked for.
    pub(super) fn of(view: &'v View<'v>, words: &[WeightedWord]) -> Self {
        let words = words.iter().map(|word| (word.stem.as_str(), word.weight));
        Self { view, beginnings: Beginnings::of(words), held: Map::default() }
    }

    /// The set of words that the fragment of a number, its headings or its title hold.
    pub(super) fn held_by(&mut self, number: u32) -> u64 {
        if let Some(held) = self.held.get(&number) {
            return *held;
        }
        let snapshot = self.view.snapshot();
        let held = snapshot.fragments.at(number).map_or(0, |fragment| {
            let title = snapshot.documents.get(&fragment.document).map(|d| d.title.as_str());
            let headings = fragment.heading_path.iter().map(String::as_str);
            let texts = headings.chain(title).chain([fragment.text.as_str()]);
            texts.fold(0, |held, text| held | self.beginnings.held_by(text))
        });
        self.held.insert(number, held);
        held
    }

    /// The weight of a set of words as a share of that of all.
    pub(super) fn share(&self, set: u64) -> f32 {
        let words = self.beginnings.words.iter().enumerate();
        let inside = words.filter(|(bit, _)| set >> bit & 1 == 1).map(|(_, (_, weight))| weight);
        inside.sum::<f32>() / self.beginnings.total
    }
}

impl Beginnings {
    /// Of stems with their weights.
    fn of<'w>(stems: impl Iterator<Item = (&'w str, f32)>) -> Self {
        let beginning = |(stem, weight): (&str, f32)| {
            // "berri" is the stem of "berry".
            let long = stem.chars().count() > 3 && stem.ends_with(['i', 'e']);
            let end = stem.len() - usize::from(long);
            (stem.get(..end).unwrap_or(stem).to_owned(), weight)
        };
        let words: Vec<(String, f32)> = stems.take(64).map(beginning).collect();
        let total = words.iter().map(|(_, weight)| weight).sum::<f32>().max(1e-6);
        let mut by_first = [0; 256];
        for (bit, (word, _)) in words.iter().enumerate() {
            let first = word.as_bytes().first().copied().unwrap_or_default();
            if let Some(set) = by_first.get_mut(usize::from(first)) {
                *set |= 1 << bit;
            }
        }
        Self { words, total, by_first }
    }

    /// The set of those with which a word of the text begins.
    fn held_by(&self, text: &str) -> u64 {
        if text.is_ascii() {
            let words = text.as_bytes().split(|byte| !byte.is_ascii_alphanumeric());
            return words.fold(0, |held, word| held | self.begin(word, held));
        }
        let text = folded(text);
        let words = text.split(|c: char| !c.is_alphanumeric()).map(str::as_bytes);
        words.fold(0, |held, word| held | self.begin(word, held))
    }

    /// The set of those with which a word begins, without those of `known`.
    fn begin(&self, word: &[u8], known: u64) -> u64 {
        let Some(first) = word.first() else { return 0 };
        let first = usize::from(first.to_ascii_lowercase());
        let mut candidates = self.by_first.get(first).copied().unwrap_or_default() & !known;
        let mut found = 0;
        while candidates != 0 {
            let bit = candidates.trailing_zeros();
            candidates &= candidates - 1;
            let beginning = self.words.get(bit as usize).map_or(&[][..], |(b, _)| b.as_bytes());
            let same =
                word.get(..beginning.len()).is_some_and(|b| b.eq_ignore_ascii_case(beginning));
            found |= u64::from(same) << bit;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(stems: &[&str], text: &str, expected: &[&str]) {
        let beginnings = Beginnings::of(stems.iter().map(|stem| (*stem, 1.0)));
        let held = beginnings.held_by(text);
        let found = stems.iter().enumerate().filter(|(bit, _)| held >> bit & 1 == 1);
        let found: Vec<&str> = found.map(|(_, stem)| *stem).collect();
        assert_eq!(found, expected, "in `{text}`");
    }

    #[test]
    fn words_are_found_by_their_beginning_whatever_their_case() {
        let stems = ["berri", "pump", "seal", "größ", "e17"];
        check(&stems, "Berries near PUMPS", &["berri", "pump"]);
        check(&stems, "a resealed impump, pum", &[]);
        check(&stems, "Die GRÖSSE; Größe E17-seal", &["seal", "größ", "e17"]);
        check(&stems, "", &[]);
    }

    #[test]
    fn of_more_than_64_words_the_first_are_looked_for() {
        let stems: Vec<String> = (0..70).map(|n| format!("word{n:02}")).collect();
        let beginnings = Beginnings::of(stems.iter().map(|stem| (stem.as_str(), 1.0)));
        assert_eq!(beginnings.held_by("word00 word63 word64"), 1 | 1 << 63);
    }

    proptest! {
        #[test]
        fn every_word_is_compared_with_every_beginning(
            stems in prop::collection::vec("[a-c]{1,3}", 1..20), text in "[a-cA-Cä ,.]{0,60}"
        ) {
            let beginnings = Beginnings::of(stems.iter().map(|stem| (stem.as_str(), 1.0)));
            let text_in_words = folded(&text);
            let words: Vec<&str> = text_in_words
                .split(|c: char| !c.is_alphanumeric())
                .filter(|word| !word.is_empty())
                .collect();
            for (bit, (beginning, _)) in beginnings.words.iter().enumerate() {
                let expected = words.iter().any(|word| word.starts_with(beginning.as_str()));
                prop_assert_eq!(beginnings.held_by(&text) >> bit & 1 == 1, expected);
            }
        }
    }
}
