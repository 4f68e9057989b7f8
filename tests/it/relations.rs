//! What documents say stands in the graph, with the words that say it.

use crate::fixtures::{ingest, open, outcome, program, write};
use std::path::Path;
use tempfile::TempDir;
use veritrail::engine::{DeleteOptions, KnowledgeBase};
use veritrail::graph::{QueryOptions, ResultFormat};
use veritrail::model::DocumentId;

/// A maker's two pumps and a controller, in English and in German.
fn documents() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "a.md",
        "# Pump X-20\n\nThe Pump X-20 is a misting pump for greenhouses that was released on \
         11 March 2024. The Pump X-20 replaces the Pump X-10. The Pump X-20 is not a Controller \
         Y-1.\n\n| Property | Value |\n|---|---|\n| Pressure | 20 bar |\n| Maker | Ostervik |\n",
    );
    write(
        folder.path(),
        "b.md",
        "# Pump X-10\n\nThe Pump X-10 requires the Controller Y-1. The Controller Y-1 drives the \
         Pump X-10, and nothing else does. The pressure relief valve of the pump is small.\n",
    );
    write(
        folder.path(),
        "c.md",
        "# Controller Y-1\n\nThe Controller Y-1 (order number C-1) drives the Pump X-10. See \
         https://maker.example/y1 for more. The pressure relief valve is not part of it, and a \
         pressure relief valve is sold alone.\n",
    );
    write(
        folder.path(),
        "d.md",
        "# Pumpe X-30\n\nDie Pumpe X-30 ist eine Pumpe und ersetzt die Pumpe X-20, welche schon \
         lange nicht mehr gebaut wird. Siehe https://maker.example/y1 und vieles andere mehr.\n\
         Pumpe X-30 is a pressure relief valve.\n",
    );
    write(folder.path(), "e.md", "# Valves\n\nA pressure relief valve is in the box.\n");
    folder
}

fn new(source: &Path) -> (TempDir, KnowledgeBase) {
    let root = tempfile::tempdir().unwrap();
    KnowledgeBase::init(root.path()).unwrap();
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source);
    (root, knowledge_base)
}

fn rows(knowledge_base: &KnowledgeBase, query: &str) -> Vec<String> {
    let options = QueryOptions { timeout_ms: 60_000, formats: vec![ResultFormat::Csv] };
    let mut output = Vec::new();
    knowledge_base.sparql(query, &options, &mut output).unwrap();
    String::from_utf8(output).unwrap().lines().skip(1).map(|l| l.trim().to_owned()).collect()
}

const PLAIN: &str = "SELECT ?a ?b { ?s dcterms:replaces|dcterms:requires ?o .
    ?s skos:prefLabel ?a . ?o skos:prefLabel ?b } ORDER BY ?a";

#[test]
fn ordinary_queries_find_what_documents_say() {
    let source = documents();
    let (_root, knowledge_base) = new(source.path());
    assert_eq!(rows(&knowledge_base, PLAIN), ["Pump X-10,Controller Y-1", "Pump X-20,Pump X-10"]);
    let kinds = "SELECT ?kind { ?s skos:prefLabel 'Pump X-20' ; vt:isA ?kind }";
    assert_eq!(rows(&knowledge_base, kinds), ["misting pump"]);
    let pressure = "SELECT ?value { ?s skos:prefLabel 'Pump X-20' ; ?property ?value .
        ?property rdfs:label 'Pressure' }";
    assert_eq!(rows(&knowledge_base, pressure), ["20 bar"]);
}

#[test]
fn every_relation_quotes_its_fragment() {
    let source = documents();
    let (_root, knowledge_base) = new(source.path());
    let query = "SELECT ?rule ?quote (SUBSTR(?text, ?start + 1, ?end - ?start) = ?quote AS ?exact)
        { ?r a vt:Relation ; vt:rule ?rule ; oa:hasTarget ?t .
          ?t oa:hasSource/vt:text ?text ; oa:hasSelector ?s .
          ?s oa:start ?start ; oa:end ?end ; oa:exact ?quote } ORDER BY ?rule ?quote";
    let found = rows(&knowledge_base, query);
    assert_eq!(found.len(), 5, "{found:?}");
    assert!(found.iter().all(|row| row.ends_with(",true")), "{found:?}");
    assert!(found.contains(&"replaces,Pump X-20 replaces the Pump X-10,true".to_owned()));
}

