//! A question out: retrieval, answer, record.

use super::build::{now, software};
use super::embedded_once::EmbeddedOnce;
use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use super::stated_by::StatedBy;
use crate::answer::{Asked, extractive, generated};
use crate::audit::bundle;
use crate::index::{DenseIndex, HnswIndex, LexicalIndex};
use crate::llm::Sampling;
use crate::model::{
    AnswerAccess, AnswerId, AnswerRecord, DepictionStatus, Digest, DocumentId, EntityId, Evidence,
    FragmentId, Hit, Principal, Query, Role, Sentence, Stage, Stopwatch,
};
use crate::retrieve::{
    Embedders, Retrieval, RetrievalMode, RetrieveError, Snapshot, SnapshotParts, assemble, search,
};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

/// How a question is answered.
#[derive(Clone, Debug)]
pub struct AskOptions {
    /// Stages of retrieval.
    pub mode: RetrievalMode,
    /// Who asks. Nothing is found that the principal may not see, whatever the query
    /// allows.
    pub principal: Principal,
    /// Whether the configured language model may write the answer.
    pub use_llm: bool,
    /// Sampling temperature instead of the configured one, 0 to 2.
    pub temperature: Option<f32>,
    /// Longest output in tokens instead of the configured one.
    pub max_tokens: Option<u32>,
}

impl AskOptions {
    /// All stages, and the language model when one is configured, for somebody on this
    /// machine who sees everything.
    pub fn for_principal(name: impl Into<String>) -> Self {
        Self::of(Principal::new(name, Role::Admin, None))
    }

    /// All stages, and the language model when one is configured.
    pub fn of(principal: Principal) -> Self {
        Self {
            mode: RetrievalMode::Graph,
            principal,
            use_llm: true,
            temperature: None,
            max_tokens: None,
        }
    }
}

/// A generation opened for questions.
pub struct Session<'kb> {
    pub(super) knowledge_base: &'kb KnowledgeBase,
    pub(super) snapshot: Arc<Snapshot>,
}

