//! The whole path through the public interface, with the installed model.

use crate::fixtures::{
    embedder, example, ingest, open, pump_documents, pump_knowledge_base, write,
};
use veritrail::audit::provenance_query;
use veritrail::engine::{AskOptions, EngineError, KnowledgeBase};
use veritrail::graph::{QueryOptions, ResultFormat};
use veritrail::model::{AccessLabel, AnswerMode, Query};
use veritrail::retrieve::RetrievalMode;

fn options() -> AskOptions {
    AskOptions::for_principal("tester")
}

#[test]
fn a_question_is_answered_with_a_quote_whose_provenance_one_query_reaches() {
    let (_root, knowledge_base) = pump_knowledge_base();
    let session = knowledge_base.session().unwrap();
    let query = Query::text("What is the order number of the shaft seal?", 10);
    let record = session.ask(&query, &options(), &mut |_| {}).unwrap();
    assert!(record.answer.text().contains("SP-3117"), "{}", record.answer.text());
    for sentence in &record.answer.sentences {
        for citation in &sentence.citations {
            let evidence = &record.evidence[citation.number - 1];
            assert_eq!(citation.span.of(&evidence.fragment.text), Some(citation.quote.as_str()));
        }
    }
    let mut output = Vec::new();
    let csv = QueryOptions { timeout_ms: 10_000, formats: vec![ResultFormat::Csv] };
    knowledge_base.sparql(&provenance_query(&record.id), &csv, &mut output).unwrap();
    let rows = String::from_utf8(output).unwrap();
    for expected in [
        "What is the order number of the shaft seal?",
        "urn:veritrail:document:docs/parts.md",
        "urn:veritrail:sha256:",
        record.generation.as_str(),
        "all-minilm-l6-v2",
    ] {
        assert!(rows.contains(expected), "{expected} is missing in\n{rows}");
    }
    assert!(knowledge_base.check().unwrap().is_sound());
}

#[test]
fn the_same_documents_give_the_same_generation_and_changes_another() {
    let source = pump_documents();
    let roots = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let names: Vec<String> = roots
        .iter()
        .map(|root| {
            KnowledgeBase::init(root.path()).unwrap();
            ingest(&open(root.path()), source.path())
        })
        .collect();
    assert_eq!(names[0], names[1]);
    let knowledge_base = open(roots[0].path());
    let again = knowledge_base.ingest(source.path(), &mut |_| {}).unwrap();
    assert_eq!((again.n_committed, again.n_unchanged), (0, 3));
    write(source.path(), "docs/parts.md", "# Parts list\n\nThe seal is now SP-4000.\n");
    assert_ne!(ingest(&knowledge_base, source.path()), names[0]);
    assert!(knowledge_base.check().unwrap().is_sound());
}

#[test]
fn labels_hide_documents_on_every_route() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    KnowledgeBase::init(root.path()).unwrap();
    let settings = "[[ingest.labels]]\nprefix = \"secret/\"\nlabel = \"factory\"\n";
    std::fs::write(root.path().join("veritrail.toml"), settings).unwrap();
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    let session = knowledge_base.session().unwrap();
    let mut query = Query::text("What does the shaft seal SP-3117 cost?", 10);
    let sources = |query: &Query, mode| -> Vec<String> {
        let found = session.search(query, mode).unwrap();
        found.hits.iter().map(|hit| hit.document.source()).collect()
    };
    for mode in RetrievalMode::ALL {
        query.allowed_labels = None;
        assert!(sources(&query, mode).contains(&"secret/cost.md".to_owned()), "{mode:?}");
        query.allowed_labels = Some([AccessLabel("public".into())].into());
        let seen = sources(&query, mode);
        assert!(!seen.is_empty() && !seen.iter().any(|s| s.starts_with("secret")), "{mode:?}");
    }
}

