//! A generation out of what was taken in.
//!
//! Mentions and relations depend on the labels of the whole corpus, so they are
//! extracted here and not at ingest; digests on each version say whether its
//! mentions and relations are current. Indexes are built aside and become visible by one rename.

use super::build::{Progress, now, software};
use super::corpus_file::CorpusFile;
use super::error::{EngineError, io_error};
use super::frozen::{self, MadeOf};
use super::knowledge_base::KnowledgeBase;
use super::promotions::Publishing;
use super::setup::{Setup, SetupChange};
use super::stages::Stages;
use super::sweep::{UNFINISHED_PREFIX, Writing};
use super::text_spaces::TextSpace;
use crate::extract::ACCEPTED_FROM;
use crate::graph::{DocumentSummary, Triples};
use crate::index::{HnswIndex, LexicalDocument, LexicalWriter};
use crate::model::{
    ClaimStatus, Depiction, DepictionStatus, Digest, DocumentId, FragmentId, GenerationId,
    PictureFacts,
};
use crate::vocab::{self, prov, rdfs, vt};
use rayon::prelude::*;
use std::fs::{self, File};

/// Raised whenever the same documents would give other indexes.
const PUBLISH_VERSION: &str = "veritrail-publish 2";

/// The outcome of publishing.
#[derive(Clone, Debug)]
pub struct Published {
    /// The generation that was built.
    pub generation: GenerationId,
    /// The generation that is served: another one when publishing is held.
    pub served: GenerationId,
    /// Why the gate does not let it answer.
    pub refused: Vec<String>,
    /// Whether it is another one than what was served before.
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

impl KnowledgeBase {
    /// Extracts mentions, builds the indexes and makes the generation current, unless
    /// publishing is held or by hand; then it waits to be promoted.
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
        let publishing = self.publishing()?;
        self.build_generation(publishing, &SetupChange::default(), progress)
    }

