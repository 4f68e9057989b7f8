//! How well a fragment says the words of a question, also in other words.

use crate::embed::PieceVector;
use crate::index::byte_scores;

/// Words of a question that are looked for, those that tell most. Questions that tell a
/// whole story have hundreds, and the rest of them tells little.
const MAX_WORDS: usize = 64;

/// A word of a question.
#[derive(Clone, Debug)]
pub(super) struct AskedWord {
    /// How much it tells, its inverse fragment frequency.
    pub(super) weight: f32,
    /// The pieces that the text model makes of it, each once.
    pub(super) pieces: Vec<u32>,
}

/// How well each fragment, given as the set of its pieces, says the words `w` of a
/// question:
///
/// `sum over w of weight(w) * sum over q in w of max over p of cos(q, p) / sum over w of weight(w) * |w|`
///
/// with `q` the pieces of a word, `|w|` of them, and `p` those of the fragment: sums of
/// maxima as of Khattab and Zaharia ("ColBERT", 2020), with vectors that do not depend on
/// where a piece stands. A fragment without pieces that have a vector says nothing: 0.
pub(super) fn soft_matches<'v>(
    vector: impl Fn(u32) -> Option<PieceVector<'v>>,
    mut words: Vec<AskedWord>,
    fragments: &[Vec<u32>],
) -> Vec<f32> {
    words.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    words.truncate(MAX_WORDS);
    let asked = AskedPieces::of(&vector, &words);
    let n = asked.ids.len();
    let total: f32 = words.iter().map(|word| word.weight * word.pieces.len() as f32).sum();
    if n == 0 || total <= 0.0 {
        return vec![0.0; fragments.len()];
    }
    // Fragments about one thing share most of their pieces; each is compared once.
    let mut all = fragments.concat();
    all.sort_unstable();
    all.dedup();
    all.retain(|piece| vector(*piece).is_some());
    let cosines = asked.cosines(&vector, &all);
    let places: Vec<(f32, Vec<usize>)> =
        words.iter().map(|word| (word.weight, asked.places(&word.pieces))).collect();
    let mut best = vec![0f32; n];
    let said = |pieces: &Vec<u32>| {
        best.fill(f32::NEG_INFINITY);
        for row in pieces.iter().filter_map(|piece| all.binary_search(piece).ok()) {
            let row = cosines.get(row * n..(row + 1) * n).unwrap_or_default();
            for (best, cosine) in best.iter_mut().zip(row) {
                *best = best.max(*cosine);
            }
        }
        if best.contains(&f32::NEG_INFINITY) {
            return 0.0;
        }
        let sum = |places: &[usize]| -> f32 { places.iter().filter_map(|n| best.get(*n)).sum() };
        places.iter().map(|(weight, places)| weight * sum(places)).sum::<f32>() / total
    };
    fragments.iter().map(said).collect()
}

/// The pieces of a question, each once.
struct AskedPieces {
    /// Ascending.
    ids: Vec<u32>,
    /// Their numbers, row by row.
    rows: Vec<i8>,
    lengths: Vec<f32>,
}

impl AskedPieces {
    fn of<'v>(vector: &impl Fn(u32) -> Option<PieceVector<'v>>, words: &[AskedWord]) -> Self {
        let mut ids: Vec<u32> = words.iter().flat_map(|word| &word.pieces).copied().collect();
        ids.sort_unstable();
        ids.dedup();
        let (mut rows, mut lengths) = (Vec::new(), Vec::new());
        ids.retain(|id| {
            let found = vector(*id);
            if let Some(vector) = found {
                rows.extend(vector.numbers);
                lengths.push(vector.length);
            }
            found.is_some()
        });
        Self { ids, rows, lengths }
    }

    /// Where pieces of a word stand among all of them.
    fn places(&self, pieces: &[u32]) -> Vec<usize> {
        pieces.iter().filter_map(|piece| self.ids.binary_search(piece).ok()).collect()
    }

    /// Cosines of `others` with the pieces of the question, a row for each of `others`.
    fn cosines<'v>(
        &self,
        vector: &impl Fn(u32) -> Option<PieceVector<'v>>,
        others: &[u32],
    ) -> Vec<f32> {
        let mut cosines = Vec::with_capacity(others.len() * self.ids.len());
        let mut products = Vec::new();
        for vector in others.iter().filter_map(|other| vector(*other)) {
            byte_scores(vector.numbers, &self.rows, &mut products);
            let lengths = self.lengths.iter().map(|length| length * vector.length);
            cosines.extend(products.iter().zip(lengths).map(|(sum, by)| *sum as f32 / by));
        }
        cosines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces by direction: 1 and 2 are near to each other, 3 is across, 4 opposite to 1.
    const NUMBERS: [[i8; 2]; 4] = [[100, 0], [80, 60], [0, 100], [-100, 0]];

    fn vector(piece: u32) -> Option<PieceVector<'static>> {
        let numbers = NUMBERS.get(usize::try_from(piece).ok()?.checked_sub(1)?)?;
        Some(PieceVector { numbers, length: 100.0 })
    }

    fn word(weight: f32, pieces: &[u32]) -> AskedWord {
        AskedWord { weight, pieces: pieces.to_vec() }
    }

    fn check(words: &[AskedWord], fragments: &[&[u32]], expected: &[f32]) {
        let fragments: Vec<Vec<u32>> = fragments.iter().map(|pieces| pieces.to_vec()).collect();
        let found = soft_matches(vector, words.to_vec(), &fragments);
        assert_eq!(found.len(), expected.len());
        let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(near, "{found:?}, expected {expected:?}");
    }

    #[test]
    fn a_near_word_counts_more_than_a_far_one() {
        check(&[word(2.0, &[1])], &[&[1, 3], &[2, 3], &[3], &[4]], &[1.0, 0.8, 0.0, -1.0]);
    }

    #[test]
    fn pieces_count_by_what_their_words_tell() {
        check(&[word(3.0, &[1]), word(1.0, &[3])], &[&[1], &[3]], &[0.75, 0.25]);
        check(&[word(1.0, &[1, 3])], &[&[1], &[2]], &[0.5, 0.7]);
        check(&[word(1.0, &[1]), word(1.0, &[2, 3])], &[&[1], &[3]], &[0.6, 1.6 / 3.0]);
    }

    #[test]
    fn what_has_no_vector_is_near_to_nothing() {
        check(&[word(1.0, &[9]), word(1.0, &[1])], &[&[1, 9], &[9], &[]], &[0.5, 0.0, 0.0]);
        check(&[word(1.0, &[9])], &[&[1]], &[0.0]);
        check(&[], &[&[1]], &[0.0]);
    }

    #[test]
    fn only_the_words_that_tell_most_are_looked_for() {
        let mut words = vec![word(0.1, &[3]); MAX_WORDS];
        words.push(word(50.0, &[1]));
        let found = soft_matches(vector, words, &[vec![1], vec![3]]);
        assert!(found.first() > found.last(), "{found:?}");
    }
}
