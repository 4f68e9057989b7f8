//! Cutting text into chunks under its headings.

use super::markdown::Places;
use crate::model::{Document, DocumentId, Fragment, FragmentId, FragmentKind, Loaded, Span};
use serde::{Deserialize, Serialize};
use text_splitter::{ChunkConfig, ChunkSizer, TextSplitter};

/// How long chunks are, in tokens of the text model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChunkOptions {
    /// Longest chunk.
    pub max_tokens: usize,
    /// Tokens that a chunk shares with the one before, inside one section.
    pub overlap_tokens: usize,
    /// Sections shorter than this join the next one of the same parent.
    pub min_tokens: usize,
}

impl Default for ChunkOptions {
    fn default() -> Self {
        Self { max_tokens: 200, overlap_tokens: 30, min_tokens: 60 }
    }
}

struct Sizer<'f>(&'f dyn Fn(&str) -> usize);

impl ChunkSizer for Sizer<'_> {
    fn size(&self, chunk: &str) -> usize {
        (self.0)(chunk)
    }
}

/// The fragments of a document: chunks in reading order, then the pictures that
/// it shows. A chunk is exactly the text under its span. `count_tokens` sizes
/// text as the text model does.
pub fn fragments(
    loaded: &Loaded,
    document: &Document,
    count_tokens: &dyn Fn(&str) -> usize,
    options: &ChunkOptions,
) -> Vec<Fragment> {
    let mut pieces: Vec<(Vec<String>, Span, String, FragmentKind)> = Vec::new();
    if document.media_type.is_picture() {
        let kind = FragmentKind::Picture {
            picture: document.id.clone(),
            alt: loaded.title.clone().unwrap_or_default(),
            caption: None,
        };
        pieces.push((Vec::new(), Span::new(0, 0), loaded.text.clone(), kind));
    } else {
        let places = Places::new(&loaded.text);
        for (path, range) in grouped(loaded, count_tokens, options) {
            let section = loaded.text.get(range.clone()).unwrap_or_default();
            for (offset, chunk) in split(section, count_tokens, options) {
                let start = range.start + offset;
                let span = places.span(&(start..start + chunk.len()));
                pieces.push((path.clone(), span, chunk.to_owned(), FragmentKind::Chunk));
            }
        }
    }
    for figure in &loaded.figures {
        let path = loaded
            .sections
            .iter()
            .rev()
            .find(|section| section.span.start() <= figure.span.start())
            .map(|section| section.heading_path.clone())
            .unwrap_or_default();
        let lines = [
            figure.alt.as_str(),
            figure.caption.as_deref().unwrap_or_default(),
            &figure.surrounding,
        ];
        let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        let kind = FragmentKind::Picture {
            picture: DocumentId::from_source(&figure.target),
            alt: figure.alt.clone(),
            caption: figure.caption.clone(),
        };
        pieces.push((path, figure.span, lines.join("\n"), kind));
    }
    (0u32..)
        .zip(pieces)
        .map(|(ordinal, (heading_path, span, text, kind))| Fragment {
            id: FragmentId::new(&document.version, ordinal),
            document: document.id.clone(),
            version: document.version.clone(),
            ordinal,
            heading_path,
            page: loaded.page(span.start()),
            span,
            text,
            kind,
        })
        .collect()
}

/// Byte ranges of sections, small neighbours joined: a heading with one line
/// under it says little alone. Pages stay apart.
fn grouped(
    loaded: &Loaded,
    count_tokens: &dyn Fn(&str) -> usize,
    options: &ChunkOptions,
) -> Vec<(Vec<String>, std::ops::Range<usize>)> {
    let (sections, text) = (&loaded.sections, &loaded.text);
    let mut groups: Vec<(Vec<String>, std::ops::Range<usize>, usize)> = Vec::new();
    let mut bytes = text.char_indices().map(|(i, _)| i).chain(std::iter::once(text.len()));
    let mut position = 0;
    // Sections come in reading order, so one pass finds all their bytes.
    let mut byte_at = |code_point: usize| {
        let found = bytes.nth(code_point.saturating_sub(position)).unwrap_or(text.len());
        position = code_point + 1;
        found
    };
    let mut end_of_last = None;
    for section in sections {
        let start = match end_of_last {
            Some((code_point, byte)) if code_point == section.span.start() => byte,
            _ => byte_at(section.span.start()),
        };
        let end = if section.span.is_empty() { start } else { byte_at(section.span.end()) };
        end_of_last = Some((section.span.end(), end));
        let n_tokens = count_tokens(text.get(start..end).unwrap_or_default());
        if let Some((path, range, n_before)) = groups.last_mut() {
            let small = *n_before < options.min_tokens || n_tokens < options.min_tokens;
            let related = loaded.pages.is_empty() && shares_parent(path, &section.heading_path);
            if small && related && range.end == start && *n_before + n_tokens <= options.max_tokens
            {
                range.end = end;
                *n_before += n_tokens;
                let n_common = common(path, &section.heading_path);
                if n_common > 0 {
                    path.truncate(n_common);
                }
                continue;
            }
        }
        groups.push((section.heading_path.clone(), start..end, n_tokens));
    }
    groups.into_iter().map(|(path, range, _)| (path, range)).collect()
}

