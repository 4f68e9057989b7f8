//! A space learns a knowledge base's own pictures; the model is the tiny one of
//! `picture_parity`, so figures mean nothing here, but the ways do.

use crate::fixtures::{embedder, example, ingest, program, write};
use crate::picture_parity::{clip, siglip};
use std::path::Path;
use std::sync::Arc;
use veritrail::embed::{AdaptedPictureModel, Embedder, PictureEmbedder, read_adapted};
use veritrail::engine::{
    AdaptOptions, AdaptReport, DescribedPicture, KnowledgeBase, Models, adapt, adapted_model,
};
use veritrail::model::{Digest, Query, Route};
use veritrail::retrieve::RetrievalMode;

fn described() -> Vec<DescribedPicture> {
    let folder = std::fs::read_dir(example().join("pictures")).unwrap();
    let mut paths: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "png"));
    paths.sort();
    let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().replace('-', " ");
    let picture = |path: &std::path::PathBuf| DescribedPicture {
        id: path.file_name().unwrap().to_string_lossy().into_owned(),
        bytes: std::fs::read(path).unwrap(),
        texts: vec![name(path)],
    };
    paths.iter().take(40).map(picture).collect()
}

fn options() -> AdaptOptions {
    AdaptOptions { name: "own".into(), held_back: 0.3, seed: 1, licence: None }
}

fn adapted(root: &Path) -> AdaptReport {
    let model: Arc<dyn PictureEmbedder> = Arc::new(clip());
    adapt(root, &model, &described(), &[], &options(), &mut |_, _| {}).unwrap()
}

#[test]
fn an_adapted_space_is_another_space_beside_its_base() {
    let root = tempfile::tempdir().unwrap();
    KnowledgeBase::init(root.path()).unwrap();
    let report = adapted(root.path());
    assert!(report.n_held_back > 5 && report.checks.contains_key("drawings"));
    let base: Arc<dyn PictureEmbedder> = Arc::new(clip());
    let above = adapted_model(root.path(), &report.name, Arc::clone(&base)).unwrap();
    assert_ne!(above.space().id(), base.space().id());
    assert_eq!(above.space().dimension, base.space().dimension);
    let pictures = vec![base, Arc::new(above) as Arc<dyn PictureEmbedder>];
    let models = Models { pictures, ..Models::from(embedder()) };
    let knowledge_base = KnowledgeBase::open(root.path(), models).unwrap();
    let source = tempfile::tempdir().unwrap();
    for picture in described().iter().take(3) {
        write(source.path(), &picture.id, &picture.bytes);
    }
    ingest(&knowledge_base, source.path());
    let status = knowledge_base.status().unwrap();
    assert_eq!((status.spaces.len(), status.findings), (3, Vec::new()));
}

#[test]
fn the_same_pairs_give_the_same_head() {
    let roots = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let heads = roots.map(|root| {
        let report = adapted(root.path());
        read_adapted(&root.path().join("models").join(report.name)).unwrap().0.head
    });
    assert_eq!(heads[0], heads[1]);
}

#[test]
fn a_head_of_another_model_is_refused_with_both_spaces() {
    let root = tempfile::tempdir().unwrap();
    let report = adapted(root.path());
    let (space, head) = read_adapted(&root.path().join("models").join(report.name)).unwrap();
    let other: Arc<dyn PictureEmbedder> = Arc::new(siglip());
    let found = other.space().id().to_string();
    let error = AdaptedPictureModel::new(other, &space, head).err().unwrap().to_string();
    assert!(error.contains(&found) && error.contains(&space.base_space.short()), "{error}");
}

#[test]
fn what_is_not_found_better_is_refused_and_the_settings_stay() {
    let root = tempfile::tempdir().unwrap();
    let kb = root.path().join("kb");
    // Descriptions that say nothing about the pictures.
    let mut lines = String::new();
    for picture in &described() {
        write(root.path(), &picture.id, &picture.bytes);
        let text = Digest::of(picture.id.as_bytes()).short();
        lines += &serde_json::json!({ "image": picture.id, "text": text }).to_string();
        lines.push('\n');
    }
    write(root.path(), "pairs.jsonl", lines);
    let pairs = root.path().join("pairs.jsonl");
    let output = program(&kb)
        .args(["adapt", "veritrail-lite", "--held-back", "0.3", "--publish", "--pairs"])
        .arg(pairs)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("not found better"), "{said}");
    let settings = std::fs::read_to_string(kb.join("veritrail.toml")).unwrap();
    assert!(!settings.contains("veritrail-lite+own"), "{settings}");
}

fn tiny(root: &Path, settings: &str) -> Result<KnowledgeBase, veritrail::engine::EngineError> {
    if !root.join("FORMAT").exists() {
        KnowledgeBase::init(root).unwrap();
    }
    std::fs::write(root.join("veritrail.toml"), settings).unwrap();
    let pictures: Vec<Arc<dyn PictureEmbedder>> = vec![Arc::new(clip()), Arc::new(siglip())];
    KnowledgeBase::open(root, Models { pictures, ..Models::from(embedder()) })
}

#[test]
fn a_route_to_an_unknown_space_stops_the_start() {
    let root = tempfile::tempdir().unwrap();
    let route = "[[retrieve.routes]]\nname = 'signs'\nspaces = [{ space = 'nope' }]\n";
    let error = tiny(root.path(), route).err().unwrap().to_string();
    assert!(error.contains("nope") && error.contains("siglip"), "{error}");
}

#[test]
fn calibrated_spaces_give_one_ranking_and_a_generation_of_their_own() {
    let root = tempfile::tempdir().unwrap();
    let route = "[[retrieve.routes]]\nname = 'signs'\nsource_prefix = 'sign'\nspaces = [{ space = 'siglip' }]\n";
    let knowledge_base = tiny(root.path(), route).unwrap();
    let source = tempfile::tempdir().unwrap();
    for picture in described() {
        write(source.path(), &picture.id, &picture.bytes);
    }
    let before = ingest(&knowledge_base, source.path());
    let learned = knowledge_base.calibrate(&described(), 1, &mut |_, _| {}).unwrap();
    assert_eq!(learned.len(), 2);
    assert!(learned.iter().all(|space| space.report.n_held_back > 50));
    let after = knowledge_base.publish(&mut |_| {}).unwrap();
    assert_ne!(after.generation.name(), before);
    let session = knowledge_base.session().unwrap();
    let found =
        session.search(&Query::text("picture of a sign", 50), RetrievalMode::Dense).unwrap();
    assert_eq!(found.picture_routes, ["rule signs: pictures of sign in siglip (weight 1)"]);
    let mut visual = 0;
    for hit in &found.hits {
        let scores: Vec<f32> =
            hit.routes.iter().filter(|r| r.route == Route::Visual).map(|r| r.score).collect();
        assert!(scores.len() <= 1 && scores.iter().all(|p| (0.0..=1.0).contains(p)));
        visual += scores.len();
    }
    assert!(visual > 30, "{visual}");
    drop(knowledge_base);
    let strict = format!("[retrieve]\nmin_picture_probability = 0.999\n{route}");
    let knowledge_base = tiny(root.path(), &strict).unwrap();
    let session = knowledge_base.session().unwrap();
    let found =
        session.search(&Query::text("picture of a sign", 50), RetrievalMode::Dense).unwrap();
    let visual = |r: &veritrail::model::RouteScore| r.route == Route::Visual;
    assert!(found.hits.iter().all(|hit| !hit.routes.iter().any(visual)), "no picture found");
}
