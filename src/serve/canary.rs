//! `/api/generations/canary`: a generation on trial, and measuring it.

use super::app::App;
use super::caller::Caller;
use super::error::ApiError;
use super::generations::{promoted_by, unknown};
use crate::engine::{CanaryReport, EngineError};
use crate::model::{
    AnswerId, AnswerRecord, Digest, DocumentId, Opinion, Permission, Query, ServedArm, Stopwatch,
};
use crate::retrieve::{RetrievalMode, Snapshot};
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Documents of either generation that are compared.
const COMPARED_DOCUMENTS: usize = 10;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(show_canary))
        .routes(routes!(start_canary))
        .routes(routes!(stop_canary))
}

/// Which generation shall answer which share of the askers, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CanaryRequest {
    /// The generation, by the beginning of its name.
    generation: String,
    /// Share of the askers, above 0 and below 1.
    share: f64,
    /// Why, at most 1000 characters.
    reason: Option<String>,
    /// Whether it shall be tried whatever the golden sets say.
    #[serde(default)]
    force: bool,
}

/// Why the canary shall end.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CanaryStop)]
struct StopRequest {
    /// Why, at most 1000 characters.
    reason: Option<String>,
}

/// A canary, or that there is none.
#[derive(Debug, Serialize)]
struct CanaryBody {
    /// Whether a generation is tried now.
    running: bool,
    /// What it has shown, or the last one had when it ended.
    canary: Option<CanaryReport>,
}

impl From<Option<CanaryReport>> for CanaryBody {
    fn from(canary: Option<CanaryReport>) -> Self {
        Self { running: canary.as_ref().is_some_and(|canary| canary.ended.is_none()), canary }
    }
}

/// The generation on trial beside the one that answers, with intervals; without one, the
/// last that was tried and how that ended.
#[utoipa::path(
    get,
    path = "/api/generations/canary",
    tag = "generations",
    responses(
        (status = 200, body = Object, description = "Counts of both sides, each measure with its interval, and how it ended"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not see how the service runs")
    )
)]
async fn show_canary(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Json<CanaryBody>, ApiError> {
    caller.require(Permission::Operate)?;
    let report = spawn_blocking(move || app.knowledge_base().canary_report()).await??;
    Ok(Json(report.into()))
}

/// Lets a generation answer a share of the askers, each always the same one. A breached
/// guardrail ends it.
#[utoipa::path(
    post,
    path = "/api/generations/canary",
    tag = "generations",
    request_body = CanaryRequest,
    responses(
        (status = 200, body = Object, description = "The canary"),
        (status = 400, description = "The reason is too long, or the body is no JSON"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not choose what answers"),
        (status = 404, description = "There is no such generation"),
        (status = 409, description = "One is tried already, this one answers already, the share is none, or the gate refuses it"),
        (status = 415, description = "The body is not declared as JSON"),
        (status = 422, description = "A field is missing or wrong")
    )
)]
async fn start_canary(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Result<Json<CanaryRequest>, JsonRejection>,
) -> Result<Json<CanaryBody>, ApiError> {
    caller.require(Permission::Promote)?;
    let Json(CanaryRequest { generation, share, reason, force }) = request?;
    let by = promoted_by(&caller, reason)?;
    let started = spawn_blocking(move || {
        let generation = app.knowledge_base().find_generation(&generation).map_err(unknown)?;
        app.start_canary(&generation, share, &by, !force).map_err(unknown)?;
        app.knowledge_base().canary_report().map_err(unknown)
    });
    Ok(Json(started.await??.into()))
}

/// Ends the canary: the current generation answers everybody again.
#[utoipa::path(
    post,
    path = "/api/generations/canary/stop",
    tag = "generations",
    request_body = StopRequest,
    responses(
        (status = 200, body = Object, description = "What the canary had shown"),
        (status = 400, description = "The reason is too long, or the body is no JSON"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not choose what answers"),
        (status = 404, description = "No generation is tried"),
        (status = 415, description = "The body is not declared as JSON"),
        (status = 422, description = "A field is missing or wrong")
    )
)]
async fn stop_canary(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Result<Json<StopRequest>, JsonRejection>,
) -> Result<Json<CanaryBody>, ApiError> {
    caller.require(Permission::Promote)?;
    let Json(StopRequest { reason }) = request?;
    let by = promoted_by(&caller, reason)?;
    let stopped = spawn_blocking(move || {
        let report = app.knowledge_base().stop_canary(&by)?;
        app.after_trial();
        Ok::<_, EngineError>(report)
    });
    let none = || ApiError::not_found("canary_not_found", "canary", "no generation is tried");
    let report = stopped.await??.ok_or_else(none)?;
    Ok(Json(Some(report).into()))
}

