//! From the text of a fragment to its mentions.

use super::gazetteer::Gazetteer;
use super::patterns::{identifiers, proper_names};
use crate::model::{EntityClass, EntityId, Fragment, Mention, Span, normalise_label};
use std::ops::Range;

/// A name found in a text, with the entity it may stand for.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// Byte range in the text.
    pub range: Range<usize>,
    /// The entity.
    pub entity: EntityId,
    /// Kind of entity.
    pub class: EntityClass,
    /// How sure the rule is, in `0..=1`; an ambiguous label shares 1 among its bearers.
    pub confidence: f32,
    /// Name of the rule.
    pub rule: &'static str,
}

/// Every name in `text`: labels of the gazetteer first, then identifiers and
/// proper names where no label stands. Left to right.
pub fn names_in(text: &str, gazetteer: &Gazetteer, ignore_case: bool) -> Vec<Named> {
    let labels =
        if ignore_case { gazetteer.find_ignoring_case(text) } else { gazetteer.find(text) };
    let mut names: Vec<Named> = Vec::new();
    let mut taken: Vec<Range<usize>> = Vec::new();
    for found in labels {
        let share = 1.0 / found.entities.len().max(1) as f32;
        for (entity, class) in found.entities {
            names.push(Named {
                range: found.range.clone(),
                entity: entity.clone(),
                class: *class,
                confidence: share,
                rule: "gazetteer",
            });
        }
        taken.push(found.range);
    }
    let shapes = [
        (identifiers as fn(&str) -> Vec<Range<usize>>, EntityClass::Identifier, 0.9, "identifier"),
        (proper_names, EntityClass::ProperName, 0.6, "proper-name"),
    ];
    for (find, class, confidence, rule) in shapes {
        for range in find(text) {
            if taken.iter().any(|t| t.start < range.end && range.start < t.end) {
                continue;
            }
            let label = normalise_label(text.get(range.clone()).unwrap_or_default());
            if label.is_empty() {
                continue;
            }
            let entity = EntityId::from_label(&label);
            taken.push(range.clone());
            names.push(Named { range, entity, class, confidence, rule });
        }
    }
    names.sort_by(|a, b| {
        (a.range.start, a.range.end, &a.entity).cmp(&(b.range.start, b.range.end, &b.entity))
    });
    names
}

/// The mentions of a fragment, each with its exact span, and the class of the
/// entity that it names.
pub fn mentions(fragment: &Fragment, gazetteer: &Gazetteer) -> Vec<(Mention, EntityClass)> {
    let text = fragment.text.as_str();
    let mut code_points = CodePoints::new(text);
    names_in(text, gazetteer, false)
        .into_iter()
        .map(|named| {
            let span =
                Span::new(code_points.at(named.range.start), code_points.at(named.range.end));
            let mention = Mention {
                fragment: fragment.id.clone(),
                span,
                surface: text.get(named.range).unwrap_or_default().to_owned(),
                entity: named.entity,
                confidence: named.confidence,
                rule: named.rule.to_owned(),
            };
            (mention, named.class)
        })
        .collect()
}

/// Byte offsets to code points in one pass, for offsets that mostly ascend.
struct CodePoints<'t> {
    text: &'t str,
    byte: usize,
    code_point: usize,
}

impl<'t> CodePoints<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, byte: 0, code_point: 0 }
    }

    fn at(&mut self, byte: usize) -> usize {
        if byte < self.byte {
            (self.byte, self.code_point) = (0, 0);
        }
        let between = self.text.get(self.byte..byte).unwrap_or_default();
        self.code_point += between.chars().count();
        self.byte = byte;
        self.code_point
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DocumentId, Entity, FragmentId, FragmentKind, VersionId};

    fn fragment(text: &str) -> Fragment {
        let version = VersionId::from_iri("urn:veritrail:version:0");
        Fragment {
            id: FragmentId::new(&version, 0),
            document: DocumentId::from_source("a.md"),
            version,
            ordinal: 0,
            heading_path: Vec::new(),
            span: Span::new(0, text.chars().count()),
            page: None,
            text: text.to_owned(),
            kind: FragmentKind::Chunk,
        }
    }

    #[test]
    fn every_mention_quotes_the_text_under_its_span() {
        let gazetteer = Gazetteer::build(&[Entity {
            id: EntityId::from_label("größenregler"),
            labels: vec!["Größenregler".into()],
            class: EntityClass::Topic,
        }])
        .unwrap();
        let fragment = fragment("Der Größenregler HX-200 steht in Zürich; Größenregler sind gut.");
        let found = mentions(&fragment, &gazetteer);
        assert!(found.len() >= 4, "{found:?}");
        for (mention, _) in &found {
            assert_eq!(mention.span.of(&fragment.text), Some(mention.surface.as_str()));
        }
        assert!(
            found
                .iter()
                .any(|(m, class)| m.surface == "HX-200" && *class == EntityClass::Identifier)
        );
    }
}
