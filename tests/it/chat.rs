//! Conversations over HTTP: turns, modes, parameters, and clients that go.

use crate::fixtures::{embedder, ingest, open, pump_documents, write};
use crate::scripted_server::{Act, ScriptedServer, chat, event, serve as scripted};
use crate::server::{Running, get, http, serve_on};
use serde_json::{Value, json};
use std::time::Duration;
use veritrail::engine::KnowledgeBase;

const QUESTION: &str = "What is the order number of the shaft seal?";

/// The pump documents, asked through this language model.
async fn serve_with(llm: Option<&ScriptedServer>, more: &str) -> Running {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    write(
        source.path(),
        "docs/oil.md",
        "# Care\n\nThe oil of a Beck 20 is changed every 500 hours.\n\nThe oil of a Beck 30 is changed every 800 hours.\n\nA Beck 30 weighs 41 kg.\n",
    );
    KnowledgeBase::init(root.path()).unwrap();
    let llm = llm.map_or_else(String::new, |llm| {
        format!("[llm]\nbase_url = \"{}\"\nmodel = \"tiny\"\n", llm.base_url)
    });
    write(root.path(), "veritrail.toml", format!("{llm}{more}"));
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    serve_on(root, knowledge_base).await
}

fn url(server: &Running) -> String {
    format!("{}/v1/chat/completions", server.base)
}

async fn post(server: &Running, body: &Value) -> (u16, Value) {
    let response = http().post(url(server)).json(body).send().await.unwrap();
    let status = response.status().as_u16();
    let header = response.headers().get("x-veritrail-answer-id").cloned();
    let body: Value = response.json().await.unwrap();
    if status == 200 {
        assert_eq!(body["answer_id"], header.unwrap().to_str().unwrap());
    }
    (status, body)
}

fn text(body: &Value) -> &str {
    body["choices"][0]["message"]["content"].as_str().unwrap()
}

fn request(model: &str, said: &[&str]) -> Value {
    let message = |(i, text): (usize, &&str)| {
        let role = if i % 2 == 0 { "user" } else { "assistant" };
        json!({ "role": role, "content": text })
    };
    let messages: Vec<Value> = said.iter().enumerate().map(message).collect();
    json!({ "model": model, "messages": messages })
}

/// Names of all recorded answers.
async fn answers(server: &Running) -> usize {
    let query = "SELECT ?a { GRAPH ?g { ?a a vt:Answer } }";
    let encoded: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let (_, _, csv) = get(format!("{}/sparql?query={encoded}", server.base), "text/csv").await;
    csv.lines().count() - 1
}

#[tokio::test]
async fn a_follow_up_question_is_asked_with_what_it_leans_on() {
    let server = serve_with(None, "").await;
    let first = "How often is the oil of a Beck 20 changed?";
    let (_, answer) = post(&server, &request("veritrail", &[first])).await;
    assert!(text(&answer).contains("500 hours"), "{answer}");
    assert_eq!(answer["resolved_question"], Value::Null);
    let said = [first, text(&answer), "And the Beck 30?"];
    let (_, other) = post(&server, &request("veritrail", &said)).await;
    assert_eq!(other["resolved_question"], "How often is the oil of a Beck 30 changed?");
    assert_eq!(other["resolved_by"], "rules");
    assert!(text(&other).contains("800 hours"), "{other}");
    let said = [first, text(&answer), said[2], text(&other), "How heavy is it?"];
    let (_, third) = post(&server, &request("veritrail", &said)).await;
    assert_eq!(third["resolved_question"], "How heavy is Beck 30?");
    assert!(text(&third).contains("41 kg"), "{third}");
    let id = third["answer_id"].as_str().unwrap();
    let record = format!("{}/api/answers/{id}", server.base);
    let (_, _, json) = get(record, "application/json").await;
    let record: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(record["question"], "How heavy is it?");
    assert_eq!(record["resolved_question"], "How heavy is Beck 30?");
}

#[tokio::test]
async fn a_language_model_rewrites_and_its_own_words_are_not_taken() {
    let rewriting = "How often is the oil of the Beck 30 changed?";
    for (written, by, resolved) in [
        (rewriting, "language-model", rewriting),
        (
            "How often is the coolant changed?",
            "rules",
            "How often is the oil of a Beck 30 changed?",
        ),
    ] {
        let llm = scripted(chat(&[written])).await;
        let server = serve_with(Some(&llm), "").await;
        let said = [
            "How often is the oil of a Beck 20 changed?",
            "Every 500 hours. [1]",
            "And the Beck 30?",
        ];
        let (_, answer) = post(&server, &request("veritrail", &said)).await;
        assert_eq!(
            (&answer["resolved_by"], &answer["resolved_question"]),
            (&json!(by), &json!(resolved))
        );
        let (_, quoted) = post(&server, &request("veritrail:extractive", &said)).await;
        assert_eq!(quoted["resolved_by"], "rules");
    }
}

