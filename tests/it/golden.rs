//! Golden sets decide which generation may answer.

use crate::fixtures::{
    ingest, init_with_text_alone, open, outcome, program, pump_documents, write,
};
use std::path::Path;
use tempfile::TempDir;
use veritrail::engine::{AskOptions, EngineError, KnowledgeBase, PromotedBy};
use veritrail::graph::{QueryOptions, ResultFormat};
use veritrail::model::{ClaimStatus, Opinion, Query};

const SET: &str = concat!(
    r#"{"id": "seal", "text": "What is the order number of the shaft seal?", "relevant": ["docs/parts.md"]}"#,
    "\n",
    r#"{"id": "error", "text": "What does the error E-17 of the Pump X-10 mean?", "relevant": ["docs/pump.md"]}"#,
    "\n",
    r#"{"id": "cost", "text": "What does the shaft seal SP-3117 cost the factory?", "relevant": ["secret/cost.md"]}"#,
    "\n",
);

fn by() -> PromotedBy {
    PromotedBy { principal: "olga".into(), reason: None }
}

fn rows(knowledge_base: &KnowledgeBase, query: &str) -> String {
    let options = QueryOptions { timeout_ms: 60_000, formats: vec![ResultFormat::Tsv] };
    let mut output = Vec::new();
    knowledge_base.sparql(query, &options, &mut output).unwrap();
    String::from_utf8(output).unwrap()
}

/// The pump documents among others that say nothing of what is asked, in its words.
fn documents() -> TempDir {
    let source = pump_documents();
    for n in 0..12 {
        let text = format!(
            "# Note {n}\n\nThe order number and the errors of machine M-{n} stand in its manual, and what it costs the factory, too.\n"
        );
        write(source.path(), &format!("notes/{n}.md"), text);
    }
    source
}

/// Takes away what the golden set asks for.
fn spoil(source: &Path) {
    write(source, "docs/pump.md", "# Weather\n\nIt rains in the valley on most days.\n");
    write(source, "docs/parts.md", "# Food\n\nThe canteen serves soup on Mondays.\n");
    write(source, "secret/cost.md", "# Music\n\nThe choir sings in the hall.\n");
}

#[test]
fn a_generation_that_finds_less_does_not_answer_unless_it_is_forced() {
    let (root, source) = (tempfile::tempdir().unwrap(), documents());
    init_with_text_alone(root.path());
    let knowledge_base = open(root.path());
    let good = ingest(&knowledge_base, source.path());
    let (set, missing) = knowledge_base.keep_golden_set("pump", SET.as_bytes(), "anna").unwrap();
    assert_eq!((set.questions.len(), missing), (3, Vec::new()));
    let itself = knowledge_base.find_generation(&good).unwrap();
    let report = knowledge_base.evaluate_generation(&itself).unwrap();
    assert!(report.verdict.passes && report.against.is_none(), "{report:?}");
    assert_eq!(report.results[0].recall_5, [1.0; 3]);
    // What is worse is built and does not answer.
    write(source.path(), "docs/new.md", "# Valve\n\nThe valve KV-1 leaks.\n");
    let same = ingest(&knowledge_base, source.path());
    assert_eq!(knowledge_base.current().unwrap().unwrap().name(), same, "nothing was lost");
    spoil(source.path());
    knowledge_base.ingest(source.path(), &mut |_| {}).unwrap();
    let published = knowledge_base.publish(&mut |_| {}).unwrap();
    assert_eq!(published.served.name(), same);
    assert!(published.refused[0].contains("pump: recall@5 falls from 1.000"), "{published:?}");
    let bad = published.generation;
    let error = knowledge_base.promote_through_gate(&bad, &by()).err().unwrap();
    assert!(matches!(error, EngineError::Gate { .. }), "{error}");
    let recorded = rows(
        &knowledge_base,
        "SELECT ?generation ?verdict { ?e a vt:Evaluation ; vt:evaluated ?generation ; vt:gateVerdict ?verdict ;
            prov:used/rdfs:label \"pump\" } ORDER BY ?verdict",
    );
    assert!(recorded.contains("\"fail\"") && recorded.contains("\"pass\""), "{recorded}");
    let told = knowledge_base.evaluations().unwrap();
    assert!(told.is_sorted_by(|a, b| a.evaluated_at >= b.evaluated_at));
    let (last, first) = (told.first().unwrap(), told.last().unwrap());
    assert_eq!((first.generation.as_str(), first.set.as_str()), (good.as_str(), "pump"));
    assert_eq!((first.n_questions, first.recall_5, first.passes), (3, 1.0, true));
    assert_eq!((first.sha256.as_str(), first.reasons.len()), (set.sha256.as_str(), 0));
    assert_eq!((last.generation.as_str(), last.passes), (bad.name(), false));
    assert!(last.recall_5 < 1.0 && last.reasons[0].contains("recall@5 falls"), "{last:?}");
    knowledge_base.promote(&bad, &by()).unwrap();
    assert_eq!(knowledge_base.current().unwrap().unwrap(), bad);
}

