//! A question out: retrieval, answer, record.

use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use super::stated_by::StatedBy;
use crate::answer::Turn;
use crate::index::{DenseIndex, HnswIndex, LexicalIndex};
use crate::model::{
    AnswerRecord, DepictionStatus, DocumentId, EntityId, Evidence, FragmentId, Hit, Principal,
    Query, Role, Sentence, Stopwatch,
};
use crate::retrieve::{Retrieval, RetrievalMode, Snapshot, SnapshotParts, assemble};
use futures::StreamExt;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How a question is answered.
#[derive(Clone, Debug)]
pub struct AskOptions {
    /// Stages of retrieval.
    pub mode: RetrievalMode,
    /// Who asks. Nothing is found that the principal may not see, whatever the query
    /// allows.
    pub principal: Principal,
    /// For whom the principal asks, as a client says; nobody checks it.
    pub end_user: Option<String>,
    /// Earlier turns of the conversation, oldest first.
    pub earlier: Vec<Turn>,
    /// Wishes about language, length and tone for the language model.
    pub style: Option<String>,
    /// Whether the configured language model may write the answer.
    pub use_llm: bool,
    /// Whether a doubtful answer is withheld; see `answer::Config::strict`.
    pub strict: bool,
    /// Sampling temperature instead of the configured one, 0 to 2.
    pub temperature: Option<f32>,
    /// Longest output in tokens instead of the configured one. Quotes are left out
    /// from the first that does not fit any more.
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
            end_user: None,
            earlier: Vec::new(),
            style: None,
            use_llm: true,
            strict: false,
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
            reading: self.n_readings.fetch_add(1, Ordering::Relaxed),
            documents,
            fragments,
            entities,
            mentions,
            links: self.graph.links()?.into_iter().map(|l| (l.fragment, l.target)).collect(),
            topics: self.graph.topics()?,
            representatives: HashMap::new(),
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
        let mut stopwatch = Stopwatch::off();
        Ok(self.find(query, mode, &mut stopwatch)?.as_ref().clone())
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
        let resolved = self.stand_alone(query, options);
        let mut answering = self.prepare(query, resolved, options.clone())?;
        let Some(mut deltas) = answering.deltas() else {
            return Ok(self.knowledge_base.record_answer(answering.finish().1)?.0);
        };
        let llm = self.knowledge_base.llm.as_ref();
        let mut next = || llm.and_then(|llm| llm.wait_for(deltas.next()));
        let answered = loop {
            match next() {
                None => {
                    let (last, answered) = answering.finish();
                    last.iter().for_each(on_sentence);
                    break answered;
                }
                Some(Err(failure)) => break answering.fail(&failure),
                Some(Ok(delta)) => {
                    answering.push(&delta);
                    if answering.has_unchecked() {
                        answering.check().iter().for_each(&mut *on_sentence);
                    }
                }
            }
        };
        Ok(self.knowledge_base.record_answer(answered)?.0)
    }
}
