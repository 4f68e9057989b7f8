//! Statements of language models become mentions and relations.

use super::error::EngineError;
use crate::extract::STATED_CONFIDENCE;
use crate::graph::Store;
use crate::model::{
    EntityClass, EntityId, Extraction, Fragment, FragmentId, Mention, Predicate, Relation,
    RelationObject, StatedObject, VersionId, Words, normalise_label,
};
use crate::resolve::EntityTable;
use std::collections::HashMap;

/// Statements that wait for the entities of their names.
pub(super) struct Stated {
    by_fragment: HashMap<FragmentId, Extraction>,
    relations: Vec<(VersionId, Relation)>,
}

impl Stated {
    /// All statements that the graph holds.
    pub(super) fn read(graph: &Store) -> Result<Self, EngineError> {
        let extractions = graph.extractions()?.into_iter();
        let by_fragment = extractions.map(|e| (e.fragment.clone(), e)).collect();
        Ok(Self { by_fragment, relations: Vec::new() })
    }

    /// Adds the names of a fragment's statements to the mentions of the fragment, where
    /// none stands yet, and remembers what is stated of the entities.
    pub(super) fn add_names(
        &mut self,
        fragment: &Fragment,
        table: &mut EntityTable,
        named: &mut Vec<(Mention, EntityClass)>,
    ) {
        let Some(extraction) = self.by_fragment.remove(&fragment.id) else { return };
        for statement in extraction.statements {
            let mut entity =
                |words: &Words| entity(fragment, words, &extraction.rule, table, named);
            let Some(subject) = entity(&statement.subject) else { continue };
            let object = match &statement.object {
                StatedObject::Value(words) => RelationObject::Value(words.text.clone()),
                StatedObject::Thing { words, .. } => match entity(words) {
                    // Two names of one thing.
                    Some(object) if object == subject => continue,
                    Some(object) => RelationObject::Entity(object),
                    None => continue,
                },
            };
            let relation = Relation {
                fragment: fragment.id.clone(),
                span: statement.quote.span,
                quote: statement.quote.text,
                subject,
                predicate: Predicate::from_iri(statement.predicate),
                object,
                confidence: STATED_CONFIDENCE,
                rule: extraction.rule.clone(),
            };
            self.relations.push((fragment.version.clone(), relation));
        }
    }

    /// What is stated, by document version, in the order of the fragments.
    pub(super) fn into_relations(self) -> Vec<(VersionId, Relation)> {
        self.relations
    }
}

/// The entity that words name: the surest that is mentioned by just these words, or
/// else the one of their label.
fn entity(
    fragment: &Fragment,
    words: &Words,
    rule: &str,
    table: &mut EntityTable,
    named: &mut Vec<(Mention, EntityClass)>,
) -> Option<EntityId> {
    // The text under a span can be another one only when the graph was changed by hand.
    if words.span.of(&fragment.text) != Some(words.text.as_str()) {
        return None;
    }
    let same = named.iter().filter(|(mention, _)| mention.span == words.span);
    let surest = same.max_by(|(a, _), (b, _)| {
        a.confidence.total_cmp(&b.confidence).then_with(|| b.entity.cmp(&a.entity))
    });
    if let Some((mention, class)) = surest {
        if matches!(class, EntityClass::Identifier | EntityClass::ProperName) {
            table.add_stated(&mention.entity, &mention.surface);
        }
        return Some(mention.entity.clone());
    }
    let label = normalise_label(&words.text);
    if label.is_empty() {
        return None;
    }
    let entity = EntityId::from_label(&label);
    let spelled = words.text.split_whitespace().collect::<Vec<_>>().join(" ");
    table.add_stated(&entity, &spelled);
    let mention = Mention {
        fragment: fragment.id.clone(),
        span: words.span,
        surface: words.text.clone(),
        entity: entity.clone(),
        confidence: STATED_CONFIDENCE,
        rule: rule.to_owned(),
    };
    named.push((mention, EntityClass::ProperName));
    Some(entity)
}
