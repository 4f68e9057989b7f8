//! The W3C suites of SPARQL 1.0 and 1.1 against the HTTP interface, beside Oxigraph in
//! this process.
//!
//! They run when `VERITRAIL_TEST_DATA` names a folder with `w3c-rdf-tests` (w3c/rdf-tests,
//! the folder `sparql`). The outcome is `docs/SPARQL-CONFORMANCE.md`; when it differs, the
//! new text is written beside the build output and the test says where.

mod evaluation;
mod manifest;
mod protocol;
mod report;
mod target;

use crate::fixtures::open;
use crate::server::serve_on;
use manifest::Suite;
use report::Outcome;
use std::path::PathBuf;
use veritrail::engine::KnowledgeBase;

/// The settings of a plain SPARQL store.
const SETTINGS: &str = "[models]\npictures = []\nocr = \"off\"\n\
    [sparql]\ndefault_graph = \"unnamed\"\ngraphs = \"users\"\n";

fn data() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("VERITRAIL_TEST_DATA")?);
    Some(folder.join("w3c-rdf-tests/sparql")).filter(|folder| folder.is_dir())
}

/// A server that begins with an empty store.
async fn plain_store() -> crate::server::Running {
    let (root, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    KnowledgeBase::init(root.path()).unwrap();
    crate::fixtures::write(root.path(), "veritrail.toml", SETTINGS);
    crate::fixtures::write(source.path(), "a.md", "# A\n\nA text.\n");
    let knowledge_base = open(root.path());
    crate::fixtures::ingest(&knowledge_base, source.path());
    serve_on(root, knowledge_base).await
}

#[tokio::test]
async fn the_suites_pass_over_http_as_they_do_in_the_store() {
    let Some(data) = data() else {
        eprintln!("skipped: VERITRAIL_TEST_DATA names no folder with w3c-rdf-tests");
        return;
    };
    let server = plain_store().await;
    let mut http = target::Target::http(server.base.clone());
    let mut outcomes = Vec::new();
    let mut suite = Suite::default();
    suite.read(&data, "sparql10/manifest.ttl");
    suite.read(&data, "sparql11/manifest-all.ttl");
    for test in &suite.tests {
        let over_http = match test.kind.as_str() {
            "ProtocolTest" | "GraphStoreProtocolTest" | "ServiceDescriptionTest" => {
                protocol::problem(&mut http, &data, test).await
            }
            _ => evaluation::problem(&mut http, &data, test).await,
        };
        let in_store = match test.kind.as_str() {
            "ProtocolTest" | "GraphStoreProtocolTest" | "ServiceDescriptionTest" => None,
            _ => Some(evaluation::problem(&mut target::Target::store(), &data, test).await),
        };
        outcomes.push(Outcome { test: test.clone(), over_http, in_store });
    }
    for outcome in &outcomes {
        if let (Some(problem), Some(None) | None) = (&outcome.over_http, &outcome.in_store) {
            eprintln!("{}: {problem}", outcome.test.id);
        }
    }
    report::check(&outcomes);
}

/// A few tests of the same kinds that are always there.
#[tokio::test]
async fn a_plain_store_keeps_the_default_graph_and_named_graphs_apart() {
    let server = plain_store().await;
    let http = target::Target::http(server.base.clone());
    http.update("INSERT DATA { <urn:a> <urn:p> 1 . GRAPH <urn:g> { <urn:b> <urn:p> 2 } }")
        .await
        .unwrap();
    let ask = async |query: &str| http.ask(query).await.unwrap();
    assert!(ask("ASK { <urn:a> <urn:p> 1 }").await);
    assert!(!ask("ASK { <urn:b> ?p ?o }").await);
    assert!(ask("ASK { GRAPH ?g { <urn:b> <urn:p> 2 } FILTER(?g = <urn:g>) }").await);
    // The document that was taken in is no part of it.
    assert!(!ask("ASK { GRAPH ?g { ?s a vt:Document } }").await);
    assert!(
        ask("ASK FROM <urn:g> { <urn:b> <urn:p> 2 FILTER NOT EXISTS { <urn:a> ?p ?o } }").await
    );
    http.update("MOVE <urn:g> TO DEFAULT").await.unwrap();
    assert!(ask("ASK { <urn:b> <urn:p> 2 }").await);
    assert!(!ask("ASK { GRAPH ?g { ?s ?p ?o } }").await);
    http.update("DROP ALL").await.unwrap();
    assert!(!ask("ASK { ?s ?p ?o }").await);
}
