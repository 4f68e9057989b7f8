//! One request from its head to the end of its response.

use super::metrics::known_method;
use crate::model::{AnswerRecord, Digest, LlmRecord, Principal, Stopwatch};
use crate::serve::app::App;
use axum::body::{Body, HttpBody};
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::Context;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio_stream::StreamExt;
use tracing::Instrument;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What no route answers to is counted together: paths come from the outside.
const NO_ROUTE: &str = "none";
/// Asked every few seconds by programs; not worth a line each.
const QUIET: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// The request as handlers report on it. Cheap to clone; its spans are sent when the
/// last clone is gone.
#[derive(Clone)]
pub(in crate::serve) struct Observed(Option<Arc<Inner>>);

struct Inner {
    app: Arc<App>,
    id: String,
    method: &'static str,
    route: String,
    started: Instant,
    began: SystemTime,
    parent: Option<Context>,
    principal: OnceLock<String>,
    ended: OnceLock<(u16, Duration)>,
    work: Mutex<Work>,
}

#[derive(Default)]
struct Work {
    stages: Vec<StageSpan>,
    answer: Option<AnswerFacts>,
}

/// A stage on the clock of the wall.
pub(super) struct StageSpan {
    pub(super) name: &'static str,
    pub(super) began: SystemTime,
    pub(super) ended: SystemTime,
    pub(super) spent: Duration,
}

/// What traces say of an answer.
pub(super) struct AnswerFacts {
    pub(super) id: String,
    pub(super) mode: &'static str,
    pub(super) generation: String,
    pub(super) llm: Option<LlmRecord>,
}

/// A request that is over, for its spans.
pub(super) struct Finished<'a> {
    pub(super) id: &'a str,
    pub(super) method: &'static str,
    pub(super) route: &'a str,
    pub(super) status: u16,
    pub(super) began: SystemTime,
    pub(super) ended: SystemTime,
    pub(super) principal: Option<&'a str>,
    pub(super) stages: &'a [StageSpan],
    pub(super) answer: Option<&'a AnswerFacts>,
}

