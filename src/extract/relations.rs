//! From a fragment and what it names to what it says.

use super::layout::{Layout, layout};
use super::places::PlacedText;
use super::statements::statements;
use super::structure::{pair_relations, table_relations};
use crate::model::{EntityId, Fragment, Mention, Predicate, Relation, RelationObject};
use std::collections::HashSet;
use std::ops::Range;

/// A fragment with all that is known about it before its relations are read.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// The fragment.
    pub fragment: &'a Fragment,
    /// What it names.
    pub mentions: &'a [Mention],
    /// What it is about: its heading when that names something, else its document.
    pub about: Option<&'a EntityId>,
    /// Whether its sentences are English.
    pub is_english: bool,
}

/// A relation between byte ranges of a text.
pub(super) struct Found<'a> {
    pub(super) quote: Range<usize>,
    pub(super) subject: &'a EntityId,
    pub(super) predicate: Predicate,
    pub(super) object: RelationObject,
    pub(super) confidence: f32,
    pub(super) rule: &'static str,
}

/// What a fragment says about entities, in reading order, each statement once.
///
/// Tables and lists of keys and values are read in every language, sentences in English
/// only. Questions, conditions and negations say nothing.
pub fn relations(reading: &Reading<'_>) -> Vec<Relation> {
    let placed = PlacedText::new(reading.fragment, reading.mentions);
    let names: Vec<Range<usize>> = placed.places.iter().map(|p| p.range.clone()).collect();
    let Layout { sentences, pairs, tables } = layout(placed.text(), &names);
    let mut found = Vec::new();
    if reading.is_english {
        for sentence in &sentences {
            statements(&placed, sentence, &mut found);
        }
    }
    if let Some(about) = reading.about {
        pair_relations(&placed, about, &pairs, &mut found);
    }
    for table in &tables {
        table_relations(&placed, reading.about, table, &mut found);
    }
    let mut seen = HashSet::new();
    let mut relations: Vec<Relation> = found
        .into_iter()
        .filter(|found| found.object.entity() != Some(found.subject))
        .filter(|found| {
            seen.insert((found.subject.clone(), found.predicate.clone(), found.object.clone()))
        })
        .map(|found| Relation {
            fragment: reading.fragment.id.clone(),
            span: placed.span(&found.quote),
            quote: placed.slice(found.quote).to_owned(),
            subject: found.subject.clone(),
            predicate: found.predicate,
            object: found.object,
            confidence: found.confidence,
            rule: found.rule.to_owned(),
        })
        .collect();
    relations.sort_by_key(|relation| relation.span);
    relations
}

#[cfg(test)]
#[path = "relations_cases.rs"]
mod tests;
