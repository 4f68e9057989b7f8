//! `/store`: the SPARQL 1.1 Graph Store HTTP Protocol (W3C, 2013), graphs named by
//! `?graph=` or `?default`.

use super::accept;
use super::app::App;
use super::caller::Caller;
use super::error::ApiError;
use super::sparql_request::{Limited, parameters};
use crate::graph::{ChangeKind, GraphChange, QueryOptions, RdfPart, is_iri};
use crate::model::Permission;
use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, RawQuery, Request, State};
use axum::http::header::HOST;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get, put, post, delete))
}

/// Which graph a request is about.
#[derive(Debug, PartialEq)]
enum Target {
    Unnamed,
    Named(String),
    /// None was named.
    New,
}

impl Target {
    fn read(url: Option<String>) -> Result<Self, ApiError> {
        let mut target = None;
        for (key, value) in parameters(url.unwrap_or_default().as_bytes())? {
            let found = match key.as_str() {
                "default" => Self::Unnamed,
                "graph" if is_iri(&value) => Self::Named(value),
                "graph" => {
                    let message = format!("expected an absolute IRI, found `{value}`");
                    return Err(ApiError::bad_request("graph", message));
                }
                _ => continue,
            };
            if target.replace(found).is_some() {
                return Err(ApiError::bad_request("graph", "expected one graph, found more"));
            }
        }
        Ok(target.unwrap_or(Self::New))
    }

    /// The name of a graph that must be named; none for the unnamed one.
    fn name(self) -> Result<Option<String>, ApiError> {
        match self {
            Self::Unnamed => Ok(None),
            Self::Named(name) => Ok(Some(name)),
            Self::New => {
                Err(ApiError::bad_request("graph", "expected the parameter `graph` or `default`"))
            }
        }
    }
}

/// The triples that the caller sees of a graph; also answers HEAD.
#[utoipa::path(
    get,
    path = "/store",
    tag = "graph",
    params(
        ("graph" = Option<String>, Query, description = "IRI of the graph"),
        ("default" = Option<String>, Query, description = "the unnamed graph"),
    ),
    responses(
        (status = 200, description = "the triples, in the format that Accept names"),
        (status = 400, description = "no graph is named, or more than one"),
        (status = 401, description = "nobody knows who asks"),
        (status = 404, description = "there is no such graph"),
        (status = 406, description = "triples cannot be written as Accept wants them"),
        (status = 422, description = "the graph is too large"),
        (status = 429, description = "too many queries wait"),
        (status = 503, description = "reading wanted too much time or memory"),
    )
)]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    RawQuery(url): RawQuery,
) -> Result<Response, ApiError> {
    caller.require(Permission::QueryGraph)?;
    let name = Target::read(url)?.name()?;
    let formats = accept::formats(&headers)?;
    let read = tokio::task::spawn_blocking(move || {
        let config = &app.knowledge_base().config().sparql;
        let options = QueryOptions { timeout_ms: config.timeout_ms, formats };
        let mut output = Limited { bytes: Vec::new(), most: config.result_mib << 20 };
        let knowledge_base = app.knowledge_base();
        let format =
            knowledge_base.read_graph(name.as_deref(), &options, &caller.0, &mut output)?;
        Ok::<_, ApiError>((format, output.bytes))
    });
    let (format, bytes) = read.await??;
    Ok(([(CONTENT_TYPE, format.media_type())], bytes).into_response())
}

/// Makes a graph of users hold exactly the triples of the body.
#[utoipa::path(
    put,
    path = "/store",
    tag = "graph",
    params(
        ("graph" = Option<String>, Query, description = "IRI of the graph"),
        ("default" = Option<String>, Query, description = "the unnamed graph"),
    ),
    request_body(content = String, content_type = "text/turtle"),
    responses(
        (status = 201, description = "the graph is new"),
        (status = 204, description = "the graph was replaced"),
        (status = 400, description = "the body or a parameter is wrong"),
        (status = 401, description = "nobody knows who asks"),
        (status = 403, description = "the role may not change the graph, or the program keeps this one"),
        (status = 413, description = "the request is too large"),
        (status = 415, description = "the body is in no format of triples"),
    )
)]
async fn put(
    State(app): State<Arc<App>>,
    caller: Caller,
    RawQuery(url): RawQuery,
    request: Request,
) -> Result<Response, ApiError> {
    caller.require(Permission::UpdateGraph)?;
    let name = Target::read(url)?.name()?;
    change(app, caller, name, ChangeKind::Replace, request).await
}

