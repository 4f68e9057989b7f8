//! A language model behind an OpenAI-compatible API, asked for text.
//!
//! [`Generator`] is the border: a [`ChatPrompt`] goes in, a stream of text comes
//! out. [`OpenAiGenerator`] speaks to any server with `/chat/completions`, and asks
//! for output that follows a JSON schema, with what it cost
//! ([`OpenAiGenerator::complete`]).
//!
//! The module knows nothing about evidence, citations or answers, reads no
//! environment variable and contacts nobody before [`Generator::generate`] is
//! called. Without [`Config::base_url`] there is no generator at all. Errors
//! separate what the user can mend (key, model name, address) from a server
//! that is not there or stops answering.
//!
//! ```
//! use veritrail::llm::{Config, OpenAiGenerator};
//!
//! let config = Config::default();
//! assert!(OpenAiGenerator::new(&config).unwrap().is_none());
//! ```

mod config;
mod counts;
mod error;
mod generator;
mod openai;
#[cfg(test)]
pub(crate) mod scripted_server;
mod secret;
mod structured;

pub use config::{Config, Sampling, Timeouts};
pub use counts::CallTotals;
pub use error::{GenerateError, SetupError, Stage};
pub use generator::{ChatPrompt, Delta, DeltaStream, Generator, Message, Role};
pub use openai::OpenAiGenerator;
pub use secret::Secret;
pub use structured::{Completion, OutputForm, OutputSchema, TokenUsage};
