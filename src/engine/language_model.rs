//! The language model's client and the threads that wait for it.

use super::error::EngineError;
use crate::llm::{Config, OpenAiGenerator};
use tokio::runtime::{Builder, Runtime};

/// One client for the life of a knowledge base, so that connections are used
/// again.
pub(super) struct LanguageModel {
    pub(super) generator: OpenAiGenerator,
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
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
        Ok(Some(Self { generator, runtime: Some(runtime) }))
    }

    /// Waits for `future` on the calling thread, which must not be one that waits
    /// for the network itself.
    pub(super) fn wait_for<F: Future>(&self, future: F) -> F::Output {
        let runtime = self.runtime.as_ref().expect("it is taken only when dropped");
        runtime.block_on(future)
    }
}

impl Drop for LanguageModel {
    /// A runtime must not wait for its threads where others wait for the network.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
