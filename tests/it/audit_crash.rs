//! `kill -9` while answers are given: what a client has, the record has, once.

use crate::documents_api::Served;
use crate::fixtures::{ingest, init_with_text_alone, open, pump_documents};
use crate::server::http;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio::sync::mpsc;

/// Kills: 6, or what `VERITRAIL_TEST_KILLS` says.
fn n_kills() -> u64 {
    std::env::var("VERITRAIL_TEST_KILLS").map_or(6, |text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_that_reached_a_client_has_one_sealed_record_after_kills() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    init_with_text_alone(root.path());
    ingest(&open(root.path()), source.path());
    let mut heard: BTreeSet<String> = BTreeSet::new();
    for kill in 0..n_kills() {
        let server = Served::start(root.path());
        let url = format!("{}/v1/chat/completions", server.base);
        let (tell, mut told) = mpsc::unbounded_channel::<String>();
        for client in 0..6 {
            let (url, tell) = (url.clone(), tell.clone());
            tokio::spawn(async move {
                for n in 0.. {
                    let text = format!("What is the order number of shaft seal {client}{n}?");
                    let message = json!({ "role": "user", "content": text });
                    let body = json!({ "model": "veritrail", "messages": [message] });
                    let Ok(response) = http().post(&url).json(&body).send().await else { break };
                    let Ok(body) = response.json::<Value>().await else { break };
                    if let Some(id) = body["answer_id"].as_str() {
                        drop(tell.send(id.to_owned()));
                    }
                }
            });
        }
        drop(tell);
        for _ in 0..5 + kill * 7 {
            heard.extend(told.recv().await);
        }
        server.kill();
        while let Some(id) = told.recv().await {
            heard.insert(id);
        }
    }
    let knowledge_base = open(root.path());
    let verification = knowledge_base.verify_audit(None, &[]).unwrap();
    assert!(verification.is_sound(), "{:?}", verification.findings);
    assert!(verification.n_records >= heard.len() && heard.len() > 6, "{}", heard.len());
    for id in &heard {
        let id = veritrail::model::AnswerId::new(id);
        let seal = knowledge_base.seal_of(id.as_str()).unwrap();
        assert!(seal.is_some(), "{id} has no sealed record");
    }
    println!("{} answers heard, {} recorded", heard.len(), verification.n_records);
    // Going on works, and what a crash kept out of the log has entered it.
    crate::audit_tamper::ask(&knowledge_base, "When does error E-17 show?");
    let verification = knowledge_base.verify_audit(None, &[]).unwrap();
    assert!(verification.is_sound() && verification.notes.is_empty(), "{verification:?}");
}
