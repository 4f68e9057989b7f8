//! The edges on which a walk goes from fragment to fragment.

use super::snapshot::SnapshotParts;
use crate::graph::{NodeKey, Projection, ProjectionBuilder};
use crate::model::{DocumentId, EntityId, Fragment, FragmentId};
use std::collections::{HashMap, HashSet};

/// An entity named by more fragments than this says nothing about any of them.
const MAX_FRAGMENTS_PER_ENTITY: usize = 400;
/// From an entity to the other fragments that name it, all together, beside 1
/// to the documents about it.
const CO_MENTION: f32 = 0.3;
/// A name that no document is about, beside one that a document is about.
const WITHOUT_DOCUMENT: f32 = 0.3;
/// To the fragment before or after in the same document.
const NEIGHBOUR: f32 = 0.5;
/// Between a picture and where it is shown, and from it to the page that shows it.
const PICTURE: f32 = 2.0;
/// From a picture to all that it shows, by how probable that is.
const DEPICTS: f32 = 1.0;
/// From an entity to all pictures of it, beside 1 to the documents about it.
const DEPICTED: f32 = 0.3;
/// Between entities that are tied by RDF or may be the same.
const TIE: f32 = 0.5;

/// The projection of a generation. Edges are directed:
///
/// - from a fragment to an entity that it names, by how specific the name is
///   (inverse fragment frequency); a document's own topic leads nowhere new;
/// - from an entity to the documents about it, and a little to the other
///   fragments that name it;
/// - from a document to its fragments, the first one first;
/// - from a fragment to the documents that it links to, to its neighbours, and
///   to the picture that it shows;
/// - from a picture to what it shows and back, and from where it is shown to the
///   page.
pub(super) fn project(parts: &SnapshotParts) -> Projection {
    let mut builder = ProjectionBuilder::new();
    // Views go by the numbers of entities, whether or not walks pass them.
    for entity in &parts.entities {
        builder.add_node(NodeKey::Entity(entity.id.clone()));
    }
    let n = parts.fragments.len().max(2) as f32;
    let specificity = |n_fragments: usize| (n / n_fragments.max(1) as f32).ln().max(0.1);
    let document_of: HashMap<&FragmentId, &DocumentId> =
        parts.fragments.iter().map(|f| (&f.id, &f.document)).collect();
    let own_topics: HashSet<(&DocumentId, &EntityId)> =
        parts.topics.iter().map(|(document, entity)| (document, entity)).collect();
    let mut n_documents_about: HashMap<&EntityId, usize> = HashMap::new();
    for (_, entity) in &parts.topics {
        *n_documents_about.entry(entity).or_default() += 1;
    }
    let tied: HashSet<&EntityId> = parts.ties.iter().flat_map(|(a, b)| [a, b]).collect();
    let mut frequency: HashMap<&EntityId, usize> = HashMap::new();
    for (_, entity) in &parts.mentions {
        *frequency.entry(entity).or_default() += 1;
    }

    let denied: HashSet<(&DocumentId, &EntityId)> =
        parts.not_depicted.iter().map(|(picture, entity)| (picture, entity)).collect();
    let picture_of: HashMap<&FragmentId, &DocumentId> =
        parts.fragments.iter().filter_map(|f| Some((&f.id, f.picture()?))).collect();
    for (fragment, entity) in &parts.mentions {
        if picture_of.get(fragment).is_some_and(|picture| denied.contains(&(*picture, entity))) {
            continue;
        }
        let n_fragments = frequency.get(entity).copied().unwrap_or(1);
        let own = document_of.get(fragment).is_some_and(|d| own_topics.contains(&(*d, entity)));
        if own || n_fragments > MAX_FRAGMENTS_PER_ENTITY {
            continue;
        }
        let has_document = n_documents_about.contains_key(entity);
        // A name that only one fragment knows leads back to that fragment.
        if !has_document && n_fragments < 2 && !tied.contains(entity) {
            continue;
        }
        let (fragment, entity) =
            (NodeKey::Fragment(fragment.clone()), NodeKey::Entity(entity.clone()));
        let weight = specificity(n_fragments) * if has_document { 1.0 } else { WITHOUT_DOCUMENT };
        builder.add_directed(fragment.clone(), entity.clone(), weight);
        builder.add_directed(entity, fragment, CO_MENTION / n_fragments as f32);
    }
    for (document, entity) in &parts.topics {
        let n_about = n_documents_about.get(entity).copied().unwrap_or(1) as f32;
        builder.add_directed(
            NodeKey::Entity(entity.clone()),
            NodeKey::Document(document.clone()),
            1.0 / n_about,
        );
    }
    add_document_edges(&mut builder, &parts.fragments);
    let mut n_links: HashMap<&DocumentId, usize> = HashMap::new();
    for (_, document) in &parts.links {
        *n_links.entry(document).or_default() += 1;
    }
    for (fragment, document) in &parts.links {
        let n_fragments = n_links.get(document).copied().unwrap_or(1);
        builder.add_directed(
            NodeKey::Fragment(fragment.clone()),
            NodeKey::Document(document.clone()),
            specificity(n_fragments),
        );
    }
    let mut n_pictures: HashMap<&EntityId, usize> = HashMap::new();
    for (_, entity, _) in &parts.depictions {
        *n_pictures.entry(entity).or_default() += 1;
    }
    for (picture, entity, probability) in &parts.depictions {
        let n = n_pictures.get(entity).copied().unwrap_or(1) as f32;
        let (picture, entity) =
            (NodeKey::Document(picture.clone()), NodeKey::Entity(entity.clone()));
        builder.add_directed(picture.clone(), entity.clone(), DEPICTS * probability);
        builder.add_directed(entity, picture, DEPICTED * probability / n);
    }
    for (a, b) in &parts.ties {
        builder.add_edge(NodeKey::Entity(a.clone()), NodeKey::Entity(b.clone()), TIE);
    }
    builder.build()
}

fn add_document_edges(builder: &mut ProjectionBuilder, fragments: &[Fragment]) {
    let mut before: Option<&Fragment> = None;
    for fragment in fragments {
        let node = NodeKey::Fragment(fragment.id.clone());
        let document = NodeKey::Document(fragment.document.clone());
        let first_come = 1.0 / (1.0 + fragment.ordinal as f32).sqrt();
        builder.add_directed(document.clone(), node.clone(), first_come);
        if let Some(before) = before.filter(|before| before.document == fragment.document) {
            builder.add_edge(NodeKey::Fragment(before.id.clone()), node.clone(), NEIGHBOUR);
        }
        if let Some(picture) = fragment.picture() {
            builder.add_directed(node.clone(), document, PICTURE);
            if *picture != fragment.document {
                builder.add_edge(node, NodeKey::Document(picture.clone()), PICTURE);
            }
        }
        before = Some(fragment);
    }
}
