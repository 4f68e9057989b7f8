//! The HTTP interface, over a real connection.

use crate::fixtures::{embedder, example, ingest, pump_documents, pump_knowledge_base, write};
use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::types::chat::{
    ChatCompletionRequestUserMessageArgs, CreateChatCompletionRequest,
    CreateChatCompletionRequestArgs,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt;
use serde_json::{Value, json};
use std::net::SocketAddr;
use tempfile::TempDir;
use tokio::sync::oneshot;
use veritrail::engine::KnowledgeBase;
use veritrail::serve::{ServeError, Server};

/// A server that ends when it is dropped.
pub(crate) struct Running {
    pub(crate) base: String,
    _root: TempDir,
    _stop: oneshot::Sender<()>,
}

pub(crate) async fn serve_on(root: TempDir, knowledge_base: KnowledgeBase) -> Running {
    let address: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let server = Server::bind(knowledge_base, address).await.unwrap();
    let base = format!("http://{}", server.address().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(server.run(async move { drop(stopped.await) }));
    Running { base, _root: root, _stop: stop }
}

async fn serve() -> Running {
    let (root, knowledge_base) = pump_knowledge_base();
    serve_on(root, knowledge_base).await
}

pub(crate) fn http() -> reqwest::Client {
    // Tests of the library install the provider through the client for models.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

pub(crate) async fn get(url: String, accept: &str) -> (u16, String, String) {
    let response = http().get(url).header("accept", accept).send().await.unwrap();
    let kind = response.headers().get("content-type");
    let kind = kind.map_or_else(String::new, |kind| kind.to_str().unwrap().to_owned());
    (response.status().as_u16(), kind, response.text().await.unwrap())
}

async fn chat(server: &Running, body: &Value) -> (u16, Value) {
    let url = format!("{}/v1/chat/completions", server.base);
    let response = http().post(url).json(body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn question(text: &str) -> Value {
    json!({ "model": "veritrail", "messages": [{ "role": "user", "content": text }] })
}

const FORM: &str = "application/x-www-form-urlencoded";
const QUESTION: &str = "What is the order number of the shaft seal?";

#[tokio::test]
async fn a_whole_answer_has_citations_and_a_record_that_can_be_read() {
    let server = serve().await;
    let (status, body) = chat(&server, &question(QUESTION)).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["object"], "chat.completion");
    assert!(body["choices"][0]["message"]["content"].as_str().unwrap().contains("SP-3117"));
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert!(body["usage"]["total_tokens"].as_u64().unwrap() > 10);
    let citation = &body["citations"][0];
    assert_eq!(citation["source"], "docs/parts.md");
    assert!(citation["quote"].as_str().unwrap().contains("SP-3117"));
    let id = body["answer_id"].as_str().unwrap();
    let record = format!("{}/api/answers/{id}", server.base);
    let (status, kind, turtle) = get(record.clone(), "text/turtle").await;
    assert_eq!((status, kind.as_str()), (200, "text/turtle"));
    assert!(turtle.contains(QUESTION), "{turtle}");
    let (_, kind, json) = get(record, "*/*").await;
    assert_eq!(kind, "application/ld+json");
    assert!(serde_json::from_str::<Value>(&json).is_ok());
    let (status, _, error) = get(format!("{}/api/answers/0123", server.base), "*/*").await;
    assert_eq!(status, 404);
    assert!(error.contains("answer_not_found"), "{error}");
}

#[tokio::test]
async fn the_client_library_reads_answers_and_streams() {
    let server = serve().await;
    let config = OpenAIConfig::new().with_api_base(format!("{}/v1", server.base));
    let http = http(); // chooses the cryptography, which the client needs from the start
    let client = Client::with_config(config).with_http_client(http);
    let (_, _, models) = get(format!("{}/v1/models", server.base), "*/*").await;
    assert!(models.contains("veritrail:extractive"), "{models}");
    let message =
        ChatCompletionRequestUserMessageArgs::default().content(QUESTION).build().unwrap();
    let request = |stream: bool| -> CreateChatCompletionRequest {
        CreateChatCompletionRequestArgs::default()
            .model("veritrail")
            .messages([message.clone().into()])
            .stream(stream)
            .build()
            .unwrap()
    };
    let whole = client.chat().create(request(false)).await.unwrap();
    let whole = whole.choices[0].message.content.clone().unwrap();
    let mut stream = client.chat().create_stream(request(true)).await.unwrap();
    let mut text = String::new();
    let mut finished = false;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.unwrap();
        text.push_str(chunk.choices[0].delta.content.as_deref().unwrap_or_default());
        finished |= chunk.choices[0].finish_reason.is_some();
    }
    assert_eq!(text, whole);
    assert!(finished && text.contains("SP-3117"));
}

#[tokio::test]
async fn a_stream_ends_with_citations_usage_and_the_end_mark() {
    let server = serve().await;
    let mut body = question(QUESTION);
    body["stream"] = json!(true);
    body["stream_options"] = json!({ "include_usage": true });
    let url = format!("{}/v1/chat/completions", server.base);
    let response = http().post(url).json(&body).send().await.unwrap();
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
    let text = response.text().await.unwrap();
    let events: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    let [.., last, usage, end] = events.as_slice() else { panic!("{text}") };
    let last: Value = serde_json::from_str(last).unwrap();
    assert_eq!(last["citations"][0]["source"], "docs/parts.md");
    assert_eq!(last["choices"][0]["finish_reason"], "stop");
    let usage: Value = serde_json::from_str(usage).unwrap();
    assert!(usage["usage"]["completion_tokens"].as_u64().unwrap() > 0);
    assert_eq!(*end, "[DONE]");
}

#[tokio::test]
async fn a_picture_is_a_question() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    let picture = std::fs::read(example().join("pictures/leds-fell-400-low-supply.png")).unwrap();
    write(source.path(), "pictures/front.png", &picture);
    write(source.path(), "docs/front.md", "# Front\n\n![PWR is amber](../pictures/front.png)\n");
    KnowledgeBase::init(root.path()).unwrap();
    let knowledge_base = KnowledgeBase::open(root.path(), embedder()).unwrap();
    ingest(&knowledge_base, source.path());
    let server = serve_on(root, knowledge_base).await;
    let url = format!("data:image/png;base64,{}", STANDARD.encode(&picture));
    let mut body = question("");
    body["messages"][0]["content"] = json!([
        { "type": "text", "text": "What does this show?" },
        { "type": "image_url", "image_url": { "url": url } },
    ]);
    let (status, answer) = chat(&server, &body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["citations"][0]["picture"], "pictures/front.png", "{answer}");
    body["messages"][0]["content"][1]["image_url"]["url"] = json!("http://192.0.2.1/a.png");
    assert_eq!(chat(&server, &body).await.0, 400);
}

#[tokio::test]
async fn wrong_requests_get_errors_in_the_shape_of_the_api() {
    let server = serve().await;
    let mut unknown = question(QUESTION);
    unknown["model"] = json!("gpt-x");
    let (status, body) = chat(&server, &unknown).await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("model_not_found")));
    let (status, body) = chat(&server, &json!({ "model": "veritrail" })).await;
    assert_eq!(status, 422);
    assert!(body["error"]["message"].as_str().unwrap().contains("messages"), "{body}");
    let url = format!("{}/v1/chat/completions", server.base);
    let response = http().post(url).body("{}").send().await.unwrap();
    assert_eq!(response.status().as_u16(), 415);
    let (status, _, body) = get(format!("{}/nothing", server.base), "*/*").await;
    assert_eq!(status, 404);
    assert!(body.contains("/nothing"));
}

