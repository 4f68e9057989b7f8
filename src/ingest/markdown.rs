//! Markdown: headings, links and pictures with their places in the original.

use super::error::LoadError;
use super::front_matter::{FrontMatter, html_images};
use super::loader::{Loader, clean_heading, clean_text};
use super::source::resolve;
use crate::model::{Figure, Link, Loaded, Section, Span};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::ops::Range;

/// Text kept from each side of a picture, in characters.
const SURROUNDING_CHARS: usize = 300;

/// Loads Markdown; spans point into the original text.
pub(super) struct MarkdownLoader;

struct Heading {
    level: HeadingLevel,
    text: String,
    start: usize,
}

#[derive(Default)]
struct Found {
    headings: Vec<Heading>,
    /// Byte range, visible text, target.
    links: Vec<(Range<usize>, String, String)>,
    figures: Vec<(Range<usize>, String, String)>,
    /// Byte ranges of paragraphs, and whether each is nothing but emphasis.
    paragraphs: Vec<(Range<usize>, bool)>,
}

impl Loader for MarkdownLoader {
    fn load(&self, source: &str, bytes: &[u8]) -> Result<Loaded, LoadError> {
        let text = clean_text(bytes);
        let front = FrontMatter::of(&text);
        let found = walk(&text, front.end);
        let places = Places::new(&text);
        let title = front.title.or_else(|| {
            found.headings.iter().find(|h| h.level == HeadingLevel::H1).map(|h| h.text.clone())
        });
        let sections = sections(&found.headings, &text, &places);
        let links = found
            .links
            .iter()
            .filter_map(|(range, anchor, target)| {
                let span = places.span(range);
                Some(Link { span, anchor: anchor.clone(), target: resolve(source, target)? })
            })
            .collect();
        let figures = found
            .figures
            .iter()
            .filter_map(|(range, alt, target)| {
                Some(Figure {
                    span: places.span(range),
                    target: resolve(source, target)?,
                    alt: alt.clone(),
                    caption: caption(&text, range, &found.paragraphs),
                    surrounding: surrounding(&text, range, &found.paragraphs),
                })
            })
            .collect();
        let language = front.language;
        Ok(Loaded { title, text, sections, links, figures, language, ..Loaded::default() })
    }
}

fn walk(text: &str, from: usize) -> Found {
    let mut found = Found::default();
    let mut heading: Option<Heading> = None;
    let mut link: Option<(Range<usize>, String, String)> = None;
    let mut figure: Option<(Range<usize>, String, String)> = None;
    // Depth of emphasis, and whether the paragraph has text outside of it.
    let (mut emphasis, mut paragraph, mut plain) = (0usize, None, false);
    let body = text.get(from..).unwrap_or_default();
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    for (event, range) in Parser::new_ext(body, options).into_offset_iter() {
        let range = range.start + from..range.end + from;
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                heading = Some(Heading { level, text: String::new(), start: range.start });
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some(mut done) = heading.take() {
                    done.text = clean_heading(&done.text);
                    found.headings.push(done);
                }
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                link = Some((range, String::new(), dest_url.into_string()));
            }
            Event::End(TagEnd::Link) => found.links.extend(link.take()),
            Event::Start(Tag::Image { dest_url, .. }) => {
                figure = Some((range, String::new(), dest_url.into_string()));
            }
            Event::End(TagEnd::Image) => {
                plain = true;
                found.figures.extend(figure.take());
            }
            Event::Start(Tag::Paragraph) => (paragraph, plain) = (Some(range), false),
            Event::End(TagEnd::Paragraph) => {
                if let Some(range) = paragraph.take() {
                    found.paragraphs.push((range, !plain));
                }
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                for (place, alt, target) in html_images(&html) {
                    let place = range.start + place.start..range.start + place.end;
                    found.figures.push((place, alt, target));
                }
            }
            Event::SoftBreak | Event::HardBreak => {
                let inside = [
                    heading.as_mut().map(|h| &mut h.text),
                    link.as_mut().map(|l| &mut l.1),
                    figure.as_mut().map(|f| &mut f.1),
                ];
                inside.into_iter().flatten().for_each(|collected| collected.push(' '));
            }
            Event::Start(Tag::Emphasis) => emphasis += 1,
            Event::End(TagEnd::Emphasis) => emphasis = emphasis.saturating_sub(1),
            Event::Text(words) | Event::Code(words) => {
                plain |= emphasis == 0 && !words.trim().is_empty();
                let inside = [
                    heading.as_mut().map(|h| &mut h.text),
                    link.as_mut().map(|l| &mut l.1),
                    figure.as_mut().map(|f| &mut f.1),
                ];
                for collected in inside.into_iter().flatten() {
                    collected.push_str(&words);
                }
            }
            _ => {}
        }
    }
    found
}

