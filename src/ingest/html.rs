//! HTML: main content as text, with headings, tables, links and pictures.

use super::error::LoadError;
use super::loader::{Loader, clean_heading, clean_text};
use super::outline::{Heading, sections};
use super::source::resolve;
use crate::model::{Figure, Link, Loaded, Span};
use scraper::node::Node;
use scraper::{ElementRef, Html, Selector};

/// Elements whose content is no part of the document's text.
const SKIPPED: [&str; 8] =
    ["script", "style", "nav", "header", "footer", "noscript", "template", "svg"];
/// Deepest nesting of elements, the same that browsers allow.
const MAX_DEPTH: usize = 512;
/// Elements that begin and end a line.
const BLOCKS: [&str; 22] = [
    "p",
    "div",
    "section",
    "article",
    "main",
    "ul",
    "ol",
    "li",
    "table",
    "tr",
    "figure",
    "figcaption",
    "blockquote",
    "pre",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "dl",
    "dt",
];

/// Loads HTML; spans point into the extracted text.
pub(super) struct HtmlLoader;

impl Loader for HtmlLoader {
    fn load(&self, source: &str, bytes: &[u8]) -> Result<Loaded, LoadError> {
        let page = Html::parse_document(&clean_text(bytes));
        let first = |selector: &str| {
            Selector::parse(selector).ok().and_then(|selector| page.select(&selector).next())
        };
        let root = first("main").or_else(|| first("article")).or_else(|| first("body"));
        let mut writer = Writer { source, ..Writer::default() };
        if let Some(root) = root {
            writer.element(root, 0);
        }
        if writer.too_deep {
            return Err(LoadError::Limit {
                source_path: source.to_owned(),
                kind: "HTML document",
                expected: format!("elements nested at most {MAX_DEPTH} deep"),
                found: "deeper ones".to_owned(),
            });
        }
        let words = |element: ElementRef<'_>| clean_heading(&element.text().collect::<String>());
        let title = first("title").or_else(|| first("h1")).map(words).filter(|t| !t.is_empty());
        let language = first("html").and_then(|html| html.attr("lang").map(str::to_owned));
        Ok(writer.finish(title, language))
    }
}

#[derive(Default)]
struct Writer<'s> {
    source: &'s str,
    text: String,
    n_chars: usize,
    headings: Vec<Heading>,
    links: Vec<Link>,
    figures: Vec<Figure>,
    preformatted: bool,
    too_deep: bool,
}

impl Writer<'_> {
    fn push(&mut self, text: &str) {
        self.n_chars += text.chars().count();
        self.text.push_str(text);
    }

    fn break_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.push("\n");
        }
    }

    fn words(&mut self, text: &str) {
        if self.preformatted {
            self.push(text);
            return;
        }
        let begins_apart = text.starts_with(char::is_whitespace);
        if begins_apart && !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
            self.push(" ");
        }
        let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.push(&joined);
        if !joined.is_empty() && text.ends_with(char::is_whitespace) {
            self.push(" ");
        }
    }

    fn element(&mut self, element: ElementRef<'_>, depth: usize) {
        let name = element.value().name();
        if SKIPPED.contains(&name) {
            return;
        }
        if depth > MAX_DEPTH {
            self.too_deep = true;
            return;
        }
        let block = BLOCKS.contains(&name);
        if block {
            self.break_line();
        }
        match name {
            "br" => self.push("\n"),
            "li" => self.push("- "),
            "td" | "th" if !self.text.ends_with('\n') && !self.text.is_empty() => self.push(" | "),
            "img" => self.picture(element),
            _ => {}
        }
        let start = self.n_chars;
        let was_preformatted = self.preformatted;
        self.preformatted |= name == "pre";
        for child in element.children() {
            match child.value() {
                Node::Text(text) => self.words(text),
                Node::Element(_) => {
                    if let Some(child) = ElementRef::wrap(child) {
                        self.element(child, depth + 1);
                    }
                }
                _ => {}
            }
        }
        self.preformatted = was_preformatted;
        let level = name.strip_prefix('h').and_then(|n| n.parse().ok());
        if let Some(level) = level.filter(|level| (1..=6).contains(level)) {
            let heading = clean_heading(&element.text().collect::<String>());
            self.headings.push(Heading { level, text: heading, start });
        }
        if name == "a"
            && let Some(target) = element.attr("href").and_then(|href| resolve(self.source, href))
        {
            let anchor = clean_heading(&element.text().collect::<String>());
            self.links.push(Link { span: Span::new(start, self.n_chars), anchor, target });
        }
        if block {
            self.break_line();
        }
    }

    fn picture(&mut self, image: ElementRef<'_>) {
        let Some(target) = image.attr("src").and_then(|src| resolve(self.source, src)) else {
            return;
        };
        let figure = image
            .ancestors()
            .filter_map(ElementRef::wrap)
            .find(|parent| parent.value().name() == "figure");
        let caption = figure.and_then(|figure| {
            let selector = Selector::parse("figcaption").ok()?;
            let caption = figure.select(&selector).next()?;
            Some(clean_heading(&caption.text().collect::<String>()))
        });
        let outer = figure.unwrap_or(image);
        let neighbours = [
            outer.prev_siblings().find_map(ElementRef::wrap),
            outer.next_siblings().find_map(ElementRef::wrap),
        ];
        let surrounding: Vec<String> = neighbours
            .into_iter()
            .flatten()
            .map(|near| clean_heading(&near.text().collect::<String>()).chars().take(300).collect())
            .collect();
        self.figures.push(Figure {
            span: Span::new(self.n_chars, self.n_chars),
            target,
            alt: image.attr("alt").unwrap_or_default().to_owned(),
            caption,
            surrounding: surrounding.join(" "),
        });
    }

    fn finish(self, title: Option<String>, language: Option<String>) -> Loaded {
        let sections = sections(&self.headings, self.n_chars);
        let Self { text, links, figures, .. } = self;
        Loaded { title, language, text, sections, links, figures, ..Loaded::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn main_content_tables_links_and_figures_are_taken() {
        let page = "<!doctype html><html lang=en><title>Guide</title><body><nav>menu</nav><main>\
            <h1>Guide</h1><p>See <a href='b.html#x'>this page</a>.</p>\
            <table><tr><th>Part</th><th>No</th></tr><tr><td>Seal</td><td>S-1</td></tr></table>\
            <h2>Wiring</h2><figure><img src='../p/w.png' alt='Plan'><figcaption>The plan</figcaption></figure>\
            <script>x()</script></main></body></html>";
        let loaded = HtmlLoader.load("docs/a.html", page.as_bytes()).unwrap();
        assert_eq!(loaded.text, "Guide\nSee this page.\nPart | No\nSeal | S-1\nWiring\nThe plan\n");
        assert_eq!(loaded.sections[1].heading_path, ["Guide", "Wiring"]);
        assert_eq!(loaded.sections[1].span.of(&loaded.text), Some("Wiring\nThe plan\n"));
        assert_eq!(loaded.links[0].span.of(&loaded.text), Some("this page"));
        assert_eq!(loaded.figures[0].target, "p/w.png");
        assert_eq!(loaded.figures[0].caption.as_deref(), Some("The plan"));
        assert_eq!(loaded.language.as_deref(), Some("en"));
    }
}
