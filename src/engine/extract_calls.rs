//! Asking a language model about one fragment after the other, some side by side.

use super::build::now;
use super::token_budget::{Budget, Cap};
use crate::extract::{
    AllowedTerms, Checked, Instructions, Rejection, check_cut_statements, check_statements,
    prompt_digest,
};
use crate::llm::{GenerateError, OpenAiGenerator, OutputForm, TokenUsage};
use crate::model::{Digest, Extraction, Fragment, VersionId};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Failures in a row after which a server counts as gone.
const MAX_FAILURES: usize = 3;
/// How often an output may be no JSON before that is kept as the outcome.
const MAX_ATTEMPTS: usize = 2;

/// What is asked of whom.
pub(super) struct Asking<'a> {
    pub(super) generator: &'a OpenAiGenerator,
    pub(super) terms: &'a AllowedTerms,
    pub(super) instructions: &'a Instructions,
    pub(super) n_parallel: usize,
}

/// A fragment that was read.
pub(super) struct Read {
    pub(super) version: VersionId,
    pub(super) extraction: Extraction,
    pub(super) rejected: BTreeMap<Rejection, usize>,
    pub(super) usage: TokenUsage,
}

/// How the asking ended.
#[derive(Default)]
pub(super) struct Asked {
    /// Whether the server was asked in words.
    pub(super) in_words: bool,
    /// Why documents were left without an answer, the first reason for each.
    pub(super) left: HashMap<VersionId, String>,
}

/// A fragment that waits to be asked about.
struct Job<'a> {
    fragment: &'a Fragment,
    attempt: usize,
    /// What earlier attempts cost.
    spent: TokenUsage,
    started_at: Option<String>,
}

/// A request that ended.
struct Answered<'a> {
    job: Job<'a>,
    most: u64,
    started_at: String,
    prompt: Digest,
    outcome: Result<crate::llm::Completion, GenerateError>,
}

