//! Records that are sealed, erased, exported, found again and done again.

use crate::audit_tamper::{answered, ask};
use crate::fixtures::{
    ingest, init_with_text_alone, open, outcome, program, pump_documents, write,
};
use oxigraph::model::Triple;
use std::collections::BTreeSet;
use std::fs;
use std::io::BufReader;
use std::path::Path;
use veritrail::audit::{ERASED, Exported, Seal, canonical_digest, content_digest, recorded};
use veritrail::engine::{AnswerFilter, AskOptions, DeleteOptions, KnowledgeBase};
use veritrail::graph::{QueryOptions, ResultFormat, Store};
use veritrail::model::{Opinion, Principal, Query, Role};
use veritrail::vocab;

fn contains(triples: &[Triple], words: &str) -> bool {
    triples.iter().any(|triple| triple.object.to_string().contains(words))
}

fn rows(knowledge_base: &KnowledgeBase, query: &str) -> Vec<String> {
    let options = QueryOptions { timeout_ms: 60_000, formats: vec![ResultFormat::Tsv] };
    let mut output = Vec::new();
    knowledge_base.sparql(query, &options, &mut output).unwrap();
    String::from_utf8(output).unwrap().lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn an_erased_record_keeps_its_seal_and_loses_its_words_everywhere() {
    let (root, answers) = answered();
    let knowledge_base = open(root.path());
    let erased = &answers[1];
    let n = knowledge_base.erase_answer(erased, false, "otto", "GDPR 17").unwrap();
    assert!(n > 4, "{n}");
    let triples = knowledge_base.answer_record(erased).unwrap();
    let record = recorded(erased.as_str(), &triples).unwrap();
    assert!(record.question.starts_with(ERASED) && record.text.starts_with(ERASED));
    assert_eq!(record.principal, "anna");
    assert!(!contains(&triples, "SP-3117"));
    let verification = knowledge_base.verify_audit(None, &[]).unwrap();
    assert!(verification.is_sound(), "{:?}", verification.findings);
    assert_eq!((verification.n_erased, verification.n_acts), (1, 1));
    let story = knowledge_base.answer_story(erased).unwrap();
    assert_eq!(story.is_as_sealed, Some(true));
    assert!(story.erasures[0].contains("otto") && story.erasures[0].contains("GDPR 17"));
    assert!(knowledge_base.validate(&[]).unwrap().conforms);
    // Again it finds nothing, and the name of who asked can go later.
    assert_eq!(knowledge_base.erase_answer(erased, false, "otto", "again").unwrap(), 0);
    assert_eq!(knowledge_base.erase_answer(erased, true, "otto", "name").unwrap(), 1);
    assert!(!contains(&knowledge_base.answer_record(erased).unwrap(), "anna"));
    let error = knowledge_base.replay(erased).unwrap_err().to_string();
    assert!(error.contains("erased"), "{error}");
    let only = ask(&knowledge_base, "Does the Quibbleworth seal E-17 fit?");
    let find = "SELECT ?s { GRAPH ?g { ?s ?p ?o } FILTER(CONTAINS(STR(?o), \"Quibbleworth\")) }";
    assert!(!rows(&knowledge_base, find).is_empty());
    knowledge_base.erase_answer(&only, true, "otto", "asked for").unwrap();
    assert_eq!(rows(&knowledge_base, find), Vec::<String>::new());
    assert!(knowledge_base.verify_audit(None, &[]).unwrap().is_sound());
}

#[test]
fn deleting_a_document_with_its_quotes_keeps_all_seals() {
    let (root, answers) = answered();
    let knowledge_base = open(root.path());
    let parts = knowledge_base.find_document("docs/parts.md").unwrap();
    let options = DeleteOptions { principal: "otto".into(), reason: None, erase_quotes: true };
    knowledge_base.delete(&[parts], &options, &mut |_| {}).unwrap();
    let verification = knowledge_base.verify_audit(None, &[]).unwrap();
    assert!(verification.is_sound(), "{:?}", verification.findings);
    assert!(verification.n_erased >= 3, "{verification:?}");
    let triples = knowledge_base.answer_record(&answers[1]).unwrap();
    let record = recorded(answers[1].as_str(), &triples).unwrap();
    assert!(record.question.contains("order number") && record.text.starts_with(ERASED));
    // The rest can go later.
    knowledge_base.erase_answer(&answers[1], true, "otto", "GDPR 17").unwrap();
    assert!(knowledge_base.verify_audit(None, &[]).unwrap().is_sound());
}

#[test]
fn records_of_before_sealing_are_told_apart_and_protected_from_then_on() {
    let (root, answers) = answered();
    let store = Store::open(&root.path().join("graph")).unwrap();
    store.replace_graph(vocab::GRAPH_AUDIT, Vec::new()).unwrap();
    drop(store);
    fs::remove_dir_all(root.path().join("audit")).unwrap();
    let knowledge_base = open(root.path());
    let verification = knowledge_base.verify_audit(None, &[]).unwrap();
    assert!(verification.is_sound() && !verification.notes.is_empty(), "{verification:?}");
    let new = ask(&knowledge_base, "When does error E-17 show?");
    let verification = knowledge_base.verify_audit(None, &[]).unwrap();
    assert!(verification.is_sound(), "{:?}", verification.findings);
    assert_eq!(
        (verification.n_records, verification.n_adopted),
        (answers.len() + 1, answers.len())
    );
    assert!(!knowledge_base.seal_of(new.as_str()).unwrap().unwrap().0.adopted);
    drop(knowledge_base);
    let store = Store::open(&root.path().join("graph")).unwrap();
    store.replace_graph(answers[0].as_str(), Vec::new()).unwrap();
    drop(store);
    assert!(!open(root.path()).verify_audit(None, &[]).unwrap().is_sound());
}

#[test]
fn answers_of_many_threads_form_one_chain() {
    let (root, answers) = answered();
    let knowledge_base = open(root.path());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let knowledge_base = &knowledge_base;
            scope.spawn(move || {
                for n in 0..10 {
                    ask(knowledge_base, &format!("What does error E-17 mean, {thread} {n}?"));
                }
            });
        }
    });
    let verification = knowledge_base.verify_audit(None, &[]).unwrap();
    assert!(verification.is_sound(), "{:?}", verification.findings);
    assert_eq!(verification.n_records, answers.len() + 40);
    assert_eq!(verification.last.unwrap().0, answers.len() as u64 + 40);
}

