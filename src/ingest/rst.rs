//! reStructuredText: titles, links and pictures with their places in the original.

use super::error::LoadError;
use super::loader::{Loader, clean_heading, clean_text};
use super::markdown::Places;
use super::outline::{Heading, sections};
use super::rst_links::{Targets, links};
use super::source::resolve;
use crate::model::{Figure, Loaded};
use std::ops::Range;

/// Text kept from each side of a picture, in characters.
const SURROUNDING_CHARS: usize = 300;
/// Directives whose content is code and has neither titles nor links.
const CODE: [&str; 7] =
    ["code", "code-block", "sourcecode", "literalinclude", "parsed-literal", "math", "raw"];

/// Loads reStructuredText; spans point into the original text.
pub(super) struct RstLoader;

/// A line of the text.
#[derive(Clone, Copy)]
struct Line<'t> {
    /// First byte.
    start: usize,
    /// Without the line end.
    text: &'t str,
}

impl Line<'_> {
    fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    fn indent(&self) -> usize {
        self.text.len() - self.text.trim_start().len()
    }

    fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// A directive: `.. name:: argument` and the indented lines under it.
struct Directive<'t> {
    name: &'t str,
    argument: &'t str,
    /// Bytes of its first line.
    head: Range<usize>,
    /// The lines under it, by index.
    body: Range<usize>,
}

impl Loader for RstLoader {
    fn load(&self, source: &str, bytes: &[u8]) -> Result<Loaded, LoadError> {
        let text = clean_text(bytes);
        let lines = lines(&text);
        let places = Places::new(&text);
        let directives = directives(&lines);
        let code = code_blocks(&lines, &directives);
        let headings = headings(&lines, &code);
        let first = headings.iter().find(|heading| heading.level == 1);
        let title = first.map(|heading| heading.text.clone()).filter(|text| !text.is_empty());
        let headings: Vec<Heading> = headings
            .into_iter()
            .map(|heading| Heading { start: places.code_point(heading.start), ..heading })
            .collect();
        let sections = sections(&headings, places.code_point(text.len()));
        let readable = without(&text, &lines, &code);
        let mut links = links(source, &readable, &places, &Targets::of(&readable));
        for directive in directives.iter().filter(|directive| directive.name == "toctree") {
            links.extend(entries(source, &lines, &directive.body, &places));
        }
        links.sort_by_key(|link| (link.span.start(), link.span.end()));
        let figures = directives
            .iter()
            .filter(|directive| matches!(directive.name, "image" | "figure"))
            .filter_map(|directive| figure(source, &lines, directive, &places))
            .collect();
        Ok(Loaded { title, text, sections, links, figures, ..Loaded::default() })
    }
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut start = 0;
    let lines = text.split('\n').map(|line| {
        let found = Line { start, text: line };
        start += line.len() + 1;
        found
    });
    lines.collect()
}

/// The index after the last line of a block that is indented deeper than `indent`.
fn block_end(lines: &[Line<'_>], from: usize, indent: usize) -> usize {
    let mut end = from;
    for (i, line) in lines.iter().enumerate().skip(from) {
        if !line.is_blank() {
            if line.indent() <= indent {
                break;
            }
            end = i + 1;
        }
    }
    end
}

fn directives<'t>(lines: &[Line<'t>]) -> Vec<Directive<'t>> {
    let mut found = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let Some(rest) = line.text.trim_start().strip_prefix(".. ") else { continue };
        let rest = rest.trim_start();
        // `.. |name| image:: path` defines a substitution.
        let rest = match rest.strip_prefix('|').and_then(|rest| rest.split_once("| ")) {
            Some((_, rest)) => rest.trim_start(),
            None => rest,
        };
        let Some((name, argument)) = rest.split_once("::") else { continue };
        let plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ':' | '.'));
        if !plain || name.is_empty() {
            continue;
        }
        found.push(Directive {
            name,
            argument: argument.trim(),
            head: line.start..line.end(),
            body: i + 1..block_end(lines, i + 1, line.indent()),
        });
    }
    found
}

/// Indices of lines of code: the content of directives for code, and what is
/// indented under a paragraph that ends with `::`.
fn code_blocks(lines: &[Line<'_>], directives: &[Directive<'_>]) -> Vec<Range<usize>> {
    let mut code: Vec<Range<usize>> = directives
        .iter()
        .filter(|directive| CODE.contains(&directive.name))
        .map(|directive| directive.body.clone())
        .collect();
    let mut covered = 0;
    for (i, line) in lines.iter().enumerate() {
        let text = line.text.trim();
        if i < covered || !text.ends_with("::") || text.starts_with("..") {
            continue;
        }
        covered = block_end(lines, i + 1, line.indent());
        code.push(i + 1..covered);
    }
    code.sort_by_key(|block| block.start);
    code
}

