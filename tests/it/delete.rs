//! Documents go for good, and nothing else goes with them.

use crate::fixtures::{ingest, open, outcome, program, pump_documents, write};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use veritrail::audit::ERASED;
use veritrail::engine::{AskOptions, DeleteOptions, KnowledgeBase, Receipt, Residue};
use veritrail::graph::{QueryOptions, ResultFormat};
use veritrail::model::Query;
use veritrail::retrieve::RetrievalMode;

fn options(erase_quotes: bool) -> DeleteOptions {
    DeleteOptions { principal: "tester".into(), reason: Some("asked for".into()), erase_quotes }
}

fn new(source: &Path) -> (TempDir, KnowledgeBase) {
    let root = tempfile::tempdir().unwrap();
    KnowledgeBase::init(root.path()).unwrap();
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source);
    (root, knowledge_base)
}

fn rows(knowledge_base: &KnowledgeBase, query: &str) -> BTreeSet<String> {
    let options = QueryOptions { timeout_ms: 60_000, formats: vec![ResultFormat::Tsv] };
    let mut output = Vec::new();
    knowledge_base.sparql(query, &options, &mut output).unwrap();
    String::from_utf8(output).unwrap().lines().skip(1).map(str::to_owned).collect()
}

/// Every triple that does not tell when, from where and by whom documents came and went.
pub(crate) fn knowledge(knowledge_base: &KnowledgeBase) -> BTreeSet<String> {
    rows(
        knowledge_base,
        "SELECT ?g ?s ?p ?o { GRAPH ?g { ?s ?p ?o }
         FILTER(?g != <urn:veritrail:graph:governance>)
         FILTER(?p NOT IN (prov:startedAtTime, prov:endedAtTime, vt:takenFrom)) }",
    )
}

#[test]
fn a_deleted_document_leaves_no_trace_and_its_neighbours_stay() {
    let source = pump_documents();
    let (root, knowledge_base) = new(source.path());
    let asked = Query::text("What is the order number of the shaft seal?", 10);
    let earlier = Query::text("Which number does the spring have?", 10);
    let now = std::fs::read(source.path().join("docs/parts.md")).unwrap();
    write(source.path(), "docs/parts.md", "# Parts\n\nThe spring has the number SP-0001.\n");
    ingest(&knowledge_base, source.path());
    let replaced = {
        let session = knowledge_base.session().unwrap();
        session.ask(&earlier, &AskOptions::for_principal("me"), &mut |_| {}).unwrap()
    };
    write(source.path(), "docs/parts.md", now);
    ingest(&knowledge_base, source.path());
    let record = {
        let session = knowledge_base.session().unwrap();
        session.ask(&asked, &AskOptions::for_principal("me"), &mut |_| {}).unwrap()
    };
    let parts = knowledge_base.find_document("docs/parts.md").unwrap();
    let receipt = knowledge_base.delete(&[parts], &options(false), &mut |_| {}).unwrap();
    assert_eq!(receipt.digest().to_string(), receipt.sha256);
    assert_eq!(receipt.documents[0].source, "docs/parts.md");
    assert!(receipt.n_triples > 10 && receipt.n_vectors > 0 && receipt.n_blobs > 0, "{receipt:?}");
    assert!(receipt.n_generations >= 2, "{receipt:?}");
    let mut answers = [replaced.id.name(), record.id.name()];
    answers.sort_unstable();
    assert_eq!(receipt.answers, answers, "the replaced version had one, too");
    let residue = knowledge_base.residue("docs/parts.md").unwrap();
    assert!(residue.in_files_of_graph && !residue.is_clean() && residue.answers == answers);
    let residue = Residue { in_files_of_graph: false, ..residue };
    assert!(residue.is_clean(), "{residue:?}");
    let status = knowledge_base.status().unwrap();
    assert_eq!((status.findings, status.n_unnamed, status.n_documents), (Vec::new(), 0, 2));
    let session = knowledge_base.session().unwrap();
    let found = session.search(&asked, RetrievalMode::Graph).unwrap();
    assert!(found.hits.iter().all(|hit| hit.document.source() != "docs/parts.md"));
    assert!(found.hits.iter().any(|hit| hit.document.source() == "docs/pump.md"));
    drop(session);
    let kept = knowledge_base.answer_record(&record.id).unwrap();
    assert!(kept.iter().any(|triple| triple.object.to_string().contains("SP-3117")));
    drop(knowledge_base);
    assert_eq!(open(root.path()).residue("docs/parts.md").unwrap(), residue);
}

