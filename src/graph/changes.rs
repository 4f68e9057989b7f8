//! What an update changes, quad by quad.

use super::error::QueryError;
use super::view::{GraphKind, View, Viewer, name_of};
use crate::vocab;
use oxigraph::io::{RdfFormat, RdfParser, RdfSerializer};
use oxigraph::model::{GraphName, NamedNode, NamedNodeRef, NamedOrBlankNode, Quad, Term, Triple};
use oxigraph::store::{StorageError, Transaction};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;

/// What differs between two states of the graph.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Changes {
    /// Quads that were there.
    pub(super) removed: Vec<Quad>,
    /// Quads that were not.
    pub(super) inserted: Vec<Quad>,
    /// Named graphs that are there now, with or without quads.
    pub(super) created: Vec<NamedNode>,
    /// Named graphs that are gone.
    pub(super) dropped: Vec<NamedNode>,
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.removed.is_empty()
            && self.inserted.is_empty()
            && self.created.is_empty()
            && self.dropped.is_empty()
    }

    /// Names of the graphs that change, ordered.
    pub(super) fn graphs(&self) -> BTreeSet<String> {
        let quads = self.removed.iter().chain(&self.inserted);
        let of_quads = quads.map(|quad| name_of(quad.graph_name.as_ref()));
        let named = self.created.iter().chain(&self.dropped).map(|name| Some(name.as_str()));
        let names = of_quads.chain(named);
        names.map(|name| name.unwrap_or(vocab::GRAPH_UNNAMED).to_owned()).collect()
    }

    /// Makes the changes.
    pub(super) fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), StorageError> {
        for quad in &self.removed {
            transaction.remove(quad.as_ref());
        }
        transaction.extend(self.inserted.iter().map(Quad::as_ref));
        for graph in &self.created {
            transaction.insert_named_graph(graph.as_ref());
        }
        for graph in &self.dropped {
            transaction.remove_named_graph(graph.as_ref())?;
        }
        Ok(())
    }

    /// About how much memory they take.
    pub(super) fn n_bytes(&self) -> usize {
        let quads = self.removed.iter().chain(&self.inserted);
        let of_quads: usize = quads.map(bytes_of).sum();
        let graphs = self.created.iter().chain(&self.dropped);
        of_quads + graphs.map(|graph| graph.as_str().len() + size_of::<NamedNode>()).sum::<usize>()
    }

    /// As N-Quads in four parts, each with its length before it.
    pub(super) fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let of_graphs = |graphs: &[NamedNode]| -> Vec<Quad> {
            let quad = |graph: &NamedNode| {
                Quad::new(graph.clone(), graph.clone(), graph.clone(), GraphName::DefaultGraph)
            };
            graphs.iter().map(quad).collect()
        };
        let (created, dropped) = (of_graphs(&self.created), of_graphs(&self.dropped));
        let mut bytes = Vec::new();
        for quads in [&self.removed, &self.inserted, &created, &dropped] {
            let mut writer = RdfSerializer::from_format(RdfFormat::NQuads).for_writer(Vec::new());
            for quad in quads {
                writer.serialize_quad(quad.as_ref())?;
            }
            let part = writer.finish()?;
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(&part);
        }
        Ok(bytes)
    }

    pub(super) fn from_bytes(mut bytes: &[u8]) -> io::Result<Self> {
        let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let mut parts = Vec::with_capacity(4);
        for _ in 0..4 {
            let (length, rest) = bytes.split_first_chunk::<8>().ok_or_else(cut)?;
            let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| cut())?;
            let (part, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
            bytes = rest;
            let parser = RdfParser::from_format(RdfFormat::NQuads).lenient();
            let quads = parser.for_slice(part).collect::<Result<Vec<Quad>, _>>();
            parts.push(quads.map_err(io::Error::other)?);
        }
        let names = |quads: Vec<Quad>| quads.into_iter().map(|quad| quad.predicate).collect();
        let mut parts = parts.into_iter();
        let mut next = || parts.next().unwrap_or_default();
        Ok(Self {
            removed: next(),
            inserted: next(),
            created: names(next()),
            dropped: names(next()),
        })
    }
}

/// About how much memory a quad takes.
fn bytes_of(quad: &Quad) -> usize {
    let words = |node: &NamedOrBlankNode| match node {
        NamedOrBlankNode::NamedNode(node) => node.as_str().len(),
        NamedOrBlankNode::BlankNode(node) => node.as_str().len(),
    };
    let object = match &quad.object {
        Term::NamedNode(node) => node.as_str().len(),
        Term::BlankNode(node) => node.as_str().len(),
        Term::Literal(literal) => literal.value().len() + literal.datatype().as_str().len(),
    };
    let graph = name_of(quad.graph_name.as_ref()).map_or(0, str::len);
    size_of::<Quad>() + words(&quad.subject) + quad.predicate.as_str().len() + object + graph
}

/// Collects changes on a transaction in which they are made at once, so that later
/// steps see earlier ones.
pub(super) struct Changing<'t, 's> {
    pub(super) transaction: &'t mut Transaction<'s>,
    viewer: &'t Viewer,
    /// Whether a quad is there now that was not, or the other way round.
    quads: HashMap<Quad, bool>,
    /// Named graphs that were made or dropped, and whether they were there before.
    graphs: BTreeMap<String, bool>,
    /// Graphs of which the caller may write.
    allowed: BTreeSet<Option<String>>,
}

