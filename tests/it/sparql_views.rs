//! What a caller sees of the graph, by every way in which a query can look.

use crate::fixtures::{ingest, open, write};
use std::collections::BTreeSet;
use tempfile::TempDir;
use veritrail::engine::{AskOptions, KnowledgeBase};
use veritrail::graph::{GraphChoice, QueryError, QueryOptions, ResultFormat};
use veritrail::model::{AccessLabel, Principal, Query, Role};

const PUMP: &str = "# Pump X-10\n\nThe Pump X-10 shows error E-17 when the shaft seal is worn.\n\n\
    The shaft seal of the Pump X-10 is cheap.\n";
const PARTS: &str = "# Parts list\n\nThe shaft seal has the order number SP-3117. \
    Tighten the shaft seal. The Pump X-10 needs it.\n";
/// Names a thing that nothing else names, and one that others name too.
const SECRET: &str = "# Project Falcon\n\nProject Falcon replaces the shaft seal SP-3117.\n\n\
    Project Falcon and the shaft seal: Project Falcon costs 4 euro.\n";
/// The public pages call by another name what only a hidden page spells out.
const GLOSSARY: &str = "---\ntitle: Kestrel drive\naliases: [drive unit]\n---\n\n# Kestrel drive\n\nThe Kestrel drive.\n";