#[test]
fn what_reviewers_accept_becomes_a_golden_question() {
    let (root, source) = (tempfile::tempdir().unwrap(), documents());
    init_with_text_alone(root.path());
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    let query = Query::text("What is the order number of the shaft seal?", 10);
    let record = {
        let session = knowledge_base.session().unwrap();
        session.ask(&query, &AskOptions::for_principal("me"), &mut |_| {}).unwrap()
    };
    assert_eq!(knowledge_base.golden_from_feedback("anna").unwrap(), 0);
    let principal = AskOptions::for_principal("me").principal;
    let feedback =
        knowledge_base.give_feedback(&record.id, Opinion::Good, None, &principal).unwrap();
    assert_eq!(knowledge_base.golden_from_feedback("anna").unwrap(), 0, "nobody accepted it yet");
    knowledge_base.decide_feedback(&feedback.id, ClaimStatus::Accepted, "anna", None).unwrap();
    assert_eq!(knowledge_base.golden_from_feedback("anna").unwrap(), 1);
    assert_eq!(knowledge_base.golden_from_feedback("anna").unwrap(), 0, "it is there");
    let sets = knowledge_base.golden_sets().unwrap();
    assert_eq!((sets.len(), sets[0].name.as_str()), (1, "accepted"));
    assert!(sets[0].questions[0].relevant.contains("docs/parts.md"), "{sets:?}");
}

#[test]
fn the_command_line_keeps_sets_and_says_what_is_wrong_with_them() {
    let (root, source) = (tempfile::tempdir().unwrap(), documents());
    init_with_text_alone(root.path());
    let good = {
        let knowledge_base = open(root.path());
        ingest(&knowledge_base, source.path())
    };
    let file = root.path().join("set.jsonl");
    let run = |arguments: &[&str]| outcome(&program(root.path()).args(arguments).output().unwrap());
    let add = |name: &str, text: &str| {
        std::fs::write(&file, text).unwrap();
        run(&["golden", "add", name, file.to_str().unwrap()])
    };
    for (name, text, expected) in [
        ("a b", SET, "letters, digits"),
        ("a", "", "it has no questions"),
        ("a", "{\"id\": 1}", "line 1"),
        ("a", "{\"id\": \"x\", \"text\": \"y\", \"relevant\": []}", "one source at least"),
        ("a", &format!("{SET}{SET}"), "the id `seal` stands twice"),
    ] {
        let (code, _, error) = add(name, text);
        assert!(code == 1 && error.contains(expected), "{error}");
    }
    let (code, said, _) = add("pump", SET);
    assert_eq!(code, 0);
    assert!(said.starts_with("pump: 3 questions"), "{said}");
    let (code, _, warned) = add("other", &SET.replace("docs/parts.md", "docs/none.md"));
    assert!(code == 3 && warned.contains("no document has the source `docs/none.md`"), "{warned}");
    let (_, listed, _) = run(&["golden", "list"]);
    assert_eq!(listed.lines().count(), 2, "{listed}");
    let (code, evaluated, _) = run(&["index", "eval", &good]);
    assert!(code == 0 && evaluated.contains("pump: recall@5 1.000"), "{evaluated}");
    let (code, history, _) = run(&["golden", "history", "--limit", "2"]);
    assert!(code == 0 && history.lines().count() == 2, "{history}");
    let line = history.lines().find(|line| line.contains("  pump: ")).unwrap();
    assert!(line.contains(&good) && line.contains("recall@5 1.000"), "{line}");
    assert!(line.ends_with("3 questions, the gate lets it pass"), "{line}");
    spoil(source.path());
    let (_, ingested, warned) = run(&["ingest", source.path().to_str().unwrap()]);
    assert!(ingested.contains(&format!("{good} answers until")), "{ingested}");
    assert!(warned.contains("refused by the gate"), "{warned}");
    let listed = run(&["index", "list"]).1;
    let bad = listed.split_whitespace().next().unwrap().to_owned();
    let (code, _, error) = run(&["index", "promote", &bad]);
    assert!(code == 1 && error.contains("does not pass the gate"), "{error}");
    let (code, promoted, error) = run(&["index", "promote", &bad, "--force"]);
    assert!(code == 0 && promoted.contains("answers instead of"), "{promoted}{error}");
}

#[test]
fn feedback_is_reviewed_on_the_command_line() {
    let (root, source) = (tempfile::tempdir().unwrap(), documents());
    init_with_text_alone(root.path());
    {
        let knowledge_base = open(root.path());
        ingest(&knowledge_base, source.path());
        let options = AskOptions::for_principal("me");
        for (n, opinion) in [(1, Opinion::Good), (2, Opinion::Wrong)] {
            let query = Query::text("What is the order number of the shaft seal?", 10 + n);
            let session = knowledge_base.session().unwrap();
            let record = session.ask(&query, &options, &mut |_| {}).unwrap();
            let comment = (n == 2).then_some("it was exchanged in May");
            knowledge_base.give_feedback(&record.id, opinion, comment, &options.principal).unwrap();
        }
    }
    let run = |arguments: &[&str]| outcome(&program(root.path()).args(arguments).output().unwrap());
    let (code, listed, _) = run(&["review", "--of", "feedback"]);
    assert!(code == 0 && listed.contains("feedback  wrong by me on answer"), "{listed}");
    assert!(listed.contains("it was exchanged in May") && !listed.contains("good by"), "{listed}");
    let id = listed.split_whitespace().next().unwrap();
    let (code, done, error) = run(&["review", "accept", id, "--reason", "it was"]);
    assert_eq!((code, done.as_str()), (0, "1 accepted\n"), "{error}");
    let (_, open, _) = run(&["review", "--of", "feedback", "--format", "json"]);
    assert_eq!(open.trim(), "[]");
    let (_, accepted, _) =
        run(&["review", "--of", "feedback", "--status", "accepted", "--format", "json"]);
    assert!(accepted.contains("\"reason\": \"it was\""), "{accepted}");
}
