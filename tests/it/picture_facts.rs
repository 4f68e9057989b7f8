//! What is known of pictures without a model, from the file to the answer.

use crate::fixtures::{embedder, example, ingest, outcome, program, write};
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use std::io::Cursor;
use std::path::Path;
use tempfile::TempDir;
use veritrail::engine::KnowledgeBase;
use veritrail::graph::{QueryOptions, ResultFormat};
use veritrail::model::{AccessLabel, PictureFacts, Query, Route};
use veritrail::picture::Picture;
use veritrail::retrieve::RetrievalMode;

fn facts(bytes: &[u8]) -> PictureFacts {
    Picture::decode(bytes).unwrap().into_facts(false).0
}

fn png(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn jpeg(picture: &RgbImage, scale: f32, quality: u8) -> Vec<u8> {
    let side = |side: u32| ((side as f32 * scale) as u32).max(8);
    let (width, height) = (side(picture.width()), side(picture.height()));
    let smaller = image::imageops::resize(picture, width, height, FilterType::Triangle);
    let mut bytes = Vec::new();
    smaller.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality)).unwrap();
    bytes
}

/// The pictures of the example, on white paper.
fn pictures() -> Vec<(String, RgbImage)> {
    let mut files: Vec<_> = std::fs::read_dir(example().join("pictures"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    let picture = |path: &Path| {
        let picture = Picture::decode(&std::fs::read(path).ok()?).ok()?.into_on_white();
        let name = path.file_name()?.to_string_lossy().into_owned();
        Some((name, RgbImage::from_raw(picture.width, picture.height, picture.bytes)?))
    };
    files.iter().filter_map(|path| picture(path)).collect()
}

#[test]
fn copies_are_near_and_other_pictures_are_not() {
    let pictures = pictures();
    assert!(pictures.len() > 70);
    let originals: Vec<(&str, PictureFacts)> =
        pictures.iter().map(|(name, picture)| (name.as_str(), facts(&png(picture)))).collect();
    let mut missed = Vec::new();
    for ((name, original), (_, picture)) in originals.iter().zip(&pictures) {
        for (scale, quality) in [(0.75, 75), (0.5, 60)] {
            if original.near(&facts(&jpeg(picture, scale, quality))).is_none() {
                missed.push(format!("{name} at {scale}, quality {quality}"));
            }
        }
    }
    // Thin lines at half the size.
    assert!(missed.len() <= 2, "{missed:?}");
    for (i, (name, one)) in originals.iter().enumerate() {
        for (other_name, other) in &originals[i + 1..] {
            assert_eq!(one.near(other), None, "{name} and {other_name}");
        }
    }
}

/// A knowledge base of a page with a picture, a copy of it that is labelled, and
/// another picture.
fn knowledge_base() -> (TempDir, KnowledgeBase) {
    let (root, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let picture = image::open(example().join("pictures/sign-electric.png")).unwrap().to_rgb8();
    write(source.path(), "sign.png", png(&picture));
    write(source.path(), "page.md", "# Signs\n\nSee ![Danger of shock](sign.png) here.\n");
    write(source.path(), "secret/copy.jpg", with_exif(&jpeg(&picture, 0.6, 80)));
    let other = image::open(example().join("pictures/exploded-beck-12-seal.png")).unwrap();
    write(source.path(), "other.png", png(&other.to_rgb8()));
    KnowledgeBase::init(root.path()).unwrap();
    let settings = "[[ingest.labels]]\nprefix = \"secret/\"\nlabel = \"factory\"\n";
    std::fs::write(root.path().join("veritrail.toml"), settings).unwrap();
    let knowledge_base = KnowledgeBase::open(root.path(), embedder()).unwrap();
    ingest(&knowledge_base, source.path());
    (root, knowledge_base)
}

/// The JPEG with a maker, and a place at 48 degrees north and 9 degrees east.
fn with_exif(jpeg: &[u8]) -> Vec<u8> {
    // Header; 2 entries of the first directory (maker, pointer at 38 to the one of
    // the place) at 8; 4 entries at 38; the two lists of three quotients at 92.
    let mut exif = b"II*\0\x08\0\0\0\x02\0".to_vec();
    let mut entry = |tag: u16, kind: u16, n: u32, value: [u8; 4]| {
        exif.extend(tag.to_le_bytes());
        exif.extend(kind.to_le_bytes());
        exif.extend(n.to_le_bytes());
        exif.extend(value);
    };
    entry(0x010f, 2, 4, *b"Cam\0");
    entry(0x8825, 4, 1, 38u32.to_le_bytes());
    exif.extend([0; 4]);
    exif.extend(4u16.to_le_bytes());
    let mut entry = |tag: u16, kind: u16, n: u32, value: [u8; 4]| {
        exif.extend(tag.to_le_bytes());
        exif.extend(kind.to_le_bytes());
        exif.extend(n.to_le_bytes());
        exif.extend(value);
    };
    entry(1, 2, 2, *b"N\0\0\0");
    entry(2, 5, 3, 92u32.to_le_bytes());
    entry(3, 2, 2, *b"E\0\0\0");
    entry(4, 5, 3, 116u32.to_le_bytes());
    exif.extend([0; 4]);
    for degrees in [48u32, 9] {
        for number in [degrees, 1, 0, 1, 0, 1] {
            exif.extend(number.to_le_bytes());
        }
    }
    let mut bytes = jpeg[..2].to_vec();
    bytes.extend([0xff, 0xe1]);
    bytes.extend((exif.len() as u16 + 8).to_be_bytes());
    bytes.extend(b"Exif\0\0");
    bytes.extend(exif);
    bytes.extend(&jpeg[2..]);
    bytes
}

#[test]
fn a_copy_finds_the_page_and_labels_hide_it() {
    let (_root, knowledge_base) = knowledge_base();
    let session = knowledge_base.session().unwrap();
    let picture = image::open(example().join("pictures/sign-electric.png")).unwrap().to_rgb8();
    let near = |labels: Option<&str>| {
        let allowed_labels = labels.map(|label| [AccessLabel(label.to_owned())].into());
        let picture = Some(jpeg(&picture, 0.8, 70));
        let query = Query { picture, allowed_labels, ..Query::text("", 10) };
        let found = session.search(&query, RetrievalMode::Graph).unwrap();
        let near = found
            .hits
            .iter()
            .filter(|hit| hit.routes.iter().any(|route| route.route == Route::NearPicture));
        let mut sources: Vec<String> = near.map(|hit| hit.document.source()).collect();
        sources.sort();
        (sources, found.question)
    };
    let (sources, question) = near(None);
    assert_eq!(sources, ["page.md", "secret/copy.jpg"]);
    assert!(question.contains("Danger of shock"), "{question}");
    assert_eq!(near(Some("public")).0, ["page.md"]);
}

#[test]
fn near_duplicates_are_linked_counted_and_shown() {
    let (root, knowledge_base) = knowledge_base();
    assert_eq!(knowledge_base.status().unwrap().n_near_duplicates, 1);
    let report = knowledge_base.picture("sign.png").unwrap().unwrap();
    assert_eq!(report.shown_by, ["page.md"]);
    assert_eq!(report.near_duplicates.len(), 1);
    assert_eq!(report.near_duplicates[0].source, "secret/copy.jpg");
    assert_eq!(knowledge_base.picture("page.md").unwrap(), None);
    let mut answer = Vec::new();
    let question = "SELECT ?source ?maker WHERE { ?d vt:nearDuplicateOf ?e . ?d vt:source ?source . \
        ?v dcterms:isVersionOf ?d ; exif:make ?maker ; vt:hasColour/vt:colourName ?colour } LIMIT 1";
    let options = QueryOptions { formats: vec![ResultFormat::Csv], timeout_ms: 10_000 };
    knowledge_base.sparql(question, &options, &mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.contains("secret/copy.jpg,Cam"), "{answer}");
    drop(knowledge_base);
    let output = program(root.path()).args(["picture", "secret/copy.jpg"]).output().unwrap();
    let (code, stdout, stderr) = outcome(&output);
    assert_eq!(code, 0, "{stderr}");
    for words in ["image/jpeg", "camera          Cam", "near-duplicate  sign.png", "colour"] {
        assert!(stdout.contains(words), "`{words}` is missing in:\n{stdout}");
    }
    assert!(!stdout.contains("place"), "{stdout}");
}

#[test]
fn the_place_is_read_only_when_the_setting_is_on() {
    let (root, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let picture = image::open(example().join("pictures/sign-electric.png")).unwrap().to_rgb8();
    write(source.path(), "a.jpg", with_exif(&jpeg(&picture, 0.6, 80)));
    KnowledgeBase::init(root.path()).unwrap();
    let place = |settings: &str| {
        std::fs::write(root.path().join("veritrail.toml"), settings).unwrap();
        let knowledge_base = KnowledgeBase::open(root.path(), embedder()).unwrap();
        ingest(&knowledge_base, source.path());
        knowledge_base.picture("a.jpg").unwrap().unwrap().facts.exif.location
    };
    assert_eq!(place(""), None);
    let found = place("[ingest]\npicture_location = true\n").unwrap();
    assert_eq!((found.latitude, found.longitude), (48.0, 9.0));
    assert_eq!(place(""), None, "switched off, it leaves");
}

#[test]
fn the_facts_of_a_file_need_no_knowledge_base() {
    let root = tempfile::tempdir().unwrap();
    let file = example().join("pictures/sign-electric.png");
    let mut command = program(&root.path().join("none"));
    let output = command.arg("picture").arg(file).args(["--format", "json"]).output().unwrap();
    let (code, stdout, stderr) = outcome(&output);
    assert_eq!(code, 0, "{stderr}");
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["media_type"], "image/png");
    assert_eq!(report["facts"]["hash"].as_str().unwrap().len(), 16);
    let output = program(root.path()).args(["picture", "no-such"]).output().unwrap();
    assert_ne!(outcome(&output).0, 0);
}
