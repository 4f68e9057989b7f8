//! The outcome as a document.

use super::manifest::Test;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

pub(super) struct Outcome {
    pub(super) test: Test,
    /// What is wrong over HTTP.
    pub(super) over_http: Option<String>,
    /// What is wrong in the store; none for tests of protocols.
    pub(super) in_store: Option<Option<String>>,
}

const BY_VALUE: &str = "Oxigraph keeps numbers, truth values and times by their value: `1`, `01` and `+1` are one term, which comes back as `1`";

/// Why tests do not pass, by the beginning of their names.
const REASONS: &[(&str, &str)] = &[
    (
        "sparql11/entailment/",
        "entailment regimes are not offered: queries see the triples that are there, and not those that RDFS, OWL or RIF would add",
    ),
    (
        "sparql11/service/",
        "`SERVICE` reaches no other server, by choice: a query never leaves this machine",
    ),
    (
        "sparql11/graph-store-protocol/",
        "graphs are named by `?graph=` and `?default`; direct naming by path, an optional part of the protocol, is not offered",
    ),
    ("sparql10/expr-builtin/dawg-str-", BY_VALUE),
    ("sparql10/expr-builtin/sameTerm-", BY_VALUE),
    ("sparql10/expr-equals/eq-graph-", BY_VALUE),
    ("sparql10/distinct/distinct-", BY_VALUE),
    (
        "sparql10/reduced/",
        "`REDUCED` may leave duplicates in or take them out, and the suite expects one of both",
    ),
];

fn reason(outcome: &Outcome) -> &'static str {
    let known = REASONS.iter().find(|(prefix, _)| outcome.test.id.starts_with(prefix));
    match (known, &outcome.in_store) {
        (Some((_, reason)), _) => reason,
        (None, Some(Some(_))) => {
            "Oxigraph evaluates it otherwise than the suite: it does not pass in the store either"
        }
        (None, _) => "not known",
    }
}

fn group(test: &Test) -> &'static str {
    match test.kind.as_str() {
        "ProtocolTest" => "SPARQL 1.1 Protocol",
        "GraphStoreProtocolTest" => "Graph Store HTTP Protocol",
        "ServiceDescriptionTest" => "Service description",
        "UpdateEvaluationTest" => "Update evaluation",
        "CSVResultFormatTest" => "Result formats",
        _ if test.id.contains("json-res/") || test.id.contains("csv-tsv-res/") => "Result formats",
        _ if test.id.starts_with("sparql11/entailment/") => "Entailment regimes",
        _ if test.id.starts_with("sparql11/service/") => "Federated queries",
        kind if kind.contains("Syntax") => "Syntax",
        _ if test.id.starts_with("sparql10/") => "Query evaluation, SPARQL 1.0",
        _ => "Query evaluation, SPARQL 1.1",
    }
}

fn document(outcomes: &[Outcome]) -> String {
    let mut text = String::from(
        "# SPARQL conformance\n\n\
         Written by `tests/it/sparql_suite`, which runs the W3C suites of SPARQL 1.0 and 1.1 (w3c/rdf-tests, commit ad541a5) against the HTTP interface of a running server with `sparql.default_graph = \"unnamed\"` and `sparql.graphs = \"users\"`, and beside it against a store of Oxigraph 0.5.13 in memory with its default options.\n\
         A syntax test passes over HTTP when the text is refused as wrong syntax, or is not, as it should be; what else is refused (`SERVICE`, `LOAD`) does not count.\n\n\
         | suite | tests | over HTTP | in the store |\n|---|---:|---:|---:|\n",
    );
    let mut groups: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    let mut all = [0; 3];
    for outcome in outcomes {
        let counts = [
            1,
            usize::from(outcome.over_http.is_none()),
            usize::from(outcome.in_store == Some(None)),
        ];
        let of_group = groups.entry(group(&outcome.test)).or_default();
        for (i, count) in counts.iter().enumerate() {
            of_group[i] += count;
            all[i] += count;
        }
    }
    for (name, [n, http, store]) in &groups {
        let protocol = ["SPARQL 1.1 Protocol", "Graph Store HTTP Protocol", "Service description"];
        let store = if protocol.contains(name) { "-".to_owned() } else { store.to_string() };
        writeln!(text, "| {name} | {n} | {http} | {store} |").unwrap();
    }
    writeln!(text, "| all | {} | {} | {} |", all[0], all[1], all[2]).unwrap();
    text.push_str("\n## What does not pass over HTTP\n");
    let mut reasons: BTreeMap<&str, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes.iter().filter(|outcome| outcome.over_http.is_some()) {
        reasons.entry(reason(outcome)).or_default().push(outcome);
    }
    for (reason, outcomes) in reasons {
        writeln!(text, "\n{} tests: {reason}.\n", outcomes.len()).unwrap();
        for outcome in outcomes {
            let too = if outcome.in_store == Some(None) { " (passes in the store)" } else { "" };
            writeln!(text, "- `{}`{too}", outcome.test.id).unwrap();
        }
    }
    let only = outcomes
        .iter()
        .filter(|o| o.over_http.is_none() && matches!(o.in_store, Some(Some(_))))
        .map(|o| format!("- `{}`\n", o.test.id))
        .collect::<String>();
    if !only.is_empty() {
        write!(text, "\n## What passes over HTTP and not in the store\n\n{only}").unwrap();
    }
    text
}

/// The outcome is the committed one, nothing fails without a reason, and no fewer tests
/// pass than in the store.
pub(super) fn check(outcomes: &[Outcome]) {
    let document = document(outcomes);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let committed = std::fs::read_to_string(root.join("docs/SPARQL-CONFORMANCE.md"));
    if !committed.is_ok_and(|committed| committed == document) {
        let new = Path::new(env!("CARGO_TARGET_TMPDIR")).join("SPARQL-CONFORMANCE.md");
        std::fs::write(&new, &document).unwrap();
        panic!("docs/SPARQL-CONFORMANCE.md is not what came out: see {}", new.display());
    }
    let unknown = outcomes.iter().filter(|o| o.over_http.is_some() && reason(o) == "not known");
    let unknown: Vec<&str> = unknown.map(|o| o.test.id.as_str()).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let lost = outcomes.iter().filter(|o| o.over_http.is_some() && o.in_store == Some(None));
    let won =
        outcomes.iter().filter(|o| o.over_http.is_none() && matches!(o.in_store, Some(Some(_))));
    assert!(lost.count() <= won.count());
}
