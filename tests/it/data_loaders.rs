//! Data goes in: RDF, tables, JSON and archives, whole and damaged.
//!
//! With `VERITRAIL_TEST_DATA` set to a folder of data sets, those that are there are
//! taken in as well.

use crate::fixtures::{ingest, open, write};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use veritrail::engine::KnowledgeBase;
use veritrail::graph::{QueryOptions, ResultFormat};
use veritrail::ingest::{LoadError, SourceItem, count, load, scan};
use veritrail::model::{Loaded, MediaType};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const LIMIT: u64 = 16 << 20;

/// A source path, and what was loaded or why not.
type Outcome = (String, Result<(MediaType, Loaded), String>);

/// Scans a folder and loads what is found.
fn load_all(folder: &Path) -> Vec<Outcome> {
    let mut all = Vec::new();
    let mut visit = |item: Result<SourceItem, LoadError>| {
        all.push(match item {
            Ok(item) => (item.source.clone(), load(&item).map_err(|error| error.to_string())),
            Err(error) => (String::new(), Err(error.to_string())),
        });
    };
    scan(folder, LIMIT, &mut visit).unwrap();
    all
}

/// The error about the only file of a folder; it names the file.
fn refusal(name: &str, bytes: impl AsRef<[u8]>) -> String {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), name, bytes);
    let mut all = load_all(folder.path());
    assert_eq!(all.len(), 1, "{all:?}");
    let error = all.remove(0).1.unwrap_err();
    assert!(error.contains(name), "{error}");
    error
}

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Replaces equally many bytes wherever they stand.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let starts: Vec<usize> =
        (0..bytes.len()).filter(|start| bytes[*start..].starts_with(from)).collect();
    assert!(!starts.is_empty());
    for start in starts {
        bytes[start..start + to.len()].copy_from_slice(to);
    }
    bytes
}

fn check(name: &str, bytes: impl AsRef<[u8]>, expected: &[&str]) {
    let error = refusal(name, bytes);
    for part in expected {
        assert!(error.contains(part), "`{part}` is missing in: {error}");
    }
}

#[test]
fn damaged_data_is_refused_with_its_place() {
    check("a.ttl", "<urn:a> <urn:b> <urn:c> .\n<urn:a> <urn:b>", &["not valid Turtle", "line 2"]);
    check("a.trig", "<urn:g> {", &["not valid TriG"]);
    check("a.nt", "<urn:a> <urn:b> .\n", &["not valid N-Triples", "line 1"]);
    check("a.nq", "<urn:a> <urn:b> <urn:c> <urn:d> <urn:e> .\n", &["not valid N-Quads", "line 1"]);
    check("a.rdf", "<rdf:RDF xmlns:rdf='urn:x#'>\n<a", &["not valid RDF/XML", "line 2"]);
    check("a.jsonld", "{\"@id\": \"urn:a\"", &["not valid JSON-LD"]);
    check("a.csv", "a,b\n1,\"2\n", &["quote that opens on line 2"]);
    check("a.csv", b"a,b\n1,\xe4\n", &["not UTF-8 from byte 6 (line 2)", "save it as UTF-8"]);
    check("a.csv", b"\xff\xfea\0,\0b\0", &["UTF-16", "save it as UTF-8"]);
    check("a.json", "{\"a\": 1,\n}", &["not valid JSON", "line 2"]);
    check("a.json", "[".repeat(1 << 20), &["at most 127 levels"]);
    check("a.jsonld", "{\"urn:p\":".repeat(1 << 16), &["at most 127 levels"]);
}

#[test]
fn empty_data_is_refused() {
    for name in ["a.ttl", "a.trig", "a.nt", "a.nq", "a.rdf", "a.jsonld", "a.csv", "a.tsv", "a.json"]
    {
        check(name, "", &["found an empty file"]);
        check(name, " \n", &["found an empty file"]);
    }
    check("a.zip", "", &["cannot be unpacked"]);
}

#[test]
fn nothing_outside_of_a_file_is_read() {
    let context = r#"{"@context": "http://127.0.0.1:9/context.jsonld", "name": "x"}"#;
    for name in ["a.jsonld", "a.json"] {
        check(name, context, &["http://127.0.0.1:9/context.jsonld", "write the context into"]);
    }
    let xml = "<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/hostname\">]>\
        <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
        <rdf:Description rdf:about=\"urn:a\"><p xmlns=\"urn:\">&x;</p></rdf:Description></rdf:RDF>";
    check("a.rdf", xml, &["not valid RDF/XML"]);
}

