//! Where entities are named in the text of a fragment, in bytes.

use crate::model::{EntityId, Fragment, Mention, Span, normalise_label};
use crate::vocab;
use std::ops::Range;

/// The text of a fragment with the places that name something.
pub(super) struct PlacedText<'a> {
    pub(super) fragment: &'a Fragment,
    /// Left to right, without overlap: the longest name wins.
    pub(super) places: Vec<Place<'a>>,
    /// Byte offset of every code point, and of the end.
    offsets: Vec<usize>,
}

/// A place that names an entity.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Place<'a> {
    pub(super) range: Range<usize>,
    pub(super) entity: &'a EntityId,
    pub(super) confidence: f32,
}

impl<'a> PlacedText<'a> {
    pub(super) fn new(fragment: &'a Fragment, mentions: &'a [Mention]) -> Self {
        let text = &fragment.text;
        let offsets: Vec<usize> =
            text.char_indices().map(|(i, _)| i).chain(std::iter::once(text.len())).collect();
        let mut all: Vec<Place<'a>> = mentions
            .iter()
            .filter_map(|mention| {
                let start = *offsets.get(mention.span.start())?;
                let end = *offsets.get(mention.span.end())?;
                let confidence = mention.confidence;
                Some(Place { range: start..end, entity: &mention.entity, confidence })
            })
            .collect();
        // What imported RDF describes stands before what is known by a label alone.
        let by_label = |entity: &EntityId| entity.as_str().starts_with(vocab::ENTITY_PREFIX);
        all.sort_by(|a, b| {
            (a.range.start, std::cmp::Reverse(a.range.end), by_label(a.entity), a.entity).cmp(&(
                b.range.start,
                std::cmp::Reverse(b.range.end),
                by_label(b.entity),
                b.entity,
            ))
        });
        let mut places: Vec<Place<'a>> = Vec::with_capacity(all.len());
        for place in all {
            if places.last().is_none_or(|last| last.range.end <= place.range.start) {
                places.push(place);
            }
        }
        Self { fragment, places, offsets }
    }

    pub(super) fn text(&self) -> &'a str {
        &self.fragment.text
    }

    pub(super) fn slice(&self, range: Range<usize>) -> &'a str {
        self.text().get(range).unwrap_or_default()
    }

    /// A byte range at code point boundaries, in code points.
    pub(super) fn span(&self, range: &Range<usize>) -> Span {
        let at = |byte: usize| self.offsets.partition_point(|offset| *offset < byte);
        Span::new(at(range.start), at(range.end))
    }

    /// Places inside of a range.
    pub(super) fn inside(&self, range: &Range<usize>) -> &[Place<'a>] {
        let first = self.places.partition_point(|place| place.range.start < range.start);
        let last = self.places.partition_point(|place| place.range.end <= range.end);
        self.places.get(first..last.max(first)).unwrap_or_default()
    }

    /// The entity that a range names with all its words, markup aside.
    pub(super) fn named_by(&self, range: &Range<usize>) -> Option<&Place<'a>> {
        let whole = normalise_label(&plain(self.slice(range.clone())));
        let names = |place: &&Place<'_>| normalise_label(self.slice(place.range.clone())) == whole;
        self.inside(range).iter().find(names)
    }
}

/// A stretch of Markdown as people read it: no emphasis, the text of links, one blank
/// between words.
pub(super) fn plain(marked: &str) -> String {
    let mut text = String::with_capacity(marked.len());
    let mut rest = marked;
    while let Some(c) = rest.chars().next() {
        let behind = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            '*' | '`' | '[' => behind,
            '!' if behind.starts_with('[') => behind,
            ']' if behind.starts_with('(') => {
                behind.split_once(')').map_or(behind, |(_, after)| after)
            }
            ']' => behind,
            '<' if behind.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/') => {
                text.push(' ');
                behind.split_once('>').map_or(behind, |(_, after)| after)
            }
            _ => {
                text.push(c);
                behind
            }
        };
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_not_read() {
        assert_eq!(plain(" **[Beck 12](a.md)**,  `x`<br>y "), "Beck 12, x y");
        assert_eq!(plain("5 < 6 and a]"), "5 < 6 and a");
    }
}