impl KnowledgeBase {
    /// Opens the current generation for questions.
    ///
    /// # Errors
    /// When nothing was published, or the generation cannot be read.
    pub fn session(&self) -> Result<Session<'_>, EngineError> {
        Ok(self.session_on(self.snapshot()?))
    }

    /// Questions on a generation that is in memory already.
    pub fn session_on(&self, snapshot: Arc<Snapshot>) -> Session<'_> {
        Session { knowledge_base: self, snapshot }
    }

    /// Reads the current generation into memory, between two changes of documents.
    ///
    /// # Errors
    /// When nothing was published, or the generation cannot be read.
    pub fn snapshot(&self) -> Result<Arc<Snapshot>, EngineError> {
        let _writer = self.sole_writer();
        let generation = self.current()?.ok_or_else(|| EngineError::Empty(self.root.clone()))?;
        let folder = self.root.join("generations").join(generation.name());
        let fragments = self.graph.fragments()?;
        let vectors =
            self.vectors.vectors().subset(fragments.iter().map(|fragment| fragment.id.as_str()));
        let hnsw = (vectors.len() > self.config.dense.exact_limit)
            // A dump that does not fit is no loss: it is built again.
            .then(|| {
                HnswIndex::load(&vectors, &folder.join("hnsw"))
                    .unwrap_or_else(|_| HnswIndex::build(&vectors, &mut |_| {}))
            });
        let pictures = fragments.iter().filter(|f| f.picture() == Some(&f.document));
        let mut keys: HashSet<FragmentId> = pictures.map(|fragment| fragment.id.clone()).collect();
        let parts = self.graph.picture_regions()?.into_iter();
        let parts: Vec<_> = parts.filter(|(_, whole)| keys.contains(whole)).collect();
        keys.extend(parts.into_iter().map(|(part, _)| part));
        let mut keys: Vec<&str> = keys.iter().map(FragmentId::as_str).collect();
        keys.sort_unstable();
        let visual = self
            .picture_vectors
            .iter()
            .map(|store| {
                let vectors = store.vectors().subset(keys.iter().copied());
                DenseIndex::new(store.space(), vectors, None, self.config.dense)
            })
            .collect();
        let documents = self.graph.documents()?;
        let stated = StatedBy::read(&self.graph, &documents)?;
        let mut ties = self.graph.close_matches()?;
        ties.extend(stated.links);
        let (mut depictions, mut not_depicted) = (Vec::new(), Vec::new());
        let mut depicted_by = Vec::new();
        let classes = self.graph.classes_of_resources()?;
        let mut picture_classes: HashMap<DocumentId, BTreeSet<String>> = HashMap::new();
        for claim in self.graph.depictions()? {
            match claim.status {
                DepictionStatus::Accepted => {
                    if let Some(classes) = classes.get(&claim.entity) {
                        let known = picture_classes.entry(claim.picture.clone()).or_default();
                        known.extend(classes.iter().cloned());
                    }
                    let (picture, entity) = (claim.picture.clone(), claim.entity.clone());
                    depicted_by.push((picture, entity, claim.evidence));
                    depictions.push((claim.picture, claim.entity, claim.probability));
                }
                DepictionStatus::Rejected => not_depicted.push((claim.picture, claim.entity)),
                DepictionStatus::Proposed => {}
            }
        }
        let mut entities = self.graph.entities()?;
        let mut mentions = self.graph.mentioned_entities()?;
        let passed_by: HashSet<EntityId> = entities
            .iter()
            .filter(|entity| !entity.class.is_walked())
            .map(|entity| entity.id.clone())
            .collect();
        entities.retain(|entity| entity.class.is_walked());
        mentions.retain(|(_, entity)| !passed_by.contains(entity));
        let mut parts = SnapshotParts {
            generation,
            documents,
            fragments,
            entities,
            mentions,
            links: self.graph.links()?.into_iter().map(|l| (l.fragment, l.target)).collect(),
            topics: self.graph.topics()?,
            ties,
            stated_ties: stated.ties,
            stated_labels: stated.labels,
            depictions,
            depicted_by,
            not_depicted,
            picture_classes,
            dense: DenseIndex::new(self.vectors.space(), vectors, hnsw, self.config.dense),
            visual,
            calibrations: self.calibrations()?,
            lexical: LexicalIndex::open(&folder.join("lexical"), self.config.lexical)?,
        };
        super::merged::apply(&mut parts, &self.groups()?, &self.kept_apart()?);
        Ok(Arc::new(Snapshot::new(parts)?))
    }
}