fn common(a: &[String], b: &[String]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

fn shares_parent(a: &[String], b: &[String]) -> bool {
    a.is_empty() || common(a, b) > 0
}

fn split<'t>(
    section: &'t str,
    count_tokens: &dyn Fn(&str) -> usize,
    options: &ChunkOptions,
) -> Vec<(usize, &'t str)> {
    let trimmed = section.trim();
    if trimmed.is_empty() {
        return Vec::new();
    }
    if count_tokens(trimmed) <= options.max_tokens {
        let offset = section.len() - section.trim_start().len();
        return vec![(offset, trimmed)];
    }
    let overlap = options.overlap_tokens.min(options.max_tokens / 2);
    let config = ChunkConfig::new(options.max_tokens).with_sizer(Sizer(count_tokens));
    match config.with_overlap(overlap) {
        Ok(config) => TextSplitter::new(config).chunk_indices(section).collect(),
        // The overlap is at most half of the capacity, so this is not reached.
        Err(_) => vec![(0, section)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::{IngestConfig, SourceItem, document, load};
    use proptest::prelude::*;

    fn words(text: &str) -> usize {
        text.split_whitespace().count()
    }

    fn cut(text: &str, options: &ChunkOptions) -> (String, Vec<Fragment>) {
        let item =
            SourceItem { source: "a.md".into(), bytes: text.into(), ..SourceItem::default() };
        let (kind, loaded) = load(&item).unwrap();
        let document = document(&item, kind, &loaded, &IngestConfig::default());
        let fragments = fragments(&loaded, &document, &words, options);
        (loaded.text, fragments)
    }

    proptest! {
        #[test]
        fn chunks_are_their_spans_and_cover_every_word(
            blocks in prop::collection::vec("(# [a-zé]{1,8}|([a-zö]{1,9} ){1,40}|- [a-z]{1,9})", 0..12)
        ) {
            let options = ChunkOptions { max_tokens: 20, overlap_tokens: 4, min_tokens: 6 };
            let (text, fragments) = cut(&blocks.join("\n\n"), &options);
            let mut covered = vec![false; text.chars().count()];
            for fragment in &fragments {
                prop_assert_eq!(fragment.span.of(&text), Some(fragment.text.as_str()));
                prop_assert!(words(&fragment.text) <= 20);
                covered[fragment.span.start()..fragment.span.end()].fill(true);
            }
            for (c, covered) in text.chars().zip(covered) {
                prop_assert!(covered || c.is_whitespace());
            }
        }
    }

    #[test]
    fn small_sections_join_under_their_parent() {
        let options = ChunkOptions { max_tokens: 50, overlap_tokens: 0, min_tokens: 10 };
        let (_, fragments) = cut("# A\n\n## B\nx y\n\n## C\nz\n\n# D\nw\n", &options);
        let found: Vec<String> = fragments.iter().map(Fragment::section).collect();
        assert_eq!(found, ["A", "D"]);
    }

    #[test]
    fn a_line_without_spaces_ends() {
        let options = ChunkOptions { max_tokens: 5, overlap_tokens: 1, min_tokens: 1 };
        let chars = |text: &str| text.chars().count();
        let item =
            SourceItem { source: "a.txt".into(), bytes: vec![b'x'; 100], ..SourceItem::default() };
        let (kind, loaded) = load(&item).unwrap();
        let document = document(&item, kind, &loaded, &IngestConfig::default());
        let fragments = fragments(&loaded, &document, &chars, &options);
        assert!(fragments.iter().all(|f| f.text.len() <= 5) && fragments.len() >= 20);
    }
}