    /// Builds a generation out of what the graph holds, and makes it current or leaves it
    /// aside.
    pub(super) fn build_generation(
        &self,
        publishing: Publishing,
        change: &SetupChange,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Published, EngineError> {
        let setup = self.next_setup(change)?;
        let text = self.text_of(&setup)?;
        let writing = Writing::begin(&self.root)?;
        let mut stages = Stages::new(progress);
        stages.begin("reading texts");
        let documents = self.graph.documents()?;
        let corpus = CorpusFile::write(&self.graph, &documents, &self.root)?;
        stages.begin("embedding texts without a vector");
        self.fill(&text, &documents, &corpus)?;
        stages.begin("finding names");
        let linked = self.link(&documents, &corpus)?;
        self.graph.set_near_duplicates(&near_duplicates(&documents))?;
        stages.begin("finding what is the same");
        let same = self.resolve_same(&documents, &corpus, &text)?;
        stages.begin("naming what pictures show");
        let depictions = self.depict(&documents, &linked.pictures, &linked.about_pictures)?;
        let settings = format!("{:?}", self.config.lexical);
        let mut parts: Vec<Vec<u8>> = vec![PUBLISH_VERSION.into()];
        let spaces = self.models.spaces_with(text.model.space());
        parts.extend(spaces.iter().map(|space| space.id().0.as_bytes().to_vec()));
        parts.push(settings.into());
        let calibrations = self.calibrations()?;
        for space in &spaces {
            let calibration = calibrations.get(&space.id());
            parts.extend(calibration.map(|calibration| format!("{calibration:?}").into()));
        }
        for document in &documents {
            parts.push(document.version.as_str().into());
            parts.push(document.recipe.as_bytes().to_vec());
            parts.push(document.access_label.0.clone().into());
            let digests = linked.digests.get(&document.version);
            let digests = digests.into_iter().flat_map(|read| [read.mentions, read.relations]);
            parts.extend(digests.map(|digest| digest.as_bytes().to_vec()));
        }
        let beyond_words = digest_beyond_words(&depictions);
        parts.extend(beyond_words.map(|digest| digest.as_bytes().to_vec()));
        parts.extend(same.map(|digest| digest.as_bytes().to_vec()));
        parts.extend(setup.digested().map(String::into_bytes));
        let digest = Digest::of_parts(parts.iter().map(Vec::as_slice));
        let generation = GenerationId::new(&digest);
        let before = self.current()?;
        let changed = before.as_ref() != Some(&generation);
        if changed || !self.generation_folder(&generation).join(frozen::FILE).exists() {
            stages.begin("building indexes");
            let made_of = MadeOf {
                generation: &generation,
                documents: &documents,
                corpus: &corpus,
                text: text.model.space(),
            };
            self.build_indexes(&made_of, &text, &setup)?;
            self.record(&made_of, &setup)?;
            self.graph.flush()?;
        }
        let gate = self.config.generations.gate.enabled && publishing == Publishing::Gated;
        let refused = match &before {
            Some(_) if changed && gate => {
                stages.begin("asking the golden sets");
                self.evaluate_alone(&generation)?.verdict.reasons
            }
            _ => Vec::new(),
        };
        let served = match before {
            Some(before) if publishing == Publishing::Aside || !refused.is_empty() => before,
            _ => {
                self.make_current(&generation, None)?;
                generation.clone()
            }
        };
        self.drop_old_generations(self.config.generations.keep)?;
        let stages = stages.finish();
        writing.finish()?;
        let merges = self.graph.merges()?;
        let merged = merges.iter().filter(|merge| merge.status == ClaimStatus::Accepted);
        let asked = merges.iter().filter(|merge| merge.status == ClaimStatus::Proposed);
        let shown = depictions.iter().filter(|claim| claim.status == DepictionStatus::Proposed);
        Ok(Published {
            generation,
            served,
            refused,
            changed,
            n_entities: linked.n_entities,
            n_mentions: linked.n_mentions,
            n_relations: linked.n_relations,
            n_merges: merged.count(),
            n_questions: asked.count() + shown.count(),
            stages,
        })
    }

    fn build_indexes(
        &self,
        made_of: &MadeOf<'_>,
        text: &TextSpace,
        setup: &Setup,
    ) -> Result<(), EngineError> {
        let MadeOf { generation, documents, corpus, .. } = *made_of;
        let generations = self.root.join("generations");
        let target = generations.join(generation.name());
        if target.exists() {
            // A generation of an earlier version of the program has no reading of its own.
            return match target.join(frozen::FILE).exists() {
                true => Ok(()),
                false => self.freeze(made_of, &target),
            };
        }
        let aside = tempfile::Builder::new()
            .prefix(UNFINISHED_PREFIX)
            .tempdir_in(&generations)
            .map_err(io_error("create a folder in", &generations))?;
        let mut lexical = LexicalWriter::create(&aside.path().join("lexical"))?;
        let mut keys = Vec::with_capacity(corpus.n_fragments());
        for text in corpus.texts()? {
            let text = text?;
            let Some(document) = documents.get(text.place) else { continue };
            for fragment in text.fragments {
                lexical.add(&LexicalDocument {
                    id: &fragment.id,
                    label: &document.access_label,
                    title: &document.title,
                    headings: &fragment.section(),
                    body: &fragment.text,
                })?;
                keys.push(fragment.id);
            }
        }
        lexical.finish()?;
        let vectors = {
            let all = text.vectors.vectors();
            keys.retain(|key| all.row(key.as_str()).is_some());
            let many = keys.len() > self.config.dense.exact_limit;
            many.then(|| all.subset(keys.iter().map(FragmentId::as_str)))
        };
        if let Some(vectors) = vectors {
            let hnsw = HnswIndex::build(&vectors, &mut |_| {});
            hnsw.dump(&vectors, &aside.path().join("hnsw"))?;
        }
        setup.write(aside.path())?;
        self.freeze(made_of, aside.path())?;
        let path = aside.keep();
        fs::rename(&path, &target).map_err(io_error("rename", &path))?;
        File::open(&generations)
            .and_then(|folder| folder.sync_all())
            .map_err(io_error("sync", &generations))
    }

    /// Writes what the generation is made of into the governance graph.
    fn record(&self, made_of: &MadeOf<'_>, setup: &Setup) -> Result<(), EngineError> {
        let MadeOf { generation, documents, corpus, text } = *made_of;
        let calibrations = self.calibrations()?;
        let mut triples = Triples::new();
        let id = generation.as_str();
        triples.class(id, vt::GENERATION);
        triples.class(id, prov::ENTITY);
        triples.count(id, vt::N_DOCUMENTS, documents.len());
        triples.count(id, vt::N_FRAGMENTS, corpus.n_fragments());
        if let Some(setup) = setup.digested() {
            triples.text(id, vt::SETUP_JSON, &setup);
        }
        let activity = format!("{}publish:{}", vocab::ACTIVITY_PREFIX, generation.name());
        triples.link(id, prov::WAS_GENERATED_BY, &activity);
        triples.class(&activity, prov::ACTIVITY);
        triples.time(&activity, prov::ENDED_AT_TIME, &now());
        triples.text(&activity, rdfs::LABEL, &software());
        for document in documents {
            triples.link(id, prov::WAS_DERIVED_FROM, document.version.as_str());
        }
        for space in self.models.spaces_with(text) {
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
