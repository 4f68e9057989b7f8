//! `/query` and `/update`: the SPARQL 1.1 Protocol (W3C, 2013).

use super::accept;
use super::app::App;
use super::caller::Caller;
use super::error::ApiError;
use super::sparql_request::{Limited, Operation, SparqlRequest};
use crate::graph::{QueryOptions, ServiceDescription, service_description};
use crate::model::Permission;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(query_get, query_post))
        .routes(routes!(update))
        // The name that many clients expect.
        .route("/sparql", axum::routing::get(query_get).post(query_post))
}

/// Answers a query, or describes the service when there is none.
#[utoipa::path(
    get,
    path = "/query",
    tag = "graph",
    params(
        ("query" = Option<String>, Query, description = "SPARQL 1.1 query; without one, the service is described"),
        ("default-graph-uri" = Option<Vec<String>>, Query, description = "graphs whose merge is the default graph"),
        ("named-graph-uri" = Option<Vec<String>>, Query, description = "named graphs"),
    ),
    responses(
        (status = 200, description = "results in the format that Accept names"),
        (status = 400, description = "the query or a parameter is wrong"),
        (status = 401, description = "nobody knows who asks"),
        (status = 406, description = "the results cannot be written as Accept wants them"),
        (status = 422, description = "the results are too large"),
        (status = 429, description = "too many queries wait"),
        (status = 503, description = "the query wanted too much time or memory"),
    )
)]
async fn query_get(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    uri: Uri,
    RawQuery(parameters): RawQuery,
) -> Result<Response, ApiError> {
    caller.require(Permission::QueryGraph)?;
    let request = SparqlRequest::of_url(Operation::Query, &parameters.unwrap_or_default())?;
    if request.text.is_none() {
        return describe(&app, &caller, &headers, uri.path());
    }
    answer(app, caller, &headers, request).await
}

/// Answers a query that is a form or the body itself.
#[utoipa::path(
    post,
    path = "/query",
    tag = "graph",
    params(
        ("default-graph-uri" = Option<Vec<String>>, Query, description = "graphs whose merge is the default graph"),
        ("named-graph-uri" = Option<Vec<String>>, Query, description = "named graphs"),
    ),
    request_body(content = String, content_type = "application/sparql-query"),
    responses(
        (status = 200, description = "results in the format that Accept names"),
        (status = 400, description = "the query or a parameter is wrong"),
        (status = 401, description = "nobody knows who asks"),
        (status = 406, description = "the results cannot be written as Accept wants them"),
        (status = 413, description = "the request is too large"),
        (status = 415, description = "the body is neither a form nor a query"),
        (status = 422, description = "the results are too large"),
        (status = 429, description = "too many queries wait"),
        (status = 503, description = "the query wanted too much time or memory"),
    )
)]
async fn query_post(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    RawQuery(parameters): RawQuery,
    body: Bytes,
) -> Result<Response, ApiError> {
    caller.require(Permission::QueryGraph)?;
    let url = parameters.unwrap_or_default();
    let request = SparqlRequest::of_body(Operation::Query, &url, &headers, &body)?;
    answer(app, caller, &headers, request).await
}

async fn answer(
    app: Arc<App>,
    caller: Caller,
    headers: &HeaderMap,
    request: SparqlRequest,
) -> Result<Response, ApiError> {
    let formats = accept::formats(headers)?;
    let (text, mut graphs) = request.text(Operation::Query)?;
    // Relative IRIs are relative to where the text was sent (RFC 3986, section 5.1.3).
    graphs.base = Some(format!("{}/query", origin(headers)));
    let answered = tokio::task::spawn_blocking(move || {
        let config = &app.knowledge_base().config().sparql;
        let options = QueryOptions { timeout_ms: config.timeout_ms, formats };
        let mut output = Limited { bytes: Vec::new(), most: config.result_mib << 20 };
        let format = app.session().query(text, options, graphs, &caller.0, &mut output)?;
        Ok::<_, ApiError>((format, output.bytes))
    });
    let (format, bytes) = answered.await??;
    Ok(([(CONTENT_TYPE, format.media_type())], bytes).into_response())
}

/// Changes graphs of users; the change is recorded with who made it.
#[utoipa::path(
    post,
    path = "/update",
    tag = "graph",
    params(
        ("using-graph-uri" = Option<Vec<String>>, Query, description = "graphs whose merge is the default graph of WHERE"),
        ("using-named-graph-uri" = Option<Vec<String>>, Query, description = "named graphs of WHERE"),
    ),
    request_body(content = String, content_type = "application/sparql-update"),
    responses(
        (status = 200, description = "what was changed, and the record of it"),
        (status = 400, description = "the update or a parameter is wrong"),
        (status = 401, description = "nobody knows who asks"),
        (status = 403, description = "the role may not change the graph, or the program keeps this one"),
        (status = 404, description = "there is no such graph"),
        (status = 409, description = "there is such a graph already"),
        (status = 413, description = "the request is too large"),
        (status = 415, description = "the body is neither a form nor an update"),
        (status = 429, description = "too many queries wait"),
        (status = 503, description = "the update wanted too much time or memory"),
    )
)]
async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    RawQuery(parameters): RawQuery,
    body: Bytes,
) -> Result<Response, ApiError> {
    caller.require(Permission::UpdateGraph)?;
    let url = parameters.unwrap_or_default();
    let request = SparqlRequest::of_body(Operation::Update, &url, &headers, &body)?;
    let (text, mut graphs) = request.text(Operation::Update)?;
    graphs.base = Some(format!("{}/update", origin(&headers)));
    let made = tokio::task::spawn_blocking(move || {
        Ok::<_, ApiError>(app.session().update(text, graphs, &caller.0)?)
    });
    let receipt = made.await??;
    let body = json!({
        "record": receipt.record,
        "inserted": receipt.n_inserted,
        "removed": receipt.n_removed,
        "graphs": receipt.graphs,
    });
    Ok((StatusCode::OK, axum::Json(body)).into_response())
}

/// Scheme and authority under which the caller reached the server.
fn origin(headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    // Behind a proxy that ends TLS, the scheme is what it says.
    let scheme = headers.get("x-forwarded-proto").and_then(|scheme| scheme.to_str().ok());
    let scheme = if scheme == Some("https") { "https" } else { "http" };
    format!("{scheme}://{host}")
}

fn describe(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    path: &str,
) -> Result<Response, ApiError> {
    let origin = origin(headers);
    let may_update = caller.0.role.may(Permission::UpdateGraph);
    let description = ServiceDescription {
        endpoint: format!("{origin}{path}"),
        update: may_update.then(|| format!("{origin}/update")),
        default_graph: app.knowledge_base().config().sparql.default_graph,
    };
    let formats = accept::formats(headers)?;
    let (format, bytes) = service_description(&description, &formats)?;
    Ok(([(CONTENT_TYPE, format.media_type())], bytes).into_response())
}
