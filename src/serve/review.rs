//! `/api/review`: what waits for a person, and deciding it.

use super::app::App;
use super::caller::Caller;
use super::error::ApiError;
use super::jobs_work::name;
use super::review_answers;
use super::seen::{Seen, is_seen, label, reads_answer_for_review, seen_claims};
use crate::engine::{FeedbackStory, HeldAnswer, MergeStory};
use crate::model::{
    AnswerId, ClaimStatus, Depiction, DepictionId, DriftAlert, DriftAlertId, FeedbackId, MergeId,
    Opinion, Permission, Principal,
};
use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Items listed at most, and unless asked otherwise.
const MAX_LISTED: usize = 500;
const N_LISTED: usize = 50;
/// Longest reason in characters.
const MAX_REASON_CHARS: usize = 1000;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(decide))
}

/// What waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ReviewKind)]
enum Kind {
    /// Whether two entities are one thing.
    Merges,
    /// What pictures show.
    Depictions,
    /// Answers that wait for approval.
    Answers,
    /// What people think of answers.
    Feedback,
    /// What drifted; shown to those who see every label.
    Drift,
}

/// Which items.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParameters {
    /// Of which kind; all kinds without it.
    #[param(inline)]
    kind: Option<Kind>,
    /// How many at most: 50 unless given, 500 at most.
    limit: Option<usize>,
    /// How many are passed over.
    offset: Option<usize>,
}

/// Something that waits for a person.
#[derive(Debug, Serialize, ToSchema)]
struct ReviewItem {
    /// Its name, which begins with its kind.
    id: String,
    /// `answer`, `merge`, `depiction`, `feedback` or `drift`.
    kind: &'static str,
    /// Of a claim, how probable it is.
    probability: Option<f64>,
    /// What it says: question, answer and the rule that holds it, entities and labels, the picture and what it shows, or question,
    /// answer and what is thought of it, or what drifted.
    #[schema(value_type = Object)]
    about: Value,
}

/// Items.
#[derive(Debug, Serialize, ToSchema)]
struct ReviewList {
    /// How many wait in all, of those that the caller may see.
    total: usize,
    items: Vec<ReviewItem>,
}

/// A decision.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DecisionRequest {
    decision: Decision,
    /// Why, at most 1000 characters.
    reason: Option<String>,
}

/// What is decided.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ReviewDecision)]
enum Decision {
    /// It counts.
    Accept,
    /// It does not count, now and when it is found again.
    Reject,
}

/// What became of a decision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewDecided)]
struct Decided {
    /// Name of the item.
    id: String,
    /// `accepted` or `rejected`.
    status: &'static str,
    /// The job that publishes it; none for answers, which are released or withheld at once,
    /// and for feedback and drift, which change no answer by
    /// themselves.
    job: Option<String>,
}

impl From<Decision> for ClaimStatus {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Accept => Self::Accepted,
            Decision::Reject => Self::Rejected,
        }
    }
}

/// What waits for a person, of what the caller may see; answers first, then claims, the most probable
/// before the others.
#[utoipa::path(
    get,
    path = "/api/review",
    tag = "review",
    params(ListParameters),
    responses(
        (status = 200, body = ReviewList),
        (status = 400, description = "A parameter cannot be read"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not review")
    )
)]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Result<Query<ListParameters>, QueryRejection>,
) -> Result<Json<ReviewList>, ApiError> {
    caller.require(Permission::Review)?;
    let Query(parameters) = parameters?;
    let listed = tokio::task::spawn_blocking(move || {
        let wanted = |kind| parameters.kind.is_none_or(|wanted| wanted == kind);
        let mut items = Vec::new();
        if wanted(Kind::Answers) {
            items.extend(review_answers::waiting(&app, &caller.0)?.iter().map(answer_item));
        }
        let claims = wanted(Kind::Merges) || wanted(Kind::Depictions);
        let seen = if claims { seen_claims(&app, &caller.0)? } else { None };
        let seen = seen.as_ref();
        if wanted(Kind::Merges) {
            items.extend(merges(&app, seen)?.iter().map(|story| merge_item(story, seen)));
        }
        if wanted(Kind::Depictions) {
            let labels = app.knowledge_base().labels()?;
            let depictions = depictions(&app, seen)?;
            items.extend(depictions.iter().map(|claim| depiction_item(claim, &labels, seen)));
        }
        if wanted(Kind::Feedback) {
            items.extend(feedback(&app, &caller.0)?.iter().map(feedback_item));
        }
        if wanted(Kind::Drift) {
            items.extend(drift(&app, &caller.0)?.iter().map(drift_item));
        }
        let total = items.len();
        let limit = parameters.limit.unwrap_or(N_LISTED).min(MAX_LISTED);
        let items = items.into_iter().skip(parameters.offset.unwrap_or(0)).take(limit).collect();
        Ok::<_, ApiError>(ReviewList { total, items })
    });
    Ok(Json(listed.await??))
}

