//! Who may read the record of an answer.

use super::{AccessLabel, Permission, Principal, Role};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How much of a record whoever asked may read. People who may read the answers of others
/// read all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disclosure {
    /// All of it.
    #[default]
    Whole,
    /// What was said, without sentences that a rule withheld.
    Part,
    /// That it waits for approval.
    Waiting,
    /// That it was not approved.
    Rejected,
}

impl Disclosure {
    fn is_whole(&self) -> bool {
        *self == Self::Whole
    }
}

/// What decides who may read the record of an answer. It stands in the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerAccess {
    /// Name of the principal who asked.
    pub principal: String,
    /// Role of the principal then; `None` in records of before roles.
    pub role: Option<Role>,
    /// Labels of what the principal could see then; `None` for every label.
    pub asker_labels: Option<BTreeSet<AccessLabel>>,
    /// Labels of the evidence and of what its paths pass; `None` in records of before
    /// labels, which may hold anything.
    pub evidence_labels: Option<BTreeSet<AccessLabel>>,
    /// How much whoever asked may read.
    #[serde(default, skip_serializing_if = "Disclosure::is_whole")]
    pub disclosure: Disclosure,
}

impl AnswerAccess {
    /// Of an answer for `principal` out of evidence with these labels.
    pub fn of(principal: &Principal, evidence_labels: BTreeSet<AccessLabel>) -> Self {
        Self {
            principal: principal.name.clone(),
            role: Some(principal.role),
            asker_labels: principal.labels().cloned(),
            evidence_labels: Some(evidence_labels),
            disclosure: Disclosure::Whole,
        }
    }

    /// Whether somebody may read the record: who asked, and who may read the answers of
    /// others, in both cases only when all evidence may be seen. The words of a question
    /// can hold whatever its author may see, so that others must see as much.
    pub fn is_readable_by(&self, reader: &Principal) -> bool {
        let others = reader.role.may(Permission::ReadAllAnswers);
        let asked = reader.name == self.principal && self.disclosure.is_whole();
        self.may_be_shown_to(reader) && (asked || others)
    }

    /// Whether somebody asked for the answer, and may be told as much of it as the policy
    /// and decisions about it allow.
    pub fn is_askers(&self, reader: &Principal) -> bool {
        reader.name == self.principal && self.may_be_shown_to(reader)
    }

    /// Whether somebody read what was answered, and may say what they think of it.
    pub fn may_be_judged_by(&self, reader: &Principal) -> bool {
        let in_part = self.disclosure == Disclosure::Part && self.is_askers(reader);
        in_part || self.is_readable_by(reader)
    }

    /// Whether somebody who reviews may read the record when feedback was given on it:
    /// whoever gives feedback, or the check that doubts an answer, hands question and
    /// answer on to those who see as much.
    pub fn is_reviewable_by(&self, reader: &Principal) -> bool {
        let waits = matches!(self.disclosure, Disclosure::Waiting | Disclosure::Rejected);
        self.may_be_shown_to(reader) && !(waits && reader.name == self.principal)
    }

    /// Whether somebody sees all that the record rests on.
    pub fn may_be_shown_to(&self, reader: &Principal) -> bool {
        let sees = |labels: &Option<BTreeSet<AccessLabel>>| match (labels, reader.labels()) {
            (_, None) => true,
            (Some(labels), Some(seen)) => labels.is_subset(seen),
            (None, Some(_)) => false,
        };
        sees(&self.evidence_labels) && (reader.name == self.principal || sees(&self.asker_labels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(names: &[&str]) -> BTreeSet<AccessLabel> {
        names.iter().map(|name| AccessLabel((*name).to_owned())).collect()
    }

    fn who(name: &str, role: Role, seen: &[&str]) -> Principal {
        Principal::new(name, role, Some(labels(seen)))
    }

    #[test]
    fn evidence_must_be_seen_by_everybody() {
        let access = AnswerAccess::of(
            &who("anna", Role::Agent, &["support"]),
            labels(&["public", "support"]),
        );
        let check = |reader: Principal, expected: bool| {
            assert_eq!(access.is_readable_by(&reader), expected, "{reader:?}");
        };
        check(who("anna", Role::Agent, &["support"]), true);
        check(who("anna", Role::Agent, &[]), false);
        check(who("otto", Role::Agent, &["support"]), false);
        check(who("otto", Role::Engineer, &["support"]), false);
        check(who("otto", Role::Auditor, &["support"]), true);
        check(who("otto", Role::Auditor, &["staff"]), false);
        check(Principal::new("otto", Role::Auditor, None), true);
        check(Principal::new("otto", Role::Engineer, None), false);
    }

    #[test]
    fn questions_are_read_by_those_who_see_as_much_as_their_authors() {
        let anna = who("anna", Role::Agent, &["support"]);
        let access = AnswerAccess::of(&anna, labels(&["public"]));
        assert!(access.is_readable_by(&who("anna", Role::Agent, &[])));
        assert!(!access.is_readable_by(&who("otto", Role::Auditor, &[])));
        assert!(access.is_readable_by(&who("otto", Role::Auditor, &["support"])));
        let local = AnswerAccess::of(&Principal::local(), labels(&[]));
        assert!(!local.is_readable_by(&who("otto", Role::Admin, &["support"])));
    }

    #[test]
    fn what_waits_is_read_by_others_and_told_to_whoever_asked_in_part() {
        let anna = who("anna", Role::Agent, &["support"]);
        let auditor = who("otto", Role::Auditor, &["support"]);
        let mut access = AnswerAccess::of(&anna, labels(&["public"]));
        for (disclosure, judged) in [(Disclosure::Waiting, false), (Disclosure::Part, true)] {
            access.disclosure = disclosure;
            assert!(!access.is_readable_by(&anna) && access.is_askers(&anna));
            assert_eq!(access.may_be_judged_by(&anna), judged);
            assert!(access.is_readable_by(&auditor) && !access.is_askers(&auditor));
            assert!(access.is_reviewable_by(&who("eva", Role::Engineer, &["support"])));
            assert_eq!(access.is_reviewable_by(&anna), judged);
        }
    }

    #[test]
    fn records_of_before_labels_are_for_those_who_see_everything() {
        let access = AnswerAccess {
            principal: "anna".into(),
            role: None,
            asker_labels: None,
            evidence_labels: None,
            disclosure: Disclosure::Whole,
        };
        assert!(!access.is_readable_by(&who("anna", Role::Admin, &["support"])));
        assert!(access.is_readable_by(&Principal::new("anna", Role::Agent, None)));
        assert!(access.is_readable_by(&Principal::new("otto", Role::Auditor, None)));
        assert!(!access.is_readable_by(&Principal::new("otto", Role::Agent, None)));
    }
}