impl Asking<'_> {
    /// Asks about every fragment and hands on what was read as soon as it was; stops
    /// early at a cap of `budget`, when settings are wrong, and when the server is gone.
    ///
    /// # Errors
    /// When `keep` fails.
    pub(super) async fn ask<E>(
        &self,
        fragments: &[&Fragment],
        budget: &mut Budget,
        keep: &mut dyn FnMut(Read) -> Result<(), E>,
    ) -> Result<Asked, E> {
        let in_words = Cell::new(false);
        let mut asked = Asked::default();
        let mut waiting: VecDeque<Job<'_>> = fragments.iter().map(|f| Job::new(f)).collect();
        let mut under_way = FuturesUnordered::new();
        let (mut n_failures, mut stopped) = (0, None::<String>);
        loop {
            while stopped.is_none() && under_way.len() < self.n_parallel.max(1) {
                let Some(job) = waiting.pop_front() else { break };
                let version = &job.fragment.version;
                if asked.left.contains_key(version) {
                    self.give_up(job, keep)?;
                    continue;
                }
                let most = self.instructions.most_tokens(&job.fragment.text);
                match budget.reserve(version, most) {
                    Ok(()) => under_way.push(self.answer(job, most, &in_words)),
                    // What is under way may cost less than was reserved for it.
                    Err(_) if !under_way.is_empty() => {
                        waiting.push_front(job);
                        break;
                    }
                    Err(cap) => {
                        asked.left.insert(version.clone(), cap.to_string());
                        if matches!(cap, Cap::Run(_)) {
                            stopped = Some(cap.to_string());
                        }
                        self.give_up(job, keep)?;
                    }
                }
            }
            let Some(answered) = under_way.next().await else { break };
            let version = answered.job.fragment.version.clone();
            match answered.outcome {
                Ok(_) => n_failures = 0,
                Err(ref error) => {
                    // A request that broke off in the middle may have cost all of it.
                    if !may_have_cost(error) {
                        budget.settle(&version, answered.most, 0);
                    }
                    n_failures += 1;
                    let reason = in_full(error);
                    if must_stop(error) || n_failures >= MAX_FAILURES {
                        stopped.get_or_insert(reason.clone());
                    }
                    asked.left.entry(version).or_insert(reason);
                    self.give_up(answered.job, keep)?;
                    continue;
                }
            }
            self.take(answered, budget, &mut waiting, keep)?;
        }
        for job in waiting {
            let reason = stopped.clone().unwrap_or_default();
            asked.left.entry(job.fragment.version.clone()).or_insert(reason);
            self.give_up(job, keep)?;
        }
        asked.in_words = in_words.get();
        Ok(asked)
    }

    /// One request, once more in words when the server knows no schemas.
    async fn answer<'j>(&self, job: Job<'j>, most: u64, in_words: &Cell<bool>) -> Answered<'j> {
        let started_at = job.started_at.clone().unwrap_or_else(now);
        let text = &job.fragment.text;
        let mut prompt = self.instructions.prompt(text, in_words.get());
        let mut digest = prompt_digest(&prompt);
        let schema = OutputForm::Schema(self.instructions.output());
        let form = if in_words.get() { OutputForm::InWords } else { schema };
        let mut outcome = self.generator.complete(prompt, form).await;
        let refused = matches!(outcome, Err(GenerateError::Rejected { status: 400 | 422, .. }));
        if refused && form == schema {
            prompt = self.instructions.prompt(text, true);
            digest = prompt_digest(&prompt);
            outcome = self.generator.complete(prompt, OutputForm::InWords).await;
            if outcome.is_ok() {
                in_words.set(true);
            }
        }
        Answered { job, most, started_at, prompt: digest, outcome }
    }

    /// Checks what came back; an output that is no JSON is asked for once more.
    fn take<'j, E>(
        &self,
        answered: Answered<'j>,
        budget: &mut Budget,
        waiting: &mut VecDeque<Job<'j>>,
        keep: &mut dyn FnMut(Read) -> Result<(), E>,
    ) -> Result<(), E> {
        let Answered { job, most, started_at, prompt, outcome } = answered;
        let Ok(completion) = outcome else { return Ok(()) };
        budget.settle(&job.fragment.version, most, completion.usage.total());
        let usage = TokenUsage {
            n_prompt: job.spent.n_prompt + completion.usage.n_prompt,
            n_output: job.spent.n_output + completion.usage.n_output,
            estimated: job.spent.estimated || completion.usage.estimated,
        };
        let job = Job {
            attempt: job.attempt + 1,
            spent: usage,
            started_at: Some(started_at),
            fragment: job.fragment,
        };
        match check_statements(&completion.text, &job.fragment.text, self.terms) {
            Err(_) if completion.cut_short => {
                let text = &job.fragment.text;
                let checked = check_cut_statements(&completion.text, text, self.terms);
                keep(self.read(job, prompt, checked))
            }
            Ok(checked) => keep(self.read(job, prompt, checked)),
            Err(_) if job.attempt < MAX_ATTEMPTS => {
                waiting.push_front(job);
                Ok(())
            }
            Err(_) => keep(self.malformed(job, prompt)),
        }
    }

    /// Keeps that a fragment was asked about in vain when that has cost tokens, so that
    /// it costs them once.
    fn give_up<E>(
        &self,
        job: Job<'_>,
        keep: &mut dyn FnMut(Read) -> Result<(), E>,
    ) -> Result<(), E> {
        if job.attempt == 0 {
            return Ok(());
        }
        let prompt = prompt_digest(&self.instructions.prompt(&job.fragment.text, false));
        keep(self.malformed(job, prompt))
    }

    fn malformed(&self, job: Job<'_>, prompt: Digest) -> Read {
        let rejected = BTreeMap::from([(Rejection::Malformed, 1)]);
        self.read(job, prompt, Checked { statements: Vec::new(), rejected })
    }

    fn read(&self, job: Job<'_>, prompt: Digest, checked: Checked) -> Read {
        let usage = job.spent;
        let reasons = checked.rejected.iter();
        let extraction = Extraction {
            fragment: job.fragment.id.clone(),
            statements: checked.statements,
            rejected: reasons.map(|(reason, n)| (reason.to_string(), *n)).collect(),
            model: crate::llm::Generator::model(self.generator).to_owned(),
            rule: self.instructions.rule().to_owned(),
            recipe: self.instructions.recipe(),
            prompt,
            n_prompt_tokens: usage.n_prompt,
            n_output_tokens: usage.n_output,
            tokens_estimated: usage.estimated,
            started_at: job.started_at.unwrap_or_else(now),
            ended_at: now(),
        };
        let version = job.fragment.version.clone();
        Read { version, extraction, rejected: checked.rejected, usage }
    }
}

impl<'a> Job<'a> {
    fn new(fragment: &'a Fragment) -> Self {
        Self { fragment, attempt: 0, spent: TokenUsage::default(), started_at: None }
    }
}

/// Whether no other fragment could fare better.
fn must_stop(error: &GenerateError) -> bool {
    matches!(
        error,
        GenerateError::Unauthorised { .. }
            | GenerateError::NotFound { .. }
            | GenerateError::Protocol { .. }
    )
}

/// Whether a request that failed may have cost tokens.
fn may_have_cost(error: &GenerateError) -> bool {
    matches!(error, GenerateError::TooSlow { .. } | GenerateError::Interrupted { .. })
}

/// An error with its causes.
fn in_full(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