fn sections(headings: &[Heading], text: &str, places: &Places) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut path: Vec<(HeadingLevel, String)> = Vec::new();
    let first = headings.first().map_or(text.len(), |heading| heading.start);
    if first > 0 {
        sections.push(Section { heading_path: Vec::new(), span: places.span(&(0..first)) });
    }
    for (i, heading) in headings.iter().enumerate() {
        path.retain(|(level, _)| *level < heading.level);
        path.push((heading.level, heading.text.clone()));
        let end = headings.get(i + 1).map_or(text.len(), |next| next.start);
        sections.push(Section {
            heading_path: path.iter().map(|(_, text)| text.clone()).collect(),
            span: places.span(&(heading.start..end)),
        });
    }
    sections
}

/// The paragraph of emphasis alone that follows a picture, or the emphasis that
/// follows it on the next line of the same paragraph.
fn caption(
    text: &str,
    figure: &Range<usize>,
    paragraphs: &[(Range<usize>, bool)],
) -> Option<String> {
    let strip = |line: &str| {
        let line = line.trim();
        let inner = line
            .strip_prefix('*')
            .and_then(|l| l.strip_suffix('*'))
            .or_else(|| line.strip_prefix('_').and_then(|l| l.strip_suffix('_')))?;
        (!inner.is_empty()).then(|| inner.trim_matches(['*', '_']).to_owned())
    };
    let next_line = text.get(figure.end..)?.strip_prefix('\n')?.lines().next().unwrap_or_default();
    if let Some(caption) = strip(next_line) {
        return Some(caption);
    }
    let (range, _) = paragraphs.iter().find(|(range, _)| range.start >= figure.end)?;
    let between = text.get(figure.end..range.start)?;
    let emphasised = paragraphs.iter().any(|(r, emphasis)| r == range && *emphasis);
    (emphasised && between.trim().is_empty()).then(|| strip(text.get(range.clone())?)).flatten()
}

fn surrounding(text: &str, figure: &Range<usize>, paragraphs: &[(Range<usize>, bool)]) -> String {
    let before = paragraphs.iter().rev().find(|(range, _)| range.end <= figure.start);
    let after = paragraphs.iter().find(|(range, caption)| range.start >= figure.end && !caption);
    let words = |range: &Range<usize>| {
        text.get(range.clone()).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let mut parts = Vec::new();
    if let Some((range, _)) = before {
        let all = words(range);
        let skip = all.chars().count().saturating_sub(SURROUNDING_CHARS);
        parts.push(all.chars().skip(skip).collect::<String>());
    }
    if let Some((range, _)) = after {
        parts.push(words(range).chars().take(SURROUNDING_CHARS).collect());
    }
    parts.join(" ")
}

/// Byte offsets of every 64th code point, to turn bytes into code points fast.
pub(super) struct Places<'t> {
    text: &'t str,
    marks: Vec<usize>,
}

const STRIDE: usize = 64;

