//! What was found, for programs: the report that SHACL describes (section 3.6).

use super::constraint::Severity;
use super::error::ShapesError;
use super::path::{Path, short};
use crate::vocab::{self, rdf, sh};
use oxigraph::io::{RdfFormat, RdfSerializer};
use oxigraph::model::{BlankNode, Literal, NamedNode, Term, Triple};
use serde::ser::{Serialize, SerializeStruct, Serializer};
use std::collections::HashSet;

/// One node that does not meet a shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The node.
    pub focus: Term,
    /// Its name for people, when the graph has one.
    pub label: Option<String>,
    /// From the node to the value, for shapes of values.
    pub path: Option<Path>,
    /// The value that is wrong; none when one is missing or there are too many.
    pub value: Option<Term>,
    /// Local name of the kind of constraint in SHACL: `MinCountConstraintComponent`.
    pub component: &'static str,
    /// The shape.
    pub shape: Term,
    /// How bad it is.
    pub severity: Severity,
    /// What was expected: the words of the shape, or of the program when it has none.
    pub messages: Vec<Literal>,
}

impl Finding {
    /// What was expected, on one line.
    pub fn message(&self) -> String {
        let words: Vec<&str> = self.messages.iter().map(Literal::value).collect();
        words.join("; ")
    }

    /// What makes two findings the same.
    pub fn key(&self) -> String {
        let path = self.path.as_ref().map(Path::to_string).unwrap_or_default();
        let value = self.value.as_ref().map(Term::to_string).unwrap_or_default();
        format!("{} {path} {value} {} {}", self.focus, self.component, self.shape)
    }
}

/// On one line: the node, the path, the value, and what was expected.
impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&shown(&self.focus))?;
        if let Some(label) = &self.label {
            write!(f, " ({label})")?;
        }
        if let Some(path) = &self.path {
            write!(f, ", {path}")?;
        }
        // The value of a shape without a path is the node itself.
        if let Some(value) = self.value.as_ref().filter(|value| **value != self.focus) {
            write!(f, " is {}", shown(value))?;
        }
        write!(f, ": {}", self.message())
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Finding", 8)?;
        object.serialize_field("severity", &self.severity)?;
        object.serialize_field("focus", &plain(&self.focus))?;
        object.serialize_field("label", &self.label)?;
        object.serialize_field("path", &self.path.as_ref().map(Path::to_string))?;
        object.serialize_field("value", &self.value.as_ref().map(plain))?;
        object.serialize_field("message", &self.message())?;
        object.serialize_field("component", self.component)?;
        object.serialize_field("shape", &plain(&self.shape))?;
        object.end()
    }
}

/// A term for people: IRIs short, texts in quotes, cut when they are long.
pub(super) fn shown(term: &Term) -> String {
    const MOST: usize = 80;
    match term {
        Term::NamedNode(node) => short(node.as_str()),
        Term::BlankNode(_) => "a node without a name".to_owned(),
        Term::Literal(literal) if literal.value().chars().count() > MOST => {
            let begin: String = literal.value().chars().take(MOST).collect();
            format!("{begin:?}…")
        }
        Term::Literal(literal) => format!("{:?}", literal.value()),
    }
}

/// An IRI without brackets; anything else as N-Triples writes it.
fn plain(term: &Term) -> String {
    match term {
        Term::NamedNode(node) => node.as_str().to_owned(),
        Term::BlankNode(_) | Term::Literal(_) => term.to_string(),
    }
}

/// The findings as a `sh:ValidationReport` in Turtle.
///
/// # Errors
/// When the report cannot be written.
pub fn report_turtle<'f>(
    findings: impl Iterator<Item = &'f Finding>,
) -> Result<String, ShapesError> {
    let node = |iri: &str| NamedNode::new_unchecked(iri);
    let report = BlankNode::default();
    let mut triples = Vec::new();
    let mut seen = HashSet::new();
    for finding in findings.filter(|finding| seen.insert(finding.key())) {
        let result = BlankNode::default();
        let mut add = |property: &str, value: Term| {
            triples.push(Triple::new(result.clone(), node(property), value));
        };
        add(rdf::TYPE, node(sh::VALIDATION_RESULT).into());
        add(sh::FOCUS_NODE, finding.focus.clone());
        add(sh::RESULT_SEVERITY, node(finding.severity.iri()).into());
        let component = format!("{}{}", sh::NAMESPACE, finding.component);
        add(sh::SOURCE_CONSTRAINT_COMPONENT, node(&component).into());
        add(sh::SOURCE_SHAPE, finding.shape.clone());
        if let Some(value) = &finding.value {
            add(sh::VALUE, value.clone());
        }
        for message in &finding.messages {
            add(sh::RESULT_MESSAGE, message.clone().into());
        }
        if let Some(path) = &finding.path {
            let path = path.term(&mut triples);
            triples.push(Triple::new(result.clone(), node(sh::RESULT_PATH), path));
        }
        triples.push(Triple::new(report.clone(), node(sh::RESULT), result));
    }
    let conforms = Literal::from(seen.is_empty());
    triples.insert(0, Triple::new(report.clone(), node(sh::CONFORMS), conforms));
    triples.insert(0, Triple::new(report, node(rdf::TYPE), node(sh::VALIDATION_REPORT)));
    let mut serializer = RdfSerializer::from_format(RdfFormat::Turtle);
    for (prefix, namespace) in vocab::PREFIXES {
        serializer = serializer.with_prefix(*prefix, *namespace).map_err(std::io::Error::other)?;
    }
    let mut writer = serializer.for_writer(Vec::new());
    for triple in &triples {
        writer.serialize_triple(triple)?;
    }
    Ok(String::from_utf8_lossy(&writer.finish()?).into_owned())
}