/// Counts an answer that was given during a canary, and now and then looks for its
/// question in both generations.
pub(super) fn count_answer(app: &Arc<App>, record: &AnswerRecord, stopwatch: &Stopwatch) {
    let Some(served) = &record.canary else { return };
    let took: Duration = stopwatch.times().map(|time| time.spent).sum();
    after(app, app.knowledge_base().measure_answer(record, took));
    compare_retrieval(app, served, record);
}

/// Counts that the generation on trial failed where the other one did not.
pub(super) fn count_failure(app: &App, served: &ServedArm) {
    after(app, app.knowledge_base().measure_failure(served));
}

/// Counts what somebody thinks of an answer that was given during a canary.
pub(super) fn count_feedback(app: &App, answer: &AnswerId, opinion: Opinion) {
    let counted = app.knowledge_base().arm_that_answered(answer).and_then(|served| match served {
        Some(served) => app.knowledge_base().measure_feedback(&served, opinion != Opinion::Good),
        None => Ok(None),
    });
    after(app, counted);
}

/// What is measured never keeps an answer from whoever asked: a failure is logged.
fn after(app: &App, counted: Result<Option<CanaryReport>, EngineError>) {
    match counted {
        Ok(None) => {}
        Ok(Some(_)) => app.after_trial(),
        Err(error) => tracing::error!(%error, "a canary could not be measured"),
    }
}

/// Looks for a question in both generations on a thread of its own, when the sample wants
/// it, a place to compute is free, and no other question is being compared.
fn compare_retrieval(app: &Arc<App>, served: &ServedArm, record: &AnswerRecord) {
    let share = app.knowledge_base().config().generations.canary.shadow_share;
    if !is_sampled(&record.id, share) {
        return;
    }
    let Some(on_trial) = app.on_trial() else { return };
    let Ok(alone) = Arc::clone(&app.shadows).try_acquire_owned() else { return };
    let Ok(place) = Arc::clone(&app.places).try_acquire_owned() else { return };
    let text = record.resolved.as_ref().map_or(&record.question, |resolved| &resolved.question);
    let query = Query::text(text, record.n_hits_wanted);
    let query = query.within(record.access.asker_labels.as_ref());
    let (app, served) = (Arc::clone(app), served.clone());
    spawn_blocking(move || {
        let _held = (alone, place);
        let found = documents(&app, app.snapshot(), &query)
            .and_then(|current| Ok((current, documents(&app, on_trial, &query)?)));
        let counted = found.and_then(|(current, tried)| {
            let n_most = current.len().max(tried.len());
            let n_both = current.intersection(&tried).count();
            let share = if n_most == 0 { 1.0 } else { n_both as f64 / n_most as f64 };
            app.knowledge_base().measure_overlap(&served, share)
        });
        if let Err(error) = counted {
            tracing::warn!(%error, "a question could not be compared in both generations");
        }
    });
}

fn documents(
    app: &App,
    snapshot: Arc<Snapshot>,
    query: &Query,
) -> Result<BTreeSet<DocumentId>, EngineError> {
    let session = app.knowledge_base().session_on(snapshot);
    let found = session.find(query, RetrievalMode::Graph, &mut Stopwatch::off())?;
    let mut documents = BTreeSet::new();
    for hit in &found.hits {
        if documents.len() < COMPARED_DOCUMENTS {
            documents.insert(hit.document.clone());
        }
    }
    Ok(documents)
}

/// Whether the question of an answer is compared; by the name of the answer, so that
/// nothing about the question decides.
fn is_sampled(answer: &AnswerId, share: f64) -> bool {
    let digest = Digest::of(answer.as_str().as_bytes());
    let bytes = digest.as_bytes().iter().take(4);
    let number = bytes.fold(0u32, |sum, byte| (sum << 8) | u32::from(*byte));
    f64::from(number) / f64::from(u32::MAX) < share
}
