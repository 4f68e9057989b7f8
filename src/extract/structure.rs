//! What tables and lists of keys and values say.

use super::layout::{KeyValue, Table};
use super::places::{PlacedText, plain};
use super::relations::Found;
use crate::model::{EntityId, Predicate, RelationObject};
use std::ops::Range;

/// How far a key and its value are believed, and the cell of a table.
const PAIR: f32 = 0.8;
const CELL: f32 = 0.85;
/// A value with more characters is a text.
const MAX_VALUE_CHARS: usize = 120;
/// Headers under which a table of two columns lists properties.
const VALUE_HEADERS: &[&str] = &["", "value", "values", "wert", "setting", "default"];

/// Keys and values say something about what the text is about.
pub(super) fn pair_relations<'a>(
    placed: &PlacedText<'a>,
    about: &'a EntityId,
    pairs: &[KeyValue],
    found: &mut Vec<Found<'a>>,
) {
    for KeyValue { line, key, value } in pairs {
        if let (Some(predicate), Some((object, confidence))) =
            (predicate(placed, key), object(placed, value))
        {
            let quote = line.clone();
            let confidence = PAIR * confidence;
            let rule = "key-value";
            found.push(Found { quote, subject: about, predicate, object, confidence, rule });
        }
    }
}

/// Cells say something about the entity at the head of their row or of their column;
/// a table of properties and values says it about what the text is about.
pub(super) fn table_relations<'a>(
    placed: &PlacedText<'a>,
    about: Option<&'a EntityId>,
    table: &Table,
    found: &mut Vec<Found<'a>>,
) {
    let heads: Vec<Option<&EntityId>> = table
        .header
        .iter()
        .skip(1)
        .map(|cell| placed.named_by(cell).map(|place| place.entity))
        .collect();
    let of_columns = heads.iter().any(Option::is_some);
    let second = table.header.get(1).map(|cell| plain(placed.slice(cell.clone())).to_lowercase());
    let of_properties = table.header.len() == 2
        && second.is_some_and(|header| VALUE_HEADERS.contains(&header.as_str()));
    for (line, cells) in &table.rows {
        let Some(first) = cells.first() else { continue };
        let head = placed.named_by(first).map(|place| place.entity);
        for (n, cell) in cells.iter().enumerate().skip(1) {
            let header = table.header.get(n);
            let (subject, key) = if of_columns {
                (heads.get(n - 1).copied().flatten(), Some(first))
            } else if of_properties && head.is_none() {
                (about, Some(first))
            } else {
                (head, header)
            };
            let (Some(subject), Some(key)) = (subject, key) else { continue };
            if let (Some(predicate), Some((object, confidence))) =
                (predicate(placed, key), object(placed, cell))
            {
                found.push(Found {
                    quote: trimmed(placed, line),
                    subject,
                    predicate,
                    object,
                    confidence: CELL * confidence,
                    rule: "table-cell",
                });
            }
        }
    }
}

fn trimmed(placed: &PlacedText<'_>, line: &Range<usize>) -> Range<usize> {
    let text = placed.slice(line.clone());
    let start = line.start + (text.len() - text.trim_start().len());
    start..start + text.trim().len()
}

fn predicate(placed: &PlacedText<'_>, key: &Range<usize>) -> Option<Predicate> {
    let key = plain(placed.slice(key.clone()));
    let is_name = key.chars().any(char::is_alphabetic) && key.chars().count() <= 60;
    is_name.then(|| Predicate::from_key(&key))
}

/// The entity that a cell names, or its words, and how sure that is.
fn object(placed: &PlacedText<'_>, cell: &Range<usize>) -> Option<(RelationObject, f32)> {
    if let Some(place) = placed.named_by(cell) {
        return Some((RelationObject::Entity(place.entity.clone()), place.confidence));
    }
    let value = plain(placed.slice(cell.clone()));
    let is_value =
        value.chars().any(char::is_alphanumeric) && value.chars().count() <= MAX_VALUE_CHARS;
    (is_value && value.to_lowercase() != "n/a").then_some((RelationObject::Value(value), 1.0))
}
