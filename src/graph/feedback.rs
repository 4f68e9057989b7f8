//! What people think of answers.

use super::decided::{Decided, associate};
use super::error::GraphError;
use super::read::iri;
use super::store::{Store, insert};
use super::triples::Triples;
use crate::model::{
    AccessLabel, AnswerId, ClaimStatus, Feedback, FeedbackDecision, FeedbackId, Opinion,
};
use crate::vocab::{self, prov, rdfs, vt};
use oxigraph::model::{NamedNodeRef, Quad};
use std::collections::{BTreeMap, BTreeSet};

impl Store {
    /// Records what somebody thinks of an answer. The last word of a person about an
    /// answer counts; an earlier one is replaced.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn set_feedback(&self, feedback: &Feedback) -> Result<(), GraphError> {
        let triples = feedback_triples(feedback);
        let graph = NamedNodeRef::new_unchecked(vocab::GRAPH_GOVERNANCE);
        let id = NamedNodeRef::new_unchecked(feedback.id.as_str());
        self.write(|transaction| {
            let earlier =
                transaction.quads_for_pattern(Some(id.into()), None, None, Some(graph.into()));
            let earlier: Vec<Quad> = earlier.collect::<Result<_, _>>()?;
            for quad in &earlier {
                transaction.remove(quad.as_ref());
            }
            insert(transaction, graph, &triples);
            Ok(())
        })
    }

    /// What people think of answers, the latest first.
    ///
    /// # Errors
    /// When the store cannot be read or something is incomplete.
    pub fn feedback(&self) -> Result<Vec<Feedback>, GraphError> {
        let mut found = Vec::new();
        for (id, answer) in self.pairs(vt::JUDGES)? {
            let missing =
                |property| GraphError::Damaged { what: "feedback", iri: id.clone(), property };
            let opinion = self.value(&id, vt::OPINION)?;
            let opinion = opinion.as_deref().and_then(Opinion::from_name);
            let agent = self.value(&id, prov::WAS_ASSOCIATED_WITH)?.unwrap_or_default();
            found.push(Feedback {
                answer: AnswerId::from_iri(answer),
                opinion: opinion.ok_or_else(|| missing("vt:opinion"))?,
                comment: self.value(&id, vt::TEXT)?,
                labels: self.labels_seen_by(&id)?,
                principal: self.value(&agent, rdfs::LABEL)?.unwrap_or_default(),
                given_at: self
                    .value(&id, prov::ENDED_AT_TIME)?
                    .ok_or_else(|| missing("prov:endedAtTime"))?,
                id: FeedbackId::from_iri(id.clone()),
            });
        }
        found.sort_by(|a, b| (&b.given_at, &b.id).cmp(&(&a.given_at, &a.id)));
        Ok(found)
    }

    /// Labels of what whoever gave feedback could see; none is noted for every label.
    fn labels_seen_by(&self, feedback: &str) -> Result<Option<BTreeSet<AccessLabel>>, GraphError> {
        let feedback = NamedNodeRef::new_unchecked(feedback);
        let predicate = NamedNodeRef::new_unchecked(vt::SEES_LABEL);
        let graph = NamedNodeRef::new_unchecked(vocab::GRAPH_GOVERNANCE);
        let quads = self.inner.quads_for_pattern(
            Some(feedback.into()),
            Some(predicate),
            None,
            Some(graph.into()),
        );
        let labels: BTreeSet<AccessLabel> = quads
            .map(|quad| Ok(AccessLabel(iri(&quad?.object))))
            .collect::<Result<_, GraphError>>()?;
        Ok((!labels.is_empty()).then_some(labels))
    }

    /// Records what was decided about feedback.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn decide_feedback(&self, decision: &FeedbackDecision) -> Result<(), GraphError> {
        self.record_decision(&Decided {
            about: decision.feedback.as_str(),
            status: decision.status,
            principal: &decision.principal,
            decided_at: &decision.decided_at,
            reason: decision.reason.as_deref(),
        })
    }

    /// The last decision about each feedback.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn feedback_decisions(&self) -> Result<BTreeMap<FeedbackId, FeedbackDecision>, GraphError> {
        let mut last: BTreeMap<FeedbackId, FeedbackDecision> = BTreeMap::new();
        for (id, feedback) in self.pairs(vt::DECIDES)? {
            if !feedback.starts_with(vocab::FEEDBACK_PREFIX) {
                continue;
            }
            let status = self.value(&id, vt::STATUS)?;
            let status = status.as_deref().and_then(ClaimStatus::from_name);
            let Some((status, decided_at)) = status.zip(self.value(&id, prov::ENDED_AT_TIME)?)
            else {
                continue;
            };
            let agent = self.value(&id, prov::WAS_ASSOCIATED_WITH)?.unwrap_or_default();
            let decision = FeedbackDecision {
                feedback: FeedbackId::from_iri(feedback),
                status,
                principal: self.value(&agent, rdfs::LABEL)?.unwrap_or_default(),
                decided_at,
                reason: self.value(&id, vt::REASON)?,
            };
            let earlier = last.get(&decision.feedback);
            if earlier.is_none_or(|earlier| earlier.decided_at < decision.decided_at) {
                last.insert(decision.feedback.clone(), decision);
            }
        }
        Ok(last)
    }
}

/// What is thought of an answer, as it stands in the governance graph.
pub fn feedback_triples(feedback: &Feedback) -> Vec<oxigraph::model::Triple> {
    let mut triples = Triples::new();
    let id = feedback.id.as_str();
    triples.class(id, vt::FEEDBACK);
    triples.link(id, vt::JUDGES, feedback.answer.as_str());
    triples.text(id, vt::OPINION, feedback.opinion.as_str());
    if let Some(comment) = &feedback.comment {
        triples.text(id, vt::TEXT, comment);
    }
    for label in feedback.labels.iter().flatten() {
        triples.text(id, vt::SEES_LABEL, &label.0);
    }
    triples.time(id, prov::ENDED_AT_TIME, &feedback.given_at);
    associate(&mut triples, id, &feedback.principal);
    triples.into_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_of_a_person_counts_and_decisions_are_kept_beside() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let answer = AnswerId::new("0a");
        let feedback = |principal: &str, opinion, second: u32| Feedback {
            id: FeedbackId::of(&answer, principal),
            answer: answer.clone(),
            opinion,
            comment: (second > 1).then(|| "the number is SP-1".to_owned()),
            principal: principal.to_owned(),
            labels: (principal == "a").then(|| BTreeSet::from([AccessLabel("public".into())])),
            given_at: format!("2026-01-01T00:00:0{second}Z"),
        };
        let (a, b) = (feedback("a", Opinion::Wrong, 2), feedback("b", Opinion::Good, 3));
        for given in [&feedback("a", Opinion::Good, 1), &b, &a] {
            store.set_feedback(given).unwrap();
        }
        assert_eq!(store.feedback().unwrap(), [b, a.clone()]);
        let decision = FeedbackDecision {
            feedback: a.id.clone(),
            status: ClaimStatus::Accepted,
            principal: "c".to_owned(),
            decided_at: "2026-01-02T00:00:00Z".to_owned(),
            reason: Some("true".to_owned()),
        };
        store.decide_feedback(&decision).unwrap();
        assert_eq!(store.feedback_decisions().unwrap(), BTreeMap::from([(a.id, decision)]));
        assert!(
            store.decisions().unwrap().is_empty() && store.merge_decisions().unwrap().is_empty()
        );
    }
}
