//! Search, vectors and records over HTTP.

use crate::fixtures::{
    embedder, example, ingest, open, pump_documents, pump_knowledge_base, write,
};
use crate::server::{Running, get, http, serve_on};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use veritrail::embed::TextRole;
use veritrail::engine::KnowledgeBase;
use veritrail::model::{Query, Stopwatch};
use veritrail::retrieve::RetrievalMode;

async fn serve() -> Running {
    let (root, knowledge_base) = pump_knowledge_base();
    serve_on(root, knowledge_base).await
}

async fn post(server: &Running, path: &str, body: &Value) -> (u16, Value) {
    let response = http().post(format!("{}{path}", server.base)).json(body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_search_says_what_was_found_where_and_how() {
    let server = serve().await;
    let body = json!({ "query": "order number of the shaft seal", "k": 2 });
    let (status, found) = post(&server, "/api/search", &body).await;
    assert_eq!(status, 200, "{found}");
    let hits = found["hits"].as_array().unwrap();
    assert_eq!(hits.len(), 2);
    assert_eq!(hits[0]["document_id"], "docs/parts.md");
    assert!(hits[0]["text"].as_str().unwrap().contains("SP-3117"));
    assert!(hits[0]["routes"].as_array().unwrap().iter().any(|r| r["route"] == "lexical"));
    assert!(hits[0]["link"].as_str().unwrap().starts_with("/documents/docs%2Fparts.md?start="));
    assert!(found["timings_ms"]["total"].as_f64().unwrap() > 0.0);
    let lexical = json!({ "query": "shaft", "mode": "lexical" });
    let (_, found) = post(&server, "/api/search", &lexical).await;
    for hit in found["hits"].as_array().unwrap() {
        assert!(hit["routes"].as_array().unwrap().iter().all(|r| r["route"] == "lexical"));
    }
    for wrong in [
        json!({}),
        json!({ "query": " " }),
        json!({ "query": "x", "k": 0 }),
        json!({ "query": "x", "k": 101 }),
        json!({ "image": "http://192.0.2.1/a.png" }),
        json!({ "image": "data:image/png;base64,aGk=" }),
    ] {
        assert_eq!(post(&server, "/api/search", &wrong).await.0, 400, "{wrong}");
    }
    for wrong in [json!({ "query": "x", "mode": "best" }), json!({ "question": "x" })] {
        assert_eq!(post(&server, "/api/search", &wrong).await.0, 422, "{wrong}");
    }
}

#[tokio::test]
async fn a_picture_is_searched_for_and_linked() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    let picture = std::fs::read(example().join("pictures/leds-fell-400-low-supply.png")).unwrap();
    write(source.path(), "pictures/front.png", &picture);
    KnowledgeBase::init(root.path()).unwrap();
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    let server = serve_on(root, knowledge_base).await;
    let image = format!("data:image/png;base64,{}", STANDARD.encode(&picture));
    let body = json!({ "image": image, "only_pictures": true });
    let (status, found) = post(&server, "/api/search", &body).await;
    assert_eq!(status, 200, "{found}");
    assert_eq!(found["hits"][0]["picture"], "pictures/front.png");
    assert_eq!(found["hits"][0]["picture_link"], "/api/documents/pictures%2Ffront.png/picture");
}

#[tokio::test]
async fn vectors_are_those_of_the_space_in_both_encodings() {
    let server = serve().await;
    let space = embedder().space().clone();
    let texts = ["The shaft seal is worn.", "Oil"];
    let body = json!({ "model": space.model, "input": texts });
    let (status, answer) = post(&server, "/v1/embeddings", &body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["space"], space.id().0.to_string());
    let expected = embedder().embed(&texts, TextRole::Passage, &mut |_| {}).unwrap().vectors;
    let mut encoded = body.clone();
    encoded["encoding_format"] = json!("base64");
    let (_, in_base64) = post(&server, "/v1/embeddings", &encoded).await;
    for (i, vector) in expected.iter().enumerate() {
        let numbers = answer["data"][i]["embedding"].as_array().unwrap();
        let numbers: Vec<f32> = numbers.iter().map(|x| x.as_f64().unwrap() as f32).collect();
        assert!(numbers.iter().zip(vector).all(|(a, b)| (a - b).abs() < 1e-5));
        let bytes = STANDARD.decode(in_base64["data"][i]["embedding"].as_str().unwrap()).unwrap();
        let decoded: Vec<f32> = bytes
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
            .collect();
        assert!(decoded.iter().zip(vector).all(|(a, b)| (a - b).abs() < 1e-5));
    }
    assert!(answer["usage"]["total_tokens"].as_u64().unwrap() >= 6);
    for (field, value, status) in [
        ("model", json!("text-embedding-3"), 404),
        ("input", json!([[1, 2]]), 400),
        ("input", json!(""), 400),
        ("dimensions", json!(7), 400),
        ("encoding_format", json!("int8"), 400),
        ("input", json!({ "text": "x" }), 422),
    ] {
        let mut wrong = body.clone();
        wrong[field] = value;
        let (found, error) = post(&server, "/v1/embeddings", &wrong).await;
        assert_eq!(found, status, "{error}");
        assert!(error["error"]["message"].is_string());
    }
}

#[tokio::test]
async fn a_record_reads_as_json_and_as_rdf() {
    let server = serve().await;
    let question = "What is the order number of the shaft seal?";
    let ask =
        json!({ "model": "veritrail", "messages": [{ "role": "user", "content": question }] });
    let (_, answer) = post(&server, "/v1/chat/completions", &ask).await;
    let url = format!("{}/api/answers/{}", server.base, answer["answer_id"].as_str().unwrap());
    let (status, kind, json) = get(url.clone(), "application/json").await;
    assert_eq!((status, kind.as_str()), (200, "application/json"));
    let record: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&record["question"], &record["mode"]), (&json!(question), &json!("extractive")));
    assert_eq!(record["answer_id"], answer["answer_id"]);
    let sentence = &record["sentences"][0];
    assert_eq!((&sentence["kept"], &sentence["verdict"]), (&json!(true), &json!("supported")));
    let (cited, shown) = (&sentence["citations"][0], &answer["citations"][0]);
    assert_eq!((&cited["quote"], &cited["link"]), (&shown["quote"], &shown["link"]));
    assert_eq!(record["evidence"][0]["title"], "Parts list");
    assert!(record["timings_ms"].as_object().unwrap().contains_key("quote"), "{json}");
    let (_, kind, _) = get(url, "application/n-triples").await;
    assert_eq!(kind, "application/n-triples");
}

