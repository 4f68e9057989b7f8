//! Character spans.

use serde::{Deserialize, Serialize};

/// A half-open range `[start, end)` of Unicode code points in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    start: usize,
    end: usize,
}

impl Span {
    /// The span from `start` to `end`; an `end` before `start` gives an empty span.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    /// The span, in code points, of the byte range `start..end` of `text`.
    /// Offsets inside a character count as the beginning of that character.
    pub fn from_bytes(text: &str, start: usize, end: usize) -> Self {
        let before = |offset: usize| text.char_indices().take_while(|(i, _)| *i < offset).count();
        Self::new(before(start), before(end))
    }

    /// Index of the first code point.
    pub fn start(&self) -> usize {
        self.start
    }

    /// Index after the last code point.
    pub fn end(&self) -> usize {
        self.end
    }

    /// Number of code points.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether no code point is covered.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The text under this span, or `None` when it reaches past the end.
    pub fn of<'a>(&self, text: &'a str) -> Option<&'a str> {
        let mut boundaries = text.char_indices().map(|(i, _)| i).chain(std::iter::once(text.len()));
        let start = boundaries.nth(self.start)?;
        let end = if self.is_empty() { start } else { boundaries.nth(self.len() - 1)? };
        text.get(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_count_code_points() {
        let text = "Größe: 5 µm";
        let span = Span::from_bytes(text, "Größe: ".len(), text.len());
        assert_eq!(span, Span::new(7, 11));
        assert_eq!(span.of(text), Some("5 µm"));
        assert_eq!(Span::new(0, 5).of(text), Some("Größe"));
        assert_eq!(Span::new(3, 3).of(text), Some(""));
        assert_eq!(Span::new(9, 12).of(text), None);
    }
}
