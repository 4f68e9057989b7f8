//! `/api/audit`: records of answers found, told, done again and erased.
//!
//! A record whose evidence the caller may not see is not there. What looks at all records
//! at once, or names things that a hidden document could name, is for callers who see
//! every label. Proofs about all records are in `audit_proofs`.

use super::answers::with_links;
use super::app::App;
use super::caller::Caller;
use super::error::ApiError;
use super::seen::reads_answer;
use crate::engine::{AnswerFilter, AnswerSummary, EngineError, Impact, Replay};
use crate::model::{AnswerId, Permission};
use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Answers listed at most, and unless asked otherwise.
const MAX_LISTED: usize = 1000;
const N_LISTED: usize = 50;
/// Longest reason in characters.
const MAX_REASON_CHARS: usize = 1000;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(story))
        .routes(routes!(replay))
        .routes(routes!(impact))
        .routes(routes!(erase))
}

/// Which answers; all conditions hold for each.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParameters {
    /// Asked at this time or later: RFC 3339, or the beginning of it such as 2026-11.
    since: Option<String>,
    /// Asked before this time.
    until: Option<String>,
    /// Asked by this principal.
    principal: Option<String>,
    /// Rest on this document, by source path or IRI.
    document: Option<String>,
    /// Rest on evidence that names this entity, by label or IRI; for callers who see
    /// every label.
    entity: Option<String>,
    /// Made with this embedding model or language model.
    model: Option<String>,
    /// From this generation.
    generation: Option<String>,
    /// With a sentence that its evidence does not carry.
    #[serde(default)]
    unsupported: bool,
    /// Said to be bad or wrong by somebody.
    #[serde(default)]
    flagged: bool,
    /// How many at most: 50 unless given, 1000 at most.
    limit: Option<usize>,
}

/// Answers, the latest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditedAnswers)]
struct Answers {
    #[schema(value_type = Vec<Object>)]
    answers: Vec<AnswerSummary>,
}

/// An act that cannot be taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EraseRequest {
    /// Why, at most 1000 characters; it is recorded and never erased.
    reason: String,
    /// Whether the names of who asked go, too.
    #[serde(default)]
    names: bool,
}

/// What was erased.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ErasedWords)]
struct ErasedWords {
    /// Number of texts that went.
    n_texts: usize,
}

/// Says a failure to whoever asked.
pub(super) fn told(error: EngineError) -> ApiError {
    let refused = |status, code| ApiError::refused(status, code, error.to_string());
    match &error {
        EngineError::NoAnswer(_) => unknown(),
        EngineError::NoReplay { reason, .. } => {
            let message = format!("the retrieval cannot be done again: {reason}");
            ApiError::refused(StatusCode::CONFLICT, "no_replay", message)
        }
        EngineError::NoImpact(_) | EngineError::NoEntity(_) => {
            let message = "nothing has this name, or no answer used it";
            ApiError::refused(StatusCode::NOT_FOUND, "nothing_named", message)
        }
        EngineError::SeveralEntities { .. } => refused(StatusCode::CONFLICT, "several_entities"),
        _ => ApiError::from(error),
    }
}

fn unknown() -> ApiError {
    ApiError::not_found("answer_not_found", "id", "there is no such answer")
}

/// The answer of a path, when the caller may read its record.
fn readable(app: &App, caller: &Caller, name: &str) -> Result<AnswerId, ApiError> {
    let id = AnswerId::from_name(name).ok_or_else(unknown)?;
    if reads_answer(app, &caller.0, &id)? { Ok(id) } else { Err(unknown()) }
}

/// Answers that the caller may read and that fit, the latest first.
#[utoipa::path(
    get,
    path = "/api/audit/answers",
    tag = "audit",
    params(ListParameters),
    responses(
        (status = 200, body = Answers),
        (status = 400, description = "A parameter cannot be read"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not read the answers of others"),
        (status = 404, description = "No entity has this name"),
        (status = 409, description = "Several entities have this name")
    )
)]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Result<Query<ListParameters>, QueryRejection>,
) -> Result<Json<Answers>, ApiError> {
    caller.require(Permission::ReadAllAnswers)?;
    let Query(parameters) = parameters?;
    if parameters.entity.is_some() {
        caller.require_all_labels()?;
    }
    let limit = parameters.limit.unwrap_or(N_LISTED).min(MAX_LISTED);
    let sees_all = caller.0.labels().is_none();
    let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let filter = AnswerFilter {
        since: given(parameters.since),
        until: given(parameters.until),
        principal: given(parameters.principal),
        document: given(parameters.document),
        entity: given(parameters.entity),
        model: given(parameters.model),
        generation: given(parameters.generation),
        unsupported: parameters.unsupported,
        flagged: parameters.flagged,
        // What is not seen does not count.
        limit: if sees_all { limit } else { usize::MAX },
    };
    let listed = tokio::task::spawn_blocking(move || {
        let mut answers = Vec::new();
        for answer in app.knowledge_base().list_answers(&filter).map_err(told)? {
            if answers.len() >= limit {
                break;
            }
            if readable(&app, &caller, &answer.answer_id).is_ok() {
                answers.push(answer);
            }
        }
        Ok::<_, ApiError>(Json(Answers { answers }))
    });
    listed.await?
}

