//! `/api/generations`: what answers now, what could, and changing that.

use super::app::App;
use super::caller::Caller;
use super::error::ApiError;
use super::jobs_http::{Accepted, accepted};
use crate::engine::{
    EngineError, GenerationDiff, Generations, JobOrder, JobWork, PromotedBy, Promotion, SetupChange,
};
use crate::model::Permission;
use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::task::spawn_blocking;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Longest reason in characters.
const MAX_REASON_CHARS: usize = 1000;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list_generations))
        .routes(routes!(compare_generations))
        .routes(routes!(promote_generation))
        .routes(routes!(roll_back))
        .routes(routes!(build_generation))
}

/// Which two generations.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DiffParameters {
    /// The first, by the beginning of its name.
    from: String,
    /// The second; the one that answers without it.
    to: Option<String>,
}

/// Which generation shall answer, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PromotionRequest {
    /// The generation, by the beginning of its name.
    generation: String,
    /// Why, at most 1000 characters.
    reason: Option<String>,
    /// Whether it shall answer whatever the golden sets say.
    #[serde(default)]
    force: bool,
}

/// Why the generation of before shall answer again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RollbackRequest {
    /// Why, at most 1000 characters.
    reason: Option<String>,
}

/// How a generation that is built aside differs from what the next one would be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BuildRequest {
    /// A text model of the registry; its vectors are made beside those that are there.
    text_model: Option<String>,
    /// Settings below `answer` and `retrieve` by their path.
    #[serde(default)]
    #[schema(value_type = Object)]
    settings: BTreeMap<String, Value>,
    /// Whether nothing is taken over from the generation that answers.
    #[serde(default)]
    afresh: bool,
}

/// The generations that are kept, newest first.
#[utoipa::path(
    get,
    path = "/api/generations",
    tag = "generations",
    responses(
        (status = 200, body = Object, description = "The generations, and why publishing is held when it is"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not see how the service runs")
    )
)]
async fn list_generations(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Json<Generations>, ApiError> {
    caller.require(Permission::Operate)?;
    Ok(Json(spawn_blocking(move || app.knowledge_base().generations()).await??))
}

/// What changed from one generation to another. It names documents, so that only who sees
/// every label gets it.
#[utoipa::path(
    get,
    path = "/api/generations/diff",
    tag = "generations",
    params(DiffParameters),
    responses(
        (status = 200, body = Object, description = "Documents, counts and spaces that differ"),
        (status = 400, description = "A parameter cannot be read"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not see how the service runs, or not every document"),
        (status = 404, description = "There is no such generation")
    )
)]
async fn compare_generations(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Result<Query<DiffParameters>, QueryRejection>,
) -> Result<Json<GenerationDiff>, ApiError> {
    caller.require(Permission::Operate)?;
    sees_everything(&caller)?;
    let Query(DiffParameters { from, to }) = parameters?;
    let compared = spawn_blocking(move || {
        let kept = app.knowledge_base();
        let from = kept.find_generation(&from).map_err(unknown)?;
        let to = match to {
            Some(to) => kept.find_generation(&to).map_err(unknown)?,
            None => app.snapshot().generation().clone(),
        };
        kept.compare_generations(&from, &to).map_err(unknown)
    });
    Ok(Json(compared.await??))
}

/// Lets a generation answer from now on. Requests under way keep the one they began with.
#[utoipa::path(
    post,
    path = "/api/generations/promote",
    tag = "generations",
    request_body = PromotionRequest,
    responses(
        (status = 200, body = Object, description = "What answered before and what answers now"),
        (status = 400, description = "The reason is too long, or the body is no JSON"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not choose what answers"),
        (status = 404, description = "There is no such generation"),
        (status = 409, description = "The gate refuses it, or it is of another text model"),
        (status = 415, description = "The body is not declared as JSON"),
        (status = 422, description = "A field is missing or wrong")
    )
)]
async fn promote_generation(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Result<Json<PromotionRequest>, JsonRejection>,
) -> Result<Json<Promotion>, ApiError> {
    caller.require(Permission::Promote)?;
    let Json(PromotionRequest { generation, reason, force }) = request?;
    let by = promoted_by(&caller, reason)?;
    let promoted = spawn_blocking(move || {
        let generation = app.knowledge_base().find_generation(&generation).map_err(unknown)?;
        app.promote(&generation, &by, !force).map_err(unknown)
    });
    Ok(Json(promoted.await??))
}

