//! From a picture without words to what it shows, and to the page about it.

use crate::fixtures::{example, ingest, outcome, program, write};
use crate::vector_search::models;
use std::path::Path;
use tempfile::TempDir;
use veritrail::engine::KnowledgeBase;
use veritrail::graph::{QueryOptions, ResultFormat};
use veritrail::model::{Depiction, DepictionMethod, DepictionStatus, Query};
use veritrail::picture::Picture;
use veritrail::retrieve::RetrievalMode;

const CATALOGUE: &str = "@prefix ex: <http://example.org/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix vt: <https://w3id.org/veritrail/ns#> .
ex:leaf a skos:Concept ; skos:prefLabel \"Leaf sensor\" ; vt:reviewFrom 0.0 .
ex:sign a skos:Concept ; skos:prefLabel \"Warning sign\" .
";

fn picture(name: &str) -> Vec<u8> {
    std::fs::read(example().join("pictures").join(name)).unwrap()
}

/// Two pages without pictures, and pictures that no page shows; the name of the first
/// says nothing.
fn documents() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "leaf.md", "# Leaf sensor\n\nIt hangs between plants and feels dew.\n");
    write(folder.path(), "pump.md", "# Beck 12\n\nThe pump gives 12 litres at 80 bar.\n");
    write(folder.path(), "terms.md", "# Terms\n\nWear parts are under warranty for 6 months.\n");
    write(folder.path(), "catalogue.ttl", CATALOGUE);
    write(folder.path(), "p/0001.jpg", picture("front-rook-leaf.jpg"));
    write(folder.path(), "p/Beck_12.jpg", picture("front-beck-12.jpg"));
    folder
}

fn knowledge_base(root: &Path, source: &Path) -> KnowledgeBase {
    KnowledgeBase::init(root).unwrap();
    let knowledge_base = KnowledgeBase::open(root, models()).unwrap();
    ingest(&knowledge_base, source);
    knowledge_base
}

/// Sources of what a photo of the picture finds, best first.
fn found(knowledge_base: &KnowledgeBase, name: &str, mode: RetrievalMode) -> Vec<String> {
    let photo = Picture::decode(&picture(name)).unwrap().altered_copy().unwrap();
    let query = Query { picture: Some(photo), ..Query::text("", 20) };
    let hits = knowledge_base.session().unwrap().search(&query, mode).unwrap().hits;
    hits.iter().map(|hit| hit.document.source()).collect()
}

fn claim(knowledge_base: &KnowledgeBase, method: DepictionMethod, picture: &str) -> Depiction {
    let claims = knowledge_base.depictions().unwrap();
    let wanted = |claim: &&Depiction| {
        claim.method == method
            && claim.picture.source() == picture
            && (method != DepictionMethod::ZeroShot || claim.entity.as_str().ends_with("leaf"))
    };
    claims.iter().find(wanted).cloned().unwrap()
}

#[test]
fn a_photo_leads_to_the_page_about_what_its_picture_shows_until_that_is_rejected() {
    let (root, source) = (tempfile::tempdir().unwrap(), documents());
    let knowledge_base = knowledge_base(root.path(), source.path());
    let by_name = claim(&knowledge_base, DepictionMethod::FileName, "p/Beck_12.jpg");
    assert_eq!(by_name.status, DepictionStatus::Accepted);
    let page = "pump.md".to_owned();
    let photo = "front-beck-12.jpg";
    assert!(!found(&knowledge_base, photo, RetrievalMode::Hybrid).contains(&page));
    assert!(found(&knowledge_base, photo, RetrievalMode::Graph).contains(&page));
    let before = knowledge_base.current().unwrap();
    knowledge_base.decide(&by_name.id, DepictionStatus::Rejected, "tester", None).unwrap();
    knowledge_base.publish(&mut |_| {}).unwrap();
    assert_ne!(knowledge_base.current().unwrap(), before);
    assert!(!found(&knowledge_base, photo, RetrievalMode::Graph).contains(&page));
    ingest(&knowledge_base, source.path());
    let again = claim(&knowledge_base, DepictionMethod::FileName, "p/Beck_12.jpg");
    assert_eq!(again.status, DepictionStatus::Rejected);
    assert!(knowledge_base.check().unwrap().is_sound());
}

#[test]
fn what_a_vector_suggests_counts_when_a_person_accepts_it() {
    let (root, source) = (tempfile::tempdir().unwrap(), documents());
    let knowledge_base = knowledge_base(root.path(), source.path());
    let seen = claim(&knowledge_base, DepictionMethod::ZeroShot, "p/0001.jpg");
    assert_eq!(seen.status, DepictionStatus::Proposed);
    assert!(seen.measured.is_some());
    let page = "leaf.md".to_owned();
    let photo = "front-rook-leaf.jpg";
    assert!(!found(&knowledge_base, photo, RetrievalMode::Graph).contains(&page));
    knowledge_base.decide(&seen.id, DepictionStatus::Accepted, "tester", None).unwrap();
    knowledge_base.publish(&mut |_| {}).unwrap();
    assert!(found(&knowledge_base, photo, RetrievalMode::Graph).contains(&page));
    let mut output = Vec::new();
    let options = QueryOptions { timeout_ms: 10_000, formats: vec![ResultFormat::Csv] };
    let query = "SELECT ?who ?rule { ?picture foaf:depicts <http://example.org/leaf> . \
                 ?claim oa:hasTarget ?picture ; vt:rule ?rule . \
                 ?decision vt:decides ?claim ; prov:wasAssociatedWith/rdfs:label ?who }";
    knowledge_base.sparql(query, &options, &mut output).unwrap();
    assert_eq!(String::from_utf8(output).unwrap(), "who,rule\r\ntester,zero-shot\r\n");
}

#[test]
fn publishing_again_computes_nothing_and_changes_nothing() {
    let (root, source) = (tempfile::tempdir().unwrap(), documents());
    let knowledge_base = knowledge_base(root.path(), source.path());
    let (before, claims) = (knowledge_base.status().unwrap(), knowledge_base.depictions().unwrap());
    assert!(!knowledge_base.publish(&mut |_| {}).unwrap().changed);
    let after = knowledge_base.status().unwrap();
    assert_eq!((after.n_quads, after.n_vectors), (before.n_quads, before.n_vectors));
    assert_eq!((after.n_unnamed, after.findings), (0, Vec::new()));
    assert_eq!(knowledge_base.depictions().unwrap(), claims);
}

#[test]
fn the_command_line_lists_claims_and_takes_decisions() {
    let (root, source) = (tempfile::tempdir().unwrap(), documents());
    drop(knowledge_base(root.path(), source.path()));
    let run = |arguments: &[&str]| outcome(&program(root.path()).args(arguments).output().unwrap());
    let (code, listed, stderr) = run(&["review", "--entity", "leaf sensor", "--format", "json"]);
    assert_eq!(code, 0, "{stderr}");
    let rows: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(rows[0]["method"], "zero-shot");
    let name = rows[0]["claim"].as_str().unwrap();
    let (code, _, stderr) = run(&["review", "accept", name]);
    assert_eq!(code, 0, "{stderr}");
    let (_, accepted, _) = run(&["review", "--status", "accepted"]);
    assert!(accepted.contains(name), "{accepted}");
    let (code, _, stderr) = run(&["review", "reject", "00ff"]);
    assert_eq!((code, stderr.contains("there is no claim `00ff`")), (1, true), "{stderr}");
}
