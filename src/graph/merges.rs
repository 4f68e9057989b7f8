//! Which entities are one thing: claims, and what people decided about them.
//!
//! Claims stand in the graph of entities, decisions in that of governance. Nothing
//! here rewrites a document or an entity.

use super::decided::Decided;
use super::error::GraphError;
use super::store::Store;
use super::triples::Triples;
use crate::model::{ClaimStatus, Digest, EntityId, Merge, MergeId};
use crate::vocab::{self, prov, rdf, rdfs, skos, vt};
use oxigraph::model::{NamedNodeRef, Quad, Term};
use std::collections::{BTreeMap, BTreeSet};

/// All claims about which entities are one thing.
#[derive(Debug)]
pub struct MergesWrite<'a> {
    /// Every claim.
    pub merges: &'a [Merge],
    /// Digest of what the claims were made of.
    pub made_of: Digest,
    /// When, RFC 3339.
    pub made_at: &'a str,
    /// Name and version of the program.
    pub software: &'a str,
}

/// What a person decided about a merge.
#[derive(Clone, Debug, PartialEq)]
pub struct MergeDecision {
    /// One entity.
    pub left: EntityId,
    /// The other one.
    pub right: EntityId,
    /// Status of the merge from now on.
    pub status: ClaimStatus,
    /// Who decided.
    pub principal: String,
    /// RFC 3339.
    pub decided_at: String,
    /// Why, in words of the person.
    pub reason: Option<String>,
}

impl MergeDecision {
    /// The claim that is decided.
    pub fn merge(&self) -> MergeId {
        MergeId::of(&self.left, &self.right)
    }
}

/// Whether a triple of the graph of entities is about merges.
pub(super) fn is_of_merges(subject: &str, predicate: &str) -> bool {
    subject.starts_with(vocab::MERGE_PREFIX)
        || subject.starts_with(vocab::ACTIVITY_PREFIX)
        || subject.starts_with(vocab::AGENT_PREFIX)
        || subject == vocab::GRAPH_ENTITIES
        || predicate == skos::EXACT_MATCH
}