/// Lets the generation answer again that did before; what is taken in afterwards waits
/// until the newest generation is promoted.
#[utoipa::path(
    post,
    path = "/api/generations/rollback",
    tag = "generations",
    request_body = RollbackRequest,
    responses(
        (status = 200, body = Object, description = "What answered before and what answers now"),
        (status = 400, description = "The reason is too long, or the body is no JSON"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not choose what answers"),
        (status = 404, description = "No generation that is kept answered before this one"),
        (status = 409, description = "The generation is of another text model"),
        (status = 415, description = "The body is not declared as JSON"),
        (status = 422, description = "A field is missing or wrong")
    )
)]
async fn roll_back(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Result<Json<RollbackRequest>, JsonRejection>,
) -> Result<Json<Promotion>, ApiError> {
    caller.require(Permission::Promote)?;
    let Json(RollbackRequest { reason }) = request?;
    let by = promoted_by(&caller, reason)?;
    let promoted = spawn_blocking(move || {
        let before = app.knowledge_base().answered_before()?.ok_or_else(|| {
            let message = "no generation that is kept answered before this one";
            ApiError::not_found("generation_not_found", "generation", message)
        })?;
        app.promote(&before, &by, false).map_err(unknown)
    });
    Ok(Json(promoted.await??))
}

/// Builds a generation aside, as a job, out of what the knowledge base holds. It answers
/// when it is promoted.
#[utoipa::path(
    post,
    path = "/api/generations/build",
    tag = "generations",
    request_body = BuildRequest,
    responses(
        (status = 202, body = Accepted, description = "The job; its result names the generation",
         headers(("location" = String, description = "Address of the job"))),
        (status = 400, description = "The body is no JSON"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not choose what answers"),
        (status = 415, description = "The body is not declared as JSON"),
        (status = 422, description = "A field is wrong"),
        (status = 429, description = "The queue of jobs is full")
    )
)]
async fn build_generation(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Result<Json<BuildRequest>, JsonRejection>,
) -> Result<Response, ApiError> {
    caller.require(Permission::Promote)?;
    let Json(BuildRequest { text_model, settings, afresh }) = request?;
    let place = app.jobs().place()?;
    let work = JobWork::Build { change: SetupChange { afresh, settings, text_model } };
    let order = JobOrder::new(work, &caller.0.name, BTreeSet::new());
    let queued =
        move || Ok::<_, ApiError>(app.jobs().submit(place, order, app.jobs().spool.incoming()?)?);
    let job = spawn_blocking(queued).await??;
    Ok(accepted(&job))
}

pub(super) fn promoted_by(caller: &Caller, reason: Option<String>) -> Result<PromotedBy, ApiError> {
    let reason = reason.filter(|reason| !reason.trim().is_empty());
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > MAX_REASON_CHARS) {
        let message = format!("expected at most {MAX_REASON_CHARS} characters");
        return Err(ApiError::bad_request("reason", message));
    }
    Ok(PromotedBy { principal: caller.0.name.clone(), reason })
}

fn sees_everything(caller: &Caller) -> Result<(), ApiError> {
    match caller.0.labels() {
        None => Ok(()),
        Some(_) => Err(ApiError::refused(
            StatusCode::FORBIDDEN,
            "forbidden",
            "what changed names documents: expected a key that sees every label".to_owned(),
        )),
    }
}

pub(super) fn unknown(error: EngineError) -> ApiError {
    match &error {
        EngineError::NoGeneration(name) => ApiError::not_found(
            "generation_not_found",
            "generation",
            format!("there is no generation `{name}`; /api/generations names those that are kept"),
        ),
        EngineError::OtherSpaces { .. } => {
            ApiError::refused(StatusCode::CONFLICT, "other_spaces", error.to_string())
        }
        EngineError::Canary(_) => {
            ApiError::refused(StatusCode::CONFLICT, "no_canary", error.to_string())
        }
        EngineError::Gate { .. } => {
            ApiError::refused(StatusCode::CONFLICT, "refused_by_gate", error.to_string())
        }
        _ => error.into(),
    }
}
