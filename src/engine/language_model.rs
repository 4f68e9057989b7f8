//! The language model's client and the threads that wait for it.

use super::error::EngineError;
use crate::llm::{Config, OpenAiGenerator};
use tokio::runtime::{Builder, Runtime};

/// One client for the life of a knowledge base, so that connections are used
/// again.
pub(super) struct LanguageModel {
    pub(super) generator: OpenAiGenerator,
    pub(super) runtime: Runtime,
}

impl LanguageModel {
    /// The configured client; `None` when none is configured.
    pub(super) fn new(config: &Config) -> Result<Option<Self>, EngineError> {
        let Some(generator) = OpenAiGenerator::new(config)? else { return Ok(None) };
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(EngineError::Runtime)?;
        Ok(Some(Self { generator, runtime }))
    }
}
