//! `GET /api/answers/{id}`: the record of an answer.

use super::app::App;
use super::caller::Caller;
use super::error::ApiError;
use crate::graph::{QueryOptions, ResultFormat};
use crate::model::AnswerId;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get))
}

/// The PROV-O bundle as JSON-LD, or in the RDF format that `Accept` names.
#[utoipa::path(
    get,
    path = "/api/answers/{id}",
    tag = "answers",
    params(("id" = String, Path, description = "Identity of the answer")),
    responses((status = 200), (status = 404))
)]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    let unknown = || ApiError::not_found("answer_not_found", "id", "there is no such answer");
    let id = AnswerId::from_name(&name).ok_or_else(unknown)?;
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let graph_formats =
        [ResultFormat::Turtle, ResultFormat::NTriples, ResultFormat::RdfXml, ResultFormat::JsonLd];
    let format = graph_formats
        .into_iter()
        .find(|format| accept.contains(format.media_type()))
        .unwrap_or(ResultFormat::JsonLd);
    let read = tokio::task::spawn_blocking(move || {
        let access = app.knowledge_base().answer_access(&id)?;
        if !access.is_some_and(|access| access.is_readable_by(&caller.0)) {
            return Ok::<_, ApiError>(None);
        }
        let query =
            format!("CONSTRUCT {{ ?s ?p ?o }} {{ GRAPH <{}> {{ ?s ?p ?o }} }}", id.as_str());
        let options = QueryOptions { timeout_ms: 10_000, formats: vec![format] };
        let mut body = Vec::new();
        app.knowledge_base().sparql(&query, &options, &mut body)?;
        Ok(Some(body))
    });
    let body = read.await??.ok_or_else(unknown)?;
    Ok(([(CONTENT_TYPE, format.media_type())], body).into_response())
}
