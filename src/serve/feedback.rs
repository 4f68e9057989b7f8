//! `POST /api/feedback`: what people think of answers.

use super::app::App;
use super::caller::Caller;
use super::canary;
use super::error::ApiError;
use super::seen::judges_answer;
use crate::model::{AnswerId, Opinion, Permission};
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Longest comment in characters.
const MAX_COMMENT_CHARS: usize = 2000;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(give))
}

/// What somebody thinks of an answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FeedbackRequest {
    /// The answer, as chat names it.
    answer_id: String,
    verdict: Verdict,
    /// In their own words, at most 2000 characters.
    comment: Option<String>,
}

/// What is thought of an answer in one word.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = FeedbackVerdict)]
enum Verdict {
    /// It helps.
    Good,
    /// It does not help.
    Bad,
    /// What it says is not so.
    Wrong,
}

/// What was recorded.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FeedbackGiven)]
struct Given {
    /// Name of the feedback: the same when the person thinks otherwise later.
    id: String,
    /// RFC 3339.
    given_at: String,
}

impl From<Verdict> for Opinion {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Good => Self::Good,
            Verdict::Bad => Self::Bad,
            Verdict::Wrong => Self::Wrong,
        }
    }
}

/// Records what the caller thinks of an answer that they may read, instead of what they
/// thought before. Whoever reviews then sees question and answer.
#[utoipa::path(
    post,
    path = "/api/feedback",
    tag = "review",
    request_body = FeedbackRequest,
    responses(
        (status = 201, body = Given),
        (status = 400, description = "The comment is too long, or the body is no JSON"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 404, description = "There is no such answer for the caller"),
        (status = 415, description = "The body is not declared as JSON"),
        (status = 422, description = "A field is missing or wrong")
    )
)]
async fn give(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Result<Json<FeedbackRequest>, JsonRejection>,
) -> Result<(StatusCode, Json<Given>), ApiError> {
    caller.require(Permission::Ask)?;
    let Json(request) = request?;
    let comment = request.comment.map(|comment| comment.trim().to_owned());
    let comment = comment.filter(|comment| !comment.is_empty());
    if comment.as_ref().is_some_and(|comment| comment.chars().count() > MAX_COMMENT_CHARS) {
        let message = format!("expected at most {MAX_COMMENT_CHARS} characters");
        return Err(ApiError::bad_request("comment", message));
    }
    let unknown =
        || ApiError::not_found("answer_not_found", "answer_id", "there is no such answer");
    let answer = AnswerId::from_name(&request.answer_id).ok_or_else(unknown)?;
    let opinion = request.verdict.into();
    let given = tokio::task::spawn_blocking(move || {
        if !judges_answer(&app, &caller.0, &answer)? {
            return Err(unknown());
        }
        let kept = app.knowledge_base();
        let is_first = !kept.has_feedback(&answer, &caller.0.name)?;
        let given = kept.give_feedback(&answer, opinion, comment.as_deref(), &caller.0)?;
        if is_first {
            canary::count_feedback(&app, &answer, opinion);
        }
        Ok(given)
    });
    let given = given.await??;
    let given = Given { id: given.id.name().to_owned(), given_at: given.given_at };
    Ok((StatusCode::CREATED, Json(given)))
}
