//! Shapes out of Turtle.

use super::constraint::{Severity, Shape, Shapes, Target};
use super::error::ShapesError;
use super::parse_constraints::constraints;
use super::parse_path::path;
use crate::vocab::{owl, rdf, rdfs, sh};
use oxigraph::io::{RdfFormat, RdfParser};
use oxigraph::model::{Literal, NamedNode, Term, Triple};
use std::collections::{HashMap, HashSet};

/// Shapes within shapes, at most.
const DEEPEST: usize = 64;

/// A file of shapes.
#[derive(Clone, Debug)]
pub struct ShapesFile {
    /// Its name in errors.
    pub name: String,
    /// Turtle.
    pub text: String,
}

impl ShapesFile {
    /// A file that was read.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }
}

/// The triples of a Turtle text.
///
/// # Errors
/// When it is not Turtle; the message names `file`, the position and the reason.
pub fn parse_turtle(file: &str, text: &str) -> Result<Vec<Triple>, ShapesError> {
    let refused = |reason: String| ShapesError::Turtle { file: file.to_owned(), reason };
    let parser = RdfParser::from_format(RdfFormat::Turtle)
        .rename_blank_nodes()
        .with_base_iri("urn:veritrail:shapes/")
        .map_err(|error| refused(error.to_string()))?;
    parser
        .for_slice(text.as_bytes())
        .map(|quad| quad.map(Triple::from).map_err(|error| refused(error.to_string())))
        .collect()
}

impl Shapes {
    /// Reads shapes; those of one file may name those of another.
    ///
    /// # Errors
    /// When a file is not Turtle, or a shape is not one of SHACL's core or contains
    /// itself; the message names the file and the shape.
    pub fn parse(files: &[ShapesFile]) -> Result<Self, ShapesError> {
        let mut source = Source::default();
        for file in files {
            for triple in parse_turtle(&file.name, &file.text)? {
                source.file_of.entry(triple.subject.clone().into()).or_insert(file.name.clone());
                source
                    .triples
                    .entry(triple.subject.into())
                    .or_default()
                    .push((triple.predicate, triple.object));
            }
        }
        let mut reader = Reader { source: &source, numbers: HashMap::new(), open: Vec::new() };
        for node in source.roots() {
            reader.number(&node);
        }
        let mut shapes = Vec::new();
        while let Some(node) = reader.open.get(shapes.len()).cloned() {
            shapes.push(reader.shape(&node)?);
        }
        let shapes = Self { shapes };
        shapes.refuse_circles(&source)?;
        Ok(shapes)
    }

    /// SHACL does not say what a shape means that contains itself.
    fn refuse_circles(&self, source: &Source) -> Result<(), ShapesError> {
        // Height of each shape whose nested shapes are known.
        let mut heights: Vec<Option<usize>> = vec![None; self.shapes.len()];
        let nested: Vec<Vec<usize>> = self.shapes.iter().map(Shape::nested).collect();
        for round in 0..=DEEPEST {
            let mut changed = false;
            for (number, inner) in nested.iter().enumerate() {
                let known = |n: &usize| heights.get(*n).copied().flatten();
                if heights.get(number).is_some_and(Option::is_none)
                    && inner.iter().all(|n| known(n).is_some())
                    && let Some(height) = heights.get_mut(number)
                {
                    *height = Some(round);
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
        let unknown = heights.iter().position(Option::is_none);
        match unknown.and_then(|number| self.shapes.get(number)) {
            Some(shape) => Err(source.problem(
                &shape.id,
                format!(
                    "expected a shape that does not contain itself, with at most {DEEPEST} levels of shapes within shapes"
                ),
            )),
            None => Ok(()),
        }
    }
}

/// The triples of all files, by subject.
#[derive(Default)]
pub(super) struct Source {
    triples: HashMap<Term, Vec<(NamedNode, Term)>>,
    file_of: HashMap<Term, String>,
}

impl Source {
    /// Values of a property.
    pub(super) fn values(&self, node: &Term, property: &str) -> Vec<&Term> {
        let of = self.triples.get(node).into_iter().flatten();
        of.filter(|(predicate, _)| predicate.as_str() == property).map(|(_, value)| value).collect()
    }

    pub(super) fn properties(&self, node: &Term) -> &[(NamedNode, Term)] {
        self.triples.get(node).map_or(&[], Vec::as_slice)
    }

    /// The value of a property that may be there once.
    pub(super) fn value(&self, node: &Term, property: &str) -> Result<Option<&Term>, ShapesError> {
        match self.values(node, property).as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            many => Err(self
                .problem(node, format!("expected one {}, found {}", local(property), many.len()))),
        }
    }

    /// `true` or `false`, `false` when it is not there.
    pub(super) fn flag(&self, node: &Term, property: &str) -> Result<bool, ShapesError> {
        let Some(value) = self.value(node, property)? else { return Ok(false) };
        match value {
            Term::Literal(literal) if ["true", "1"].contains(&literal.value()) => Ok(true),
            Term::Literal(literal) if ["false", "0"].contains(&literal.value()) => Ok(false),
            other => Err(self.unexpected(node, property, "true or false", other)),
        }
    }

    /// The members of a list.
    pub(super) fn list(
        &self,
        node: &Term,
        property: &str,
        list: &Term,
    ) -> Result<Vec<Term>, ShapesError> {
        let (mut members, mut seen) = (Vec::new(), HashSet::new());
        let mut rest = list.clone();
        while !matches!(&rest, Term::NamedNode(end) if end.as_str() == rdf::NIL) {
            let (first, next) = (self.value(&rest, rdf::FIRST)?, self.value(&rest, rdf::REST)?);
            match (first, next) {
                (Some(first), Some(next)) if seen.insert(rest.clone()) => {
                    members.push(first.clone());
                    rest = next.clone();
                }
                _ => return Err(self.unexpected(node, property, "a list", list)),
            }
        }
        Ok(members)
    }

    pub(super) fn unexpected(
        &self,
        node: &Term,
        property: &str,
        expected: &str,
        found: &Term,
    ) -> ShapesError {
        self.problem(node, format!("{}: expected {expected}, found {found}", local(property)))
    }

    /// An error about a shape. A shape without a name is known by its path.
    pub(super) fn problem(&self, node: &Term, problem: String) -> ShapesError {
        let path = self.values(node, sh::PATH).first().map(ToString::to_string);
        let shape = match (node, path) {
            (Term::BlankNode(_), Some(path)) => format!("of {path}"),
            (Term::BlankNode(_), None) => "without a name".to_owned(),
            (named, _) => named.to_string(),
        };
        let file = self.file_of.get(node).cloned().unwrap_or_default();
        ShapesError::Shape { file, shape, problem }
    }

    /// Shapes that have this one as a shape of values.
    pub(super) fn holders(&self, shape: &Term) -> Vec<&Term> {
        let holds = |(predicate, value): &(NamedNode, Term)| {
            predicate.as_str() == sh::PROPERTY && value == shape
        };
        let found = self.triples.iter().filter(|(_, about)| about.iter().any(holds));
        found.map(|(node, _)| node).collect()
    }

    /// Nodes that are shapes by their class or because they have a target, ordered.
    fn roots(&self) -> Vec<Term> {
        let classes = [sh::NODE_SHAPE, sh::PROPERTY_SHAPE];
        let targets =
            [sh::TARGET_CLASS, sh::TARGET_NODE, sh::TARGET_SUBJECTS_OF, sh::TARGET_OBJECTS_OF];
        let is_root = |(predicate, value): &(NamedNode, Term)| {
            targets.contains(&predicate.as_str())
                || (predicate.as_str() == rdf::TYPE && classes.iter().any(|class| is(value, class)))
        };
        let found = self.triples.iter().filter(|(_, about)| about.iter().any(is_root));
        let mut roots: Vec<Term> = found.map(|(node, _)| node.clone()).collect();
        roots.sort_by_key(ToString::to_string);
        roots
    }
}

/// Numbers shapes in the order in which they are met.
pub(super) struct Reader<'s> {
    pub(super) source: &'s Source,
    numbers: HashMap<Term, usize>,
    open: Vec<Term>,
}

impl Reader<'_> {
    /// The number of the shape that a node stands for.
    pub(super) fn number(&mut self, node: &Term) -> usize {
        let next = self.open.len();
        let number = *self.numbers.entry(node.clone()).or_insert(next);
        if number == next {
            self.open.push(node.clone());
        }
        number
    }

