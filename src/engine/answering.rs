//! An answer in the making.
//!
//! What computes ([`Session::prepare`], [`Answering::check`], [`Answering::finish`],
//! [`KnowledgeBase::record_answer`]) and what waits for a language model
//! ([`Answering::deltas`]) are steps of their own, so that a server can compute on
//! threads for that and wait on none. [`Session::ask`](super::Session::ask) takes all
//! steps on one thread.

use super::ask::{AskOptions, Session};
use super::build::{now, software};
use super::embedded_once::EmbeddedOnce;
use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use super::policing::{Policing, waiting};
use super::sealing::Parameters;
use super::setup::InForce;
use crate::answer::{
    Asked, Config as AnswerConfig, Draft, Rarity, Writing, extractive, words_that_weigh,
};
use crate::audit::bundle;
use crate::graph::feedback_triples;
use crate::llm::{Delta, DeltaStream, GenerateError, Generator, OpenAiGenerator, Sampling};
use crate::model::{
    Answer, AnswerAccess, AnswerId, AnswerMode, AnswerRecord, Digest, EntityId, Evidence,
    PolicyEffect, Query, ResolvedQuestion, Sentence, Space, Stage, Stopwatch,
};
use crate::retrieve::{Retrieval, RetrieveError, Snapshot};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// A question with its evidence, and what was written about it so far.
pub struct Answering {
    snapshot: Arc<Snapshot>,
    options: AskOptions,
    in_force: Arc<InForce>,
    /// What is searched.
    spaces: Vec<Space>,
    config: AnswerConfig,
    /// The question as asked.
    question: String,
    question_picture: Option<Digest>,
    resolved: Option<ResolvedQuestion>,
    retrieval: Arc<Retrieval>,
    evidence: Vec<Evidence>,
    known: EmbeddedOnce,
    rarity: Rarity,
    writer: Option<(OpenAiGenerator, Sampling)>,
    draft: Option<Draft>,
    id: AnswerId,
    access: AnswerAccess,
    /// What the evidence names.
    entities: BTreeSet<EntityId>,
    /// Rules for the question; none without a policy.
    policing: Option<Policing>,
    n_hits_wanted: usize,
    started_at: String,
    stopwatch: Stopwatch,
}

/// A question that was answered, and that nobody may hear of before it is recorded.
pub struct Answered {
    answering: Answering,
    answer: Answer,
    cut_short: bool,
}

impl Session<'_> {
    /// Finds the evidence for a question. `resolved` is the question as it stands alone,
    /// when it leans on earlier ones.
    ///
    /// # Errors
    /// When a rule of the policy refuses the question, or retrieval fails.
    pub fn prepare(
        &self,
        query: &Query,
        resolved: Option<ResolvedQuestion>,
        options: AskOptions,
    ) -> Result<Answering, EngineError> {
        let knowledge_base = self.knowledge_base;
        let started_at = now();
        let mut stopwatch = Stopwatch::new(Instant::now);
        let query = &query.within(options.principal.labels());
        let standing = resolved
            .as_ref()
            .map(|resolved| Query { text: resolved.question.clone(), ..query.clone() });
        let texts: Vec<&str> =
            std::iter::once(query).chain(&standing).map(|query| query.text.as_str()).collect();
        let labels = query.allowed_labels.as_ref();
        let mut policing = self.policing(&texts, &options.principal, labels)?;
        if let Some(refusing) = policing.take_if(|policing| policing.refuses()) {
            return Err(self.refuse(refusing, query, resolved, &options));
        }
        let asked = standing.as_ref().unwrap_or(query);
        let widened = policing.as_ref().and_then(|policing| policing.widened(asked));
        let asked = widened.as_ref().unwrap_or(asked);
        let retrieval = self.find(asked, options.mode, &mut stopwatch)?;
        let counting = policing.as_mut();
        let counting = counting.and_then(|p| p.counting(&self.snapshot, &retrieval.hits));
        let evidence = self.evidence(counting.as_ref().unwrap_or(&retrieval.hits));
        let view = self.snapshot.view(query.allowed_labels.as_ref());
        let view = view.map_err(RetrieveError::from)?;
        let evidence_labels = view.labels_of_evidence(&evidence);
        let entities = view.entities_of_evidence(&evidence);
        let access = AnswerAccess::of(&options.principal, evidence_labels);
        let rarity = rarity(&self.snapshot, &retrieval.question)?;
        stopwatch.lap(Stage::Assemble);
        let config = &self.in_force.answer;
        let llm = knowledge_base.llm.as_ref().filter(|_| options.use_llm && !evidence.is_empty());
        let writer = llm.map(|llm| {
            let configured = knowledge_base.config.llm.sampling();
            let sampling = Sampling {
                temperature: options.temperature.unwrap_or(configured.temperature),
                max_tokens: options.max_tokens.unwrap_or(configured.max_tokens),
            };
            (llm.generator.clone(), sampling)
        });
        let n_hits_wanted = asked.k;
        let id = answer_id(&started_at, &query.text, &options.principal.name);
        Ok(Answering {
            snapshot: Arc::clone(&self.snapshot),
            in_force: Arc::clone(&self.in_force),
            spaces: knowledge_base.models.spaces_with(self.text.model.space()),
            config: if options.strict { config.strict() } else { config.clone() },
            options,
            question: query.text.clone(),
            question_picture: query.picture.as_deref().map(Digest::of),
            resolved,
            retrieval,
            evidence,
            known: EmbeddedOnce::new(Arc::clone(&self.text.questions)),
            rarity,
            writer,
            draft: None,
            id,
            access,
            entities,
            policing,
            n_hits_wanted,
            started_at,
            stopwatch,
        })
    }
}