#[test]
fn what_the_store_gives_back_is_what_was_sealed_for_every_kind_of_value() {
    use proptest::prelude::*;
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(root.path()).unwrap();
    proptest!(ProptestConfig::with_cases(200), |(
        number in any::<f64>(), single in any::<f32>(), count in any::<u32>(), text in any::<String>(),
        second in 0i64..4_000_000_000, nanos in 0i64..1_000_000_000,
    )| {
        let at = time::OffsetDateTime::from_unix_timestamp(second).unwrap()
            + time::Duration::nanoseconds(nanos);
        let at = at.format(&time::format_description::well_known::Rfc3339).unwrap();
        let mut triples = veritrail::graph::Triples::new();
        triples.number("urn:t:a", "urn:t:number", number);
        triples.single("urn:t:a", "urn:t:single", single);
        triples.count("urn:t:a", "urn:t:count", count as usize);
        triples.text("urn:t:a", "urn:t:text", &text);
        triples.time("urn:t:a", "urn:t:time", &at);
        let triples = triples.into_vec();
        store.replace_graph("urn:t:g", triples.clone()).unwrap();
        let stored = store.graph("urn:t:g").unwrap();
        prop_assert_eq!(
            canonical_digest("urn:t:g", &triples).unwrap(),
            canonical_digest("urn:t:g", &stored).unwrap(),
            "{:?} {:?}", triples, stored
        );
    });
}

#[test]
fn an_export_is_verified_without_the_knowledge_base() {
    let (root, answers) = answered();
    let knowledge_base = open(root.path());
    knowledge_base.erase_answer(&answers[0], false, "otto", "GDPR 17").unwrap();
    let key = knowledge_base.audit_public_key().unwrap();
    let mut file = Vec::new();
    let n = knowledge_base.export_audit(false, &mut file).unwrap();
    assert_eq!(n, answers.len() + 1);
    let check = |bytes: &[u8]| {
        let exported = Exported::read(Path::new("export"), BufReader::new(bytes))?;
        Ok::<_, veritrail::audit::SealError>(exported.verify(Some(&key), &[]))
    };
    let verification = check(&file).unwrap();
    assert!(verification.is_sound(), "{:?}", verification.findings);
    assert_eq!(verification.n_records, answers.len());
    let text = String::from_utf8(file).unwrap();
    assert!(text.contains("SP-3117") && text.contains("\"document\""));
    let lines: Vec<&str> = text.lines().collect();
    for gone in 1..lines.len() {
        let kept = lines.iter().enumerate().filter(|(n, _)| *n != gone);
        let cut: String = kept.map(|(_, line)| format!("{line}\n")).collect();
        assert!(!check(cut.as_bytes()).unwrap().is_sound(), "line {gone}: {}", lines[gone]);
    }
    let edited = text.replacen("SP-3117", "SP-3118", 1);
    let verification = check(edited.as_bytes()).unwrap();
    assert!(verification.findings[0].problem.contains("edited"), "{verification:?}");
    let mut without = Vec::new();
    knowledge_base.export_audit(true, &mut without).unwrap();
    let text = String::from_utf8(without.clone()).unwrap();
    assert!(!text.contains("SP-3117") && !text.contains("anna"));
    let problems = check(&without).unwrap().findings;
    assert_eq!(problems, []);
}

