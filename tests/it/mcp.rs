//! The Model Context Protocol, by the client of the official Python SDK.

use crate::fixtures::{mcp_python, pump_knowledge_base};
use crate::server::{Running, serve_on};
use serde_json::{Value, json};
use std::path::Path;

async fn serve() -> Running {
    let (root, knowledge_base) = pump_knowledge_base();
    serve_on(root, knowledge_base).await
}

/// What the client saw, by the way in which it connects: with a handshake and without.
pub(crate) async fn by_client(base: &str, key: &str, calls: &Value) -> [Value; 2] {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mcp_client/client.py");
    let mut command = std::process::Command::new(mcp_python());
    command.arg(script).arg(format!("{base}/mcp")).arg(key).arg(calls.to_string());
    let run = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = run.await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let mut seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    ["legacy", "auto"].map(|mode| seen[mode].take())
}

#[tokio::test]
async fn the_official_client_lists_and_calls_every_tool() {
    let server = serve().await;
    let question = "What is the order number of the shaft seal?";
    let calls = json!([
        ["search", { "query": "shaft seal", "k": 3 }],
        ["ask", { "question": question }],
        ["sparql", { "query": "SELECT ?t { ?d a vt:Document ; dcterms:title ?t } ORDER BY ?t" }],
        ["get_document", { "document_id": "docs/parts.md", "start": 2, "max_chars": 5 }],
    ]);
    for seen in by_client(&server.base, "", &calls).await {
        assert_eq!(seen["server"], "veritrail");
        assert!(seen["instructions"].as_str().unwrap().contains("cites"));
        let tools = seen["tools"].as_array().unwrap();
        let names: Vec<&str> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["search", "ask", "explain_answer", "sparql", "get_document"]);
        for tool in tools {
            assert!(tool["description"].as_str().unwrap().len() > 100, "{tool}");
            assert_eq!(tool["inputSchema"]["type"], "object", "{tool}");
            assert_eq!(tool["outputSchema"]["type"], "object", "{tool}");
            assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
        }
        let called = |n: usize| {
            assert_eq!(seen["calls"][n]["is_error"], false, "{}", seen["calls"][n]);
            seen["calls"][n]["structured"].clone()
        };
        let hits = called(0)["hits"].clone();
        assert!(
            hits.as_array().unwrap().len() <= 3
                && hits[0]["text"].as_str().unwrap().contains("seal"),
            "{hits}"
        );
        let answer = called(1);
        assert!(answer["answer"].as_str().unwrap().contains("SP-3117"), "{answer}");
        assert_eq!(answer["citations"][0]["source"], "docs/parts.md");
        let titles = called(2);
        assert_eq!(
            titles["result"]["results"]["bindings"].as_array().unwrap().len(),
            3,
            "{titles}"
        );
        let part = called(3);
        assert_eq!((&part["start"], &part["end"]), (&json!(2), &json!(7)), "{part}");
        let explain = json!([["explain_answer", { "answer_id": answer["answer_id"] }]]);
        for seen in by_client(&server.base, "", &explain).await {
            let record = &seen["calls"][0]["structured"]["record"];
            assert!(record.to_string().contains(question), "{seen}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_as_an_error_of_the_tool() {
    let server = serve().await;
    let calls = json!([
        ["search", { "query": "" }],
        ["search", { "words": "seal" }],
        ["ask", { "question": "x".repeat(20_001) }],
        ["sparql", { "query": "SELEC" }],
        ["sparql", { "query": "DELETE WHERE { ?s ?p ?o }" }],
        ["explain_answer", { "answer_id": "0abc" }],
        ["get_document", { "document_id": "nothing.md" }],
        ["get_document", { "document_id": "../../etc/passwd" }],
    ]);
    for seen in by_client(&server.base, "", &calls).await {
        for call in seen["calls"].as_array().unwrap() {
            assert_eq!(call["is_error"], true, "{call}");
            let text = call["text"].as_str().unwrap();
            assert!(!text.is_empty() && !text.contains("/tmp"), "{call}");
        }
    }
    let unknown = json!([["drop_everything", {}]]);
    for seen in by_client(&server.base, "", &unknown).await {
        assert!(
            seen["calls"][0].to_string().contains("get_document"),
            "it names the tools: {seen}"
        );
    }
}

#[tokio::test]
async fn pages_of_other_sites_are_refused() {
    let server = serve().await;
    let client = crate::server::http();
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    let ask = |origin: &str| {
        let request = client.post(format!("{}/mcp", server.base)).json(&ping);
        let request = request.header("accept", "application/json, text/event-stream");
        request.header("origin", origin).send()
    };
    assert_eq!(ask("http://evil.example").await.unwrap().status().as_u16(), 403);
    assert_eq!(ask("null").await.unwrap().status().as_u16(), 403);
    assert_eq!(ask(&server.base).await.unwrap().status().as_u16(), 200);
    let large = "x".repeat(2 << 20);
    let request =
        client.post(format!("{}/mcp", server.base)).header("content-type", "application/json");
    let request = request.header("accept", "application/json, text/event-stream").body(large);
    assert_eq!(request.send().await.unwrap().status().as_u16(), 413);
}
