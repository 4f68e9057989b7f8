//! A question out: retrieval, answer, record.

use super::corpus_file::CorpusFile;
use super::error::EngineError;
use super::frozen::{MadeOf, Reading};
use super::knowledge_base::KnowledgeBase;
use super::setup::{InForce, Setup};
use super::text_spaces::TextSpace;
use crate::answer::Turn;
use crate::index::{DenseIndex, HnswIndex, LexicalIndex};
use crate::model::{
    AnswerRecord, Evidence, FragmentId, GenerationId, Hit, Principal, Query, Role, Sentence,
    ServedArm, Stopwatch,
};
use crate::retrieve::{Retrieval, RetrievalMode, Snapshot, SnapshotParts, assemble};
use futures::StreamExt;
use std::collections::BTreeSet;
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
    /// The canary during which the question is asked, and the side that answers.
    pub canary: Option<ServedArm>,
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
            canary: None,
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
    /// The settings with which the generation is asked.
    pub(super) in_force: Arc<InForce>,
    /// The text model with which questions are embedded.
    pub(super) text: Arc<TextSpace>,
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
        let in_force = self.in_force(snapshot.generation());
        // Open since the generation was read.
        let text = self.open_space(snapshot.text_space());
        let text = text.unwrap_or_else(|| Arc::clone(&self.home));
        Session { knowledge_base: self, snapshot, in_force, text }
    }

    /// Reads the current generation into memory, between two changes of documents.
    ///
    /// # Errors
    /// When nothing was published, or the generation cannot be read.
    pub fn snapshot(&self) -> Result<Arc<Snapshot>, EngineError> {
        let _writer = self.sole_writer();
        let generation = self.current()?.ok_or_else(|| EngineError::Empty(self.root.clone()))?;
        let reading = match self.thaw(&generation) {
            Err(error @ (EngineError::Frozen { .. } | EngineError::Io { .. })) => {
                tracing::info!(%error, "the generation is read from the graph");
                let documents = self.graph.documents()?;
                let corpus = CorpusFile::write(&self.graph, &documents, &self.root)?;
                let folder = self.generation_folder(&generation);
                let text = self.text_of(&Setup::read(&folder)?)?;
                let made_of = MadeOf {
                    generation: &generation,
                    documents: &documents,
                    corpus: &corpus,
                    text: text.model.space(),
                };
                self.freeze(&made_of, &folder)?;
                self.thaw(&generation)?
            }
            reading => reading?,
        };
        self.assembled(generation, reading)
    }

    /// Reads a generation into memory, whether it is current or not. Documents have the
    /// access labels of today, and those that are gone by now are hidden.
    ///
    /// # Errors
    /// When there is no such generation, it cannot be read, or its texts are embedded in
    /// another space than questions are.
    pub fn snapshot_of(&self, generation: &GenerationId) -> Result<Arc<Snapshot>, EngineError> {
        let _writer = self.sole_writer();
        self.snapshot_alone(generation)
    }

    /// As [`KnowledgeBase::snapshot_of`], for one who is the sole writer already.
    pub(super) fn snapshot_alone(
        &self,
        generation: &GenerationId,
    ) -> Result<Arc<Snapshot>, EngineError> {
        let reading = self.thaw(generation)?;
        self.assembled(generation.clone(), reading)
    }

    fn assembled(
        &self,
        generation: GenerationId,
        reading: Reading,
    ) -> Result<Arc<Snapshot>, EngineError> {
        let folder = self.generation_folder(&generation);
        self.learn_setup(&generation)?;
        let text = self.space_of(&generation, &reading.spaces)?;
        let Reading { mut documents, fragments, entities, mentions, links, beyond, .. } = reading;
        let vectors =
            text.vectors.vectors().subset(fragments.iter().map(|fragment| fragment.id.as_str()));
        let hnsw = (vectors.len() > self.config.dense.exact_limit)
            // A dump that does not fit is no loss: it is built again.
            .then(|| {
                HnswIndex::load(&vectors, &folder.join("hnsw"))
                    .unwrap_or_else(|_| HnswIndex::build(&vectors, &mut |_| {}))
            });
        let visual = self
            .picture_vectors
            .iter()
            .map(|store| {
                let keys = beyond.picture_keys.iter().map(FragmentId::as_str);
                let vectors = store.vectors().subset(keys);
                DenseIndex::new(store.space(), vectors, None, self.config.dense)
            })
            .collect();
        let labels = self.graph.access_labels()?;
        let mut gone = BTreeSet::new();
        for document in &mut documents {
            match labels.get(&document.id) {
                Some(label) => document.access_label.clone_from(label),
                None => drop(gone.insert(document.id.clone())),
            }
        }
        Ok(Arc::new(Snapshot::new(SnapshotParts {
            generation,
            reading: self.n_readings.fetch_add(1, Ordering::Relaxed),
            documents,
            gone,
            fragments,
            entities,
            mentions,
            links,
            topics: beyond.topics,
            representatives: beyond.representatives.into_iter().collect(),
            ties: beyond.ties,
            stated_ties: beyond.stated_ties,
            stated_labels: beyond.stated_labels,
            depictions: beyond.depictions,
            depicted_by: beyond.depicted_by,
            not_depicted: beyond.not_depicted,
            picture_classes: beyond.picture_classes.into_iter().collect(),
            dense: DenseIndex::new(text.id(), vectors, hnsw, self.config.dense),
            visual,
            calibrations: beyond.calibrations.into_iter().collect(),
            lexical: LexicalIndex::open(&folder.join("lexical"), self.config.lexical)?,
        })?))
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
        let counter = self.text.model.token_counter();
        let config = &self.in_force.retrieve;
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