fn knowledge_base(with_secret: bool) -> (TempDir, KnowledgeBase) {
    let (root, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(source.path(), "docs/pump.md", PUMP);
    write(source.path(), "docs/parts.md", PARTS);
    if with_secret {
        write(source.path(), "secret/falcon.md", SECRET);
        write(source.path(), "secret/kestrel.md", GLOSSARY);
        write(
            source.path(),
            "secret/plant.ttl",
            "<urn:plant:falcon> <http://www.w3.org/2000/01/rdf-schema#label> \"Falcon hall\" .",
        );
    }
    KnowledgeBase::init(root.path()).unwrap();
    let settings = "[models]\npictures = []\nocr = \"off\"\n\
        [[ingest.labels]]\nprefix = \"secret/\"\nlabel = \"factory\"\n";
    write(root.path(), "veritrail.toml", settings);
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    (root, knowledge_base)
}

fn of(name: &str, role: Role, labels: &[&str]) -> Principal {
    let labels = labels.iter().map(|label| AccessLabel((*label).to_owned())).collect();
    Principal::new(name, role, Some(labels))
}

fn run(
    knowledge_base: &KnowledgeBase,
    principal: &Principal,
    query: &str,
    graphs: GraphChoice,
) -> Result<String, QueryError> {
    let formats = vec![ResultFormat::Tsv, ResultFormat::NTriples];
    let options = QueryOptions { timeout_ms: 30_000, formats };
    let session = knowledge_base.session().unwrap();
    let mut output = Vec::new();
    session.query(query.to_owned(), options, graphs, principal, &mut output)?;
    Ok(String::from_utf8(output).unwrap())
}

fn ask(knowledge_base: &KnowledgeBase, principal: &Principal, query: &str) -> String {
    run(knowledge_base, principal, query, GraphChoice::default()).unwrap()
}

fn lines(text: &str) -> BTreeSet<&str> {
    text.lines().skip(1).collect()
}

const ALL: &str = "SELECT * { GRAPH ?g { ?s ?p ?o } }";

#[test]
fn nothing_of_a_hidden_document_is_found_in_any_way() {
    let (_root, knowledge_base) = knowledge_base(true);
    let (admin, agent) = (Principal::local(), of("ann", Role::Agent, &[]));
    let hidden = ask(&knowledge_base, &admin, "SELECT ?v { ?v vt:accessLabel \"factory\" }");
    let hidden: Vec<&str> =
        lines(&hidden).into_iter().map(|l| l.trim_matches(['<', '>'])).collect();
    assert_eq!(hidden.len(), 3, "{hidden:?}");
    let (version, hash) = (hidden[0], hidden[0].rsplit(':').next().unwrap());
    for query in [
        ALL.to_owned(),
        "SELECT * { ?s ?p ?o }".to_owned(),
        "SELECT DISTINCT ?g { GRAPH ?g {} }".to_owned(),
        "SELECT * { ?s !<urn:none> ?o }".to_owned(),
        "SELECT * { ?s ^!<urn:none> ?o }".to_owned(),
        "SELECT * { <urn:veritrail:graph:ontology> (!<urn:none>|^!<urn:none>)* ?x }".to_owned(),
        format!("SELECT * {{ GRAPH <{version}> {{ ?s ?p ?o }} }}"),
        format!("SELECT * FROM <{version}> {{ ?s ?p ?o }}"),
        format!("SELECT * FROM NAMED <{version}> {{ GRAPH <{version}> {{ ?s ?p ?o }} }}"),
        format!("SELECT ?p ?o {{ <{version}> ?p ?o }}"),
        format!("DESCRIBE <{version}>"),
        "CONSTRUCT { ?s ?p ?o } { GRAPH ?g { ?s ?p ?o } }".to_owned(),
        "SELECT ?t { ?x skos:prefLabel|skos:altLabel|dcterms:title|vt:text ?t }".to_owned(),
        "SELECT (GROUP_CONCAT(?o) AS ?all) { ?s ?p ?o }".to_owned(),
        "SELECT ?s { ?s ?p ?o FILTER EXISTS { GRAPH ?g { ?s ?q \"Project Falcon\" } } }".to_owned(),
        "SELECT ?t { SERVICE vt:search { ?h vt:query \"Project Falcon\" ; vt:k 50 } ?h vt:text ?t }"
            .to_owned(),
    ] {
        let found = ask(&knowledge_base, &agent, &query);
        let low = found.to_lowercase();
        for word in ["falcon", "kestrel", "factory", "secret/"] {
            assert!(!low.contains(word), "{query} tells of {word}: {found}");
        }
        if !query.contains(version) {
            assert!(!found.contains(hash), "{query}: {found}");
        }
    }
    let named = GraphChoice { default_graphs: vec![version.to_owned()], ..GraphChoice::default() };
    let found = run(&knowledge_base, &agent, "SELECT * { ?s ?p ?o }", named).unwrap();
    assert_eq!(lines(&found).len(), 0, "{found}");
    let seen = ask(&knowledge_base, &of("bob", Role::Agent, &["factory"]), ALL);
    assert!(seen.contains("Project Falcon") && seen.contains("Falcon hall"));
}

#[test]
fn entities_are_those_that_visible_documents_would_give_alone() {
    let (_root, whole) = knowledge_base(true);
    let (_other, without) = knowledge_base(false);
    let agent = of("ann", Role::Agent, &[]);
    let query = "SELECT ?s ?p ?o { GRAPH <urn:veritrail:graph:entities> { ?s ?p ?o } \
        FILTER(?p IN (rdf:type, skos:prefLabel, skos:altLabel)) }";
    let (seen, alone) = (ask(&whole, &agent, query), ask(&without, &Principal::local(), query));
    let (seen, alone) = (lines(&seen), lines(&alone));
    assert!(!seen.is_empty());
    let more: Vec<_> = seen.difference(&alone).collect();
    // A part number counts as a name from two fragments on, one of which may be hidden.
    assert!(more.iter().all(|line| line.to_lowercase().contains("sp-3117")), "{more:?}");
    let counts = "SELECT ?n { ?pair a vt:CoOccurrence ; vt:sentenceCount|vt:weight ?n }";
    assert_eq!(lines(&ask(&whole, &agent, counts)).len(), 0);
    let generation = "SELECT ?n { ?g vt:documentCount|vt:fragmentCount ?n }";
    assert_eq!(lines(&ask(&whole, &agent, generation)).len(), 0);
    assert!(!lines(&ask(&whole, &Principal::local(), generation)).is_empty());
}

#[test]
fn answers_are_seen_by_who_asked_and_by_who_reads_all() {
    let (_root, knowledge_base) = knowledge_base(true);
    let session = knowledge_base.session().unwrap();
    let answer = |name: &str, labels: Option<&[&str]>| {
        let labels: Option<BTreeSet<AccessLabel>> =
            labels.map(|l| l.iter().map(|l| AccessLabel((*l).to_owned())).collect());
        let mut query = Query::text("What replaces the shaft seal SP-3117?", 10);
        query.allowed_labels = labels.clone();
        let options = AskOptions::of(Principal::new(name, Role::Agent, labels));
        session.ask(&query, &options, &mut |_| {}).unwrap()
    };
    let (public, secret) = (answer("ann", Some(&["public"])), answer("bob", None));
    let secret_is_used = secret.evidence.iter().any(|e| e.source.starts_with("secret/"));
    assert!(secret_is_used && !public.evidence.is_empty());
    let seen = |principal: &Principal| {
        let found = ask(&knowledge_base, principal, "SELECT ?a { ?a a vt:Answer }");
        let has = |id: &str| found.contains(id);
        (has(public.id.as_str()), has(secret.id.as_str()))
    };
    assert_eq!(seen(&Principal::local()), (true, true));
    assert_eq!(seen(&of("ann", Role::Agent, &[])), (true, false));
    assert_eq!(seen(&of("eve", Role::Agent, &["factory"])), (false, false));
    assert_eq!(seen(&of("bob", Role::Agent, &["factory"])), (false, true));
    // The label of a document that he asked about was taken from him.
    assert_eq!(seen(&of("bob", Role::Agent, &[])), (false, false));
    assert_eq!(seen(&of("aud", Role::Auditor, &[])), (true, false));
    assert_eq!(seen(&Principal::new("eve", Role::Engineer, None)), (false, false));
}

#[test]
fn graphs_of_users_are_seen_by_their_labels() {
    let (_root, knowledge_base) = knowledge_base(true);
    let update = |principal: &Principal, text: &str| {
        knowledge_base.update(text.to_owned(), GraphChoice::default(), principal)
    };
    let (admin, agent) = (Principal::local(), of("ann", Role::Agent, &[]));
    let engineer = of("eng", Role::Engineer, &[]);
    update(
        &admin,
        "INSERT DATA { <urn:a> <urn:p> \"unnamed\" . GRAPH <urn:g1> { <urn:a> <urn:p> \"bare\" } \
        GRAPH <urn:g2> { <urn:g2> vt:accessLabel \"public\" . <urn:a> <urn:p> \"open\" } \
        GRAPH <urn:g3> { <urn:g3> vt:accessLabel \"factory\" . <urn:a> <urn:p> \"closed\" } }",
    )
    .unwrap();
    let values = |principal: &Principal| {
        let found = ask(&knowledge_base, principal, "SELECT ?v { <urn:a> <urn:p> ?v } ORDER BY ?v");
        found.lines().skip(1).collect::<Vec<_>>().join(" ").replace('"', "")
    };
    assert_eq!(values(&admin), "bare closed open unnamed");
    assert_eq!(values(&agent), "open");
    assert_eq!(values(&of("f", Role::Agent, &["factory"])), "closed open");
    // Whoever sees a part only writes what he sees, and sees what he writes.
    for (text, expected) in [
        ("INSERT DATA { <urn:b> <urn:p> 1 }", "urn:veritrail:graph:unnamed"),
        ("INSERT DATA { GRAPH <urn:g3> { <urn:b> <urn:p> 1 } }", "<urn:g3> is not yours"),
        ("INSERT DATA { GRAPH <urn:new> { <urn:b> <urn:p> 1 } }", "must say who sees it"),
        ("CLEAR GRAPH <urn:g3>", "there is no graph <urn:g3>"),
        ("CLEAR GRAPH <urn:g4>", "there is no graph <urn:g4>"),
    ] {
        let error = update(&engineer, text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let copy = "INSERT { GRAPH <urn:mine> { ?s ?p ?o . <urn:mine> vt:accessLabel \"public\" } } \
        WHERE { ?s ?p ?o }";
    update(&engineer, copy).unwrap();
    let copied = ask(&knowledge_base, &admin, "SELECT * { GRAPH <urn:mine> { ?s ?p ?o } }");
    assert!(copied.contains("open") && !copied.to_lowercase().contains("falcon"));
    assert!(!copied.contains("closed") && !copied.contains("bare"), "{copied}");
    update(&engineer, "DROP ALL").unwrap();
    assert_eq!(values(&admin), "bare closed unnamed");
}
