//! Manifests of the suites.

use oxigraph::io::{RdfFormat, RdfParser};
use oxigraph::model::{Term, Triple};
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// How the names of files begin after they were read.
pub(super) const BASE: &str = "https://w3.test/";
const MF: &str = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#";
const QT: &str = "http://www.w3.org/2001/sw/DataAccess/tests/test-query#";
const UT: &str = "http://www.w3.org/2009/sparql/tests/test-update#";

/// Files of a data set: those of the default graph, and named ones with their names.
#[derive(Clone, Debug, Default)]
pub(super) struct Data {
    pub(super) default: Vec<String>,
    pub(super) named: Vec<(String, String)>,
}

/// A test.
#[derive(Clone, Debug)]
pub(super) struct Test {
    /// Folder and name.
    pub(super) id: String,
    /// Local name of its class.
    pub(super) kind: String,
    /// The query, update or syntax file.
    pub(super) text: Option<String>,
    pub(super) before: Data,
    /// File of the expected results of a query.
    pub(super) result: Option<String>,
    /// What the store holds after an update.
    pub(super) after: Data,
    /// The whole manifest and the node of the action, for tests of protocols.
    pub(super) manifest: std::sync::Arc<Graph>,
    pub(super) action: Option<Term>,
}

/// Triples that can be asked.
#[derive(Debug, Default)]
pub(super) struct Graph(HashMap<(Term, String), Vec<Term>>);

impl Graph {
    pub(super) fn read(data: &Path, name: &str) -> Self {
        let mut graph = Self::default();
        for triple in triples(data, name) {
            let key = (Term::from(triple.subject), triple.predicate.into_string());
            graph.0.entry(key).or_default().push(triple.object);
        }
        graph
    }

    pub(super) fn values(&self, subject: &Term, property: &str) -> &[Term] {
        self.0.get(&(subject.clone(), property.to_owned())).map_or(&[], Vec::as_slice)
    }

    pub(super) fn value(&self, subject: &Term, property: &str) -> Option<&Term> {
        self.values(subject, property).first()
    }

    pub(super) fn text(&self, subject: &Term, property: &str) -> Option<String> {
        self.value(subject, property).map(text)
    }

    pub(super) fn list(&self, node: &Term) -> Vec<Term> {
        let rdf = |name: &str| format!("http://www.w3.org/1999/02/22-rdf-syntax-ns#{name}");
        let (mut items, mut node) = (Vec::new(), node.clone());
        while let Some(first) = self.value(&node, &rdf("first")) {
            items.push(first.clone());
            node = self.value(&node, &rdf("rest")).unwrap().clone();
        }
        items
    }
}

/// IRI of a node, text of a literal.
pub(super) fn text(term: &Term) -> String {
    match term {
        Term::NamedNode(node) => node.as_str().to_owned(),
        Term::BlankNode(node) => node.as_str().to_owned(),
        Term::Literal(literal) => literal.value().to_owned(),
    }
}

/// The triples of a file, whose IRIs begin with [`BASE`].
pub(super) fn triples(data: &Path, name: &str) -> Vec<Triple> {
    let bytes = std::fs::read(data.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    let ending = name.rsplit('.').next().unwrap();
    let format = RdfFormat::from_extension(ending).unwrap_or(RdfFormat::Turtle);
    let parser = RdfParser::from_format(format).with_base_iri(format!("{BASE}{name}")).unwrap();
    let quads = parser.rename_blank_nodes().for_slice(&bytes);
    quads.map(|quad| quad.unwrap_or_else(|e| panic!("{name}: {e}")).into()).collect()
}

/// The file that an IRI names.
fn file(iri: &Term) -> String {
    text(iri).strip_prefix(BASE).expect("an IRI of a file").to_owned()
}

/// All tests.
#[derive(Default)]
pub(super) struct Suite {
    pub(super) tests: Vec<Test>,
    read: HashSet<String>,
}

impl Suite {
    /// Reads a manifest and those that it includes.
    pub(super) fn read(&mut self, data: &Path, name: &str) {
        if !self.read.insert(name.to_owned()) {
            return;
        }
        let graph = std::sync::Arc::new(Graph::read(data, name));
        let itself = Term::from(oxigraph::model::NamedNode::new(format!("{BASE}{name}")).unwrap());
        for included in graph.values(&itself, &format!("{MF}include")) {
            for included in graph.list(included) {
                self.read(data, &file(&included));
            }
        }
        for list in graph.values(&itself, &format!("{MF}entries")) {
            for entry in graph.list(list) {
                let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
                self.tests.extend(test(&graph, &entry, folder));
            }
        }
    }
}

fn test(graph: &std::sync::Arc<Graph>, entry: &Term, folder: &str) -> Option<Test> {
    let kinds = graph.values(entry, "http://www.w3.org/1999/02/22-rdf-syntax-ns#type");
    let kind = kinds.iter().map(text).find_map(|kind| Some(kind.strip_prefix(MF)?.to_owned()))?;
    let local = text(entry);
    let local = local.rsplit(['#', '/']).next().unwrap();
    let action = graph.value(entry, &format!("{MF}action")).cloned();
    let result = graph.value(entry, &format!("{MF}result"));
    let mut test = Test {
        id: format!("{folder}/{local}"),
        kind,
        text: None,
        before: Data::default(),
        result: None,
        after: Data::default(),
        manifest: std::sync::Arc::clone(graph),
        action: action.clone(),
    };
    if test.kind == "ProtocolTest" {
        test.before = data(graph, entry);
    }
    match &action {
        Some(node @ Term::NamedNode(_)) => test.text = Some(file(node)),
        Some(node) => {
            let text = [format!("{QT}query"), format!("{UT}request")];
            test.text = text.iter().find_map(|of| graph.value(node, of)).map(file);
            test.before = if test.kind == "ProtocolTest" { test.before } else { data(graph, node) };
        }
        None => {}
    }
    match result {
        Some(node @ Term::NamedNode(_)) => test.result = Some(file(node)),
        Some(node) => test.after = data(graph, node),
        None => {}
    }
    Some(test)
}

fn data(graph: &Graph, node: &Term) -> Data {
    let mut data = Data::default();
    for namespace in [QT, UT] {
        data.default.extend(graph.values(node, &format!("{namespace}data")).iter().map(file));
        for named in graph.values(node, &format!("{namespace}graphData")) {
            let inner = [format!("{UT}graph"), format!("{UT}data"), format!("{QT}graph")];
            let label = graph.text(named, "http://www.w3.org/2000/01/rdf-schema#label");
            match inner.iter().find_map(|of| graph.value(named, of)) {
                Some(path) => data.named.push((label.unwrap_or_else(|| text(path)), file(path))),
                None => data.named.push((text(named), file(named))),
            }
        }
    }
    data
}
