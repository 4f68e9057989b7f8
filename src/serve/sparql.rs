//! `/sparql`: the query operation of the SPARQL 1.1 Protocol (W3C, 2013).

use super::app::App;
use super::caller::Caller;
use super::error::ApiError;
use crate::graph::{QueryOptions, ResultFormat};
use crate::model::Permission;
use axum::extract::{RawQuery, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use std::io::{self, Write};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Longest evaluation.
const TIMEOUT_MS: u64 = 30_000;
/// Largest result that is sent.
const MAX_RESULT_BYTES: usize = 256 << 20;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get, post))
}

/// `GET /sparql?query=...`
#[utoipa::path(get, path = "/sparql", tag = "graph", responses((status = 200)))]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    RawQuery(parameters): RawQuery,
) -> Result<Response, ApiError> {
    let query = query_parameter(parameters.unwrap_or_default().as_bytes())?;
    answer(app, caller, &headers, query).await
}

/// `POST /sparql` with a form, or with the query itself as
/// `application/sparql-query`.
#[utoipa::path(
    post,
    path = "/sparql",
    tag = "graph",
    request_body(content = String, content_type = "application/sparql-query"),
    responses((status = 200))
)]
async fn post(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Result<Response, ApiError> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let query = match kind.split(';').next().unwrap_or_default().trim() {
        "application/sparql-query" => String::from_utf8(body.to_vec())
            .map_err(|_| ApiError::bad_request("query", "expected the query in UTF-8"))?,
        "application/x-www-form-urlencoded" => query_parameter(&body)?,
        found => {
            let message = format!(
                "expected application/sparql-query or application/x-www-form-urlencoded, found `{found}`"
            );
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(ApiError::refused(status, "unsupported_media_type", &message));
        }
    };
    answer(app, caller, &headers, query).await
}

async fn answer(
    app: Arc<App>,
    caller: Caller,
    headers: &HeaderMap,
    query: String,
) -> Result<Response, ApiError> {
    caller.require(Permission::QueryGraph)?;
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
    let formats = wished_formats(accept);
    if formats.is_empty() {
        let known: Vec<&str> = ResultFormat::ALL.iter().map(|format| format.media_type()).collect();
        let message = format!("expected Accept to name one of: {}", known.join(", "));
        return Err(ApiError::refused(StatusCode::NOT_ACCEPTABLE, "not_acceptable", &message));
    }
    let options = QueryOptions { timeout_ms: TIMEOUT_MS, formats };
    let answered = tokio::task::spawn_blocking(move || {
        let mut output = Limited { bytes: Vec::new() };
        let format = app.session().sparql(&query, &options, caller.0.labels(), &mut output)?;
        Ok::<_, ApiError>((format, output.bytes))
    });
    let (format, bytes) = answered.await??;
    Ok(([(CONTENT_TYPE, format.media_type())], bytes).into_response())
}

/// The one `query` among the parameters. Others of the protocol would change
/// the answer, so they are not passed over.
fn query_parameter(encoded: &[u8]) -> Result<String, ApiError> {
    let mut queries = Vec::new();
    for (key, value) in form_urlencoded::parse(encoded) {
        match key.as_ref() {
            "query" => queries.push(value.into_owned()),
            "default-graph-uri" | "named-graph-uri" => {
                let message = "not supported: name the graphs by FROM in the query";
                return Err(ApiError::bad_request("default-graph-uri", message));
            }
            "update" => {
                let message = "updates are not served here; this endpoint answers queries";
                return Err(ApiError::bad_request("update", message));
            }
            _ => {}
        }
    }
    match (queries.pop(), queries.is_empty()) {
        (Some(query), true) => Ok(query),
        (Some(_), false) => Err(ApiError::bad_request("query", "expected one query, found more")),
        (None, _) => Err(ApiError::bad_request("query", "expected the parameter `query`")),
    }
}

/// Formats that an `Accept` header (RFC 9110, section 12.5.1) allows, the most
/// wanted first; equal ones in the order of the header.
fn wished_formats(accept: &str) -> Vec<ResultFormat> {
    let mut wishes: Vec<(f32, &str)> = accept
        .split(',')
        .filter_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let media_type = parts.next().filter(|media_type| !media_type.is_empty())?;
            let quality = parts.find_map(|part| part.strip_prefix("q="));
            Some((quality.map_or(1.0, |q| q.parse().unwrap_or(0.0)), media_type))
        })
        .filter(|(quality, _)| *quality > 0.0)
        .collect();
    wishes.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut formats = Vec::new();
    for (_, wish) in wishes {
        let fits = |format: &ResultFormat| match wish {
            "*/*" => true,
            "application/json" => *format == ResultFormat::Json,
            "application/xml" | "text/xml" => {
                matches!(format, ResultFormat::Xml | ResultFormat::RdfXml)
            }
            "text/plain" => *format == ResultFormat::NTriples,
            wish => match wish.strip_suffix("/*") {
                Some(kind) => format.media_type().split('/').next() == Some(kind),
                None => format.media_type() == wish,
            },
        };
        formats.extend(ResultFormat::ALL.into_iter().filter(fits));
    }
    let mut seen = Vec::new();
    formats.retain(|format| {
        let new = !seen.contains(format);
        seen.push(*format);
        new
    });
    formats
}

/// Collects a result up to the limit.
struct Limited {
    bytes: Vec<u8>,
}

impl Write for Limited {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + data.len() > MAX_RESULT_BYTES {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.bytes.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ResultFormat::{Csv, Json, RdfXml, Tsv, Turtle, Xml};

    #[test]
    fn the_accept_header_orders_the_formats() {
        assert_eq!(wished_formats("text/turtle"), [Turtle]);
        assert_eq!(wished_formats("text/csv;q=0.5, application/json"), [Json, Csv]);
        assert_eq!(wished_formats("application/xml"), [Xml, RdfXml]);
        assert_eq!(wished_formats("*/*"), ResultFormat::ALL);
        assert_eq!(wished_formats("text/*"), [Csv, Tsv, Turtle]);
        assert_eq!(wished_formats("image/png, text/csv;q=0"), []);
    }

    #[test]
    fn one_query_parameter_is_expected() {
        assert_eq!(query_parameter(b"query=ASK+%7B%7D&x=1").unwrap(), "ASK {}");
        for wrong in ["", "query=a&query=b", "query=a&default-graph-uri=x", "update=x"] {
            assert!(query_parameter(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
