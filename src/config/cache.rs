//! What is remembered between questions.

use serde::{Deserialize, Serialize};

/// Sizes of caches, in MiB; 0 switches one off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CacheConfig {
    /// Vectors of questions and of sentences that were compared with them, by space
    /// and text.
    pub embeddings_mib: u64,
    /// What was found for a question, by generation, labels, question and options.
    pub retrievals_mib: u64,
    /// Questions that are embedded in one run at most, when several wait.
    pub batch_texts: usize,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self { embeddings_mib: 64, retrievals_mib: 32, batch_texts: 32 }
    }
}
