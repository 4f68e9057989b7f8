//! The text of a Word document with its headings, lists, tables, links and
//! pictures.

use super::docx::{Style, Xml, attribute};
use super::loader::clean_heading;
use super::outline::{Heading, sections};
use crate::model::{Figure, Link, Loaded, Span};
use quick_xml::events::BytesStart;
use std::collections::HashMap;

/// Text kept from each side of a picture, in characters.
const SURROUNDING_CHARS: usize = 300;

/// Writes the text while the pieces of the main part go by.
pub(super) struct Body<'s> {
    styles: &'s HashMap<String, Style>,
    targets: &'s HashMap<String, String>,
    text: String,
    n_chars: usize,
    title: Option<String>,
    headings: Vec<Heading>,
    links: Vec<Link>,
    /// Pictures with the byte at which they stand.
    figures: Vec<(Figure, usize)>,
    paragraphs: Vec<Paragraph>,
    /// Open links of elements and of fields.
    open_links: Vec<OpenLink>,
    fields: Vec<Field>,
    picture: Option<Figure>,
    n_tables: usize,
    first_cell: bool,
    empty_cell: bool,
    /// Depth inside of elements that repeat what was said, or that are no text.
    n_skipped: usize,
    in_run: bool,
    in_text: bool,
    in_instruction: bool,
}

#[derive(Default)]
struct Paragraph {
    style: Style,
    start: usize,
    start_byte: usize,
}

struct OpenLink {
    start: usize,
    start_byte: usize,
    target: Option<String>,
}

#[derive(Default)]
struct Field {
    instruction: String,
    /// Whether its visible result has begun, which is an open link then.
    shown: bool,
}

impl<'s> Body<'s> {
    pub(super) fn new(
        styles: &'s HashMap<String, Style>,
        targets: &'s HashMap<String, String>,
    ) -> Self {
        Self {
            styles,
            targets,
            text: String::new(),
            n_chars: 0,
            title: None,
            headings: Vec::new(),
            links: Vec::new(),
            figures: Vec::new(),
            paragraphs: Vec::new(),
            open_links: Vec::new(),
            fields: Vec::new(),
            picture: None,
            n_tables: 0,
            first_cell: true,
            empty_cell: true,
            n_skipped: 0,
            in_run: false,
            in_text: false,
            in_instruction: false,
        }
    }

    /// Takes the next piece of the main part.
    pub(super) fn take(&mut self, piece: &Xml<'_>) {
        match piece {
            Xml::Start(element) => {
                let name = element.local_name();
                if self.n_skipped > 0 || name.as_ref() == "Fallback" {
                    self.n_skipped += 1;
                } else {
                    self.start(name.as_ref(), element);
                }
            }
            Xml::End(_) if self.n_skipped > 0 => self.n_skipped -= 1,
            Xml::End(name) => self.end(name),
            Xml::Text(words) if self.n_skipped == 0 => {
                if self.in_text {
                    self.push(&words.replace(['\n', '\r'], " "));
                } else if let (true, Some(field)) = (self.in_instruction, self.fields.last_mut()) {
                    field.instruction.push_str(words);
                }
            }
            Xml::Text(_) => {}
        }
    }

    fn start(&mut self, name: &str, element: &BytesStart<'_>) {
        match name {
            "tbl" => self.n_tables += 1,
            "tr" if self.n_tables == 1 => {
                self.break_line();
                self.first_cell = true;
            }
            "tc" if self.n_tables == 1 => {
                if !self.first_cell {
                    self.push(" | ");
                }
                (self.first_cell, self.empty_cell) = (false, true);
            }
            "p" => self.begin_paragraph(),
            "pStyle" => {
                let style = attribute(element, "val").and_then(|id| self.styles.get(&id).copied());
                self.set_style(style.unwrap_or_default());
            }
            "outlineLvl" => {
                let level = attribute(element, "val").and_then(|level| level.parse::<u8>().ok());
                let paragraph = self.paragraphs.last_mut();
                if let (Some(level), Some(paragraph)) = (level.filter(|l| *l < 9), paragraph) {
                    paragraph.style.level = paragraph.style.level.or(Some(level + 1));
                }
            }
            "numPr" => {
                let style = self.paragraphs.last().map(|paragraph| paragraph.style);
                self.set_style(Style { is_list: true, ..style.unwrap_or_default() });
            }
            "r" => self.in_run = true,
            "t" => self.in_text = true,
            "instrText" => self.in_instruction = true,
            "tab" if self.in_run => self.push(" "),
            "br" | "cr" if self.in_run => {
                let line_end = if self.n_tables > 0 { " " } else { "\n" };
                self.push(line_end);
            }
            "noBreakHyphen" if self.in_run => self.push("-"),
            "fldChar" => self.field(attribute(element, "fldCharType").as_deref()),
            "hyperlink" => {
                let target = attribute(element, "id").and_then(|id| self.targets.get(&id).cloned());
                self.open_link(target);
            }
            "drawing" | "pict" => self.picture = Some(no_picture(self.n_chars)),
            "docPr" | "shape" => {
                let words = ["descr", "alt", "title"];
                let words = words.iter().find_map(|name| attribute(element, name));
                if let (Some(words), Some(picture)) = (words, self.picture.as_mut()) {
                    picture.alt = clean_heading(&words);
                }
            }
            "blip" | "imagedata" => {
                let names = ["embed", "link", "id"];
                let id = names.iter().find_map(|name| attribute(element, name));
                let target = id.and_then(|id| self.targets.get(&id).cloned());
                if let (Some(target), Some(picture)) = (target, self.picture.as_mut()) {
                    picture.target = target;
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "tbl" => self.n_tables = self.n_tables.saturating_sub(1),
            "tr" if self.n_tables == 1 => self.break_line(),
            "p" => self.end_paragraph(),
            "r" => self.in_run = false,
            "t" => self.in_text = false,
            "instrText" => self.in_instruction = false,
            "hyperlink" => self.close_link(),
            "drawing" | "pict" => {
                let byte = self.text.len();
                let picture = self.picture.take().filter(|picture| !picture.target.is_empty());
                self.figures.extend(picture.map(|picture| (picture, byte)));
            }
            _ => {}
        }
    }

    fn push(&mut self, text: &str) {
        self.n_chars += text.chars().count();
        self.text.push_str(text);
    }

    fn break_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.push("\n");
        }
    }

