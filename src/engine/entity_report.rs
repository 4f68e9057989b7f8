//! What is known of an entity, and what people decide about it.

use super::build::now;
use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use crate::graph::MergeDecision;
use crate::model::{
    ClaimStatus, Entity, EntityId, Merge, MergeId, Relation, RelationObject, VersionId,
};
use crate::resolve::Conflict;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// An entity with all that it is one thing with.
#[derive(Clone, Debug, Serialize)]
pub struct EntityStory {
    /// IRI of the entity that stands for all of them.
    pub entity: EntityId,
    /// Labels of all members, each once, those of the representative first.
    pub labels: Vec<String>,
    /// The members.
    pub members: Vec<EntityMember>,
    /// Every claim about a member.
    pub merges: Vec<MergeStory>,
    /// Fragments that name a member.
    pub n_mentions: usize,
    /// What documents say about a member, and of others with a member as object.
    pub relations: Vec<RelationStory>,
    /// Sources of the documents that are about a member.
    pub documents: Vec<String>,
    /// Merges of a member that are not applied because of a rejected pair, in words.
    pub conflicts: Vec<String>,
}

/// One entity of a group.
#[derive(Clone, Debug, Serialize)]
pub struct EntityMember {
    /// Its IRI.
    pub entity: EntityId,
    /// Its own labels.
    pub labels: Vec<String>,
    /// Its class in the ontology.
    pub class: &'static str,
    /// Fragments that name it.
    pub n_mentions: usize,
}

/// A relation with labels and its place.
#[derive(Clone, Debug, Serialize)]
pub struct RelationStory {
    /// The relation, with the words that say it.
    #[serde(flatten)]
    pub relation: Relation,
    /// The property in words.
    pub name: String,
    /// Label of the subject.
    pub subject_label: String,
    /// Label of the object, or the words that are the object.
    pub object_label: String,
    /// Source of the document that says it.
    pub source: String,
}

/// A claim and who decided about it.
#[derive(Clone, Debug, Serialize)]
pub struct MergeStory {
    /// The claim.
    #[serde(flatten)]
    pub merge: Merge,
    /// Labels of both entities.
    pub labels: (String, String),
    /// Who decided, why and when; none when nobody did.
    pub decided: Option<DecidedBy>,
}

/// Who decided about a claim.
#[derive(Clone, Debug, Serialize)]
pub struct DecidedBy {
    /// The person.
    pub principal: String,
    /// RFC 3339.
    pub at: String,
    /// In words of the person.
    pub reason: Option<String>,
}