impl Session<'_> {
    /// The opened generation.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Finds fragments for a question without answering it.
    ///
    /// # Errors
    /// When an index or the model fails.
    pub fn search(&self, query: &Query, mode: RetrievalMode) -> Result<Retrieval, EngineError> {
        self.search_timed(query, mode, &mut Stopwatch::off())
    }

    /// The same; `stopwatch` hears what each stage took.
    ///
    /// # Errors
    /// When an index or the model fails.
    pub fn search_timed(
        &self,
        query: &Query,
        mode: RetrievalMode,
        stopwatch: &mut Stopwatch,
    ) -> Result<Retrieval, EngineError> {
        let models = &self.knowledge_base.models;
        let embedders = Embedders {
            text: models.text.as_ref(),
            pictures: models.pictures.iter().map(AsRef::as_ref).collect(),
        };
        let config = &self.knowledge_base.config.retrieve;
        Ok(search(&self.snapshot, &embedders, query, mode, config, stopwatch)?)
    }

    /// Hits as numbered evidence within the token budget of the settings.
    pub fn evidence(&self, hits: &[Hit]) -> Vec<Evidence> {
        let counter = self.knowledge_base.models.text.token_counter();
        let config = &self.knowledge_base.config.retrieve;
        let mut evidence =
            assemble(&self.snapshot, hits, &|text| counter.count(text), config.evidence_tokens);
        evidence.truncate(config.n_evidence);
        evidence
    }

    /// Answers a question, through the configured language model when there is
    /// one, and records the answer: when this returns, the record is in the
    /// graph. No record, no answer. `on_sentence` hears the sentences that the
    /// model writes as soon as each is complete and checked.
    ///
    /// # Errors
    /// When retrieval fails or the record cannot be written.
    pub fn ask(
        &self,
        query: &Query,
        options: &AskOptions,
        on_sentence: &mut (dyn FnMut(&Sentence) + Send),
    ) -> Result<AnswerRecord, EngineError> {
        self.ask_timed(query, options, on_sentence, &mut Stopwatch::new(Instant::now))
    }

    /// The same; `stopwatch` hears what each stage took. The timings of what is returned
    /// hold the writing of the record, those of the record itself cannot.
    ///
    /// # Errors
    /// When retrieval fails or the record cannot be written.
    pub fn ask_timed(
        &self,
        query: &Query,
        options: &AskOptions,
        on_sentence: &mut (dyn FnMut(&Sentence) + Send),
        stopwatch: &mut Stopwatch,
    ) -> Result<AnswerRecord, EngineError> {
        let knowledge_base = self.knowledge_base;
        let started_at = now();
        let start = Instant::now();
        let query = &query.within(options.principal.labels());
        let retrieval = self.search_timed(query, options.mode, stopwatch)?;
        let evidence = self.evidence(&retrieval.hits);
        stopwatch.lap(Stage::Assemble);
        let known = EmbeddedOnce::new(knowledge_base.models.text.as_ref());
        let embed = |texts: &[&str]| Ok(known.embed(texts)?);
        let asked = Asked {
            question: &retrieval.question,
            evidence: &evidence,
            embed: Some(&embed),
            options: &knowledge_base.config.answer,
        };
        let llm = knowledge_base.llm.as_ref().filter(|_| options.use_llm);
        let answer = match llm {
            None => {
                let answer = extractive(&asked);
                stopwatch.lap(Stage::Quote);
                answer
            }
            Some(llm) => {
                let configured = knowledge_base.config.llm.sampling();
                let sampling = Sampling {
                    temperature: options.temperature.unwrap_or(configured.temperature),
                    max_tokens: options.max_tokens.unwrap_or(configured.max_tokens),
                };
                let writing = generated(&asked, &llm.generator, sampling, on_sentence, stopwatch);
                llm.wait_for(writing)
            }
        };
        let mut documents: Vec<_> = evidence
            .iter()
            .filter_map(|item| self.snapshot.document(&item.fragment.document))
            .map(|document| (document.id.clone(), document.digest))
            .collect();
        documents.sort();
        documents.dedup();
        let view = self.snapshot.view(query.allowed_labels.as_ref());
        let evidence_labels = view.map_err(RetrieveError::from)?.labels_of_evidence(&evidence);
        let mut record = AnswerRecord {
            id: answer_id(&started_at, &query.text, &options.principal.name, start),
            question: query.text.clone(),
            question_picture: query.picture.as_deref().map(Digest::of),
            access: AnswerAccess::of(&options.principal, evidence_labels),
            started_at,
            ended_at: now(),
            generation: self.snapshot.generation().clone(),
            spaces: knowledge_base.models.spaces(),
            picture_routes: retrieval.picture_routes,
            evidence,
            documents,
            answer,
            timings: stopwatch.timings(),
            software: software(),
        };
        knowledge_base.graph.insert_graph(record.id.as_str(), bundle(&record))?;
        stopwatch.lap(Stage::Record);
        record.timings = stopwatch.timings();
        Ok(record)
    }
}

/// Unique by time to the nanosecond, process, question and principal.
fn answer_id(started_at: &str, question: &str, principal: &str, start: Instant) -> AnswerId {
    let unique = format!("{:?} {}", start, std::process::id());
    let digest = Digest::of_parts([
        started_at.as_bytes(),
        question.as_bytes(),
        principal.as_bytes(),
        unique.as_bytes(),
    ]);
    AnswerId::new(&digest.short())
}