#[test]
fn languages_values_and_names_for_the_graph_alone_are_recorded() {
    let source = documents();
    let (_root, knowledge_base) = new(source.path());
    let languages = "SELECT ?source ?tag { ?v dcterms:isVersionOf/vt:source ?source ;
        dcterms:language ?tag FILTER(?source IN ('a.md', 'd.md')) } ORDER BY ?source";
    assert_eq!(rows(&knowledge_base, languages), ["a.md,en", "d.md,de"]);
    let dates = "SELECT ?value { ?v a vt:ValueMention ; rdf:value ?value
        FILTER(DATATYPE(?value) = xsd:date) }";
    assert_eq!(rows(&knowledge_base, dates), ["2024-03-11"]);
    let quantities =
        "SELECT ?value ?unit { ?v a vt:ValueMention ; rdf:value ?value ; vt:unit ?unit }";
    assert_eq!(rows(&knowledge_base, quantities), ["20,bar"]);
    let names = "SELECT ?label { ?e a ?class ; skos:prefLabel ?label
        FILTER(?class IN (vt:Phrase, vt:Address)) } ORDER BY ?label";
    let found = rows(&knowledge_base, names);
    assert_eq!(found, ["https://maker.example/y1", "pressure relief valve"]);
}

#[test]
fn entities_of_the_same_sentences_co_occur() {
    let source = documents();
    let (_root, knowledge_base) = new(source.path());
    let query = "SELECT ?n (?weight > 0 AS ?positive) { ?c a vt:CoOccurrence ;
        vt:coOccurring/skos:prefLabel 'Pump X-10' , 'Controller Y-1' ;
        vt:sentenceCount ?n ; vt:weight ?weight }";
    assert_eq!(rows(&knowledge_base, query), ["3,true"]);
    let plain =
        "ASK { ?a skos:prefLabel 'Pump X-10' ; vt:coOccursWith/skos:prefLabel 'Controller Y-1' }";
    let options = QueryOptions { timeout_ms: 60_000, formats: vec![ResultFormat::Csv] };
    let mut output = Vec::new();
    knowledge_base.sparql(plain, &options, &mut output).unwrap();
    assert_eq!(output, b"true");
}

#[test]
fn a_deleted_document_says_nothing_more() {
    let source = documents();
    let (_root, knowledge_base) = new(source.path());
    let options = DeleteOptions { principal: "me".into(), reason: None, erase_quotes: false };
    let gone = DocumentId::from_source("a.md");
    knowledge_base.delete(&[gone], &options, &mut |_| {}).unwrap();
    assert_eq!(rows(&knowledge_base, PLAIN), ["Pump X-10,Controller Y-1"]);
    assert_eq!(knowledge_base.status().unwrap().findings, Vec::<String>::new());
}

#[test]
fn the_command_line_counts_relations_and_shows_them_with_their_quotes() {
    let (root, source) = (tempfile::tempdir().unwrap(), documents());
    let output = program(root.path()).arg("ingest").arg(source.path()).output().unwrap();
    let (code, said, wrong) = outcome(&output);
    assert_eq!(code, 0, "{wrong}");
    assert!(said.contains(" 5 relations, "), "{said}");
    let output = program(root.path()).args(["entity", "show", "Pump X-20"]).output().unwrap();
    let (_, said, wrong) = outcome(&output);
    assert!(said.contains("Pump X-20 | replaces | Pump X-10"), "{said}{wrong}");
    assert!(said.contains("\"Pump X-20 replaces the Pump X-10\" (a.md; replaces 0."), "{said}");
}
