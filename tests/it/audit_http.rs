//! Records over HTTP, and the page on which they are read.

use crate::access::{client, key};
use crate::audit_tamper::{answered, ask};
use crate::browser::Browser;
use crate::fixtures::{ingest, init_with_text_alone, open, pump_documents};
use crate::server::{Running, serve_on};
use serde_json::{Value, json};
use std::fs;
use std::io::BufReader;
use std::path::Path;
use veritrail::audit::Exported;
use veritrail::graph::Store;

/// What is sent with the key of a caller.
struct Asker<'s> {
    server: &'s Running,
    key: String,
}

impl Asker<'_> {
    async fn get(&self, path: &str) -> (u16, Value) {
        let url = format!("{}{path}", self.server.base);
        let response = client().get(url).bearer_auth(&self.key).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}{path}", self.server.base);
        let response = client().post(url).bearer_auth(&self.key).json(&body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }
}

fn require_keys(root: &Path) {
    let settings = root.join("veritrail.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, format!("{text}[serve]\nauthentication = 'required'\n")).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn auditors_find_read_verify_and_replay_and_admins_erase() {
    let (root, answers) = answered();
    require_keys(root.path());
    let made = |name: &str, role: &str| {
        key(root.path(), &["--name", name, "--role", role, "--all-labels"]).1
    };
    let keys = ["agent", "auditor", "admin"].map(|role| made(role, role));
    let knowledge_base = open(root.path());
    let server = serve_on(root, knowledge_base).await;
    let [agent, auditor, admin] = keys.map(|key| Asker { server: &server, key });
    let id = answers[1].name();
    assert_eq!(agent.get("/api/audit/answers").await.0, 403);
    let (status, listed) =
        auditor.get("/api/audit/answers?document=docs/parts.md&principal=anna").await;
    assert_eq!(status, 200, "{listed}");
    let names: Vec<&str> = listed["answers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|answer| answer["answer_id"].as_str().unwrap())
        .collect();
    assert!(names.contains(&id) && names.len() == answers.len(), "{listed}");
    let (_, none) = auditor.get("/api/audit/answers?principal=otto").await;
    assert_eq!(none["answers"], json!([]));
    let (status, story) = auditor.get(&format!("/api/audit/answers/{id}")).await;
    assert_eq!((status, &story["is_as_sealed"]), (200, &json!(true)), "{story}");
    assert_eq!(story["seal"]["sequence"], 2);
    assert_eq!(story["evidence"][0]["document_id"].as_str().map(str::is_empty), Some(false));
    assert_eq!(auditor.get("/api/audit/answers/0123").await.0, 404);
    let (status, found) = auditor.post("/api/audit/verify", json!({})).await;
    assert_eq!((status, &found["is_sound"]), (200, &json!(true)), "{found}");
    assert_eq!(found["n_records"], answers.len());
    let other = json!({ "public_key": "00" });
    assert_eq!(auditor.post("/api/audit/verify", other).await.0, 400);
    let path = format!("/api/audit/answers/{id}/replay");
    let (status, replay) = auditor.post(&path, json!({})).await;
    assert_eq!((status, &replay["identical"]), (200, &json!(true)), "{replay}");
    let (status, impact) = auditor.get("/api/audit/impact?of=docs/parts.md").await;
    assert_eq!((status, &impact["n_answers"]), (200, &json!(answers.len())), "{impact}");
    assert_eq!(auditor.get("/api/audit/impact?of=nothing").await.0, 404);
    let (status, checkpoint) = auditor.post("/api/audit/checkpoint", json!({})).await;
    assert_eq!(status, 200, "{checkpoint}");
    let erase = format!("/api/audit/answers/{id}/erase");
    let reason = json!({ "reason": "GDPR 17" });
    assert_eq!(auditor.post(&erase, reason.clone()).await.0, 403);
    assert_eq!(admin.post(&erase, json!({ "reason": " " })).await.0, 400);
    let (status, erased) = admin.post(&erase, reason).await;
    assert!(status == 200 && erased["n_texts"].as_u64() > Some(3), "{erased}");
    let (_, story) = auditor.get(&format!("/api/audit/answers/{id}")).await;
    assert!(story["question"].as_str().unwrap().starts_with("(erased)"), "{story}");
    assert!(story["erasures"][0].as_str().unwrap().contains("admin"), "{story}");
    assert_eq!(auditor.post(&path, json!({})).await.0, 409);
    let url = format!("{}/api/audit/export", server.base);
    let export = client().get(url).bearer_auth(&auditor.key).send().await.unwrap();
    let bytes = export.bytes().await.unwrap();
    let exported = Exported::read(Path::new("e"), BufReader::new(bytes.as_ref())).unwrap();
    let verification = exported.verify(None, &[]);
    assert!(verification.is_sound(), "{:?}", verification.findings);
    assert_eq!(verification.n_records, answers.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tampering_is_told_over_http() {
    let (root, answers) = answered();
    let store = Store::open(&root.path().join("graph")).unwrap();
    store.replace_graph(answers[2].as_str(), Vec::new()).unwrap();
    drop(store);
    let knowledge_base = open(root.path());
    let server = serve_on(root, knowledge_base).await;
    let local = Asker { server: &server, key: String::new() };
    let url = format!("{}/api/audit/verify", local.server.base);
    let found: Value =
        client().post(url).json(&json!({})).send().await.unwrap().json().await.unwrap();
    assert_eq!(found["is_sound"], false);
    assert_eq!(found["findings"][0]["sequence"], 3, "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_found_read_side_by_side_verified_and_replayed_by_keyboard() {
    let Some(browser) = Browser::open(1280, 900).await else { return };
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    init_with_text_alone(root.path());
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    for question in ["When does error E-17 show?", "What is the order number of the shaft seal?"] {
        ask(&knowledge_base, question);
    }
    let server = serve_on(root, knowledge_base).await;
    let enter = "\u{e007}";
    browser.go(&format!("{}/audit", server.base)).await;
    browser.wait("document.querySelectorAll('#list tbody tr').length === 2").await;
    browser.write("#principal", "nobody").await;
    browser.press(&[enter]).await;
    assert!(browser.text("#list .empty").await.contains("No answer fits"));
    browser.click("#filters [type=reset]").await;
    browser.wait("document.querySelectorAll('#list tbody tr').length === 2").await;
    browser.click("#verify").await;
    assert!(browser.text("#verified .sound").await.contains("as it was sealed"));
    browser.value("document.querySelector('#list tbody a').focus()").await;
    browser.press(&[enter]).await;
    assert!(browser.text(".story blockquote").await.contains("order number"));
    let marked = browser.text(".evidence mark").await;
    assert!(marked.contains("SP-3117"), "{marked}");
    browser.find(".story-drawing .t-node.fragment").await;
    browser.value("document.querySelector('.sentences .chip').focus()").await;
    browser.press(&[enter]).await;
    browser.find(".evidence.chosen:focus").await;
    browser.value("document.querySelector('#replay').focus()").await;
    browser.press(&[enter]).await;
    browser.wait("document.querySelector('#proof').innerText.includes('same evidence')").await;
    browser.click("#verify-one").await;
    browser.wait("document.querySelector('#proof').innerText.includes('as it was sealed')").await;
    browser.click("#erase").await;
    browser.write("#erase-reason", "GDPR 17").await;
    browser.click("#really-erase").await;
    browser
        .wait("document.querySelector('.story blockquote').innerText.startsWith('(erased)')")
        .await;
    assert!(browser.text(".story").await.contains("GDPR 17"));
    browser.click(".story-tools a").await;
    browser.wait("!document.querySelector('#search').hidden").await;
    assert_eq!(browser.log().await, [""; 0]);
}
