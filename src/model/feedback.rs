//! What people think of answers.

use super::{AccessLabel, AnswerId, ClaimStatus, FeedbackId, Principal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

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
    /// The check of its sentences found too few of them carried by what they cite. This
    /// one is the program's own.
    Unsupported,
}

impl Opinion {
    /// Name in requests and in the graph.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Wrong => "wrong",
            Self::Unsupported => "unsupported",
        }
    }

    /// Whether somebody is not content.
    pub fn is_complaint(self) -> bool {
        matches!(self, Self::Bad | Self::Wrong)
    }

    /// The opinion of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Good, Self::Bad, Self::Wrong, Self::Unsupported]
            .into_iter()
            .find(|known| known.as_str() == name)
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
    /// Labels of what they could see then; `None` for every label.
    pub labels: Option<BTreeSet<AccessLabel>>,
    /// When, RFC 3339.
    pub given_at: String,
}

impl Feedback {
    /// Whether somebody may read it: a comment can hold whatever its author may see, so
    /// that others must see as much.
    pub fn may_be_shown_to(&self, reader: &Principal) -> bool {
        self.comment.is_none()
            || self.principal == reader.name
            || match (&self.labels, reader.labels()) {
                (_, None) => true,
                (Some(labels), Some(seen)) => labels.is_subset(seen),
                (None, Some(_)) => false,
            }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AnswerId, Role};

    #[test]
    fn comments_are_read_by_those_who_see_as_much_as_their_authors() {
        let labels = |names: &[&str]| -> BTreeSet<AccessLabel> {
            names.iter().map(|name| AccessLabel((*name).to_owned())).collect()
        };
        let who =
            |name: &str, seen: &[&str]| Principal::new(name, Role::Engineer, Some(labels(seen)));
        let answer = AnswerId::new("0a");
        let mut feedback = Feedback {
            id: FeedbackId::of(&answer, "anna"),
            answer,
            opinion: Opinion::Wrong,
            comment: Some("it costs 5 euro".to_owned()),
            principal: "anna".to_owned(),
            labels: Some(labels(&["public", "support"])),
            given_at: "2026-01-01T00:00:00Z".to_owned(),
        };
        assert!(feedback.may_be_shown_to(&who("anna", &[])));
        assert!(feedback.may_be_shown_to(&who("otto", &["support"])));
        assert!(feedback.may_be_shown_to(&Principal::new("otto", Role::Engineer, None)));
        assert!(!feedback.may_be_shown_to(&who("otto", &["staff"])));
        feedback.labels = None;
        assert!(!feedback.may_be_shown_to(&who("otto", &["support"])));
        feedback.comment = None;
        assert!(feedback.may_be_shown_to(&who("otto", &[])));
    }
}
