//! The W3C test suite for the core of SHACL (`tests/reference/w3c-shacl`).

use oxigraph::model::{NamedNodeRef, Term, Triple};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use veritrail::shapes::{
    DataGraph, Finding, Shapes, ShapesFile, Subclasses, parse_turtle, report_turtle,
};
use veritrail::vocab::{rdf, sh};

const MANIFEST: &str = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#";
const SUITE: &str = "http://www.w3.org/ns/shacl-test#";
/// How the names of files begin after they were read.
const BASE: &str = "urn:veritrail:shapes/";

/// Tests that do not give what the suite expects, and why.
const EXCEPTIONS: [(&str, &str); 1] =
    [("misc/severity-002", "severities of one's own are refused when shapes are read")];

fn suite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/w3c-shacl/core")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a file of the suite")
}

/// Triples that can be asked.
struct Graph(Vec<Triple>);

impl Graph {
    fn read(path: &Path) -> Self {
        Self(parse_turtle(&path.display().to_string(), &read(path)).unwrap())
    }

    fn values(&self, subject: &Term, property: &str) -> Vec<Term> {
        let of = |t: &&Triple| {
            Term::from(t.subject.clone()) == *subject && t.predicate.as_str() == property
        };
        self.0.iter().filter(of).map(|triple| triple.object.clone()).collect()
    }

    fn value(&self, subject: &Term, property: &str) -> Option<Term> {
        self.values(subject, property).into_iter().next()
    }

    fn list(&self, mut node: Term) -> Vec<Term> {
        let mut items = Vec::new();
        while let Some(first) = self.value(&node, rdf::FIRST) {
            items.push(first);
            node = self.value(&node, rdf::REST).unwrap();
        }
        items
    }

    /// A path as a text that is equal for equal paths.
    fn path(&self, node: &Term) -> String {
        if matches!(node, Term::NamedNode(_)) {
            return node.to_string();
        }
        let all = |items: Vec<Term>| {
            items.iter().map(|item| self.path(item)).collect::<Vec<_>>().join(" ")
        };
        if self.value(node, rdf::FIRST).is_some() {
            return format!("({})", all(self.list(node.clone())));
        }
        for kind in
            ["alternativePath", "inversePath", "zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath"]
        {
            if let Some(inner) = self.value(node, &format!("{}{kind}", sh::NAMESPACE)) {
                let alternatives = self.list(inner.clone());
                let inner =
                    if alternatives.is_empty() { self.path(&inner) } else { all(alternatives) };
                return format!("{kind}[{inner}]");
            }
        }
        format!("no path: {node}")
    }
}

/// Focus node, path, value, severity and component of a result.
type Line = (String, String, String, String, String);

fn line_of(finding: &Finding) -> Line {
    let report =
        Graph(parse_turtle("report", &report_turtle([finding].into_iter()).unwrap()).unwrap());
    let path = report.0.iter().find(|triple| triple.predicate.as_str() == sh::RESULT_PATH);
    (
        finding.focus.to_string(),
        path.map(|triple| report.path(&triple.object)).unwrap_or_default(),
        finding.value.as_ref().map(Term::to_string).unwrap_or_default(),
        format!("<{}>", finding.severity.iri()),
        format!("<{}{}>", sh::NAMESPACE, finding.component),
    )
}

/// The results that a test expects, in order.
fn expected(manifest: &Graph, result: &Term) -> Vec<Line> {
    let text = |of: &Term, property: &str| {
        manifest.value(of, property).map(|term| term.to_string()).unwrap_or_default()
    };
    let of_result = |result: &Term| {
        let path = manifest.value(result, sh::RESULT_PATH);
        (
            text(result, sh::FOCUS_NODE),
            path.map(|path| manifest.path(&path)).unwrap_or_default(),
            text(result, sh::VALUE),
            text(result, sh::RESULT_SEVERITY),
            text(result, sh::SOURCE_CONSTRAINT_COMPONENT),
        )
    };
    let mut lines: Vec<Line> = manifest.values(result, sh::RESULT).iter().map(of_result).collect();
    lines.sort();
    lines
}

