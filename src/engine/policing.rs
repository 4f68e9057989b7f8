//! The policy's part in one answer.
//!
//! Rules are asked four times: before anything is looked for (is the question refused?),
//! after retrieval (which hits count?), for each sentence before anybody hears it, and when
//! the answer is complete. Without a policy none of this happens.

use super::answering::answer_id;
use super::ask::{AskOptions, Session};
use super::build::{now, software};
use super::error::EngineError;
use super::sealing::Parameters;
use crate::audit::bundle;
use crate::govern::{AskedFor, NamedThing, Ruling, SourceFacts};
use crate::model::{
    AccessLabel, Answer, AnswerAccess, AnswerMode, AnswerRecord, AppliedRule, Digest, Hit,
    PolicyApplied, PolicyEffect, Principal, Query, ResolvedQuestion, Sentence, Support,
};
use crate::retrieve::{RetrieveError, Snapshot};
use std::collections::BTreeSet;
use std::mem;

/// So many times the hits are looked for where some may not count.
const MORE_HITS: usize = 4;

/// The rules for one question, and what they did so far.
pub(super) struct Policing {
    ruling: Ruling,
    applied: Vec<AppliedRule>,
    /// What is said of spaces that are missing.
    missing: Vec<String>,
}

impl Session<'_> {
    /// The rules for a question; `None` when there is no policy.
    pub(super) fn policing(
        &self,
        texts: &[&str],
        principal: &Principal,
        labels: Option<&BTreeSet<AccessLabel>>,
    ) -> Result<Option<Policing>, EngineError> {
        let Some(policy) = self.knowledge_base.policy() else { return Ok(None) };
        let mut named = Vec::new();
        if policy.names_entities() {
            // What the asker does not see must not show by what is refused.
            let view = self.snapshot.view(labels).map_err(RetrieveError::from)?;
            let found = texts.iter().flat_map(|text| view.entities_in(text));
            named.extend(found.map(|(id, labels)| NamedThing { iri: id.as_str().into(), labels }));
        }
        let ruling = Ruling::of(policy, AskedFor { texts, named: &named, principal });
        let mut policing = Policing { ruling, applied: Vec::new(), missing: Vec::new() };
        policing.look_for_spaces(self);
        Ok(Some(policing))
    }

    /// Records that a question is refused; the error that says so. No record, no refusal.
    pub(super) fn refuse(
        &self,
        policing: Policing,
        query: &Query,
        resolved: Option<ResolvedQuestion>,
        options: &AskOptions,
    ) -> EngineError {
        let (rule, message) = match policing.ruling.refusal() {
            Some((rule, message)) => (rule.to_owned(), message.to_owned()),
            None => return EngineError::NotRefused,
        };
        let mut applied = policing.applied();
        applied.rules =
            vec![AppliedRule { rule: rule.clone(), effect: PolicyEffect::Refused, n: 1 }];
        applied.disclaimers = Vec::new();
        let at = now();
        let config = &self.knowledge_base.config;
        let parameters = Parameters {
            answer: &self.in_force.answer,
            dense: &config.dense,
            lexical: &config.lexical,
            retrieve: &self.in_force.retrieve,
        };
        let parameters = parameters.to_text();
        let answer = Answer {
            short_answer: None,
            sentences: Vec::new(),
            dropped: Vec::new(),
            mode: AnswerMode::Refused { reason: message.clone() },
            llm: None,
        };
        let record = AnswerRecord {
            id: answer_id(&at, &query.text, &options.principal.name),
            question: query.text.clone(),
            resolved,
            question_picture: query.picture.as_deref().map(Digest::of),
            access: AnswerAccess::of(&options.principal, BTreeSet::new()),
            end_user: options.end_user.clone(),
            canary: None,
            started_at: at.clone(),
            ended_at: at,
            generation: self.snapshot.generation().clone(),
            spaces: Vec::new(),
            picture_routes: Vec::new(),
            evidence: Vec::new(),
            documents: Vec::new(),
            entities: Vec::new(),
            retrieval_mode: options.mode.as_str().to_owned(),
            n_hits_wanted: query.k,
            parameters: Some(Digest::of(parameters.as_bytes())),
            policy: Some(applied),
            answer,
            timings: Vec::new(),
            software: software(),
        };
        let (id, triples) = (&record.id, bundle(&record));
        let written = self.knowledge_base.write_sealed(id, triples, &parameters, Vec::new());
        if let Err(error) = written {
            return error;
        }
        tracing::info!(answer.id = record.id.name(), policy.rule = rule, "a question was refused");
        EngineError::Refused { message, rule, answer: record.id.name().to_owned() }
    }
}

impl Policing {
    /// Whether a rule refuses the question.
    pub(super) fn refuses(&self) -> bool {
        self.ruling.refusal().is_some()
    }

    /// The same query for more hits, where some may not count.
    pub(super) fn widened(&self, query: &Query) -> Option<Query> {
        let k = query.k.saturating_mul(MORE_HITS);
        self.ruling.chooses_sources().then(|| Query { k, ..query.clone() })
    }