impl Store {
    /// Makes the graph of entities hold exactly these merges, beside its entities. The
    /// digest of what they were made of leaves first and enters last, so that merges
    /// which a crash left half written are never taken for current ones.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn set_merges(&self, write: &MergesWrite<'_>) -> Result<(), GraphError> {
        let recipe = NamedNodeRef::new_unchecked(vt::RECIPE);
        let graph = NamedNodeRef::new_unchecked(vocab::GRAPH_ENTITIES);
        self.write(|transaction| {
            let stated = transaction.quads_for_pattern(
                Some(graph.into()),
                Some(recipe),
                None,
                Some(graph.into()),
            );
            let stated: Vec<Quad> = stated.collect::<Result<_, _>>()?;
            stated.iter().for_each(|quad| transaction.remove(quad.as_ref()));
            Ok(())
        })?;
        let mut triples = Triples::new();
        let activity = format!("{}resolve:{}", vocab::ACTIVITY_PREFIX, write.made_of.short());
        if !write.merges.is_empty() {
            let agent =
                format!("{}{}", vocab::AGENT_PREFIX, Digest::of(write.software.as_bytes()).short());
            triples.class(&activity, prov::ACTIVITY);
            triples.time(&activity, prov::ENDED_AT_TIME, write.made_at);
            triples.link(&activity, prov::WAS_ASSOCIATED_WITH, &agent);
            triples.class(&agent, prov::SOFTWARE_AGENT);
            triples.text(&agent, rdfs::LABEL, write.software);
        }
        let described = write.merges.iter().flat_map(|merge| {
            let mut triples = Triples::new();
            describe(&mut triples, merge, &activity);
            triples.into_vec()
        });
        let wanted = triples.into_vec().into_iter().chain(described);
        self.settle(vocab::GRAPH_ENTITIES, wanted, &of_merges)?;
        let mut triples = Triples::new();
        triples.text(vocab::GRAPH_ENTITIES, vt::RECIPE, &write.made_of.to_string());
        self.add_to_graph(vocab::GRAPH_ENTITIES, &triples.into_vec())
    }

    /// Digest of what the stored merges were made of; none when there are none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn merges_made_of(&self) -> Result<Option<Digest>, GraphError> {
        let stored = self.value(vocab::GRAPH_ENTITIES, vt::RECIPE)?;
        Ok(stored.and_then(|digest| digest.parse().ok()))
    }

    /// Every claim, the most probable first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn merges(&self) -> Result<Vec<Merge>, GraphError> {
        let graph = NamedNodeRef::new_unchecked(vocab::GRAPH_ENTITIES);
        let member = NamedNodeRef::new_unchecked(vt::MEMBER);
        let mut ids = BTreeSet::new();
        for quad in self.inner.quads_for_pattern(None, Some(member), None, Some(graph.into())) {
            ids.insert(super::read::iri(&quad?.subject.into()));
        }
        let mut merges = Vec::with_capacity(ids.len());
        for id in ids.iter().filter(|id| id.starts_with(vocab::MERGE_PREFIX)) {
            merges.push(self.merge(id)?);
        }
        merges
            .sort_by(|a, b| b.probability.total_cmp(&a.probability).then_with(|| a.id.cmp(&b.id)));
        Ok(merges)
    }

    /// Records a decision. It counts for the two entities from the next publish on,
    /// whatever is computed about them.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn decide_merge(&self, decision: &MergeDecision) -> Result<(), GraphError> {
        let mut triples = Triples::new();
        let merge = decision.merge();
        let decided = Decided {
            about: merge.as_str(),
            status: decision.status,
            principal: &decision.principal,
            decided_at: &decision.decided_at,
            reason: decision.reason.as_deref(),
        };
        decided.describe(&mut triples);
        triples.link(merge.as_str(), vt::MEMBER, decision.left.as_str());
        triples.link(merge.as_str(), vt::MEMBER, decision.right.as_str());
        self.add_to_graph(vocab::GRAPH_GOVERNANCE, &triples.into_vec())
    }

    /// Every decision about a merge, the earliest first.
    ///
    /// # Errors
    /// When the store cannot be read or a decision is incomplete.
    pub fn merge_decisions(&self) -> Result<Vec<MergeDecision>, GraphError> {
        let mut members: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (merge, member) in self.pairs(vt::MEMBER)? {
            members.entry(merge).or_default().push(member);
        }
        let mut decisions = Vec::new();
        for (id, merge) in self.pairs(vt::DECIDES)? {
            if !merge.starts_with(vocab::MERGE_PREFIX) {
                continue;
            }
            let missing =
                |property| GraphError::Damaged { what: "decision", iri: id.clone(), property };
            let (left, right) = two(members.get(&merge)).ok_or_else(|| missing("vt:member"))?;
            let status = self.value(&id, vt::STATUS)?;
            let status = status.as_deref().and_then(ClaimStatus::from_name);
            let agent = self.value(&id, prov::WAS_ASSOCIATED_WITH)?.unwrap_or_default();
            decisions.push(MergeDecision {
                left,
                right,
                status: status.ok_or_else(|| missing("vt:status"))?,
                principal: self.value(&agent, rdfs::LABEL)?.unwrap_or_default(),
                decided_at: self
                    .value(&id, prov::ENDED_AT_TIME)?
                    .ok_or_else(|| missing("prov:endedAtTime"))?,
                reason: self.value(&id, vt::REASON)?,
            });
        }
        decisions.sort_by(|a, b| {
            (&a.decided_at, &a.left, &a.right).cmp(&(&b.decided_at, &b.left, &b.right))
        });
        Ok(decisions)
    }

    /// A claim out of what the graph of entities states about it.
    fn merge(&self, id: &str) -> Result<Merge, GraphError> {
        let missing =
            |property| GraphError::Damaged { what: "merge", iri: id.to_owned(), property };
        let values = self.stated_of_entity(id)?;
        let all = |property: &str| -> Vec<String> {
            values.iter().filter(|(p, _)| p == property).map(|(_, value)| value.clone()).collect()
        };
        let one = |property: &str| all(property).into_iter().next();
        let (left, right) = two(Some(&all(vt::MEMBER))).ok_or_else(|| missing("vt:member"))?;
        let mut evidence = Vec::new();
        for feature in all(vt::HAS_FEATURE) {
            let of = self.stated_of_entity(&feature)?;
            let one = |property| of.iter().find(|(p, _)| p == property).map(|(_, v)| v.clone());
            let value = one(rdf::VALUE).and_then(|number| number.parse().ok());
            evidence.extend(one(rdfs::LABEL).zip(value));
        }
        evidence.sort_by(|a, b| a.0.cmp(&b.0));
        let probability = one(vt::PROBABILITY).and_then(|number| number.parse().ok());
        let status = one(vt::STATUS).and_then(|name| ClaimStatus::from_name(&name));
        Ok(Merge {
            id: MergeId::from_iri(id),
            left,
            right,
            method: one(vt::RULE).ok_or_else(|| missing("vt:rule"))?,
            probability: probability.ok_or_else(|| missing("vt:probability"))?,
            status: status.ok_or_else(|| missing("vt:status"))?,
            evidence,
        })
    }

    /// Properties and values of a resource in the graph of entities.
    fn stated_of_entity(&self, id: &str) -> Result<Vec<(String, String)>, GraphError> {
        let graph = NamedNodeRef::new_unchecked(vocab::GRAPH_ENTITIES);
        let node = NamedNodeRef::new_unchecked(id);
        let quads = self.inner.quads_for_pattern(Some(node.into()), None, None, Some(graph.into()));
        quads
            .map(|quad| {
                let quad = quad?;
                Ok((quad.predicate.into_string(), super::read::iri(&quad.object)))
            })
            .collect()
    }
}

