//! Generations stay as they were, and an earlier one can answer again.

use crate::fixtures::{
    ingest, init_with_text_alone, open, outcome, program, pump_documents, write,
};
use crate::server::{get, http, serve_on};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use veritrail::engine::{AskOptions, DeleteOptions, EngineError, KnowledgeBase, PromotedBy};
use veritrail::graph::{QueryOptions, ResultFormat};
use veritrail::model::{AccessLabel, Query};
use veritrail::retrieve::RetrievalMode;

const ASKED: &str = "What is the order number of the shaft seal?";

fn by(reason: &str) -> PromotedBy {
    PromotedBy { principal: "olga".into(), reason: Some(reason.into()) }
}

/// The words of everything that is found.
fn found(knowledge_base: &KnowledgeBase, labels: Option<&[&str]>) -> String {
    let session = knowledge_base.session().unwrap();
    let labels = labels.map(|labels| {
        labels.iter().map(|label| AccessLabel((*label).to_owned())).collect::<BTreeSet<_>>()
    });
    let query = Query::text(ASKED, 10).within(labels.as_ref());
    let hits = session.search(&query, RetrievalMode::Graph).unwrap().hits;
    let texts = session.evidence(&hits);
    texts.iter().map(|evidence| evidence.fragment.text.clone()).collect::<Vec<_>>().join("\n")
}

fn tell(source: &Path, number: &str) {
    let text = format!("# Parts list\n\nThe shaft seal has the order number {number}.\n");
    write(source, "docs/parts.md", text);
}

fn rows(knowledge_base: &KnowledgeBase, query: &str) -> String {
    let options = QueryOptions { timeout_ms: 60_000, formats: vec![ResultFormat::Tsv] };
    let mut output = Vec::new();
    knowledge_base.sparql(query, &options, &mut output).unwrap();
    String::from_utf8(output).unwrap()
}

#[test]
fn going_back_lets_the_generation_of_before_answer_and_holds_what_comes() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    init_with_text_alone(root.path());
    let knowledge_base = open(root.path());
    let first = ingest(&knowledge_base, source.path());
    assert!(knowledge_base.answered_before().unwrap().is_none());
    tell(source.path(), "SP-9999");
    let second = ingest(&knowledge_base, source.path());
    assert!(found(&knowledge_base, None).contains("SP-9999"));
    let before = knowledge_base.answered_before().unwrap().unwrap();
    assert_eq!(before.name(), first);
    let (promotion, snapshot) = knowledge_base.promote(&before, &by("wrong number")).unwrap();
    assert_eq!((promotion.from, promotion.to, promotion.held), (Some(second), first, true));
    assert_eq!(snapshot.generation(), &before);
    let text = found(&knowledge_base, None);
    assert!(text.contains("SP-3117") && !text.contains("SP-9999"), "{text}");
    drop(knowledge_base);
    // It stays so after a restart, and what is taken in waits.
    let knowledge_base = open(root.path());
    assert!(found(&knowledge_base, None).contains("SP-3117"));
    tell(source.path(), "SP-5000");
    let third = ingest(&knowledge_base, source.path());
    let listed = knowledge_base.generations().unwrap();
    assert!(listed.held.unwrap().contains("wrong number (olga)"));
    assert_eq!(
        (listed.generations[0].name.as_str(), listed.generations[0].newest),
        (&*third, true)
    );
    assert!(found(&knowledge_base, None).contains("SP-3117"));
    let newest = knowledge_base.find_generation(&third[..6]).unwrap();
    let (promotion, _) = knowledge_base.promote(&newest, &by("checked")).unwrap();
    assert!(!promotion.held && knowledge_base.generations().unwrap().held.is_none());
    assert!(found(&knowledge_base, None).contains("SP-5000"));
    let record = rows(
        &knowledge_base,
        "SELECT ?from ?to ?who ?why { GRAPH <urn:veritrail:graph:governance> {
            ?promotion a vt:Promotion ; vt:replaced ?from ; vt:promoted ?to ; vt:reason ?why ;
                prov:wasAssociatedWith/rdfs:label ?who } } ORDER BY ?why",
    );
    let lines: Vec<&str> = record.lines().skip(1).collect();
    assert_eq!(lines.len(), 2, "{record}");
    assert!(lines[0].contains("checked") && lines[1].contains("wrong number"), "{record}");
    assert!(lines.iter().all(|line| line.contains("olga")), "{record}");
}

