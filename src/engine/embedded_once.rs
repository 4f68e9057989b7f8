//! Sentences of one answer, each embedded once.

use crate::embed::{EmbedError, Embedder, TextRole};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Remembers the vectors of an answer's sentences while it is made: each piece of
/// evidence is compared again with every sentence that a language model writes.
pub(super) struct EmbeddedOnce {
    embedder: Arc<dyn Embedder>,
    known: Mutex<HashMap<String, Vec<f32>>>,
}

impl EmbeddedOnce {
    pub(super) fn new(embedder: Arc<dyn Embedder>) -> Self {
        Self { embedder, known: Mutex::default() }
    }

    /// Vectors of the texts, in their order.
    pub(super) fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut new: Vec<&str> =
            texts.iter().copied().filter(|text| !known.contains_key(*text)).collect();
        new.sort_unstable();
        new.dedup();
        if !new.is_empty() {
            let embedded = self.embedder.embed(&new, TextRole::Query, &mut |_| {})?;
            known.extend(new.into_iter().map(str::to_owned).zip(embedded.vectors));
        }
        Ok(texts.iter().filter_map(|text| known.get(*text).cloned()).collect())
    }

    /// Tokens of a text as the model counts them.
    pub(super) fn count_tokens(&self, text: &str) -> usize {
        self.embedder.token_counter().count(text)
    }
}
