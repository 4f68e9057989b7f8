//! What asking a language model about documents gave.

use crate::extract::Rejection;
use crate::llm::TokenUsage;
use std::collections::BTreeMap;

/// What an extraction did.
#[derive(Clone, Debug, Default)]
pub struct ExtractOutcome {
    /// Fragments that were read in this run.
    pub n_asked: usize,
    /// Fragments that were read before, by the same model in the same terms.
    pub n_known: usize,
    /// Statements that the text carries, of this run.
    pub n_accepted: usize,
    /// Statements of this run that were left out, by reason.
    pub rejected: BTreeMap<Rejection, usize>,
    /// Tokens of this run.
    pub usage: TokenUsage,
    /// Whether the server knows no schemas and was asked for JSON in words.
    pub in_words: bool,
    /// Documents that the settings name and their access labels hold back.
    pub n_held_back: usize,
    /// Documents that were not read, or not to their end, each with its reason.
    pub unasked: Vec<Unasked>,
    /// Duration in seconds.
    pub seconds: f64,
}

/// A document that was not read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unasked {
    /// Its source path.
    pub source: String,
    /// Why.
    pub reason: String,
}
