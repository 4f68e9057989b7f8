//! Entities over HTTP: found by name, and only as far as the caller may see.

use crate::access::key;
use crate::fixtures::{ingest, init_with_text_alone, open, pump_documents, write};
use crate::server::serve_on;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_may_not_see_is_in_no_entity() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    write(
        source.path(),
        "secret/plan.md",
        "# Falcon plan\n\nProject Falcon FX-900 replaces the Pump X-10.\n",
    );
    init_with_text_alone(root.path());
    let file = root.path().join("veritrail.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let rules = "[[ingest.labels]]\nprefix = \"secret/\"\nlabel = \"factory\"\n";
    let serve = "[serve]\nauthentication = \"required\"\n";
    std::fs::write(&file, text + rules + serve).unwrap();
    ingest(&open(root.path()), source.path());
    let path = root.path().to_owned();
    let (_, all) = key(&path, &["--name", "root", "--role", "admin", "--all-labels"]);
    let (_, anna) = key(&path, &["--name", "anna", "--role", "agent"]);
    let knowledge_base = open(root.path());
    let server = serve_on(root, knowledge_base).await;
    let get = async |rest: &str, key: &str| -> (u16, Value) {
        let url = format!("{}/api/entities{rest}", server.base);
        let response = crate::access::client().get(url).bearer_auth(key).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    };
    let (_, found) = get("?query=falcon", &all).await;
    let id = found["entities"][0]["id"].as_str().unwrap_or_else(|| panic!("{found}")).to_owned();
    let id: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
    assert_eq!(get(&format!("/{id}"), &all).await.0, 200);
    assert_eq!(get("?query=falcon", &anna).await.1, json!({ "total": 0, "entities": [] }));
    assert_eq!(get(&format!("/{id}"), &anna).await.0, 404);
    let (_, pump) = get("?query=pump%20x-10", &anna).await;
    let id: String =
        form_urlencoded::byte_serialize(pump["entities"][0]["id"].as_str().unwrap().as_bytes())
            .collect();
    let seen = get(&format!("/{id}"), &anna).await.1.to_string();
    let whole = get(&format!("/{id}"), &all).await.1.to_string();
    assert!(whole.contains("Falcon") && !seen.contains("Falcon"), "{seen}");
}
