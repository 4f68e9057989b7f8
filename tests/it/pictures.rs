//! Pictures are found by a space that they share with texts. The model is the
//! tiny one of `picture_parity`: its words mean nothing, but like pictures get
//! like vectors.

use crate::fixtures::{embedder, example, ingest, write};
use crate::picture_parity::clip;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use veritrail::embed::{Embedder, PictureEmbedder};
use veritrail::engine::{AskOptions, KnowledgeBase, Models};
use veritrail::model::{AccessLabel, Query, Route};
use veritrail::retrieve::RetrievalMode;

const PICTURES: [&str; 3] = ["sign-electric", "leds-fell-400-low-supply", "exploded-beck-12-seal"];

/// A page for each picture; the first one in a folder of its own.
fn documents() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (n, name) in PICTURES.iter().enumerate() {
        let part = if n == 0 { "secret" } else { "docs" };
        let picture = example().join(format!("pictures/{name}.png"));
        write(folder.path(), &format!("{part}/{name}.png"), std::fs::read(picture).unwrap());
        let page = format!("# Page {n}\n\nSee ![Picture {n}]({name}.png) for unit {n}.\n");
        write(folder.path(), &format!("{part}/{name}.md"), page);
    }
    folder
}

fn models() -> Models {
    Models { pictures: vec![Arc::new(clip())], ..Models::from(embedder()) }
}

fn knowledge_base(root: &Path, source: &Path) -> KnowledgeBase {
    KnowledgeBase::init(root).unwrap();
    let settings = "[[ingest.labels]]\nprefix = \"secret/\"\nlabel = \"factory\"\n";
    std::fs::write(root.join("veritrail.toml"), settings).unwrap();
    let knowledge_base = KnowledgeBase::open(root, models()).unwrap();
    ingest(&knowledge_base, source);
    knowledge_base
}

/// A picture in other pixels: smaller, and lossy.
fn photographed(name: &str) -> Vec<u8> {
    let picture = image::open(example().join(format!("pictures/{name}.png"))).unwrap();
    let (width, height) = (picture.width() * 4 / 5, picture.height() * 4 / 5);
    let smaller = picture.resize(width, height, image::imageops::FilterType::Triangle);
    let mut bytes = Cursor::new(Vec::new());
    smaller.to_rgb8().write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

#[test]
fn a_photographed_picture_finds_the_page_that_shows_it() {
    let (root, source) = (tempfile::tempdir().unwrap(), documents());
    let knowledge_base = knowledge_base(root.path(), source.path());
    let session = knowledge_base.session().unwrap();
    for name in PICTURES {
        let query = Query { picture: Some(photographed(name)), ..Query::text("", 10) };
        let found = session.search(&query, RetrievalMode::Dense).unwrap();
        let visual: Vec<_> = found
            .hits
            .iter()
            .filter_map(|hit| Some((hit, hit.routes.iter().find(|r| r.route == Route::Visual)?)))
            .collect();
        let (best, _) = visual.iter().find(|(_, route)| route.rank == 1).unwrap();
        assert!(best.document.source().ends_with(&format!("{name}.md")), "{name}");
    }
    let record = session
        .ask(&Query::text("Which unit?", 10), &AskOptions::for_principal("tester"), &mut |_| {})
        .unwrap();
    assert_eq!(record.spaces.len(), 2, "both spaces are on record");
}

#[test]
fn labels_hide_pictures_that_are_near() {
    let (root, source) = (tempfile::tempdir().unwrap(), documents());
    let knowledge_base = knowledge_base(root.path(), source.path());
    let session = knowledge_base.session().unwrap();
    let allowed_labels = Some([AccessLabel("public".into())].into());
    let query =
        Query { picture: Some(photographed(PICTURES[0])), allowed_labels, ..Query::text("", 10) };
    let found = session.search(&query, RetrievalMode::Graph).unwrap();
    assert!(!found.hits.is_empty());
    assert!(found.hits.iter().all(|hit| !hit.document.source().starts_with("secret/")));
}

#[test]
fn a_new_picture_model_embeds_what_is_there_and_changes_the_generation() {
    let (root, source) = (tempfile::tempdir().unwrap(), documents());
    KnowledgeBase::init(root.path()).unwrap();
    let text_only = Models::from(embedder());
    let before = KnowledgeBase::open(root.path(), text_only).unwrap();
    let old = ingest(&before, source.path());
    drop(before);
    let after = KnowledgeBase::open(root.path(), models()).unwrap();
    let outcome = after.ingest(source.path(), &mut |_| {}).unwrap();
    assert_eq!((outcome.n_committed, outcome.n_unchanged), (3, 3), "pictures only");
    assert_ne!(after.publish(&mut |_| {}).unwrap().generation.name(), old);
    let status = after.status().unwrap();
    assert_eq!((status.spaces.len(), status.findings, status.n_unnamed), (2, Vec::new(), 0));
}

#[test]
fn pictures_of_every_kind_are_taken_in_and_found() {
    let (root, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let picture = image::open(example().join("pictures/sign-electric.png")).unwrap().to_rgb8();
    let kinds = ["png", "jpg", "webp", "gif", "bmp", "tiff"];
    for kind in kinds {
        picture.save(source.path().join(format!("sign-{kind}.{kind}"))).unwrap();
    }
    write(source.path(), "damaged.gif", b"GIF89a and nothing more");
    write(source.path(), "note.bmp.txt", "BMP is a kind of picture, and this is text.");
    KnowledgeBase::init(root.path()).unwrap();
    let knowledge_base = KnowledgeBase::open(root.path(), models()).unwrap();
    let outcome = knowledge_base.ingest(source.path(), &mut |_| {}).unwrap();
    assert_eq!((outcome.n_committed, outcome.failed.len()), (7, 1), "{:?}", outcome.failed);
    knowledge_base.publish(&mut |_| {}).unwrap();
    let status = knowledge_base.status().unwrap();
    assert_eq!((status.n_vectors, status.findings), (7 + 6, Vec::new()));
    let session = knowledge_base.session().unwrap();
    let query = Query { picture: Some(photographed("sign-electric")), ..Query::text("", 10) };
    let found = session.search(&query, RetrievalMode::Dense).unwrap();
    for kind in kinds {
        let ending = format!(".{kind}");
        let hit = found.hits.iter().find(|hit| hit.document.source().ends_with(&ending)).unwrap();
        let visual = hit.routes.iter().find(|route| route.route == Route::Visual).unwrap();
        assert!(visual.score > 0.99, "{kind}: {}", visual.score);
    }
}

#[test]
fn every_space_has_vectors_of_its_own_length() {
    let models = models();
    let [text, pictures] = models.spaces().try_into().unwrap();
    assert_eq!((text.dimension, pictures.dimension), (384, 32));
    let model: &dyn PictureEmbedder = models.pictures[0].as_ref();
    assert_eq!(Embedder::space(model).id(), pictures.id());
}
