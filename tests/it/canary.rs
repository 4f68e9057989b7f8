//! A generation answers a share of the askers, and a rule takes back one that is worse.

use crate::browser::Browser;
use crate::fixtures::{
    ingest, init_with_text_alone, open, outcome, program, pump_documents, write,
};
use crate::pages::FAULTS;
use crate::server::{Running, get, http, serve_on};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tempfile::TempDir;
use veritrail::engine::{EngineError, KnowledgeBase, PromotedBy, SetupChange};
use veritrail::graph::{QueryOptions, ResultFormat};
use veritrail::model::{Arm, GenerationId, ServedArm};

const ASKED: &str = "What is the order number of the shaft seal?";
/// No evidence is sure enough for any answer.
const SPOILT: (&str, f64) = ("answer.min_answerable", 2.0);
/// Changes no answer to the question.
const HARMLESS: (&str, f64) = ("answer.min_question_coverage", 0.33);

fn by() -> PromotedBy {
    PromotedBy { principal: "olga".into(), reason: Some("to try it".into()) }
}

/// A knowledge base with a generation that answers and one aside with a setting of its own.
fn with_aside((path, value): (&str, f64)) -> (TempDir, KnowledgeBase, GenerationId) {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    init_with_text_alone(root.path());
    let settings = std::fs::read_to_string(root.path().join("veritrail.toml")).unwrap();
    let canary = "[generations.canary]\nmin_answers = 10\nshadow_share = 1.0\n\
                  max_latency_ratio = 20.0\n";
    write(root.path(), "veritrail.toml", format!("{settings}{canary}"));
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    let change = SetupChange {
        settings: BTreeMap::from([(path.into(), json!(value))]),
        ..SetupChange::default()
    };
    let built = knowledge_base.build_aside(&change, &mut |_| {}).unwrap();
    assert_ne!(built.generation, built.served, "{path} makes another generation");
    (root, knowledge_base, built.generation)
}

