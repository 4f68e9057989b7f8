//! Pictures and texts become the same numbers as with the reference library, for
//! models in the layout of CLIP and of SigLIP; see `tests/reference/crossmodal.py`.

use crate::fixtures::runtime;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use veritrail::embed::{Embedder, PictureEmbedder, PictureModel, TextRole, TextTower};
use veritrail::model::Digest;
use veritrail::picture::Picture;

/// Components of a vector of the tiny models.
const DIMENSION: usize = 32;
/// The pictures in the order in which the reference saw them.
const PICTURES: &[&str] = &[
    "photo-224x224.png",
    "photo-320x240.png",
    "photo-240x320.png",
    "photo-97x61.png",
    "photo-61x97.png",
    "photo-300x77.png",
    "photo-77x300.png",
    "flat-640x480.png",
    "flat-480x640.png",
    "flat-1280x853.png",
    "flat-300x777.png",
    "flat-1x1.png",
    "flat-2x3.png",
    "flat-16x16.png",
    "flat-2400x1600.png",
    "flat-1000x40.png",
    "flat-40x1000.png",
    "jpeg.jpg",
    "progressive.jpg",
    "grey.jpg",
    "cmyk.jpg",
    "exif-3.jpg",
    "exif-6.jpg",
    "exif-8.jpg",
    "grey.png",
    "bits.png",
    "palette.png",
    "alpha.png",
    "grey-alpha.png",
    "lossless.webp",
    "alpha.webp",
    "animated.webp",
    "animated.png",
    "sixteen-bits-3.png",
    "sixteen-bits-1.png",
];

#[derive(Deserialize)]
struct ReferenceText {
    text: String,
    clip: Vec<u32>,
    siglip: Vec<u32>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/crossmodal")
}

fn vectors(name: &str) -> Vec<Vec<f32>> {
    let bytes = std::fs::read(folder().join(name)).unwrap();
    let floats: Vec<f32> =
        bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    floats.chunks_exact(DIMENSION).map(<[f32]>::to_vec).collect()
}

fn texts() -> Vec<ReferenceText> {
    let lines = std::fs::read_to_string(folder().join("texts.jsonl")).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn model(name: &str, text: TextTower) -> PictureModel {
    let folder = folder().join(name);
    let names = ["onnx/text_model.onnx", "onnx/vision_model.onnx", "tokenizer.json"];
    let digest = |file: &str| Digest::of(&std::fs::read(folder.join(file)).unwrap());
    let files = names.map(|file| (file.to_owned(), digest(file))).to_vec();
    PictureModel::load(&runtime(), name, &folder, files, text, 1).unwrap()
}

pub(crate) fn clip() -> PictureModel {
    // The tiny model's own end-of-text token.
    model("clip", TextTower { pad_id: 687, ..TextTower::CLIP })
}

fn siglip() -> PictureModel {
    model("siglip", TextTower::SIGLIP)
}

/// The least cosine of two lists of unit vectors, with the place of it.
fn least_cosine(ours: &[Vec<f32>], theirs: &[Vec<f32>]) -> (f32, usize) {
    assert_eq!(ours.len(), theirs.len());
    let cosine = |(a, b): (&Vec<f32>, &Vec<f32>)| a.iter().zip(b).map(|(x, y)| x * y).sum();
    let cosines: Vec<f32> = ours.iter().zip(theirs).map(cosine).collect();
    let least = (0..cosines.len()).min_by(|a, b| cosines[*a].total_cmp(&cosines[*b])).unwrap();
    (cosines[least], least)
}

#[test]
fn pictures_of_every_kind_agree_with_the_reference() {
    let pictures: Vec<_> = PICTURES
        .iter()
        .map(|name| {
            let bytes = std::fs::read(folder().join("pictures").join(name)).unwrap();
            Picture::decode(&bytes).unwrap().on_white()
        })
        .collect();
    let pictures: Vec<_> = pictures.iter().collect();
    for (model, name) in [(clip(), "clip_pictures.f32"), (siglip(), "siglip_pictures.f32")] {
        let ours = model.embed_pictures(&pictures).unwrap();
        let theirs = vectors(name);
        for (picture, (ours, theirs)) in PICTURES.iter().zip(ours.chunks(1).zip(theirs.chunks(1))) {
            let (cosine, _) = least_cosine(ours, theirs);
            // Decoders of JPEG differ by one or two levels of 255, and random
            // weights make much of that.
            let expected = if picture.ends_with(".jpg") { 0.9995 } else { 0.9999 };
            assert!(cosine >= expected, "{name}: cosine {cosine} for {picture}");
        }
    }
}

#[test]
fn texts_of_every_script_agree_with_the_reference() {
    let texts = texts();
    let words: Vec<&str> = texts.iter().map(|text| text.text.as_str()).collect();
    for (model, name) in [(clip(), "clip_texts.f32"), (siglip(), "siglip_texts.f32")] {
        for text in &texts {
            let expected = if name.starts_with("clip") { &text.clip } else { &text.siglip };
            assert_eq!(&model.token_ids(&text.text).unwrap(), expected, "{name}: {:?}", text.text);
        }
        let ours = model.embed(&words, TextRole::Query, &mut |_| {}).unwrap();
        let (least, at) = least_cosine(&ours.vectors, &vectors(name));
        assert!(least >= 0.9999, "{name}: cosine {least} for {:?}", texts[at].text);
        assert!(ours.n_truncated >= 3, "over-long texts are reported");
    }
}

#[test]
fn the_space_is_another_one_when_the_padding_is() {
    let right = siglip();
    let wrong = model("siglip", TextTower::SIGLIP2);
    assert_ne!(right.space().id(), wrong.space().id());
    assert_eq!(right.space().dimension, DIMENSION);
}
