//! `/api/drift`: whether what is asked and known is still what it was.

use super::app::App;
use super::caller::Caller;
use super::error::ApiError;
use super::watch::{Watched, measure};
use crate::engine::{Copies, Counted, IndexState};
use crate::model::{DriftAlert, Permission};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::task::spawn_blocking;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Measurements told of at most, the latest.
const MOST_MEASUREMENTS: usize = 200;
/// Alerts told of at most, the latest.
const MOST_ALERTS: usize = 100;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(last_drift, measure_drift))
}

/// What was measured last, earlier measurements, and alerts. It names folders and
/// documents, so that only who sees every label gets it.
#[utoipa::path(
    get,
    path = "/api/drift",
    tag = "operations",
    responses(
        (status = 200, body = Object, description = "`drift` and `index` as measured last, null before the first time; `measurements` and `alerts`, the latest first"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not see how the service runs, or not every document")
    )
)]
async fn last_drift(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Value>, ApiError> {
    caller.require(Permission::Operate)?;
    caller.require_all_labels()?;
    Ok(Json(spawn_blocking(move || told(&app)).await??))
}

/// Measures drift now, and records it. Takes its time, and answering goes on.
#[utoipa::path(
    post,
    path = "/api/drift",
    tag = "operations",
    responses(
        (status = 200, body = Object, description = "What was measured, as `GET` tells it"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not see how the service runs, or not every document"),
        (status = 409, description = "It is being measured already")
    )
)]
async fn measure_drift(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Json<Value>, ApiError> {
    caller.require(Permission::Operate)?;
    caller.require_all_labels()?;
    let measured = spawn_blocking(move || {
        if measure(&app)?.is_none() {
            let message = "drift is being measured already; ask for it later".to_owned();
            return Err(ApiError::refused(StatusCode::CONFLICT, "measuring", message));
        }
        told(&app)
    });
    Ok(Json(measured.await??))
}

fn told(app: &App) -> Result<Value, ApiError> {
    let kept = app.knowledge_base();
    let mut alerts: Vec<DriftAlert> = kept.drift_alerts()?;
    let n_open = alerts.iter().filter(|alert| alert.decided.is_none()).count();
    alerts.truncate(MOST_ALERTS);
    let measurements = kept.drift_measurements()?;
    let measurements: Vec<Value> = measurements
        .iter()
        .rev()
        .take(MOST_MEASUREMENTS)
        .map(|one| {
            json!({
                "measured_at": one.measured_at,
                "n_alarms": one.n_alarms,
                "p_value": one.p_value,
            })
        })
        .collect();
    let last = app.watch.last();
    let last = last.as_deref();
    let served = app.snapshot().generation().name().to_owned();
    Ok(json!({
        "every_minutes": kept.config().drift.every_minutes,
        "drift": last.map(|last| &last.drift),
        "index": last.map(|last| of_now(last, &served)),
        "n_open_alerts": n_open,
        "alerts": alerts,
        "measurements": measurements,
    }))
}

/// The state of the index without names that may be gone by now.
fn of_now(last: &Watched, served: &str) -> IndexState {
    let mut index = last.index.clone();
    if index.generation.as_deref() != Some(served) {
        let unnamed = |counted: &Counted| Counted { n: counted.n, first: Vec::new() };
        index.stale = unnamed(&index.stale);
        index.orphaned_entities = unnamed(&index.orphaned_entities);
        index.violations = unnamed(&index.violations);
        index.copies = Vec::<Copies>::new();
    }
    index
}