#[test]
fn a_question_about_nothing_in_the_documents_abstains_and_is_recorded() {
    let (_root, knowledge_base) = pump_knowledge_base();
    let session = knowledge_base.session().unwrap();
    let query = Query::text("Which wavelengths do horticultural lamps emit?", 10);
    let record = session.ask(&query, &options(), &mut |_| {}).unwrap();
    assert!(matches!(record.answer.mode, AnswerMode::Abstained { .. }));
    assert!(!knowledge_base.answer_record(&record.id).unwrap().is_empty());
}

#[test]
fn two_programs_cannot_open_one_knowledge_base() {
    let root = tempfile::tempdir().unwrap();
    KnowledgeBase::init(root.path()).unwrap();
    let _first = open(root.path());
    let second = KnowledgeBase::open(root.path(), embedder());
    assert!(matches!(second, Err(EngineError::Locked(_))));
}

#[test]
fn a_newer_format_or_an_empty_folder_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let refused = KnowledgeBase::open(root.path(), embedder());
    assert!(matches!(refused, Err(EngineError::NotAKnowledgeBase(_))));
    std::fs::write(root.path().join("FORMAT"), "veritrail-kb 9").unwrap();
    let refused = KnowledgeBase::open(root.path(), embedder());
    assert!(matches!(refused, Err(EngineError::Format { .. })));
}

#[test]
fn a_damaged_picture_is_reported_and_the_others_go_on() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    std::fs::write(source.path().join("broken.png"), b"\x89PNG\r\n\x1a\nnothing").unwrap();
    KnowledgeBase::init(root.path()).unwrap();
    let outcome = open(root.path()).ingest(source.path(), &mut |_| {}).unwrap();
    assert_eq!((outcome.n_committed, outcome.failed.len()), (3, 1));
    assert!(outcome.failed[0].to_string().contains("broken.png"));
}

#[test]
fn a_changed_label_rule_takes_the_document_in_again() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    KnowledgeBase::init(root.path()).unwrap();
    ingest(&open(root.path()), source.path());
    let settings = "[[ingest.labels]]\nprefix = \"secret/\"\nlabel = \"factory\"\n";
    std::fs::write(root.path().join("veritrail.toml"), settings).unwrap();
    let knowledge_base = open(root.path());
    let again = knowledge_base.ingest(source.path(), &mut |_| {}).unwrap();
    assert_eq!((again.n_committed, again.n_unchanged), (1, 2));
    knowledge_base.publish(&mut |_| {}).unwrap();
    let mut query = Query::text("What does the shaft seal cost?", 10);
    query.allowed_labels = Some([AccessLabel("public".into())].into());
    let found = knowledge_base.session().unwrap().search(&query, RetrievalMode::Graph).unwrap();
    assert!(found.hits.iter().all(|hit| hit.document.source() != "secret/cost.md"));
}

#[test]
fn the_same_picture_in_another_format_finds_the_page_that_shows_it() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    let picture = example().join("pictures/leds-fell-400-low-supply.png");
    write(source.path(), "pictures/front.png", std::fs::read(&picture).unwrap());
    write(
        source.path(),
        "docs/front.md",
        "# Front panel\n\n![The light PWR is amber](../pictures/front.png)\n\nThe supply is low.\n",
    );
    KnowledgeBase::init(root.path()).unwrap();
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    let session = knowledge_base.session().unwrap();
    let mut webp = std::io::Cursor::new(Vec::new());
    let pixels = image::open(&picture).unwrap();
    pixels.write_to(&mut webp, image::ImageFormat::WebP).unwrap();
    let query = Query { picture: Some(webp.into_inner()), ..Query::text("", 10) };
    let found = session.search(&query, RetrievalMode::Graph).unwrap();
    assert_eq!(found.hits[0].document.source(), "docs/front.md");
    let record = session.ask(&query, &options(), &mut |_| {}).unwrap();
    assert!(record.answer.text().contains("PWR is amber"), "{}", record.answer.text());
    assert!(record.question_picture.is_some());
    let broken = Query { picture: Some(b"no picture".to_vec()), ..Query::text("", 10) };
    assert!(session.search(&broken, RetrievalMode::Graph).is_err());
}
