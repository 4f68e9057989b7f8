//! What documents say about entities, at publish.

use super::knowledge_base::KnowledgeBase;
use crate::extract::{NamedSentence, Reading, co_occurrences, named_sentences, phrases, relations};
use crate::graph::{DocumentSummary, RelationsWrite};
use crate::model::{
    CoOccurrence, Digest, DocumentId, Entity, EntityClass, EntityId, Fragment, MediaType, Mention,
    Relation, VersionId, normalise_label,
};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};

/// The relations of a corpus.
pub(super) struct Related {
    by_version: BTreeMap<VersionId, Vec<Relation>>,
    /// Entities that stand together in sentences.
    pub(super) co_occurrences: Vec<CoOccurrence>,
    /// Digest of the relations of each version.
    pub(super) digests: HashMap<VersionId, Digest>,
}

impl Related {
    pub(super) fn n_relations(&self) -> usize {
        self.by_version.values().map(Vec::len).sum()
    }

    /// Versions whose stored relations are others.
    pub(super) fn writes(&self, documents: &[DocumentSummary]) -> Vec<RelationsWrite<'_>> {
        let stored: HashMap<&VersionId, Option<Digest>> =
            documents.iter().map(|d| (&d.version, d.relations_digest)).collect();
        let differ = self.by_version.iter().filter_map(|(version, relations)| {
            let digest = *self.digests.get(version)?;
            let current = stored.get(version).copied().flatten() == Some(digest);
            (!current).then_some(RelationsWrite { version, relations, digest })
        });
        differ.collect()
    }
}

impl KnowledgeBase {
    /// Reads the relations of every fragment out of the mentions that resolution kept.
    /// Rows of tables and objects of JSON, which are RDF already, and pictures say
    /// nothing here. `stated` are relations that a language model found.
    pub(super) fn relate(
        &self,
        documents: &[DocumentSummary],
        fragments: &[Fragment],
        topics: &HashMap<DocumentId, EntityId>,
        entities: &[Entity],
        mentions: &[Mention],
        stated: Vec<(VersionId, Relation)>,
    ) -> Related {
        let mut by_fragment: HashMap<&str, Vec<Mention>> = HashMap::new();
        for mention in mentions {
            by_fragment.entry(mention.fragment.as_str()).or_default().push(mention.clone());
        }
        // A heading such as "Technical data" is about nothing by itself.
        let named = entities.iter().filter(|entity| entity.class != EntityClass::Heading);
        let known: HashSet<&EntityId> = named.map(|entity| &entity.id).collect();
        let of: HashMap<&DocumentId, &DocumentSummary> =
            documents.iter().map(|document| (&document.id, document)).collect();
        let read = |fragment: &Fragment| {
            let document = of.get(&fragment.document)?;
            if fragment.picture().is_some() || is_data(document.media_type) {
                return None;
            }
            let heading = fragment.heading_path.last();
            let heading = heading.map(|heading| EntityId::from_label(&normalise_label(heading)));
            let topic = topics.get(&fragment.document);
            let about = heading.as_ref().and_then(|heading| known.get(heading).copied());
            let mentions = by_fragment.get(fragment.id.as_str()).map_or(&[][..], Vec::as_slice);
            let found = relations(&Reading {
                fragment,
                mentions,
                about: about.or(topic.filter(|topic| known.contains(topic))),
                is_english: document.language.as_deref().is_none_or(is_english),
            });
            Some((fragment.version.clone(), found, named_sentences(fragment, mentions)))
        };
        let found: Vec<_> = fragments.par_iter().filter_map(read).collect();
        let mut by_version: BTreeMap<VersionId, Vec<Relation>> =
            documents.iter().map(|document| (document.version.clone(), Vec::new())).collect();
        let mut sentences: Vec<NamedSentence> = Vec::new();
        for (version, relations, named) in found {
            sentences.extend(named);
            by_version.entry(version).or_default().extend(relations);
        }
        for (version, relation) in stated {
            by_version.entry(version).or_default().push(relation);
        }
        let digests = by_version
            .iter()
            .map(|(version, relations)| (version.clone(), digest_of(relations)))
            .collect();
        Related { by_version, digests, co_occurrences: co_occurrences(&sentences) }
    }
}

/// The phrases of the English texts, as entities that a gazetteer finds, but for those
/// that `named` knows otherwise.
pub(super) fn phrase_entities(
    documents: &[DocumentSummary],
    fragments: &[Fragment],
    named: &[Vec<(Mention, EntityClass)>],
) -> Vec<Entity> {
    let known: HashSet<&EntityId> = named.iter().flatten().map(|(m, _)| &m.entity).collect();
    let said = |document: &&DocumentSummary| {
        !is_data(document.media_type) && document.language.as_deref().is_none_or(is_english)
    };
    let texts: HashSet<&VersionId> = documents.iter().filter(said).map(|d| &d.version).collect();
    let english: Vec<&Fragment> = fragments
        .iter()
        .filter(|fragment| texts.contains(&fragment.version) && fragment.picture().is_none())
        .collect();
    let entity = |phrase: String| Entity {
        id: EntityId::from_label(&normalise_label(&phrase)),
        labels: vec![phrase],
        class: EntityClass::Phrase,
    };
    let phrases = phrases(&english).into_iter().map(entity);
    phrases.filter(|phrase| !known.contains(&phrase.id)).collect()
}

/// Whether a document is RDF or a table that is mapped to RDF.
fn is_data(kind: MediaType) -> bool {
    matches!(
        kind,
        MediaType::Csv
            | MediaType::Tsv
            | MediaType::Json
            | MediaType::Turtle
            | MediaType::TriG
            | MediaType::NTriples
            | MediaType::NQuads
            | MediaType::RdfXml
            | MediaType::JsonLd
    )
}

/// Whether a BCP 47 tag means English.
fn is_english(tag: &str) -> bool {
    tag.split('-').next().is_some_and(|language| language.eq_ignore_ascii_case("en"))
}

fn digest_of(relations: &[Relation]) -> Digest {
    let parts: Vec<String> = relations.iter().map(|relation| format!("{relation:?}")).collect();
    Digest::of_parts(parts.iter().map(String::as_bytes))
}