#[test]
fn entities_that_stand_for_gigabytes_are_refused() {
    let mut xml = "<?xml version=\"1.0\"?>\n<!DOCTYPE rdf:RDF [\n<!ENTITY a0 \"ha\">\n".to_owned();
    for n in 1..12 {
        let below = format!("&a{};", n - 1).repeat(10);
        writeln!(xml, "<!ENTITY a{n} \"{below}\">").unwrap();
    }
    xml += "]>\n<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">&a11;</rdf:RDF>";
    check("a.rdf", xml, &["entities of at most 4096 bytes", "`&a3;`"]);
}

#[test]
fn a_damaged_archive_is_refused_and_so_is_what_is_hidden_in_it() {
    let whole = archive(&[("notes.md", b"# Notes\n\nSome text.\n")]);
    check("a.zip", &whole[..whole.len() / 2], &["cannot be unpacked", "is it cut off?"]);
    // The data of an entry begin after 30 bytes and its name.
    let mut altered = whole.clone();
    altered[30 + "notes.md".len() + 2] ^= 0x55;
    check("a.zip", altered, &["a.zip/notes.md cannot be unpacked"]);
    // Bit 0 of the flags of both headers says that an entry is encrypted.
    let mut locked = whole.clone();
    let central = locked.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    locked[6] |= 1;
    locked[central + 8] |= 1;
    check("a.zip", locked, &["a.zip/notes.md", "it is encrypted"]);
    let outside = replaced(&archive(&[("ab/notes.md", b"x")]), b"ab/notes", b"../notes");
    check("a.zip", outside, &["a.zip/../notes.md", "leads out of it"]);
    let bomb = archive(&[("zeros.txt", &vec![b'0'; 8 << 20])]);
    assert!(bomb.len() < 100_000);
    check("a.zip", bomb, &["a.zip/zeros.txt", "at most 250 times"]);
    let large: Vec<u8> =
        (0..17u32 << 18).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    check(
        "a.zip",
        archive(&[("large.txt", &large)]),
        &["at most 16777216 bytes", "max_file_bytes"],
    );
    let third = archive(&[("c.zip", &archive(&[("d.zip", &whole)]))]);
    check("a.zip", third, &["a.zip/c.zip/d.zip", "at most one archive within another"]);
}

#[test]
fn an_archive_is_a_folder_of_its_name() {
    let inner = archive(&[("deep/b.md", b"# B\n\nb\n")]);
    let metadata = br#"{"@context": "http://www.w3.org/ns/csvw", "url": "t.csv",
        "tableSchema": {"aboutUrl": "http://e.test/{a}", "columns": [{"name": "a"}]}}"#;
    let outer = archive(&[
        ("docs/", b""),
        ("./docs/a.md", b"# A\n\nSee [b](../more.zip/deep/b.md).\n"),
        ("docs/.hidden.md", b"h"),
        ("more.zip", &inner),
        ("lines.jsonl", b"{\"id\":1,\"text\":\"x\"}\n{\"id\":2,\"text\":\"y\"}\n"),
        ("t.csv", b"a\n1\n"),
        ("t.csv-metadata.json", metadata),
    ]);
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "all.zip", &outer);
    let all = load_all(folder.path());
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "all.zip/docs/a.md",
        "all.zip/lines.jsonl#1",
        "all.zip/lines.jsonl#2",
        "all.zip/more.zip/deep/b.md",
        "all.zip/t.csv",
    ];
    assert_eq!(names, expected);
    // The lines and the inner archive are counted as one each: counting unpacks nothing.
    assert_eq!(count(folder.path()), 4);
    let (_, a) = all[0].1.as_ref().unwrap();
    assert_eq!(a.links[0].target, "all.zip/more.zip/deep/b.md");
    let (_, table) = all[4].1.as_ref().unwrap();
    assert_eq!(table.triples[0].subject.to_string(), "<http://e.test/1>");
}

fn knowledge_base(folder: &Path) -> (TempDir, KnowledgeBase) {
    let root = tempfile::tempdir().unwrap();
    KnowledgeBase::init(root.path()).unwrap();
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, folder);
    (root, knowledge_base)
}