#[test]
fn what_is_remembered_never_crosses_labels_or_generations() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    KnowledgeBase::init(root.path()).unwrap();
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    let first = knowledge_base.snapshot().unwrap();
    let query = Query::text("shaft seal", 10);
    let mut off = Stopwatch::off();
    let mut find = |query: &Query, snapshot: &std::sync::Arc<veritrail::retrieve::Snapshot>| {
        let session = knowledge_base.session_on(std::sync::Arc::clone(snapshot));
        session.find(query, RetrievalMode::Graph, &mut off).unwrap()
    };
    let all = find(&query, &first);
    assert_eq!(find(&query, &first), all);
    let stats = || {
        let stats = knowledge_base.cache_stats();
        let found = stats.iter().find(|cache| cache.name == "retrieval").unwrap();
        (found.n_hits, found.n_misses)
    };
    assert_eq!(stats(), (1, 1));
    let restricted = Query { allowed_labels: Some([].into()), ..query.clone() };
    assert!(find(&restricted, &first).hits.is_empty());
    assert_eq!(stats(), (1, 2));
    let again = knowledge_base.snapshot().unwrap();
    assert_eq!(again.generation(), first.generation());
    find(&query, &again);
    assert_eq!(stats(), (1, 3), "what a person decided may stand between two readings");
}

#[test]
fn batched_vectors_are_those_of_single_runs() {
    let model = embedder();
    let texts = [
        "How often is the oil of a Beck 30 changed?",
        "Why?",
        "What does the control unit show when the supply is low and the pump has not run for a day?",
    ];
    let together = model.embed(&texts, TextRole::Query, &mut |_| {}).unwrap().vectors;
    let mut worst = 0f32;
    for (text, batched) in texts.iter().zip(&together) {
        let alone = model.embed(&[text], TextRole::Query, &mut |_| {}).unwrap().vectors;
        let differences = alone[0].iter().zip(batched).map(|(a, b)| (a - b).abs());
        worst = differences.fold(worst, f32::max);
    }
    println!("largest difference {worst:e}");
    assert!(worst < 1e-5, "{worst}");
}
