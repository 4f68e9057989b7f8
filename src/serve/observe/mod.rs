//! What the service tells about itself: metrics, traces and one log line for each
//! request.
//!
//! Routes are named by their template, principals by a digest of their name; no
//! question, document text, prompt or key is in any of it.

mod metrics;
mod process;
mod request;
mod scrape;
mod traces;

pub(super) use request::{ErrorCode, Observed, observe};
pub(super) use scrape::state_of;
pub use traces::TraceSetupError;

use super::app::App;
use crate::config::ObserveConfig;
use metrics::Metrics;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use traces::Traces;

/// Counting the quads reads the whole graph.
const BETWEEN_COUNTS: Duration = Duration::from_secs(600);

/// Counts and traces since the start.
pub(super) struct Observer {
    pub(super) metrics: Metrics,
    traces: Option<Traces>,
    quads: Mutex<QuadCount>,
}

#[derive(Default)]
struct QuadCount {
    n_quads: Option<usize>,
    /// The generation of the count, and when it was begun.
    begun: Option<(String, Instant)>,
}

impl Observer {
    /// # Errors
    /// When the address of the collector cannot be used.
    pub(super) fn new(config: &ObserveConfig) -> Result<Self, TraceSetupError> {
        Ok(Self { metrics: Metrics::new(), traces: Traces::new(config)?, quads: Mutex::default() })
    }

    /// Quads in the graph as last counted.
    fn n_quads(&self) -> Option<usize> {
        self.quads.lock().unwrap_or_else(PoisonError::into_inner).n_quads
    }

    /// Counts the quads where the count is of another generation or old. Takes its
    /// time: for threads that may block.
    pub(super) fn count_quads(app: &Arc<App>) {
        let quads = &app.observer().quads;
        let lock = || quads.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = app.snapshot().generation().name().to_owned();
        let mut known = lock();
        if known.begun.as_ref().is_some_and(|(counted, begun)| {
            *counted == generation && begun.elapsed() < BETWEEN_COUNTS
        }) {
            return;
        }
        known.begun = Some((generation, Instant::now()));
        drop(known);
        match app.knowledge_base().n_quads() {
            Ok(n_quads) => lock().n_quads = Some(n_quads),
            Err(error) => tracing::warn!(%error, "the quads of the graph cannot be counted"),
        }
    }

    /// Sends what was traced and not sent yet. Waits for the collector: for threads
    /// that may block.
    pub(super) fn flush(&self) {
        if let Some(traces) = &self.traces {
            traces.shut_down();
        }
    }
}