/// All that is known of one answer: its record with links to what it cites, the models,
/// the seal and whether the record is as it was sealed, erasures, and what people think.
#[utoipa::path(
    get,
    path = "/api/audit/answers/{id}",
    tag = "audit",
    params(("id" = String, Path, description = "`answer_id` of the answer")),
    responses(
        (status = 200, body = Object),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not read the answers of others"),
        (status = 404, description = "There is no such answer for the caller")
    )
)]
async fn story(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Permission::ReadAllAnswers)?;
    let told_of = tokio::task::spawn_blocking(move || {
        let id = readable(&app, &caller, &name)?;
        let story = app.knowledge_base().answer_story(&id).map_err(told)?;
        let mut body = with_links(&app.snapshot(), &story.record, &caller.0);
        if let Some(body) = body.as_object_mut() {
            body.insert("models".into(), json!(story.models));
            body.insert("seal".into(), json!(story.seal));
            body.insert("is_as_sealed".into(), json!(story.is_as_sealed));
            // What others write about an answer can say more than the answer.
            let sees_all = caller.0.labels().is_none();
            let said = |lines: Vec<String>| if sees_all { lines } else { Vec::new() };
            let mut approvals = story.approvals;
            if !sees_all {
                approvals.iter_mut().for_each(|decision| decision.reason = None);
            }
            body.insert("approvals".into(), json!(approvals));
            body.insert("erasures".into(), json!(said(story.erasures)));
            body.insert("feedback".into(), json!(said(story.feedback)));
        }
        Ok::<_, ApiError>(Json(body))
    });
    told_of.await?
}

/// Does the retrieval behind an answer again: identical, or what is different and what
/// changed since. For callers who see every label.
#[utoipa::path(
    post,
    path = "/api/audit/answers/{id}/replay",
    tag = "audit",
    params(("id" = String, Path, description = "`answer_id` of the answer")),
    responses(
        (status = 200, body = Object),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not read the answers of others, or does not see every label"),
        (status = 404, description = "There is no such answer for the caller"),
        (status = 409, description = "It cannot be done again: words were erased, or it was asked with a picture")
    )
)]
async fn replay(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Permission::ReadAllAnswers)?;
    caller.require_all_labels()?;
    let replayed = tokio::task::spawn_blocking(move || {
        let id = readable(&app, &caller, &name)?;
        let replay: Replay = app.knowledge_base().replay(&id).map_err(told)?;
        Ok::<_, ApiError>(Json(json!(replay)))
    });
    replayed.await?
}

/// What something was used for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ImpactParameters {
    /// Source path, label, model name, generation or IRI.
    of: String,
    /// How many are described at most, the latest first: 50 unless given, 1000 at most.
    limit: Option<usize>,
}

/// Every answer that used a document, an entity, a model or a generation: what must be
/// corrected when it was wrong. For callers who see every label.
#[utoipa::path(
    get,
    path = "/api/audit/impact",
    tag = "audit",
    params(ImpactParameters),
    responses(
        (status = 200, body = Object),
        (status = 400, description = "Nothing is named"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not read the answers of others, or does not see every label"),
        (status = 404, description = "Nothing has this name, or no answer used it"),
        (status = 409, description = "Several entities have this name")
    )
)]
async fn impact(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Result<Query<ImpactParameters>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Permission::ReadAllAnswers)?;
    caller.require_all_labels()?;
    let Query(ImpactParameters { of, limit }) = parameters?;
    let limit = limit.unwrap_or(N_LISTED).min(MAX_LISTED);
    let found = tokio::task::spawn_blocking(move || {
        let impact: Impact = app.knowledge_base().impact(of.trim(), limit).map_err(told)?;
        Ok::<_, ApiError>(Json(json!(impact)))
    });
    found.await?
}

/// Erases question, answer and evidence from one record. The seal stays true; the act is
/// recorded and sealed. It cannot be undone.
#[utoipa::path(
    post,
    path = "/api/audit/answers/{id}/erase",
    tag = "audit",
    params(("id" = String, Path, description = "`answer_id` of the answer")),
    request_body = EraseRequest,
    responses(
        (status = 200, body = ErasedWords),
        (status = 400, description = "The reason is missing or too long, or the body is no JSON"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not erase words from records"),
        (status = 404, description = "There is no such answer for the caller"),
        (status = 415, description = "The body is not declared as JSON"),
        (status = 422, description = "A field is missing or wrong")
    )
)]
async fn erase(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
    request: Result<Json<EraseRequest>, JsonRejection>,
) -> Result<Json<ErasedWords>, ApiError> {
    caller.require(Permission::Administer)?;
    let Json(EraseRequest { reason, names }) = request?;
    let reason = reason.trim().to_owned();
    if !(1..=MAX_REASON_CHARS).contains(&reason.chars().count()) {
        let message = format!("expected 1 to {MAX_REASON_CHARS} characters");
        return Err(ApiError::bad_request("reason", message));
    }
    let erased = tokio::task::spawn_blocking(move || {
        let id = readable(&app, &caller, &name)?;
        let kept = app.knowledge_base();
        let n_texts = kept.erase_answer(&id, names, &caller.0.name, &reason).map_err(told)?;
        tracing::info!(answer.id = id.name(), n_texts, "words were erased from a record");
        Ok::<_, ApiError>(Json(ErasedWords { n_texts }))
    });
    erased.await?
}
