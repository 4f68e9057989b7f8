//! What the texts name and say, at publish.
//!
//! Which names count depends on the labels of the whole corpus, so its texts are read
//! four times: for headings and phrases, for where phrases stand, for how often names are
//! used, and for the mentions and relations themselves, which are written as they are
//! read. Between two readings only labels, counts and digests are kept.

use super::corpus_file::{CorpusFile, DocumentText};
use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use super::relate::{Relating, digest_of_relations, says_english};
use super::stated::Stated;
use crate::extract::{
    CoOccurrenceCounts, Gazetteer, LonePhrases, NamedSentence, PhraseCounts, further_mentions,
    link_mentions, mentions, values,
};
use crate::graph::{DocumentSummary, MentionsWrite, RelationsWrite, Store};
use crate::model::{
    Digest, DocumentId, Entity, EntityClass, EntityId, Fragment, Mention, Relation, ValueMention,
    VersionId, normalise_label,
};
use crate::resolve::{EntityTable, Resolution};
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::panic::resume_unwind;
use std::thread::{self, ScopedJoinHandle};

/// What a corpus names.
#[derive(Default)]
pub(super) struct Linked {
    /// By version.
    pub(super) digests: HashMap<VersionId, ReadDigests>,
    /// Fragments that are pictures.
    pub(super) pictures: Vec<Fragment>,
    /// Mentions in words about pictures.
    pub(super) about_pictures: Vec<Mention>,
    pub(super) n_entities: usize,
    pub(super) n_mentions: usize,
    pub(super) n_relations: usize,
}

/// What tells whether the graph holds what was read in a document.
#[derive(Clone, Copy)]
pub(super) struct ReadDigests {
    /// Of mentions and values.
    pub(super) mentions: Digest,
    pub(super) relations: Digest,
}

/// The readings of the corpus.
struct Readings<'a> {
    documents: &'a [DocumentSummary],
    corpus: &'a CorpusFile,
}

/// Finds names in texts.
struct Names {
    gazetteer: Gazetteer,
    topics: HashMap<DocumentId, EntityId>,
    /// Once they are known.
    phrases: Option<Gazetteer>,
}

/// Names in a fragment, each with the class of what it names.
type Named = Vec<(Mention, EntityClass)>;

/// A document and what is read in it.
type ReadDocument<'a> = (&'a DocumentSummary, Read);

/// What a document names and says.
struct Read {
    mentions: Vec<Mention>,
    values: Vec<ValueMention>,
    relations: Vec<Relation>,
    sentences: Vec<NamedSentence>,
    digests: ReadDigests,
}

impl Names {
    /// The names in each fragment of a document, and what language models said that it
    /// states.
    fn named(&self, text: &DocumentText) -> Vec<(Named, Stated)> {
        let in_fragment = |fragment: &Fragment| {
            let mut named = mentions(fragment, &self.gazetteer);
            named.extend(link_mentions(fragment, &text.links, &self.topics, &named));
            let extraction = text.extractions.iter().rfind(|e| e.fragment == fragment.id);
            let stated = extraction.map(|e| Stated::read(fragment, e, &mut named));
            if let Some(phrases) = &self.phrases {
                named.extend(further_mentions(fragment, phrases, &named));
            }
            (named, stated.unwrap_or_default())
        };
        text.fragments.iter().map(in_fragment).collect()
    }
}

