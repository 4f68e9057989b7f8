//! What can be said, and which evidence carries it?
//!
//! Turns evidence into an answer whose every sentence quotes the evidence it
//! cites, or abstains. Sentence vectors come from the caller.

mod extractive;
mod sentences;

pub use extractive::{AnswerConfig, SentenceVectors, extractive};
pub use sentences::{SourceSentence, readable, sentences};
