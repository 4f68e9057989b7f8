//! What the service tells about itself: metrics, traces, health and its document.

use crate::fixtures::{ingest, open, pump_documents, pump_knowledge_base};
use crate::scripted_server;
use crate::server::{Running, get, http, serve_on};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as OtlpValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use regex::Regex;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;
use veritrail::engine::KnowledgeBase;

const QUESTION: &str = "What is the order number of the shaft seal?";

const ANSWER: &str = "The shaft seal has the order number SP-3117 [1].";

fn root_file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

async fn ask(server: &Running, headers: &[(&str, &str)]) -> reqwest::Response {
    ask_this(server, QUESTION, headers).await
}

async fn ask_this(server: &Running, question: &str, headers: &[(&str, &str)]) -> reqwest::Response {
    let body =
        json!({ "model": "veritrail", "messages": [{ "role": "user", "content": question }] });
    let url = format!("{}/v1/chat/completions", server.base);
    let mut request = http().post(url).json(&body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

async fn metrics(server: &Running) -> String {
    let (status, kind, text) = get(format!("{}/metrics", server.base), "*/*").await;
    assert_eq!(status, 200, "{text}");
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    text
}

/// Metrics when `wanted` is in them: what is counted after a response may come a moment
/// later than the response.
async fn metrics_with(server: &Running, wanted: &str) -> String {
    let mut text = String::new();
    for _ in 0..2_000 {
        text = metrics(server).await;
        if text.contains(wanted) {
            return text;
        }
    }
    assert!(text.contains(wanted), "{wanted} is missing in {text}");
    text
}

/// A knowledge base whose settings are `settings`.
fn knowledge_base_with(settings: &str) -> (tempfile::TempDir, KnowledgeBase) {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    KnowledgeBase::init(root.path()).unwrap();
    std::fs::write(root.path().join("veritrail.toml"), settings).unwrap();
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    (root, knowledge_base)
}

#[tokio::test]
async fn metrics_count_requests_by_route_and_what_became_of_questions() {
    let (root, knowledge_base) = pump_knowledge_base();
    let server = serve_on(root, knowledge_base).await;
    assert_eq!(ask(&server, &[]).await.status(), 200);
    let secret = "/no/such/secret-path";
    assert_eq!(get(format!("{}{secret}", server.base), "*/*").await.0, 404);
    let text = metrics_with(&server, "veritrail_quads ").await;
    for expected in [
        "veritrail_http_request_duration_seconds_count{route=\"/v1/chat/completions\",method=\"POST\",status=\"2xx\"} 1",
        "veritrail_http_request_duration_seconds_count{route=\"none\",method=\"GET\",status=\"4xx\"} 1",
        "veritrail_http_errors_total{code=\"not_found\"} 1",
        "veritrail_answers_total{mode=\"extractive\"} 1",
        "veritrail_stage_duration_seconds_count{stage=\"embed\"} 1",
        "veritrail_stage_duration_seconds_count{stage=\"record\"} 1",
        "veritrail_documents 3",
        "process_resident_memory_bytes ",
    ] {
        assert!(text.contains(expected), "{expected} is missing in {text}");
    }
    assert!(!text.contains(secret) && !text.contains("shaft seal"), "{text}");
    let (_, kind, open_metrics) =
        get(format!("{}/metrics", server.base), "application/openmetrics-text").await;
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    assert!(open_metrics.ends_with("# EOF\n"), "{open_metrics}");
}

/// Names of the metrics in a scrape, as Prometheus stores them.
fn names(text: &str) -> BTreeSet<String> {
    let line = Regex::new(r"(?m)^# TYPE (\S+) (\S+)$").unwrap();
    line.captures_iter(text).map(|found| found[1].to_owned()).collect()
}

/// Names of metrics in a text, without the endings that a histogram adds.
fn named_in(text: &str) -> BTreeSet<String> {
    let name = Regex::new(r"\b(?:veritrail|process)_[a-z_]+").unwrap();
    let known = ["_bucket", "_count", "_sum"];
    name.find_iter(text)
        .map(|found| {
            let name = found.as_str();
            known.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name).to_owned()
        })
        .filter(|name| name != "veritrail_session")
        .collect()
}

#[tokio::test]
async fn every_metric_is_described_and_the_dashboard_names_only_those_that_exist() {
    let llm = scripted_server::serve(scripted_server::chat(&[ANSWER])).await;
    let windows = "[drift]\nleast = 2\nwindow_answers = 2\nreference_answers = 2\n";
    let settings = format!("[llm]\nbase_url = \"{}\"\n{windows}", llm.base_url);
    let (root, knowledge_base) = knowledge_base_with(&settings);
    let server = serve_on(root, knowledge_base).await;
    // What never happened is not exported.
    for question in [QUESTION, "Who repairs the pump?", "What is E-17?", "What does a seal cost?"] {
        assert_eq!(ask_this(&server, question, &[]).await.status(), 200);
    }
    let measured = http().post(format!("{}/api/drift", server.base)).send().await.unwrap();
    assert_eq!(measured.status(), 200);
    assert_eq!(ask(&server, &[("host", "evil.example")]).await.status(), 403);
    let exported = names(&metrics_with(&server, "veritrail_quads ").await);
    let section = root_file("docs/OPERATIONS.md");
    let section = section.split("\n## ").find(|section| section.starts_with("Metrics")).unwrap();
    assert_eq!(named_in(section), exported);
    let dashboard = root_file("examples/grafana/veritrail.json");
    let parsed: Value = serde_json::from_str(&dashboard).unwrap();
    assert!(parsed["panels"].as_array().unwrap().len() > 20);
    let unknown: Vec<_> = named_in(&dashboard).difference(&exported).cloned().collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[tokio::test]
async fn a_request_has_an_id_that_callers_may_give() {
    let (root, knowledge_base) = pump_knowledge_base();
    let server = serve_on(root, knowledge_base).await;
    let own = ask(&server, &[("x-request-id", "call-7")]).await;
    assert_eq!(own.headers()["x-request-id"], "call-7");
    let made = ask(&server, &[("x-request-id", "no{good")]).await;
    assert_eq!(made.headers()["x-request-id"].len(), 16);
}

#[tokio::test]
async fn health_and_readiness_tell_nothing_more_than_they_must() {
    let (root, knowledge_base) = pump_knowledge_base();
    let server = serve_on(root, knowledge_base).await;
    let (status, _, body) = get(format!("{}/healthz", server.base), "*/*").await;
    assert_eq!((status, body.as_str()), (200, r#"{"status":"ok"}"#));
    let (status, _, body) = get(format!("{}/readyz", server.base), "*/*").await;
    assert_eq!(status, 200, "{body}");
    let ready: Value = serde_json::from_str(&body).unwrap();
    let expected = json!({
        "ready": true, "store_readable": true, "store_writable": true, "disk_space": true,
    });
    assert_eq!(ready, expected);
}

#[tokio::test]
async fn a_full_disk_is_not_ready_and_a_language_model_is_no_condition() {
    let settings = "[observe]\nmin_free_disk_bytes = 9_000_000_000_000_000_000\n";
    let (root, knowledge_base) = knowledge_base_with(settings);
    let server = serve_on(root, knowledge_base).await;
    let (status, _, body) = get(format!("{}/readyz", server.base), "*/*").await;
    assert_eq!(status, 503);
    assert!(body.contains(r#""disk_space":false"#), "{body}");
    let settings = "[llm]\nbase_url = \"http://127.0.0.1:9/v1\"\n";
    let (root, knowledge_base) = knowledge_base_with(settings);
    let server = serve_on(root, knowledge_base).await;
    let (status, _, body) = get(format!("{}/readyz", server.base), "*/*").await;
    assert_eq!(status, 200, "{body}");
    assert!(body.contains(r#""language_model":false"#), "{body}");
}

/// A collector for traces: its address, and what arrives.
async fn collector() -> (String, mpsc::UnboundedReceiver<ExportTraceServiceRequest>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let take = move |headers: axum::http::HeaderMap, body: axum::body::Bytes| {
        let sender = sender.clone();
        async move {
            assert_eq!(headers["content-type"], "application/x-protobuf");
            sender.send(ExportTraceServiceRequest::decode(body).unwrap()).unwrap();
        }
    };
    let router = axum::Router::new().route("/v1/traces", axum::routing::post(take));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, receiver)
}

fn spans(request: &ExportTraceServiceRequest) -> impl Iterator<Item = &Span> {
    request.resource_spans.iter().flat_map(|r| &r.scope_spans).flat_map(|s| &s.spans)
}

fn attribute(span: &Span, key: &str) -> Option<Value> {
    let found = span.attributes.iter().find(|attribute| attribute.key == key)?;
    Some(match found.value.as_ref()?.value.as_ref()? {
        OtlpValue::StringValue(text) => json!(text),
        OtlpValue::IntValue(number) => json!(number),
        OtlpValue::DoubleValue(number) => json!(number),
        other => json!(format!("{other:?}")),
    })
}

#[tokio::test]
async fn a_collector_gets_a_span_for_each_request_and_stage_and_no_words() {
    let (address, mut arrived) = collector().await;
    let llm = scripted_server::serve(scripted_server::counted_chat(&[ANSWER], Some((41, 7)))).await;
    let settings = format!(
        "[observe]\notlp_endpoint = \"{address}\"\n[llm]\nbase_url = \"{}\"\nmodel = \"tiny\"\n",
        llm.base_url
    );
    let (root, knowledge_base) = knowledge_base_with(&settings);
    let server = serve_on(root, knowledge_base).await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let parent = format!("00-{trace}-b7ad6b7169203331-01");
    assert_eq!(ask(&server, &[("traceparent", &parent)]).await.status(), 200);
    drop(server);
    let received = tokio::time::timeout(Duration::from_secs(20), arrived.recv());
    let received = received.await.unwrap().unwrap();
    let find = |name: &str| {
        spans(&received).find(|span| span.name == name).unwrap_or_else(|| panic!("{received:?}"))
    };
    let request = find("POST /v1/chat/completions");
    assert_eq!(hex::encode(&request.trace_id), trace);
    assert_eq!(hex::encode(&request.parent_span_id), "b7ad6b7169203331");
    assert_eq!(attribute(request, "http.response.status_code"), Some(json!(200)));
    assert_eq!(attribute(request, "veritrail.answer.mode"), Some(json!("generated")));
    for stage in ["plan", "embed", "dense", "lexical", "fuse", "verify", "record"] {
        let span = find(stage);
        assert_eq!(span.parent_span_id, request.span_id, "{stage}");
        assert!(span.start_time_unix_nano >= request.start_time_unix_nano, "{stage}");
        assert!(span.end_time_unix_nano <= request.end_time_unix_nano, "{stage}");
    }
    let model = find("chat tiny");
    assert_eq!(attribute(model, "gen_ai.request.model"), Some(json!("tiny")));
    assert_eq!(attribute(model, "gen_ai.usage.input_tokens"), Some(json!(41)));
    assert_eq!(attribute(model, "gen_ai.usage.output_tokens"), Some(json!(7)));
    let all = format!("{received:?}");
    assert!(!all.contains("shaft seal") && !all.contains("SP-3117"), "{all}");
}
