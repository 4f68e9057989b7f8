//! What pictures show: claims, and what people decided about them.

use super::decided::Decided;
use super::error::GraphError;
use super::store::Store;
use super::triples::Triples;
use crate::model::{
    Depiction, DepictionId, DepictionMethod, DepictionStatus, Digest, DocumentId, EntityId, SpaceId,
};
use crate::vocab::{self, foaf, oa, prov, rdfs, vt};
use oxigraph::model::NamedNodeRef;
use std::collections::{BTreeMap, HashMap};

/// All that the graph of depictions holds.
#[derive(Debug)]
pub struct DepictionsWrite<'a> {
    /// Every claim.
    pub depictions: &'a [Depiction],
    /// Labels that have a vector, and the spaces in which they have it.
    pub labels: &'a [(String, Vec<SpaceId>)],
    /// Digest of what the claims were made of.
    pub made_of: Digest,
}

/// What a person decided about a claim.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The claim.
    pub depiction: DepictionId,
    /// Its status from now on.
    pub status: DepictionStatus,
    /// Who decided.
    pub principal: String,
    /// RFC 3339.
    pub decided_at: String,
    /// Why, in words of the person.
    pub reason: Option<String>,
}

impl Store {
    /// Makes the graph of depictions hold exactly this, writing only what differs.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn set_depictions(&self, write: &DepictionsWrite<'_>) -> Result<(), GraphError> {
        let mut triples = Triples::new();
        triples.text(vocab::GRAPH_DEPICTIONS, vt::RECIPE, &write.made_of.to_string());
        for depiction in write.depictions {
            describe(&mut triples, depiction);
        }
        for (label, spaces) in write.labels {
            let id = label_iri(label);
            triples.class(&id, vt::LABEL);
            triples.text(&id, rdfs::LABEL, label);
            for space in spaces {
                triples.link(&id, vt::EMBEDDED_IN, &space_iri(*space));
            }
        }
        self.replace_graph(vocab::GRAPH_DEPICTIONS, triples.into_vec())
    }

    /// Digest of what the stored claims were made of; none when there are none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn depictions_made_of(&self) -> Result<Option<Digest>, GraphError> {
        let stored = self.value(vocab::GRAPH_DEPICTIONS, vt::RECIPE)?;
        Ok(stored.and_then(|digest| digest.parse().ok()))
    }

    /// Every claim, the most probable first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn depictions(&self) -> Result<Vec<Depiction>, GraphError> {
        let mut stated: BTreeMap<String, HashMap<String, String>> = BTreeMap::new();
        for triple in self.graph(vocab::GRAPH_DEPICTIONS)? {
            let id = super::read::iri(&triple.subject.into());
            if id.starts_with(vocab::DEPICTION_PREFIX) {
                let value = super::read::iri(&triple.object);
                stated.entry(id).or_default().insert(triple.predicate.into_string(), value);
            }
        }
        let depictions = stated.into_iter().map(|(id, values)| read(id, &values));
        let mut depictions = depictions.collect::<Result<Vec<_>, _>>()?;
        depictions
            .sort_by(|a, b| b.probability.total_cmp(&a.probability).then_with(|| a.id.cmp(&b.id)));
        Ok(depictions)
    }

    /// Records a decision. It counts for the claim whenever that is made again.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn decide(&self, decision: &Decision) -> Result<(), GraphError> {
        self.record_decision(&Decided {
            about: decision.depiction.as_str(),
            status: decision.status,
            principal: &decision.principal,
            decided_at: &decision.decided_at,
            reason: decision.reason.as_deref(),
        })
    }

    /// The last decision about each claim.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn decisions(&self) -> Result<HashMap<DepictionId, DepictionStatus>, GraphError> {
        let mut decided: Vec<(String, String, DepictionStatus)> = Vec::new();
        for (id, depiction) in self.pairs(vt::DECIDES)? {
            if !depiction.starts_with(vocab::DEPICTION_PREFIX) {
                continue;
            }
            let status = self.value(&id, vt::STATUS)?;
            let status = status.as_deref().and_then(DepictionStatus::from_name);
            if let Some((time, status)) = self.value(&id, prov::ENDED_AT_TIME)?.zip(status) {
                decided.push((time, depiction, status));
            }
        }
        decided.sort();
        let last = decided.into_iter().map(|(_, id, status)| (DepictionId::from_iri(id), status));
        Ok(last.collect())
    }

    /// Probabilities from which imported RDF wants pictures of an entity reviewed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn review_thresholds(&self) -> Result<HashMap<EntityId, f32>, GraphError> {
        let stated = self.pairs(vt::REVIEW_FROM)?.into_iter();
        Ok(stated
            .filter_map(|(entity, number)| Some((EntityId::from_iri(entity), number.parse().ok()?)))
            .collect())
    }

    /// One value of a property of a resource, in any graph.
    pub(super) fn value(
        &self,
        subject: &str,
        predicate: &str,
    ) -> Result<Option<String>, GraphError> {
        let subject = NamedNodeRef::new_unchecked(subject);
        let predicate = NamedNodeRef::new_unchecked(predicate);
        let mut quads =
            self.inner.quads_for_pattern(Some(subject.into()), Some(predicate), None, None);
        Ok(quads.next().transpose()?.map(|quad| super::read::iri(&quad.object)))
    }
}

