//! Documents, jobs, feedback and tools for callers who do not see everything.

use crate::access::{client, key};
use crate::documents_api::{FORM, form};
use crate::fixtures::{ingest, init_with_text_alone, open, pump_documents};
use crate::mcp::by_client;
use crate::server::{Running, serve_on};
use reqwest::{Method, Response};
use serde_json::{Value, json};

const SETTINGS: &str = "[serve]\nauthentication = \"required\"\n\
    [[ingest.labels]]\nprefix = \"secret/\"\nlabel = \"secret\"\n\
    [[ingest.labels]]\nprefix = \"pack.zip/inner\"\nlabel = \"secret\"\n";

/// A server, and the keys of an agent and two engineers, one of whom sees secrets.
struct World {
    server: Running,
    bob: String,
    ann: String,
    eve: String,
}

impl World {
    async fn new() -> Self {
        let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
        init_with_text_alone(root.path());
        let file = root.path().join("veritrail.toml");
        let known = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("{known}{SETTINGS}")).unwrap();
        ingest(&open(root.path()), source.path());
        let made = |arguments: &[&str]| key(root.path(), arguments).1;
        let bob = made(&["--name", "bob", "--role", "agent"]);
        let ann = made(&["--name", "ann", "--role", "engineer"]);
        let eve = made(&["--name", "eve", "--role", "engineer", "--label", "secret"]);
        let knowledge_base = open(root.path());
        Self { server: serve_on(root, knowledge_base).await, bob, ann, eve }
    }

    async fn ask(&self, key: &str, method: Method, path: &str, body: Option<Value>) -> Response {
        let request = client().request(method, format!("{}{path}", self.server.base));
        let request = request.bearer_auth(key);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.unwrap()
    }

    async fn get(&self, key: &str, path: &str) -> (u16, String) {
        let response = self.ask(key, Method::GET, path, None).await;
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn upload(&self, key: &str, name: &str, folder: &str) -> (u16, Value) {
        let body = form(
            &[(name, b"# Costs\n\nThe quorvex QX-7741 costs 12 euro.\n")],
            &[("folder", folder)],
        );
        let request = client().post(format!("{}/api/documents", self.server.base));
        let request = request.bearer_auth(key).header("content-type", FORM).body(body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }
}

#[tokio::test]
async fn what_has_a_foreign_label_can_be_neither_written_nor_seen() {
    let world = World::new().await;
    let World { bob, ann, eve, .. } = &world;
    assert_eq!(world.upload("vt_unknown", "a.md", "").await.0, 401);
    let (status, body) = world.upload(bob, "a.md", "").await;
    assert_eq!((status, &body["error"]["code"]), (403, &json!("forbidden")));
    for (name, folder) in
        [("a.md", "secret"), ("secret/a.md", ""), ("pack.zip", ""), ("cost.md", "secret")]
    {
        let (status, body) = world.upload(ann, name, folder).await;
        assert_eq!((status, &body["error"]["code"]), (403, &json!("foreign_label")), "{name}");
    }
    let (status, body) = world.upload(eve, "qx.md", "secret").await;
    assert_eq!(status, 202, "{body}");
    let job = body["job"].as_str().unwrap();
    let (_, events) = world.get(eve, &format!("/api/jobs/{job}/events")).await;
    assert!(
        events.contains("event: done") && events.contains("secret%2Fqx.md")
            || events.contains("secret/qx.md"),
        "{events}"
    );
    for path in [format!("/api/jobs/{job}"), format!("/api/jobs/{job}/events")] {
        let hidden = world.get(ann, &path).await;
        let unknown = world.get(ann, &path.replace(job, "00000000000000000000")).await;
        assert_eq!((hidden.0, &hidden), (404, &unknown));
    }
    assert!(!world.get(ann, "/api/jobs").await.1.contains(job));
    assert!(world.get(eve, "/api/jobs").await.1.contains(job));
    let (_, list) = world.get(ann, "/api/documents?query=qx").await;
    assert!(list.contains("\"total\":0"), "{list}");
    assert!(world.get(eve, "/api/documents?query=qx").await.1.contains("secret/qx.md"));
    for rest in ["", "/text", "/original", "/picture"] {
        let hidden = world.get(ann, &format!("/api/documents/secret%2Fqx.md{rest}")).await;
        let unknown = world.get(ann, &format!("/api/documents/secret%2Fno.md{rest}")).await;
        assert_eq!((hidden.0, &hidden), (404, &unknown), "{rest}");
    }
    let path = "/api/documents/secret%2Fqx.md";
    assert_eq!(world.ask(ann, Method::DELETE, path, None).await.status().as_u16(), 404);
    assert_eq!(world.ask(bob, Method::DELETE, path, None).await.status().as_u16(), 403);
}

#[tokio::test]
async fn answers_of_others_get_no_feedback_and_agents_do_not_review() {
    let world = World::new().await;
    let World { bob, ann, eve, .. } = &world;
    let chat = json!({ "model": "veritrail:extractive", "messages": [{ "role": "user", "content": "What does the shaft seal SP-3117 cost the factory?" }] });
    let answer = world.ask(eve, Method::POST, "/v1/chat/completions", Some(chat)).await;
    let answer: Value = answer.json().await.unwrap();
    let id = answer["answer_id"].as_str().unwrap();
    assert!(answer.to_string().contains("4 euro"), "{answer}");
    let wrong = json!({ "answer_id": id, "verdict": "wrong", "comment": "It is 5 euro." });
    for key in [bob, ann] {
        let given = world.ask(key, Method::POST, "/api/feedback", Some(wrong.clone())).await;
        assert_eq!(given.status().as_u16(), 404);
    }
    let given = world.ask(eve, Method::POST, "/api/feedback", Some(wrong)).await;
    assert_eq!(given.status().as_u16(), 201);
    assert_eq!(world.get(bob, "/api/review").await.0, 403);
    let (_, hers) = world.get(eve, "/api/review?kind=feedback").await;
    assert!(hers.contains("5 euro"), "{hers}");
    let (_, others) = world.get(ann, "/api/review?kind=feedback").await;
    assert!(!others.contains("euro"), "{others}");
    let hers: Value = serde_json::from_str(&hers).unwrap();
    let item = format!("/api/review/{}", hers["items"][0]["id"].as_str().unwrap());
    let decide = Some(json!({ "decision": "accept" }));
    assert_eq!(world.ask(ann, Method::POST, &item, decide.clone()).await.status().as_u16(), 404);
    assert_eq!(world.ask(eve, Method::POST, &item, decide).await.status().as_u16(), 200);
}

#[tokio::test]
async fn tools_run_as_whoever_calls_them() {
    let world = World::new().await;
    let World { server, ann, eve, .. } = &world;
    let calls = json!([
        ["search", { "query": "What does the shaft seal cost the factory?" }],
        ["get_document", { "document_id": "secret/cost.md" }],
        ["ask", { "question": "What does the shaft seal SP-3117 cost the factory?", "extractive": true }],
        ["sparql", { "query": "SELECT ?t { ?d a vt:Document ; dcterms:title ?t }" }],
    ]);
    for seen in by_client(&server.base, eve, &calls).await {
        assert!(seen["calls"].to_string().contains("4 euro"), "{seen}");
        let answer = &seen["calls"][2]["structured"]["answer_id"];
        let explain = json!([["explain_answer", { "answer_id": answer }]]);
        for seen in by_client(&server.base, ann, &explain).await {
            assert_eq!(seen["calls"][0]["is_error"], true, "{seen}");
        }
    }
    for seen in by_client(&server.base, ann, &calls).await {
        let said = seen["calls"].to_string();
        assert!(!said.contains("4 euro") && !said.contains("Costs"), "{said}");
        assert_eq!(seen["calls"][1]["is_error"], true, "{said}");
        let titles = &seen["calls"][3]["structured"]["result"]["results"]["bindings"];
        assert_eq!(titles.as_array().unwrap().len(), 2, "{said}");
    }
}