#[tokio::test]
async fn sparql_follows_the_protocol() {
    let server = serve().await;
    let url = format!("{}/sparql", server.base);
    let query = "SELECT ?title { ?d a vt:Document ; dcterms:title ?title } ORDER BY ?title";
    let encoded: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let (status, kind, json) = get(format!("{url}?query={encoded}"), "application/json").await;
    assert_eq!((status, kind.as_str()), (200, "application/sparql-results+json"));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["results"]["bindings"][0]["title"]["value"], "Costs");
    let form = http().post(&url).header("accept", "text/csv").header("content-type", FORM);
    let form = form.body(format!("query={encoded}")).send().await.unwrap();
    assert_eq!(form.text().await.unwrap().lines().count(), 4);
    let direct = http().post(&url).header("content-type", "application/sparql-query");
    let direct = direct.body("CONSTRUCT WHERE { ?s vt:source ?o }").send().await.unwrap();
    assert_eq!(direct.headers()["content-type"], "text/turtle");
    for (query, accept, expected) in [
        ("SELEC", "*/*", 400),
        ("SELECT * { SERVICE <http://192.0.2.1/> { ?s ?p ?o } }", "*/*", 400),
        ("ASK { ?s ?p ?o }", "text/turtle", 406),
        ("ASK { ?s ?p ?o }", "image/png", 406),
    ] {
        let encoded: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let (status, _, body) = get(format!("{url}?query={encoded}"), accept).await;
        assert_eq!(status, expected, "{query}: {body}");
    }
    let update = http().post(&url).header("content-type", FORM).body("update=DROP+ALL");
    let update = update.send().await.unwrap();
    assert_eq!(update.status().as_u16(), 400);
}

#[tokio::test]
async fn only_this_machine_is_served_under_its_own_name() {
    let (_root, knowledge_base) = pump_knowledge_base();
    let refused = Server::bind(knowledge_base, "0.0.0.0:0".parse().unwrap()).await;
    assert!(matches!(refused, Err(ServeError::Config(_))));
    let server = serve().await;
    let health = format!("{}/healthz", server.base);
    let (status, _, body) = get(health.clone(), "*/*").await;
    assert_eq!(status, 200);
    assert!(body.contains("ok"), "{body}");
    let foreign = http().get(health).header("host", "evil.example").send().await.unwrap();
    assert_eq!(foreign.status().as_u16(), 403);
}
