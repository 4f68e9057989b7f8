//! The table of entities that a corpus speaks of.

use crate::model::{Entity, EntityClass, EntityId, Mention, normalise_label};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A heading found in more documents than this is a form ("Overview"), not a thing.
const MAX_DOCUMENTS_PER_HEADING: u32 = 2;
/// A proper name or identifier must be found in this many fragments to link anything.
const MIN_FRAGMENTS_PER_NAME: u32 = 2;

/// Collects labelled things and gives each its entity. Headings and mentions are given
/// document by document and fragment by fragment, so that counts are all that is kept.
#[derive(Debug, Default)]
pub struct EntityTable {
    by_id: BTreeMap<EntityId, Entity>,
    /// By normalised heading.
    headings: BTreeMap<String, Heading>,
    resources: BTreeMap<String, BTreeSet<EntityId>>,
    mentioned: HashMap<EntityId, Mentioned>,
}

#[derive(Debug)]
struct Heading {
    spelling: String,
    n_documents: u32,
    last_document: usize,
}

/// How an entity is mentioned.
#[derive(Debug)]
struct Mentioned {
    /// The words of the first mention, and its class.
    surface: String,
    class: EntityClass,
    n_fragments: u32,
    last_fragment: usize,
    /// Whether every mention is by the shape of the words alone.
    by_shape: bool,
}

/// Entities, and pairs that may be the same.
#[derive(Debug, Default, PartialEq)]
pub struct Resolution {
    /// Every entity, by IRI.
    pub entities: Vec<Entity>,
    /// Pairs proposed as the same.
    pub close_matches: Vec<(EntityId, EntityId)>,
}

impl Resolution {
    /// What kind of thing an entity is; none when there is no such entity.
    pub fn class(&self, entity: &EntityId) -> Option<EntityClass> {
        let place = self.entities.binary_search_by(|known| known.id.cmp(entity)).ok()?;
        self.entities.get(place).map(|known| known.class)
    }
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

    /// A heading of the document with this number.
    pub fn add_heading(&mut self, heading: &str, document: usize) {
        let normalised = normalise_label(heading);
        if normalised.is_empty() {
            return;
        }
        let new =
            || Heading { spelling: heading.to_owned(), n_documents: 1, last_document: document };
        let known = self.headings.entry(normalised).or_insert_with(new);
        known.n_documents += u32::from(known.last_document != document);
        known.last_document = document;
    }

    /// A mention in the fragment with this number.
    pub fn add_mention(&mut self, mention: &Mention, class: EntityClass, fragment: usize) {
        let by_shape = !class.is_walked()
            || matches!(class, EntityClass::Identifier | EntityClass::ProperName);
        match self.mentioned.get_mut(&mention.entity) {
            Some(known) => {
                known.n_fragments += u32::from(known.last_fragment != fragment);
                known.last_fragment = fragment;
                known.by_shape &= by_shape;
            }
            None => {
                let known = Mentioned {
                    surface: mention.surface.clone(),
                    class,
                    n_fragments: 1,
                    last_fragment: fragment,
                    by_shape,
                };
                self.mentioned.insert(mention.entity.clone(), known);
            }
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
        for (normalised, heading) in &self.headings {
            let specific = heading.n_documents <= MAX_DOCUMENTS_PER_HEADING
                && normalised.split(' ').count() > 1;
            if !specific {
                continue;
            }
            let id = EntityId::from_label(normalised);
            listed.entry(id.clone()).or_insert_with(|| Entity {
                id,
                labels: vec![heading.spelling.clone()],
                class: EntityClass::Heading,
            });
        }
        listed.into_values().collect()
    }

    /// Decides which entities there are, once all mentions were added: names that only
    /// one fragment uses link nothing and are left out. A mention stays when its entity
    /// does.
    pub fn resolve(mut self) -> Resolution {
        let mentioned = std::mem::take(&mut self.mentioned);
        let mut entities: BTreeMap<EntityId, Entity> =
            self.listed().into_iter().map(|entity| (entity.id.clone(), entity)).collect();
        entities.retain(|id, entity| {
            entity.class != EntityClass::Heading || mentioned.contains_key(id)
        });
        for (id, known) in mentioned {
            if known.by_shape && known.n_fragments < MIN_FRAGMENTS_PER_NAME {
                continue;
            }
            entities.entry(id.clone()).or_insert_with(|| Entity {
                id,
                labels: vec![known.surface],
                class: known.class,
            });
        }
        let close_matches = self.close_matches(&entities);
        Resolution { entities: entities.into_values().collect(), close_matches }
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
        let mut table = EntityTable::default();
        let mentions = [
            (0, mention("f1", "Zürich", EntityClass::ProperName)),
            (0, mention("f1", "HX-200", EntityClass::Identifier)),
            (0, mention("f1", "HX-300", EntityClass::Identifier)),
            (0, mention("f1", "HX-300", EntityClass::Identifier)),
            (1, mention("f2", "HX-200", EntityClass::Identifier)),
        ];
        for (fragment, (mention, class)) in &mentions {
            table.add_mention(mention, *class, *fragment);
        }
        let resolution = table.resolve();
        let labels: Vec<&str> =
            resolution.entities.iter().flat_map(|e| &e.labels).map(String::as_str).collect();
        assert_eq!(labels, ["HX-200"]);
        assert_eq!(
            resolution.class(&EntityId::from_label("hx-200")),
            Some(EntityClass::Identifier)
        );
        assert_eq!(resolution.class(&EntityId::from_label("zürich")), None);
    }

    #[test]
    fn equal_labels_are_proposed_not_merged() {
        let mut table = EntityTable::default();
        table.add_topic("HX-200");
        table.add_resource(&EntityId::from_iri("https://example.com/hx200"), "HX-200");
        let resolution = table.resolve();
        assert_eq!(resolution.entities.len(), 2);
        assert_eq!(resolution.close_matches.len(), 1);
    }

    #[test]
    fn headings_that_many_documents_share_are_not_listed() {
        let mut table = EntityTable::default();
        table.add_heading("Seal replacement", 0);
        for document in 0..3 {
            table.add_heading("Before you begin", document);
        }
        let labels: Vec<_> = table.listed().into_iter().flat_map(|e| e.labels).collect();
        assert_eq!(labels, ["Seal replacement"]);
    }
}
