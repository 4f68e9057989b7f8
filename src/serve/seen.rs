//! What a principal sees of claims and answers, told by the view that their queries have.

use super::app::App;
use super::error::ApiError;
use crate::graph::{QueryOptions, ResultFormat};
use crate::model::{AnswerId, Principal};
use crate::vocab;
use std::collections::{HashMap, HashSet};

/// Longest evaluation of a query that says what is seen.
const TIMEOUT_MS: u64 = 30_000;

/// Claims and labels that a principal sees; `None` when they see all.
pub(super) struct Seen {
    claims: HashSet<String>,
    labels: HashMap<String, String>,
}

/// Whether a claim is among those that are seen.
pub(super) fn is_seen(seen: Option<&Seen>, claim: &str) -> bool {
    seen.is_none_or(|seen| seen.claims.contains(claim))
}

/// The label of an entity: the first of all, or the first of those that are seen.
pub(super) fn label<'a>(seen: Option<&'a Seen>, entity: &'a str, first: &'a str) -> &'a str {
    let Some(seen) = seen else { return first };
    seen.labels.get(entity).map_or(entity, String::as_str)
}

/// What the principal sees of claims about entities and pictures.
pub(super) fn seen_claims(app: &App, principal: &Principal) -> Result<Option<Seen>, ApiError> {
    if principal.labels().is_none() {
        return Ok(None);
    }
    let claims = format!(
        "SELECT ?c {{ {{ GRAPH <{}> {{ ?c vt:member ?e }} }} UNION {{ GRAPH <{}> {{ ?c oa:hasBody ?b ; oa:hasTarget ?t }} }} }}",
        vocab::GRAPH_ENTITIES,
        vocab::GRAPH_DEPICTIONS
    );
    let labels =
        format!("SELECT ?e ?l {{ GRAPH <{}> {{ ?e skos:prefLabel ?l }} }}", vocab::GRAPH_ENTITIES);
    let mut seen = Seen { claims: HashSet::new(), labels: HashMap::new() };
    for row in rows(app, principal, &claims)? {
        seen.claims.extend(row.into_iter().next());
    }
    for row in rows(app, principal, &labels)? {
        if let [entity, label] = row.as_slice() {
            seen.labels.entry(entity.clone()).or_insert_with(|| label.clone());
        }
    }
    Ok(Some(seen))
}

/// Whether the principal may read the record of an answer.
pub(super) fn reads_answer(
    app: &App,
    principal: &Principal,
    answer: &AnswerId,
) -> Result<bool, ApiError> {
    let access = app.knowledge_base().answer_access(answer)?;
    Ok(access.is_some_and(|access| access.is_readable_by(principal)))
}

/// Whether the principal may say what they think of an answer.
pub(super) fn judges_answer(
    app: &App,
    principal: &Principal,
    answer: &AnswerId,
) -> Result<bool, ApiError> {
    let access = app.knowledge_base().answer_access(answer)?;
    Ok(access.is_some_and(|access| access.may_be_judged_by(principal)))
}

/// Whether the principal, who reviews, may read the record of an answer that feedback was
/// given on.
pub(super) fn reads_answer_for_review(
    app: &App,
    principal: &Principal,
    answer: &AnswerId,
) -> Result<bool, ApiError> {
    let access = app.knowledge_base().answer_access(answer)?;
    Ok(access.is_some_and(|access| access.is_reviewable_by(principal)))
}

/// The values of a query, evaluated on what the principal sees.
fn rows(app: &App, principal: &Principal, query: &str) -> Result<Vec<Vec<String>>, ApiError> {
    let options = QueryOptions { timeout_ms: TIMEOUT_MS, formats: vec![ResultFormat::Json] };
    let mut output = Vec::new();
    app.session().sparql(query, &options, principal.labels(), &mut output)?;
    let results: serde_json::Value =
        serde_json::from_slice(&output).map_err(|error| ApiError::internal(&error))?;
    let strings = |of: &serde_json::Value| -> Vec<String> {
        let all = of.as_array().into_iter().flatten();
        all.filter_map(|value| value.as_str().map(str::to_owned)).collect()
    };
    let head = results.get("head").and_then(|head| head.get("vars")).map(strings);
    let variables = head.unwrap_or_default();
    let bindings = results.get("results").and_then(|results| results.get("bindings"));
    let rows = bindings.and_then(serde_json::Value::as_array).into_iter().flatten();
    let row = |row: &serde_json::Value| -> Vec<String> {
        let value = |name: &String| Some(row.get(name)?.get("value")?.as_str()?.to_owned());
        variables.iter().filter_map(value).collect()
    };
    Ok(rows.map(row).collect())
}
