//! Counters and histograms that requests write to.

use crate::model::{AnswerMode, AnswerRecord, Stopwatch, Support};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::time::Duration;

/// Upper bounds for whole requests, in seconds.
const REQUEST_BUCKETS: [f64; 16] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
];
/// Upper bounds for single stages, in seconds.
const STAGE_BUCKETS: [f64; 16] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    10.0, 60.0,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    method: &'static str,
    status: &'static str,
}

/// One label of a metric.
macro_rules! label {
    ($name:ident, $field:ident) => {
        #[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
        struct $name {
            $field: &'static str,
        }
    };
}
label!(CodeLabel, code);
label!(ReasonLabel, reason);
label!(StageLabel, stage);
label!(ModeLabel, mode);
label!(VerdictLabel, verdict);

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// What is counted while requests are answered.
pub(in crate::serve) struct Metrics {
    registry: Registry,
    requests: Histograms<RequestLabels>,
    in_flight: Gauge,
    errors: Family<CodeLabel, Counter>,
    refusals: Family<ReasonLabel, Counter>,
    stages: Histograms<StageLabel>,
    answers: Family<ModeLabel, Counter>,
    sentences: Family<VerdictLabel, Counter>,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("veritrail");
        let requests: Histograms<RequestLabels> =
            Family::new_with_constructor(|| Histogram::new(REQUEST_BUCKETS));
        registry.register_with_unit(
            "http_request_duration",
            "Time from the head of a request to the end of its response",
            Unit::Seconds,
            requests.clone(),
        );
        let in_flight = Gauge::default();
        registry.register(
            "http_requests_in_flight",
            "Requests whose response has not ended",
            in_flight.clone(),
        );
        let errors = Family::default();
        registry.register("http_errors", "Responses with an error, by its code", errors.clone());
        let refusals = Family::default();
        registry.register("http_refusals", "Requests that were turned away", refusals.clone());
        let stages: Histograms<StageLabel> =
            Family::new_with_constructor(|| Histogram::new(STAGE_BUCKETS));
        registry.register_with_unit(
            "stage_duration",
            "Time that one question spent in a stage",
            Unit::Seconds,
            stages.clone(),
        );
        let answers = Family::default();
        registry.register("answers", "Recorded answers, by how they came about", answers.clone());
        let sentences = Family::default();
        registry.register(
            "sentences",
            "Sentences that a language model wrote, by whether their citations carry them",
            sentences.clone(),
        );
        Self { registry, requests, in_flight, errors, refusals, stages, answers, sentences }
    }

    pub(in crate::serve) fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(super) fn begun(&self) {
        self.in_flight.inc();
    }

    /// A response has ended.
    pub(super) fn ended(
        &self,
        route: &str,
        method: &'static str,
        (status, code): (u16, Option<&'static str>),
        took: Duration,
    ) {
        self.in_flight.dec();
        let labels =
            RequestLabels { route: route.to_owned(), method, status: status_class(status) };
        self.requests.get_or_create(&labels).observe(took.as_secs_f64());
        if let Some(code) = code {
            self.errors.get_or_create(&CodeLabel { code }).inc();
        }
        if let Some(reason) = refusal(status, code) {
            self.refusals.get_or_create(&ReasonLabel { reason }).inc();
        }
    }

    pub(super) fn stages(&self, stopwatch: &Stopwatch) {
        for time in stopwatch.times() {
            let label = StageLabel { stage: time.stage.as_str() };
            self.stages.get_or_create(&label).observe(time.spent.as_secs_f64());
        }
    }

    pub(super) fn answer(&self, record: &AnswerRecord) {
        let mode = match &record.answer.mode {
            AnswerMode::Extractive { degraded_because: Some(_) } => "degraded",
            mode => mode.as_str(),
        };
        self.answers.get_or_create(&ModeLabel { mode }).inc();
        if record.answer.llm.is_none() {
            return;
        }
        let kept = record.answer.sentences.iter().map(|sentence| match sentence.support {
            Support::Supported => "supported",
            Support::Unsupported(_) | Support::Banned(_) => "flagged",
        });
        for verdict in kept.chain(record.answer.dropped.iter().map(|_| "dropped")) {
            self.sentences.get_or_create(&VerdictLabel { verdict }).inc();
        }
    }
}

/// Methods come from the outside; unknown ones share a name.
pub(super) fn known_method(method: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("OTHER")
}

fn status_class(status: u16) -> &'static str {
    match status {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

/// Why a request with this status, and this code where it is an error of ours, was
/// turned away.
fn refusal(status: u16, code: Option<&'static str>) -> Option<&'static str> {
    if code.is_some_and(|code| code.contains("timeout")) {
        return Some("timeout");
    }
    match status {
        401 => Some("unauthenticated"),
        403 => Some("forbidden"),
        408 | 504 => Some("timeout"),
        413 => Some("too_large"),
        429 if code == Some("busy") => Some("busy"),
        429 => Some("quota"),
        503 => Some("unavailable"),
        _ => None,
    }
}
