//! Entities that are one thing: merged with evidence, proposed, kept apart, undone.

use crate::fixtures::{embedder, ingest, open, outcome, program, write};
use tempfile::TempDir;
use veritrail::engine::{KnowledgeBase, MergeStory};
use veritrail::graph::{QueryOptions, ResultFormat};
use veritrail::model::{ClaimStatus, EntityId, Query};
use veritrail::retrieve::RetrievalMode;

/// One device under two names and one part number; the second page alone tells how to
/// fill it. Another device has the name of a town in RDF.
fn documents() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "catalogue.md",
        "# Corvina rotary feed pump\n\nPart number: PN-55-1234.\nIt doses fertiliser into the mixing tank.\n",
    );
    write(
        folder.path(),
        "service.md",
        "# Rotary pump Corvina for feeding\n\nPart number PN 55.1234 is wrong on old plates; the part number: PN-55.1234.\nBefore the first start the chamber is filled with glycerine.\n",
    );
    write(
        folder.path(),
        "site.md",
        "# Greenhouse log\n\nThe Corvina rotary feed pump was noisy in May.\n",
    );
    write(
        folder.path(),
        "world.ttl",
        "@prefix ex: <http://example.org/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n\
         ex:thorpe-town a ex:Town ; rdfs:label \"Thorpe\" ; ex:population 812 .\n\
         ex:thorpe-valve a ex:Valve ; rdfs:label \"Thorpe\" ; ex:diameter 20 .\n",
    );
    folder
}

fn knowledge_base() -> (TempDir, TempDir, KnowledgeBase) {
    let (root, source) = (tempfile::tempdir().unwrap(), documents());
    KnowledgeBase::init(root.path()).unwrap();
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    (root, source, knowledge_base)
}

fn merge_of(knowledge_base: &KnowledgeBase, a: &EntityId, b: &EntityId) -> Option<MergeStory> {
    let sides = (a.min(b), a.max(b));
    let merges = knowledge_base.merges().unwrap();
    merges.into_iter().find(|story| (&story.merge.left, &story.merge.right) == sides)
}

fn pumps() -> (EntityId, EntityId) {
    (
        EntityId::from_label("corvina rotary feed pump"),
        EntityId::from_label("rotary pump corvina for feeding"),
    )
}

/// Whether a walk from what the question names reaches the service page.
fn reaches_service_page(knowledge_base: &KnowledgeBase) -> bool {
    let session = knowledge_base.session().unwrap();
    let query = Query::text("What was noisy in the greenhouse log in May?", 10);
    let hits = session.search(&query, RetrievalMode::Graph).unwrap().hits;
    hits.iter().any(|hit| hit.document.source() == "service.md" && hit.path.is_some())
}

#[test]
fn a_device_with_two_names_and_one_part_number_is_merged_with_evidence() {
    let (_root, _source, knowledge_base) = knowledge_base();
    let (a, b) = pumps();
    let story = merge_of(&knowledge_base, &a, &b).unwrap();
    assert_eq!(story.merge.status, ClaimStatus::Accepted, "{:?}", story.merge);
    assert!(story.merge.evidence.contains(&("identifier_agrees".to_owned(), 1.0)));
    assert!(story.decided.is_none());
    let story = knowledge_base.entity_story(&b).unwrap();
    assert_eq!(story.entity, a);
    assert_eq!(story.labels, ["Corvina rotary feed pump", "Rotary pump Corvina for feeding"]);
    assert_eq!(story.documents, ["catalogue.md", "service.md"]);
    assert!(reaches_service_page(&knowledge_base));
    let mut output = Vec::new();
    let options = QueryOptions { timeout_ms: 10_000, formats: vec![ResultFormat::Csv] };
    let query =
        "SELECT ?status ?score { ?merge a vt:Merge ; vt:member <ENTITY> ; vt:status ?status ; \
                 vt:hasFeature [ rdfs:label \"identifier_agrees\" ; rdf:value ?score ] }"
            .replace("ENTITY", a.as_str());
    knowledge_base.sparql(&query, &options, &mut output).unwrap();
    assert_eq!(String::from_utf8(output).unwrap(), "status,score\r\naccepted,1\r\n");
}

#[test]
fn the_same_name_in_two_classes_is_only_proposed() {
    let (_root, _source, knowledge_base) = knowledge_base();
    let town = EntityId::from_iri("http://example.org/thorpe-town");
    let valve = EntityId::from_iri("http://example.org/thorpe-valve");
    let story = merge_of(&knowledge_base, &town, &valve).unwrap();
    assert_eq!(story.merge.status, ClaimStatus::Proposed);
    assert_eq!(knowledge_base.entity_story(&town).unwrap().members.len(), 1);
}

