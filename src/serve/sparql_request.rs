//! Requests of the SPARQL 1.1 Protocol (W3C, 2013): what is asked, and on which graphs.

use super::error::ApiError;
use crate::graph::{GraphChoice, is_iri};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use std::io::{self, Write};

/// The two operations of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Query,
    Update,
}

impl Operation {
    /// The parameter that holds the text.
    fn parameter(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Update => "update",
        }
    }

    /// The media type of the text itself.
    fn media_type(self) -> &'static str {
        match self {
            Self::Query => "application/sparql-query",
            Self::Update => "application/sparql-update",
        }
    }

    fn graph_parameters(self) -> [&'static str; 2] {
        match self {
            Self::Query => ["default-graph-uri", "named-graph-uri"],
            Self::Update => ["using-graph-uri", "using-named-graph-uri"],
        }
    }
}

/// What a request asks for.
#[derive(Debug, Default, PartialEq)]
pub(super) struct SparqlRequest {
    /// The query or update; none in a request for the service description.
    pub(super) text: Option<String>,
    pub(super) graphs: GraphChoice,
}

impl SparqlRequest {
    /// Reads the parameters of a URL or a form.
    fn add(&mut self, operation: Operation, encoded: &[u8]) -> Result<(), ApiError> {
        let name = operation.parameter();
        let [default, named] = operation.graph_parameters();
        for (key, value) in parameters(encoded)? {
            if key == name {
                if self.text.replace(value).is_some() {
                    let message = format!("expected one parameter `{name}`, found more");
                    return Err(ApiError::bad_request(name, message));
                }
            } else if key == default || key == named {
                let param = if key == default { default } else { named };
                if !is_iri(&value) {
                    let message = format!("expected an absolute IRI, found `{value}`");
                    return Err(ApiError::bad_request(param, message));
                }
                let graphs = &mut self.graphs;
                let list = if key == default {
                    &mut graphs.default_graphs
                } else {
                    &mut graphs.named_graphs
                };
                list.push(value);
            } else if matches!(key.as_str(), "query" | "update") {
                let message = "queries are answered at /query, updates are made at /update";
                return Err(ApiError::bad_request("query", message));
            }
        }
        Ok(())
    }

    /// A request without a body.
    pub(super) fn of_url(operation: Operation, url: &str) -> Result<Self, ApiError> {
        let mut request = Self::default();
        request.add(operation, url.as_bytes())?;
        Ok(request)
    }

    /// A request whose body is a form, or the text itself.
    pub(super) fn of_body(
        operation: Operation,
        url: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Self, ApiError> {
        let mut request = Self::of_url(operation, url)?;
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        if kind == operation.media_type() {
            let text = std::str::from_utf8(body).map_err(|_| not_utf8(operation.parameter()))?;
            if request.text.replace(text.to_owned()).is_some() {
                let message = "expected the text in the body or in the URL, found both";
                return Err(ApiError::bad_request(operation.parameter(), message));
            }
        } else if kind == "application/x-www-form-urlencoded" {
            request.add(operation, body)?;
        } else {
            let message = format!(
                "expected {} or application/x-www-form-urlencoded, found `{kind}`",
                operation.media_type()
            );
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(ApiError::refused(status, "unsupported_media_type", &message));
        }
        Ok(request)
    }

    /// The text, which must be there.
    pub(super) fn text(self, operation: Operation) -> Result<(String, GraphChoice), ApiError> {
        let name = operation.parameter();
        let missing = || ApiError::bad_request(name, format!("expected the parameter `{name}`"));
        Ok((self.text.ok_or_else(missing)?, self.graphs))
    }
}

fn not_utf8(param: &'static str) -> ApiError {
    ApiError::bad_request(param, "expected text in UTF-8")
}

/// The parameters of a URL or a form, which must be UTF-8.
pub(super) fn parameters(encoded: &[u8]) -> Result<Vec<(String, String)>, ApiError> {
    let mut parameters = Vec::new();
    for pair in encoded.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        // A wrong byte would become U+FFFD, and another text would be evaluated.
        let decoded = form_urlencoded::parse(pair);
        for (key, value) in decoded {
            if value.contains('\u{FFFD}') && !holds_replacement(pair) {
                return Err(not_utf8("query"));
            }
            parameters.push((key.into_owned(), value.into_owned()));
        }
    }
    Ok(parameters)
}

/// Whether U+FFFD itself was sent.
fn holds_replacement(pair: &[u8]) -> bool {
    let text = String::from_utf8_lossy(pair).to_ascii_uppercase();
    text.contains("%EF%BF%BD") || std::str::from_utf8(pair).is_ok_and(|p| p.contains('\u{FFFD}'))
}

/// Collects a result up to a limit.
pub(super) struct Limited {
    pub(super) bytes: Vec<u8>,
    pub(super) most: usize,
}

impl Write for Limited {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + data.len() > self.most {
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
    use Operation::{Query, Update};

    #[test]
    fn one_text_is_expected() {
        let (text, graphs) = SparqlRequest::of_url(
            Query,
            "query=ASK+%7B%7D&x=1&default-graph-uri=urn:a&named-graph-uri=urn:b",
        )
        .unwrap()
        .text(Query)
        .unwrap();
        assert_eq!(text, "ASK {}");
        assert_eq!((graphs.default_graphs[0].as_str(), graphs.named_graphs.len()), ("urn:a", 1));
        for wrong in ["query=a&query=b", "query=a&default-graph-uri=x", "update=x", "query=%FF"] {
            assert!(SparqlRequest::of_url(Query, wrong).is_err(), "{wrong}");
        }
        assert!(SparqlRequest::of_url(Query, "query=%EF%BF%BD").is_ok());
        assert!(SparqlRequest::of_url(Update, "query=x").is_err());
        assert!(SparqlRequest::of_url(Query, "").unwrap().text(Query).is_err());
    }

    #[test]
    fn the_body_is_a_form_or_the_text() {
        let read = |kind: &str, url: &str, body: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, kind.parse().unwrap());
            SparqlRequest::of_body(Update, url, &headers, body)
        };
        let direct = "application/sparql-update; charset=utf-8";
        let found = read(direct, "using-graph-uri=urn:a", b"CLEAR ALL").unwrap();
        assert_eq!(found.text.as_deref(), Some("CLEAR ALL"));
        assert_eq!(found.graphs.default_graphs, ["urn:a"]);
        let form = read("application/x-www-form-urlencoded", "", b"update=CLEAR+ALL").unwrap();
        assert_eq!(form.text.as_deref(), Some("CLEAR ALL"));
        for (kind, url, body) in [
            (direct, "update=x", &b"CLEAR ALL"[..]),
            (direct, "", b"\xff"),
            ("text/plain", "", b"CLEAR ALL"),
            ("application/sparql-query", "", b"CLEAR ALL"),
        ] {
            assert!(read(kind, url, body).is_err(), "{kind} {url}");
        }
    }
}
