//! Drift is found where it was planted, and not where there is none.

use crate::fixtures::{
    example, ingest, init_with_text_alone, open, outcome, program, pump_documents, write,
};
use std::fs;
use std::path::Path;
use std::time::Instant;
use tempfile::TempDir;
use veritrail::engine::{AskOptions, Drift, KnowledgeBase, TrialOptions};
use veritrail::model::Query;

/// Words that differ from question to question.
const PARTS: [&str; 7] = ["pump", "shaft seal", "controller", "valve", "hose", "guard", "gauge"];
const ASKED: [&str; 5] = [
    "What is the order number of the PART?",
    "When does the PART show an error?",
    "How is the PART replaced?",
    "Who repairs the PART?",
    "Why is the PART worn?",
];
const GERMAN: [&str; 5] = [
    "Welche Bestellnummer hat das Teil PART?",
    "Wann zeigt das Teil PART einen Fehler?",
    "Wie wird das Teil PART ausgetauscht?",
    "Wer repariert das Teil PART?",
    "Warum ist das Teil PART verschlissen?",
];
const COOKING: [&str; 5] = [
    "How long do I bake bread with PART flour?",
    "Which wine goes with PART soup?",
    "Can I freeze PART cake?",
    "How much salt belongs into PART stew?",
    "What do I cook for PART guests?",
];

/// Questions that differ from each other.
fn questions(forms: &[&str], from: usize, n: usize) -> Vec<String> {
    let of = |n: usize| forms[n % forms.len()].replace("PART", PARTS[n % PARTS.len()]);
    (from..from + n).map(of).collect()
}

/// A knowledge base that compares small windows.
pub(crate) fn watched(settings: &str) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    init_with_text_alone(root.path());
    set(root.path(), settings);
    root
}

fn set(root: &Path, settings: &str) {
    let drift = format!("[models]\npictures = []\nocr = \"off\"\n[drift]\nleast = 10\n{settings}");
    fs::write(root.join("veritrail.toml"), drift).unwrap();
}

fn alarms(found: &Drift) -> Vec<String> {
    let of = |part: &veritrail::engine::DriftPart| {
        let alarms = part.report.shifts.iter().filter(|shift| shift.alarm);
        alarms.map(|shift| format!("{}: {}", part.of, shift.measure.as_str())).collect::<Vec<_>>()
    };
    found.parts.iter().flat_map(of).collect()
}

fn ask(knowledge_base: &KnowledgeBase, questions: &[String]) -> Drift {
    let session = knowledge_base.session().unwrap();
    for question in questions {
        let options = AskOptions::for_principal("anna");
        session.ask(&Query::text(question, 5), &options, &mut |_| {}).unwrap();
    }
    knowledge_base.measure_drift().unwrap()
}

#[test]
fn questions_of_another_topic_or_language_are_alarms_and_more_of_the_same_are_none() {
    let root = watched("window_answers = 12\nreference_answers = 12\nn_splits = 399\n");
    let source = pump_documents();
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    assert!(knowledge_base.measure_drift().unwrap().parts.is_empty());
    let same = ask(&knowledge_base, &questions(&ASKED, 0, 24));
    assert!(alarms(&same).is_empty() && same.parts[0].of == "questions", "{same:?}");
    let topic = ask(&knowledge_base, &questions(&COOKING, 0, 12));
    assert!(alarms(&topic).contains(&"questions: embeddings".into()), "{topic:?}");
    let language = ask(&knowledge_base, &questions(&GERMAN, 0, 12));
    let found = alarms(&language);
    assert!(found.iter().any(|alarm| alarm == "questions: embeddings"), "{language:?}");
    drop(knowledge_base);
    let (code, said, wrong) = outcome(&program(root.path()).arg("drift").output().unwrap());
    assert!(code == 3 && said.contains("DRIFT") && said.contains("12 now"), "{said} {wrong}");
    let json = program(root.path()).args(["drift", "--format", "json"]).output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["parts"][0]["of"], "questions");
}

/// A note of a folder, each with other words.
fn note(n: usize, text: &str) -> String {
    format!("# Note {n}\n\n{} {} {n}.\n", text, PARTS[n % PARTS.len()])
}

