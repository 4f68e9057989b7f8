//! Shapes as they are checked.

use super::path::Path;
use crate::vocab::sh;
use oxigraph::model::{Literal, NamedNode, Term};
use regex::Regex;
use serde::Serialize;
use std::collections::HashSet;

/// Shapes that belong together: those of one or of several files.
#[derive(Debug, Default)]
pub struct Shapes {
    pub(super) shapes: Vec<Shape>,
}

impl Shapes {
    /// Whether there is no shape with a target, so that nothing is ever found.
    pub fn is_empty(&self) -> bool {
        self.shapes.iter().all(|shape| shape.targets.is_empty())
    }
}

/// One node shape, or one property shape when it has a path.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) id: Term,
    pub(super) path: Option<Path>,
    pub(super) targets: Vec<Target>,
    pub(super) constraints: Vec<Constraint>,
    pub(super) severity: Severity,
    pub(super) messages: Vec<Literal>,
    pub(super) deactivated: bool,
}

/// Which nodes a shape is about.
#[derive(Debug, PartialEq)]
pub(super) enum Target {
    Class(NamedNode),
    Node(Term),
    SubjectsOf(NamedNode),
    ObjectsOf(NamedNode),
}

/// How bad it is not to meet a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The data may be better.
    Info,
    /// The data is probably wrong.
    Warning,
    /// The data is wrong.
    Violation,
}

impl Severity {
    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Violation => "violation",
        }
    }

    /// The IRI of SHACL.
    pub fn iri(self) -> &'static str {
        match self {
            Self::Info => sh::INFO,
            Self::Warning => sh::WARNING,
            Self::Violation => sh::VIOLATION,
        }
    }

    pub(super) fn from_iri(iri: &str) -> Option<Self> {
        [Self::Info, Self::Warning, Self::Violation].into_iter().find(|s| s.iri() == iri)
    }
}

/// Kinds of nodes that `sh:nodeKind` allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct NodeKinds {
    pub(super) iri: bool,
    pub(super) blank: bool,
    pub(super) literal: bool,
    /// The name in SHACL.
    pub(super) name: &'static str,
}

/// How a value stands to the bound of `sh:minInclusive` and its like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bound {
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// What a shape asks for; numbers of shapes point into [`Shapes`].
#[derive(Debug)]
pub(super) enum Constraint {
    Class(NamedNode),
    Datatype(NamedNode),
    NodeKind(NodeKinds),
    MinCount(usize),
    MaxCount(usize),
    Range(Bound, Literal),
    MinLength(usize),
    MaxLength(usize),
    Pattern(Regex),
    LanguageIn(Vec<String>),
    UniqueLang,
    Equals(NamedNode),
    Disjoint(NamedNode),
    LessThan(NamedNode),
    LessThanOrEquals(NamedNode),
    Not(usize),
    And(Vec<usize>),
    Or(Vec<usize>),
    Xone(Vec<usize>),
    Node(usize),
    Property(usize),
    Qualified { shape: usize, siblings: Vec<usize>, min: Option<usize>, max: Option<usize> },
    Closed(HashSet<NamedNode>),
    HasValue(Term),
    In(Vec<Term>),
}