/// The rows of a query, each value as text, in order.
fn rows(knowledge_base: &KnowledgeBase, query: &str) -> Vec<Vec<String>> {
    let options = QueryOptions { timeout_ms: 60_000, formats: vec![ResultFormat::Json] };
    let mut output = Vec::new();
    knowledge_base.sparql(query, &options, &mut output).unwrap();
    let results: Value = serde_json::from_slice(&output).unwrap();
    let names = results["head"]["vars"].as_array().unwrap();
    let text = |row: &Value, name: &Value| {
        row[name.as_str().unwrap()]["value"].as_str().unwrap_or_default().to_owned()
    };
    let bindings = results["results"]["bindings"].as_array().unwrap();
    let mut rows: Vec<Vec<String>> =
        bindings.iter().map(|row| names.iter().map(|name| text(row, name)).collect()).collect();
    rows.sort();
    rows
}

#[test]
fn rows_of_a_table_are_answers_to_queries_and_entities_of_the_text() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "parts.csv",
        "no;name;price;fits\nP1;Shaft Seal Kit;4.50;M1\nP2;Impeller Housing;19.00;M1\nP3;Bolt\n",
    );
    write(folder.path(), "machines.json", r#"[{"id": "M1", "name": "Pump X-10", "weight": 12}]"#);
    write(folder.path(), "note.md", "# Note\n\nThe Shaft Seal Kit is worn out early.\n");
    write(folder.path(), "lost.csv", "a,\"b\n");
    let root = tempfile::tempdir().unwrap();
    KnowledgeBase::init(root.path()).unwrap();
    let knowledge_base = open(root.path());
    let outcome = knowledge_base.ingest(folder.path(), &mut |_| {}).unwrap();
    assert_eq!((outcome.n_committed, outcome.failed.len()), (3, 1));
    assert_eq!(outcome.warnings, ["parts.csv: row 3 (line 4): expected 4 values, found 2"]);
    knowledge_base.publish(&mut |_| {}).unwrap();
    let query = "SELECT ?name ?price { ?part a <urn:veritrail:class:parts> ; rdfs:label ?name ; \
        <urn:veritrail:property:price> ?price FILTER(?price > 5) }";
    assert_eq!(rows(&knowledge_base, query), [["Impeller Housing", "19"]]);
    let query = "SELECT ?source { ?mention oa:hasBody <urn:veritrail:record:parts.csv#P1> ; \
        oa:hasTarget/oa:hasSource/dcterms:isPartOf/dcterms:isVersionOf/vt:source ?source }";
    let sources = rows(&knowledge_base, query);
    assert!(sources.contains(&vec!["note.md".to_owned()]), "{sources:?}");
    let again = knowledge_base.ingest(folder.path(), &mut |_| {}).unwrap();
    assert_eq!((again.n_committed, again.n_unchanged), (0, 3));
    write(
        folder.path(),
        "parts.csv-metadata.json",
        r#"{"@context": "http://www.w3.org/ns/csvw", "url": "parts.csv",
            "dialect": {"delimiter": ";"},
            "tableSchema": {"primaryKey": "no", "columns": [
                {"name": "no"}, {"name": "name"}, {"name": "price", "datatype": "decimal"},
                {"name": "fits"}],
            "foreignKeys": [{"columnReference": "fits",
                "reference": {"resource": "machines.json", "columnReference": "id"}}]}}"#,
    );
    let changed = knowledge_base.ingest(folder.path(), &mut |_| {}).unwrap();
    assert_eq!((changed.n_committed, changed.n_unchanged), (1, 2));
    let query = "SELECT ?part ?machine { ?p rdfs:label ?part ; <urn:veritrail:property:fits> ?m . \
        ?m <urn:veritrail:property:weight> 12 ; rdfs:label ?machine }";
    assert_eq!(
        rows(&knowledge_base, query),
        [["Impeller Housing", "Pump X-10"], ["Shaft Seal Kit", "Pump X-10"]]
    );
}

#[test]
fn blank_nodes_of_two_files_stay_apart() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.nt", "_:x <urn:p> \"a\" .\n");
    write(folder.path(), "b.nq", "_:x <urn:p> \"b\" <urn:g> .\n");
    let (_root, knowledge_base) = knowledge_base(folder.path());
    let query = "SELECT (COUNT(DISTINCT ?s) AS ?n) { ?s <urn:p> ?o FILTER(isBlank(?s)) }";
    assert_eq!(rows(&knowledge_base, query), [["2"]]);
}