#[test]
fn impact_finds_every_answer_that_used_a_document_an_entity_or_a_model() {
    let (root, answers) = answered();
    let knowledge_base = open(root.path());
    let names: BTreeSet<String> = answers.iter().map(|id| id.name().to_owned()).collect();
    let generation = knowledge_base.current().unwrap().unwrap();
    let entities = rows(
        &knowledge_base,
        "SELECT DISTINCT ?l { GRAPH ?a { ?a a vt:Answer . ?act prov:used ?e } ?e skos:prefLabel ?l }",
    );
    let entity = entities.iter().find(|label| label.contains("Pump X-10")).expect("an entity");
    let entity = entity.trim_matches('"');
    for of in ["docs/pump.md", "all-minilm-l6-v2", generation.name(), entity] {
        let impact = knowledge_base.impact(of, 100).unwrap();
        let found: BTreeSet<String> = impact.answers.iter().cloned().collect();
        assert_eq!(found, names, "{of}: {impact:?}");
        assert_eq!(impact.described.len(), names.len());
    }
    assert!(knowledge_base.impact("no such thing", 100).is_err());
    let listed = |filter: AnswerFilter| -> usize {
        knowledge_base.list_answers(&AnswerFilter { limit: 100, ..filter }).unwrap().len()
    };
    assert_eq!(listed(AnswerFilter::default()), names.len());
    assert_eq!(listed(AnswerFilter { principal: Some("anna".into()), ..Default::default() }), 6);
    assert_eq!(listed(AnswerFilter { principal: Some("otto".into()), ..Default::default() }), 0);
    assert_eq!(listed(AnswerFilter { since: Some("2099".into()), ..Default::default() }), 0);
    assert_eq!(listed(AnswerFilter { until: Some("2099".into()), ..Default::default() }), 6);
    assert_eq!(listed(AnswerFilter { flagged: true, ..Default::default() }), 0);
    let reader = Principal::new("otto", Role::Auditor, None);
    knowledge_base.give_feedback(&answers[2], Opinion::Wrong, None, &reader).unwrap();
    assert_eq!(listed(AnswerFilter { flagged: true, ..Default::default() }), 1);
    assert_eq!(listed(AnswerFilter { entity: Some(entity.into()), ..Default::default() }), 6);
}

#[test]
fn a_replay_is_identical_and_names_what_changed_otherwise() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    init_with_text_alone(root.path());
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    let id = ask(&knowledge_base, "What is the order number of the shaft seal?");
    let session = knowledge_base.session().unwrap();
    let restricted = Principal::new("anna", Role::Agent, Some(BTreeSet::new()));
    let query = Query::text("What is the order number of the shaft seal?", 7);
    let restricted = AskOptions::of(restricted);
    let other = session.ask(&query, &restricted, &mut |_| {}).unwrap().id;
    drop(session);
    drop(knowledge_base);
    let knowledge_base = open(root.path());
    for id in [&id, &other] {
        let replay = knowledge_base.replay(id).unwrap();
        assert!(replay.identical && replay.changed.is_empty(), "{replay:?}");
    }
    let parts = "# Parts list\n\nThe shaft seal has the order number SP-4000, as of today.\n";
    write(source.path(), "docs/parts.md", parts);
    ingest(&knowledge_base, source.path());
    let pinned = knowledge_base.replay(&id).unwrap();
    assert!(pinned.pinned && pinned.identical && pinned.changed.is_empty(), "{pinned:?}");
    let replay = knowledge_base.replayer_on_current().replay(&id).unwrap();
    assert!(!replay.identical && !replay.pinned, "{replay:?}");
    assert_eq!(replay.changed, ["document: docs/parts.md is new or changed"]);
    let new = ask(&knowledge_base, "What is the order number of the shaft seal?");
    drop(knowledge_base);
    let settings = root.path().join("veritrail.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, format!("{text}[retrieve]\ngraph_weight = 0.0\n")).unwrap();
    let replay = open(root.path()).replay(&new).unwrap();
    assert_eq!(replay.changed.len(), 1, "{replay:?}");
    assert!(replay.changed[0].starts_with("setting: retrieve.graph_weight was"), "{replay:?}");
}

