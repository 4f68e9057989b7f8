//! Statements of language models become mentions and relations.

use crate::extract::STATED_CONFIDENCE;
use crate::model::{
    EntityClass, EntityId, Extraction, Fragment, Mention, Predicate, Relation, RelationObject,
    StatedObject, Words, normalise_label,
};

/// What a fragment states of entities.
#[derive(Default)]
pub(super) struct Stated {
    /// Entities that the corpus may not know otherwise, with a label.
    pub(super) names: Vec<(EntityId, String)>,
    /// What is stated of them.
    pub(super) relations: Vec<Relation>,
}

impl Stated {
    /// What an extraction states of the entities that its words name. Names are added
    /// to the mentions of the fragment where none stands yet.
    pub(super) fn read(
        fragment: &Fragment,
        extraction: &Extraction,
        named: &mut Vec<(Mention, EntityClass)>,
    ) -> Self {
        let mut stated = Self::default();
        for statement in &extraction.statements {
            let mut entity =
                |words: &Words| entity(fragment, words, &extraction.rule, &mut stated.names, named);
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
            stated.relations.push(Relation {
                fragment: fragment.id.clone(),
                span: statement.quote.span,
                quote: statement.quote.text.clone(),
                subject,
                predicate: Predicate::from_iri(statement.predicate.clone()),
                object,
                confidence: STATED_CONFIDENCE,
                rule: extraction.rule.clone(),
            });
        }
        stated
    }
}

/// The entity that words name: the surest that is mentioned by just these words, or
/// else the one of their label.
fn entity(
    fragment: &Fragment,
    words: &Words,
    rule: &str,
    names: &mut Vec<(EntityId, String)>,
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
            names.push((mention.entity.clone(), mention.surface.clone()));
        }
        return Some(mention.entity.clone());
    }
    let label = normalise_label(&words.text);
    if label.is_empty() {
        return None;
    }
    let entity = EntityId::from_label(&label);
    let spelled = words.text.split_whitespace().collect::<Vec<_>>().join(" ");
    names.push((entity.clone(), spelled));
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