/// Decides about an item. A claim that is decided is published by a job. An answer that is
/// accepted is released at once; to reject it later withdraws it.
#[utoipa::path(
    post,
    path = "/api/review/{id}",
    tag = "review",
    params(("id" = String, Path, description = "Name of the item, as the list gives it")),
    request_body = DecisionRequest,
    responses(
        (status = 200, body = Decided),
        (status = 400, description = "The reason is too long, or the body is no JSON"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not review, or asked for the answer"),
        (status = 404, description = "There is no such item for the caller"),
        (status = 415, description = "The body is not declared as JSON"),
        (status = 422, description = "A field is missing or wrong"),
        (status = 429, description = "Too many jobs; try again later")
    )
)]
async fn decide(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    request: Result<Json<DecisionRequest>, JsonRejection>,
) -> Result<Json<Decided>, ApiError> {
    caller.require(Permission::Review)?;
    let Json(DecisionRequest { decision, reason }) = request?;
    let reason = reason.filter(|reason| !reason.trim().is_empty());
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > MAX_REASON_CHARS) {
        let message = format!("expected at most {MAX_REASON_CHARS} characters");
        return Err(ApiError::bad_request("reason", message));
    }
    let status = ClaimStatus::from(decision);
    let decided = tokio::task::spawn_blocking(move || {
        let job = record(&app, &caller.0, &id, status, reason.as_deref())?;
        Ok::<_, ApiError>(Decided { id, status: status.as_str(), job })
    });
    Ok(Json(decided.await??))
}

/// Records a decision; the job that publishes it.
fn record(
    app: &App,
    principal: &Principal,
    id: &str,
    status: ClaimStatus,
    reason: Option<&str>,
) -> Result<Option<String>, ApiError> {
    let unknown = || ApiError::not_found("item_not_found", "id", "there is no such item");
    let (kind, name) = id.split_once(':').ok_or_else(unknown)?;
    let (kept, who) = (app.knowledge_base(), principal.name.as_str());
    match kind {
        "answer" => {
            let id = AnswerId::from_name(name).ok_or_else(unknown)?;
            if !review_answers::decide(app, principal, &id, status, reason)? {
                return Err(unknown());
            }
            return Ok(None);
        }
        "merge" => {
            let id = MergeId::from_name(name).ok_or_else(unknown)?;
            let seen = seen_claims(app, principal)?;
            let known = kept.merges()?.into_iter().any(|story| story.merge.id == id);
            if !known || !is_seen(seen.as_ref(), id.as_str()) {
                return Err(unknown());
            }
            kept.decide_merge(&id, status, who, reason)?;
        }
        "depiction" => {
            let id = DepictionId::from_name(name).ok_or_else(unknown)?;
            let seen = seen_claims(app, principal)?;
            let known = kept.depictions()?.into_iter().any(|claim| claim.id == id);
            if !known || !is_seen(seen.as_ref(), id.as_str()) {
                return Err(unknown());
            }
            kept.decide(&id, status, who, reason)?;
        }
        "feedback" => {
            let id = FeedbackId::from_name(name).ok_or_else(unknown)?;
            let stories = kept.feedback()?;
            let story = stories.iter().find(|story| story.feedback.id == id).ok_or_else(unknown)?;
            if !reads_feedback(app, principal, story)? {
                return Err(unknown());
            }
            kept.decide_feedback(&id, status, who, reason)?;
            return Ok(None);
        }
        "drift" => {
            let id = DriftAlertId::from_name(name).ok_or_else(unknown)?;
            if !drift(app, principal)?.iter().any(|alert| alert.id == id) {
                return Err(unknown());
            }
            kept.decide_drift(&id, status, who, reason)?;
            return Ok(None);
        }
        _ => return Err(unknown()),
    }
    Ok(Some(app.jobs().publishing(principal)?.order.id.to_string()))
}