/// The code of an error, put beside its response.
#[derive(Clone, Copy)]
pub(in crate::serve) struct ErrorCode(pub(in crate::serve) &'static str);

impl Observed {
    /// The request that these extensions belong to.
    pub(in crate::serve) fn of(extensions: Option<&Extensions>) -> Self {
        extensions.and_then(|known| known.get::<Self>()).cloned().unwrap_or(Self(None))
    }

    /// Who asks; only a digest of the name is kept.
    pub(in crate::serve) fn principal(&self, principal: &Principal) {
        if let Some(inner) = &self.0 {
            inner.principal.get_or_init(|| Digest::of(principal.name.as_bytes()).short());
        }
    }

    /// What the stages of the work took.
    pub(in crate::serve) fn stages(&self, stopwatch: &Stopwatch) {
        let (Some(inner), Some(start)) = (&self.0, stopwatch.started()) else { return };
        inner.app.observer().metrics.stages(stopwatch);
        if inner.parent.is_none() {
            return;
        }
        let offset = start.saturating_duration_since(inner.started);
        let at = |time: Duration| inner.began + offset + time;
        let spans = stopwatch.times().map(|time| StageSpan {
            name: time.stage.as_str(),
            began: at(time.began),
            ended: at(time.ended),
            spent: time.spent,
        });
        inner.work.lock().unwrap_or_else(PoisonError::into_inner).stages.extend(spans);
    }

    /// The answer and what its stages took.
    pub(in crate::serve) fn answered(&self, record: &AnswerRecord, stopwatch: &Stopwatch) {
        self.stages(stopwatch);
        let Some(inner) = &self.0 else { return };
        inner.app.observer().metrics.answer(record);
        if inner.parent.is_some() {
            let llm =
                record.answer.llm.clone().map(|llm| LlmRecord { output: String::new(), ..llm });
            inner.work.lock().unwrap_or_else(PoisonError::into_inner).answer = Some(AnswerFacts {
                id: record.id.name().to_owned(),
                mode: record.answer.mode.as_str(),
                generation: record.generation.name().to_owned(),
                llm,
            });
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Observed {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(Some(&parts.extensions)))
    }
}

/// Counts, logs and traces a request. Stands around everything else that a request
/// passes.
pub(in crate::serve) async fn observe(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = request_id(request.headers());
    let traces = app.observer().traces.as_ref();
    let inner = Arc::new(Inner {
        method: known_method(request.method().as_str()),
        route: request
            .extensions()
            .get::<MatchedPath>()
            .map_or_else(|| NO_ROUTE.to_owned(), |path| path.as_str().to_owned()),
        started: Instant::now(),
        began: SystemTime::now(),
        parent: traces.map(|traces| traces.parent(request.headers())),
        principal: OnceLock::new(),
        ended: OnceLock::new(),
        work: Mutex::default(),
        id: id.clone(),
        app,
    });
    request.extensions_mut().insert(Observed(Some(Arc::clone(&inner))));
    let mut running = Running { inner, status: 499, code: None };
    running.inner.app.observer().metrics.begun();
    let span = tracing::info_span!("request", id);
    let mut response = next.run(request).instrument(span).await;
    running.status = response.status().as_u16();
    running.code = response.extensions().get().map(|ErrorCode(code)| *code);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    // A body of known size is complete; a stream ends when its last piece was taken,
    // or when nobody listens any more.
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    response.map(|body| {
        Body::from_stream(body.into_data_stream().map(move |piece| {
            let _until_the_end = &running;
            piece
        }))
    })
}

/// Ends the request when it is dropped: after the response, or when its client is gone.
struct Running {
    inner: Arc<Inner>,
    /// 499 until there is a response, as other servers count clients that left.
    status: u16,
    /// The code of the error that it is answered with.
    code: Option<&'static str>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let (inner, status) = (&self.inner, self.status);
        let took = inner.started.elapsed();
        if inner.ended.set((status, took)).is_err() {
            return;
        }
        let metrics = &inner.app.observer().metrics;
        metrics.ended(&inner.route, inner.method, (status, self.code), took);
        inner.log(status, took);
    }
}

impl Inner {
    fn log(&self, status: u16, took: Duration) {
        let duration_ms = (took.as_secs_f64() * 1e6).round() / 1e3;
        let principal = self.principal.get().map_or("-", String::as_str);
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    request.id = %self.id,
                    http.method = self.method,
                    http.route = %self.route,
                    http.status = status,
                    duration_ms,
                    principal,
                    "answered a request"
                )
            };
        }
        match status {
            500.. if status != 503 => line!(error),
            503 => line!(warn),
            // Thousands a second when too much is asked: counted, and not worth the disk.
            429 => line!(debug),
            _ if QUIET.contains(&self.route.as_str()) => line!(debug),
            _ => line!(info),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let traces = self.app.observer().traces.as_ref();
        let (Some(traces), Some(parent), Some((status, took))) =
            (traces, &self.parent, self.ended.get())
        else {
            return;
        };
        let work = self.work.get_mut().unwrap_or_else(PoisonError::into_inner);
        let finished = Finished {
            id: &self.id,
            method: self.method,
            route: &self.route,
            status: *status,
            began: self.began,
            ended: self.began + *took,
            principal: self.principal.get().map(String::as_str),
            stages: &work.stages,
            answer: work.answer.as_ref(),
        };
        traces.send(&finished, parent);
    }
}

/// The id that the caller or a proxy gave, or a new one.
fn request_id(headers: &HeaderMap) -> String {
    const MAX_LENGTH: usize = 64;
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(|id| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        (1..=MAX_LENGTH).contains(&id.len()) && id.bytes().all(plain)
    });
    given.map_or_else(
        || {
            let mut bytes = [0; 8];
            // Ids only tell requests apart; without randomness they are all the same.
            let _ = getrandom::fill(&mut bytes);
            hex::encode(bytes)
        },
        str::to_owned,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_ids_are_taken_from_outside() {
        let id = |given: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_static(given));
            request_id(&headers)
        };
        assert_eq!(id("trace-7.a_b"), "trace-7.a_b");
        for wrong in ["", "a b", "a\"b", "{}"] {
            assert_eq!(id(wrong).len(), 16, "{wrong}");
        }
        assert_ne!(id(""), id(""));
    }
}
