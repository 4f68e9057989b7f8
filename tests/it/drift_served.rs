//! A server watches for drift by itself.

use crate::access::key;
use crate::drift::{drifted, watched};
use crate::fixtures::open;
use crate::server::{Running, get, http, serve_on};
use serde_json::{Value, json};

async fn drift(server: &Running) -> Value {
    let (status, _, text) = get(format!("{}/api/drift", server.base), "*/*").await;
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_measures_by_itself_and_lets_people_decide() {
    let (root, knowledge_base) = drifted("every_minutes = 0.0005");
    let server = serve_on(root, knowledge_base).await;
    let mut found = Value::Null;
    for _ in 0..20_000 {
        found = drift(&server).await;
        if !found["drift"].is_null() {
            break;
        }
    }
    assert_eq!(found["drift"]["parts"][0]["of"], "questions", "{found}");
    assert_eq!(found["index"]["n_labels_differ"], 1);
    assert_eq!(found["drift"]["trend"].as_array().map(Vec::len), Some(10));
    // Nothing is new, so that nothing is measured again.
    assert_eq!(found["measurements"].as_array().map(Vec::len), Some(1), "{found}");
    let review = format!("{}/api/review?kind=drift", server.base);
    let listed: Value = serde_json::from_str(&get(review, "*/*").await.2).unwrap();
    assert_eq!(listed["total"], found["n_open_alerts"]);
    let (_, _, metrics) = get(format!("{}/metrics", server.base), "*/*").await;
    for expected in [
        "veritrail_drift_alarm{of=\"questions\",measure=\"embeddings\"} 1",
        "veritrail_index_findings{kind=\"labels-of-copies\"} 1",
        "veritrail_drift_measured_seconds ",
    ] {
        assert!(metrics.contains(expected), "{expected} is missing in {metrics}");
    }
    assert!(!metrics.contains("secret"), "{metrics}");
    let id = listed["items"][0]["id"].as_str().unwrap();
    let url = format!("{}/api/review/{id}", server.base);
    let request = || http().post(&url).json(&json!({ "decision": "reject" })).send();
    assert_eq!(request().await.unwrap().status(), 200);
    // What was decided does not wait any more.
    assert_eq!(request().await.unwrap().status(), 404);
    let before = found["n_open_alerts"].as_u64().unwrap();
    assert_eq!(drift(&server).await["n_open_alerts"], before - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_for_those_who_operate_and_see_every_label() {
    let root = watched("every_minutes = 0\n[serve]\nauthentication = \"required\"\n");
    let (_, agent) = key(root.path(), &["--name", "anna", "--role", "agent"]);
    let (_, some) = key(root.path(), &["--name", "ben", "--role", "engineer", "--label", "public"]);
    let (_, auditor) = key(root.path(), &["--name", "cleo", "--role", "auditor", "--all-labels"]);
    let knowledge_base = open(root.path());
    let server = serve_on(root, knowledge_base).await;
    let url = format!("{}/api/drift", server.base);
    for (key, expected) in [(&agent, 403), (&some, 403), (&auditor, 200)] {
        let status = http().get(&url).bearer_auth(key).send().await.unwrap().status();
        assert_eq!(status, expected);
        let status = http().post(&url).bearer_auth(key).send().await.unwrap().status();
        assert_eq!(status, expected);
    }
}
