//! The graph as numbers: nodes and weighted edges, ready for walks.

use super::walk_space::Spaces;
use crate::model::{DocumentId, EntityId, FragmentId};
use petgraph::csr::Csr;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A node of the projection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeKey {
    /// A chunk or picture.
    Fragment(FragmentId),
    /// A document, standing for all its fragments.
    Document(DocumentId),
    /// An entity.
    Entity(EntityId),
}

type Numbers = HashMap<NodeKey, u32, foldhash::fast::RandomState>;

/// Collects weighted edges; parallel edges add up.
#[derive(Debug, Default)]
pub struct ProjectionBuilder {
    nodes: BTreeSet<NodeKey>,
    edges: Vec<(NodeKey, NodeKey, f32)>,
}

/// An immutable weighted graph. Nodes are numbered in the order of their keys,
/// so the same content gives the same numbers.
pub struct Projection {
    keys: Arc<Vec<NodeKey>>,
    numbers: Arc<Numbers>,
    graph: Csr<(), f32, petgraph::Directed, u32>,
    /// Sum of the weights of the outgoing edges of each node.
    strengths: Vec<f32>,
    /// Shared by all restrictions, which have the same nodes.
    spaces: Arc<Spaces>,
}

impl ProjectionBuilder {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a node without edges.
    pub fn add_node(&mut self, key: NodeKey) {
        self.nodes.insert(key);
    }

    /// Adds an edge in both directions. Weights that are not positive are ignored.
    pub fn add_edge(&mut self, a: NodeKey, b: NodeKey, weight: f32) {
        self.add_directed(a.clone(), b.clone(), weight);
        self.add_directed(b, a, weight);
    }

    /// Adds an edge from `a` to `b`.
    pub fn add_directed(&mut self, a: NodeKey, b: NodeKey, weight: f32) {
        if weight > 0.0 && weight.is_finite() && a != b {
            self.edges.push((a, b, weight));
        }
    }

    /// The finished projection.
    pub fn build(mut self) -> Projection {
        for (a, b, _) in &self.edges {
            self.nodes.insert(a.clone());
            self.nodes.insert(b.clone());
        }
        let keys: Vec<NodeKey> = self.nodes.into_iter().collect();
        let numbers: Numbers = keys.iter().cloned().zip(0u32..).collect();
        let mut summed: BTreeMap<(u32, u32), f32> = BTreeMap::new();
        for (a, b, weight) in self.edges {
            if let (Some(a), Some(b)) = (numbers.get(&a), numbers.get(&b)) {
                *summed.entry((*a, *b)).or_default() += weight;
            }
        }
        let edges: Vec<(u32, u32, f32)> =
            summed.into_iter().map(|((a, b), weight)| (a, b, weight)).collect();
        Projection::of(Arc::new(keys), Arc::new(numbers), &edges, Arc::default())
    }
}

impl Projection {
    /// `edges` are sorted and unique.
    fn of(
        keys: Arc<Vec<NodeKey>>,
        numbers: Arc<Numbers>,
        edges: &[(u32, u32, f32)],
        spaces: Arc<Spaces>,
    ) -> Self {
        // Edges come sorted and unique, so this cannot fail.
        let mut graph = Csr::from_sorted_edges(edges).unwrap_or_default();
        while graph.node_count() < keys.len() {
            graph.add_node(());
        }
        let strengths = (0..graph.node_count())
            .map(|node| graph.edges_slice(node as u32).iter().sum())
            .collect();
        Self { keys, numbers, graph, strengths, spaces }
    }

    /// The same nodes under the same numbers, with the edges that `edge` keeps between
    /// nodes that `node` keeps: what a walk that starts at kept nodes can pass.
    pub fn restricted(
        &self,
        node: &dyn Fn(&NodeKey) -> bool,
        edge: &dyn Fn(&NodeKey, &NodeKey) -> bool,
    ) -> Self {
        let kept: Vec<bool> = self.keys.iter().map(node).collect();
        let is_kept = |number: u32| kept.get(number as usize).copied().unwrap_or(false);
        let mut edges = Vec::new();
        for (from, key) in (0u32..).zip(self.keys.iter()).filter(|(from, _)| is_kept(*from)) {
            for (to, weight) in self.neighbours(from).filter(|(to, _)| is_kept(*to)) {
                if self.key(to).is_some_and(|other| edge(key, other)) {
                    edges.push((from, to, weight));
                }
            }
        }
        let (keys, numbers) = (Arc::clone(&self.keys), Arc::clone(&self.numbers));
        Self::of(keys, numbers, &edges, Arc::clone(&self.spaces))
    }

    /// Where walks on it write.
    pub(super) fn spaces(&self) -> &Spaces {
        &self.spaces
    }

    /// Number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.keys.len()
    }

    /// Number of directed edges.
    pub fn n_edges(&self) -> usize {
        self.graph.edge_count()
    }

    /// The number of a node.
    pub fn number(&self, key: &NodeKey) -> Option<u32> {
        self.numbers.get(key).copied()
    }

    /// The key of a node.
    pub fn key(&self, number: u32) -> Option<&NodeKey> {
        self.keys.get(number as usize)
    }

    /// Neighbours of a node with the weights of the edges to them.
    pub fn neighbours(&self, number: u32) -> impl Iterator<Item = (u32, f32)> + '_ {
        let known = (number as usize) < self.keys.len();
        let (targets, weights) = if known {
            (self.graph.neighbors_slice(number), self.graph.edges_slice(number))
        } else {
            Default::default()
        };
        targets.iter().copied().zip(weights.iter().copied())
    }

    /// Sum of the weights of the outgoing edges of a node.
    pub fn strength(&self, number: u32) -> f32 {
        self.strengths.get(number as usize).copied().unwrap_or(0.0)
    }

    /// Number of outgoing edges of a node.
    pub fn degree(&self, number: u32) -> usize {
        if (number as usize) < self.keys.len() { self.graph.out_degree(number) } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(name: &str) -> NodeKey {
        NodeKey::Entity(EntityId::from_iri(name))
    }

    #[test]
    fn a_restricted_projection_keeps_numbers_and_loses_edges() {
        let mut builder = ProjectionBuilder::new();
        for (a, b) in [("a", "b"), ("b", "c"), ("a", "c")] {
            builder.add_edge(entity(a), entity(b), 1.0);
        }
        let whole = builder.build();
        let (a, c) = (entity("a"), entity("c"));
        let part = whole.restricted(&|key| *key != entity("b"), &|_, _| true);
        assert_eq!((part.n_nodes(), part.n_edges()), (3, 2));
        assert_eq!(part.number(&c), whole.number(&c));
        assert_eq!(part.strength(part.number(&a).unwrap()), 1.0);
        assert_eq!(whole.restricted(&|_| true, &|from, _| *from == a).n_edges(), 2);
    }

    #[test]
    fn parallel_edges_add_up_and_loops_are_dropped() {
        let mut builder = ProjectionBuilder::new();
        builder.add_edge(entity("a"), entity("b"), 1.0);
        builder.add_edge(entity("b"), entity("a"), 0.5);
        builder.add_edge(entity("a"), entity("a"), 9.0);
        builder.add_node(entity("z"));
        let projection = builder.build();
        let a = projection.number(&entity("a")).unwrap();
        assert_eq!(projection.neighbours(a).collect::<Vec<_>>(), [(1, 1.5)]);
        assert_eq!(projection.n_nodes(), 3);
        assert_eq!(projection.degree(projection.number(&entity("z")).unwrap()), 0);
    }
}