proptest! {
    #[test]
    fn no_bytes_stop_a_loader(
        text in "[ -~\n\t\r\"'{}<>\\[\\];,:@é\u{0}]{0,200}",
        bytes in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        for ending in ["ttl", "trig", "nt", "nq", "rdf", "jsonld", "json", "csv", "tsv"] {
            for bytes in [text.as_bytes(), &bytes] {
                let source = format!("a.{ending}");
                let item = SourceItem { source, bytes: bytes.to_vec(), ..SourceItem::default() };
                if let Ok((_, loaded)) = load(&item) {
                    let n_chars = loaded.text.chars().count();
                    prop_assert!(loaded.sections.iter().all(|s| s.span.end() <= n_chars));
                }
            }
        }
    }
}

/// A data set of `VERITRAIL_TEST_DATA`, where it is there.
fn data_set(name: &str) -> Option<PathBuf> {
    let folder = Path::new(&std::env::var_os("VERITRAIL_TEST_DATA")?).join(name);
    folder.is_dir().then_some(folder)
}

/// Whether two results are the same, numbers by their value.
fn same(found: &[Vec<String>], expected: &[Vec<String>]) -> bool {
    let canonical = |rows: &[Vec<String>]| {
        let value = |text: &String| {
            text.parse::<f64>().map_or_else(|_| text.clone(), |number| format!("{number:.6}"))
        };
        let mut rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(value).collect()).collect();
        rows.sort();
        rows
    };
    canonical(found) == canonical(expected)
}

#[test]
fn questions_about_an_imported_graph_give_their_expected_rows() {
    let Some(folder) = data_set("acme-insurance") else { return };
    let files = tempfile::tempdir().unwrap();
    for name in ["data.nt", "ontology.ttl"] {
        std::fs::copy(folder.join(name), files.path().join(name)).unwrap();
    }
    let (_root, knowledge_base) = knowledge_base(files.path());
    let questions = std::fs::read_to_string(folder.join("queries.jsonl")).unwrap();
    let (mut n_same, mut differing) = (0, Vec::new());
    for line in questions.lines() {
        let question: Value = serde_json::from_str(line).unwrap();
        let found = rows(&knowledge_base, question["sparql"].as_str().unwrap());
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let expected: Vec<Vec<String>> = question["expected"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row.as_array().unwrap().iter().map(text).collect())
            .collect();
        if same(&found, &expected) {
            n_same += 1;
        } else {
            differing.push(format!("{}: expected {expected:?}, found {found:?}", question["id"]));
        }
    }
    println!("{n_same} of {} questions give the expected rows", n_same + differing.len());
    assert!(n_same > 0 && differing.is_empty(), "{differing:#?}");
}

#[test]
fn catalogues_and_vocabularies_are_taken_in() {
    for (set, file) in
        [("grocery-store", "catalogue.ttl"), ("schemaorg", "schemaorg-current-https.ttl")]
    {
        let Some(folder) = data_set(set) else { continue };
        let (_root, knowledge_base) = knowledge_base(&folder.join(file));
        let bytes = std::fs::read(folder.join(file)).unwrap();
        let item = SourceItem { source: file.to_owned(), bytes, ..SourceItem::default() };
        let loaded = load(&item).unwrap().1;
        let n_loaded = loaded.triples.iter().collect::<HashSet<_>>().len();
        let query = "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } \
            FILTER(STRSTARTS(STR(?g), 'urn:veritrail:graph:imported:')) }";
        println!("{file}: {n_loaded} triples");
        assert_eq!(rows(&knowledge_base, query), [[n_loaded.to_string()]]);
    }
}

#[test]
fn every_file_of_these_data_sets_loads() {
    for (set, part) in [("w3c-rdf-tests", "sparql"), ("k8s-docs", "corpus.jsonl")] {
        let Some(folder) = data_set(set) else { continue };
        let folder = folder.join(part);
        let all = load_all(&folder);
        assert_eq!(all.len(), count(&folder));
        let errors = all.iter().filter_map(|(name, result)| Some((name, result.as_ref().err()?)));
        let (empty, failed): (Vec<_>, Vec<_>) =
            errors.partition(|(_, error)| error.contains("found an empty file"));
        let n_triples: usize = all.iter().flat_map(|(_, r)| r).map(|(_, l)| l.triples.len()).sum();
        println!("{set}: {} documents, {n_triples} triples, {} empty", all.len(), empty.len());
        assert!(failed.is_empty(), "{failed:#?}");
        // The empty ones are empty.
        for (name, _) in empty {
            let bytes = std::fs::read(folder.join(name)).unwrap();
            assert!(bytes.trim_ascii().is_empty(), "{name}");
        }
    }
}
