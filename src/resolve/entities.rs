//! The table of entities that a corpus speaks of.

use crate::model::{Entity, EntityClass, EntityId, Mention, normalise_label};
use std::collections::{BTreeMap, BTreeSet};

/// A heading found in more documents than this is a form ("Overview"), not a thing.
const MAX_DOCUMENTS_PER_HEADING: usize = 2;
/// A proper name or identifier must be found in this many fragments to link anything.
const MIN_FRAGMENTS_PER_NAME: usize = 2;

/// Collects labelled things and gives each its entity.
#[derive(Debug, Default)]
pub struct EntityTable {
    by_id: BTreeMap<EntityId, Entity>,
    /// Normalised heading, spelling, and the documents that have it.
    headings: BTreeMap<String, (String, BTreeSet<String>)>,
    resources: BTreeMap<String, BTreeSet<EntityId>>,
}

/// Entities, and pairs that may be the same.
#[derive(Debug, Default, PartialEq)]
pub struct Resolution {
    /// Every entity, by IRI.
    pub entities: Vec<Entity>,
    /// Pairs proposed as the same.
    pub close_matches: Vec<(EntityId, EntityId)>,
}

impl EntityTable {
    /// The topic of a document titled `title`.
    pub fn add_topic(&mut self, title: &str) -> Option<EntityId> {
        let normalised = normalise_label(title);
        if normalised.is_empty() {
            return None;
        }
        let id = EntityId::from_label(&normalised);
        self.add_label(&id, title, EntityClass::Topic);
        Some(id)
    }

    /// A term that a glossary defines, with its other names.
    pub fn add_term(&mut self, title: &str, aliases: &[String]) -> Option<EntityId> {
        let normalised = normalise_label(title);
        if normalised.is_empty() {
            return None;
        }
        let id = EntityId::from_label(&normalised);
        for label in std::iter::once(title).chain(aliases.iter().map(String::as_str)) {
            self.add_label(&id, label, EntityClass::Term);
        }
        // A page may have the title of a term; both are about the term.
        if let Some(entity) = self.by_id.get_mut(&id) {
            entity.class = EntityClass::Term;
        }
        Some(id)
    }

    /// A heading of the document with this id.
    pub fn add_heading(&mut self, heading: &str, document: &str) {
        let normalised = normalise_label(heading);
        if !normalised.is_empty() {
            let entry = self
                .headings
                .entry(normalised)
                .or_insert_with(|| (heading.to_owned(), BTreeSet::new()));
            entry.1.insert(document.to_owned());
        }
    }

    /// A label of a resource that imported RDF describes.
    pub fn add_resource(&mut self, id: &EntityId, label: &str) {
        self.resources.entry(normalise_label(label)).or_default().insert(id.clone());
        self.add_label(id, label, EntityClass::Resource);
    }

    /// A thing of which a text states something: its names link also where they are
    /// rare. The gazetteer must be built before, so that it looks for nothing that no
    /// document says of itself.
    pub fn add_stated(&mut self, id: &EntityId, label: &str) {
        if !self.by_id.contains_key(id) {
            self.add_label(id, label, EntityClass::ProperName);
        }
    }

    fn add_label(&mut self, id: &EntityId, label: &str, class: EntityClass) {
        let entity = self.by_id.entry(id.clone()).or_insert_with(|| Entity {
            id: id.clone(),
            labels: Vec::new(),
            class,
        });
        if !entity.labels.iter().any(|known| known == label) {
            entity.labels.push(label.to_owned());
        }
    }

    /// The entities that a gazetteer looks for: topics, resources, and headings
    /// that few documents share and that say more than one word.
    pub fn listed(&self) -> Vec<Entity> {
        let mut listed: BTreeMap<EntityId, Entity> = self.by_id.clone();
        for (normalised, (heading, documents)) in &self.headings {
            let id = EntityId::from_label(normalised);
            let specific =
                documents.len() <= MAX_DOCUMENTS_PER_HEADING && normalised.split(' ').count() > 1;
            if specific && !listed.contains_key(&id) {
                listed.insert(
                    id.clone(),
                    Entity { id, labels: vec![heading.clone()], class: EntityClass::Heading },
                );
            }
        }
        listed.into_values().collect()
    }