impl KnowledgeBase {
    /// Every claim that two entities are one thing, the most probable first.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn merges(&self) -> Result<Vec<MergeStory>, EngineError> {
        let decisions = self.last_merge_decisions()?;
        let labels = self.labels()?;
        let label = |id: &EntityId| {
            labels.get(id.as_str()).cloned().unwrap_or_else(|| id.as_str().to_owned())
        };
        let story = |merge: Merge| MergeStory {
            labels: (label(&merge.left), label(&merge.right)),
            decided: decisions.get(&merge.id).map(|decision| DecidedBy {
                principal: decision.principal.clone(),
                at: decision.decided_at.clone(),
                reason: decision.reason.clone(),
            }),
            merge,
        };
        Ok(self.graph.merges()?.into_iter().map(story).collect())
    }

    /// Accepted merges that are not applied, because they would join entities that a
    /// person keeps apart.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn merge_conflicts(&self) -> Result<Vec<Conflict>, EngineError> {
        Ok(self.groups()?.conflicts)
    }

    /// Pairs that a person keeps apart, each ordered.
    pub(super) fn kept_apart(&self) -> Result<BTreeSet<(EntityId, EntityId)>, EngineError> {
        let merges = self.graph.merges()?.into_iter();
        let rejected = merges.filter(|merge| merge.status == ClaimStatus::Rejected);
        Ok(rejected.map(|merge| (merge.left, merge.right)).collect())
    }

    /// Records what a person decided about a claim that was made. It counts from the
    /// next publish.
    ///
    /// # Errors
    /// When there is no such claim, or the graph cannot be written.
    pub fn decide_merge(
        &self,
        merge: &MergeId,
        status: ClaimStatus,
        principal: &str,
        reason: Option<&str>,
    ) -> Result<(), EngineError> {
        let merges = self.graph.merges()?;
        let known = merges.into_iter().find(|known| known.id == *merge);
        let known = known.ok_or_else(|| EngineError::NoMerge(merge.clone()))?;
        let reason = reason.map(str::to_owned);
        self.record_decision(known.left, known.right, status, principal, reason)
    }

    /// Records that two entities are one thing, or are not, whatever is computed about
    /// them. It counts from the next publish.
    ///
    /// # Errors
    /// When the graph cannot be written.
    pub fn decide_same(
        &self,
        (a, b): (&EntityId, &EntityId),
        status: ClaimStatus,
        principal: &str,
        reason: Option<&str>,
    ) -> Result<(), EngineError> {
        if a == b {
            return Err(EngineError::OneEntity(a.as_str().to_owned()));
        }
        let reason = reason.map(str::to_owned);
        self.record_decision(a.min(b).clone(), a.max(b).clone(), status, principal, reason)
    }

    fn record_decision(
        &self,
        left: EntityId,
        right: EntityId,
        status: ClaimStatus,
        principal: &str,
        reason: Option<String>,
    ) -> Result<(), EngineError> {
        let principal = principal.to_owned();
        let decided_at = now();
        let decision = MergeDecision { left, right, status, principal, decided_at, reason };
        Ok(self.graph.decide_merge(&decision)?)
    }

    /// The relations of some entities, with the labels that `entities` have.
    fn relation_stories(
        &self,
        of: &[EntityId],
        entities: &BTreeMap<String, Entity>,
    ) -> Result<Vec<RelationStory>, EngineError> {
        let relations = self.graph.relations_of(of)?;
        if relations.is_empty() {
            return Ok(Vec::new());
        }
        let sources: BTreeMap<VersionId, String> = self
            .graph
            .documents()?
            .into_iter()
            .map(|document| (document.version, document.source))
            .collect();
        let label = |iri: &str| {
            let label = entities.get(iri).and_then(|entity| entity.labels.first());
            label.map_or_else(|| iri.to_owned(), Clone::clone)
        };
        let story = |relation: Relation| RelationStory {
            name: relation.predicate.name(),
            subject_label: label(relation.subject.as_str()),
            object_label: match &relation.object {
                RelationObject::Entity(entity) => label(entity.as_str()),
                RelationObject::Value(value) => value.clone(),
            },
            source: sources.get(&relation.fragment.version()).cloned().unwrap_or_default(),
            relation,
        };
        Ok(relations.into_iter().map(story).collect())
    }

    /// All that is known of an entity and of what it is one thing with.
    ///
    /// # Errors
    /// When there is no such entity, or the graph cannot be read.
    pub fn entity_story(&self, id: &EntityId) -> Result<EntityStory, EngineError> {
        let groups = self.groups()?;
        let entities: BTreeMap<String, Entity> = self
            .graph
            .entities()?
            .into_iter()
            .map(|entity| (entity.id.as_str().to_owned(), entity))
            .collect();
        let representative = groups.of(id.as_str());
        let mut ids = groups.members(id.as_str());
        ids.sort_by_key(|member| (member.as_str() != representative, member.clone()));
        let mentions = self.graph.mentioned_entities()?;
        let mut members = Vec::new();
        for member in &ids {
            let entity = entities.get(member);
            let entity = entity.ok_or_else(|| EngineError::NoEntity(member.clone()))?;
            members.push(EntityMember {
                entity: entity.id.clone(),
                labels: entity.labels.clone(),
                class: entity.class.local_name(),
                n_mentions: mentions.iter().filter(|(_, named)| *named == entity.id).count(),
            });
        }
        let mut labels: Vec<String> = Vec::new();
        for label in members.iter().flat_map(|member| &member.labels) {
            if !labels.contains(label) {
                labels.push(label.clone());
            }
        }
        let is_member = |entity: &EntityId| members.iter().any(|m| m.entity == *entity);
        let mut merges = self.merges()?;
        merges.retain(|story| is_member(&story.merge.left) || is_member(&story.merge.right));
        let fragments: BTreeSet<_> = mentions
            .iter()
            .filter(|(_, entity)| is_member(entity))
            .map(|(fragment, _)| fragment)
            .collect();
        let of_members: Vec<EntityId> = members.iter().map(|m| m.entity.clone()).collect();
        let relations = self.relation_stories(&of_members, &entities)?;
        let about = self.graph.topics()?.into_iter().filter(|(_, topic)| is_member(topic));
        let conflicts = groups
            .conflicts
            .iter()
            .filter(|conflict| ids.contains(&conflict.merge.0) || ids.contains(&conflict.merge.1));
        Ok(EntityStory {
            entity: EntityId::from_iri(representative),
            n_mentions: fragments.len(),
            relations,
            documents: about.map(|(document, _)| document.source()).collect(),
            conflicts: conflicts.map(Conflict::to_string).collect(),
            labels,
            merges,
            members,
        })
    }
}