/// The file that a manifest names; the manifest itself when the name is empty.
fn named(manifest: &Path, term: &Term) -> PathBuf {
    let name = term.to_string();
    match name.trim_matches(['<', '>']).strip_prefix(BASE).unwrap() {
        "" => manifest.to_owned(),
        name => manifest.with_file_name(name),
    }
}

/// What is wrong with the outcome of a test; nothing when it is as expected.
fn difference(path: &Path, manifest: &Graph, test: &Term) -> Option<String> {
    let get = |of: &Term, namespace: &str, name: &str| {
        manifest.value(of, &format!("{namespace}{name}")).expect("what every test has")
    };
    let (action, result) = (get(test, MANIFEST, "action"), get(test, MANIFEST, "result"));
    let shapes_path = named(path, &get(&action, SUITE, "shapesGraph"));
    let data_path = named(path, &get(&action, SUITE, "dataGraph"));
    let file = ShapesFile::new(shapes_path.display().to_string(), read(&shapes_path));
    let shapes = match Shapes::parse(&[file]) {
        Ok(shapes) => shapes,
        Err(error) => return Some(error.to_string()),
    };
    // Nodes without names are the same in the data and in what is expected of it.
    let other = (data_path != path).then(|| Graph::read(&data_path));
    let data = &other.as_ref().unwrap_or(manifest).0;
    let classes = Subclasses::new(data.iter());
    let graph = DataGraph::new(data, &[], &classes);
    let mut findings = shapes.check(&graph);
    let described = |node: &Term| data.iter().any(|t| Term::from(t.subject.clone()) == *node);
    let undescribed: Vec<Term> =
        shapes.named_nodes().filter(|node| !described(node)).cloned().collect();
    findings.extend(shapes.check_undescribed(&undescribed, &graph));
    let conforms = get(&result, sh::NAMESPACE, "conforms");
    let conforms = matches!(&conforms, Term::Literal(literal) if literal.value() == "true");
    if conforms != findings.is_empty() {
        return Some(format!("expected conforms = {conforms}, found {findings:#?}"));
    }
    let mut found: Vec<Line> = findings.iter().map(line_of).collect();
    found.sort();
    let expected = expected(manifest, &result);
    (found != expected).then(|| format!("expected {expected:#?}, found {found:#?}"))
}

/// Runs the tests of a manifest and of those that it includes: name and difference.
fn run(path: &Path, into: &mut BTreeMap<String, Option<String>>) {
    let manifest = Graph::read(path);
    let of_property = |name: &str| {
        let property = format!("{MANIFEST}{name}");
        let property = NamedNodeRef::new(&property).unwrap().into_owned();
        let with = manifest.0.iter().filter(move |triple| triple.predicate == property);
        with.map(|triple| triple.object.clone()).collect::<Vec<_>>()
    };
    for included in of_property("include") {
        run(&named(path, &included), into);
    }
    for test in of_property("entries").into_iter().flat_map(|list| manifest.list(list)) {
        let file = path.strip_prefix(suite()).unwrap().with_extension("");
        into.insert(file.display().to_string(), difference(path, &manifest, &test));
    }
}

#[test]
fn every_test_of_the_core_gives_what_it_should() {
    let mut outcomes = BTreeMap::new();
    run(&suite().join("manifest.ttl"), &mut outcomes);
    assert_eq!(outcomes.len(), 98, "tests went missing");
    let (mut wrong, mut as_known) = (String::new(), Vec::new());
    for (name, difference) in &outcomes {
        let known = EXCEPTIONS.iter().any(|(exception, _)| exception == name);
        match difference {
            Some(_) if known => as_known.push(name.as_str()),
            Some(difference) => wrong.push_str(&format!("{name}: {difference}\n")),
            None => {}
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(as_known, EXCEPTIONS.map(|(name, _)| name), "an exception is none any more");
}
