//! Answers that wait for approval, in the review queue.
//!
//! Whoever asked neither reads such an answer here nor decides about it, whatever their
//! role; where nobody is asked who they are, everybody is one person and may.

use super::app::App;
use super::error::ApiError;
use crate::config::Authentication;
use crate::engine::HeldAnswer;
use crate::model::{AnswerId, ClaimStatus, Principal};
use axum::http::StatusCode;
use serde_json::{Value, json};

/// Answers that wait and that somebody who reviews may read.
pub(super) fn waiting(app: &App, principal: &Principal) -> Result<Vec<HeldAnswer>, ApiError> {
    let mut waiting = Vec::new();
    for held in app.knowledge_base().held_answers()? {
        let is_open = held.status() == ClaimStatus::Proposed;
        if is_open && !is_own(app, principal, &held) && reviews(app, principal, &held.answer)? {
            waiting.push(held);
        }
    }
    Ok(waiting)
}

/// Decides about an answer that waits or waited: an earlier decision is undone by a later
/// one. `false` when there is no such answer for the principal.
pub(super) fn decide(
    app: &App,
    principal: &Principal,
    id: &AnswerId,
    status: ClaimStatus,
    reason: Option<&str>,
) -> Result<bool, ApiError> {
    let held = app.knowledge_base().held_answers()?;
    let Some(held) = held.iter().find(|held| held.answer == *id) else { return Ok(false) };
    if !reviews(app, principal, id)? {
        return Ok(false);
    }
    if is_own(app, principal, held) {
        let message = "another person than the one who asked decides about an answer";
        return Err(ApiError::refused(StatusCode::FORBIDDEN, "own_answer", message));
    }
    app.knowledge_base().decide_answer(id, status, &principal.name, reason)?;
    Ok(true)
}

fn reviews(app: &App, principal: &Principal, answer: &AnswerId) -> Result<bool, ApiError> {
    let access = app.knowledge_base().answer_access(answer)?;
    Ok(access.is_some_and(|access| access.may_be_shown_to(principal)))
}

fn is_own(app: &App, principal: &Principal, held: &HeldAnswer) -> bool {
    app.gate.config.authentication != Authentication::None && held.principal == principal.name
}

/// What a reviewer reads.
pub(super) fn about(held: &HeldAnswer) -> Value {
    json!({
        "answer_id": held.answer.name(),
        "rule": held.rule,
        "question": held.question,
        "answer": held.text,
        "disclaimers": held.disclaimers,
        "sentences": held.sentences,
        "principal": held.principal,
        "asked_at": held.asked_at,
    })
}