    fn begin_paragraph(&mut self) {
        if self.n_tables == 0 {
            self.break_line();
        } else if !self.empty_cell {
            self.push(" ");
        }
        let (start, start_byte) = (self.n_chars, self.text.len());
        self.paragraphs.push(Paragraph { style: Style::default(), start, start_byte });
    }

    /// Gives the paragraph its style, and an entry of a list its mark.
    fn set_style(&mut self, style: Style) {
        let Some(paragraph) = self.paragraphs.last_mut() else { return };
        let is_entry = style.is_list && style.level.is_none() && !paragraph.style.is_list;
        paragraph.style = style;
        if is_entry && self.n_tables == 0 && paragraph.start == self.n_chars {
            self.push("- ");
        }
    }

    fn end_paragraph(&mut self) {
        let Some(Paragraph { style, start, start_byte }) = self.paragraphs.pop() else { return };
        let words = clean_heading(self.text.get(start_byte..).unwrap_or_default());
        self.empty_cell &= words.is_empty();
        if self.n_tables > 0 {
            return;
        }
        if !words.is_empty() {
            if let Some(level) = style.level {
                if level == 0 && self.title.is_none() {
                    self.title = Some(words.clone());
                }
                self.headings.push(Heading { level, text: words.clone(), start });
            }
            if style.is_caption
                && let Some((figure, byte)) = self.figures.last_mut()
                && figure.caption.is_none()
                && self.text.get(*byte..start_byte).is_some_and(|between| between.trim().is_empty())
            {
                figure.caption = Some(words);
            }
        }
        self.break_line();
    }

    fn open_link(&mut self, target: Option<String>) {
        let (start, start_byte) = (self.n_chars, self.text.len());
        self.open_links.push(OpenLink { start, start_byte, target });
    }

    fn close_link(&mut self) {
        let Some(OpenLink { start, start_byte, target }) = self.open_links.pop() else { return };
        if let Some(target) = target {
            let anchor = clean_heading(self.text.get(start_byte..).unwrap_or_default());
            self.links.push(Link { span: Span::new(start, self.n_chars), anchor, target });
        }
    }

    /// Fields are written as instruction and result: `HYPERLINK "address"`.
    fn field(&mut self, mark: Option<&str>) {
        match mark {
            Some("begin") => self.fields.push(Field::default()),
            Some("separate") => {
                let Some(field) = self.fields.last_mut() else { return };
                field.shown = true;
                let instruction = field.instruction.trim();
                let address = instruction
                    .strip_prefix("HYPERLINK")
                    .and_then(|rest| rest.trim_start().strip_prefix('"'))
                    .and_then(|rest| rest.split('"').next())
                    .filter(|address| address.contains("://"))
                    .map(str::to_owned);
                self.open_link(address);
            }
            Some("end") => {
                let was_shown = self.fields.pop().is_some_and(|field| field.shown);
                if was_shown {
                    self.close_link();
                }
            }
            _ => {}
        }
    }

    /// What was written.
    pub(super) fn finish(self) -> Loaded {
        let Self { text, n_chars, title, headings, links, figures, .. } = self;
        let first = headings.iter().find(|heading| heading.level <= 1);
        let title = title.or_else(|| first.map(|heading| heading.text.clone()));
        let figures = figures
            .into_iter()
            .map(|(figure, byte)| {
                let caption = figure.caption.as_deref().unwrap_or_default();
                Figure { surrounding: surrounding(&text, byte, caption), ..figure }
            })
            .collect();
        let sections = sections(&headings, n_chars);
        Loaded { title, text, sections, links, figures, ..Loaded::default() }
    }
}

fn no_picture(at: usize) -> Figure {
    Figure {
        span: Span::new(at, at),
        target: String::new(),
        alt: String::new(),
        caption: None,
        surrounding: String::new(),
    }
}

/// The last line before a place and the first one after it, without the caption.
fn surrounding(text: &str, byte: usize, caption: &str) -> String {
    let is_words = |line: &&str| !line.trim().is_empty() && *line != caption;
    let before = text.get(..byte).unwrap_or_default().lines().rev().find(is_words);
    let after = text.get(byte..).unwrap_or_default().lines().find(is_words);
    let cut = |line: &str| line.chars().take(SURROUNDING_CHARS).collect::<String>();
    before.into_iter().chain(after).map(cut).collect::<Vec<_>>().join(" ")
}