#[test]
fn an_answer_of_an_earlier_generation_can_be_cited_and_replayed() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    init_with_text_alone(root.path());
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    let ask = || {
        let session = knowledge_base.session().unwrap();
        let query = Query::text(ASKED, 10);
        session.ask(&query, &AskOptions::for_principal("me"), &mut |_| {}).unwrap()
    };
    let then = ask();
    tell(source.path(), "SP-9999");
    ingest(&knowledge_base, source.path());
    let replay = knowledge_base.replay(&then.id).unwrap();
    assert!(replay.identical && replay.pinned, "{replay:?}");
    let before = knowledge_base.answered_before().unwrap().unwrap();
    knowledge_base.promote(&before, &by("back")).unwrap();
    let again = ask();
    assert_eq!(again.generation, then.generation);
    let quotes = |record: &veritrail::model::AnswerRecord| -> Vec<String> {
        record.answer.sentences.iter().map(|sentence| sentence.text.clone()).collect()
    };
    assert_eq!(quotes(&again), quotes(&then));
}

#[test]
fn a_label_that_became_stricter_holds_in_earlier_generations() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    init_with_text_alone(root.path());
    let first = {
        let knowledge_base = open(root.path());
        let first = ingest(&knowledge_base, source.path());
        assert!(found(&knowledge_base, Some(&["public"])).contains("costs the factory"));
        first
    };
    let settings = std::fs::read_to_string(root.path().join("veritrail.toml")).unwrap();
    let rule = "[[ingest.labels]]\nprefix = \"secret/\"\nlabel = \"secret\"\n";
    write(root.path(), "veritrail.toml", format!("{settings}{rule}"));
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    assert!(!found(&knowledge_base, Some(&["public"])).contains("costs the factory"));
    let before = knowledge_base.answered_before().unwrap().unwrap();
    assert_eq!(before.name(), first);
    knowledge_base.promote(&before, &by("back")).unwrap();
    assert!(!found(&knowledge_base, Some(&["public"])).contains("costs the factory"));
    assert!(found(&knowledge_base, Some(&["public", "secret"])).contains("costs the factory"));
}

#[test]
fn a_deletion_leaves_no_generation_to_go_back_to() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    init_with_text_alone(root.path());
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    tell(source.path(), "SP-9999");
    ingest(&knowledge_base, source.path());
    let before = knowledge_base.answered_before().unwrap().unwrap();
    knowledge_base.promote(&before, &by("back")).unwrap();
    let parts = knowledge_base.find_document("docs/parts.md").unwrap();
    let options = DeleteOptions { principal: "me".into(), reason: None, erase_quotes: false };
    knowledge_base.delete(&[parts], &options, &mut |_| {}).unwrap();
    let left = knowledge_base.generations().unwrap();
    assert_eq!((left.generations.len(), left.held), (1, None));
    assert!(knowledge_base.answered_before().unwrap().is_none());
    assert!(matches!(knowledge_base.promote(&before, &by("x")), Err(EngineError::Io { .. })));
    let text = found(&knowledge_base, None);
    assert!(!text.contains("order number SP-"), "{text}");
}

#[test]
fn old_generations_go_and_what_the_others_need_stays() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    init_with_text_alone(root.path());
    let knowledge_base = open(root.path());
    let mut names = Vec::new();
    for number in 0..6 {
        tell(source.path(), &format!("SP-{number:04}"));
        names.push(ingest(&knowledge_base, source.path()));
    }
    let listed = knowledge_base.generations().unwrap().generations;
    let kept: Vec<&str> = listed.iter().map(|generation| generation.name.as_str()).collect();
    assert_eq!(kept, [&*names[5], &*names[4], &*names[3]], "newest first");
    let n_vectors = knowledge_base.status().unwrap().n_vectors;
    let collected = knowledge_base.collect_generations(1).unwrap();
    assert_eq!(collected.generations, [names[3].clone()], "the one before is kept, too");
    assert!(collected.swept.n_vectors > 0 && collected.swept.n_blobs > 0, "{collected:?}");
    let status = knowledge_base.status().unwrap();
    assert!(status.n_vectors < n_vectors && status.n_unnamed == 0);
    let before = knowledge_base.answered_before().unwrap().unwrap();
    knowledge_base.promote(&before, &by("back")).unwrap();
    let text = found(&knowledge_base, None);
    assert!(text.contains("SP-0004"), "{text}");
}