/// How rare the words of a question are in a generation.
pub(super) fn rarity(snapshot: &Snapshot, question: &str) -> Result<Rarity, EngineError> {
    let words = words_that_weigh(question);
    let rarities = snapshot.rarities(&words)?;
    Ok(words.into_iter().zip(rarities).collect())
}

impl Answering {
    /// Under which name the answer will be recorded.
    pub fn id(&self) -> AnswerId {
        self.id.clone()
    }

    /// Calls `work` with what is asked.
    fn asked<T>(&self, work: impl FnOnce(&Asked<'_>) -> T) -> T {
        let embed = |texts: &[&str]| Ok(self.known.embed(texts)?);
        work(&Asked {
            question: &self.retrieval.question,
            evidence: &self.evidence,
            embed: Some(&embed),
            rarity: Some(&self.rarity),
            options: &self.config,
        })
    }

    /// Takes the draft out, works on it and puts it back.
    fn on_draft<T: Default>(&mut self, work: impl FnOnce(&mut Draft, &Asked<'_>) -> T) -> T {
        let Some(mut draft) = self.draft.take() else { return T::default() };
        let outcome = self.asked(|asked| work(&mut draft, asked));
        self.draft = Some(draft);
        outcome
    }

    /// Asks the language model; `None` when none writes the answer. Nothing is sent
    /// before the stream is polled, and dropping it ends the request.
    pub fn deltas(&mut self) -> Option<DeltaStream> {
        let (generator, sampling) = self.writer.take()?;
        let writing = Writing { sampling, style: self.options.style.as_deref() };
        let (draft, prompt) = self.asked(|asked| Draft::begin(asked, &generator, writing));
        self.draft = Some(draft);
        Some(generator.generate(prompt))
    }

    /// Takes what came from the language model.
    pub fn push(&mut self, delta: &Delta) {
        self.stopwatch.lap(Stage::Llm);
        if let Some(draft) = &mut self.draft {
            draft.push(delta);
        }
    }

    /// Whether a complete sentence waits to be checked. Cheap, where checking is not.
    pub fn has_unchecked(&self) -> bool {
        self.draft.as_ref().is_some_and(Draft::has_unchecked)
    }

    /// Checks the complete sentences that are new; those that are part of the answer.
    pub fn check(&mut self) -> Vec<Sentence> {
        let mut sentences = self.on_draft(|draft, asked| draft.check(asked));
        self.stopwatch.lap(Stage::Verify);
        self.hide(&mut sentences);
        sentences
    }

    /// Takes out what nobody may hear, at least for now.
    fn hide(&self, sentences: &mut Vec<Sentence>) {
        if let Some(policing) = &self.policing {
            sentences.retain(|sentence| !policing.hides(sentence));
        }
    }

    /// The answer: of the language model that came to its end, or quotes; and the
    /// sentences that [`Answering::check`] did not give.
    pub fn finish(mut self) -> (Vec<Sentence>, Answered) {
        let (mut last, answer) = match self.draft.take() {
            Some(draft) => {
                self.stopwatch.lap(Stage::Llm);
                let finished = self.asked(|asked| draft.finish(asked));
                self.stopwatch.lap(Stage::Verify);
                finished
            }
            None => {
                let answer = self.asked(extractive);
                self.stopwatch.lap(Stage::Quote);
                (Vec::new(), answer)
            }
        };
        self.hide(&mut last);
        (last, self.answered(answer))
    }

    /// The answer when the language model failed: quotes.
    pub fn fail(mut self, failure: &GenerateError) -> Answered {
        self.stopwatch.lap(Stage::Llm);
        let answer = match self.draft.take() {
            Some(draft) => self.asked(|asked| draft.fail(asked, failure)),
            None => self.asked(extractive),
        };
        self.stopwatch.lap(Stage::Quote);
        self.answered(answer)
    }

    /// The answer when nobody listens any more: what was shown of it. `None` when that
    /// is nothing.
    pub fn break_off(mut self) -> Option<Answered> {
        let answer = self.draft.take()?.break_off()?;
        Some(self.answered(answer))
    }

    fn answered(mut self, mut answer: Answer) -> Answered {
        if let Some(policing) = &mut self.policing {
            policing.apply(&mut answer);
        }
        let mut cut_short = false;
        if matches!(answer.mode, AnswerMode::Extractive { .. })
            && let Some(most) = self.options.max_tokens
        {
            let mut left = usize::try_from(most).unwrap_or(usize::MAX);
            let n_all = answer.sentences.len();
            let mut n_kept = 0;
            for sentence in &answer.sentences {
                let n_tokens = self.known.count_tokens(&sentence.marked());
                // One sentence is said, as long as it may be.
                if n_kept > 0 && n_tokens > left {
                    break;
                }
                left = left.saturating_sub(n_tokens);
                n_kept += 1;
            }
            answer.sentences.truncate(n_kept);
            cut_short = n_kept < n_all;
        }
        Answered { answering: self, answer, cut_short }
    }
}

impl Answered {
    /// Whether sentences were left out because of the longest output that was wished.
    pub fn cut_short(&self) -> bool {
        self.cut_short
    }
}

impl KnowledgeBase {
    /// Records an answer: when this returns, the record is in the graph. No record, no
    /// answer. With the time of each stage; the one in the graph cannot hold that of its
    /// own writing. Of an answer that waits for approval, what comes back holds no words.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn record_answer(
        &self,
        answered: Answered,
    ) -> Result<(AnswerRecord, Stopwatch), EngineError> {
        let Answered { answering, answer, .. } = answered;
        let Answering { id, snapshot, options, question, evidence, started_at, .. } = answering;
        let mut documents: Vec<_> = evidence
            .iter()
            .filter_map(|item| snapshot.document(&item.fragment.document))
            .map(|document| (document.id.clone(), document.digest))
            .collect();
        documents.sort();
        documents.dedup();
        let mut stopwatch = answering.stopwatch;
        let config = &self.config;
        let parameters = Parameters {
            answer: &answering.config,
            dense: &config.dense,
            lexical: &config.lexical,
            retrieve: &answering.in_force.retrieve,
        };
        let parameters = parameters.to_text();
        let mut record = AnswerRecord {
            id,
            question,
            resolved: answering.resolved,
            question_picture: answering.question_picture,
            access: answering.access,
            end_user: options.end_user,
            canary: options.canary,
            started_at,
            ended_at: now(),
            generation: snapshot.generation().clone(),
            spaces: answering.spaces,
            picture_routes: answering.retrieval.picture_routes.clone(),
            evidence,
            documents,
            answer,
            entities: answering.entities.into_iter().collect(),
            retrieval_mode: options.mode.as_str().to_owned(),
            n_hits_wanted: answering.n_hits_wanted,
            parameters: Some(Digest::of(parameters.as_bytes())),
            policy: answering.policing.map(|policing| policing.applied()),
            timings: stopwatch.timings(),
            software: software(),
        };
        let doubt = self.doubt(&record).map(|doubt| feedback_triples(&doubt)).unwrap_or_default();
        self.write_sealed(&record.id, bundle(&record), &parameters, doubt)?;
        stopwatch.lap(Stage::Record);
        record.timings = stopwatch.timings();
        let policy = record.policy.as_ref();
        let is_held = policy.is_some_and(|p| p.rule_with(PolicyEffect::Held).is_some());
        Ok((if is_held { waiting(record) } else { record }, stopwatch))
    }
}

/// Unique by time to the nanosecond, process, question and principal, and by a counter.
pub(super) fn answer_id(started_at: &str, question: &str, principal: &str) -> AnswerId {
    static N_ANSWERS: AtomicU64 = AtomicU64::new(0);
    let n = N_ANSWERS.fetch_add(1, Ordering::Relaxed);
    let unique = format!("{:?} {} {n}", Instant::now(), std::process::id());
    let digest = Digest::of_parts([
        started_at.as_bytes(),
        question.as_bytes(),
        principal.as_bytes(),
        unique.as_bytes(),
    ]);
    AnswerId::new(&digest.short())
}
