//! What is seen of a generation with certain labels, worked out once.

use super::fragments::Set;
use super::snapshot::Snapshot;
use crate::extract::{Gazetteer, GazetteerError};
use crate::graph::{NodeKey, Projection};
use crate::index::Rows;
use crate::model::{AccessLabel, DocumentId, Entity, EntityId, Fragment, FragmentId};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::OnceLock;
use unicode_normalization::UnicodeNormalization;

/// What is seen of a generation with certain labels.
pub(super) struct Seen {
    pub(super) labels: BTreeSet<AccessLabel>,
    pub(super) documents: HashSet<DocumentId>,
    pub(super) fragments: Set<FragmentId>,
    /// Rows of the vectors of texts that say something.
    pub(super) rows: OnceLock<Rows>,
    /// Entities with the labels that are seen, in the order of all labels.
    pub(super) entities: HashMap<EntityId, Vec<String>>,
    pub(super) gazetteer: Gazetteer,
    pub(super) projection: Projection,
}

impl Seen {
    pub(super) fn of(
        snapshot: &Snapshot,
        labels: BTreeSet<AccessLabel>,
        withdrawn: &BTreeSet<DocumentId>,
    ) -> Result<Self, GazetteerError> {
        let documents: HashSet<DocumentId> = snapshot
            .documents
            .values()
            .filter(|document| labels.contains(&document.access_label))
            .map(|document| document.id.clone())
            .filter(|document| !withdrawn.contains(document))
            .collect();
        let is_seen = |fragment: &&Fragment| {
            documents.contains(&fragment.document)
                && fragment.picture().is_none_or(|picture| documents.contains(picture))
        };
        let seen = snapshot.fragments.iter().filter(is_seen);
        let fragments: Set<FragmentId> = seen.map(|fragment| fragment.id.clone()).collect();
        let entities = seen_entities(snapshot, &documents, &fragments);
        let named: Vec<Entity> = entities
            .iter()
            .filter_map(|(id, labels)| {
                let class = snapshot.entities.get(id)?.class;
                Some(Entity { id: id.clone(), labels: labels.clone(), class })
            })
            .collect();
        let gazetteer = Gazetteer::build(&named)?;
        let node = |key: &NodeKey| match key {
            NodeKey::Fragment(id) => fragments.contains(id),
            NodeKey::Document(id) => documents.contains(id),
            NodeKey::Entity(id) => entities.contains_key(id),
        };
        let edge = |a: &NodeKey, b: &NodeKey| match (a, b) {
            (NodeKey::Entity(a), NodeKey::Entity(b)) => {
                let pair = (a.clone().min(b.clone()), a.clone().max(b.clone()));
                let stated = snapshot.stated_ties.get(&pair);
                stated.is_none_or(|by| by.iter().any(|document| documents.contains(document)))
            }
            (NodeKey::Document(picture), NodeKey::Entity(entity))
            | (NodeKey::Entity(entity), NodeKey::Document(picture)) => {
                let said = snapshot.depicted_by.get(&(picture.clone(), entity.clone()));
                said.is_none_or(|by| {
                    by.iter().any(|source| match source {
                        None => true,
                        Some(document) => documents.contains(document),
                    })
                })
            }
            _ => true,
        };
        let projection = snapshot.projection.restricted(&node, &edge);
        let rows = OnceLock::new();
        Ok(Self { labels, documents, fragments, rows, entities, gazetteer, projection })
    }
}

/// Entities with the labels that what is seen gives to them.
fn seen_entities(
    snapshot: &Snapshot,
    documents: &HashSet<DocumentId>,
    fragments: &Set<FragmentId>,
) -> HashMap<EntityId, Vec<String>> {
    let mut seen: HashMap<&EntityId, Vec<bool>> = HashMap::new();
    let mut see = |entity: &EntityId, holds: &mut dyn FnMut(&str) -> bool| {
        let Some(known) = snapshot.entities.get(entity) else { return };
        let marks = seen.entry(&known.id).or_insert_with(|| vec![false; known.labels.len()]);
        for (label, mark) in known.labels.iter().zip(marks) {
            *mark = *mark || holds(&folded(label));
        }
    };
    // Mentions come ordered by fragment, so that the words of each are folded once.
    let mut words: Option<(u32, String)> = None;
    for (fragment, entity) in &snapshot.mentions {
        let (Some(NodeKey::Fragment(id)), Some(NodeKey::Entity(entity))) =
            (snapshot.projection.key(*fragment), snapshot.projection.key(*entity))
        else {
            continue;
        };
        if !fragments.contains(id) {
            continue;
        }
        see(entity, &mut |label| {
            if words.as_ref().is_none_or(|(of, _)| of != fragment) {
                words = Some((*fragment, words_of(snapshot, id)));
            }
            words.as_ref().is_some_and(|(_, words)| words.contains(label))
        });
    }
    for (document, entity) in snapshot.topics.iter().filter(|(d, _)| documents.contains(d)) {
        let Some(known) = snapshot.documents.get(document) else { continue };
        let names = std::iter::once(&known.title).chain(&known.aliases);
        let names: Vec<String> = names.map(|name| folded(name)).collect();
        see(entity, &mut |label| names.iter().any(|name| name == label));
    }
    for (entity, label, document) in &snapshot.stated_labels {
        if documents.contains(document) {
            let stated = folded(label);
            see(entity, &mut |label| label == stated);
        }
    }
    let labels_of = |(id, marks): (&EntityId, Vec<bool>)| {
        let all = &snapshot.entities.get(id)?.labels;
        let labels: Vec<String> = all
            .iter()
            .zip(marks)
            .filter(|(_, is_seen)| *is_seen)
            .map(|(label, _)| label.clone())
            .collect();
        (!labels.is_empty()).then(|| (id.clone(), labels))
    };
    seen.into_iter().filter_map(labels_of).collect()
}

/// What a fragment says: its text, under its headings and the title of its document.
pub(super) fn words_of(snapshot: &Snapshot, id: &FragmentId) -> String {
    let Some(fragment) = snapshot.fragments.get(id) else { return String::new() };
    let title = snapshot.documents.get(&fragment.document).map(|d| d.title.as_str());
    let mut words = folded(&fragment.text);
    for heading in fragment.heading_path.iter().map(String::as_str).chain(title) {
        words.push('\n');
        words.push_str(&folded(heading));
    }
    words
}

/// Lower case, one space between words, one form of each character.
pub(super) fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        if word.is_ascii() {
            folded.extend(word.chars().map(|c| c.to_ascii_lowercase()));
        } else {
            folded.extend(word.nfkc().flat_map(char::to_lowercase));
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_ignores_case_form_and_spaces() {
        assert_eq!(folded(" The  HX\u{2011}200\nPump "), folded("the hx‐200 pump"));
        assert_eq!(folded("Größe"), "größe");
    }
}
