//! What is erased from records leaves what was made of them, too, by hand and by policy.

use crate::audit_tamper::{answered, ask};
use crate::fixtures::{open, outcome, program};
use std::fs;
use std::path::Path;
use time::macros::datetime;
use veritrail::audit::{ERASED, recorded};
use veritrail::engine::{AskOptions, DeleteOptions, KnowledgeBase, RETENTION, Records};
use veritrail::model::{AnswerId, ClaimStatus, Opinion};

const QUESTION: &str = "What is the order number of the shaft seal?";
const OTHER: &str = "When does error E-17 show?";

/// Says that an answer is good, as somebody who reviews accepts; a golden question comes
/// of it.
fn accepted(knowledge_base: &KnowledgeBase, answer: &AnswerId) {
    let person = AskOptions::for_principal("anna").principal;
    let comment = Some("the Quibbleworth number is SP-3117");
    let given = knowledge_base.give_feedback(answer, Opinion::Good, comment, &person).unwrap();
    let reason = Some("SP-3117 is on the Quibbleworth label");
    knowledge_base.decide_feedback(&given.id, ClaimStatus::Accepted, "otto", reason).unwrap();
    assert_eq!(knowledge_base.golden_from_feedback("otto").unwrap(), 1);
}

fn golden_texts(records: &Records) -> Vec<String> {
    let sets = records.golden_sets().unwrap().into_iter();
    sets.flat_map(|set| set.questions).map(|question| question.text).collect()
}

fn is_sound(records: &Records) {
    let verification = records.verify_audit(None, &[]).unwrap();
    assert!(verification.is_sound(), "{:?}", verification.findings);
}

/// Files of the knowledge base that hold these words.
fn files_with(root: &Path, words: &str) -> Vec<String> {
    let files = walkdir::WalkDir::new(root).into_iter().map(Result::unwrap);
    let holds = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        bytes.windows(words.len()).any(|window| window == words.as_bytes())
    };
    files
        .filter(|entry| entry.file_type().is_file() && holds(entry.path()))
        .map(|entry| entry.path().display().to_string())
        .collect()
}

#[test]
fn golden_questions_and_comments_lose_the_words_of_an_erased_answer() {
    let (root, answers) = answered();
    let knowledge_base = open(root.path());
    let kept = ask(&knowledge_base, OTHER);
    accepted(&knowledge_base, &kept);
    accepted(&knowledge_base, &answers[1]);
    assert_eq!(golden_texts(&knowledge_base).len(), 2);
    let version = |records: &Records| records.golden_sets().unwrap()[0].sha256.clone();
    let before = version(&knowledge_base);
    knowledge_base.erase_answer(&answers[1], true, "otto", "GDPR 17").unwrap();
    assert_eq!(golden_texts(&knowledge_base), [OTHER]);
    assert_ne!(version(&knowledge_base), before);
    let stories = knowledge_base.feedback().unwrap();
    let of = |answer: &AnswerId| stories.iter().find(|s| s.feedback.answer == *answer).unwrap();
    let erased = of(&answers[1]);
    assert_eq!(erased.feedback.comment.as_deref(), Some(ERASED));
    assert_eq!(erased.decided.as_ref().unwrap().reason.as_deref(), Some(ERASED));
    assert_eq!(erased.feedback.opinion, Opinion::Good);
    assert!(of(&kept).feedback.comment.as_ref().unwrap().contains("SP-3117"));
    // It does not come back from what reviewers accepted.
    assert_eq!(knowledge_base.golden_from_feedback("otto").unwrap(), 0);
    is_sound(&knowledge_base);
    assert!(knowledge_base.validate(&[]).unwrap().conforms);
    // The last question of a set takes the set with it.
    knowledge_base.erase_answer(&kept, false, "otto", "GDPR 17").unwrap();
    assert_eq!(golden_texts(&knowledge_base), [""; 0]);
    assert!(!root.path().join("golden/accepted.jsonl").exists());
    knowledge_base.close().unwrap();
    assert_eq!(files_with(root.path(), "Quibbleworth"), [""; 0]);
}

#[test]
fn comments_lose_the_words_of_a_deleted_document_with_its_quotes() {
    let (root, answers) = answered();
    let knowledge_base = open(root.path());
    accepted(&knowledge_base, &answers[1]);
    let parts = knowledge_base.find_document("docs/parts.md").unwrap();
    let options = DeleteOptions { principal: "otto".into(), reason: None, erase_quotes: true };
    knowledge_base.delete(&[parts], &options, &mut |_| {}).unwrap();
    let stories = knowledge_base.feedback().unwrap();
    assert_eq!(stories[0].feedback.comment.as_deref(), Some(ERASED));
    is_sound(&knowledge_base);
}