#[test]
fn a_record_has_no_blank_node_and_its_digest_can_be_made_from_the_graph_alone() {
    let (root, answers) = answered();
    let knowledge_base = open(root.path());
    for id in &answers {
        let triples = knowledge_base.answer_record(id).unwrap();
        let (seal, salts) = knowledge_base.seal_of(id.as_str()).unwrap().unwrap();
        assert_eq!(content_digest(id.as_str(), &triples, &salts).unwrap(), seal.content);
        let described = knowledge_base.seal_of(&Seal::iri(seal.sequence)).unwrap();
        assert!(described.is_none());
    }
    assert!(knowledge_base.validate(&[]).unwrap().conforms);
}

#[test]
fn the_command_lists_shows_verifies_exports_and_erases() {
    let (root, answers) = answered();
    let run = |arguments: &[&str]| {
        outcome(&program(root.path()).arg("audit").args(arguments).output().unwrap())
    };
    let id = answers[1].name();
    let (code, listed, wrong) = run(&["list", "--document", "docs/parts.md"]);
    assert!(code == 0 && listed.contains(id) && listed.contains("anna"), "{listed} {wrong}");
    let (code, story, _) = run(&["show", id]);
    assert!(code == 0 && story.contains("SP-3117") && story.contains("place 2"), "{story}");
    let (code, page, _) = run(&["show", id, "--format", "html"]);
    assert!(code == 0 && page.contains("<h2>Evidence</h2>"), "{page}");
    let (code, trig, _) = run(&["show", id, "--format", "trig"]);
    assert!(code == 0 && trig.contains("prov:wasGeneratedBy"), "{trig}");
    let (code, json, _) = run(&["show", id, "--format", "json"]);
    assert_eq!(code, 0);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["seal"]["sequence"], 2);
    let (code, replayed, wrong) = run(&["replay", id]);
    assert!(code == 0 && replayed.contains("identical"), "{replayed} {wrong}");
    let (_, key, _) = run(&["key"]);
    let kept = root.path().join("kept.json");
    let (code, _, wrong) = run(&["erase", id, "--reason", "GDPR 17"]);
    assert_eq!(code, 0, "{wrong}");
    let (_, checkpoint, _) = run(&["checkpoint"]);
    fs::write(&kept, checkpoint).unwrap();
    let verify = ["verify", "--public-key", key.trim(), "--checkpoint", kept.to_str().unwrap()];
    let (code, said, _) = run(&verify);
    assert!(code == 0 && said.ends_with("sound\n"), "{said}");
    let file = root.path().join("export.jsonl");
    let (code, _, wrong) = run(&["export", file.to_str().unwrap()]);
    assert_eq!(code, 0, "{wrong}");
    let (code, said, _) = run(&["verify", "--file", file.to_str().unwrap()]);
    assert!(code == 0 && said.contains("1 with erased words"), "{said}");
    let text = fs::read_to_string(&file).unwrap().replacen("E-17", "E-18", 1);
    fs::write(&file, text).unwrap();
    let (code, said, _) = run(&["verify", "--file", file.to_str().unwrap()]);
    assert!(code == 3 && said.contains("BROKEN  record"), "{said}");
    let (code, said, _) = run(&["impact", "docs/parts.md"]);
    assert!(code == 0 && said.contains("answers used"), "{said}");
    let (code, _, wrong) = run(&["show", "zz"]);
    assert!(code == 1 && wrong.contains("hexadecimal"), "{wrong}");
    let (code, _, wrong) = run(&["show", "00"]);
    assert!(code == 1 && wrong.contains("audit list"), "{wrong}");
}

#[test]
fn one_query_goes_from_an_answer_to_version_span_and_model_digest() {
    let (root, answers) = answered();
    let knowledge_base = open(root.path());
    let text = include_str!("../../docs/audit.rq");
    let query = text.replace("$answer", &format!("<{}>", answers[1].as_str()));
    let found = rows(&knowledge_base, &query);
    assert!(!found.is_empty());
    for row in &found {
        let columns: Vec<&str> = row.split('\t').collect();
        assert!(columns[0].contains("urn:veritrail:version:"), "{row}");
        assert!(columns[1].contains("urn:veritrail:sha256:"), "{row}");
        assert!(columns[2].parse::<u32>().is_ok() && columns[3].parse::<u32>().is_ok(), "{row}");
        assert!(columns[5].contains("urn:veritrail:sha256:"), "{row}");
        assert_eq!(columns[6], "2", "{row}");
    }
}
