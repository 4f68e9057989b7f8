//! `SERVICE vt:search` by the library, the command line and HTTP, with the bundled
//! picture model.

use crate::fixtures::{embedder, example, ingest, outcome, program, runtime, write};
use crate::server::{get, serve_on};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;
use tempfile::TempDir;
use veritrail::embed::{PictureEmbedder, Registry, SharedTextPictureModel, cache_dir_from_env};
use veritrail::engine::{KnowledgeBase, Models};
use veritrail::graph::{QueryError, QueryOptions, ResultFormat};
use veritrail::model::AccessLabel;

/// MiniLM and the bundled picture model.
pub(crate) fn models() -> Models {
    let registry = Registry::builtin().unwrap();
    let entry = registry.find("veritrail-lite").unwrap();
    let cache = cache_dir_from_env();
    let pictures = SharedTextPictureModel::open(&runtime(), entry, &cache, embedder(), 2).unwrap();
    let pictures: Arc<dyn PictureEmbedder> = Arc::new(pictures);
    Models { pictures: vec![pictures], ..Models::from(embedder()) }
}

const PAGES: [(&str, &str); 3] = [
    ("docs/sign-electric", "A sign warns of electric shock"),
    ("docs/front-rook-leaf", "The leaf sensor has a green plate"),
    ("secret/leds-g2-no-sim", "The lights say that no card is in"),
];

