//! What every answer used is found at once, and without models.

use crate::audit_tamper::{answered, ask};
use crate::fixtures::{open, outcome, program, write};
use std::fs;
use std::path::Path;
use veritrail::backup::BackupWriter;
use veritrail::engine::{BackupOptions, KnowledgeBase, Records, restore};
use veritrail::graph::Store;
use veritrail::model::{AnswerId, ClaimStatus};
use veritrail::vocab::{self, dcterms, prov};

/// Names of the answers that used something, the latest first.
fn used(records: &Records, name: &str) -> Vec<String> {
    records.impact(name, 2).unwrap().answers
}

/// The same as the graph says, in no order.
fn in_graph(root: &Path, iri: &str) -> Vec<String> {
    let store = Store::open(&root.join("graph")).unwrap();
    let mut found = Vec::new();
    for answer in store.answers().unwrap() {
        let uses = store.graph(answer.as_str()).unwrap().into_iter().any(|triple| {
            let property = triple.predicate.as_str();
            [prov::USED, dcterms::REFERENCES, prov::WAS_DERIVED_FROM].contains(&property)
                && triple.object.to_string() == format!("<{iri}>")
        });
        if uses {
            found.push(answer.name().to_owned());
        }
    }
    found.sort();
    found
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

fn latest_first(answers: &[AnswerId]) -> Vec<String> {
    answers.iter().rev().map(|answer| answer.name().to_owned()).collect()
}

#[test]
fn what_the_index_finds_is_what_the_graph_says() {
    let (root, _) = answered();
    let knowledge_base = open(root.path());
    let documents = ["docs/pump.md", "docs/parts.md", "secret/cost.md"];
    for question in ["What does the shaft seal cost?", "What is Pump X-10?"] {
        ask(&knowledge_base, question);
    }
    let found = documents.map(|name| sorted(used(&knowledge_base, name)));
    drop(knowledge_base);
    for (name, found) in documents.iter().zip(found) {
        let iri = format!("{}{name}", vocab::DOCUMENT_PREFIX);
        assert_eq!(found, in_graph(root.path(), &iri), "{name}");
    }
}

#[test]
fn an_index_that_is_missing_behind_damaged_or_of_other_records_is_made_anew() {
    let (root, mut answers) = answered();
    let file = root.path().join("audit/uses");
    let of = "all-minilm-l6-v2";
    let whole = fs::read(&file).unwrap();
    let mut damaged = whole.clone();
    damaged[40] ^= 1;
    let cut = whole[..whole.len() - 3].to_vec();
    let spoils: [&dyn Fn(); 4] = [
        &|| fs::remove_file(&file).unwrap(),
        &|| fs::write(&file, &damaged).unwrap(),
        &|| fs::write(&file, &cut).unwrap(),
        &|| fs::write(&file, "not an index").unwrap(),
    ];
    for (n, spoil) in spoils.iter().enumerate() {
        spoil();
        let records = Records::open(root.path()).unwrap();
        assert_eq!(used(&records, of), latest_first(&answers), "spoilt in way {n}");
        drop(records);
        assert_eq!(fs::read(&file).unwrap(), whole, "spoilt in way {n}");
    }
    // Answers and acts while it is behind are found all the same.
    fs::write(&file, &cut).unwrap();
    let knowledge_base = open(root.path());
    answers.push(ask(&knowledge_base, "What is Pump X-10?"));
    knowledge_base.erase_answer(&answers[0], false, "otto", "GDPR 17").unwrap();
    answers.push(ask(&knowledge_base, "When does error E-17 show?"));
    assert_eq!(used(&knowledge_base, of), latest_first(&answers));
    drop(knowledge_base);
    // Of a chain that went on otherwise.
    let (other, _) = answered();
    fs::copy(other.path().join("audit/uses"), &file).unwrap();
    let records = Records::open(root.path()).unwrap();
    assert_eq!(used(&records, of), latest_first(&answers));
}

#[test]
fn answers_whose_seals_were_taken_out_do_not_hide_later_ones() {
    let (root, answers) = answered();
    let store = Store::open(&root.path().join("graph")).unwrap();
    let seal = veritrail::audit::Seal::iri(2);
    let mut seals = store.graph(vocab::GRAPH_AUDIT).unwrap();
    seals.retain(|triple| triple.subject.to_string() != format!("<{seal}>"));
    store.replace_graph(vocab::GRAPH_AUDIT, seals).unwrap();
    drop(store);
    fs::remove_file(root.path().join("audit/uses")).unwrap();
    let records = Records::open(root.path()).unwrap();
    let found = used(&records, "all-minilm-l6-v2");
    assert_eq!(found.len(), answers.len() - 1);
    assert_eq!(found[0], answers[answers.len() - 1].name());
}

#[test]
fn a_restored_knowledge_base_finds_the_same_answers() {
    let (root, answers) = answered();
    let (backup, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (backup, target) = (backup.path().join("backup"), target.path().join("kb"));
    let writer = BackupWriter::create(&backup).unwrap();
    open(root.path()).backup(writer, BackupOptions::default()).unwrap();
    restore(&backup, &target, Some(&root.path().join("audit/key"))).unwrap();
    assert!(target.join("audit/uses").exists());
    let records = Records::open(&target).unwrap();
    assert_eq!(used(&records, "docs/parts.md"), latest_first(&answers));
}

#[test]
fn a_label_finds_what_is_one_thing_with_it_however_it_is_written() {
    let (root, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(source.path(), "a.md", "# Pump Alpha\n\nThe Pump Alpha needs two litres of oil.\n");
    write(source.path(), "b.md", "# Oil Pump A\n\nThe Oil Pump A stands in the hall.\n");
    crate::fixtures::init_with_text_alone(root.path());
    let knowledge_base: KnowledgeBase = open(root.path());
    crate::fixtures::ingest(&knowledge_base, source.path());
    let oil = ask(&knowledge_base, "How much oil does the Pump Alpha need?");
    let (a, b) = (
        knowledge_base.entity_named("pump alpha").unwrap(),
        knowledge_base.entity_named("OIL PUMP A").unwrap(),
    );
    knowledge_base.decide_same((&a, &b), ClaimStatus::Accepted, "anna", None).unwrap();
    knowledge_base.publish(&mut |_| {}).unwrap();
    for name in ["Pump Alpha", "pump alpha", "\"Pump Alpha\"", a.as_str(), "Oil Pump A"] {
        let found = knowledge_base.impact(name, 1).unwrap();
        assert!(found.answers.contains(&oil.name().to_owned()), "{name}: {found:?}");
        assert!(found.of.contains(&a.as_str().to_owned()) || name == a.as_str(), "{found:?}");
    }
}

#[test]
fn commands_about_records_need_no_models() {
    let (root, answers) = answered();
    let empty = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = program(root.path());
        command.arg("--cache").arg(empty.path()).arg("audit").args(arguments);
        outcome(&command.output().unwrap())
    };
    let id = answers[1].name();
    for arguments in [
        &["list"][..],
        &["show", id],
        &["verify"],
        &["impact", "docs/parts.md"],
        &["impact", "all-minilm-l6-v2", "--format", "json"],
        &["erase", id, "--reason", "GDPR 17"],
        &["checkpoint"],
        &["key"],
    ] {
        let (code, _, wrong) = run(arguments);
        assert_eq!((code, wrong.as_str()), (0, ""), "{arguments:?}");
    }
    let (code, said, _) = run(&["impact", "docs/parts.md", "--limit", "1"]);
    assert!(code == 0 && said.starts_with("6 answers used") && said.lines().count() == 2, "{said}");
    // What a writer left is put right by whoever has the models.
    write(root.path(), "WRITING", "");
    assert!(matches!(
        Records::open(root.path()),
        Err(veritrail::engine::EngineError::Unfinished(_))
    ));
    let said = outcome(&program(root.path()).args(["audit", "verify"]).output().unwrap());
    assert_eq!(said.0, 0, "{said:?}");
    assert!(!root.path().join("WRITING").exists());
}
