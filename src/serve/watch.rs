//! Measuring drift by itself while serving.

use super::app::App;
use crate::engine::{Drift, EngineError, IndexState};
use crate::model::DriftAlert;
use std::sync::{Arc, Mutex, PoisonError, TryLockError, Weak};
use std::time::Duration;

/// A new measurement is worth its time when this share of the window is new.
const NEW_SHARE: f64 = 0.25;

/// What was measured last.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    pub(super) drift: Drift,
    pub(super) index: IndexState,
    /// Number of records then.
    n_records: u64,
}

/// Measurements, one at a time.
#[derive(Default)]
pub(super) struct Watch {
    last: Mutex<Option<Arc<Watched>>>,
    measuring: Mutex<()>,
}

impl Watch {
    /// What was measured last; none since the start.
    pub(super) fn last(&self) -> Option<Arc<Watched>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Measures drift and records it, unless that is being done already. Takes its time: for
/// threads that may block.
///
/// # Errors
/// When the knowledge base cannot be read or written.
pub(super) fn measure(app: &App) -> Result<Option<Vec<DriftAlert>>, EngineError> {
    let _measuring = match app.watch.measuring.try_lock() {
        Ok(measuring) => measuring,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => return Ok(None),
    };
    let kept = app.knowledge_base();
    let n_records = kept.n_sealed()?;
    let drift = kept.measure_drift()?;
    // Documents change with the generation alone.
    let known = app.watch.last().filter(|last| last.index.generation == drift.generation);
    let index = match known {
        Some(known) => known.index.clone(),
        None => kept.measure_index()?,
    };
    let alerts = kept.record_drift(&drift, Some(&index))?;
    let watched = Arc::new(Watched { drift, index, n_records });
    *app.watch.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(watched);
    Ok(Some(alerts))
}

/// Measures again and again until the app is gone; each time as one of the requests that
/// compute, so that answering waits no longer for it than for another question.
pub(super) async fn watch(app: Weak<App>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        let Some(app) = app.upgrade() else { return };
        let Ok(place) = Arc::clone(&app.places).acquire_owned().await else { return };
        let measured = tokio::task::spawn_blocking(move || {
            let _place = place;
            if is_new(&app)? { measure(&app) } else { Ok(None) }
        });
        if let Ok(Err(error)) = measured.await {
            tracing::error!(%error, "drift cannot be measured");
        }
    }
}

/// Whether enough has happened since the last measurement.
fn is_new(app: &App) -> Result<bool, EngineError> {
    let Some(last) = app.watch.last() else { return Ok(true) };
    let kept = app.knowledge_base();
    let n_new = kept.n_sealed()?.saturating_sub(last.n_records);
    let window = kept.config().drift.window_answers as f64;
    let generation = kept.current()?.map(|generation| generation.name().to_owned());
    Ok(n_new as f64 >= (window * NEW_SHARE).max(1.0) || generation != last.drift.generation)
}