impl<'t, 's> Changing<'t, 's> {
    pub(super) fn new(transaction: &'t mut Transaction<'s>, viewer: &'t Viewer) -> Self {
        Self {
            transaction,
            viewer,
            quads: HashMap::new(),
            graphs: BTreeMap::new(),
            allowed: BTreeSet::new(),
        }
    }

    fn exists(&self, name: &str) -> Result<bool, StorageError> {
        self.transaction.contains_named_graph(NamedNodeRef::new_unchecked(name))
    }

    /// Whether a named graph is there for this caller.
    pub(super) fn sees_graph(&self, name: &str) -> Result<bool, QueryError> {
        let view = View::new(self.viewer, self.transaction);
        Ok(self.exists(name)? && view.sees_graph(Some(name))?)
    }

    pub(super) fn sees_unnamed_graph(&self) -> Result<bool, QueryError> {
        Ok(View::new(self.viewer, self.transaction).sees_graph(None)?)
    }

    /// Refuses graphs that the program keeps, and those that the caller does not see.
    pub(super) fn check(&mut self, name: Option<&str>) -> Result<(), QueryError> {
        let key = name.map(str::to_owned);
        if self.allowed.contains(&key) {
            return Ok(());
        }
        let refused = || QueryError::NotWritable(name.unwrap_or(vocab::GRAPH_UNNAMED).to_owned());
        if !name.map_or(GraphKind::Unnamed, GraphKind::of).is_open() {
            return Err(refused());
        }
        let is_there = name.map_or(Ok(true), |name| self.exists(name))?;
        if is_there && !View::new(self.viewer, self.transaction).sees_graph(name)? {
            return Err(refused());
        }
        if let Some(name) = name {
            self.graphs.entry(name.to_owned()).or_insert(is_there);
        }
        self.allowed.insert(key);
        Ok(())
    }

    pub(super) fn insert(&mut self, quad: Quad) -> Result<(), QueryError> {
        self.set(quad, true)
    }

    pub(super) fn remove(&mut self, quad: Quad) -> Result<(), QueryError> {
        self.set(quad, false)
    }

    fn set(&mut self, quad: Quad, present: bool) -> Result<(), QueryError> {
        self.check(name_of(quad.graph_name.as_ref()))?;
        if self.transaction.contains(quad.as_ref())? == present {
            return Ok(());
        }
        if present {
            self.transaction.insert(quad.as_ref());
        } else {
            self.transaction.remove(quad.as_ref());
        }
        // Changed back, it has not changed.
        if self.quads.remove(&quad).is_none() {
            self.quads.insert(quad, present);
        }
        Ok(())
    }

    /// Adds triples to a graph, which is there from then on also when there are none.
    pub(super) fn insert_all(
        &mut self,
        name: Option<&str>,
        triples: Vec<Triple>,
    ) -> Result<(), QueryError> {
        let graph = match name {
            Some(name) => {
                let name = NamedNode::new_unchecked(name);
                self.create(&name)?;
                GraphName::from(name)
            }
            None => GraphName::DefaultGraph,
        };
        for triple in triples {
            self.insert(triple.in_graph(graph.clone()))?;
        }
        Ok(())
    }

    pub(super) fn create(&mut self, name: &NamedNode) -> Result<(), QueryError> {
        self.check(Some(name.as_str()))?;
        self.transaction.insert_named_graph(name.as_ref());
        Ok(())
    }

    /// Removes all quads of a graph, and its name when it is to be dropped.
    pub(super) fn clear(&mut self, name: Option<&str>, drop: bool) -> Result<(), QueryError> {
        self.check(name)?;
        let graph =
            name.map_or(GraphName::DefaultGraph, |name| NamedNode::new_unchecked(name).into());
        let quads = self.transaction.quads_for_pattern(None, None, None, Some(graph.as_ref()));
        for quad in quads.collect::<Result<Vec<_>, _>>()? {
            self.remove(quad)?;
        }
        if let (Some(name), true) = (name, drop) {
            self.transaction.remove_named_graph(NamedNodeRef::new_unchecked(name))?;
        }
        Ok(())
    }

    /// Named graphs of users that the caller sees.
    pub(super) fn open_graphs(&self) -> Result<Vec<String>, QueryError> {
        let view = View::new(self.viewer, self.transaction);
        let mut names = Vec::new();
        for graph in self.transaction.named_graphs() {
            let name = super::read::iri(&graph?.into());
            if GraphKind::of(&name).is_open() && view.sees_graph(Some(&name))? {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// What changed. A restricted caller must see what he wrote.
    pub(super) fn finish(self) -> Result<Changes, QueryError> {
        let view = View::new(self.viewer, self.transaction);
        for name in self.allowed.iter().flatten() {
            if self.exists(name)? && !view.sees_graph(Some(name))? {
                return Err(QueryError::NotLabelled(name.clone()));
            }
        }
        let mut changes = Changes::default();
        for (name, was_there) in &self.graphs {
            match (was_there, self.exists(name)?) {
                (false, true) => changes.created.push(NamedNode::new_unchecked(name)),
                (true, false) => changes.dropped.push(NamedNode::new_unchecked(name)),
                _ => {}
            }
        }
        for (quad, present) in self.quads {
            if present { &mut changes.inserted } else { &mut changes.removed }.push(quad);
        }
        Ok(changes)
    }
}
