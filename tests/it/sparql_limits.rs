//! No query takes the server with it, or keeps it.

use crate::fixtures::{ingest, open, write};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use veritrail::engine::KnowledgeBase;
use veritrail::graph::{GraphChoice, QueryError, QueryOptions, ResultFormat};
use veritrail::model::Principal;

const TIMEOUT_MS: u64 = 1_500;

/// A knowledge base with one query at a time, little memory, and `n` triples in a graph.
fn knowledge_base(n: usize, timeout_ms: u64) -> (TempDir, KnowledgeBase) {
    let (root, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(source.path(), "a.md", "# A\n\nA text.\n");
    KnowledgeBase::init(root.path()).unwrap();
    let settings = format!(
        "[models]\npictures = []\nocr = \"off\"\n[sparql]\nn_processes = 1\nn_waiting = 0\n\
         memory_mib = 200\ntimeout_ms = {timeout_ms}\n"
    );
    write(root.path(), "veritrail.toml", settings);
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    let triples = (0..n).map(|i| format!("<urn:n{i}> <urn:p> \"{i:05}\" .\n")).collect::<String>();
    let data = format!("INSERT DATA {{ GRAPH <urn:numbers> {{ {triples} }} }}");
    update(&knowledge_base, &data).unwrap();
    (root, knowledge_base)
}

fn update(knowledge_base: &KnowledgeBase, text: &str) -> Result<usize, QueryError> {
    let made =
        knowledge_base.update(text.to_owned(), GraphChoice::default(), &Principal::local())?;
    Ok(made.n_inserted)
}

fn ask(knowledge_base: &KnowledgeBase, query: &str) -> Result<String, QueryError> {
    let timeout_ms = knowledge_base.config().sparql.timeout_ms;
    let options = QueryOptions { timeout_ms, formats: vec![ResultFormat::Csv] };
    let session = knowledge_base.session().unwrap();
    let mut output = Vec::new();
    let local = Principal::local();
    session.query(query.to_owned(), options, GraphChoice::default(), &local, &mut output)?;
    Ok(String::from_utf8(output).unwrap())
}

/// `VALUES` of a hundred words for a variable.
fn words(variable: &str) -> String {
    let words: String = (0..100).map(|i| format!("\"{variable}{i}\" ")).collect();
    format!("VALUES ?{variable} {{ {words} }}")
}

#[test]
fn what_the_store_cannot_stop_ends_in_time() {
    let (_root, knowledge_base) = knowledge_base(3_000, TIMEOUT_MS);
    let values = ["a", "b", "c", "d", "e"].map(words).join(" ");
    let numbers = "GRAPH <urn:numbers>";
    for query in [
        format!(
            "SELECT (COUNT(*) AS ?n) {{ {values} FILTER(regex(CONCAT(?a, ?b, ?c, ?d, ?e), \"x.*y\")) }}"
        ),
        format!(
            "SELECT * {{ {numbers} {{ ?s <urn:p> ?x . ?t <urn:p> ?y . ?u <urn:p> ?z }} }} ORDER BY CONCAT(?x, ?y, ?z)"
        ),
        format!(
            "SELECT (COUNT(DISTINCT *) AS ?n) {{ {numbers} {{ ?s ?p ?x . ?t ?q ?y . ?u ?r ?z }} }}"
        ),
    ] {
        let begun = Instant::now();
        let error = ask(&knowledge_base, &query).unwrap_err();
        assert!(matches!(error, QueryError::Timeout(_) | QueryError::Memory(_)), "{error}");
        let elapsed = begun.elapsed();
        assert!(
            elapsed < Duration::from_millis(TIMEOUT_MS) + Duration::from_secs(5),
            "{elapsed:?}"
        );
        let after =
            ask(&knowledge_base, "SELECT (COUNT(*) AS ?n) { GRAPH <urn:numbers> { ?s ?p ?o } }");
        assert_eq!(after.unwrap(), "n\r\n3000\r\n");
    }
}

#[test]
fn memory_has_an_end_and_the_error_says_so() {
    let (_root, knowledge_base) = knowledge_base(1, 30_000);
    let values = ["a", "b", "c", "d", "e"].map(words).join(" ");
    let error = ask(&knowledge_base, &format!("SELECT * {{ {values} }} ORDER BY ?e")).unwrap_err();
    assert!(matches!(error, QueryError::Memory(200)), "{error}");
    assert!(error.to_string().contains("200 MiB"), "{error}");
    assert_eq!(ask(&knowledge_base, "SELECT (1 AS ?n) {}").unwrap(), "n\r\n1\r\n");
}

#[test]
fn deep_nesting_ends_no_more_than_its_own_process() {
    let (_root, knowledge_base) = knowledge_base(1, TIMEOUT_MS);
    let n = 1_000_000;
    let error = ask(&knowledge_base, &format!("ASK {}{}", "{".repeat(n), "}".repeat(n)));
    let fits = |error: &QueryError| {
        matches!(error, QueryError::Ended | QueryError::Timeout(_) | QueryError::Memory(_))
    };
    assert!(error.as_ref().is_err_and(fits), "{error:?}");
    assert_eq!(ask(&knowledge_base, "SELECT (1 AS ?n) {}").unwrap(), "n\r\n1\r\n");
}

#[test]
fn more_than_may_wait_are_refused_at_once() {
    let (_root, knowledge_base) = knowledge_base(1, TIMEOUT_MS);
    let values = ["a", "b", "c", "d", "e"].map(words).join(" ");
    let long = format!("SELECT (COUNT(*) AS ?n) {{ {values} }}");
    std::thread::scope(|scope| {
        // Whichever comes first has the place.
        let running = scope.spawn(|| {
            loop {
                match ask(&knowledge_base, &long) {
                    Err(QueryError::Busy(_)) => std::thread::yield_now(),
                    other => return other,
                }
            }
        });
        let mut refused = false;
        while !running.is_finished() {
            refused |= matches!(ask(&knowledge_base, "ASK {}"), Err(QueryError::Busy(_)));
        }
        assert!(refused);
        running.join().unwrap().unwrap_err();
    });
}

#[test]
fn an_update_that_does_not_end_changes_nothing_and_writers_go_on() {
    let (root, knowledge_base) = knowledge_base(10, TIMEOUT_MS);
    let values = ["a", "b", "c", "d", "e"].map(words).join(" ");
    let endless = format!("INSERT {{ <urn:x> <urn:p> ?a }} WHERE {{ {values} }}");
    std::thread::scope(|scope| {
        let running = scope.spawn(|| update(&knowledge_base, &endless));
        let source = tempfile::tempdir().unwrap();
        write(source.path(), "b.md", "# B\n\nAnother text.\n");
        ingest(&knowledge_base, source.path());
        running.join().unwrap().unwrap_err();
    });
    let found = ask(&knowledge_base, "SELECT (COUNT(*) AS ?n) { <urn:x> ?p ?o }").unwrap();
    assert_eq!(found, "n\r\n0\r\n");
    let copies = root.path().join("graph/queries");
    assert!(copies.exists());
    drop(knowledge_base);
    assert!(!copies.exists(), "copies of the graph are left");
}

#[test]
fn updates_of_many_lose_nothing() {
    let (_root, knowledge_base) = knowledge_base(1, TIMEOUT_MS);
    update(&knowledge_base, "INSERT DATA { GRAPH <urn:c> { <urn:c> <urn:n> 0 } }").unwrap();
    let add = "DELETE { GRAPH <urn:c> { <urn:c> <urn:n> ?n } } \
        INSERT { GRAPH <urn:c> { <urn:c> <urn:n> ?m } } \
        WHERE { GRAPH <urn:c> { <urn:c> <urn:n> ?n } BIND(?n + 1 AS ?m) }";
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut done = 0;
                while done < 10 {
                    match update(&knowledge_base, add) {
                        Ok(_) => done += 1,
                        Err(QueryError::Busy(_)) => std::thread::yield_now(),
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    });
    let found = ask(&knowledge_base, "SELECT ?n { GRAPH <urn:c> { ?c <urn:n> ?n } }").unwrap();
    assert_eq!(found, "n\r\n40\r\n");
    let records = "SELECT (COUNT(*) AS ?n) (SUM(?i) AS ?sum) { ?u a vt:GraphUpdate ; \
        vt:changedGraph <urn:c> ; vt:insertedCount ?i ; vt:removedCount ?r ; vt:role \"admin\" }";
    assert_eq!(ask(&knowledge_base, records).unwrap(), "n,sum\r\n41,41\r\n");
}