#[test]
fn what_is_undone_leaves_the_state_of_before() {
    let (_root, source, knowledge_base) = knowledge_base();
    let (a, b) = pumps();
    let merged = knowledge_base.current().unwrap();
    let decide = |knowledge_base: &KnowledgeBase, a: &EntityId, b: &EntityId, status| {
        knowledge_base.decide_same((a, b), status, "tester", Some("looked at it")).unwrap();
        knowledge_base.publish(&mut |_| {}).unwrap();
        knowledge_base.current().unwrap()
    };
    let apart = decide(&knowledge_base, &a, &b, ClaimStatus::Rejected);
    assert_ne!(apart, merged);
    assert!(!reaches_service_page(&knowledge_base));
    let log = EntityId::from_label("greenhouse log");
    let other = decide(&knowledge_base, &a, &log, ClaimStatus::Accepted);
    assert_ne!(other, apart);
    assert_eq!(decide(&knowledge_base, &a, &log, ClaimStatus::Rejected), apart);
    // The rejection holds when everything is taken in anew.
    write(source.path(), "more.md", "# Notes\n\nNothing new.\n");
    ingest(&knowledge_base, source.path());
    let story = merge_of(&knowledge_base, &a, &b).unwrap();
    assert_eq!(story.merge.status, ClaimStatus::Rejected);
    assert_eq!(story.decided.unwrap().reason.as_deref(), Some("looked at it"));
    assert_ne!(decide(&knowledge_base, &a, &b, ClaimStatus::Accepted), apart);
    assert!(reaches_service_page(&knowledge_base));
    assert!(knowledge_base.check().unwrap().is_sound());
}

#[test]
fn a_merge_that_would_join_a_rejected_pair_is_a_conflict() {
    let (_root, _source, knowledge_base) = knowledge_base();
    let (a, b) = pumps();
    let log = EntityId::from_label("greenhouse log");
    for (left, right, status) in [
        (&a, &b, ClaimStatus::Rejected),
        (&a, &log, ClaimStatus::Accepted),
        (&b, &log, ClaimStatus::Accepted),
    ] {
        knowledge_base.decide_same((left, right), status, "tester", None).unwrap();
    }
    knowledge_base.publish(&mut |_| {}).unwrap();
    let conflicts = knowledge_base.merge_conflicts().unwrap();
    assert_eq!(conflicts.len(), 1, "{conflicts:?}");
    assert_eq!(conflicts[0].rejected, (a.to_string(), b.to_string()));
    assert_ne!(
        knowledge_base.entity_story(&a).unwrap().entity,
        knowledge_base.entity_story(&b).unwrap().entity
    );
}

#[test]
fn publishing_again_computes_nothing_and_an_empty_one_has_no_merges() {
    let (_root, _source, knowledge_base) = knowledge_base();
    let (before, merges) = (knowledge_base.status().unwrap(), knowledge_base.merges().unwrap());
    assert!(!knowledge_base.publish(&mut |_| {}).unwrap().changed);
    assert_eq!(knowledge_base.status().unwrap().n_quads, before.n_quads);
    assert_eq!(knowledge_base.merges().unwrap().len(), merges.len());
    let empty = tempfile::tempdir().unwrap();
    KnowledgeBase::init(empty.path()).unwrap();
    let empty = KnowledgeBase::open(empty.path(), embedder()).unwrap();
    empty.publish(&mut |_| {}).unwrap();
    assert!(empty.merges().unwrap().is_empty());
}

#[test]
fn the_command_line_shows_merges_and_splits() {
    let (root, _source, knowledge_base) = knowledge_base();
    drop(knowledge_base);
    let run = |arguments: &[&str]| outcome(&program(root.path()).args(arguments).output().unwrap());
    let json = |text: &str| -> serde_json::Value { serde_json::from_str(text).unwrap() };
    let (code, listed, stderr) = run(&["review", "--of", "merges", "--format", "json"]);
    assert_eq!(code, 0, "{stderr}");
    let rows = json(&listed);
    let thorpe = rows.as_array().unwrap().iter().find(|row| row["labels"][0] == "Thorpe").unwrap();
    let claim = thorpe["claim"].as_str().unwrap();
    let (code, _, stderr) = run(&["review", "accept", claim]);
    assert_eq!(code, 0, "{stderr}");
    let (_, shown, _) = run(&["entity", "show", "thorpe", "--format", "json"]);
    assert_eq!(json(&shown)["members"].as_array().unwrap().len(), 2, "{shown}");
    let (town, valve) = ("http://example.org/thorpe-town", "http://example.org/thorpe-valve");
    let (code, split, stderr) = run(&["entity", "split", town, valve, "--format", "json"]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(json(&split)["changed"], true);
    let (code, _, stderr) = run(&["entity", "show", "Thorpe"]);
    assert_eq!((code, stderr.contains("names several entities")), (1, true), "{stderr}");
    let (_, shown, _) = run(&["entity", "show", town, "--format", "json"]);
    assert_eq!(json(&shown)["members"].as_array().unwrap().len(), 1);
    let (_, merged, _) = run(&["entity", "merge", town, valve, "--reason", "a test"]);
    assert!(merged.contains("are one thing; generation"), "{merged}");
    let (_, text, _) = run(&["entity", "show", town]);
    assert!(text.contains("decided by") && text.contains("a test"), "{text}");
    let (code, _, stderr) = run(&["entity", "merge", town, "Nobody", "--reason", "x"]);
    assert_eq!((code, stderr.contains("`Nobody`, which is neither")), (1, true), "{stderr}");
}
