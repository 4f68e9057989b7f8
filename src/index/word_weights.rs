//! How much each word of a text tells among the fragments of an index.

use super::lexical::{LexicalError, LexicalIndex};
use std::ops::Range;
use tantivy::Term;
use tantivy::tokenizer::TokenStream;

/// A word of a text and how much it tells.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightedWord {
    /// Where it stands for the first time, in bytes of the text.
    pub range: Range<usize>,
    /// Its stem.
    pub stem: String,
    /// `ln(1 + (N - n + 0.5) / (n + 0.5))` for a word in `n` of `N` fragments, as in BM25.
    pub weight: f32,
    /// Whether any fragment holds it.
    pub is_held: bool,
}

impl LexicalIndex {
    /// Stemmed words of a text, each once, in order of appearance, with how much each
    /// tells; see [`WeightedWord::weight`].
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn weighted_words(&self, text: &str) -> Result<Vec<(String, f32)>, LexicalError> {
        let words = self.placed_words(text)?;
        Ok(words.into_iter().map(|word| (word.stem, word.weight)).collect())
    }

    /// As [`LexicalIndex::weighted_words`], with the place of each word.
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn placed_words(&self, text: &str) -> Result<Vec<WeightedWord>, LexicalError> {
        let failed = |source| LexicalError::Index { path: self.path.clone(), source };
        let searcher = self.reader.searcher();
        let n_all = searcher.num_docs() as f32;
        let weigh = |(stem, range): (String, Range<usize>)| {
            let n = searcher.doc_freq(&Term::from_field_text(self.fields.body, &stem))? as f32;
            let weight = (1.0 + (n_all - n + 0.5).max(0.0) / (n + 0.5)).ln();
            Ok(WeightedWord { range, stem, weight, is_held: n > 0.0 })
        };
        let words = self.stems(text).into_iter();
        words.map(weigh).collect::<tantivy::Result<_>>().map_err(failed)
    }

    /// How rare each word is, in `0..=1`: `ln((N + 1) / (n + 0.5)) / ln(N + 1)` for a word
    /// in `n` of `N` fragments, `n` at least 1. A word that is taken apart is as rare as
    /// its rarest part.
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn rarities(&self, words: &[String]) -> Result<Vec<f32>, LexicalError> {
        let failed = |source| LexicalError::Index { path: self.path.clone(), source };
        let searcher = self.reader.searcher();
        let n_all = searcher.num_docs() as f32;
        let rare = |part: &String| {
            let n = searcher.doc_freq(&Term::from_field_text(self.fields.body, part))?;
            Ok(((n_all + 1.0) / (n.max(1) as f32 + 0.5)).ln() / (n_all + 1.0).ln().max(1.0))
        };
        let rarest = |word: &String| {
            let parts = self.words(word);
            let parts: tantivy::Result<Vec<f32>> = parts.iter().map(rare).collect();
            Ok(parts?.into_iter().fold(0.0, f32::max).min(1.0))
        };
        words.iter().map(rarest).collect::<tantivy::Result<_>>().map_err(failed)
    }

    /// Stemmed words of a text, each once, in order of appearance.
    pub fn words(&self, text: &str) -> Vec<String> {
        self.stems(text).into_iter().map(|(stem, _)| stem).collect()
    }

    fn stems(&self, text: &str) -> Vec<(String, Range<usize>)> {
        let mut analyzer = self.analyzer.clone();
        let mut stream = analyzer.token_stream(text);
        let mut stems: Vec<(String, Range<usize>)> = Vec::new();
        while let Some(token) = stream.next() {
            if !stems.iter().any(|(known, _)| *known == token.text) {
                stems.push((token.text.clone(), token.offset_from..token.offset_to));
            }
        }
        stems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{LexicalConfig, LexicalDocument};
    use crate::model::{AccessLabel, FragmentId};

    #[test]
    fn words_have_their_place_and_rare_ones_tell_more() {
        let folder = tempfile::tempdir().unwrap();
        let label = AccessLabel("public".into());
        let ids = ["f:1", "f:2"].map(FragmentId::from_iri);
        let documents = ids
            .iter()
            .zip(["Pumps and seals", "A pump"])
            .map(|(id, body)| LexicalDocument { id, label: &label, title: "", headings: "", body });
        LexicalIndex::build(folder.path(), documents).unwrap();
        let index = LexicalIndex::open(folder.path(), LexicalConfig::default()).unwrap();
        let text = "Seal the pumps: a pump without gaskets";
        let words = index.placed_words(text).unwrap();
        let word = |stem: &str| words.iter().find(|word| word.stem == stem).unwrap();
        assert_eq!(text.get(word("pump").range.clone()), Some("pumps"));
        assert_eq!(text.get(word("seal").range.clone()), Some("Seal"));
        assert!(word("gasket").weight > word("seal").weight);
        assert!(word("seal").weight > word("pump").weight);
        assert_eq!(["gasket", "seal", "pump"].map(|w| word(w).is_held), [false, true, true]);
        assert_eq!(words.iter().filter(|word| word.stem == "pump").count(), 1);
    }
}