#[test]
fn records_that_are_too_old_lose_their_words_and_the_chain_stays_true() {
    let (root, answers) = answered();
    let knowledge_base = open(root.path());
    accepted(&knowledge_base, &answers[1]);
    let started = |answer: &AnswerId| {
        let triples = knowledge_base.answer_record(answer).unwrap();
        recorded(answer.as_str(), &triples).unwrap().started_at
    };
    let before = started(&answers[4]);
    let would = knowledge_base.retain(&before, true).unwrap();
    assert_eq!((would.n_answers, would.n_texts), (4, 0));
    assert_eq!(would.answers[0], answers[0].name());
    assert_eq!(golden_texts(&knowledge_base), [QUESTION], "a dry run changes nothing");
    let done = knowledge_base.retain(&before, false).unwrap();
    assert_eq!(done.n_answers, 4);
    assert!(done.n_texts >= 16, "{done:?}");
    for (n, answer) in answers.iter().enumerate() {
        let triples = knowledge_base.answer_record(answer).unwrap();
        let record = recorded(answer.as_str(), &triples).unwrap();
        assert_eq!(record.question.starts_with(ERASED), n < 4, "{n}");
        assert_eq!(record.principal, "anna", "names stay unless the settings say otherwise");
    }
    assert_eq!(golden_texts(&knowledge_base), [""; 0]);
    let story = knowledge_base.answer_story(&answers[0]).unwrap();
    assert!(story.erasures[0].contains(&format!("by {RETENTION}: ")), "{:?}", story.erasures);
    assert_eq!(story.is_as_sealed, Some(true));
    is_sound(&knowledge_base);
    assert_eq!(knowledge_base.verify_audit(None, &[]).unwrap().n_acts, 4);
    assert!(knowledge_base.validate(&[]).unwrap().conforms);
    // What is done is not done again, and what used something still did.
    assert_eq!(knowledge_base.retain(&before, false).unwrap().n_answers, 0);
    assert_eq!(knowledge_base.impact("docs/parts.md", 0).unwrap().n_answers, answers.len());
}

#[test]
fn the_settings_say_how_long_words_are_kept() {
    let (root, answers) = answered();
    let now = datetime!(2026-12-31 12:00 UTC);
    let records = Records::open(root.path()).unwrap();
    assert_eq!(records.texts_kept_since(now), None);
    drop(records);
    let settings = root.path().join("veritrail.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let with = |retention: &str| {
        fs::write(&settings, format!("{text}[audit.retention]\n{retention}\n")).unwrap();
    };
    with("keep_texts_days = 30\nerase_names = true");
    let records = Records::open(root.path()).unwrap();
    assert_eq!(records.texts_kept_since(now).as_deref(), Some("2026-12-01T12:00:00Z"));
    drop(records);
    let run = |arguments: &[&str]| {
        outcome(&program(root.path()).args(["audit", "retain"]).args(arguments).output().unwrap())
    };
    let (code, said, wrong) = run(&[]);
    assert!(code == 0 && said.starts_with("0 texts erased from 0 records"), "{said} {wrong}");
    let (code, said, wrong) = run(&["--dry-run", "--before", "2999"]);
    assert!(code == 0 && said.lines().count() == answers.len() + 1, "{said} {wrong}");
    let (code, said, wrong) = run(&["--before", "2999", "--format", "json"]);
    assert_eq!(code, 0, "{wrong}");
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["n_answers"], answers.len());
    let records = Records::open(root.path()).unwrap();
    let triples = records.answer_record(&answers[0]).unwrap();
    assert!(recorded(answers[0].as_str(), &triples).unwrap().principal.starts_with(ERASED));
    is_sound(&records);
    drop(records);
    // Records are never cut off.
    with("keep_records_days = 30");
    let (code, _, wrong) = run(&[]);
    assert!(code == 1 && wrong.contains("keep_records_days"), "{wrong}");
    fs::write(&settings, &text).unwrap();
    let (code, _, wrong) = run(&[]);
    assert!(code == 1 && wrong.contains("audit.retention.keep_texts_days"), "{wrong}");
}