/// The character that a line repeats, when it can stand under a title.
fn adornment(line: &str) -> Option<char> {
    let line = line.trim_end();
    let first = line.chars().next()?;
    let same = first.is_ascii_punctuation() && line.chars().all(|c| c == first);
    (same && line.len() >= 2).then_some(first)
}

/// Titles; `start` counts bytes. Levels follow the order in which the kinds of
/// lines first appear.
fn headings(lines: &[Line<'_>], code: &[Range<usize>]) -> Vec<Heading> {
    let mut styles: Vec<(char, bool)> = Vec::new();
    let mut headings = Vec::new();
    let at = |i: usize| lines.get(i).map_or("", |line| line.text);
    let mut i = 0;
    let mut blocks = code.iter().peekable();
    while let Some(line) = lines.get(i) {
        while blocks.next_if(|block| block.end <= i).is_some() {}
        if let Some(block) = blocks.peek().filter(|block| block.contains(&i)) {
            i = block.end;
            continue;
        }
        let over = adornment(line.text);
        let framed = over.filter(|over| {
            !at(i + 1).trim().is_empty()
                && adornment(at(i + 2)) == Some(*over)
                && line.text.trim_end().chars().count() >= at(i + 1).trim().chars().count()
        });
        let under = adornment(at(i + 1)).filter(|_| {
            let (text, below) = (line.text.trim_end(), at(i + 1).trim_end());
            let long = below.len() >= 4 || below.len() >= text.chars().count();
            let alone = i == 0 || at(i - 1).trim().is_empty();
            over.is_none() && line.indent() == 0 && !text.is_empty() && long && alone
        });
        let (style, text, n_lines) = match (framed, under) {
            (Some(c), _) => ((c, true), at(i + 1), 3),
            (None, Some(c)) => ((c, false), line.text, 2),
            (None, None) => {
                i += 1;
                continue;
            }
        };
        let known = styles.iter().position(|known| *known == style);
        let level = known.unwrap_or_else(|| {
            styles.push(style);
            styles.len() - 1
        });
        headings.push(Heading {
            level: u8::try_from(level + 1).unwrap_or(u8::MAX),
            text: clean_heading(text).replace("``", ""),
            start: line.start,
        });
        i += n_lines;
    }
    headings
}

/// The text with blanks in place of code, byte for byte as long.
fn without(text: &str, lines: &[Line<'_>], code: &[Range<usize>]) -> String {
    let mut readable = String::with_capacity(text.len());
    let mut blocks = code.iter().peekable();
    for (i, line) in lines.iter().enumerate() {
        while blocks.next_if(|block| block.end <= i).is_some() {}
        if i > 0 {
            readable.push('\n');
        }
        if blocks.peek().is_some_and(|block| block.contains(&i)) {
            readable.extend(std::iter::repeat_n(' ', line.text.len()));
        } else {
            readable.push_str(line.text);
        }
    }
    readable
}

/// Documents listed by a table of contents: `path` or `Title <path>`.
fn entries(
    source: &str,
    lines: &[Line<'_>],
    body: &Range<usize>,
    places: &Places<'_>,
) -> Vec<crate::model::Link> {
    let entries = lines.get(body.clone()).unwrap_or_default().iter().filter_map(|line| {
        let entry = line.text.trim();
        if entry.is_empty() || entry.starts_with(':') {
            return None;
        }
        let titled = entry.strip_suffix('>').and_then(|entry| entry.split_once('<'));
        let (anchor, path) = titled.unwrap_or((entry, entry));
        let target = super::rst_links::document(source, path)?;
        let start = line.start + line.indent();
        let span = places.span(&(start..start + entry.len()));
        Some(crate::model::Link { span, anchor: anchor.trim().to_owned(), target })
    });
    entries.collect()
}

fn figure(
    source: &str,
    lines: &[Line<'_>],
    directive: &Directive<'_>,
    places: &Places<'_>,
) -> Option<Figure> {
    let path = directive.argument;
    // A path from `/` starts at the folder of the sources.
    let target = match path.strip_prefix('/') {
        Some(path) => path.to_owned(),
        None => resolve(source, path)?,
    };
    let body = lines.get(directive.body.clone()).unwrap_or_default();
    let mut options = body.iter().take_while(|line| !line.is_blank()).peekable();
    let mut alt: Vec<&str> = Vec::new();
    while let Some(line) = options.next() {
        if let Some(words) = line.text.trim().strip_prefix(":alt:") {
            alt.push(words);
            while let Some(more) = options.next_if(|next| !next.text.trim().starts_with(':')) {
                alt.push(more.text);
            }
        }
    }
    let caption: Vec<&str> = body
        .iter()
        .skip_while(|line| !line.is_blank())
        .skip_while(|line| line.is_blank())
        .take_while(|line| !line.is_blank())
        .map(|line| line.text)
        .collect();
    let caption = clean_heading(&caption.join(" "));
    let shows_caption = directive.name == "figure" && !caption.is_empty();
    Some(Figure {
        span: places.span(&directive.head),
        target,
        alt: clean_heading(&alt.join(" ")),
        caption: shows_caption.then_some(caption),
        surrounding: surrounding(lines, directive),
    })
}

/// The paragraphs before and after a picture.
fn surrounding(lines: &[Line<'_>], directive: &Directive<'_>) -> String {
    let before: Vec<&str> = lines
        .get(..directive.body.start.saturating_sub(1))
        .unwrap_or_default()
        .iter()
        .rev()
        .skip_while(|line| line.is_blank())
        .take_while(|line| !line.is_blank())
        .map(|line| line.text)
        .collect();
    let before = before.into_iter().rev().collect::<Vec<_>>().join(" ");
    let after: Vec<&str> = lines
        .get(directive.body.end..)
        .unwrap_or_default()
        .iter()
        .skip_while(|line| line.is_blank())
        .take_while(|line| !line.is_blank())
        .map(|line| line.text)
        .collect();
    let (before, after) = (clean_heading(&before), clean_heading(&after.join(" ")));
    let skip = before.chars().count().saturating_sub(SURROUNDING_CHARS);
    let before: String = before.chars().skip(skip).collect();
    let after: String = after.chars().take(SURROUNDING_CHARS).collect();
    let parts = [before, after];
    let is_words = |part: &&String| !part.is_empty() && !part.starts_with("..");
    parts.iter().filter(is_words).map(String::as_str).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Loaded {
        RstLoader.load("docs/a.rst", text.as_bytes()).unwrap()
    }

    #[test]
    fn titles_make_sections_and_code_has_none() {
        let loaded = load(
            "=====\nGröße\n=====\n\nPump\n----\nText::\n\n   No\n   --\n\n.. code-block:: text\n\n   Not\n   ===\n\nSeal\n----\n\nRing\n~~~~\nEnd\n",
        );
        let paths: Vec<String> =
            loaded.sections.iter().map(|s| s.heading_path.join(" > ")).collect();
        assert_eq!(paths, ["Größe", "Größe > Pump", "Größe > Seal", "Größe > Seal > Ring"]);
        let joined: String =
            loaded.sections.iter().map(|s| s.span.of(&loaded.text).unwrap()).collect();
        assert_eq!(joined, loaded.text);
        assert_eq!(loaded.title.as_deref(), Some("Größe"));
    }

    #[test]
    fn a_table_is_no_title() {
        let loaded =
            load("A\n=\n\n=====  =====\nPart   No\n=====  =====\nSeal   S-1\n=====  =====\n");
        assert_eq!(loaded.sections.len(), 1);
    }

    #[test]
    fn figures_have_alt_text_caption_and_surroundings() {
        let loaded = load(
            "Before it.\n\n.. figure:: ../p/f.png\n   :width: 50%\n   :alt: Front panel,\n         closed\n\n   The panel at rest.\n\n   A legend.\n\nAfter it.\n",
        );
        let figure = &loaded.figures[0];
        assert_eq!(
            (figure.target.as_str(), figure.alt.as_str()),
            ("p/f.png", "Front panel, closed")
        );
        assert_eq!(figure.caption.as_deref(), Some("The panel at rest."));
        assert_eq!(figure.surrounding, "Before it. After it.");
        assert_eq!(figure.span.of(&loaded.text), Some(".. figure:: ../p/f.png"));
        let substituted = load("x |s| y\n\n.. |s| image\u{3a}: s.png\n");
        assert_eq!(substituted.figures[0].target, "docs/s.png");
    }

    #[test]
    fn a_table_of_contents_links_its_documents() {
        let loaded =
            load(".. toctree::\n   :maxdepth: 2\n\n   install\n   The parts <ref/parts>\n");
        let found: Vec<(&str, &str)> =
            loaded.links.iter().map(|l| (l.anchor.as_str(), l.target.as_str())).collect();
        assert_eq!(found, [("install", "docs/install.rst"), ("The parts", "docs/ref/parts.rst")]);
    }
}
