//! Text in pictures is read, searched and cited, with the installed model
//! (`make models`).

use crate::fixtures::{embedder, example, ingest, outcome, program, runtime, write};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;
use veritrail::embed::{OcrModel, Registry, TextReader, cache_dir_from_env};
use veritrail::engine::{AskOptions, KnowledgeBase, Models};
use veritrail::graph::{QueryOptions, ResultFormat};
use veritrail::model::{AnswerMode, PictureText, Query, Region};
use veritrail::picture::Picture;
use veritrail::retrieve::RetrievalMode;

fn reader() -> Arc<dyn TextReader> {
    static READER: OnceLock<Arc<dyn TextReader>> = OnceLock::new();
    let open = || -> Arc<dyn TextReader> {
        let registry = Registry::builtin().unwrap();
        let entry = registry.find("ppocr-v4-mobile").unwrap();
        let cache = cache_dir_from_env();
        Arc::new(OcrModel::open(&runtime(), entry, &cache, 2).expect("run `make models` first"))
    };
    Arc::clone(READER.get_or_init(open))
}

fn models() -> Models {
    Models { ocr: Some(reader()), ..Models::from(embedder()) }
}

fn read(path: &Path) -> PictureText {
    let picture = Picture::decode(&std::fs::read(path).unwrap()).unwrap();
    reader().read(&picture.on_white()).unwrap()
}

/// Pictures of the example under names that say nothing, and a page about
/// something else.
fn documents() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (n, name) in
        ["leds-fell-400-bus-short", "screen-fell-400-network", "sign-esd", "chart-noise"]
            .iter()
            .enumerate()
    {
        let picture = std::fs::read(example().join(format!("pictures/{name}.png"))).unwrap();
        write(folder.path(), &format!("photos/img-{n}.png"), picture);
    }
    let page = "# Watering\n\nWater the beds in the morning. See ![](photos/img-1.png).\n";
    write(folder.path(), "watering.md", page);
    folder
}

fn knowledge_base(root: &Path, source: &Path) -> KnowledgeBase {
    KnowledgeBase::init(root).unwrap();
    let knowledge_base = KnowledgeBase::open(root, models()).unwrap();
    ingest(&knowledge_base, source);
    knowledge_base
}

#[derive(Deserialize)]
struct Line {
    text: String,
    #[serde(rename = "box")]
    place: [u32; 4],
}

/// Insertions, deletions and replacements that turn `a` into `b`.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// Shared part of the union of two boxes.
fn overlap(a: Region, b: [u32; 4]) -> f64 {
    let b = Region::new(b[0], b[1], b[2], b[3]).unwrap();
    let side = |a: u32, n: u32, b: u32, m: u32| (a + n).min(b + m).saturating_sub(a.max(b));
    let shared = u64::from(side(a.x(), a.width(), b.x(), b.width()))
        * u64::from(side(a.y(), a.height(), b.y(), b.height()));
    let area = |r: Region| u64::from(r.width()) * u64::from(r.height());
    shared as f64 / (area(a) + area(b) - shared) as f64
}

#[test]
fn drawn_lines_are_read_where_they_stand() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/ocr");
    let truth = std::fs::read_to_string(folder.join("lines.json")).unwrap();
    let truth: BTreeMap<String, Vec<Line>> = serde_json::from_str(&truth).unwrap();
    let (mut n_lines, mut n_exact, mut n_characters, mut n_edits) = (0, 0, 0, 0);
    for (sheet, lines) in truth {
        let found = read(&folder.join(&sheet));
        assert!(found.lines.iter().all(|line| (0.0..=1.0).contains(&line.confidence)));
        for line in lines {
            let best = found
                .lines
                .iter()
                .max_by(|a, b| {
                    overlap(a.region, line.place).total_cmp(&overlap(b.region, line.place))
                })
                .unwrap();
            let n = edits(&line.text, &best.text);
            println!("{sheet}: {n} {:?} {:?} {}", line.text, best.text, best.confidence);
            // The detector's boxes stand off from the ink.
            assert!(overlap(best.region, line.place) > 0.3, "{sheet}: {}", line.text);
            n_lines += 1;
            n_exact += usize::from(n == 0);
            n_characters += line.text.chars().count();
            n_edits += n;
        }
    }
    println!("{n_lines} lines, {n_exact} exact; {n_characters} characters, {n_edits} edits");
    assert_eq!(n_lines, 36);
    assert!(100 * n_edits <= 2 * n_characters, "{n_edits} of {n_characters} characters");
}

#[test]
fn a_picture_is_found_by_the_words_that_stand_in_it() {
    let (root, source) = (tempfile::tempdir().unwrap(), documents());
    let knowledge_base = knowledge_base(root.path(), source.path());
    let session = knowledge_base.session().unwrap();
    for (question, picture) in [
        ("short circuit on the bus", "photos/img-0.png"),
        ("gateway 192.168.40.1", "photos/img-1.png"),
        ("sound level", "photos/img-3.png"),
    ] {
        for mode in [RetrievalMode::Lexical, RetrievalMode::Dense, RetrievalMode::Graph] {
            let found = session.search(&Query::text(question, 3), mode).unwrap();
            let best = found.hits.first().map(|hit| hit.document.source());
            assert_eq!(best.as_deref(), Some(picture), "{question} by {mode:?}");
        }
    }
}

