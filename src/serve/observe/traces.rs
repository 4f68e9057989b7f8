//! Spans of requests and their stages, sent to a collector by OTLP.
//!
//! Spans are made when a request is over, from what was measured on the way, so that
//! computing knows nothing of them.

use super::request::Finished;
use crate::config::ObserveConfig;
use axum::http::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{Span, SpanKind, Status, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use std::time::Duration;

/// Longest wait for the collector.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The collector cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("traces cannot be sent to `observe.otlp_endpoint`")]
pub struct TraceSetupError(#[from] ExporterBuildError);

/// Where spans go.
pub(super) struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    propagator: TraceContextPropagator,
}

impl Traces {
    /// `None` when no collector is named.
    pub(super) fn new(config: &ObserveConfig) -> Result<Option<Self>, TraceSetupError> {
        let address = config.otlp_endpoint.as_deref().map(str::trim).filter(|a| !a.is_empty());
        let Some(address) = address else { return Ok(None) };
        // Fails only when a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(traces_address(address))
            .with_timeout(TIMEOUT)
            .build()?;
        let resource = Resource::builder()
            .with_service_name("veritrail")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let share = Sampler::TraceIdRatioBased(config.trace_share.clamp(0.0, 1.0));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::ParentBased(Box::new(share)))
            .with_resource(resource)
            .build();
        let tracer = provider.tracer("veritrail");
        Ok(Some(Self { provider, tracer, propagator: TraceContextPropagator::new() }))
    }

    /// The trace to which a request belongs, by its `traceparent` (W3C Trace Context).
    pub(super) fn parent(&self, headers: &HeaderMap) -> Context {
        self.propagator.extract_with_context(&Context::new(), &Headers(headers))
    }

    /// Hands on the spans of a request.
    pub(super) fn send(&self, request: &Finished<'_>, parent: &Context) {
        let attributes = [
            KeyValue::new("http.request.method", request.method),
            KeyValue::new("http.route", request.route.to_owned()),
            KeyValue::new("http.response.status_code", i64::from(request.status)),
            KeyValue::new("veritrail.request.id", request.id.to_owned()),
        ];
        let mut span = self
            .tracer
            .span_builder(format!("{} {}", request.method, request.route))
            .with_kind(SpanKind::Server)
            .with_start_time(request.began)
            .with_attributes(attributes)
            .start_with_context(&self.tracer, parent);
        if request.status >= 500 {
            span.set_status(Status::error(""));
            span.set_attribute(KeyValue::new("error.type", request.status.to_string()));
        }
        if let Some(principal) = request.principal {
            span.set_attribute(KeyValue::new("enduser.pseudo.id", principal.to_owned()));
        }
        if let Some(answer) = request.answer {
            span.set_attributes([
                KeyValue::new("veritrail.answer.id", answer.id.clone()),
                KeyValue::new("veritrail.answer.mode", answer.mode),
                KeyValue::new("veritrail.generation", answer.generation.clone()),
            ]);
        }
        let context = Context::new().with_remote_span_context(span.span_context().clone());
        for stage in request.stages {
            let llm = request.answer.and_then(|answer| answer.llm.as_ref());
            let llm = llm.filter(|_| stage.name == "llm");
            let (name, kind) = match llm {
                Some(llm) => (format!("chat {}", llm.model), SpanKind::Client),
                None => (stage.name.to_owned(), SpanKind::Internal),
            };
            let mut span = self
                .tracer
                .span_builder(name)
                .with_kind(kind)
                .with_start_time(stage.began)
                .start_with_context(&self.tracer, &context);
            let spent_ms = stage.spent.as_secs_f64() * 1e3;
            span.set_attribute(KeyValue::new("veritrail.stage", stage.name));
            span.set_attribute(KeyValue::new("veritrail.stage.spent_ms", spent_ms));
            if let Some(llm) = llm {
                // OpenTelemetry semantic conventions, spans of generative AI clients.
                span.set_attributes([
                    KeyValue::new("gen_ai.operation.name", "chat"),
                    KeyValue::new("gen_ai.provider.name", "openai"),
                    KeyValue::new("gen_ai.request.model", llm.model.clone()),
                    KeyValue::new("gen_ai.request.temperature", f64::from(llm.temperature)),
                ]);
                let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
                if let Some(n) = llm.n_prompt_tokens {
                    span.set_attribute(KeyValue::new("gen_ai.usage.input_tokens", count(n)));
                }
                if let Some(n) = llm.n_output_tokens {
                    span.set_attribute(KeyValue::new("gen_ai.usage.output_tokens", count(n)));
                }
                if let Some(failure) = &llm.failure {
                    span.set_attribute(KeyValue::new("error.type", failure.clone()));
                    span.set_status(Status::error(""));
                }
            }
            span.end_with_timestamp(stage.ended);
        }
        span.end_with_timestamp(request.ended);
    }

    pub(super) fn shut_down(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(TIMEOUT) {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// Where a collector takes traces, as the OTLP specification makes it of its address.
fn traces_address(address: &str) -> String {
    let address = address.trim_end_matches('/');
    if address.ends_with("/v1/traces") {
        return address.to_owned();
    }
    format!("{address}/v1/traces")
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|name| name.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_for_traces_is_added_once() {
        for address in ["http://c:4318", "http://c:4318/", "http://c:4318/v1/traces"] {
            assert_eq!(traces_address(address), "http://c:4318/v1/traces");
        }
    }

    #[test]
    fn nothing_is_sent_unless_a_collector_is_named() {
        for otlp_endpoint in [None, Some(String::new()), Some(" ".to_owned())] {
            let config = ObserveConfig { otlp_endpoint, ..ObserveConfig::default() };
            assert!(Traces::new(&config).unwrap().is_none());
        }
        let otlp_endpoint = Some("no address".to_owned());
        assert!(Traces::new(&ObserveConfig { otlp_endpoint, ..Default::default() }).is_err());
    }
}
