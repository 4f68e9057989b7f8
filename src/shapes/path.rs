//! Paths from a node to values.

use super::data::DataGraph;
use crate::vocab::{self, rdf, sh};
use oxigraph::model::{BlankNode, NamedNode, NamedOrBlankNode, Term, TermRef, Triple};
use std::collections::HashSet;
use std::fmt;

/// A property path of SHACL (section 2.3.1).
#[derive(Clone, Debug, PartialEq)]
pub enum Path {
    /// One property.
    Predicate(NamedNode),
    /// A path from its end to its begin.
    Inverse(Box<Path>),
    /// Paths one after the other.
    Sequence(Vec<Path>),
    /// Any one of several paths.
    Alternative(Vec<Path>),
    /// A path any number of times.
    ZeroOrMore(Box<Path>),
    /// A path at least once.
    OneOrMore(Box<Path>),
    /// A path at most once.
    ZeroOrOne(Box<Path>),
}

impl Path {
    /// The nodes that the path reaches, each once.
    pub(super) fn values<'a>(
        &self,
        from: TermRef<'a>,
        data: &'a DataGraph<'_>,
    ) -> Vec<TermRef<'a>> {
        self.follow(from, data, false)
    }

    fn follow<'a>(
        &self,
        from: TermRef<'a>,
        data: &'a DataGraph<'_>,
        backwards: bool,
    ) -> Vec<TermRef<'a>> {
        let mut found = match self {
            Self::Predicate(predicate) if backwards => data.subjects(predicate.as_ref(), from),
            Self::Predicate(predicate) => data.objects(from, predicate.as_ref()),
            Self::Inverse(path) => path.follow(from, data, !backwards),
            Self::Sequence(paths) => {
                let step = |nodes: Vec<TermRef<'a>>, path: &Path| {
                    let next =
                        nodes.into_iter().flat_map(|node| path.follow(node, data, backwards));
                    once_each(next.collect())
                };
                if backwards {
                    paths.iter().rev().fold(vec![from], step)
                } else {
                    paths.iter().fold(vec![from], step)
                }
            }
            Self::Alternative(paths) => {
                paths.iter().flat_map(|path| path.follow(from, data, backwards)).collect()
            }
            Self::ZeroOrMore(path) => {
                let mut found = vec![from];
                found.extend(path.repeated(from, data, backwards));
                found
            }
            Self::OneOrMore(path) => path.repeated(from, data, backwards),
            Self::ZeroOrOne(path) => {
                let mut found = vec![from];
                found.extend(path.follow(from, data, backwards));
                found
            }
        };
        if found.len() > 1 {
            found = once_each(found);
        }
        found
    }

    /// What one or more repetitions reach; circles end.
    fn repeated<'a>(
        &self,
        from: TermRef<'a>,
        data: &'a DataGraph<'_>,
        backwards: bool,
    ) -> Vec<TermRef<'a>> {
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        let mut open = vec![from];
        while let Some(node) = open.pop() {
            for next in self.follow(node, data, backwards) {
                if seen.insert(next) {
                    found.push(next);
                    open.push(next);
                }
            }
        }
        found
    }

    /// The node that stands for the path in RDF; what describes it goes to `triples`.
    pub(super) fn term(&self, triples: &mut Vec<Triple>) -> Term {
        let (property, value) = match self {
            Self::Predicate(predicate) => return predicate.clone().into(),
            Self::Sequence(paths) => return list(paths, triples),
            Self::Alternative(paths) => (sh::ALTERNATIVE_PATH, list(paths, triples)),
            Self::Inverse(path) => (sh::INVERSE_PATH, path.term(triples)),
            Self::ZeroOrMore(path) => (sh::ZERO_OR_MORE_PATH, path.term(triples)),
            Self::OneOrMore(path) => (sh::ONE_OR_MORE_PATH, path.term(triples)),
            Self::ZeroOrOne(path) => (sh::ZERO_OR_ONE_PATH, path.term(triples)),
        };
        let node = BlankNode::default();
        triples.push(Triple::new(node.clone(), NamedNode::new_unchecked(property), value));
        node.into()
    }
}

fn list(paths: &[Path], triples: &mut Vec<Triple>) -> Term {
    let mut rest: NamedOrBlankNode = NamedNode::new_unchecked(rdf::NIL).into();
    for path in paths.iter().rev() {
        let node = BlankNode::default();
        let first = path.term(triples);
        triples.push(Triple::new(node.clone(), NamedNode::new_unchecked(rdf::FIRST), first));
        triples.push(Triple::new(node.clone(), NamedNode::new_unchecked(rdf::REST), rest));
        rest = node.into();
    }
    rest.into()
}

fn once_each(nodes: Vec<TermRef<'_>>) -> Vec<TermRef<'_>> {
    let mut seen = HashSet::with_capacity(nodes.len());
    nodes.into_iter().filter(|node| seen.insert(*node)).collect()
}

/// As SPARQL writes it, with the prefixes of [`vocab::PREFIXES`].
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, paths: &[Path], mark: &str| {
            let words: Vec<String> = paths.iter().map(Path::to_string).collect();
            write!(f, "({})", words.join(mark))
        };
        match self {
            Self::Predicate(predicate) => f.write_str(&short(predicate.as_str())),
            Self::Inverse(path) => write!(f, "^{path}"),
            Self::Sequence(paths) => joined(f, paths, "/"),
            Self::Alternative(paths) => joined(f, paths, "|"),
            Self::ZeroOrMore(path) => write!(f, "{path}*"),
            Self::OneOrMore(path) => write!(f, "{path}+"),
            Self::ZeroOrOne(path) => write!(f, "{path}?"),
        }
    }
}

/// An IRI with a known prefix, or in angle brackets.
pub(super) fn short(iri: &str) -> String {
    for (prefix, namespace) in vocab::PREFIXES {
        if let Some(local) = iri.strip_prefix(namespace)
            && local.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
        {
            return format!("{prefix}:{local}");
        }
    }
    format!("<{iri}>")
}
