//! Answers that wait for a person before whoever asked may read them.

use super::build::now;
use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use crate::audit::{RecordedSentence, recorded};
use crate::model::{AnswerId, ApprovalDecision, ClaimStatus};
use serde::Serialize;

/// An answer that waits for approval or waited for it.
#[derive(Clone, Debug, Serialize)]
pub struct HeldAnswer {
    /// The answer.
    #[serde(skip)]
    pub answer: AnswerId,
    /// The rule that holds it.
    pub rule: String,
    /// The question.
    pub question: String,
    /// Who asked.
    pub principal: String,
    /// When, RFC 3339.
    pub asked_at: String,
    /// What was answered.
    pub text: String,
    /// What stands below it.
    pub disclaimers: Vec<String>,
    /// Its sentences, with what they quote.
    pub sentences: Vec<RecordedSentence>,
    /// What was decided, the earliest first; the last decision counts.
    pub decisions: Vec<ApprovalDecision>,
}

impl HeldAnswer {
    /// Where it stands: proposed while it waits.
    pub fn status(&self) -> ClaimStatus {
        self.decisions.last().map_or(ClaimStatus::Proposed, |decision| decision.status)
    }
}

impl KnowledgeBase {
    /// Every answer that waits for approval or waited for it, the latest first.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn held_answers(&self) -> Result<Vec<HeldAnswer>, EngineError> {
        let mut held = Vec::new();
        for (answer, rule) in self.graph.held_answers()? {
            let triples = self.graph.graph(answer.as_str())?;
            let Some(record) = recorded(answer.as_str(), &triples) else { continue };
            held.push(HeldAnswer {
                rule,
                question: record.question,
                principal: record.principal,
                asked_at: record.started_at,
                text: record.text,
                disclaimers: record.disclaimers,
                sentences: record.sentences.into_iter().filter(|s| s.kept).collect(),
                decisions: self.graph.approval_decisions(&answer)?,
                answer,
            });
        }
        held.sort_by(|a, b| (&b.asked_at, &b.answer).cmp(&(&a.asked_at, &a.answer)));
        Ok(held)
    }

    /// What was decided about an answer that waits, the earliest first.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn approvals_of(&self, answer: &AnswerId) -> Result<Vec<ApprovalDecision>, EngineError> {
        Ok(self.graph.approval_decisions(answer)?)
    }

    /// Releases an answer that waits, or withholds it for good. A later decision undoes an
    /// earlier one: what was released by mistake can be withdrawn.
    ///
    /// # Errors
    /// When no rule holds such an answer, or the graph cannot be written.
    pub fn decide_answer(
        &self,
        answer: &AnswerId,
        status: ClaimStatus,
        principal: &str,
        reason: Option<&str>,
    ) -> Result<(), EngineError> {
        if !self.graph.held_answers()?.iter().any(|(held, _)| held == answer) {
            return Err(EngineError::NotHeld(answer.name().to_owned()));
        }
        self.graph.decide_answer(&ApprovalDecision {
            answer: answer.clone(),
            status,
            principal: principal.to_owned(),
            decided_at: now(),
            reason: reason.map(str::to_owned),
        })?;
        self.graph.flush()?;
        tracing::info!(
            answer.id = answer.name(),
            decision = status.as_str(),
            "somebody decided about an answer that waits for approval"
        );
        Ok(())
    }
}