#[test]
fn an_answer_that_stands_only_in_a_picture_cites_it_with_its_box() {
    let (root, source) = (tempfile::tempdir().unwrap(), documents());
    let knowledge_base = knowledge_base(root.path(), source.path());
    let session = knowledge_base.session().unwrap();
    let record = session
        .ask(
            &Query::text("What is the gateway address of the network?", 10),
            &AskOptions::for_principal("tester"),
            &mut |_| {},
        )
        .unwrap();
    assert!(matches!(record.answer.mode, AnswerMode::Extractive { .. }), "{record:?}");
    assert!(record.answer.text().contains("192.168.40.1"), "{}", record.answer.text());
    let citation = &record.answer.sentences[0].citations[0];
    let evidence = record.evidence.iter().find(|e| e.number == citation.number).unwrap();
    assert_eq!(evidence.source, "photos/img-1.png");
    let lines = knowledge_base.text_lines(&evidence.fragment.id).unwrap();
    let cited = lines.iter().filter(|line| {
        line.span.start() < citation.span.end() && citation.span.start() < line.span.end()
    });
    let cited: Vec<_> = cited.collect();
    assert!(!cited.is_empty());
    for line in cited {
        let region = line.line.region;
        assert!(region.x() + region.width() <= 480 && region.y() + region.height() <= 320);
        assert!(line.line.confidence >= 0.7);
    }
}

#[test]
fn boxes_and_confidences_are_in_the_graph() {
    let (root, source) = (tempfile::tempdir().unwrap(), documents());
    let knowledge_base = knowledge_base(root.path(), source.path());
    let query = "SELECT ?text ?box ?confidence WHERE { GRAPH ?v {
        ?picture a vt:Picture ; vt:hasTextLine ?line .
        ?line a vt:TextLine ; vt:text ?text ; vt:confidence ?confidence ; oa:hasSelector ?s .
        ?s a oa:FragmentSelector ; dcterms:conformsTo <http://www.w3.org/TR/media-frags/> ;
           rdf:value ?box . FILTER(CONTAINS(?text, \"192.168.40.10\")) } }";
    let mut json = Vec::new();
    let options = QueryOptions { timeout_ms: 10_000, formats: vec![ResultFormat::Json] };
    knowledge_base.sparql(query, &options, &mut json).unwrap();
    let text = String::from_utf8(json).unwrap();
    assert!(text.contains("xywh=pixel:"), "{text}");
}

#[test]
fn pictures_are_taken_in_anew_when_their_text_can_be_read_and_only_then() {
    let (root, source) = (tempfile::tempdir().unwrap(), documents());
    KnowledgeBase::init(root.path()).unwrap();
    let before = KnowledgeBase::open(root.path(), embedder()).unwrap();
    let old = ingest(&before, source.path());
    let session = before.session().unwrap();
    let found = session.search(&Query::text("short circuit", 3), RetrievalMode::Lexical).unwrap();
    assert!(found.hits.is_empty(), "no text was read");
    drop(session);
    drop(before);
    let after = KnowledgeBase::open(root.path(), models()).unwrap();
    let first = after.ingest(source.path(), &mut |_| {}).unwrap();
    assert_eq!((first.n_committed, first.n_unchanged), (4, 1), "pictures only");
    assert_ne!(after.publish(&mut |_| {}).unwrap().generation.name(), old);
    let again = after.ingest(source.path(), &mut |_| {}).unwrap();
    assert_eq!((again.n_committed, again.n_unchanged), (0, 5));
    assert_eq!(after.status().unwrap().findings, Vec::<String>::new());
}

#[test]
fn the_program_shows_where_the_words_stand_and_can_do_without() {
    let source = documents();
    for (setting, expected) in [("auto", true), ("ppocr-v4-mobile", true), ("off", false)] {
        let folder = tempfile::tempdir().unwrap();
        let kb = folder.path().join("kb");
        KnowledgeBase::init(&kb).unwrap();
        let settings = format!("[models]\nocr = \"{setting}\"\npictures = []\n");
        std::fs::write(kb.join("veritrail.toml"), settings).unwrap();
        let run = |arguments: &[&str]| outcome(&program(&kb).args(arguments).output().unwrap());
        let (code, _, errors) = run(&["ingest", source.path().to_str().unwrap()]);
        assert_eq!(code, 0, "{errors}");
        let (code, shown, errors) = run(&["search", "short circuit", "--mode", "lexical"]);
        assert_eq!(code, 0, "{errors}");
        assert_eq!(shown.contains("photos/img-0.png#xywh=pixel:"), expected, "{setting}: {shown}");
    }
}

#[test]
fn pictures_without_text_and_of_odd_shapes_have_no_lines() {
    for (width, height) in [(1, 1), (3, 900), (900, 3), (64, 64)] {
        let bytes = vec![200; 3 * width as usize * height as usize];
        let picture = veritrail::picture::RgbPixels { width, height, bytes };
        assert_eq!(reader().read(&picture).unwrap(), PictureText::default(), "{width}x{height}");
    }
}