    /// Decides which mentions stay and what they mean: names that only one
    /// fragment uses link nothing and are left out.
    pub fn resolve(self, mentions: Vec<(Mention, EntityClass)>) -> (Resolution, Vec<Mention>) {
        let listed = self.listed();
        let mut entities: BTreeMap<EntityId, Entity> =
            listed.into_iter().map(|entity| (entity.id.clone(), entity)).collect();
        let mut users: BTreeMap<&EntityId, BTreeSet<&str>> = BTreeMap::new();
        for (mention, _) in &mentions {
            users.entry(&mention.entity).or_default().insert(mention.fragment.as_str());
        }
        let rare: BTreeSet<EntityId> = users
            .into_iter()
            .filter(|(_, fragments)| fragments.len() < MIN_FRAGMENTS_PER_NAME)
            .map(|(id, _)| id.clone())
            .collect();
        let mut kept = Vec::with_capacity(mentions.len());
        for (mention, class) in mentions {
            let by_shape = !class.is_walked()
                || matches!(class, EntityClass::Identifier | EntityClass::ProperName);
            if by_shape && rare.contains(&mention.entity) && !entities.contains_key(&mention.entity)
            {
                continue;
            }
            entities.entry(mention.entity.clone()).or_insert_with(|| Entity {
                id: mention.entity.clone(),
                labels: vec![mention.surface.clone()],
                class,
            });
            kept.push(mention);
        }
        let mentioned: BTreeSet<&EntityId> = kept.iter().map(|m| &m.entity).collect();
        entities
            .retain(|id, entity| entity.class != EntityClass::Heading || mentioned.contains(id));
        let close_matches = self.close_matches(&entities);
        (Resolution { entities: entities.into_values().collect(), close_matches }, kept)
    }

    fn close_matches(&self, entities: &BTreeMap<EntityId, Entity>) -> Vec<(EntityId, EntityId)> {
        let mut pairs = BTreeSet::new();
        for (label, resources) in &self.resources {
            let mut same: Vec<EntityId> = resources.iter().cloned().collect();
            let by_label = EntityId::from_label(label);
            if entities.contains_key(&by_label) {
                same.push(by_label);
            }
            for (i, a) in same.iter().enumerate() {
                for b in same.iter().skip(i + 1) {
                    pairs.insert((a.clone(), b.clone()));
                }
            }
        }
        pairs.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FragmentId, Span};

    fn mention(fragment: &str, surface: &str, class: EntityClass) -> (Mention, EntityClass) {
        let mention = Mention {
            fragment: FragmentId::from_iri(fragment),
            span: Span::new(0, surface.chars().count()),
            surface: surface.to_owned(),
            entity: EntityId::from_label(&normalise_label(surface)),
            confidence: 1.0,
            rule: "test".into(),
        };
        (mention, class)
    }

    #[test]
    fn a_name_used_once_links_nothing() {
        let (resolution, kept) = EntityTable::default().resolve(vec![
            mention("f1", "Zürich", EntityClass::ProperName),
            mention("f1", "HX-200", EntityClass::Identifier),
            mention("f2", "HX-200", EntityClass::Identifier),
        ]);
        assert_eq!(kept.len(), 2);
        assert_eq!(resolution.entities.len(), 1);
    }

    #[test]
    fn equal_labels_are_proposed_not_merged() {
        let mut table = EntityTable::default();
        table.add_topic("HX-200");
        table.add_resource(&EntityId::from_iri("https://example.com/hx200"), "HX-200");
        let (resolution, _) = table.resolve(Vec::new());
        assert_eq!(resolution.entities.len(), 2);
        assert_eq!(resolution.close_matches.len(), 1);
    }

    #[test]
    fn headings_that_many_documents_share_are_not_listed() {
        let mut table = EntityTable::default();
        for document in ["a", "b", "c"] {
            table.add_heading("Before you begin", document);
        }
        table.add_heading("Seal replacement", "a");
        let labels: Vec<_> = table.listed().into_iter().flat_map(|e| e.labels).collect();
        assert_eq!(labels, ["Seal replacement"]);
    }
}
