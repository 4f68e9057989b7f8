//! A small thing in a large picture is found, and where it is.

use crate::fixtures::{embedder, example, ingest, runtime, write};
use image::RgbImage;
use image::imageops::{FilterType, overlay, resize};
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use veritrail::embed::{
    InstallSource, PictureEmbedder, Registry, SharedTextPictureModel, cache_dir_from_env, install,
};
use veritrail::engine::{AskOptions, KnowledgeBase, Models};
use veritrail::model::{Hit, Query, Region, Route};
use veritrail::picture::Picture;
use veritrail::retrieve::RetrievalMode;

/// The model that comes with the program.
fn models() -> Models {
    let (registry, cache) = (Registry::builtin().unwrap(), cache_dir_from_env());
    let entry = registry.find("veritrail-lite").unwrap();
    install(entry, &cache, &InstallSource::Program, &mut |_| {}, &mut |_, _, _| {}).unwrap();
    let model = SharedTextPictureModel::open(&runtime(), entry, &cache, embedder(), 2).unwrap();
    let model: Arc<dyn PictureEmbedder> = Arc::new(model);
    Models { pictures: vec![model], ..Models::from(embedder()) }
}

fn symbol() -> RgbImage {
    let bytes = std::fs::read(example().join("pictures/sign-electric.png")).unwrap();
    let picture = Picture::decode(&bytes).unwrap().into_on_white();
    RgbImage::from_raw(picture.width, picture.height, picture.bytes).unwrap()
}

/// A landscape with grain; `n` makes them differ.
fn landscape(n: u32) -> RgbImage {
    let mut state = n + 1;
    RgbImage::from_fn(1400, 1000, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = (state >> 27) as f32 - 16.0;
        let (x, y) = (x as f32 / 1400.0, y as f32 / 1000.0);
        let hill = 0.5 + 0.1 * n as f32 / 6.0 + 0.2 * ((x + n as f32) * 6.0).sin();
        let base = if y > hill { [80.0, 130.0 - 50.0 * y, 60.0] } else { [140.0, 180.0, 230.0] };
        image::Rgb(base.map(|value: f32| (value + grain).clamp(0.0, 255.0) as u8))
    })
}

fn png(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Landscapes, one of which has the symbol in its lower right corner, and drawings
/// that are nearer to the symbol than a landscape.
fn documents() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let small = resize(&symbol(), 340, 340, FilterType::Triangle);
    for n in 0..6 {
        let mut picture = landscape(n);
        if n == 3 {
            overlay(&mut picture, &small, 1020, 620);
        }
        write(folder.path(), &format!("view-{n}.png"), png(&picture));
    }
    for name in ["front-fell-200", "screen-beck-drive-e17", "wiring-fell-400-relays"] {
        let picture = std::fs::read(example().join(format!("pictures/{name}.png"))).unwrap();
        write(folder.path(), &format!("{name}.png"), picture);
    }
    folder
}

fn knowledge_base(root: &Path, source: &Path, settings: &str) -> KnowledgeBase {
    if !root.join("FORMAT").exists() {
        KnowledgeBase::init(root).unwrap();
    }
    std::fs::write(root.join("veritrail.toml"), settings).unwrap();
    let knowledge_base = KnowledgeBase::open(root, models()).unwrap();
    ingest(&knowledge_base, source);
    knowledge_base
}

/// The hit on the picture with the symbol, and its rank by looks alone.
fn found(knowledge_base: &KnowledgeBase) -> (Hit, usize) {
    let session = knowledge_base.session().unwrap();
    let query = Query { picture: Some(png(&symbol())), ..Query::text("", 10) };
    let found = session.search(&query, RetrievalMode::Dense).unwrap();
    let hit = found.hits.iter().find(|hit| hit.document.source() == "view-3.png").unwrap();
    let visual = hit.routes.iter().find(|route| route.route == Route::Visual).unwrap();
    (hit.clone(), visual.rank)
}

const WHOLE_ONLY: &str = "[ingest]\npicture_regions = false\n";

#[test]
fn a_symbol_in_the_corner_of_a_large_picture_is_found_with_its_box() {
    let (root, source) = (tempfile::tempdir().unwrap(), documents());
    let whole = knowledge_base(root.path(), source.path(), WHOLE_ONLY);
    let (hit, rank_of_whole) = found(&whole);
    assert_eq!(hit.region, None);
    let n_vectors = whole.status().unwrap().n_vectors;
    drop(whole);
    let parts = knowledge_base(root.path(), source.path(), "");
    let (hit, rank) = found(&parts);
    assert_eq!(rank, 1, "the whole had rank {rank_of_whole}");
    assert!(rank < rank_of_whole, "the whole had rank {rank_of_whole}");
    let region: Region = hit.region.unwrap();
    let (right, bottom) = (region.x() + region.width(), region.y() + region.height());
    assert!(region.x() > 500 && region.y() > 300 && (right, bottom) == (1400, 1000), "{region}");
    let status = parts.status().unwrap();
    assert_eq!((status.n_vectors, status.findings), (n_vectors + 6 * 4, Vec::new()));
    let session = parts.session().unwrap();
    let query = Query { picture: Some(png(&symbol())), ..Query::text("What is this?", 10) };
    let options = AskOptions::for_principal("tester");
    let record = session.ask(&query, &options, &mut |_| {}).unwrap();
    let evidence = record.evidence.iter().find(|item| item.source == "view-3.png").unwrap();
    assert_eq!(evidence.region, Some(region));
    let triples = parts.answer_record(&record.id).unwrap();
    let written = triples.iter().any(|triple| triple.to_string().contains(&region.to_string()));
    assert!(written, "the box is in the record");
}

#[test]
fn parts_leave_with_their_picture() {
    let (root, source) = (tempfile::tempdir().unwrap(), documents());
    let before = knowledge_base(root.path(), source.path(), "");
    assert_eq!(before.status().unwrap().n_unnamed, 0);
    drop(before);
    let small = resize(&symbol(), 300, 300, FilterType::Triangle);
    write(source.path(), "view-3.png", png(&small));
    let after = knowledge_base(root.path(), source.path(), "");
    let status = after.status().unwrap();
    assert!(status.findings.is_empty(), "{:?}", status.findings);
    assert_eq!(status.n_unnamed, 0, "the generation of before needs them");
    let replaced = after.answered_before().unwrap().unwrap();
    std::fs::remove_dir_all(root.path().join("generations").join(replaced.name())).unwrap();
    // A vector of the text, one of the whole and four of the parts, and two blobs.
    assert!(after.status().unwrap().n_unnamed >= 6);
    let (hit, rank) = found(&after);
    assert_eq!((rank, hit.region), (1, None));
    drop(after);
    std::fs::write(root.path().join("WRITING"), b"").unwrap();
    let swept = KnowledgeBase::open(root.path(), models()).unwrap().status().unwrap();
    assert_eq!((swept.n_unnamed, swept.findings), (0, Vec::new()));
    assert!(swept.swept.unwrap().n_vectors >= 6);
}