#[test]
fn no_file_holds_the_words_of_a_document_that_the_command_deleted() {
    const WORDS: &str = "Zyxomma-Quint turns the brindled flange";
    let source = pump_documents();
    write(source.path(), "secret.md", format!("# Flange\n\nOnly {WORDS} at night.\n"));
    let (root, knowledge_base) = new(source.path());
    drop(knowledge_base);
    let holding = || -> Vec<std::path::PathBuf> {
        let files = walkdir::WalkDir::new(root.path()).into_iter().map(|entry| entry.unwrap());
        let files = files.filter(|entry| entry.file_type().is_file()).map(|e| e.into_path());
        let holds = |path: &std::path::PathBuf| {
            let bytes = std::fs::read(path).unwrap();
            bytes.windows(WORDS.len()).any(|window| window == WORDS.as_bytes())
        };
        files.filter(holds).collect()
    };
    assert!(!holding().is_empty(), "files that are packed would prove nothing");
    let run = |arguments: &[&str]| outcome(&program(root.path()).args(arguments).output().unwrap());
    let (code, _, said) = run(&["delete", "secret.md"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(holding(), Vec::<std::path::PathBuf>::new());
    let (code, found, said) = run(&["delete", "--check", "secret.md"]);
    assert_eq!(code, 0, "{found}{said}");
}

#[test]
fn what_others_support_stays_and_what_only_it_supported_goes() {
    let source = pump_documents();
    write(
        source.path(),
        "a.md",
        "# A\n\nThe valve KV-77 fits. The Quendor Works make the KV-77.\n",
    );
    write(
        source.path(),
        "b.md",
        "# B\n\nThe gasket GK-9 fits. Glue the gasket GK-9.\n\n## More\n\nGK-9.\n",
    );
    write(source.path(), "c.md", "# C\n\nThe valve KV-77 again.\n");
    let (_root, knowledge_base) = new(source.path());
    let entities = |knowledge_base: &KnowledgeBase| {
        rows(
            knowledge_base,
            "SELECT ?l { GRAPH <urn:veritrail:graph:entities> { ?e skos:prefLabel ?l } }",
        )
    };
    let before = entities(&knowledge_base);
    assert!(before.iter().any(|l| l.contains("KV-77")), "{before:?}");
    let a = knowledge_base.find_document("a.md").unwrap();
    let c = knowledge_base.find_document("c.md").unwrap();
    knowledge_base.delete(&[a], &options(false), &mut |_| {}).unwrap();
    let mut fresh = tempfile::tempdir().unwrap();
    for round in 0..2 {
        std::fs::remove_file(source.path().join(if round == 0 { "a.md" } else { "c.md" })).unwrap();
        if round == 1 {
            knowledge_base.delete(std::slice::from_ref(&c), &options(false), &mut |_| {}).unwrap();
        }
        let (root, scratch) = new(source.path());
        assert_eq!(entities(&knowledge_base), entities(&scratch), "round {round}");
        fresh = root;
    }
    drop(fresh);
    assert!(!entities(&knowledge_base).iter().any(|l| l.contains("KV-77")));
}

#[test]
fn quotes_are_erased_from_records_when_asked() {
    let source = pump_documents();
    let (_root, knowledge_base) = new(source.path());
    let asked = Query::text("What is the order number of the shaft seal?", 10);
    let session = knowledge_base.session().unwrap();
    let record = session.ask(&asked, &AskOptions::for_principal("me"), &mut |_| {}).unwrap();
    drop(session);
    let parts = knowledge_base.find_document("docs/parts.md").unwrap();
    let receipt = knowledge_base.delete(&[parts], &options(true), &mut |_| {}).unwrap();
    assert!(receipt.quotes_erased && receipt.answers == [record.id.name()]);
    let triples = knowledge_base.answer_record(&record.id).unwrap();
    let texts: Vec<String> = triples.iter().map(|triple| triple.object.to_string()).collect();
    assert!(texts.iter().any(|text| text.contains(ERASED)));
    let words = texts.iter().filter(|text| text.contains("has the order number"));
    assert_eq!(words.count(), 0, "{texts:#?}");
    assert!(texts.iter().any(|text| text.contains(&asked.text)), "the question stays");
}

#[test]
fn the_command_writes_a_receipt_and_checks_and_refuses_unknown_names() {
    let source = pump_documents();
    let (root, knowledge_base) = new(source.path());
    drop(knowledge_base);
    let run = |arguments: &[&str]| outcome(&program(root.path()).args(arguments).output().unwrap());
    let (code, _, said) = run(&["delete", "parts"]);
    assert!(code == 1 && said.contains("docs/parts.md"), "{code} {said}");
    let receipt = root.path().join("receipt.json");
    let (code, said, wrong) = run(&[
        "delete",
        "docs/parts.md",
        "--reason",
        "GDPR 17",
        "--receipt",
        receipt.to_str().unwrap(),
    ]);
    assert!(code == 0 && said.contains("deleted docs/parts.md"), "{code} {said} {wrong}");
    let written: Receipt = serde_json::from_slice(&std::fs::read(&receipt).unwrap()).unwrap();
    assert_eq!(written.digest().to_string(), written.sha256);
    assert_eq!(written.reason.as_deref(), Some("GDPR 17"));
    let (code, said, _) = run(&["delete", "--check", "docs/parts.md"]);
    assert!(code == 0 && said.contains("0 traces left"), "{code} {said}");
    let (code, _, said) = run(&["delete", "--check", "docs/pump.md"]);
    assert!(code == 1 && said.contains("is in the knowledge base"), "{code} {said}");
    let (code, _, said) = run(&["delete", "docs/pump.md", "--receipt", "/no/such/folder/r.json"]);
    assert!(code == 1 && said.contains("/no/such/folder/r.json"), "{code} {said}");
    assert_eq!(open(root.path()).status().unwrap().n_documents, 2, "nothing was deleted");
}

#[test]
fn pruning_deletes_what_left_its_folder_and_nothing_else() {
    let source = pump_documents();
    let (root, knowledge_base) = new(source.path());
    let other = tempfile::tempdir().unwrap();
    write(
        other.path(),
        "notes.jsonl",
        "{\"id\":\"1\",\"text\":\"One.\"}\n{\"id\":\"2\",\"text\":\"Two.\"}\n",
    );
    ingest(&knowledge_base, other.path());
    drop(knowledge_base);
    std::fs::remove_file(source.path().join("docs/parts.md")).unwrap();
    write(source.path(), "docs/pump.md", [0xff, 0xfe, 0xfd]);
    write(other.path(), "notes.jsonl", "{\"id\":\"2\",\"text\":\"Two.\"}\n");
    let run = |folder: &Path, prune: bool| {
        let mut command = program(root.path());
        command.arg("ingest").arg(folder).args(prune.then_some("--prune"));
        outcome(&command.output().unwrap())
    };
    let (_, said, _) = run(source.path(), false);
    assert!(said.contains("1 documents are no longer there; --prune"), "{said}");
    let (code, said, _) = run(source.path(), true);
    assert!(code == 3 && said.contains("1 documents are no longer there and were"), "{said}");
    let (code, said, _) = run(other.path(), true);
    assert!(code == 0 && said.contains("1 documents"), "{said}");
    let kept = rows(&open(root.path()), "SELECT ?s { ?d a vt:Document ; vt:source ?s }");
    let expected = ["\"docs/pump.md\"", "\"notes.jsonl#2\"", "\"secret/cost.md\""];
    assert_eq!(kept, expected.map(str::to_owned).into());
}

#[test]
fn a_deletion_that_is_killed_is_finished_by_the_next_start() {
    let source = pump_documents();
    for i in 0..30 {
        write(source.path(), &format!("n/{i}.md"), format!("# Note {i}\n\nValve KV-{i} leaks.\n"));
    }
    let (scratch, knowledge_base) = new(source.path());
    drop(knowledge_base);
    let mut n_killed = 0;
    for round in 0u64..30 {
        let name = format!("n/{round}.md");
        let mut command = program(scratch.path());
        let mut child = command.args(["delete", &name]).spawn().unwrap();
        // From before the transaction to after the last file.
        std::thread::sleep(Duration::from_millis(60 + round * 97 % 400));
        n_killed += usize::from(child.try_wait().unwrap().is_none());
        child.kill().ok();
        child.wait().unwrap();
        let knowledge_base = open(scratch.path());
        let status = knowledge_base.status().unwrap();
        assert_eq!((status.findings, status.n_unnamed), (Vec::new(), 0), "round {round}");
        let there = knowledge_base.find_document(&name).is_ok();
        let residue = knowledge_base.residue(&name);
        assert_eq!(there, residue.is_err(), "round {round}: all or nothing");
        if let Ok(residue) = residue {
            assert!(residue.is_clean(), "round {round}: {residue:?}");
        }
    }
    assert!(n_killed > 5, "{n_killed}");
}

/// What happens to a folder between two ingests.
#[derive(Clone, Debug)]
enum Step {
    Write(u8, u8),
    Delete(u8),
}

fn steps() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let step = prop_oneof![
        3 => (0u8..6, 0u8..5).prop_map(|(n, text)| Step::Write(n, text)),
        2 => (0u8..6).prop_map(Step::Delete),
    ];
    prop::collection::vec(prop::collection::vec(step, 1..4), 1..5)
}

fn text(n: u8, variant: u8) -> String {
    let other = (n + variant) % 6;
    format!(
        "# Device DV-{n}\n\nThe DV-{n} needs the seal SL-{other}, made by Quendor Works.\n\n         ## Care {variant}\n\nSee [another](d{other}.md). Check valve KV-{variant} twice: KV-{variant}.\n"
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Whatever was added, changed and deleted in whatever order: what is left is what
    /// a new knowledge base of the documents that are left would hold.
    #[test]
    fn any_history_ends_like_a_fresh_start(history in steps()) {
        let source = tempfile::tempdir().unwrap();
        write(source.path(), "base.md", "# Base\n\nAlways there, with KV-1 and DV-2.\n");
        let (_root, knowledge_base) = new(source.path());
        for steps in history {
            let mut last: BTreeMap<u8, Option<u8>> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Write(n, variant) => last.insert(n, Some(variant)),
                    Step::Delete(n) => last.insert(n, None),
                };
            }
            let mut gone = Vec::new();
            for (n, variant) in last {
                let name = format!("d{n}.md");
                match variant {
                    Some(variant) => write(source.path(), &name, text(n, variant)),
                    None => {
                        std::fs::remove_file(source.path().join(&name)).ok();
                        gone.extend(knowledge_base.find_document(&name).ok());
                    }
                }
            }
            if !gone.is_empty() {
                knowledge_base.delete(&gone, &options(false), &mut |_| {}).unwrap();
            }
            ingest(&knowledge_base, source.path());
        }
        let (_fresh, scratch) = new(source.path());
        prop_assert_eq!(knowledge(&knowledge_base), knowledge(&scratch));
        prop_assert_eq!(knowledge_base.current().unwrap(), scratch.current().unwrap());
        let found = |knowledge_base: &KnowledgeBase| {
            let session = knowledge_base.session().unwrap();
            let query = Query::text("Which seal does the DV-3 need?", 50);
            let hits = session.search(&query, RetrievalMode::Graph).unwrap().hits;
            hits.into_iter().map(|hit| (hit.fragment, hit.score.to_bits())).collect::<Vec<_>>()
        };
        prop_assert_eq!(found(&knowledge_base), found(&scratch));
    }
}
