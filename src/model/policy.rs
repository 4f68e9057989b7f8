//! What the policy did to an answer, and how the policy changed.

use super::{AnswerId, ClaimStatus, Digest};
use serde::{Deserialize, Serialize};

/// What a rule did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyEffect {
    /// Refused the question.
    Refused,
    /// Left out hits of documents that do not count.
    Filtered,
    /// Said that a required space has no vectors.
    SpaceMissing,
    /// Added words below the answer.
    Disclaimed,
    /// Withheld sentences.
    Banned,
    /// Made the answer wait for approval.
    Held,
}

impl PolicyEffect {
    /// Name in output and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Filtered => "filtered",
            Self::SpaceMissing => "space-missing",
            Self::Disclaimed => "disclaimed",
            Self::Banned => "banned",
            Self::Held => "held",
        }
    }
}

/// A rule that had an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedRule {
    /// Its name.
    pub rule: String,
    /// What it did.
    pub effect: PolicyEffect,
    /// To how many hits, sentences or answers.
    pub n: usize,
}

/// The policy's part in an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyApplied {
    /// Digest of the policy in force.
    pub policy: Digest,
    /// Rules that had an effect.
    pub rules: Vec<AppliedRule>,
    /// What stands below the answer: no claim of it, and not checked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disclaimers: Vec<String>,
}

impl PolicyApplied {
    /// The rule with an effect, when one had it.
    pub fn rule_with(&self, effect: PolicyEffect) -> Option<&AppliedRule> {
        self.rules.iter().find(|applied| applied.effect == effect)
    }
}

/// A policy came into force, or none is any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyChange {
    /// Digest of the policy from then on; `None` for no policy.
    pub policy: Option<Digest>,
    /// Digest of the one before.
    pub replaced: Option<Digest>,
    /// When it was first opened, RFC 3339.
    pub changed_at: String,
    /// Under whose name the program ran.
    pub principal: String,
}

/// What a person decided about an answer that waits for approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalDecision {
    /// The answer.
    pub answer: AnswerId,
    /// Accepted when it is released.
    pub status: ClaimStatus,
    /// Who decided.
    pub principal: String,
    /// When, RFC 3339.
    pub decided_at: String,
    /// Why.
    pub reason: Option<String>,
}