impl KnowledgeBase {
    /// Extracts and resolves mentions, reads relations, and writes those that differ.
    pub(super) fn link(
        &self,
        documents: &[DocumentSummary],
        corpus: &CorpusFile,
    ) -> Result<Linked, EngineError> {
        let mut table = EntityTable::default();
        for document in documents.iter().filter(|document| !document.media_type.is_picture()) {
            if document.is_term {
                table.add_term(&document.title, &document.aliases);
            } else {
                table.add_topic(&document.title);
            }
        }
        let readings = Readings { documents, corpus };
        let lone = readings.first(&mut table)?;
        for (resource, label) in self.graph.resource_labels()? {
            table.add_resource(&resource, &label);
        }
        let mut names = Names {
            gazetteer: Gazetteer::build(&table.listed())?,
            topics: self.graph.topics()?.into_iter().collect(),
            phrases: None,
        };
        let phrases = readings.second(&names, lone, &mut table)?;
        names.phrases = Some(Gazetteer::build(&phrases)?);
        readings.third(&names, &mut table)?;
        let resolution = table.resolve();
        let Resolution { entities, close_matches } = &resolution;
        // Entities first: no mention ever names an entity that is not there.
        self.graph.add_entities(entities, close_matches)?;
        let mut linked = Linked { n_entities: entities.len(), ..Linked::default() };
        let counts = readings.last(&self.graph, &names, &resolution, &mut linked)?;
        self.graph.set_co_occurrences(&counts.into_pairs())?;
        self.graph.set_entities(entities, close_matches)?;
        Ok(linked)
    }
}

impl Readings<'_> {
    /// Reads headings, and runs of words that may be phrases.
    fn first(&self, table: &mut EntityTable) -> Result<LonePhrases, EngineError> {
        let mut lone = LonePhrases::default();
        for text in self.corpus.texts()? {
            let text = text?;
            let english = self.documents.get(text.place).is_some_and(says_english);
            for fragment in &text.fragments {
                for heading in &fragment.heading_path {
                    table.add_heading(heading, text.place);
                }
                if english && fragment.picture().is_none() {
                    lone.read(fragment);
                }
            }
        }
        Ok(lone)
    }

    /// The phrases of the English texts, as entities that a gazetteer finds, but for those
    /// that are names otherwise; and the names that language models found.
    fn second(
        &self,
        names: &Names,
        lone: LonePhrases,
        table: &mut EntityTable,
    ) -> Result<Vec<Entity>, EngineError> {
        let mut counts: PhraseCounts = lone.into_counts();
        let entity = |phrase: &str| EntityId::from_label(&normalise_label(phrase));
        let candidates: HashSet<EntityId> = counts.candidates().map(entity).collect();
        let mut known: HashSet<EntityId> = HashSet::new();
        for batch in self.corpus.batches()? {
            let batch = batch?;
            let named: Vec<_> = batch.par_iter().map(|text| names.named(text)).collect();
            for (text, named) in batch.iter().zip(named) {
                let english = self.documents.get(text.place).is_some_and(says_english);
                for (fragment, (named, stated)) in text.fragments.iter().zip(named) {
                    for (entity, label) in &stated.names {
                        table.add_stated(entity, label);
                    }
                    let named = named.into_iter().map(|(mention, _)| mention.entity);
                    known.extend(named.filter(|entity| candidates.contains(entity)));
                    if english && fragment.picture().is_none() {
                        counts.read(fragment);
                    }
                }
            }
        }
        let phrase = |phrase: String| Entity {
            id: entity(&phrase),
            labels: vec![phrase],
            class: EntityClass::Phrase,
        };
        let phrases = counts.into_phrases().into_iter().map(phrase);
        Ok(phrases.filter(|phrase| !known.contains(&phrase.id)).collect())
    }

    /// Counts how all names are used.
    fn third(&self, names: &Names, table: &mut EntityTable) -> Result<(), EngineError> {
        let mut n_fragments = 0;
        for batch in self.corpus.batches()? {
            let named: Vec<_> = batch?.par_iter().map(|text| names.named(text)).collect();
            for (named, _) in named.into_iter().flatten() {
                for (mention, class) in &named {
                    table.add_mention(mention, *class, n_fragments);
                }
                n_fragments += 1;
            }
        }
        Ok(())
    }

    /// Reads what counts, and writes what the graph does not hold already: a batch is
    /// written while the next one is read.
    fn last(
        &self,
        graph: &Store,
        names: &Names,
        resolution: &Resolution,
        linked: &mut Linked,
    ) -> Result<CoOccurrenceCounts, EngineError> {
        let mut counts = CoOccurrenceCounts::default();
        thread::scope(|scope| {
            let mut writer: Option<ScopedJoinHandle<'_, Result<(), EngineError>>> = None;
            for batch in self.corpus.batches()? {
                let batch = batch?;
                let read = |text: &DocumentText| {
                    let document = self.documents.get(text.place)?;
                    Some((document, read(document, text, names, resolution)))
                };
                let read: Vec<ReadDocument<'_>> = batch.par_iter().filter_map(read).collect();
                for ((document, read), text) in read.iter().zip(batch) {
                    read.sentences.iter().for_each(|sentence| counts.read(sentence));
                    linked.n_mentions += read.mentions.len();
                    linked.n_relations += read.relations.len();
                    linked.digests.insert(document.version.clone(), read.digests);
                    let pictures: Vec<Fragment> =
                        text.fragments.into_iter().filter(|f| f.picture().is_some()).collect();
                    let is_about = |mention: &&Mention| {
                        pictures.iter().any(|picture| picture.id == mention.fragment)
                    };
                    linked.about_pictures.extend(read.mentions.iter().filter(is_about).cloned());
                    linked.pictures.extend(pictures);
                }
                written(writer.take())?;
                writer = Some(scope.spawn(move || write(graph, &read)));
            }
            written(writer)
        })?;
        Ok(counts)
    }
}