    fn shape(&mut self, node: &Term) -> Result<Shape, ShapesError> {
        let source = self.source;
        if matches!(node, Term::Literal(_)) {
            return Err(source.problem(node, "expected a shape, found a text".to_owned()));
        }
        let path = match source.value(node, sh::PATH)? {
            Some(value) => Some(path(source, node, value, 0)?),
            None => None,
        };
        let is_property = source.values(node, rdf::TYPE).iter().any(|t| is(t, sh::PROPERTY_SHAPE));
        if path.is_none() && is_property {
            return Err(source.problem(node, "expected sh:path, found none".to_owned()));
        }
        let severity = match source.value(node, sh::SEVERITY)? {
            None => Severity::Violation,
            Some(value) => match value {
                Term::NamedNode(iri) => Severity::from_iri(iri.as_str()),
                Term::BlankNode(_) | Term::Literal(_) => None,
            }
            .ok_or_else(|| {
                let expected = "sh:Info, sh:Warning or sh:Violation";
                source.unexpected(node, sh::SEVERITY, expected, value)
            })?,
        };
        let mut messages = Vec::new();
        for value in source.values(node, sh::MESSAGE) {
            match value {
                Term::Literal(text) => messages.push(text.clone()),
                other => return Err(source.unexpected(node, sh::MESSAGE, "a text", other)),
            }
        }
        messages.sort_by_key(Literal::to_string);
        Ok(Shape {
            id: node.clone(),
            targets: targets(source, node)?,
            constraints: constraints(self, node, path.as_ref())?,
            severity,
            messages,
            deactivated: source.flag(node, sh::DEACTIVATED)?,
            path,
        })
    }
}

fn targets(source: &Source, node: &Term) -> Result<Vec<Target>, ShapesError> {
    let mut targets = Vec::new();
    for (predicate, value) in source.properties(node) {
        let iri = || match value {
            Term::NamedNode(iri) => Ok(iri.clone()),
            other => Err(source.unexpected(node, predicate.as_str(), "an IRI", other)),
        };
        match predicate.as_str() {
            sh::TARGET_CLASS => targets.push(Target::Class(iri()?)),
            sh::TARGET_NODE => targets.push(Target::Node(value.clone())),
            sh::TARGET_SUBJECTS_OF => targets.push(Target::SubjectsOf(iri()?)),
            sh::TARGET_OBJECTS_OF => targets.push(Target::ObjectsOf(iri()?)),
            // A class that is a shape is about its own instances.
            rdf::TYPE if is(value, rdfs::CLASS) || is(value, owl::CLASS) => {
                if let Term::NamedNode(class) = node {
                    targets.push(Target::Class(class.clone()));
                }
            }
            _ => {}
        }
    }
    Ok(targets)
}

pub(super) fn is(term: &Term, iri: &str) -> bool {
    matches!(term, Term::NamedNode(node) if node.as_str() == iri)
}

/// The name of a property of SHACL for people.
pub(super) fn local(property: &str) -> String {
    super::path::short(property)
}