#[test]
fn documents_in_another_language_and_pictures_instead_of_text_are_alarms() {
    let (root, source) = (watched("n_splits = 399\n"), tempfile::tempdir().unwrap());
    let knowledge_base = open(root.path());
    for n in 0..12 {
        let english = "This note describes where the workshop keeps its spare part, the";
        write(source.path(), &format!("notes/{n}.md"), note(n, english));
        let english = "The inspector looked at the machine in the hall and wrote about its";
        write(source.path(), &format!("reports/{n}.md"), note(n, english));
    }
    ingest(&knowledge_base, source.path());
    let begun = Instant::now();
    for n in 12..24 {
        let german = "Dieser Zettel beschreibt, wo die Werkstatt ihr Ersatzteil aufbewahrt: das";
        write(source.path(), &format!("notes/{n}.md"), note(n, german));
    }
    let pictures = fs::read_dir(example().join("pictures")).unwrap().map(|entry| entry.unwrap());
    let pictures = pictures.filter(|entry| entry.path().extension().is_some_and(|e| e == "png"));
    for (n, picture) in pictures.take(12).enumerate() {
        write(source.path(), &format!("reports/{n}.png"), fs::read(picture.path()).unwrap());
    }
    knowledge_base.ingest(source.path(), &mut |_| {}).unwrap();
    let days = begun.elapsed().as_secs_f64() / 86_400.0;
    drop(knowledge_base);
    set(root.path(), &format!("n_splits = 399\nwindow_days = {days}\n"));
    let found = open(root.path()).measure_drift().unwrap();
    let alarms = alarms(&found);
    for alarm in ["documents of notes: languages", "documents of reports: modalities"] {
        assert!(alarms.iter().any(|found| found == alarm), "{alarm}: {found:?}");
    }
    assert!(alarms.contains(&"documents: modalities".into()), "{found:?}");
}

#[test]
fn a_trial_draws_windows_from_questions_and_finds_others_each_time() {
    let (root, source) = (watched("n_splits = 99\n"), pump_documents());
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    let own = questions(&ASKED, 0, 30);
    let options = TrialOptions { n_trials: 20, n_reference: 14, n_current: 12, seed: 1 };
    let trial = knowledge_base.try_drift(&own, &questions(&COOKING, 0, 14), &options).unwrap();
    assert!(trial.n_false_alarms <= 4 && trial.n_found == Some(20), "{trial:?}");
    let few = knowledge_base.try_drift(&own[..10], &[], &options).unwrap_err();
    assert!(few.to_string().contains("at least 26"), "{few}");
}

/// A knowledge base in which the later questions are of another topic, and a document
/// stands there twice with different labels.
pub(crate) fn drifted(settings: &str) -> (TempDir, KnowledgeBase) {
    let windows = "window_answers = 10\nreference_answers = 10\nn_splits = 399\n";
    let labels = "[[ingest.labels]]\nprefix = \"secret/\"\nlabel = \"secret\"\n";
    let root = watched(&format!("{windows}{settings}\n{labels}"));
    let source = pump_documents();
    let text = "# Seals\n\nA worn shaft seal lets oil drip on the floor of the hall every day.\n";
    write(source.path(), "docs/seals.md", text);
    write(source.path(), "secret/seals.md", text);
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    ask(&knowledge_base, &questions(&ASKED, 0, 10));
    ask(&knowledge_base, &questions(&COOKING, 0, 10));
    (root, knowledge_base)
}

#[test]
fn an_alert_is_recorded_once_and_decided_by_a_person() {
    let (root, knowledge_base) = drifted("");
    let index = knowledge_base.measure_index().unwrap();
    assert_eq!((index.n_copies, index.n_labels_differ), (1, 1), "{index:?}");
    assert_eq!(index.copies[0].sources, ["docs/seals.md", "secret/seals.md"]);
    assert_eq!((index.violations.n, index.orphaned_entities.n), (0, 0), "{index:?}");
    let drift = knowledge_base.measure_drift().unwrap();
    let alerts = knowledge_base.record_drift(&drift, Some(&index)).unwrap();
    let told: Vec<String> = alerts.iter().map(|a| format!("{}: {}", a.of, a.measure)).collect();
    for expected in ["questions: embeddings", "index: labels-of-copies"] {
        assert!(told.iter().any(|told| told == expected), "{told:?}");
    }
    let again = knowledge_base.measure_drift().unwrap();
    assert!(knowledge_base.record_drift(&again, Some(&index)).unwrap().is_empty());
    assert_eq!(knowledge_base.drift_measurements().unwrap().len(), 2);
    assert!(knowledge_base.validate(&[]).unwrap().conforms);
    drop(knowledge_base);
    let name = alerts[0].id.name();
    let arguments = ["drift", "accept", name, "--reason", "a fair"];
    let (code, _, wrong) = outcome(&program(root.path()).args(arguments).output().unwrap());
    assert_eq!(code, 0, "{wrong}");
    let (_, said, _) = outcome(&program(root.path()).args(["drift", "alerts"]).output().unwrap());
    let line = said.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(line.contains("accepted") && said.contains("open"), "{said}");
}