/// Waits for a writer.
fn written(
    writer: Option<ScopedJoinHandle<'_, Result<(), EngineError>>>,
) -> Result<(), EngineError> {
    let joined = writer.map(|writer| writer.join().unwrap_or_else(|e| resume_unwind(e)));
    joined.unwrap_or(Ok(()))
}

/// Writes mentions and relations of documents of which the graph holds others.
fn write(graph: &Store, read: &[ReadDocument<'_>]) -> Result<(), EngineError> {
    let differ: Vec<_> = read
        .iter()
        .filter(|(document, read)| document.mentions_digest != Some(read.digests.mentions))
        .map(|(document, read)| MentionsWrite {
            version: &document.version,
            mentions: &read.mentions,
            values: &read.values,
            digest: read.digests.mentions,
        })
        .collect();
    graph.set_mentions(&differ, &mut |_| {})?;
    let differ: Vec<_> = read
        .iter()
        .filter(|(document, read)| document.relations_digest != Some(read.digests.relations))
        .map(|(document, read)| RelationsWrite {
            version: &document.version,
            relations: &read.relations,
            digest: read.digests.relations,
        })
        .collect();
    Ok(graph.set_relations(&differ)?)
}

/// What a document names and says, with the mentions that resolution keeps.
fn read(
    document: &DocumentSummary,
    text: &DocumentText,
    names: &Names,
    resolution: &Resolution,
) -> Read {
    let relating = Relating { document, topic: names.topics.get(&document.id), resolution };
    let (mut all, mut relations, mut stated) = (Vec::new(), Vec::new(), Vec::new());
    let (mut sentences, mut found_values) = (Vec::new(), Vec::new());
    for (fragment, (named, said)) in text.fragments.iter().zip(names.named(text)) {
        let named = named.into_iter().map(|(mention, _)| mention);
        let kept: Vec<Mention> =
            named.filter(|mention| resolution.class(&mention.entity).is_some()).collect();
        if let Some((found, named)) = relating.read(fragment, &kept) {
            relations.extend(found);
            sentences.extend(named);
        }
        stated.extend(said.relations);
        if fragment.picture().is_none() {
            found_values.extend(values(fragment));
        }
        all.extend(kept);
    }
    relations.extend(stated);
    let digests = ReadDigests {
        mentions: digest_of(&all, &found_values),
        relations: digest_of_relations(&relations),
    };
    Read { mentions: all, values: found_values, relations, sentences, digests }
}

fn digest_of(mentions: &[Mention], values: &[ValueMention]) -> Digest {
    let mut parts: Vec<String> = mentions
        .iter()
        .map(|m| format!("{}|{:?}|{}|{}|{}", m.fragment, m.span, m.entity, m.confidence, m.rule))
        .collect();
    parts.extend(values.iter().map(|value| format!("{value:?}")));
    Digest::of_parts(parts.iter().map(String::as_bytes))
}
