//! Whoever changes what was recorded is found out, and the place is named.

use crate::fixtures::{ingest, init_with_text_alone, open, pump_documents};
use oxigraph::model::{Literal, NamedNode, Term, Triple};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use tempfile::TempDir;
use veritrail::audit::{Checkpoint, LogEntry, Seal, Verification};
use veritrail::engine::{AskOptions, KnowledgeBase};
use veritrail::graph::Store;
use veritrail::model::{AnswerId, Query};
use veritrail::vocab::{self, vt};

/// Answers: records 1 to 6, signed after every second one.
const N_ANSWERS: usize = 6;

pub(crate) fn ask(knowledge_base: &KnowledgeBase, question: &str) -> AnswerId {
    let session = knowledge_base.session().unwrap();
    let query = Query::text(question, 10);
    session.ask(&query, &AskOptions::for_principal("anna"), &mut |_| {}).unwrap().id
}

/// A knowledge base with answers, and their names in the order of their seals.
pub(crate) fn answered() -> (TempDir, Vec<AnswerId>) {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    init_with_text_alone(root.path());
    let settings = root.path().join("veritrail.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, format!("{text}[audit]\ncheckpoint_every = 2\n")).unwrap();
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    let questions = ["When does error E-17 show?", "What is the order number of the shaft seal?"];
    let answers = (0..N_ANSWERS).map(|n| ask(&knowledge_base, questions[n % 2])).collect();
    drop(knowledge_base);
    (root, answers)
}

fn verify(root: &Path, witnesses: &[Checkpoint]) -> Verification {
    open(root).verify_audit(None, witnesses).unwrap()
}

/// Tampers with the graph of a knowledge base; the findings after it.
fn after(tamper: impl FnOnce(&Store, &[AnswerId])) -> Verification {
    let (root, answers) = answered();
    assert_eq!(verify(root.path(), &[]).findings, []);
    tamper(&Store::open(&root.path().join("graph")).unwrap(), &answers);
    verify(root.path(), &[])
}

/// Tampers with the lines of the log; the findings after it.
fn after_in_log(tamper: impl FnOnce(&mut Vec<String>)) -> Verification {
    let (root, _) = answered();
    let path = root.path().join("audit/log.jsonl");
    let mut lines: Vec<String> =
        fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
    tamper(&mut lines);
    fs::write(&path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    verify(root.path(), &[])
}

#[track_caller]
fn assert_first(verification: &Verification, place: Option<u64>, says: &str) {
    let first = verification.findings.first().expect("nothing was found");
    assert_eq!(first.sequence, place, "{:?}", verification.findings);
    assert!(first.problem.contains(says), "{:?}", verification.findings);
}

fn rewrite(store: &Store, graph: &str, change: impl FnOnce(&mut Vec<Triple>)) {
    let mut triples = store.graph(graph).unwrap();
    change(&mut triples);
    store.replace_graph(graph, triples).unwrap();
}

fn seal_triples(store: &Store, sequence: u64) -> Vec<Triple> {
    store.about(vocab::GRAPH_AUDIT, &Seal::iri(sequence)).unwrap()
}

fn without_seals(store: &Store, places: &[u64]) {
    let gone: BTreeSet<String> = places.iter().map(|n| format!("<{}>", Seal::iri(*n))).collect();
    rewrite(store, vocab::GRAPH_AUDIT, |triples| {
        triples.retain(|triple| !gone.contains(&triple.subject.to_string()));
    });
}

#[test]
fn what_nobody_touched_is_sound() {
    let (root, answers) = answered();
    let verification = verify(root.path(), &[]);
    assert!(verification.is_sound(), "{:?}", verification.findings);
    assert_eq!(verification.n_records, answers.len());
    assert_eq!(verification.n_checkpoints, 3);
    assert!(verification.n_bytes > 0 && verification.notes.is_empty(), "{verification:?}");
}

#[test]
fn every_edited_triple_of_a_record_is_found() {
    let (root, answers) = answered();
    let record = answers[2].as_str();
    let path = root.path().join("graph");
    let original = Store::open(&path).unwrap().graph(record).unwrap();
    for place in (0..original.len()).step_by(17) {
        let store = Store::open(&path).unwrap();
        let mut edited = original.clone();
        edited[place].object = match &original[place].object {
            Term::NamedNode(node) => NamedNode::new_unchecked(format!("{}x", node.as_str())).into(),
            _ => Literal::new_simple_literal("edited").into(),
        };
        store.replace_graph(record, edited).unwrap();
        drop(store);
        assert_first(&verify(root.path(), &[]), Some(3), "it was edited");
    }
    let store = Store::open(&path).unwrap();
    store.replace_graph(record, original).unwrap();
    drop(store);
    assert!(verify(root.path(), &[]).is_sound());
}

#[test]
fn records_that_are_taken_out_added_or_swapped_are_found() {
    let gone = after(|store, answers| rewrite(store, answers[1].as_str(), Vec::clear));
    assert_first(&gone, Some(2), "the record is gone");
    let gone = after(|store, answers| {
        rewrite(store, answers[1].as_str(), Vec::clear);
        without_seals(store, &[2]);
    });
    assert_first(&gone, Some(2), "taken out");
    let added = after(|store, answers| {
        let mut copy = Vec::new();
        let new = AnswerId::new("feedbeef");
        for triple in store.graph(answers[0].as_str()).unwrap() {
            let renamed = |text: String| text.replace(answers[0].as_str(), new.as_str());
            let subject = renamed(triple.subject.to_string());
            let subject = NamedNode::new_unchecked(subject.trim_matches(['<', '>']));
            copy.push(Triple::new(subject, triple.predicate, triple.object));
        }
        store.insert_graph(new.as_str(), copy).unwrap();
    });
    assert_first(&added, None, "never sealed");
    let added = after(|store, answers| {
        let extra = Literal::new_simple_literal("more");
        let id = NamedNode::new_unchecked(answers[3].as_str());
        let predicate = NamedNode::new_unchecked(vt::REASON);
        rewrite(store, answers[3].as_str(), |t| t.push(Triple::new(id, predicate, extra)));
    });
    assert_first(&added, Some(4), "it was edited");
    let swapped = after(|store, answers| {
        let (a, b) = (answers[1].as_str(), answers[4].as_str());
        let of = |name: &str| store.graph(name).unwrap();
        let (first, second) = (of(a), of(b));
        store.replace_graph(a, second).unwrap();
        store.replace_graph(b, first).unwrap();
    });
    assert_first(&swapped, Some(2), "it was edited");
}

#[test]
fn seals_that_are_edited_swapped_or_taken_out_are_found() {
    let edited = after(|store, _| {
        rewrite(store, vocab::GRAPH_AUDIT, |triples| {
            let seal = format!("<{}>", Seal::iri(3));
            let content = triples.iter_mut().find(|triple| {
                triple.subject.to_string() == seal
                    && triple.predicate.as_str() == vt::CONTENT_SHA256
            });
            content.unwrap().object = Literal::new_simple_literal("0".repeat(64)).into();
        });
    });
    assert_first(&edited, Some(3), "differ");
    let broken = after(|store, _| {
        rewrite(store, vocab::GRAPH_AUDIT, |triples| {
            let seal = format!("<{}>", Seal::iri(3));
            triples.retain(|triple| {
                triple.subject.to_string() != seal || triple.predicate.as_str() != vt::SIGNATURE
            });
        });
    });
    assert_first(&broken, Some(3), "");
    let swapped = after(|store, _| {
        let renamed = |from: u64, to: u64| {
            let node = NamedNode::new_unchecked(Seal::iri(to));
            let moved = seal_triples(store, from).into_iter().map(move |triple| {
                let object = match triple.predicate.as_str() {
                    vt::SEQUENCE => Literal::from(i64::try_from(to).unwrap()).into(),
                    _ => triple.object.clone(),
                };
                Triple::new(node.clone(), triple.predicate.clone(), object)
            });
            moved.collect::<Vec<_>>()
        };
        let swapped = [renamed(2, 4), renamed(4, 2)].concat();
        without_seals(store, &[2, 4]);
        rewrite(store, vocab::GRAPH_AUDIT, |triples| triples.extend(swapped));
    });
    assert_first(&swapped, Some(2), "differ");
}

#[test]
fn a_graph_that_ends_too_early_is_found() {
    let cut = after(|store, answers| {
        for answer in &answers[4..] {
            rewrite(store, answer.as_str(), Vec::clear);
        }
        without_seals(store, &[5, 6]);
    });
    assert_first(&cut, Some(5), "taken out");
}

#[test]
fn lines_of_the_log_that_are_edited_taken_out_added_or_reordered_are_found() {
    let edited = after_in_log(|lines| lines[0] = lines[0].replace("answer:", "answer:0"));
    assert_first(&edited, Some(1), "differ");
    let unreadable = after_in_log(|lines| lines[0] = "{}".to_owned());
    assert_first(&unreadable, Some(1), "cannot be read");
    let gone = after_in_log(|lines| drop(lines.remove(1)));
    assert_first(&gone, Some(2), "");
    let reordered = after_in_log(|lines| lines.swap(0, 1));
    assert_first(&reordered, Some(1), "reordered");
    let twice = after_in_log(|lines| lines.insert(1, lines[0].clone()));
    assert_first(&twice, Some(1), "added");
    let cut = after_in_log(|lines| lines.truncate(4));
    assert!(!cut.is_sound(), "{cut:?}");
}

#[test]
fn checkpoints_that_are_edited_taken_out_or_rolled_back_are_found() {
    let is_checkpoint = |line: &String| line.starts_with("{\"checkpoint\"");
    let of = |lines: &[String]| -> Vec<usize> {
        (0..lines.len()).filter(|n| is_checkpoint(&lines[*n])).collect()
    };
    let edited = after_in_log(|lines| {
        let place = of(lines)[1];
        lines[place] = lines[place].replace("\"signed_at\":\"2", "\"signed_at\":\"1");
    });
    assert!(edited.findings.iter().any(|f| f.problem.contains("edited")), "{edited:?}");
    let gone = after_in_log(|lines| drop(lines.remove(of(lines)[0])));
    assert_first(&gone, Some(3), "checkpoint");
    let swapped = after_in_log(|lines| {
        let places = of(lines);
        lines.swap(places[0], places[1]);
    });
    assert!(!swapped.is_sound());
    // The last one is named by no later record, but the graph knows of it.
    let rolled_back = after_in_log(|lines| drop(lines.remove(of(lines)[2])));
    assert_first(&rolled_back, None, "rolled back");
}

#[test]
fn a_whole_knowledge_base_that_is_rolled_back_is_found_by_a_checkpoint_kept_elsewhere() {
    let (root, _) = answered();
    let earlier = tempfile::tempdir().unwrap();
    crate::fixtures::copy_folder(root.path(), earlier.path());
    let knowledge_base = open(root.path());
    ask(&knowledge_base, "What does the shaft seal cost?");
    let kept = knowledge_base.audit_checkpoint().unwrap().unwrap();
    drop(knowledge_base);
    let witnesses = std::slice::from_ref(&kept);
    assert!(verify(root.path(), witnesses).is_sound());
    assert!(verify(earlier.path(), &[]).is_sound(), "by itself it looks sound");
    assert_first(&verify(earlier.path(), witnesses), Some(7), "kept elsewhere");
    // Going on from there does not help: other records stand at these places.
    let knowledge_base = open(earlier.path());
    ask(&knowledge_base, "What does the shaft seal cost?");
    drop(knowledge_base);
    assert_first(&verify(earlier.path(), witnesses), Some(7), "signs another record");
    let forged = Checkpoint { sequence: 6, ..kept };
    assert_first(&verify(root.path(), &[forged]), Some(6), "not true");
}

#[test]
fn records_signed_by_another_key_are_found() {
    let (root, _) = answered();
    let other = tempfile::tempdir().unwrap();
    init_with_text_alone(other.path());
    let key = open(other.path()).audit_public_key().unwrap();
    let verification = open(root.path()).verify_audit(Some(&key), &[]).unwrap();
    assert_first(&verification, Some(1), "not signed by the key");
    // Without its key, the knowledge base answers nothing.
    fs::remove_file(root.path().join("audit/key")).unwrap();
    let knowledge_base = open(root.path());
    let session = knowledge_base.session().unwrap();
    let query = Query::text("When does error E-17 show?", 10);
    let asked = session.ask(&query, &AskOptions::for_principal("anna"), &mut |_| {});
    assert!(asked.unwrap_err().to_string().contains("audit/key"));
}

#[test]
fn edited_bytes_of_a_cited_document_are_found() {
    let (root, _) = answered();
    let mut n_found = 0;
    for folder in fs::read_dir(root.path().join("blobs")).unwrap().map(Result::unwrap) {
        for file in fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
            let bytes = fs::read(file.path()).unwrap();
            fs::write(file.path(), [&bytes[..], b" "].concat()).unwrap();
            let verification = verify(root.path(), &[]);
            n_found += usize::from(!verification.is_sound());
            let problems = verification.findings.iter().map(|finding| &finding.problem);
            assert!(problems.into_iter().all(|p| p.contains("were edited")), "{verification:?}");
            fs::write(file.path(), bytes).unwrap();
        }
    }
    assert!(n_found >= 2, "{n_found}");
    assert!(verify(root.path(), &[]).is_sound());
}

#[test]
fn words_that_are_taken_out_by_hand_are_no_erasure() {
    let verification = after(|store, answers| {
        let record = answers[0].as_str();
        rewrite(store, record, |triples| {
            for triple in triples.iter_mut().filter(|t| t.predicate.as_str() == vt::TEXT) {
                triple.object = Literal::new_simple_literal("(erased)").into();
            }
        });
    });
    assert_first(&verification, Some(1), "it was edited");
}

#[test]
fn a_log_that_is_gone_is_found_even_after_the_next_answer() {
    let (root, _) = answered();
    fs::remove_file(root.path().join("audit/log.jsonl")).unwrap();
    assert_first(&verify(root.path(), &[]), Some(1), "no entry");
    let knowledge_base = open(root.path());
    ask(&knowledge_base, "When does error E-17 show?");
    drop(knowledge_base);
    assert!(!verify(root.path(), &[]).is_sound());
    let text = fs::read_to_string(root.path().join("audit/log.jsonl")).unwrap();
    let entries = text.lines().map(|line| serde_json::from_str::<LogEntry>(line).unwrap());
    assert_eq!(entries.filter(|entry| matches!(entry, LogEntry::Seal(_))).count(), 7);
}

#[test]
fn commitments_in_the_place_of_words_are_no_erasure_either() {
    let (root, answers) = answered();
    let knowledge_base = open(root.path());
    let (_, salts) = knowledge_base.seal_of(answers[2].as_str()).unwrap().unwrap();
    drop(knowledge_base);
    let store = Store::open(&root.path().join("graph")).unwrap();
    let sealed = veritrail::audit::sealed_form(&store.graph(answers[2].as_str()).unwrap(), &salts);
    store.replace_graph(answers[2].as_str(), sealed).unwrap();
    rewrite(&store, vocab::GRAPH_AUDIT, |triples| {
        let seal = format!("<{}>", Seal::iri(3));
        for triple in triples.iter_mut().filter(|t| t.subject.to_string() == seal) {
            if triple.predicate.as_str() == vt::SALTS {
                triple.object = Literal::new_simple_literal("{}").into();
            }
        }
    });
    drop(store);
    assert_first(&verify(root.path(), &[]), Some(3), "erasures of 0 are sealed");
}
