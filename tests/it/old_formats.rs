//! Knowledge bases that earlier versions wrote are read.
//!
//! `tests/old/kb-1` was written by `veritrail ingest` from the documents in
//! `tests/old/documents`. A new format gets a folder of its own beside it; the
//! old ones are never written again.

use crate::fixtures::{copy_folder, ingest, open};
use std::path::{Path, PathBuf};
use veritrail::engine::AskOptions;
use veritrail::model::Query;

fn old(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/old").join(name)
}

#[test]
fn a_knowledge_base_of_the_first_format_is_sound_answers_and_goes_on() {
    let root = tempfile::tempdir().unwrap();
    copy_folder(&old("kb-1"), root.path());
    let knowledge_base = open(root.path());
    let status = knowledge_base.status().unwrap();
    assert_eq!((status.n_documents, status.findings), (3, Vec::new()));
    let before = status.generation.unwrap();
    let facts = knowledge_base.picture("pictures/front.png").unwrap().unwrap().facts;
    assert!(facts.width_px > 0 && facts.hash.is_none() && facts.colours.is_empty());
    let session = knowledge_base.session().unwrap();
    let query = Query::text("What is the order number of the shaft seal?", 10);
    let options = AskOptions::for_principal("tester");
    let record = session.ask(&query, &options, &mut |_| {}).unwrap();
    assert!(record.answer.text().contains("SP-3117"), "{}", record.answer.text());
    drop(session);
    let again = knowledge_base.ingest(&old("documents"), &mut |_| {}).unwrap();
    // Loaders have learned since, and of the picture more is known now.
    assert_eq!((again.n_committed, again.n_unchanged), (3, 0));
    let now = ingest(&knowledge_base, &old("documents"));
    assert_ne!(now, before);
    assert_eq!(ingest(&knowledge_base, &old("documents")), now);
    let facts = knowledge_base.picture("pictures/front.png").unwrap().unwrap().facts;
    assert!(!facts.colours.is_empty());
    assert_eq!(knowledge_base.status().unwrap().findings, Vec::<String>::new());
}
