//! What each fuzz target does with any bytes: they are a document or an error, never a
//! crash, and what a document says of its text is true.
//!
//! `fuzz_targets/NAME.rs` gives these functions to cargo-fuzz, and `tests/it/fuzz.rs`
//! gives them mutations of `seeds/NAME` on every run of the tests.

use veritrail::ingest::{
    IngestConfig, LoadError, SourceItem, TableMetadata, document, fragments, is_picture, load,
    load_picture, scan,
};
use veritrail::model::{Loaded, MediaType};
use veritrail::shapes::{DataGraph, Shapes, ShapesFile, Subclasses, parse_turtle};

/// Largest file that a target takes.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// How a target gets its bytes.
enum Way {
    /// As a document under this name.
    Load(&'static str),
    /// As a file of this name in a folder, with all documents that it holds.
    Scan(&'static str),
    /// As metadata beside a table.
    Metadata,
    /// As shapes, which are then checked on themselves.
    Shapes,
}

/// Every target: its name and its way, one for each loader of `ingest` and each syntax.
const TARGETS: &[(&str, Way)] = &[
    ("csv", Way::Load("a.csv")),
    ("csvw", Way::Metadata),
    ("docx", Way::Scan("a.docx")),
    ("email", Way::Load("a.eml")),
    ("html", Way::Load("a.html")),
    ("json", Way::Load("a.json")),
    ("jsonl", Way::Scan("a.jsonl")),
    ("jsonld", Way::Load("a.jsonld")),
    ("markdown", Way::Load("a.md")),
    ("nquads", Way::Load("a.nq")),
    ("ntriples", Way::Load("a.nt")),
    ("pdf", Way::Scan("a.pdf")),
    ("picture", Way::Load("a.png")),
    ("plain", Way::Load("a.txt")),
    ("rdfxml", Way::Load("a.rdf")),
    ("rst", Way::Load("a.rst")),
    ("shapes", Way::Shapes),
    ("trig", Way::Load("a.trig")),
    ("tsv", Way::Load("a.tsv")),
    ("turtle", Way::Load("a.ttl")),
    ("zip", Way::Scan("a.zip")),
];

/// The names of all targets.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TARGETS.iter().map(|(name, _)| *name)
}

/// Gives bytes to a target; how many documents they were, or rules for shapes.
pub(crate) fn run(target: &str, bytes: &[u8]) -> usize {
    let named = TARGETS.iter().find(|(name, _)| *name == target);
    let (_, way) = named.expect("one of the targets above");
    match way {
        Way::Load(name) => taken(&item(name, bytes)),
        Way::Scan(name) => scanned(name, bytes),
        Way::Metadata => {
            let metadata =
                TableMetadata { source: "a.csv-metadata.json".to_owned(), bytes: bytes.to_vec() };
            let table = item("a.csv", b"id,name,price\n1,Seal,4.20\n2,Spring,x\n");
            taken(&SourceItem { metadata: Some(metadata), ..table })
        }
        Way::Shapes => checked(bytes),
    }
}

fn item(name: &str, bytes: &[u8]) -> SourceItem {
    SourceItem { source: name.to_owned(), bytes: bytes.to_vec(), ..SourceItem::default() }
}

fn scanned(name: &str, bytes: &[u8]) -> usize {
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::fs::write(folder.path().join(name), bytes).expect("a file can be written");
    let mut n_taken = 0;
    let mut visit =
        |found: Result<SourceItem, LoadError>| n_taken += found.map_or(0, |item| taken(&item));
    scan(folder.path(), MAX_FILE_BYTES, &mut visit).expect("the folder can be read");
    n_taken
}

fn taken(item: &SourceItem) -> usize {
    if is_picture(item) {
        return usize::from(load_picture(item, true).is_ok_and(|picture| {
            check(item, picture.media_type, &picture.loaded);
            true
        }));
    }
    usize::from(load(item).is_ok_and(|(kind, loaded)| {
        check(item, kind, &loaded);
        true
    }))
}

/// All places that a document names are in its text, and so are its fragments.
fn check(item: &SourceItem, kind: MediaType, loaded: &Loaded) {
    let n_chars = loaded.text.chars().count();
    let spans = loaded.sections.iter().map(|section| section.span);
    let spans = spans.chain(loaded.pages.iter().copied());
    let spans = spans.chain(loaded.links.iter().map(|link| link.span));
    let mut spans = spans.chain(loaded.figures.iter().map(|figure| figure.span));
    assert!(spans.all(|span| span.end() <= n_chars), "a span beyond {n_chars}: {loaded:#?}");
    let config = IngestConfig::default();
    let document = document(item, kind, loaded, &config);
    let n_words = |text: &str| text.split_whitespace().count();
    for fragment in fragments(loaded, &document, &n_words, &config.chunk) {
        assert!(fragment.span.end() <= n_chars, "{fragment:#?} of {n_chars}");
        if fragment.picture().is_none() {
            assert_eq!(fragment.span.of(&loaded.text), Some(fragment.text.as_str()));
        }
    }
}

fn checked(bytes: &[u8]) -> usize {
    let text = String::from_utf8_lossy(bytes);
    let Ok(shapes) = Shapes::parse(&[ShapesFile::new("a.ttl", text.as_ref())]) else { return 0 };
    let triples = parse_turtle("a.ttl", &text).expect("it was read before");
    let classes = Subclasses::new(triples.iter());
    let findings = shapes.check(&DataGraph::new(&triples, &[], &classes));
    for finding in &findings {
        assert!(!finding.to_string().is_empty());
    }
    1
}
