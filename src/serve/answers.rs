//! `GET /api/answers/{id}`: the record of an answer.

use super::app::App;
use super::caller::Caller;
use super::citations::{document_link, document_name, picture_link};
use super::error::ApiError;
use crate::audit::{RecordedAnswer, recorded};
use crate::engine::EngineError;
use crate::graph::{QueryOptions, ResultFormat};
use crate::model::{
    AnswerAccess, AnswerId, ApprovalDecision, ClaimStatus, Disclosure, DocumentId, Fragment,
    FragmentId, Permission, Principal,
};
use crate::retrieve::Snapshot;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get))
}

/// Why an answer said what it said
///
/// As JSON for `application/json`, as the PROV-O bundle in JSON-LD or in the RDF format
/// that `Accept` names. Askers read their own answers, auditors and admins all; a record
/// whose evidence the caller may not see is not there. Of an answer that waits for approval
/// whoever asked gets its `status` (`waiting`, `rejected`, then `released`) and no words of
/// it; of one from which a rule withheld sentences, the rest, as JSON.
#[utoipa::path(
    get,
    path = "/api/answers/{id}",
    tag = "answers",
    params(("id" = String, Path, description = "`answer_id` of the answer")),
    responses(
        (
            status = 200,
            content((Value = "application/json"), (Value = "application/ld+json"), (String = "text/turtle"), (String = "application/n-triples"), (String = "application/rdf+xml"))
        ),
        (status = 401, description = "Nobody knows who asks"),
        (status = 404, description = "There is no such answer for the caller"),
        (status = 429, description = "Too many requests")
    )
)]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    caller.require(Permission::Ask)?;
    let unknown = || ApiError::not_found("answer_not_found", "id", "there is no such answer");
    let id = AnswerId::from_name(&name).ok_or_else(unknown)?;
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let format = wished_format(accept);
    let work = move || {
        let access = app.knowledge_base().answer_access(&id)?;
        let is_told = access.as_ref().is_some_and(|access| is_told_in_part(access, &caller.0));
        let is_readable = access.is_some_and(|access| access.is_readable_by(&caller.0));
        // What is told in part is no bundle.
        let format = format.filter(|_| is_readable && !is_told);
        let Some(format) = format else {
            let body = read_record(&app, &caller.0, &id)?;
            let body = body.map(|body| (body.to_string().into_bytes(), "application/json"));
            return Ok::<_, ApiError>(body);
        };
        let query =
            format!("CONSTRUCT {{ ?s ?p ?o }} {{ GRAPH <{}> {{ ?s ?p ?o }} }}", id.as_str());
        let options = QueryOptions { timeout_ms: 10_000, formats: vec![format] };
        let mut body = Vec::new();
        app.knowledge_base().sparql(&query, &options, &mut body)?;
        Ok(Some((body, format.media_type())))
    };
    let (body, media_type) = tokio::task::spawn_blocking(work).await??.ok_or_else(unknown)?;
    Ok(([(CONTENT_TYPE, media_type)], body).into_response())
}

/// The RDF format that is wished first; `None` for plain JSON.
fn wished_format(accept: &str) -> Option<ResultFormat> {
    let graph_formats =
        [ResultFormat::Turtle, ResultFormat::NTriples, ResultFormat::RdfXml, ResultFormat::JsonLd];
    for wish in accept.split(',') {
        let wish = wish.split(';').next().unwrap_or_default().trim();
        if wish == "application/json" {
            return None;
        }
        if let Some(format) = graph_formats.into_iter().find(|format| wish == format.media_type()) {
            return Some(format);
        }
    }
    Some(ResultFormat::JsonLd)
}

/// Whether whoever asked is told less than what is recorded.
fn is_told_in_part(access: &AnswerAccess, reader: &Principal) -> bool {
    access.disclosure != Disclosure::Whole && access.is_askers(reader)
}

/// The record of an answer as JSON: all of it for those who may read it, and as much as
/// the policy and decisions allow for whoever asked; `None` for others.
pub(super) fn read_record(
    app: &App,
    reader: &Principal,
    id: &AnswerId,
) -> Result<Option<Value>, EngineError> {
    let kept = app.knowledge_base();
    let Some(access) = kept.answer_access(id)? else { return Ok(None) };
    let in_part = is_told_in_part(&access, reader);
    if !in_part && !access.is_readable_by(reader) {
        return Ok(None);
    }
    let triples = kept.answer_record(id)?;
    let Some(mut record) = recorded(id.as_str(), &triples) else { return Ok(None) };
    let last = match record.held_by {
        Some(_) => kept.approvals_of(id)?.pop(),
        None => None,
    };
    if in_part && access.disclosure != Disclosure::Part {
        return Ok(Some(told_to_wait(&record, last.as_ref())));
    }
    if in_part {
        record.sentences.retain(|sentence| sentence.kept);
        record.llm = None;
        // Entities are named by words of what was left out, too.
        record.entities.clear();
        let cited = record.sentences.iter().flat_map(|sentence| &sentence.citations);
        let cited: BTreeSet<usize> = cited.map(|citation| citation.number).collect();
        record.evidence.retain(|item| cited.contains(&item.number));
    }
    let status = record.held_by.as_ref().map(|_| status_of(last.as_ref()));
    let mut body = with_links(&app.snapshot(), &record, reader);
    if let Some((body, status)) = body.as_object_mut().zip(status) {
        body.insert("status".into(), json!(status));
        body.insert("decided".into(), json!(last.as_ref().map(without_name)));
    }
    Ok(Some(body))
}

