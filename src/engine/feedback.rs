//! What people think of answers, and what is decided about it.

use super::build::{now, software};
use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use crate::model::{
    AnswerId, AnswerRecord, ClaimStatus, Feedback, FeedbackDecision, FeedbackId, Opinion, Principal,
};
use crate::vocab::{self, prov};
use serde::Serialize;

/// Feedback with the words that it is about.
#[derive(Clone, Debug, Serialize)]
pub struct FeedbackStory {
    /// The feedback.
    #[serde(flatten)]
    pub feedback: Feedback,
    /// The question.
    pub question: String,
    /// What was answered.
    pub answer_text: String,
    /// What was decided since it was given.
    pub decided: Option<FeedbackDecision>,
}

impl KnowledgeBase {
    /// Records what somebody thinks of an answer, instead of what they thought before.
    ///
    /// # Errors
    /// When the graph cannot be written.
    pub fn give_feedback(
        &self,
        answer: &AnswerId,
        opinion: Opinion,
        comment: Option<&str>,
        principal: &Principal,
    ) -> Result<Feedback, EngineError> {
        let feedback = Feedback {
            id: FeedbackId::of(answer, &principal.name),
            answer: answer.clone(),
            opinion,
            comment: comment.map(str::to_owned),
            principal: principal.name.clone(),
            labels: principal.labels().cloned(),
            given_at: now(),
        };
        self.graph.set_feedback(&feedback)?;
        Ok(feedback)
    }

    /// What the program itself thinks of an answer, where its check left too few
    /// sentences: a person is to look at it.
    pub(super) fn doubt(&self, record: &AnswerRecord) -> Option<Feedback> {
        let share = record.answer.unsupported_share()?;
        let principal = software();
        (share >= self.config.audit.review_unsupported).then(|| Feedback {
            id: FeedbackId::of(&record.id, &principal),
            answer: record.id.clone(),
            opinion: Opinion::Unsupported,
            comment: Some(format!(
                "{:.0} % of the language model's sentences are not carried by what they cite",
                100.0 * share
            )),
            principal,
            labels: record.access.asker_labels.clone(),
            given_at: record.ended_at.clone(),
        })
    }

    /// Whether somebody said already what they think of an answer.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn has_feedback(&self, answer: &AnswerId, principal: &str) -> Result<bool, EngineError> {
        let id = FeedbackId::of(answer, principal);
        Ok(!self.graph.about(vocab::GRAPH_GOVERNANCE, id.as_str())?.is_empty())
    }

    /// What people think of answers, the latest first.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn feedback(&self) -> Result<Vec<FeedbackStory>, EngineError> {
        let mut decisions = self.graph.feedback_decisions()?;
        let mut stories = Vec::new();
        for feedback in self.graph.feedback()? {
            let decided = decisions.remove(&feedback.id);
            let record = self.graph.graph(feedback.answer.as_str())?;
            let value = |subject: &str| {
                let said = record.iter().find(|triple| {
                    triple.predicate.as_str() == prov::VALUE
                        && triple.subject.to_string() == format!("<{subject}>")
                });
                said.map_or_else(String::new, |triple| match &triple.object {
                    oxigraph::model::Term::Literal(literal) => literal.value().to_owned(),
                    other => other.to_string(),
                })
            };
            stories.push(FeedbackStory {
                question: value(&format!("{}/question", feedback.answer)),
                answer_text: value(feedback.answer.as_str()),
                decided: decided.filter(|decision| decision.decided_at >= feedback.given_at),
                feedback,
            });
        }
        Ok(stories)
    }

    /// Records what somebody decided about feedback.
    ///
    /// # Errors
    /// When the graph cannot be written.
    pub fn decide_feedback(
        &self,
        feedback: &FeedbackId,
        status: ClaimStatus,
        principal: &str,
        reason: Option<&str>,
    ) -> Result<(), EngineError> {
        Ok(self.graph.decide_feedback(&FeedbackDecision {
            feedback: feedback.clone(),
            status,
            principal: principal.to_owned(),
            decided_at: now(),
            reason: reason.map(str::to_owned),
        })?)
    }
}