/// Adds the triples of the body, or of each part of a form, to a graph of users; to a
/// new one when none is named.
#[utoipa::path(
    post,
    path = "/store",
    tag = "graph",
    params(
        ("graph" = Option<String>, Query, description = "IRI of the graph"),
        ("default" = Option<String>, Query, description = "the unnamed graph"),
    ),
    request_body(content = String, content_type = "text/turtle"),
    responses(
        (status = 201, description = "the graph is new; Location names it"),
        (status = 204, description = "the triples were added"),
        (status = 400, description = "the body or a parameter is wrong"),
        (status = 401, description = "nobody knows who asks"),
        (status = 403, description = "the role may not change the graph, or the program keeps this one"),
        (status = 413, description = "the request is too large"),
        (status = 415, description = "the body is in no format of triples"),
    )
)]
async fn post(
    State(app): State<Arc<App>>,
    caller: Caller,
    RawQuery(url): RawQuery,
    request: Request,
) -> Result<Response, ApiError> {
    caller.require(Permission::UpdateGraph)?;
    let name = match Target::read(url)? {
        Target::Unnamed => None,
        Target::Named(name) => Some(name),
        Target::New => Some(new_name()?),
    };
    change(app, caller, name, ChangeKind::Add, request).await
}

/// Drops a graph of users.
#[utoipa::path(
    delete,
    path = "/store",
    tag = "graph",
    params(
        ("graph" = Option<String>, Query, description = "IRI of the graph"),
        ("default" = Option<String>, Query, description = "the unnamed graph"),
    ),
    responses(
        (status = 204, description = "the graph is gone"),
        (status = 400, description = "no graph is named, or more than one"),
        (status = 401, description = "nobody knows who asks"),
        (status = 403, description = "the role may not change the graph, or the program keeps this one"),
        (status = 404, description = "there is no such graph"),
    )
)]
async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    RawQuery(url): RawQuery,
    request: Request,
) -> Result<Response, ApiError> {
    caller.require(Permission::UpdateGraph)?;
    let name = Target::read(url)?.name()?;
    change(app, caller, name, ChangeKind::Delete, request).await
}

/// An IRI that nobody has given yet.
fn new_name() -> Result<String, ApiError> {
    let mut random = [0u8; 16];
    getrandom::fill(&mut random).map_err(|error| ApiError::internal(&error))?;
    Ok(format!("urn:uuid:{}", uuid(random)))
}

/// A random UUID (RFC 9562, section 5.4).
fn uuid(mut random: [u8; 16]) -> String {
    for (place, byte) in random.iter_mut().enumerate() {
        match place {
            6 => *byte = (*byte & 0x0f) | 0x40,
            8 => *byte = (*byte & 0x3f) | 0x80,
            _ => {}
        }
    }
    let mut text = hex::encode(random);
    for place in [20, 16, 12, 8] {
        text.insert(place, '-');
    }
    text
}

async fn change(
    app: Arc<App>,
    caller: Caller,
    name: Option<String>,
    kind: ChangeKind,
    request: Request,
) -> Result<Response, ApiError> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let base = name.clone().unwrap_or_else(|| format!("http://{}/store", host.unwrap_or("x")));
    let parts = match kind {
        ChangeKind::Delete => Vec::new(),
        ChangeKind::Replace | ChangeKind::Add => parts(request).await?,
    };
    let graph = name.clone();
    let changed = tokio::task::spawn_blocking(move || {
        let change = GraphChange { graph: graph.as_deref(), kind, parts: &parts, base: &base };
        Ok::<_, ApiError>(app.knowledge_base().change_graph(&change, &caller.0)?)
    });
    let receipt = changed.await??;
    // Its IRI is where a new graph is: `/store?graph=` takes it.
    match name.filter(|name| receipt.created.contains(name)) {
        Some(name) => Ok((StatusCode::CREATED, [(LOCATION, name)]).into_response()),
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// The documents of a body: itself, or the parts of a form.
async fn parts(request: Request) -> Result<Vec<RdfPart>, ApiError> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = kind.unwrap_or("text/turtle").to_owned();
    let wrong = |message: String| ApiError::bad_request("body", message);
    if !media_type.starts_with("multipart/form-data") {
        let bytes = Bytes::from_request(request, &()).await;
        let bytes = bytes.map_err(|rejection| {
            ApiError::refused(rejection.status(), "invalid_request", rejection.body_text())
        })?;
        return Ok(vec![RdfPart { media_type, bytes: bytes.to_vec() }]);
    }
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|rejection| wrong(rejection.body_text()))?;
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|error| wrong(error.body_text()))? {
        let media_type = field.content_type().unwrap_or("text/turtle").to_owned();
        let bytes = field.bytes().await.map_err(|error| wrong(error.body_text()))?;
        parts.push(RdfPart { media_type, bytes: bytes.to_vec() });
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_one_graph() {
        let read = |url: &str| Target::read(Some(url.to_owned()));
        assert_eq!(read("default").unwrap(), Target::Unnamed);
        assert_eq!(read("graph=http%3A%2F%2Fx.test%2Fa").unwrap(), {
            Target::Named("http://x.test/a".to_owned())
        });
        assert_eq!(read("").unwrap(), Target::New);
        for wrong in ["default&graph=urn:a", "graph=a", "graph=urn:a&graph=urn:b"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_uuid_says_that_it_is_random() {
        assert_eq!(uuid([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