/// Three pages, each with a picture; one in a folder `secret`.
fn knowledge_base() -> (TempDir, KnowledgeBase) {
    let (root, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (page, text) in PAGES {
        let name = page.rsplit('/').next().unwrap();
        let files = std::fs::read_dir(example().join("pictures")).unwrap();
        let file = files
            .map(|file| file.unwrap().path())
            .find(|file| file.file_stem().is_some_and(|stem| stem.to_string_lossy() == *name))
            .unwrap();
        let ending = file.extension().unwrap().to_string_lossy().into_owned();
        write(source.path(), &format!("{page}.{ending}"), std::fs::read(&file).unwrap());
        let body = format!("# Page\n\n{text}.\n\n![]({name}.{ending})\n");
        write(source.path(), &format!("{page}.md"), body);
    }
    KnowledgeBase::init(root.path()).unwrap();
    let settings = "[[ingest.labels]]\nprefix = \"secret/\"\nlabel = \"factory\"\n";
    std::fs::write(root.path().join("veritrail.toml"), settings).unwrap();
    let knowledge_base = KnowledgeBase::open(root.path(), models()).unwrap();
    ingest(&knowledge_base, source.path());
    (root, knowledge_base)
}

fn options() -> QueryOptions {
    QueryOptions { timeout_ms: 20_000, formats: vec![ResultFormat::Csv] }
}

fn ask(knowledge_base: &KnowledgeBase, query: &str) -> Result<String, QueryError> {
    let mut output = Vec::new();
    knowledge_base.sparql(query, &options(), &mut output)?;
    Ok(String::from_utf8(output).unwrap())
}

/// The document of each hit, best first.
fn documents_of(search: &str) -> String {
    format!(
        "SELECT ?source {{ SERVICE vt:search {{ ?hit {search} ; vt:rank ?rank }} \
         ?hit dcterms:isPartOf/dcterms:isVersionOf/vt:source ?source }} ORDER BY ?rank"
    )
}

#[test]
fn words_find_texts_and_pictures_find_pictures_inside_of_a_query() {
    let (_root, knowledge_base) = knowledge_base();
    let query = documents_of("vt:query \"danger of electric shock\" ; vt:k 1");
    assert_eq!(ask(&knowledge_base, &query).unwrap(), "source\r\ndocs/sign-electric.md\r\n");
    let known = "vt:image <urn:veritrail:document:docs/sign-electric.png> ; vt:k 1";
    let itself = "source\r\ndocs/sign-electric.png\r\n";
    assert_eq!(ask(&knowledge_base, &documents_of(known)).unwrap(), itself);
    let bytes = std::fs::read(example().join("pictures/sign-electric.png")).unwrap();
    let foreign = format!("vt:image <data:image/png;base64,{}> ; vt:k 1", STANDARD.encode(bytes));
    assert_eq!(ask(&knowledge_base, &documents_of(&foreign)).unwrap(), itself);
    let words = "vt:query \"a leaf\" ; vt:space \"veritrail-lite\" ; vt:k 3";
    let found = ask(&knowledge_base, &documents_of(words)).unwrap();
    assert_eq!(found.lines().count(), 4, "{found}");
    assert!(!found.contains(".md"), "{found}");
}

#[test]
fn labels_bind_the_hits_of_a_search() {
    let (_root, knowledge_base) = knowledge_base();
    let session = knowledge_base.session().unwrap();
    let labels = [AccessLabel("public".into())].into();
    let run = |search: &str| {
        let mut output = Vec::new();
        session.sparql(&documents_of(search), &options(), Some(&labels), &mut output)?;
        Ok::<_, QueryError>(String::from_utf8(output).unwrap())
    };
    let found = run("vt:query \"lights and a missing card\" ; vt:k 50").unwrap();
    assert!(found.contains("docs/") && !found.contains("secret/"), "{found}");
    let hidden = run("vt:image <urn:veritrail:document:secret/leds-g2-no-sim.png> ; vt:k 1");
    let unknown = run("vt:image <urn:veritrail:document:nothing.png> ; vt:k 1");
    let text = |found: Result<String, QueryError>| found.unwrap_err().to_string();
    let (hidden, unknown) = (text(hidden), text(unknown));
    assert_eq!(hidden.replace("secret/leds-g2-no-sim", "nothing"), unknown);
}

#[test]
fn a_search_without_hits_to_come_says_why() {
    let (_root, knowledge_base) = knowledge_base();
    let check = |search: &str, expected: &str| {
        let error = ask(&knowledge_base, &documents_of(search)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check("vt:query \"x\" ; vt:k 1 ; vt:space \"clip\"", "no space `clip`");
    check("vt:image <urn:x> ; vt:k 1", "<urn:x> is no picture");
    check("vt:image <data:image/png;base64,aGk=> ; vt:k 1", "cannot be used");
    check("vt:image <data:,hi> ; vt:k 1", "no valid base64");
    let root = tempfile::tempdir().unwrap();
    KnowledgeBase::init(root.path()).unwrap();
    let empty = KnowledgeBase::open(root.path(), models()).unwrap();
    let error = ask(&empty, &documents_of("vt:query \"x\" ; vt:k 1")).unwrap_err().to_string();
    assert!(error.contains("nothing was published"), "{error}");
}

#[test]
fn the_command_line_searches_inside_of_a_query() {
    let (root, knowledge_base) = knowledge_base();
    drop(knowledge_base);
    let query = documents_of("vt:query \"danger of electric shock\" ; vt:k 1");
    let output = program(root.path()).args(["sparql", &query]).output().unwrap();
    let (code, stdout, stderr) = outcome(&output);
    assert_eq!((code, stdout.contains("docs/sign-electric.md")), (0, true), "{stderr}");
    let wrong = documents_of("vt:query \"x\"");
    let (code, _, stderr) =
        outcome(&program(root.path()).args(["sparql", &wrong]).output().unwrap());
    assert_eq!((code, stderr.contains("expected vt:k")), (1, true), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_http_interface_searches_inside_of_a_query() {
    let (root, knowledge_base) = knowledge_base();
    let server = serve_on(root, knowledge_base).await;
    let encode =
        |query: &str| form_urlencoded::byte_serialize(query.as_bytes()).collect::<String>();
    let query = documents_of("vt:query \"danger of electric shock\" ; vt:k 1");
    let url = format!("{}/sparql?query={}", server.base, encode(&query));
    let (status, _, body) = get(url, "text/csv").await;
    assert_eq!((status, body.contains("docs/sign-electric.md")), (200, true), "{body}");
    let wrong = documents_of("vt:query ?x ; vt:k 1");
    let url = format!("{}/sparql?query={}", server.base, encode(&wrong));
    let (status, _, body) = get(url, "text/csv").await;
    assert_eq!((status, body.contains("has no value here")), (400, true), "{body}");
}
