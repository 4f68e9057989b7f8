//! What documents say about an entity, for somebody who may not see all of them.

use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use crate::model::{EntityId, Relation, RelationObject, Span};
use crate::retrieve::{Snapshot, View};

/// A relation with words for people.
#[derive(Clone, Debug)]
pub struct SeenRelation {
    /// The relation, with the words that say it.
    pub relation: Relation,
    /// The entity that stands for its subject.
    pub subject: EntityId,
    /// The entity that stands for its object; none when the object is words.
    pub object: Option<EntityId>,
    /// The property in words.
    pub name: String,
    /// Label of the subject.
    pub subject_label: String,
    /// Label of the object, or the words that are the object.
    pub object_label: String,
    /// Where the words stand, in code points of the document's text.
    pub span: Span,
}

impl KnowledgeBase {
    /// Relations with one of these entities at one end, of the fragments and entities
    /// that are seen.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn seen_relations(
        &self,
        snapshot: &Snapshot,
        view: &View<'_>,
        of: &[EntityId],
    ) -> Result<Vec<SeenRelation>, EngineError> {
        let relations = self.graph.relations_of(of)?.into_iter();
        let seen = relations.filter_map(|relation| {
            let fragment = snapshot.fragment(&relation.fragment)?;
            if !view.sees_fragment(&fragment.id) {
                return None;
            }
            let subject = snapshot.representative(&relation.subject).clone();
            let object = relation.object.entity().map(|id| snapshot.representative(id).clone());
            let label = |id: &EntityId| view.labels_of(id).first().cloned();
            let start = fragment.span.start();
            Some(SeenRelation {
                name: relation.predicate.name(),
                subject_label: label(&subject)?,
                object_label: match (&relation.object, &object) {
                    (RelationObject::Value(value), _) => value.clone(),
                    (RelationObject::Entity(_), Some(object)) => label(object)?,
                    (RelationObject::Entity(_), None) => return None,
                },
                span: Span::new(start + relation.span.start(), start + relation.span.end()),
                subject,
                object,
                relation,
            })
        });
        Ok(seen.collect())
    }
}