fn of_merges(quad: &Quad) -> bool {
    let subject = super::read::iri(&Term::from(quad.subject.clone()));
    is_of_merges(&subject, quad.predicate.as_str())
}

/// Two distinct members, the smaller one first.
fn two(members: Option<&Vec<String>>) -> Option<(EntityId, EntityId)> {
    let mut members = members?.clone();
    members.sort();
    members.dedup();
    let [left, right] = <[String; 2]>::try_from(members).ok()?;
    Some((EntityId::from_iri(left), EntityId::from_iri(right)))
}

fn describe(triples: &mut Triples, merge: &Merge, activity: &str) {
    let id = merge.id.as_str();
    triples.class(id, vt::MERGE);
    triples.link(id, vt::MEMBER, merge.left.as_str());
    triples.link(id, vt::MEMBER, merge.right.as_str());
    triples.text(id, vt::RULE, &merge.method);
    triples.number(id, vt::PROBABILITY, merge.probability);
    triples.text(id, vt::STATUS, merge.status.as_str());
    triples.link(id, prov::WAS_GENERATED_BY, activity);
    for (name, value) in &merge.evidence {
        let feature = format!("{id}/{name}");
        triples.link(id, vt::HAS_FEATURE, &feature);
        triples.class(&feature, vt::FEATURE);
        triples.text(&feature, rdfs::LABEL, name);
        triples.number(&feature, rdf::VALUE, *value);
    }
    if merge.status == ClaimStatus::Accepted {
        triples.link(merge.left.as_str(), skos::EXACT_MATCH, merge.right.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Entity, EntityClass};

    fn write<'a>(merges: &'a [Merge], made_of: &str) -> MergesWrite<'a> {
        MergesWrite {
            merges,
            made_of: Digest::of(made_of.as_bytes()),
            made_at: "2026-01-01T00:00:00Z",
            software: "program 1",
        }
    }

    #[test]
    fn merges_come_back_and_stand_beside_the_entities() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let (a, b) = (EntityId::from_label("a"), EntityId::from_label("b"));
        let mut merge = Merge::new(&b, &a, "by-hand@1", 0.75, ClaimStatus::Accepted);
        merge.evidence = vec![("code_agrees".to_owned(), 0.5), ("meaning".to_owned(), 0.25)];
        store.set_merges(&write(std::slice::from_ref(&merge), "1")).unwrap();
        let entity =
            Entity { id: a.clone(), labels: vec!["a".to_owned()], class: EntityClass::Topic };
        store.set_entities(std::slice::from_ref(&entity), &[]).unwrap();
        assert_eq!(store.entities().unwrap(), std::slice::from_ref(&entity));
        assert_eq!(store.merges().unwrap(), [merge]);
        assert_eq!(store.merges_made_of().unwrap(), Some(Digest::of(b"1")));
        store.set_merges(&write(&[], "2")).unwrap();
        assert_eq!(store.merges().unwrap(), []);
        assert_eq!(store.entities().unwrap(), [entity]);
        assert_eq!(store.pairs(skos::EXACT_MATCH).unwrap(), []);
    }

    #[test]
    fn decisions_come_back_in_the_order_in_which_they_were_taken() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let decision = |status, second: u32| MergeDecision {
            left: EntityId::from_iri("urn:a"),
            right: EntityId::from_iri("urn:b"),
            status,
            principal: "tester".to_owned(),
            decided_at: format!("2026-01-01T00:00:0{second}Z"),
            reason: Some("same plate".to_owned()),
        };
        let (late, early) =
            (decision(ClaimStatus::Rejected, 2), decision(ClaimStatus::Accepted, 1));
        store.decide_merge(&late).unwrap();
        store.decide_merge(&early).unwrap();
        assert_eq!(store.merge_decisions().unwrap(), [early, late]);
        assert_eq!(store.decisions().unwrap().len(), 0);
    }
}
