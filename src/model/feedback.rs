//! What people think of answers.

use super::{AnswerId, ClaimStatus, FeedbackId};
use serde::{Deserialize, Serialize};

/// What somebody thinks of an answer, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Opinion {
    /// It helps.
    Good,
    /// It does not help.
    Bad,
    /// What it says is not so.
    Wrong,
}

impl Opinion {
    /// Name in requests and in the graph.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Wrong => "wrong",
        }
    }

    /// The opinion of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Good, Self::Bad, Self::Wrong].into_iter().find(|known| known.as_str() == name)
    }
}

/// What one person thinks of one answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    /// Identity: the same for each word of this person about this answer.
    pub id: FeedbackId,
    /// The answer.
    pub answer: AnswerId,
    /// In one word.
    pub opinion: Opinion,
    /// In their own words.
    pub comment: Option<String>,
    /// Who.
    pub principal: String,
    /// When, RFC 3339.
    pub given_at: String,
}

/// What was decided about feedback.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedbackDecision {
    /// The feedback.
    pub feedback: FeedbackId,
    /// Whether it is right.
    pub status: ClaimStatus,
    /// Who decided.
    pub principal: String,
    /// When, RFC 3339.
    pub decided_at: String,
    /// Why.
    pub reason: Option<String>,
}
