//! From headings to sections.

use crate::model::{Section, Span};

/// A heading of a document.
pub(super) struct Heading {
    /// 1 for the outermost.
    pub(super) level: u8,
    /// Its words.
    pub(super) text: String,
    /// The code point at which its section begins.
    pub(super) start: usize,
}

/// The sections under `headings`, which come in reading order, of a text of
/// `n_chars` code points.
pub(super) fn sections(headings: &[Heading], n_chars: usize) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut path: Vec<(u8, String)> = Vec::new();
    let first = headings.first().map_or(n_chars, |heading| heading.start);
    if first > 0 {
        sections.push(Section { heading_path: Vec::new(), span: Span::new(0, first) });
    }
    for (i, heading) in headings.iter().enumerate() {
        path.retain(|(above, _)| *above < heading.level);
        path.push((heading.level, heading.text.clone()));
        let end = headings.get(i + 1).map_or(n_chars, |next| next.start);
        sections.push(Section {
            heading_path: path.iter().map(|(_, heading)| heading.clone()).collect(),
            span: Span::new(heading.start, end),
        });
    }
    sections
}