#[test]
fn a_damaged_reading_is_made_anew_from_the_graph_or_refused() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    init_with_text_alone(root.path());
    let knowledge_base = open(root.path());
    let first = ingest(&knowledge_base, source.path());
    tell(source.path(), "SP-9999");
    let second = ingest(&knowledge_base, source.path());
    let expected = found(&knowledge_base, None);
    let file = |name: &str| root.path().join("generations").join(name).join("reading.jsonl");
    for name in [&first, &second] {
        let whole = std::fs::read(file(name)).unwrap();
        let mut altered = whole.clone();
        let place = altered.windows(5).position(|bytes| bytes == b"shaft").unwrap();
        altered[place] = b'S';
        for bytes in [altered, whole[..whole.len() - 9].to_vec(), b"{}\n".to_vec(), Vec::new()] {
            std::fs::write(file(name), bytes).unwrap();
            if *name == second {
                assert_eq!(found(&knowledge_base, None), expected);
                assert_eq!(std::fs::read(file(name)).unwrap(), whole, "as it was");
            } else {
                let error = knowledge_base
                    .promote(&knowledge_base.find_generation(name).unwrap(), &by("x"));
                let error = error.err().unwrap().to_string();
                assert!(error.contains("is not a whole generation"), "{error}");
                assert_eq!(found(&knowledge_base, None), expected);
            }
        }
    }
}

#[test]
fn the_command_line_lists_compares_and_goes_back() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    init_with_text_alone(root.path());
    let knowledge_base = open(root.path());
    let first = ingest(&knowledge_base, source.path());
    tell(source.path(), "SP-9999");
    write(source.path(), "docs/new.md", "# Valve\n\nThe valve KV-1 leaks.\n");
    let second = ingest(&knowledge_base, source.path());
    drop(knowledge_base);
    let run = |arguments: &[&str]| {
        outcome(&program(root.path()).arg("index").args(arguments).output().unwrap())
    };
    let (code, listed, _) = run(&["list"]);
    assert_eq!((code, listed.lines().count()), (0, 2), "{listed}");
    assert!(listed.starts_with(&second) && listed.contains("answers, newest"), "{listed}");
    let (_, diff, _) = run(&["diff", &first[..8]]);
    assert!(diff.contains("+ docs/new.md") && diff.contains("~ docs/parts.md"), "{diff}");
    let (code, back, _) = run(&["rollback", "--reason", "wrong"]);
    assert_eq!(code, 0);
    assert!(back.contains(&format!("{first} answers instead of {second}")), "{back}");
    assert!(back.contains("publishing is held"), "{back}");
    let (_, built, _) = run(&["build"]);
    assert!(built.contains(&format!("built {second}")), "{built}");
    let (_, promoted, _) = run(&["promote", &second, "--format", "json"]);
    assert!(promoted.contains("\"held\": false"), "{promoted}");
    let (code, _, error) = run(&["promote", "0000"]);
    assert_eq!(code, 1, "{error}");
    assert!(error.contains("no generation `0000`") && error.contains("index list"), "{error}");
    let (code, _, _) = run(&["gc", "--keep", "1"]);
    assert_eq!(code, 0);
}

#[tokio::test]
async fn a_server_goes_back_and_forth_while_it_answers() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    init_with_text_alone(root.path());
    let knowledge_base = open(root.path());
    let first = ingest(&knowledge_base, source.path());
    tell(source.path(), "SP-9999");
    let second = ingest(&knowledge_base, source.path());
    let server = serve_on(root, knowledge_base).await;
    let post = async |path: &str, body: Value| -> (u16, Value) {
        let request = http().post(format!("{}{path}", server.base)).json(&body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    };
    let answer = async || -> String {
        let body =
            json!({ "model": "veritrail", "messages": [{ "role": "user", "content": ASKED }] });
        let (status, body) = post("/v1/chat/completions", body).await;
        assert_eq!(status, 200, "{body}");
        body["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
    };
    assert!(answer().await.contains("SP-9999"));
    let asking = async {
        for _ in 0..40 {
            let text = answer().await;
            assert!(text.contains("SP-9999") != text.contains("SP-3117"), "{text}");
        }
    };
    let changing = async {
        for _ in 0..3 {
            let (status, back) = post("/api/generations/rollback", json!({ "reason": "x" })).await;
            assert_eq!((status, &back["to"], &back["held"]), (200, &json!(first), &json!(true)));
            assert!(answer().await.contains("SP-3117"));
            let body = json!({ "generation": second[..8], "reason": "y" });
            let (status, there) = post("/api/generations/promote", body).await;
            assert_eq!(
                (status, &there["to"], &there["held"]),
                (200, &json!(second), &json!(false))
            );
            assert!(answer().await.contains("SP-9999"));
        }
    };
    futures::join!(asking, changing);
    let (status, _, listed) = get(format!("{}/api/generations", server.base), "*/*").await;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!((status, &listed["generations"][0]["name"]), (200, &json!(second)));
    let diff = format!("{}/api/generations/diff?from={first}", server.base);
    let (status, _, diff) = get(diff, "*/*").await;
    assert!(status == 200 && diff.contains("docs/parts.md"), "{diff}");
    let (status, error) = post("/api/generations/promote", json!({ "generation": "00" })).await;
    assert_eq!((status, &error["error"]["code"]), (404, &json!("generation_not_found")));
}
