//! A generation out of what was taken in.
//!
//! Mentions and relations depend on the labels of the whole corpus, so they are
//! extracted here and not at ingest; digests on each version say whether its
//! mentions and relations are current. Indexes are built aside and become visible by one rename.

use super::blobs::write_atomically;
use super::build::{Progress, now, software};
use super::error::{EngineError, io_error};
use super::knowledge_base::KnowledgeBase;
use super::relate::phrase_entities;
use super::stated::Stated;
use super::sweep::{UNFINISHED_PREFIX, Writing};
use crate::extract::{ACCEPTED_FROM, Gazetteer, further_mentions, link_mentions, mentions, values};
use crate::graph::{DocumentSummary, MentionsWrite, Triples};
use crate::index::{HnswIndex, LexicalDocument, LexicalIndex};
use crate::model::{
    ClaimStatus, Depiction, DepictionStatus, Digest, DocumentId, Fragment, FragmentId,
    FragmentLink, GenerationId, Mention, PictureFacts, ValueMention, VersionId,
};
use crate::resolve::EntityTable;
use crate::vocab::{self, prov, rdfs, vt};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::time::Instant;

/// Raised whenever the same documents would give other indexes.
const PUBLISH_VERSION: &str = "veritrail-publish 1";

/// The outcome of publishing.
#[derive(Clone, Debug)]
pub struct Published {
    /// The generation that is current now.
    pub generation: GenerationId,
    /// Whether it is another one than before.
    pub changed: bool,
    /// Entities.
    pub n_entities: usize,
    /// Places where fragments name an entity.
    pub n_mentions: usize,
    /// Statements that fragments make about entities.
    pub n_relations: usize,
    /// Claims that two entities are one, that count.
    pub n_merges: usize,
    /// Claims that wait for a person, about entities and about what pictures show.
    pub n_questions: usize,
    /// What took how long, in order; seconds.
    pub stages: Vec<(String, f64)>,
}

/// Measures stages while they are reported.
struct Stages<'a, 'p> {
    progress: &'a mut dyn FnMut(Progress<'p>),
    done: Vec<(String, f64)>,
    open: Option<(&'static str, Instant)>,
}

impl Stages<'_, '_> {
    fn begin(&mut self, stage: &'static str) {
        self.end();
        (self.progress)(Progress::Publishing(stage));
        self.open = Some((stage, Instant::now()));
    }

    fn end(&mut self) {
        if let Some((stage, begun)) = self.open.take() {
            self.done.push((stage.to_owned(), begun.elapsed().as_secs_f64()));
        }
    }
}

/// What a corpus names.
struct Linked {
    /// Digest of the mentions of each version.
    digests: HashMap<VersionId, Digest>,
    /// Digest of the relations of each version.
    relations: HashMap<VersionId, Digest>,
    /// Mentions in words about pictures.
    about_pictures: Vec<Mention>,
    n_entities: usize,
    n_mentions: usize,
    n_relations: usize,
}