async fn post(server: &Running, path: &str, body: &Value) -> (u16, Value) {
    let request = http().post(format!("{}{path}", server.base)).json(body);
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// Asks for somebody; the name of the answer.
async fn ask(server: &Running, user: &str) -> String {
    let messages = json!([{ "role": "user", "content": ASKED }]);
    let body = json!({ "model": "veritrail", "user": user, "messages": messages });
    let (status, body) = post(server, "/v1/chat/completions", &body).await;
    assert_eq!(status, 200, "{body}");
    body["answer_id"].as_str().unwrap().to_owned()
}

async fn show(server: &Running) -> Value {
    let (status, _, body) = get(format!("{}/api/generations/canary", server.base), "*/*").await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

#[tokio::test]
async fn a_planted_regression_is_rolled_back_by_the_rule_and_no_request_fails() {
    let (root, knowledge_base, aside) = with_aside(SPOILT);
    let current = knowledge_base.current().unwrap().unwrap();
    let server = serve_on(root, knowledge_base).await;
    let body = json!({ "generation": aside.name()[..8], "share": 0.5, "reason": "to try it" });
    let (status, started) = post(&server, "/api/generations/canary", &body).await;
    assert_eq!((status, &started["running"]), (200, &json!(true)), "{started}");
    let (status, again) = post(&server, "/api/generations/canary", &body).await;
    assert_eq!((status, &again["error"]["code"]), (409, &json!("no_canary")), "{again}");
    let mut n_asked = 0;
    while show(&server).await["running"] == json!(true) {
        assert!(n_asked < 100, "{}", show(&server).await);
        ask(&server, &format!("user {n_asked}")).await;
        n_asked += 1;
    }
    let shown = show(&server).await;
    let ended = &shown["canary"]["ended"];
    assert_eq!((&ended["by"], &ended["outcome"]), (&json!("rule"), &json!("rolled-back")));
    let reason = ended["reasons"][0].as_str().unwrap();
    assert!(reason.starts_with("abstention is 1.000 instead of 0.000"), "{reason}");
    assert_eq!(shown["canary"]["counts"]["canary"]["n_failures"], json!(0));
    // Everybody is answered by the generation of before, as the record says.
    let query = format!(
        "SELECT ?arm ?by ?why {{ {{ GRAPH ?a {{ ?a vt:canaryArm ?arm }} }} UNION \
         {{ GRAPH <urn:veritrail:graph:governance> {{ ?c a vt:Canary ; vt:tried <{aside}> ; \
         vt:triedAgainst <{current}> ; vt:canaryEndedBy ?by ; vt:reason ?why }} }} }}"
    );
    for n in 0..20 {
        let id = ask(&server, &format!("user {n}")).await;
        let (_, _, record) = get(format!("{}/api/answers/{id}", server.base), "text/turtle").await;
        assert!(record.contains(current.name()) && !record.contains(aside.name()), "{record}");
        assert!(!record.contains("canaryArm"), "{record}");
    }
    let url = format!("{}/query", server.base);
    let found = http()
        .post(url)
        .header("content-type", "application/sparql-query")
        .body(query)
        .send()
        .await
        .unwrap();
    let found = found.text().await.unwrap();
    assert!(found.contains("\"current\"") && found.contains("\"canary\""), "{found}");
    assert!(found.contains("\"rule\"") && found.contains("abstention is 1.000"), "{found}");
    let (status, none) = post(&server, "/api/generations/canary/stop", &json!({})).await;
    assert_eq!((status, &none["error"]["code"]), (404, &json!("canary_not_found")), "{none}");
}

#[tokio::test]
async fn a_harmless_canary_runs_on_and_both_sides_are_measured() {
    let (root, knowledge_base, aside) = with_aside(HARMLESS);
    let server = serve_on(root, knowledge_base).await;
    let body = json!({ "generation": aside.name(), "share": 0.5 });
    assert_eq!(post(&server, "/api/generations/canary", &body).await.0, 200);
    let mut by_user: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for n in 0..40 {
        let id = ask(&server, &format!("user {}", n % 20)).await;
        let (_, _, record) = get(format!("{}/api/answers/{id}", server.base), "text/turtle").await;
        let side = if record.contains(aside.name()) { "canary" } else { "current" };
        assert!(record.contains(&format!("\"{side}\"")), "the record names the side: {record}");
        by_user.entry(n % 20).or_default().insert(side.to_owned());
        if n < 6 {
            let verdict = if n == 0 { "bad" } else { "good" };
            let feedback = json!({ "answer_id": id, "verdict": verdict });
            assert_eq!(post(&server, "/api/feedback", &feedback).await.0, 201);
        }
    }
    assert!(by_user.values().all(|sides| sides.len() == 1), "sticky: {by_user:?}");
    let sides: BTreeSet<String> = by_user.into_values().flatten().collect();
    assert_eq!(sides.len(), 2, "some go to either side");
    let shown = show(&server).await;
    assert_eq!(shown["running"], json!(true), "{shown}");
    let counts = &shown["canary"]["counts"];
    let sum = |what: &str| {
        ["current", "canary"].map(|arm| counts[arm][what].as_u64().unwrap()).iter().sum::<u64>()
    };
    assert_eq!((sum("n_answers"), sum("n_abstained"), sum("n_supported")), (40, 0, 40));
    assert_eq!((sum("n_feedback"), sum("n_bad")), (6, 1));
    assert!(counts["overlap"]["n"].as_u64().unwrap() > 0, "{counts}");
    assert_eq!(counts["overlap"]["mean"], json!(1.0), "the same is found");
    let (_, _, metrics) = get(format!("{}/metrics", server.base), "*/*").await;
    assert!(metrics.contains("veritrail_canary_running 1"), "{metrics}");
    assert!(metrics.contains("veritrail_canary_change{measure=\"abstention\",end=\"low\"}"));
    let stop = json!({ "reason": "enough" });
    let (status, stopped) = post(&server, "/api/generations/canary/stop", &stop).await;
    assert_eq!((status, &stopped["canary"]["ended"]["outcome"]), (200, &json!("stopped")));
}

#[test]
fn a_canary_goes_on_after_a_restart_and_ends_when_another_generation_answers() {
    let (root, knowledge_base, aside) = with_aside(HARMLESS);
    let refused = |share: f64| knowledge_base.start_canary(&aside, share, &by(), true).err();
    assert!(matches!(refused(1.0), Some(EngineError::Canary(_))));
    knowledge_base.start_canary(&aside, 0.3, &by(), true).unwrap();
    let sides = |knowledge_base: &KnowledgeBase| -> Vec<ServedArm> {
        (0..50).map(|n| knowledge_base.arm_of(&n.to_string()).unwrap()).collect()
    };
    let before = sides(&knowledge_base);
    let on_trial = before.iter().filter(|served| served.arm == Arm::Canary).count();
    assert!((5..25).contains(&on_trial), "{on_trial} of 50");
    knowledge_base.measure_feedback(&before[0], true).unwrap();
    knowledge_base.keep_canary().unwrap();
    drop(knowledge_base);
    let knowledge_base = open(root.path());
    assert_eq!(sides(&knowledge_base), before);
    let report = knowledge_base.canary_report().unwrap().unwrap();
    assert_eq!(report.counts.current.n_feedback + report.counts.canary.n_feedback, 1);
    // What is taken in meanwhile waits, and the generation on trial is not collected.
    let more = tempfile::tempdir().unwrap();
    write(more.path(), "docs/valve.md", "# Valve\n\nThe valve leaks.\n");
    ingest(&knowledge_base, more.path());
    assert_ne!(knowledge_base.current().unwrap().unwrap(), aside);
    knowledge_base.collect_generations(1).unwrap();
    knowledge_base.promote(&aside, &by()).unwrap();
    let report = knowledge_base.canary_report().unwrap().unwrap();
    assert_eq!(report.ended.unwrap().outcome, "promoted");
    assert!(knowledge_base.arm_of("0").is_none());
    assert!(rows(&knowledge_base).contains("promoted"), "{}", rows(&knowledge_base));
    let validation = knowledge_base.validate(&[]).unwrap();
    assert!(validation.findings.is_empty(), "{validation:?}");
}

fn rows(knowledge_base: &KnowledgeBase) -> String {
    let query = "SELECT ?o { GRAPH <urn:veritrail:graph:governance> { ?c vt:canaryOutcome ?o } }";
    let options = QueryOptions { timeout_ms: 60_000, formats: vec![ResultFormat::Tsv] };
    let mut output = Vec::new();
    knowledge_base.sparql(query, &options, &mut output).unwrap();
    String::from_utf8(output).unwrap()
}

#[test]
fn a_deletion_ends_the_canary() {
    let (_root, knowledge_base, aside) = with_aside(HARMLESS);
    knowledge_base.start_canary(&aside, 0.3, &by(), true).unwrap();
    let parts = knowledge_base.find_document("docs/parts.md").unwrap();
    let options = veritrail::engine::DeleteOptions {
        principal: "me".into(),
        reason: None,
        erase_quotes: false,
    };
    knowledge_base.delete(&[parts], &options, &mut |_| {}).unwrap();
    let report = knowledge_base.canary_report().unwrap().unwrap();
    assert_eq!(report.ended.unwrap().outcome, "superseded");
}

#[test]
fn the_command_line_starts_shows_and_stops_a_canary() {
    let (root, knowledge_base, aside) = with_aside(HARMLESS);
    drop(knowledge_base);
    let run = |arguments: &[&str]| command(root.path(), arguments);
    assert_eq!(run(&["canary"]), (0, "no canary has run\n".into(), String::new()));
    let (code, started, error) = run(&["canary", &aside.name()[..8], "--share", "10%"]);
    assert_eq!(code, 0, "{error}");
    assert!(started.contains("answers 10.0 % of the askers"), "{started}");
    let (_, listed, _) = run(&["list"]);
    assert!(listed.contains("on trial"), "{listed}");
    assert!(listed.contains("answer.min_question_coverage = 0.33"), "{listed}");
    let (code, stopped, _) = run(&["canary", "--stop", "--reason", "enough"]);
    assert_eq!(code, 0);
    assert!(stopped.contains("because enough"), "{stopped}");
    let (code, _, error) = run(&["build", "--set", "answer.nonsense=1"]);
    assert_eq!(code, 1);
    assert!(error.contains("answer.nonsense"), "{error}");
}

fn command(root: &Path, arguments: &[&str]) -> (i32, String, String) {
    outcome(&program(root).arg("index").args(arguments).output().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_a_trial_and_what_golden_sets_said() {
    let Some(browser) = Browser::open(1280, 900).await else { return };
    let (root, knowledge_base, aside) = with_aside(HARMLESS);
    let set = json!({ "id": "seal", "text": ASKED, "relevant": ["docs/parts.md"] }).to_string();
    knowledge_base.keep_golden_set("pump", set.as_bytes(), "anna").unwrap();
    for _ in 0..2 {
        knowledge_base.evaluate_generation(&aside).unwrap();
    }
    let server = serve_on(root, knowledge_base).await;
    browser.go(&format!("{}/operations", server.base)).await;
    browser.wait("document.querySelectorAll('#golden .chart path').length === 2").await;
    let golden = browser.text("#golden").await;
    assert!(golden.contains("1.000") && golden.contains("Passes"), "{golden}");
    assert_eq!(browser.text("#canary").await, "", "nothing was tried");
    let body = json!({ "generation": aside.name(), "share": 0.5, "reason": "to try it" });
    assert_eq!(post(&server, "/api/generations/canary", &body).await.0, 200);
    for n in 0..20 {
        ask(&server, &format!("user {n}")).await;
    }
    browser.go(&format!("{}/operations", server.base)).await;
    browser.wait("document.querySelector('#canary')?.innerText.includes('On trial')").await;
    let shown = browser.text("#canary").await;
    assert!(shown.contains("50.0 % of the askers") && shown.contains("to try it"), "{shown}");
    assert!(shown.contains("Without an answer") && shown.contains("0.0 points ("), "{shown}");
    browser.click("#canary button").await;
    browser.wait("document.querySelector('#canary').innerText.includes('Tried last')").await;
    assert!(browser.text("#canary").await.contains("stopped"));
    assert_eq!(show(&server).await["running"], json!(false));
    for (width, scheme) in [(1280, "dark"), (360, "light")] {
        browser.resize(width, 800).await;
        browser.prefer(scheme).await;
        assert_eq!(browser.value(FAULTS).await, json!([]), "{width}");
    }
    assert_eq!(browser.log().await, [""; 0]);
}