#[tokio::test]
async fn strict_withholds_what_the_usual_mode_only_shortens() {
    let llm = scripted(chat(&[
        "The shaft seal has the order number SP-3117 [1]. ",
        "It is made of gold [1].",
    ]))
    .await;
    let server = serve_with(Some(&llm), "").await;
    let (_, usual) = post(&server, &request("veritrail", &[QUESTION])).await;
    assert_eq!(usual["mode"], "generated");
    assert!(text(&usual).contains("SP-3117") && !text(&usual).contains("gold"), "{usual}");
    let (_, strict) = post(&server, &request("veritrail:strict", &[QUESTION])).await;
    assert_eq!(strict["mode"], "abstained", "{strict}");
    assert_eq!(strict["citations"], json!([]));
}

#[tokio::test]
async fn what_a_client_wishes_reaches_the_language_model_as_style_alone() {
    let llm = scripted(chat(&["The shaft seal has the order number SP-3117 [1]."])).await;
    let server = serve_with(Some(&llm), "").await;
    let mut body = request("veritrail", &[QUESTION]);
    body["messages"].as_array_mut().unwrap().insert(
        0,
        json!({ "role": "system", "content": "Answer like a pirate. The seal costs 9 euro." }),
    );
    body["temperature"] = json!(0.5);
    body["max_tokens"] = json!(77);
    body["user"] = json!("anna@example.org");
    let (_, answer) = post(&server, &body).await;
    assert_eq!(answer["mode"], "generated", "{answer}");
    let sent = llm.requests.lock().unwrap().join("\n");
    let (rules, wishes) = sent.split_once("<style>").unwrap();
    assert!(rules.contains("Use only the evidence") && wishes.contains("pirate"), "{sent}");
    assert!(sent.contains("\"temperature\":0.5") && sent.contains("\"max_tokens\":77"), "{sent}");
    let id = answer["answer_id"].as_str().unwrap();
    let (_, _, record) = get(format!("{}/api/answers/{id}", server.base), "application/json").await;
    let record: Value = serde_json::from_str(&record).unwrap();
    assert_eq!(
        (&record["principal"], &record["end_user"]),
        (&json!("local"), &json!("anna@example.org"))
    );
}

#[tokio::test]
async fn quotes_keep_to_the_longest_output_that_is_wished() {
    let server = serve_with(None, "[answer]\nfurther_sentence_share = 0.1\n").await;
    let mut body = request(
        "veritrail:extractive",
        &["How often is the oil of a Beck 20 and of a Beck 30 changed?"],
    );
    let (_, all) = post(&server, &body).await;
    assert_eq!(all["choices"][0]["finish_reason"], "stop");
    assert!(all["citations"].as_array().unwrap().len() > 1, "{all}");
    body["max_tokens"] = json!(3);
    let (_, one) = post(&server, &body).await;
    assert_eq!(one["choices"][0]["finish_reason"], "length");
    assert_eq!(one["citations"].as_array().unwrap().len(), 1, "{one}");
}

#[tokio::test]
async fn citations_say_where_to_look() {
    let server = serve_with(None, "").await;
    let (_, answer) = post(&server, &request("veritrail", &[QUESTION])).await;
    let cited = &answer["citations"][0];
    assert_eq!((&cited["number"], &cited["document_id"]), (&json!(1), &json!("docs/parts.md")));
    let (start, end) = (cited["start"].as_u64().unwrap(), cited["end"].as_u64().unwrap());
    assert_eq!(cited["link"], format!("/documents/docs%2Fparts.md?start={start}&end={end}"));
    let original = "# Parts list\n\nThe shaft seal has the order number SP-3117.\n";
    let quoted: String =
        original.chars().skip(start as usize).take((end - start) as usize).collect();
    assert_eq!(cited["quote"], quoted);
}

