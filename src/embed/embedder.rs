//! The border between texts and vectors.

use super::word_pieces::WordPieces;
use crate::model::Space;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use tokenizers::Tokenizer;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;

/// Turns texts into vectors of one space.
///
/// A new implementation must say which space it makes: two implementations
/// that share a [`Space`] must give the same vectors.
pub trait Embedder: Send + Sync {
    /// The space of every vector that this embedder makes.
    fn space(&self) -> &Space;

    /// Vectors of `texts`, in their order, each of `space().dimension`
    /// components. `progress` hears how many texts are done so far.
    ///
    /// # Errors
    /// When the model fails or gives a number that is not finite.
    fn embed(
        &self,
        texts: &[&str],
        role: TextRole,
        progress: &mut dyn FnMut(usize),
    ) -> Result<EmbeddedTexts, EmbedError>;

    /// Counts tokens as this embedder sees them.
    fn token_counter(&self) -> TokenCounter;

    /// The pieces of words that its model reads, each with a vector of its own; `None`
    /// where the model has none that can be read.
    fn word_pieces(&self) -> Option<Arc<WordPieces>> {
        None
    }
}

/// What a text is, for models that treat questions and passages differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextRole {
    /// A question.
    Query,
    /// A stretch of a document.
    Passage,
}

/// Vectors of a batch of texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EmbeddedTexts {
    /// One vector for each text, in the order of the texts.
    pub vectors: Vec<Vec<f32>>,
    /// How many texts were longer than the model reads, and were cut.
    pub n_truncated: usize,
}

/// A text model that cannot be loaded or used.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// The tokenizer file is not usable.
    #[error("the tokenizer of `{model}` cannot be used: {reason}")]
    Tokenizer {
        /// Model name.
        model: String,
        /// What the tokenizer library says.
        reason: String,
    },
    /// The model cannot be loaded or run.
    #[error("model `{model}` failed while {doing}")]
    Model {
        /// Model name.
        model: String,
        /// What was going on.
        doing: &'static str,
        /// What the runtime says.
        #[source]
        source: ort::Error,
    },
    /// The output has another shape than the registry promises.
    #[error("model `{model}`: expected vectors of {expected} components, the model gives {found}")]
    Dimension {
        /// Model name.
        model: String,
        /// Components by the registry.
        expected: usize,
        /// Components found.
        found: usize,
    },
    /// A vector holds NaN or infinity.
    #[error("model `{model}` gave a number that is not finite for the text that begins `{text}`")]
    NotFinite {
        /// Model name.
        model: String,
        /// Begin of the text.
        text: String,
    },
    /// The files of a picture model do not fit together.
    #[error("model `{model}`: {reason}")]
    Layout {
        /// Model name.
        model: String,
        /// What was expected and what was found.
        reason: String,
    },
    /// The pooling named in the registry is unknown.
    #[error("model `{model}`: pooling `{pooling}` is not known; expected `mean` or `cls`")]
    Pooling {
        /// Model name.
        model: String,
        /// Pooling by the registry.
        pooling: String,
    },
}

/// Counts tokens the way a model's tokenizer does, without special tokens. Clones share
/// what they know.
#[derive(Clone)]
pub struct TokenCounter {
    shared: Arc<Shared>,
}

struct Shared {
    tokenizer: Tokenizer,
    /// Tokens that stand for something else than words: the begin of a text, what is
    /// not known.
    special: HashSet<u32>,
    /// Tokens of words that were counted before, where words are counted one by one.
    by_word: Option<Mutex<HashMap<String, usize>>>,
}

/// What always separates words, and never belongs to a token.
const SEPARATORS: [char; 4] = [' ', '\t', '\n', '\r'];
/// Words that are remembered at most.
const MAX_WORDS: usize = 1 << 16;

impl TokenCounter {
    pub(super) fn new(mut tokenizer: Tokenizer) -> Self {
        // Without truncation the whole text counts.
        let _ = tokenizer.with_truncation(None);
        let splits_at_spaces =
            matches!(tokenizer.get_pre_tokenizer(), Some(PreTokenizerWrapper::BertPreTokenizer(_)));
        let added = tokenizer.get_added_tokens_decoder();
        let by_word =
            splits_at_spaces && !added.values().any(|token| token.content.contains(SEPARATORS));
        let by_word = by_word.then(Mutex::default);
        let special = added.iter().filter(|(_, token)| token.special).map(|(id, _)| *id).collect();
        Self { shared: Arc::new(Shared { tokenizer, special, by_word }) }
    }

    /// Number of tokens of `text`; a text that the tokenizer refuses counts as
    /// one token for each character.
    ///
    /// Texts are cut by counting their parts again and again. Where tokens never reach
    /// beyond a space, the count of a text is the sum over its words, each of which is
    /// taken apart once.
    pub fn count(&self, text: &str) -> usize {
        let Some(by_word) = &self.shared.by_word else { return self.count_whole(text) };
        let mut known = by_word.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > MAX_WORDS {
            known.clear();
        }
        let words = text.split(SEPARATORS).filter(|word| !word.is_empty());
        let count = |word: &str| {
            known.get(word).copied().unwrap_or_else(|| {
                let n_tokens = self.count_whole(word);
                known.insert(word.to_owned(), n_tokens);
                n_tokens
            })
        };
        words.map(count).sum()
    }

    /// Whether the tokens of a text are those of its words, one after the other.
    pub(super) fn reads_words(&self) -> bool {
        self.shared.by_word.is_some()
    }

    /// Tokens of a word, without those that stand for something else than words; none
    /// when the tokenizer refuses it.
    pub(super) fn pieces_of(&self, word: &str) -> Vec<u32> {
        let encoding = self.shared.tokenizer.encode_fast(word, false);
        let pieces = encoding.map_or_else(|_| Vec::new(), |found| found.get_ids().to_vec());
        pieces.into_iter().filter(|piece| !self.shared.special.contains(piece)).collect()
    }

    fn count_whole(&self, text: &str) -> usize {
        self.shared
            .tokenizer
            .encode_fast(text, false)
            .map_or_else(|_| text.chars().count(), |encoding| encoding.len())
    }
}
