//! The fragments of a generation, by id and by the numbers of the projection.

use crate::graph::{NodeKey, Projection};
use crate::model::{DocumentId, Fragment, FragmentId};
use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// A map that is asked thousands of times for a question.
pub(super) type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;
/// A set that is.
pub(super) type Set<K> = HashSet<K, foldhash::fast::RandomState>;

/// Every fragment. Walks and bridges go by numbers: they look at thousands for a question,
/// and finding each by its id would take longer than all else.
pub(super) struct Fragments {
    all: Vec<Fragment>,
    places: Map<FragmentId, u32>,
    /// By the number of the node, for nodes that are fragments.
    nodes: Vec<Option<Node>>,
}

/// A node that is a fragment.
#[derive(Clone, Copy)]
struct Node {
    /// Where it stands among all.
    place: u32,
    /// The same number for fragments of one document.
    document: u32,
    /// The row of its vector.
    row: Option<u32>,
}

impl Fragments {
    /// Fragments with the rows that their vectors have.
    pub(super) fn new(
        all: Vec<Fragment>,
        projection: &Projection,
        row: impl Fn(&FragmentId) -> Option<usize>,
    ) -> Self {
        let mut documents: Map<&DocumentId, u32> = Map::default();
        let mut nodes = Vec::new();
        for (place, fragment) in (0u32..).zip(&all) {
            let next = u32::try_from(documents.len()).unwrap_or(u32::MAX);
            let document = *documents.entry(&fragment.document).or_insert(next);
            let number = projection.number(&NodeKey::Fragment(fragment.id.clone()));
            let Some(number) = number.map(|number| number as usize) else { continue };
            if nodes.len() <= number {
                nodes.resize(number + 1, None);
            }
            let row = row(&fragment.id).and_then(|row| u32::try_from(row).ok());
            if let Some(slot) = nodes.get_mut(number) {
                *slot = Some(Node { place, document, row });
            }
        }
        let places = all.iter().map(|fragment| fragment.id.clone()).zip(0u32..).collect();
        Self { all, places, nodes }
    }

    /// A fragment by its id, or the IRI of it.
    pub(super) fn get<Q>(&self, id: &Q) -> Option<&Fragment>
    where
        FragmentId: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.places.get(id).and_then(|place| self.all.get(*place as usize))
    }

    /// Whether there is one with this id or IRI.
    pub(super) fn has<Q>(&self, id: &Q) -> bool
    where
        FragmentId: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.places.contains_key(id)
    }

    /// The fragment that a node of the projection is.
    pub(super) fn at(&self, node: u32) -> Option<&Fragment> {
        self.all.get(self.node(node)?.place as usize)
    }

    /// Whether two nodes are fragments of different documents.
    pub(super) fn of_two_documents(&self, a: u32, b: u32) -> bool {
        match (self.node(a), self.node(b)) {
            (Some(a), Some(b)) => a.document != b.document,
            _ => false,
        }
    }

    /// The row of the vector of the fragment that a node is.
    pub(super) fn row(&self, node: u32) -> Option<usize> {
        Some(self.node(node)?.row? as usize)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Fragment> {
        self.all.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    fn node(&self, node: u32) -> Option<Node> {
        self.nodes.get(node as usize).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::ProjectionBuilder;
    use crate::model::{Digest, EntityId, FragmentKind, Span, VersionId};

    fn fragment(source: &str, ordinal: u32) -> Fragment {
        let document = DocumentId::from_source(source);
        let version = VersionId::new(&document, &Digest::of(source.as_bytes()));
        Fragment {
            id: FragmentId::new(&version, ordinal),
            document,
            version,
            ordinal,
            heading_path: Vec::new(),
            span: Span::new(0, 1),
            page: None,
            text: format!("{source} {ordinal}"),
            kind: FragmentKind::Chunk,
        }
    }

    #[test]
    fn fragments_are_found_by_id_and_by_number() {
        // The last one is no node, and one node is of a fragment that there is not.
        let all = [("b", 0), ("a", 0), ("a", 1), ("c", 0)].map(|(s, n)| fragment(s, n));
        let mut builder = ProjectionBuilder::new();
        for known in all.iter().take(3) {
            builder.add_node(NodeKey::Fragment(known.id.clone()));
        }
        builder.add_node(NodeKey::Fragment(fragment("gone", 0).id));
        builder.add_node(NodeKey::Entity(EntityId::from_iri("e")));
        let projection = builder.build();
        let row = |id: &FragmentId| all.iter().rev().position(|known| known.id == *id);
        let fragments = Fragments::new(all.to_vec(), &projection, row);
        assert_eq!(fragments.len(), 4);
        for (n, known) in all.iter().enumerate() {
            assert_eq!(fragments.get(&known.id), Some(known));
            assert_eq!(fragments.get(known.id.as_str()), Some(known));
            let number = projection.number(&NodeKey::Fragment(known.id.clone()));
            assert_eq!(number.is_some(), n < 3);
            if let Some(number) = number {
                assert_eq!(fragments.at(number), Some(known));
                assert_eq!(fragments.row(number), Some(3 - n));
            }
        }
        assert!(!fragments.has("gone"));
        let number = |n: usize| projection.number(&NodeKey::Fragment(all[n].id.clone())).unwrap();
        assert!(fragments.of_two_documents(number(0), number(1)));
        assert!(!fragments.of_two_documents(number(1), number(2)));
        for n in 0..6 {
            let is_known = (0..3).any(|known| number(known) == n);
            assert_eq!(fragments.at(n).is_some(), is_known, "node {n}");
            assert!(is_known || !fragments.of_two_documents(n, number(0)));
        }
    }
}
