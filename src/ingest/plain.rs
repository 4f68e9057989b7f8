//! Plain text.

use super::error::LoadError;
use super::loader::{Loader, clean_heading, clean_text};
use crate::model::{Loaded, Section, Span};

/// Titles are at most this long.
const MAX_TITLE_CHARS: usize = 120;

/// Loads plain text as it is. A short first line before a blank line or an
/// underline is the title.
pub(super) struct PlainLoader;

impl Loader for PlainLoader {
    fn load(&self, _source: &str, bytes: &[u8]) -> Result<Loaded, LoadError> {
        let text = clean_text(bytes);
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default().trim();
        let second = lines.next().unwrap_or_default().trim();
        let underlined = !second.is_empty() && second.chars().all(|c| matches!(c, '=' | '-'));
        let has_more = lines.next().is_some();
        let is_title = !first.is_empty()
            && first.chars().count() <= MAX_TITLE_CHARS
            && has_more
            && (second.is_empty() || underlined);
        let title = is_title.then(|| clean_heading(first));
        let span = Span::new(0, text.chars().count());
        let sections = vec![Section { heading_path: Vec::new(), span }];
        Ok(Loaded { title, text, sections, ..Loaded::default() })
    }
}
