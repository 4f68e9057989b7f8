//! Errors as HTTP: the status, and a body in the shape of the OpenAI API.

use super::observe::ErrorCode;
use crate::engine::EngineError;
use crate::graph::{QueryError, VectorSearchError};
use crate::retrieve::RetrieveError;
use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Code of a question that a rule of the policy refuses.
const REFUSED_BY_POLICY: &str = "refused_by_policy";

/// A request that is refused or failed. The message is for the one who asks: it
/// shows no paths, causes or prompts of ours.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// The field of the request that is wrong.
    param: Option<&'static str>,
    /// When the same request may succeed, in seconds.
    retry_after_s: Option<u64>,
}

impl ApiError {
    /// The request is wrong.
    pub(super) fn bad_request(param: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "invalid_request",
            message: message.into(),
            param: Some(param),
            retry_after_s: None,
        }
    }

    /// There is no such thing.
    pub(super) fn not_found(
        code: &'static str,
        param: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { param: Some(param), ..Self::refused(StatusCode::NOT_FOUND, code, message) }
    }

    /// The request must not be made in this way.
    pub(super) fn refused(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { status, code, message: message.into(), param: None, retry_after_s: None }
    }

    /// One request too many, for now.
    pub(super) fn too_many(code: &'static str, message: &str, retry_after_s: u64) -> Self {
        let refused = Self::refused(StatusCode::TOO_MANY_REQUESTS, code, message);
        Self { retry_after_s: Some(retry_after_s), ..refused }
    }

    /// Nobody knows who asks.
    pub(super) fn unauthenticated() -> Self {
        let message = "expected an API key or a token, as in `Authorization: Bearer ...`";
        Self::refused(StatusCode::UNAUTHORIZED, "unauthenticated", message)
    }

    /// Too much is asked at once.
    pub(super) fn busy(retry_after_s: u32, message: &str) -> Self {
        Self {
            retry_after_s: Some(retry_after_s.into()),
            ..Self::refused(StatusCode::TOO_MANY_REQUESTS, "busy", message)
        }
    }

    /// Whether a rule of the policy refuses what is asked.
    pub(super) fn is_refusal(&self) -> bool {
        self.code == REFUSED_BY_POLICY
    }

    /// What is said to the one who asks.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// Our failure; the cause goes to the log.
    pub(super) fn internal(error: &dyn std::error::Error) -> Self {
        let mut causes = Vec::new();
        let mut cause = error.source();
        while let Some(next) = cause {
            causes.push(next.to_string());
            cause = next.source();
        }
        tracing::error!(%error, ?causes, "a request failed");
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "internal_error",
            message: "the server failed to answer; its log says why".to_owned(),
            param: None,
            retry_after_s: None,
        }
    }

    /// The body, also sent as an event in a stream that has begun.
    pub(super) fn body(&self) -> Value {
        let kind =
            if self.status.is_client_error() { "invalid_request_error" } else { "server_error" };
        json!({ "error": {
            "message": self.message,
            "type": kind,
            "param": self.param,
            "code": self.code,
        }})
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        response.extensions_mut().insert(ErrorCode(self.code));
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 9110, section 11.6.1: such an answer names the scheme.
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Retrieve(RetrieveError::Picture(error)) => {
                Self::bad_request("messages", format!("the picture cannot be read: {error}"))
            }
            EngineError::Refused { message, .. } => {
                Self::refused(StatusCode::FORBIDDEN, REFUSED_BY_POLICY, message)
            }
            error => Self::internal(&error),
        }
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        use QueryError as Q;
        let refused = |status, code| Self::refused(status, code, error.to_string());
        match &error {
            Q::Syntax(_)
            | Q::Service(_)
            | Q::SearchClause(_)
            | Q::Dataset(_)
            | Q::Load(_)
            // The evaluation fails for what the query asks.
            | Q::Evaluation(_)
            | Q::Search(VectorSearchError::Refused(_)) => {
                Self::bad_request("query", error.to_string())
            }
            Q::Rdf(_) => Self::bad_request("body", error.to_string()),
            Q::MediaType(_) => {
                refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")
            }
            Q::Format { .. } => refused(StatusCode::NOT_ACCEPTABLE, "not_acceptable"),
            Q::NoGraph(_) => refused(StatusCode::NOT_FOUND, "graph_not_found"),
            Q::GraphExists(_) => refused(StatusCode::CONFLICT, "graph_exists"),
            Q::NotWritable(_) => refused(StatusCode::FORBIDDEN, "graph_not_writable"),
            Q::NotLabelled(_) => refused(StatusCode::FORBIDDEN, "graph_not_labelled"),
            Q::Timeout(_) => refused(StatusCode::SERVICE_UNAVAILABLE, "query_timeout"),
            Q::Memory(_) => refused(StatusCode::SERVICE_UNAVAILABLE, "query_memory"),
            Q::Ended => refused(StatusCode::SERVICE_UNAVAILABLE, "query_ended"),
            Q::Busy(_) => Self::busy(1, &error.to_string()),
            Q::Write(_) => Self::refused(
                StatusCode::UNPROCESSABLE_ENTITY,
                "result_too_large",
                "the result is larger than this server sends at once; add a LIMIT",
            ),
            Q::Search(VectorSearchError::Failed(_)) | Q::Start(..) | Q::Graph(_) => {
                Self::internal(&error)
            }
        }
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::refused(rejection.status(), "invalid_request", rejection.body_text())
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        Self {
            status: rejection.status(),
            code: "invalid_request",
            message: rejection.body_text(),
            param: None,
            retry_after_s: None,
        }
    }
}

impl From<tokio::task::JoinError> for ApiError {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::internal(&error)
    }
}