/// A claim out of what the graph states about it.
fn read(id: String, values: &HashMap<String, String>) -> Result<Depiction, GraphError> {
    let missing = |property| GraphError::Damaged { what: "depiction", iri: id.clone(), property };
    let value = |property: &str| values.get(property).map(String::as_str);
    let measured = value(vt::SPACE_OF_SEARCH).zip(value(vt::SCORE)).and_then(|(space, score)| {
        let digest = space.strip_prefix(vocab::SPACE_PREFIX)?.parse().ok()?;
        Some((SpaceId(digest), score.parse().ok()?))
    });
    let method = value(vt::RULE).and_then(DepictionMethod::from_name);
    let probability = value(vt::PROBABILITY).and_then(|number| number.parse().ok());
    let status = value(vt::STATUS).and_then(DepictionStatus::from_name);
    Ok(Depiction {
        picture: DocumentId::from_iri(
            value(oa::HAS_TARGET).ok_or_else(|| missing("oa:hasTarget"))?,
        ),
        entity: EntityId::from_iri(value(oa::HAS_BODY).ok_or_else(|| missing("oa:hasBody"))?),
        method: method.ok_or_else(|| missing("vt:rule"))?,
        probability: probability.ok_or_else(|| missing("vt:probability"))?,
        status: status.ok_or_else(|| missing("vt:status"))?,
        measured,
        evidence: value(prov::WAS_DERIVED_FROM).map(str::to_owned),
        id: DepictionId::from_iri(id.clone()),
    })
}

/// The node of a label; also the key of its vector.
pub fn label_iri(label: &str) -> String {
    format!("{}{}", vocab::LABEL_PREFIX, Digest::of(label.as_bytes()).short())
}

fn space_iri(space: SpaceId) -> String {
    format!("{}{}", vocab::SPACE_PREFIX, space.0)
}

fn describe(triples: &mut Triples, depiction: &Depiction) {
    let id = depiction.id.as_str();
    triples.class(id, vt::DEPICTION);
    triples.link(id, oa::HAS_TARGET, depiction.picture.as_str());
    triples.link(id, oa::HAS_BODY, depiction.entity.as_str());
    triples.text(id, vt::RULE, depiction.method.as_str());
    triples.single(id, vt::PROBABILITY, depiction.probability);
    triples.text(id, vt::STATUS, depiction.status.as_str());
    if let Some((space, score)) = depiction.measured {
        triples.link(id, vt::SPACE_OF_SEARCH, &space_iri(space));
        triples.single(id, vt::SCORE, score);
    }
    if let Some(evidence) = &depiction.evidence {
        triples.link(id, prov::WAS_DERIVED_FROM, evidence);
    }
    if depiction.status == DepictionStatus::Accepted {
        triples.link(depiction.picture.as_str(), foaf::DEPICTS, depiction.entity.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_come_back_and_the_last_decision_counts() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let (picture, entity) = (DocumentId::from_source("p.png"), EntityId::from_label("pump"));
        let mut claim = Depiction::new(
            picture.clone(),
            entity.clone(),
            DepictionMethod::ZeroShot,
            0.25,
            DepictionStatus::Proposed,
        );
        claim.measured = Some((SpaceId(Digest::of(b"space")), 0.5));
        claim.evidence = Some("urn:x".to_owned());
        let mut write = DepictionsWrite {
            depictions: std::slice::from_ref(&claim),
            labels: &[("pump".to_owned(), vec![SpaceId(Digest::of(b"space"))])],
            made_of: Digest::of(b"1"),
        };
        store.set_depictions(&write).unwrap();
        assert_eq!(store.depictions().unwrap(), [claim.clone()]);
        assert_eq!(store.depictions_made_of().unwrap(), Some(Digest::of(b"1")));
        assert_eq!(store.pairs(foaf::DEPICTS).unwrap(), []);
        for (status, time) in [
            (DepictionStatus::Accepted, "2026-01-02T00:00:00Z"),
            (DepictionStatus::Rejected, "2026-01-01T00:00:00Z"),
        ] {
            let decision = Decision {
                depiction: claim.id.clone(),
                status,
                principal: "tester".to_owned(),
                decided_at: time.to_owned(),
                reason: None,
            };
            store.decide(&decision).unwrap();
        }
        assert_eq!(store.decisions().unwrap()[&claim.id], DepictionStatus::Accepted);
        write.depictions = &[];
        store.set_depictions(&write).unwrap();
        assert_eq!(store.depictions().unwrap(), []);
    }
}