fn merges(app: &App, seen: Option<&Seen>) -> Result<Vec<MergeStory>, ApiError> {
    let mut merges = app.knowledge_base().merges()?;
    // What was decided and not published yet does not wait.
    merges.retain(|story| story.merge.status == ClaimStatus::Proposed && story.decided.is_none());
    merges.retain(|story| is_seen(seen, story.merge.id.as_str()));
    Ok(merges)
}

fn depictions(app: &App, seen: Option<&Seen>) -> Result<Vec<Depiction>, ApiError> {
    let decided = app.knowledge_base().decided_depictions()?;
    let mut depictions = app.knowledge_base().depictions()?;
    depictions.retain(|claim| {
        claim.status == ClaimStatus::Proposed
            && !decided.contains(&claim.id)
            && is_seen(seen, claim.id.as_str())
    });
    Ok(depictions)
}

/// Feedback that somebody is not content, and that nobody decided about since.
fn feedback(app: &App, principal: &Principal) -> Result<Vec<FeedbackStory>, ApiError> {
    let mut open: Vec<FeedbackStory> = app.knowledge_base().feedback()?;
    open.retain(|story| story.decided.is_none() && story.feedback.opinion != Opinion::Good);
    let mut seen = Vec::new();
    for story in open {
        if reads_feedback(app, principal, &story)? {
            seen.push(story);
        }
    }
    Ok(seen)
}

/// Alerts about drift that nobody decided about. They name folders, so that only who sees
/// every label gets them.
fn drift(app: &App, principal: &Principal) -> Result<Vec<DriftAlert>, ApiError> {
    if principal.labels().is_some() {
        return Ok(Vec::new());
    }
    let mut open = app.knowledge_base().drift_alerts()?;
    open.retain(|alert| alert.decided.is_none());
    Ok(open)
}

/// Whether somebody who reviews may read feedback and the answer that it is about.
fn reads_feedback(
    app: &App,
    principal: &Principal,
    story: &FeedbackStory,
) -> Result<bool, ApiError> {
    Ok(story.feedback.may_be_shown_to(principal)
        && reads_answer_for_review(app, principal, &story.feedback.answer)?)
}

fn answer_item(held: &HeldAnswer) -> ReviewItem {
    ReviewItem {
        id: format!("answer:{}", held.answer.name()),
        kind: "answer",
        probability: None,
        about: review_answers::about(held),
    }
}

fn merge_item(story: &MergeStory, seen: Option<&Seen>) -> ReviewItem {
    let merge = &story.merge;
    let (left, right) = (merge.left.as_str(), merge.right.as_str());
    let evidence: serde_json::Map<String, Value> =
        merge.evidence.iter().map(|(name, value)| (name.clone(), (*value).into())).collect();
    ReviewItem {
        id: format!("merge:{}", merge.id.name()),
        kind: "merge",
        probability: Some(merge.probability),
        about: json!({
            "entities": [left, right],
            "labels": [label(seen, left, &story.labels.0), label(seen, right, &story.labels.1)],
            "method": merge.method,
            "evidence": evidence,
        }),
    }
}

fn depiction_item(
    claim: &Depiction,
    labels: &HashMap<String, String>,
    seen: Option<&Seen>,
) -> ReviewItem {
    let iri = claim.entity.as_str();
    let first = labels.get(iri).map_or(iri, String::as_str);
    ReviewItem {
        id: format!("depiction:{}", claim.id.name()),
        kind: "depiction",
        probability: Some(f64::from(claim.probability)),
        about: json!({
            "picture": name(&claim.picture),
            "source": claim.picture.source(),
            "entity": iri,
            "label": label(seen, iri, first),
            "method": claim.method.as_str(),
        }),
    }
}

fn feedback_item(story: &FeedbackStory) -> ReviewItem {
    let feedback = &story.feedback;
    ReviewItem {
        id: format!("feedback:{}", feedback.id.name()),
        kind: "feedback",
        probability: None,
        about: json!({
            "answer_id": feedback.answer.name(),
            "question": story.question,
            "answer": story.answer_text,
            "verdict": feedback.opinion.as_str(),
            "comment": feedback.comment,
            "principal": feedback.principal,
            "given_at": feedback.given_at,
        }),
    }
}

fn drift_item(alert: &DriftAlert) -> ReviewItem {
    ReviewItem {
        id: format!("drift:{}", alert.id.name()),
        kind: "drift",
        probability: None,
        about: json!({
            "of": alert.of,
            "measure": alert.measure,
            "statistic": alert.statistic,
            "p_value": alert.p_value,
            "seen": alert.seen,
            "found_at": alert.found_at,
        }),
    }
}