/// What whoever asked is told of an answer that waits, or that was not approved.
fn told_to_wait(record: &RecordedAnswer, last: Option<&ApprovalDecision>) -> Value {
    json!({
        "answer_id": answer_name(&record.answer),
        "question": record.question,
        "started_at": record.started_at,
        "held_by": record.held_by,
        "status": status_of(last),
        "decided": last.map(without_name),
    })
}

fn status_of(last: Option<&ApprovalDecision>) -> &'static str {
    match last.map_or(ClaimStatus::Proposed, |decision| decision.status) {
        ClaimStatus::Proposed => "waiting",
        ClaimStatus::Accepted => "released",
        ClaimStatus::Rejected => "rejected",
    }
}

/// A decision as whoever asked is told of it: who decided is for the audit.
fn without_name(decision: &ApprovalDecision) -> Value {
    json!({ "at": decision.decided_at, "reason": decision.reason })
}

/// The record as JSON, with links to what it cites where that is still there and seen.
pub(super) fn with_links(
    snapshot: &Snapshot,
    record: &RecordedAnswer,
    reader: &Principal,
) -> Value {
    let mut body = json!(record);
    let mut places = Vec::new();
    if let Some(evidence) = body.get_mut("evidence").and_then(Value::as_array_mut) {
        for (item, recorded) in evidence.iter_mut().zip(&record.evidence) {
            let Some(item) = item.as_object_mut() else { continue };
            let seen = |fragment: &&Fragment| {
                let document = snapshot.document(&fragment.document);
                document.is_some_and(|document| {
                    reader.sees(&document.access_label) && !snapshot.is_withdrawn(&document.id)
                })
            };
            let fragment = snapshot.fragment(&FragmentId::from_iri(recorded.fragment.as_str()));
            let fragment = fragment.filter(seen);
            if let Some(fragment) = fragment {
                let document = document_name(&fragment.document);
                let (start, end) = (fragment.span.start(), fragment.span.end());
                places.push((recorded.number, document, start));
                item.insert("document_id".into(), json!(document));
                item.insert("section".into(), json!(fragment.section()));
                item.insert("page".into(), json!(fragment.page));
                item.insert("link".into(), json!(document_link(document, start, end)));
            }
            if let Some(picture) = &recorded.picture {
                let picture = DocumentId::from_iri(picture.as_str());
                item.insert("picture_link".into(), json!(picture_link(&picture)));
            }
        }
    }
    let sentences = body.get_mut("sentences").and_then(Value::as_array_mut).into_iter().flatten();
    for (sentence, recorded) in sentences.zip(&record.sentences) {
        let cited = sentence.get_mut("citations").and_then(Value::as_array_mut);
        for (item, citation) in cited.into_iter().flatten().zip(&recorded.citations) {
            let place = places.iter().find(|(number, ..)| *number == citation.number);
            if let (Some(item), Some((_, document, offset))) = (item.as_object_mut(), place) {
                let (start, end) = (offset + citation.start, offset + citation.end);
                item.insert("document_id".into(), json!(document));
                item.insert("link".into(), json!(document_link(document, start, end)));
            }
        }
    }
    if let Some(body) = body.as_object_mut() {
        body.insert("answer_id".into(), json!(answer_name(&record.answer)));
    }
    body
}

fn answer_name(iri: &str) -> &str {
    iri.strip_prefix(crate::vocab::ANSWER_PREFIX).unwrap_or(iri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_given_to_who_wishes_it_and_linked_data_otherwise() {
        assert_eq!(wished_format("application/json"), None);
        assert_eq!(wished_format("text/html, application/json;q=0.9"), None);
        assert_eq!(wished_format("text/turtle"), Some(ResultFormat::Turtle));
        assert_eq!(wished_format("*/*"), Some(ResultFormat::JsonLd));
        assert_eq!(wished_format(""), Some(ResultFormat::JsonLd));
    }
}
