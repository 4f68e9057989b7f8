//! Policies and their changes, and what was decided about answers that wait for approval.

use super::decided::{Decided, associate};
use super::error::GraphError;
use super::read::iri;
use super::store::Store;
use super::triples::Triples;
use crate::model::{AnswerId, ApprovalDecision, ClaimStatus, Digest, PolicyChange};
use crate::vocab::{self, prov, rdfs, vt};
use oxigraph::model::{GraphName, NamedNodeRef, Term};
use std::collections::BTreeMap;

fn policy_iri(digest: &Digest) -> String {
    format!("{}{digest}", vocab::POLICY_PREFIX)
}

fn digest_in(iri: &str) -> Option<Digest> {
    iri.strip_prefix(vocab::POLICY_PREFIX)?.parse().ok()
}

impl Store {
    /// Records that a policy came into force, with its text.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn record_policy_change(
        &self,
        change: &PolicyChange,
        text: Option<&str>,
    ) -> Result<(), GraphError> {
        let mut triples = Triples::new();
        let policy = change.policy.as_ref().map(policy_iri);
        let parts = [policy.as_deref().unwrap_or_default(), &change.changed_at];
        let digest = Digest::of_parts(parts.map(str::as_bytes));
        let id = format!("{}policy:{}", vocab::ACTIVITY_PREFIX, digest.short());
        triples.class(&id, vt::POLICY_CHANGE);
        triples.class(&id, prov::ACTIVITY);
        if let Some(policy) = &policy {
            triples.link(&id, vt::PUT_IN_FORCE, policy);
            triples.class(policy, vt::POLICY);
            if let Some(text) = text {
                triples.text(policy, vt::POLICY_TEXT, text);
            }
        }
        if let Some(replaced) = &change.replaced {
            triples.link(&id, vt::REPLACED_POLICY, &policy_iri(replaced));
        }
        triples.time(&id, prov::ENDED_AT_TIME, &change.changed_at);
        associate(&mut triples, &id, &change.principal);
        self.add_to_graph(vocab::GRAPH_GOVERNANCE, &triples.into_vec())
    }

    /// Every change of the policy, the earliest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn policy_changes(&self) -> Result<Vec<PolicyChange>, GraphError> {
        let class = NamedNodeRef::new_unchecked(vt::POLICY_CHANGE);
        let kind = NamedNodeRef::new_unchecked(vocab::rdf::TYPE);
        let graph = NamedNodeRef::new_unchecked(vocab::GRAPH_GOVERNANCE);
        let quads =
            self.inner.quads_for_pattern(None, Some(kind), Some(class.into()), Some(graph.into()));
        let mut changes = Vec::new();
        for quad in quads {
            let id = iri(&Term::from(quad?.subject));
            let stated = self.stated_in_governance(&id)?;
            let policy = |property: &str| stated.get(property).and_then(|iri| digest_in(iri));
            changes.push(PolicyChange {
                policy: policy(vt::PUT_IN_FORCE),
                replaced: policy(vt::REPLACED_POLICY),
                changed_at: stated.get(prov::ENDED_AT_TIME).cloned().unwrap_or_default(),
                principal: self.agent_of(&stated)?,
            });
        }
        changes.sort_by(|a, b| a.changed_at.cmp(&b.changed_at));
        Ok(changes)
    }

    /// The text of a policy that was in force; `None` when there was none of this digest.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn policy_text(&self, policy: &Digest) -> Result<Option<String>, GraphError> {
        Ok(self.stated_in_governance(&policy_iri(policy))?.remove(vt::POLICY_TEXT))
    }

    /// Answers that wait for approval or waited for it, each with the rule that held it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn held_answers(&self) -> Result<Vec<(AnswerId, String)>, GraphError> {
        let held = NamedNodeRef::new_unchecked(vt::HELD_BY);
        let mut answers = Vec::new();
        for quad in self.inner.quads_for_pattern(None, Some(held), None, None) {
            let quad = quad?;
            let subject = iri(&Term::from(quad.subject));
            let own = matches!(&quad.graph_name, GraphName::NamedNode(g) if g.as_str() == subject);
            let name = subject.strip_prefix(vocab::ANSWER_PREFIX).filter(|_| own);
            let id = name.and_then(AnswerId::from_name);
            answers.extend(id.map(|id| (id, iri(&quad.object))));
        }
        Ok(answers)
    }

    /// Records what was decided about an answer that waits.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn decide_answer(&self, decision: &ApprovalDecision) -> Result<(), GraphError> {
        self.record_decision(&Decided {
            about: decision.answer.as_str(),
            status: decision.status,
            principal: &decision.principal,
            decided_at: &decision.decided_at,
            reason: decision.reason.as_deref(),
        })
    }

    /// Everything that was decided about an answer that waits, the earliest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn approval_decisions(
        &self,
        answer: &AnswerId,
    ) -> Result<Vec<ApprovalDecision>, GraphError> {
        let mut decisions = Vec::new();
        for id in self.subjects_in_governance(vt::DECIDES, answer.as_str())? {
            let stated = self.stated_in_governance(&id)?;
            let status = stated.get(vt::STATUS).and_then(|name| ClaimStatus::from_name(name));
            let Some((status, at)) = status.zip(stated.get(prov::ENDED_AT_TIME)) else { continue };
            decisions.push(ApprovalDecision {
                answer: answer.clone(),
                status,
                principal: self.agent_of(&stated)?,
                decided_at: at.clone(),
                reason: stated.get(vt::REASON).cloned(),
            });
        }
        decisions.sort_by(|a, b| a.decided_at.cmp(&b.decided_at));
        Ok(decisions)
    }

    fn agent_of(&self, stated: &BTreeMap<String, String>) -> Result<String, GraphError> {
        let Some(agent) = stated.get(prov::WAS_ASSOCIATED_WITH) else { return Ok(String::new()) };
        Ok(self.stated_in_governance(agent)?.remove(rdfs::LABEL).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_the_policy_are_kept_in_order_with_their_texts() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let digest = Digest::of(b"a");
        let change = |day: u32, policy, replaced| PolicyChange {
            policy,
            replaced,
            changed_at: format!("2026-01-0{day}T00:00:00Z"),
            principal: "olga".to_owned(),
        };
        let (first, last) = (change(1, Some(digest), None), change(2, None, Some(digest)));
        store.record_policy_change(&last, None).unwrap();
        store.record_policy_change(&first, Some("a")).unwrap();
        assert_eq!(store.policy_changes().unwrap(), [first, last]);
        assert_eq!(store.policy_text(&digest).unwrap().as_deref(), Some("a"));
        assert_eq!(store.policy_text(&Digest::of(b"b")).unwrap(), None);
    }

    #[test]
    fn decisions_about_answers_are_kept_apart_from_those_about_claims() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let answer = AnswerId::new("0a");
        let mut triples = Triples::new();
        triples.text(answer.as_str(), vt::HELD_BY, "doses");
        store.insert_graph(answer.as_str(), triples.into_vec()).unwrap();
        // What users write into their graphs holds nothing.
        let mut triples = Triples::new();
        triples.text(AnswerId::new("0b").as_str(), vt::HELD_BY, "doses");
        store.insert_graph("urn:x:mine", triples.into_vec()).unwrap();
        assert_eq!(store.held_answers().unwrap(), [(answer.clone(), "doses".to_owned())]);
        let decision = |second: u32, status| ApprovalDecision {
            answer: answer.clone(),
            status,
            principal: "olga".to_owned(),
            decided_at: format!("2026-01-01T00:00:0{second}Z"),
            reason: (second > 1).then(|| "wrong after all".to_owned()),
        };
        let (first, last) =
            (decision(1, ClaimStatus::Accepted), decision(2, ClaimStatus::Rejected));
        store.decide_answer(&last).unwrap();
        store.decide_answer(&first).unwrap();
        assert_eq!(store.approval_decisions(&answer).unwrap(), [first, last]);
        assert!(store.decisions().unwrap().is_empty() && store.drift_alerts().unwrap().is_empty());
        assert!(store.feedback_decisions().unwrap().is_empty());
        assert!(store.merge_decisions().unwrap().is_empty());
    }
}