impl<'t> Places<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let marks = text.char_indices().map(|(i, _)| i).step_by(STRIDE).collect();
        Self { text, marks }
    }

    /// The number of code points before a byte offset.
    pub(super) fn code_point(&self, byte: usize) -> usize {
        let mark = self.marks.partition_point(|mark| *mark <= byte).saturating_sub(1);
        let start = self.marks.get(mark).copied().unwrap_or(0);
        let rest = self.text.get(start..byte).map_or(0, |part| part.chars().count());
        mark * STRIDE + rest
    }

    /// The span of a byte range.
    pub(super) fn span(&self, range: &Range<usize>) -> Span {
        Span::new(self.code_point(range.start), self.code_point(range.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Loaded {
        MarkdownLoader.load("docs/a.md", text.as_bytes()).unwrap()
    }

    #[test]
    fn sections_follow_the_headings_and_code_is_no_heading() {
        let loaded =
            load("Größe\n\n# Pump > Seal\n\ntext\n\n```\n# no\n```\n\n## Part\nx\n\n# Two\n");
        let paths: Vec<String> =
            loaded.sections.iter().map(|s| s.heading_path.join(" > ")).collect();
        assert_eq!(paths, ["", "Pump / Seal", "Pump / Seal > Part", "Two"]);
        let joined: String =
            loaded.sections.iter().map(|s| s.span.of(&loaded.text).unwrap()).collect();
        assert_eq!(joined, loaded.text);
        assert_eq!(loaded.title.as_deref(), Some("Pump / Seal"));
    }

    #[test]
    fn pictures_come_with_alt_text_caption_and_surroundings() {
        let loaded = load(
            "Before it.\n\n![Front panel](../pictures/f.png)\n\n*The panel at rest*\n\nAfter it.\n",
        );
        let figure = &loaded.figures[0];
        assert_eq!(figure.target, "pictures/f.png");
        assert_eq!(figure.alt, "Front panel");
        assert_eq!(figure.caption.as_deref(), Some("The panel at rest"));
        assert_eq!(figure.surrounding, "Before it. After it.");
    }

    #[test]
    fn a_caption_may_stand_on_the_next_line() {
        let loaded = load("![Panel](f.png)\n*At rest*\n");
        assert_eq!(loaded.figures[0].caption.as_deref(), Some("At rest"));
    }

    #[test]
    fn broken_lines_references_tables_and_html_are_read() {
        let loaded = load(
            "---\ntitle: T\nlang: de\n---\n\n[the\nguide][g]\n\n| a | b |\n|---|---|\n| [x](x.md) | ![y](y.png) |\n\n<p><img src=\"z.png\" alt=\"Z\"></p>\n\n[g]: g.md\n",
        );
        let links: Vec<(&str, &str)> =
            loaded.links.iter().map(|l| (l.anchor.as_str(), l.target.as_str())).collect();
        assert_eq!(links, [("the guide", "docs/g.md"), ("x", "docs/x.md")]);
        let figures: Vec<(&str, &str)> =
            loaded.figures.iter().map(|f| (f.alt.as_str(), f.target.as_str())).collect();
        assert_eq!(figures, [("y", "docs/y.png"), ("Z", "docs/z.png")]);
        let shown = loaded.figures[1].span.of(&loaded.text);
        assert_eq!(shown, Some("<img src=\"z.png\" alt=\"Z\">"));
        assert_eq!(loaded.language.as_deref(), Some("de"));
    }

    #[test]
    fn links_keep_their_anchor_and_place() {
        let loaded = load("---\ntitle: \"T\"\n---\nSee [the guide](guide.md#x).\n");
        assert_eq!(loaded.title.as_deref(), Some("T"));
        let link = &loaded.links[0];
        assert_eq!((link.anchor.as_str(), link.target.as_str()), ("the guide", "docs/guide.md"));
        assert_eq!(link.span.of(&loaded.text), Some("[the guide](guide.md#x)"));
    }
}