impl KnowledgeBase {
    /// Extracts mentions, builds the indexes and makes the generation current.
    /// The same documents, settings and models give the same generation.
    ///
    /// # Errors
    /// When the knowledge base cannot be read or written; the generation that
    /// was current before stays so.
    pub fn publish(
        &self,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Published, EngineError> {
        let _writer = self.sole_writer();
        self.publish_alone(progress)
    }

    /// As [`KnowledgeBase::publish`], for one who is the sole writer already.
    pub(super) fn publish_alone(
        &self,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Published, EngineError> {
        let writing = Writing::begin(&self.root)?;
        let mut stages = Stages { progress, done: Vec::new(), open: None };
        stages.begin("finding names");
        let documents = self.graph.documents()?;
        let fragments = self.graph.fragments()?;
        let linked = self.link(&documents, &fragments)?;
        self.graph.set_near_duplicates(&near_duplicates(&documents))?;
        stages.begin("finding what is the same");
        let same = self.resolve_same(&documents, &fragments)?;
        stages.begin("naming what pictures show");
        let depictions = self.depict(&documents, &fragments, &linked.about_pictures)?;
        let settings = format!("{:?}", self.config.lexical);
        let mut parts: Vec<Vec<u8>> = vec![PUBLISH_VERSION.into()];
        parts.extend(self.models.spaces().iter().map(|space| space.id().0.as_bytes().to_vec()));
        parts.push(settings.into());
        let calibrations = self.calibrations()?;
        for space in self.models.spaces() {
            let calibration = calibrations.get(&space.id());
            parts.extend(calibration.map(|calibration| format!("{calibration:?}").into()));
        }
        for document in &documents {
            parts.push(document.version.as_str().into());
            parts.push(document.recipe.as_bytes().to_vec());
            parts.push(document.access_label.0.clone().into());
            for digests in [&linked.digests, &linked.relations] {
                let digest = digests.get(&document.version);
                parts.push(digest.map_or_else(Vec::new, |digest| digest.as_bytes().to_vec()));
            }
        }
        let beyond_words = digest_beyond_words(&depictions);
        parts.extend(beyond_words.map(|digest| digest.as_bytes().to_vec()));
        parts.extend(same.map(|digest| digest.as_bytes().to_vec()));
        let digest = Digest::of_parts(parts.iter().map(Vec::as_slice));
        let generation = GenerationId::new(&digest);
        let changed = self.current()?.as_ref() != Some(&generation);
        let complete = self.root.join("generations").join(generation.name()).exists();
        if changed || !complete {
            stages.begin("building indexes");
            self.build_indexes(&generation, &documents, &fragments)?;
            self.record(&generation, &documents, &fragments)?;
            self.graph.flush()?;
            write_atomically(&self.root.join("CURRENT"), generation.name().as_bytes())?;
        }
        stages.end();
        writing.finish()?;
        let merges = self.graph.merges()?;
        let merged = merges.iter().filter(|merge| merge.status == ClaimStatus::Accepted);
        let asked = merges.iter().filter(|merge| merge.status == ClaimStatus::Proposed);
        let shown = depictions.iter().filter(|claim| claim.status == DepictionStatus::Proposed);
        Ok(Published {
            generation,
            changed,
            n_entities: linked.n_entities,
            n_mentions: linked.n_mentions,
            n_relations: linked.n_relations,
            n_merges: merged.count(),
            n_questions: asked.count() + shown.count(),
            stages: stages.done,
        })
    }

    /// Extracts and resolves mentions, reads relations, and writes those that differ.
    fn link(
        &self,
        documents: &[DocumentSummary],
        fragments: &[Fragment],
    ) -> Result<Linked, EngineError> {
        let mut table = EntityTable::default();
        for document in documents.iter().filter(|document| !document.media_type.is_picture()) {
            if document.is_term {
                table.add_term(&document.title, &document.aliases);
            } else {
                table.add_topic(&document.title);
            }
        }
        for fragment in fragments {
            for heading in &fragment.heading_path {
                table.add_heading(heading, fragment.document.as_str());
            }
        }
        for (resource, label) in self.graph.resource_labels()? {
            table.add_resource(&resource, &label);
        }
        let gazetteer = Gazetteer::build(&table.listed())?;
        let topics: HashMap<_, _> = self.graph.topics()?.into_iter().collect();
        let mut links: HashMap<FragmentId, Vec<FragmentLink>> = HashMap::new();
        for link in self.graph.links()? {
            links.entry(link.fragment.clone()).or_default().push(link);
        }
        let mut stated = Stated::read(&self.graph)?;
        let mut found = Vec::new();
        for fragment in fragments {
            let mut named = mentions(fragment, &gazetteer);
            let links = links.get(&fragment.id).map_or(&[][..], Vec::as_slice);
            named.extend(link_mentions(fragment, links, &topics, &named));
            stated.add_names(fragment, &mut table, &mut named);
            found.push(named);
        }
        let phrases = Gazetteer::build(&phrase_entities(documents, fragments, &found))?;
        let found = fragments.iter().zip(found).flat_map(|(fragment, mut named)| {
            named.extend(further_mentions(fragment, &phrases, &named));
            named
        });
        let found = found.collect();
        let (resolution, kept) = table.resolve(found);
        let pictures: HashSet<&FragmentId> =
            fragments.iter().filter(|f| f.picture().is_some()).map(|f| &f.id).collect();
        let n_mentions = kept.len();
        let about_pictures: Vec<Mention> =
            kept.iter().filter(|m| pictures.contains(&m.fragment)).cloned().collect();
        let stated = stated.into_relations();
        let entities = &resolution.entities;
        let related = self.relate(documents, fragments, &topics, entities, &kept, stated);
        let version_of: HashMap<&str, &VersionId> =
            fragments.iter().map(|f| (f.id.as_str(), &f.version)).collect();
        let mut by_version: BTreeMap<&VersionId, Vec<Mention>> =
            documents.iter().map(|document| (&document.version, Vec::new())).collect();
        for mention in kept {
            if let Some(version) = version_of.get(mention.fragment.as_str()) {
                by_version.entry(version).or_default().push(mention);
            }
        }
        let mut values_of: HashMap<&VersionId, Vec<ValueMention>> = HashMap::new();
        for fragment in fragments.iter().filter(|fragment| fragment.picture().is_none()) {
            values_of.entry(&fragment.version).or_default().extend(values(fragment));
        }
        let values = |version: &VersionId| values_of.get(version).map_or(&[][..], Vec::as_slice);
        let digests: HashMap<VersionId, Digest> = by_version
            .iter()
            .map(|(version, mentions)| ((*version).clone(), digest_of(mentions, values(version))))
            .collect();
        let stored: HashMap<&VersionId, Option<Digest>> =
            documents.iter().map(|d| (&d.version, d.mentions_digest)).collect();
        let writes: Vec<MentionsWrite<'_>> = by_version
            .iter()
            .filter_map(|(version, mentions)| {
                let digest = *digests.get(*version)?;
                let current = stored.get(version).copied().flatten() == Some(digest);
                let values = values(version);
                (!current).then_some(MentionsWrite { version, mentions, values, digest })
            })
            .collect();
        // Entities first: no mention ever names an entity that is not there.
        let mut all = self.graph.entities()?;
        let new: HashSet<_> = resolution.entities.iter().map(|entity| entity.id.clone()).collect();
        all.retain(|entity| !new.contains(&entity.id));
        all.extend(resolution.entities.iter().cloned());
        self.graph.set_entities(&all, &resolution.close_matches)?;
        self.graph.set_mentions(&writes, &mut |_| {})?;
        self.graph.set_relations(&related.writes(documents))?;
        self.graph.set_co_occurrences(&related.co_occurrences)?;
        self.graph.set_entities(&resolution.entities, &resolution.close_matches)?;
        Ok(Linked {
            digests,
            n_relations: related.n_relations(),
            relations: related.digests,
            about_pictures,
            n_entities: resolution.entities.len(),
            n_mentions,
        })
    }

    fn build_indexes(
        &self,
        generation: &GenerationId,
        documents: &[DocumentSummary],
        fragments: &[Fragment],
    ) -> Result<(), EngineError> {
        let generations = self.root.join("generations");
        let target = generations.join(generation.name());
        if target.exists() {
            return Ok(());
        }
        let aside = tempfile::Builder::new()
            .prefix(UNFINISHED_PREFIX)
            .tempdir_in(&generations)
            .map_err(io_error("create a folder in", &generations))?;
        let by_id: HashMap<_, _> = documents.iter().map(|d| (&d.id, d)).collect();
        let sections: Vec<String> = fragments.iter().map(Fragment::section).collect();
        let entries = fragments.iter().zip(&sections).filter_map(|(fragment, section)| {
            let document = by_id.get(&fragment.document)?;
            Some(LexicalDocument {
                id: &fragment.id,
                label: &document.access_label,
                title: &document.title,
                headings: section,
                body: &fragment.text,
            })
        });
        LexicalIndex::build(&aside.path().join("lexical"), entries)?;
        let vectors =
            self.vectors.vectors().subset(fragments.iter().map(|fragment| fragment.id.as_str()));
        if vectors.len() > self.config.dense.exact_limit {
            let hnsw = HnswIndex::build(&vectors, &mut |_| {});
            hnsw.dump(&vectors, &aside.path().join("hnsw"))?;
        }
        let path = aside.keep();
        fs::rename(&path, &target).map_err(io_error("rename", &path))?;
        File::open(&generations)
            .and_then(|folder| folder.sync_all())
            .map_err(io_error("sync", &generations))
    }

    /// Writes what the generation is made of into the governance graph.
    fn record(
        &self,
        generation: &GenerationId,
        documents: &[DocumentSummary],
        fragments: &[Fragment],
    ) -> Result<(), EngineError> {
        let calibrations = self.calibrations()?;
        let mut triples = Triples::new();
        let id = generation.as_str();
        triples.class(id, vt::GENERATION);
        triples.class(id, prov::ENTITY);
        triples.count(id, vt::N_DOCUMENTS, documents.len());
        triples.count(id, vt::N_FRAGMENTS, fragments.len());
        let activity = format!("{}publish:{}", vocab::ACTIVITY_PREFIX, generation.name());
        triples.link(id, prov::WAS_GENERATED_BY, &activity);
        triples.class(&activity, prov::ACTIVITY);
        triples.time(&activity, prov::ENDED_AT_TIME, &now());
        triples.text(&activity, rdfs::LABEL, &software());
        for document in documents {
            triples.link(id, prov::WAS_DERIVED_FROM, document.version.as_str());
        }
        for space in self.models.spaces() {
            let space_iri = format!("{}{}", vocab::SPACE_PREFIX, space.id().0);
            triples.link(id, vt::SEARCHES, &space_iri);
            triples.class(&space_iri, vt::SPACE);
            triples.text(&space_iri, vt::MODEL, &space.model);
            triples.count(&space_iri, vt::DIMENSION, space.dimension);
            triples.text(&space_iri, vt::POOLING, &space.pooling);
            triples.text(&space_iri, vt::PREPROCESSING, &space.preprocessing);
            if let Some(calibration) = calibrations.get(&space.id()) {
                let text = serde_json::to_string(calibration).unwrap_or_default();
                triples.text(id, vt::CALIBRATION, &format!("{} {text}", space.display_name()));
            }
            for (_, digest) in &space.files {
                let file = format!("{}{digest}", vocab::BYTES_PREFIX);
                triples.link(&space_iri, prov::WAS_DERIVED_FROM, &file);
            }
        }
        Ok(self.graph.add_to_graph(vocab::GRAPH_GOVERNANCE, &triples.into_vec())?)
    }
}

/// Pairs of documents whose pictures look nearly the same. Every picture is
/// compared with every other one, by 64 bits first.
fn near_duplicates(documents: &[DocumentSummary]) -> Vec<(DocumentId, DocumentId)> {
    let pictures: Vec<(&DocumentId, &PictureFacts)> = documents
        .iter()
        .filter_map(|document| Some((&document.id, document.picture.as_ref()?)))
        .collect();
    let of_one = |(i, (id, facts)): (usize, &(&DocumentId, &PictureFacts))| {
        let later = pictures.iter().skip(i + 1).filter(|(_, other)| facts.near(other).is_some());
        later.map(|(other, _)| ((*id).clone(), (*other).clone())).collect::<Vec<_>>()
    };
    pictures.par_iter().enumerate().flat_map_iter(of_one).collect()
}

fn digest_of(mentions: &[Mention], values: &[ValueMention]) -> Digest {
    let mut parts: Vec<String> = mentions
        .iter()
        .map(|m| format!("{}|{:?}|{}|{}|{}", m.fragment, m.span, m.entity, m.confidence, m.rule))
        .collect();
    parts.extend(values.iter().map(|value| format!("{value:?}")));
    Digest::of_parts(parts.iter().map(String::as_bytes))
}

/// Digest of what the words, whose mentions have digests of their own, do not decide:
/// claims that were measured and count, and those that a person decided otherwise.
/// None when there is none; proposals change no answer.
fn digest_beyond_words(depictions: &[Depiction]) -> Option<Digest> {
    let counts = |claim: &&Depiction| match claim.status {
        DepictionStatus::Accepted => claim.measured.is_some() || claim.probability < ACCEPTED_FROM,
        DepictionStatus::Rejected => true,
        DepictionStatus::Proposed => false,
    };
    let mut parts: Vec<String> = depictions
        .iter()
        .filter(counts)
        .map(|claim| format!("{}|{}|{}", claim.id, claim.status.as_str(), claim.probability))
        .collect();
    parts.sort();
    (!parts.is_empty()).then(|| Digest::of_parts(parts.iter().map(String::as_bytes)))
}