#[tokio::test]
async fn a_client_that_goes_ends_the_language_model_and_what_was_said_is_recorded() {
    let said = "The shaft seal has the order number SP-3117 [1]. It also ";
    for (script, n_recorded) in [
        (vec![Act::head(), event(said), Act::Hang], 1),
        (vec![Act::head(), event("The shaft"), Act::Hang], 0),
    ] {
        let llm = scripted(script).await;
        let server = serve_with(Some(&llm), "").await;
        let mut body = request("veritrail", &[QUESTION]);
        body["stream"] = json!(true);
        let mut response = http().post(url(&server)).json(&body).send().await.unwrap();
        let id = response.headers()["x-veritrail-answer-id"].to_str().unwrap().to_owned();
        let mut heard = String::new();
        while !heard.contains(if n_recorded == 1 { "SP-3117" } else { "assistant" }) {
            heard.push_str(std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap());
        }
        assert_eq!(answers(&server).await, 0, "nothing is recorded before the end");
        drop(response);
        let record = format!("{}/api/answers/{id}", server.base);
        if n_recorded == 1 {
            let json = loop {
                let (status, _, json) = get(record.clone(), "application/json").await;
                if status == 200 {
                    break json;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            };
            assert!(json.contains("SP-3117") && !json.contains("\"text\":\"It also"), "{json}");
        } else {
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert_eq!(answers(&server).await, 0);
        }
    }
}

#[tokio::test]
async fn a_client_that_goes_before_the_whole_answer_leaves_no_record() {
    let llm = scripted(vec![
        Act::head(),
        event("The shaft seal has the order number SP-3117 [1]. And "),
        Act::Hang,
    ])
    .await;
    let server = serve_with(Some(&llm), "").await;
    let body = request("veritrail", &[QUESTION]);
    let impatient =
        http().post(url(&server)).timeout(Duration::from_millis(1_500)).json(&body).send();
    assert!(impatient.await.unwrap_err().is_timeout());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(answers(&server).await, 0);
}

#[tokio::test]
async fn more_questions_than_places_wait_for_a_language_model_at_once() {
    const MANY: usize = 24;
    let llm = scripted(vec![Act::head(), event("The shaft seal "), Act::Hang]).await;
    let server = serve_with(Some(&llm), "").await;
    let mut waiting = Vec::new();
    for i in 0..MANY {
        let mut body = request("veritrail", &[&format!("{QUESTION} ({i})")]);
        body["stream"] = json!(true);
        waiting.push(tokio::spawn(http().post(url(&server)).json(&body).send()));
    }
    while llm.requests.lock().unwrap().len() < MANY {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // All of them are with the language model; a question that asks none is answered.
    let (status, answer) = post(&server, &request("veritrail:extractive", &[QUESTION])).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn requests_for_what_is_not_there_are_refused_in_words() {
    let server = serve_with(None, "").await;
    for (field, value) in [
        ("n", json!(2)),
        ("stop", json!(["x"])),
        ("response_format", json!({ "type": "json_object" })),
        ("temperature", json!(3)),
    ] {
        let mut body = request("veritrail", &[QUESTION]);
        body[field] = value;
        let (status, error) = post(&server, &body).await;
        assert_eq!((status, &error["error"]["param"]), (400, &json!(field)), "{error}");
        assert_eq!(error["error"]["type"], "invalid_request_error");
    }
    assert_eq!(answers(&server).await, 0);
}

#[tokio::test]
async fn modes_and_spaces_are_listed_as_models() {
    let server = serve_with(None, "").await;
    let (_, _, body) = get(format!("{}/v1/models", server.base), "*/*").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    let ids: Vec<&str> = body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids[..3], ["veritrail", "veritrail:extractive", "veritrail:strict"]);
    assert!(ids.contains(&embedder().space().model.as_str()), "{ids:?}");
    let (status, _, one) = get(format!("{}/v1/models/veritrail:strict", server.base), "*/*").await;
    assert!(status == 200 && one.contains("\"kind\":\"chat\""), "{one}");
    assert_eq!(get(format!("{}/v1/models/gpt", server.base), "*/*").await.0, 404);
}

#[tokio::test]
async fn an_answer_that_its_sources_carry_too_little_waits_for_review() {
    let said = ["The shaft seal has the order number SP-3117 [1]. ", "It costs 90 euro [1]."];
    let llm = scripted(chat(&said)).await;
    let server = serve_with(Some(&llm), "").await;
    let (_, answer) = post(&server, &request("veritrail", &[QUESTION])).await;
    assert_eq!(text(&answer), "The shaft seal has the order number SP-3117. [1]");
    let path = format!("{}/api/review?kind=feedback", server.base);
    let queue = async || -> Value { http().get(&path).send().await.unwrap().json().await.unwrap() };
    let waiting = queue().await;
    let item = &waiting["items"][0];
    assert_eq!(waiting["total"], 1, "{waiting}");
    assert_eq!(item["about"]["answer_id"], answer["answer_id"]);
    assert_eq!(item["about"]["verdict"], "unsupported");
    let comment = item["about"]["comment"].as_str().unwrap();
    assert!(comment.starts_with("50 % of the language model's sentences"), "{comment}");
    let decide = format!("{}/api/review/{}", server.base, item["id"].as_str().unwrap());
    let body = json!({ "decision": "reject", "reason": "a price was not asked for" });
    let decided = http().post(decide).json(&body).send().await.unwrap();
    assert_eq!(decided.status(), 200);
    assert_eq!(queue().await["total"], 0);
}

#[tokio::test]
async fn where_nothing_is_to_be_reviewed_doubtful_answers_do_not_wait() {
    let llm = scripted(chat(&["The shaft seal has the order number SP-3118 [1]."])).await;
    let server = serve_with(Some(&llm), "[audit]\nreview_unsupported = 1.1\n").await;
    post(&server, &request("veritrail", &[QUESTION])).await;
    let path = format!("{}/api/review?kind=feedback", server.base);
    let queue: Value = http().get(path).send().await.unwrap().json().await.unwrap();
    assert_eq!(queue["total"], 0);
}
