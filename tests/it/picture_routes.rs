//! Which spaces of pictures a question is looked up in, and what comes out.

use crate::fixtures::{embedder, example, ingest, write};
use crate::picture_parity::{clip, siglip};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use veritrail::embed::PictureEmbedder;
use veritrail::engine::{AskOptions, EngineError, KnowledgeBase, Models};
use veritrail::model::{Hit, Query, Route};
use veritrail::retrieve::RetrievalMode;

/// Two spaces that differ, and a rule for what shows a device.
const RULE: &str = "[[retrieve.routes]]
name = 'devices'
class = 'http://example.org/Device'
spaces = [{ space = 'siglip' }]
";

const CATALOGUE: &str = "@prefix ex: <http://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
ex:Sensor rdfs:subClassOf ex:Device ; rdfs:label \"Sensor\" .
ex:leaf a ex:Sensor ; rdfs:label \"Rook leaf probe\" .
";

fn open(root: &Path, settings: &str) -> Result<KnowledgeBase, EngineError> {
    if !root.join("FORMAT").exists() {
        KnowledgeBase::init(root)?;
    }
    std::fs::write(root.join("veritrail.toml"), settings).unwrap();
    let pictures: Vec<Arc<dyn PictureEmbedder>> = vec![Arc::new(clip()), Arc::new(siglip())];
    KnowledgeBase::open(root, Models { pictures, ..Models::from(embedder()) })
}

/// A page that shows the probe by name, and a picture that nobody describes.
fn documents() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let picture = |name: &str| std::fs::read(example().join("pictures").join(name)).unwrap();
    write(folder.path(), "catalogue.ttl", CATALOGUE);
    write(folder.path(), "probe.md", "# Dew\n\n![Rook leaf probe](p/1.jpg)\n\nIt feels dew.\n");
    write(folder.path(), "p/1.jpg", picture("front-rook-leaf.jpg"));
    write(folder.path(), "p/2.jpg", picture("front-beck-12.jpg"));
    folder
}

/// In how many spaces the picture of a source was found.
fn n_spaces(hits: &[Hit], source: &str) -> usize {
    let of_source = hits.iter().filter(|hit| hit.document.source() == source);
    of_source.flat_map(|hit| &hit.routes).filter(|route| route.route == Route::Visual).count()
}

#[test]
fn a_class_of_the_graph_chooses_the_spaces_of_its_pictures() {
    let root = tempfile::tempdir().unwrap();
    let knowledge_base = open(root.path(), RULE).unwrap();
    ingest(&knowledge_base, documents().path());
    let session = knowledge_base.session().unwrap();
    let query = Query { only_pictures: true, ..Query::text("something grey", 20) };
    let found = session.search(&query, RetrievalMode::Dense).unwrap();
    assert_eq!(n_spaces(&found.hits, "probe.md"), 1, "{:?}", found.hits);
    assert_eq!(n_spaces(&found.hits, "p/2.jpg"), 2, "{:?}", found.hits);
    let rule =
        "rule devices: all pictures that show a <http://example.org/Device> in siglip (weight 1)";
    assert_eq!(found.picture_routes, [rule]);
    let asked = Query::text("Is there a picture of dew?", 20);
    let record = session.ask(&asked, &AskOptions::for_principal("me"), &mut |_| {}).unwrap();
    assert_eq!(record.picture_routes, [rule]);
    let stored = knowledge_base.answer_record(&record.id).unwrap();
    assert!(stored.iter().any(|triple| triple.object.to_string().contains("rule devices")));
}

#[test]
fn only_pictures_are_found_when_only_pictures_are_wanted() {
    let root = tempfile::tempdir().unwrap();
    let knowledge_base = open(root.path(), "").unwrap();
    ingest(&knowledge_base, documents().path());
    let session = knowledge_base.session().unwrap();
    let kinds = |only_pictures| {
        let query = Query { only_pictures, ..Query::text("dew", 20) };
        let hits = session.search(&query, RetrievalMode::Graph).unwrap().hits;
        let picture =
            |hit: &Hit| session.snapshot().fragment(&hit.fragment).unwrap().picture().is_some();
        (hits.iter().filter(|hit| picture(hit)).count(), hits.len())
    };
    let (n_pictures, n_all) = kinds(true);
    assert!(n_pictures > 0 && n_pictures == n_all);
    let (n_pictures, n_all) = kinds(false);
    assert!(n_pictures < n_all);
}

#[test]
fn words_beside_a_picture_move_what_they_describe() {
    let root = tempfile::tempdir().unwrap();
    let settings = |share: f32| format!("[retrieve]\nwords_beside_picture = {share}\n");
    let source = documents();
    let score = |share: f32, words: &str| {
        let knowledge_base = open(root.path(), &settings(share)).unwrap();
        ingest(&knowledge_base, source.path());
        let picture = std::fs::read(source.path().join("p/2.jpg")).unwrap();
        let query = Query { picture: Some(picture), ..Query::text(words, 20) };
        let session = knowledge_base.session().unwrap();
        let found = session.search(&query, RetrievalMode::Dense).unwrap();
        let own = found.hits.iter().find(|hit| hit.document.source() == "p/2.jpg").unwrap();
        own.routes.iter().find(|route| route.route == Route::Visual).unwrap().score
    };
    assert!((score(0.5, "") - 1.0).abs() < 1e-3, "the picture itself");
    assert!((score(0.0, "a green leaf") - 1.0).abs() < 1e-3, "words count nothing");
    assert!(score(0.5, "a green leaf") < 0.999, "words count");
}

#[test]
fn a_rule_that_cannot_work_stops_the_start() {
    let root = tempfile::tempdir().unwrap();
    let rule =
        "[[retrieve.routes]]\nname = 'codes'\npattern = '('\nspaces = [{ space = 'clip' }]\n";
    let error = open(root.path(), rule).err().unwrap().to_string();
    assert!(error.contains("codes") && error.contains("regular expression"), "{error}");
}
