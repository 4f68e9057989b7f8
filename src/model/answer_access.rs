//! Who may read the record of an answer.

use super::{AccessLabel, Permission, Principal, Role};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

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
}

impl AnswerAccess {
    /// Of an answer for `principal` out of evidence with these labels.
    pub fn of(principal: &Principal, evidence_labels: BTreeSet<AccessLabel>) -> Self {
        Self {
            principal: principal.name.clone(),
            role: Some(principal.role),
            asker_labels: principal.labels().cloned(),
            evidence_labels: Some(evidence_labels),
        }
    }

    /// Whether somebody may read the record: who asked, and who may read the answers of
    /// others, in both cases only when all evidence may be seen. The words of a question
    /// can hold whatever its author may see, so that others must see as much.
    pub fn is_readable_by(&self, reader: &Principal) -> bool {
        let others = reader.role.may(Permission::ReadAllAnswers);
        self.may_be_shown_to(reader) && (reader.name == self.principal || others)
    }

    /// Whether somebody who reviews may read the record when feedback was given on it:
    /// whoever gives feedback hands question and answer on to those who see as much.
    pub fn is_reviewable_by(&self, reader: &Principal) -> bool {
        self.may_be_shown_to(reader)
    }

    fn may_be_shown_to(&self, reader: &Principal) -> bool {
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
    fn records_of_before_labels_are_for_those_who_see_everything() {
        let access = AnswerAccess {
            principal: "anna".into(),
            role: None,
            asker_labels: None,
            evidence_labels: None,
        };
        assert!(!access.is_readable_by(&who("anna", Role::Admin, &["support"])));
        assert!(access.is_readable_by(&Principal::new("anna", Role::Agent, None)));
        assert!(access.is_readable_by(&Principal::new("otto", Role::Auditor, None)));
        assert!(!access.is_readable_by(&Principal::new("otto", Role::Agent, None)));
    }
}
