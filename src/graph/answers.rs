//! Who may read the records of answers, as the records say.

use super::error::GraphError;
use super::store::Store;
use crate::model::{AccessLabel, AnswerAccess, AnswerId, ClaimStatus, Disclosure, Role};
use crate::vocab::{rdfs, vt};
use oxigraph::model::Triple;
use std::collections::BTreeSet;

impl Store {
    /// What decides who may read the record of an answer; `None` when there is no such
    /// record.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn answer_access(&self, id: &AnswerId) -> Result<Option<AnswerAccess>, GraphError> {
        let record = self.graph(id.as_str())?;
        if record.is_empty() {
            return Ok(None);
        }
        let mut access = access_of(id.as_str(), &record);
        if access.disclosure == Disclosure::Waiting {
            let last = self.approval_decisions(id)?.pop();
            decide(&mut access, &record, last.map(|decision| decision.status));
        }
        Ok(Some(access))
    }
}

/// What the last decision about an answer that waits means for whoever asked.
pub(super) fn decide(access: &mut AnswerAccess, record: &[Triple], last: Option<ClaimStatus>) {
    access.disclosure = match last {
        None | Some(ClaimStatus::Proposed) => Disclosure::Waiting,
        Some(ClaimStatus::Rejected) => Disclosure::Rejected,
        Some(ClaimStatus::Accepted) if is_withheld_in_part(record) => Disclosure::Part,
        Some(ClaimStatus::Accepted) => Disclosure::Whole,
    };
}

fn is_withheld_in_part(record: &[Triple]) -> bool {
    record.iter().any(|triple| triple.predicate.as_str() == vt::N_WITHHELD)
}

/// What the triples of a record say about who may read it, before any decision about it.
pub fn access_of(answer: &str, record: &[Triple]) -> AnswerAccess {
    let principal = format!("{answer}/principal");
    let values = |subject: &str, predicate: &str| -> Vec<String> {
        record
            .iter()
            .filter(|triple| triple.predicate.as_str() == predicate)
            .filter(|triple| super::read::iri(&triple.subject.clone().into()) == subject)
            .map(|triple| super::read::iri(&triple.object))
            .collect()
    };
    let labels = |names: Vec<String>| -> BTreeSet<AccessLabel> {
        names.into_iter().map(AccessLabel).collect()
    };
    let role: Option<Role> =
        values(&principal, vt::ROLE).into_iter().find_map(|name| name.parse().ok());
    let sees = labels(values(&principal, vt::SEES_LABEL));
    AnswerAccess {
        principal: values(&principal, rdfs::LABEL).into_iter().next().unwrap_or_default(),
        // Whoever is restricted sees one label at least, what is public.
        asker_labels: (!sees.is_empty()).then_some(sees),
        evidence_labels: role.map(|_| labels(values(answer, vt::ACCESS_LABEL))),
        disclosure: match values(answer, vt::HELD_BY).is_empty() {
            false => Disclosure::Waiting,
            true if is_withheld_in_part(record) => Disclosure::Part,
            true => Disclosure::Whole,
        },
        role,
    }
}
