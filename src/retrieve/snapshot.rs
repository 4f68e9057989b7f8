//! One generation as a reader sees it.

use crate::extract::{Gazetteer, GazetteerError};
use crate::graph::{DocumentSummary, NodeKey, Projection, ProjectionBuilder};
use crate::index::{DenseIndex, LexicalIndex};
use crate::model::{AccessLabel, DocumentId, Entity, EntityId, Fragment, FragmentId, GenerationId};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// An entity named by more fragments than this says nothing about any of them.
const MAX_FRAGMENTS_PER_ENTITY: usize = 400;

/// What a snapshot is made of.
pub struct SnapshotParts {
    /// The generation.
    pub generation: GenerationId,
    /// Every document.
    pub documents: Vec<DocumentSummary>,
    /// Every fragment.
    pub fragments: Vec<Fragment>,
    /// Every entity.
    pub entities: Vec<Entity>,
    /// Which fragment names which entity.
    pub mentions: Vec<(FragmentId, EntityId)>,
    /// Links from fragments to documents.
    pub links: Vec<(FragmentId, DocumentId)>,
    /// The topic of each document.
    pub topics: Vec<(DocumentId, EntityId)>,
    /// Pairs of entities that may be the same, or that imported RDF ties.
    pub ties: Vec<(EntityId, EntityId)>,
    /// Vectors.
    pub dense: DenseIndex,
    /// Words.
    pub lexical: LexicalIndex,
}

/// One generation in memory, immutable.
pub struct Snapshot {
    pub(super) generation: GenerationId,
    pub(super) documents: HashMap<DocumentId, DocumentSummary>,
    pub(super) fragments: HashMap<FragmentId, Fragment>,
    pub(super) entities: HashMap<EntityId, Entity>,
    pub(super) gazetteer: Gazetteer,
    pub(super) projection: Projection,
    pub(super) dense: DenseIndex,
    pub(super) lexical: LexicalIndex,
}

impl Snapshot {
    /// Builds the graph projection and the gazetteer over the parts.
    ///
    /// # Errors
    /// When the labels exceed what the gazetteer can hold.
    pub fn new(parts: SnapshotParts) -> Result<Self, GazetteerError> {
        let gazetteer = Gazetteer::build(&parts.entities)?;
        let projection = project(&parts);
        Ok(Self {
            generation: parts.generation,
            documents: parts.documents.into_iter().map(|d| (d.id.clone(), d)).collect(),
            fragments: parts.fragments.into_iter().map(|f| (f.id.clone(), f)).collect(),
            entities: parts.entities.into_iter().map(|e| (e.id.clone(), e)).collect(),
            gazetteer,
            projection,
            dense: parts.dense,
            lexical: parts.lexical,
        })
    }

    /// The generation.
    pub fn generation(&self) -> &GenerationId {
        &self.generation
    }

    /// A fragment.
    pub fn fragment(&self, id: &FragmentId) -> Option<&Fragment> {
        self.fragments.get(id)
    }

    /// A document.
    pub fn document(&self, id: &DocumentId) -> Option<&DocumentSummary> {
        self.documents.get(id)
    }

    /// Number of documents, fragments and entities.
    pub fn counts(&self) -> (usize, usize, usize) {
        (self.documents.len(), self.fragments.len(), self.entities.len())
    }

    /// Whether a principal with these labels may see a document.
    pub(super) fn may_see(
        &self,
        document: &DocumentId,
        labels: Option<&BTreeSet<AccessLabel>>,
    ) -> bool {
        labels.is_none_or(|labels| {
            self.documents.get(document).is_some_and(|d| labels.contains(&d.access_label))
        })
    }
}

/// Edges: a fragment and what it names, weighted by how specific the name is
/// (inverse fragment frequency); an entity and the first fragment of the
/// document about it; a fragment and the documents that it links to; a picture
/// and its file; neighbours within a document; entities tied by RDF.
fn project(parts: &SnapshotParts) -> Projection {
    let mut builder = ProjectionBuilder::new();
    let mut frequency: HashMap<&EntityId, usize> = HashMap::new();
    for (_, entity) in &parts.mentions {
        *frequency.entry(entity).or_default() += 1;
    }
    let n = parts.fragments.len().max(1) as f32;
    let about: BTreeMap<&DocumentId, &EntityId> =
        parts.topics.iter().map(|(document, entity)| (document, entity)).collect();
    let document_of: HashMap<&FragmentId, &DocumentId> =
        parts.fragments.iter().map(|f| (&f.id, &f.document)).collect();
    for (fragment, entity) in &parts.mentions {
        let n_fragments = frequency.get(entity).copied().unwrap_or(1);
        if n_fragments > MAX_FRAGMENTS_PER_ENTITY {
            continue;
        }
        // A document that names its own topic says nothing new.
        let own_topic = document_of.get(fragment).and_then(|d| about.get(*d)) == Some(&entity);
        let weight = (n / n_fragments as f32).ln().max(0.1) * if own_topic { 0.2 } else { 1.0 };
        builder.add_edge(
            NodeKey::Fragment(fragment.clone()),
            NodeKey::Entity(entity.clone()),
            weight,
        );
    }
    for (document, entity) in &parts.topics {
        builder.add_edge(
            NodeKey::Document(document.clone()),
            NodeKey::Entity(entity.clone()),
            n.ln().max(1.0),
        );
    }
    let mut before: Option<&Fragment> = None;
    for fragment in &parts.fragments {
        let node = NodeKey::Fragment(fragment.id.clone());
        let own = 2.0 / (1.0 + fragment.ordinal as f32).sqrt();
        builder.add_edge(node.clone(), NodeKey::Document(fragment.document.clone()), own);
        if let Some(before) = before.filter(|before| before.document == fragment.document) {
            builder.add_edge(NodeKey::Fragment(before.id.clone()), node.clone(), 0.5);
        }
        if let Some(picture) = fragment.picture().filter(|picture| **picture != fragment.document) {
            builder.add_edge(node, NodeKey::Document(picture.clone()), 2.0);
        }
        before = Some(fragment);
    }
    for (fragment, document) in &parts.links {
        builder.add_edge(
            NodeKey::Fragment(fragment.clone()),
            NodeKey::Document(document.clone()),
            2.0,
        );
    }
    for (a, b) in &parts.ties {
        builder.add_edge(NodeKey::Entity(a.clone()), NodeKey::Entity(b.clone()), 2.0);
    }
    builder.build()
}
