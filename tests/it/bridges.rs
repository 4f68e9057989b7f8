//! Bridges: from a good hit over a rare name to what the question asks next.

use crate::fixtures::{ingest, open, write};
use std::collections::BTreeSet;
use tempfile::TempDir;
use veritrail::engine::KnowledgeBase;
use veritrail::model::{AccessLabel, GraphStep, Hit, Query, Route};
use veritrail::retrieve::RetrievalMode;

const QUESTION: &str = "Which airport serves the birthplace of the director of The Glass Hornet?";

/// A film, whose director comes from a town that only one other document names.
fn documents(film: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let film_text = "# The Glass Hornet\n\nThe Glass Hornet is a film. Its director was born in the town of Lower Arvidsund.\n";
    write(folder.path(), film, film_text);
    let gate =
        "# Northern Gate\n\nNorthern Gate is the airport near Lower Arvidsund, opened in 1961.\n";
    write(folder.path(), "gate.md", gate);
    for (n, thing) in ["pump", "valve", "seal", "gasket", "rotor", "bearing"].iter().enumerate() {
        let text = format!("# Leaflet {n}\n\nThe {thing} is cleaned with water every {n} weeks.\n");
        write(folder.path(), &format!("leaflet-{n}.md"), text);
    }
    folder
}

fn knowledge_base(film: &str) -> (TempDir, KnowledgeBase) {
    let (root, source) = (tempfile::tempdir().unwrap(), documents(film));
    KnowledgeBase::init(root.path()).unwrap();
    let settings = "[[ingest.labels]]\nprefix = \"secret/\"\nlabel = \"factory\"\n";
    write(root.path(), "veritrail.toml", settings);
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    (root, knowledge_base)
}

fn ask(knowledge_base: &KnowledgeBase, labels: Option<BTreeSet<AccessLabel>>) -> Vec<Hit> {
    let query = Query { allowed_labels: labels, ..Query::text(QUESTION, 10) };
    let session = knowledge_base.session().unwrap();
    session.search(&query, RetrievalMode::Graph).unwrap().hits
}

fn is_bridged(hit: &Hit) -> bool {
    hit.routes.iter().any(|route| route.route == Route::Bridge)
}

#[test]
fn a_rare_name_leads_to_what_the_first_hit_lacks() {
    let (_root, knowledge_base) = knowledge_base("film.md");
    let hits = ask(&knowledge_base, None);
    let gate = hits.iter().find(|hit| hit.document.source() == "gate.md").unwrap();
    assert!(is_bridged(gate), "{gate:?}");
    let steps = &gate.path.as_ref().unwrap().steps;
    let over = |step: &GraphStep| matches!(step, GraphStep::Entity { label, .. } if label.contains("Arvidsund"));
    assert!(steps.iter().any(over), "{steps:?}");
}

#[test]
fn no_bridge_starts_from_what_is_not_seen() {
    let (_root, knowledge_base) = knowledge_base("secret/film.md");
    assert!(ask(&knowledge_base, None).iter().any(is_bridged));
    let public: BTreeSet<AccessLabel> = [AccessLabel("public".into())].into();
    let hits = ask(&knowledge_base, Some(public));
    assert!(hits.iter().any(|hit| hit.document.source() == "gate.md"));
    assert!(!hits.iter().any(is_bridged), "{hits:?}");
}