    /// The hits that count; `None` when all do.
    pub(super) fn counting(&mut self, snapshot: &Snapshot, hits: &[Hit]) -> Option<Vec<Hit>> {
        if !self.ruling.chooses_sources() {
            return None;
        }
        let mut counting = Vec::with_capacity(hits.len());
        let mut left_out: Vec<String> = Vec::new();
        for hit in hits {
            let rule = snapshot.document(&hit.document).and_then(|document| {
                self.ruling.left_out_by(SourceFacts {
                    source: &document.source,
                    label: &document.access_label,
                    language: document.language.as_deref(),
                })
            });
            match rule {
                Some(rule) => left_out.push(rule.to_owned()),
                None => counting.push(hit.clone()),
            }
        }
        for rule in left_out {
            self.note(&rule, PolicyEffect::Filtered);
        }
        Some(counting)
    }

    fn look_for_spaces(&mut self, session: &Session<'_>) {
        let models = &session.knowledge_base.models.pictures;
        let n_vectors: Vec<usize> = session.snapshot.n_vectors().skip(1).collect();
        let has = |space: &str| {
            let mut known = models.iter().zip(&n_vectors);
            known.any(|(model, n)| model.space().model == space && *n > 0)
        };
        let required = self.ruling.required_spaces().filter(|(_, space)| !has(space));
        let missing: Vec<(String, String)> =
            required.map(|(rule, space)| (rule.to_owned(), space.to_owned())).collect();
        for (rule, space) in missing {
            self.note(&rule, PolicyEffect::SpaceMissing);
            self.missing.push(format!(
                "No picture could be looked at with `{space}`, which the rule `{rule}` asks for: it has no vectors here."
            ));
        }
    }

    fn note(&mut self, rule: &str, effect: PolicyEffect) {
        let known = self.applied.iter_mut().find(|a| a.rule == rule && a.effect == effect);
        match known {
            Some(known) => known.n += 1,
            None => self.applied.push(AppliedRule { rule: rule.to_owned(), effect, n: 1 }),
        }
    }

    /// The rule that bans a sentence, by its own words or by those that it quotes.
    fn banned_by(&self, sentence: &Sentence) -> Option<&str> {
        let quotes = sentence.citations.iter().map(|citation| citation.quote.as_str());
        let mut texts = std::iter::once(sentence.text.as_str()).chain(quotes);
        texts.find_map(|text| self.ruling.banned_by(text))
    }

    /// Whether nobody may hear a sentence, at least for now.
    pub(super) fn hides(&self, sentence: &Sentence) -> bool {
        self.ruling.held_by().is_some() || self.banned_by(sentence).is_some()
    }

    /// Takes out of a complete answer what may not be said, and notes what holds it.
    pub(super) fn apply(&mut self, answer: &mut Answer) {
        let mut rules = Vec::new();
        let mut banned_of = |sentence: &mut Sentence| {
            let rule = self.banned_by(sentence).map(str::to_owned);
            if let Some(rule) = &rule {
                sentence.support = Support::Banned(rule.clone());
            }
            rules.extend(rule.clone());
            rule
        };
        answer.dropped.iter_mut().for_each(|sentence| drop(banned_of(sentence)));
        let mut withheld = None;
        for mut sentence in mem::take(&mut answer.sentences) {
            match banned_of(&mut sentence) {
                None => answer.sentences.push(sentence),
                Some(rule) => {
                    answer.dropped.push(sentence);
                    withheld = Some(rule);
                }
            }
        }
        let llm = answer.llm.iter().map(|llm| &llm.output);
        let mut other = answer.short_answer.iter().chain(llm);
        if rules.is_empty() {
            rules.extend(other.find_map(|text| self.ruling.banned_by(text)).map(str::to_owned));
        }
        if !rules.is_empty() {
            answer.short_answer = None;
        }
        if let AnswerMode::Abstained { reason } = &mut answer.mode
            && self.ruling.banned_by(reason).is_some()
        {
            *reason = "I cannot answer this from what I found.".to_owned();
        }
        if let Some(rule) = withheld.filter(|_| answer.sentences.is_empty()) {
            let reason = format!("The rule `{rule}` withholds what the documents say about this.");
            answer.mode = AnswerMode::Abstained { reason };
        }
        for rule in rules {
            self.note(&rule, PolicyEffect::Banned);
        }
        if let Some(rule) = self.ruling.held_by().map(str::to_owned) {
            self.note(&rule, PolicyEffect::Held);
        }
    }

    /// What is recorded.
    pub(super) fn applied(&self) -> PolicyApplied {
        let mut rules = self.applied.clone();
        let mut disclaimers = self.missing.clone();
        for (rule, words) in self.ruling.disclaimers() {
            let effect = PolicyEffect::Disclaimed;
            rules.push(AppliedRule { rule: rule.to_owned(), effect, n: 1 });
            disclaimers.push(words.to_owned());
        }
        PolicyApplied { policy: self.ruling.policy().digest(), rules, disclaimers }
    }
}

/// What whoever asked is told of an answer that waits: its name and nothing of its words.
pub(super) fn waiting(record: AnswerRecord) -> AnswerRecord {
    let reason = format!(
        "This answer waits for approval by a person. It will be at /api/answers/{}.",
        record.id.name()
    );
    let answer = Answer {
        short_answer: None,
        sentences: Vec::new(),
        dropped: Vec::new(),
        mode: AnswerMode::Waiting { reason },
        llm: None,
    };
    let policy = record.policy.map(|policy| PolicyApplied { disclaimers: Vec::new(), ..policy });
    AnswerRecord {
        answer,
        policy,
        evidence: Vec::new(),
        documents: Vec::new(),
        entities: Vec::new(),
        picture_routes: Vec::new(),
        ..record
    }
}
