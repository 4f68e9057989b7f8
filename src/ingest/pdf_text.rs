//! The text of a PDF page, from the places of its letters.

use super::pdf::photo;
use hayro_interpret::font::{Glyph, GlyphRun};
use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::kurbo::{Affine, BezPath, Point, Vec2};
use hayro_interpret::{
    BlendMode, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, SoftMask,
};
use std::panic::resume_unwind;

/// Letters, lines and pictures that one document may draw.
const MAX_STEPS: u64 = 50_000_000;
/// Letters are measured in thousandths of their size.
const UNITS: f64 = 1000.0;
/// A gap wider than this parts words. In letter sizes, as all that follow.
const WORD_GAP: f64 = 0.18;
/// A step across the line larger than this begins a new line.
const LINE_STEP: f64 = 0.6;
/// A step across the line larger than this begins a new paragraph.
const PARAGRAPH_STEP: f64 = 1.9;
/// A step back along the line larger than this begins a new line.
const STEP_BACK: f64 = 2.0;
/// Width of a letter whose font does not tell.
const USUAL_WIDTH: f64 = 0.5;

/// The document draws without end.
pub(super) struct TooMuch;

impl TooMuch {
    /// What was expected instead.
    pub(super) fn expected(&self) -> String {
        format!("at most {MAX_STEPS} letters, lines and pictures")
    }
}

/// Collects the text of one page after another.
#[derive(Default)]
pub(super) struct PageText {
    page: ReadPage,
    pen: Option<Pen>,
    last_run: Option<(Point, String)>,
    n_steps: u64,
}

/// What is on a page.
#[derive(Default)]
pub(super) struct ReadPage {
    /// Text with a line end after every line.
    pub(super) text: String,
    /// Object numbers of the photos that it shows.
    pub(super) pictures: Vec<u32>,
    /// Letters whose font says which they are.
    pub(super) n_known: usize,
    /// Letters whose font does not.
    pub(super) n_unknown: usize,
}

/// Where the last letter ended.
struct Pen {
    end: Point,
    /// Along the line, of length 1.
    direction: Vec2,
    /// Size of the letters.
    size: f64,
}

struct Letter {
    text: String,
    start: Point,
    end: Point,
    size: f64,
}

impl PageText {
    /// The page that was read; the next one begins.
    pub(super) fn take(&mut self) -> ReadPage {
        (self.pen, self.last_run) = (None, None);
        let mut page = std::mem::take(&mut self.page);
        page.text.truncate(page.text.trim_end().len());
        if !page.text.is_empty() {
            page.text.push('\n');
        }
        page
    }

    /// Counts what is drawn. There is no other way to end a page that draws
    /// without end than to unwind; the caller catches it.
    fn step(&mut self, n: usize) {
        self.n_steps += n as u64;
        if self.n_steps > MAX_STEPS {
            resume_unwind(Box::new(TooMuch));
        }
    }

    fn write(&mut self, letter: &Letter) {
        let text = &mut self.page.text;
        if let Some(pen) = &self.pen {
            let size = pen.size.max(letter.size);
            let step = letter.start - pen.end;
            let along = step.dot(pen.direction) / size;
            let across = step.cross(pen.direction).abs() / size;
            if across > LINE_STEP || along < -STEP_BACK {
                end_line(text, &letter.text, across > PARAGRAPH_STEP);
            } else if along > WORD_GAP && !text.ends_with(char::is_whitespace) {
                text.push(' ');
            }
        }
        for c in letter.text.chars() {
            match c {
                // A line may be broken at a soft hyphen, which is no letter.
                '\u{ad}' => {}
                c if c.is_whitespace() || c.is_control() => {
                    if !text.is_empty() && !text.ends_with(char::is_whitespace) {
                        text.push(' ');
                    }
                }
                c => text.push(c),
            }
        }
        let along = letter.end - letter.start;
        let direction = if along.hypot() > 0.0 { along.normalize() } else { Vec2::new(1.0, 0.0) };
        self.pen = Some(Pen { end: letter.end, direction, size: letter.size });
    }
}

/// Ends a line. A word that was broken at a hyphen becomes whole.
fn end_line(text: &mut String, next: &str, is_paragraph: bool) {
    text.truncate(text.trim_end().len());
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
    let goes_on = next.chars().next().is_some_and(char::is_lowercase);
    let word = text.strip_suffix(['-', '\u{2010}']);
    if !is_paragraph && goes_on && word.is_some_and(|word| is_letter(word.chars().next_back())) {
        text.pop();
        return;
    }
    if !text.is_empty() {
        text.push_str(if is_paragraph { "\n\n" } else { "\n" });
    }
}

fn letter(glyph: &Glyph<'_>, transform: Affine) -> Option<Letter> {
    let text = match glyph.as_unicode()? {
        BfString::Char(c) => c.to_string(),
        BfString::String(text) => text,
    };
    let width = match glyph {
        Glyph::Outline(outline) => outline.advance_width(),
        Glyph::Type3(drawn) => drawn.advance_width(),
    };
    let width = width.map_or(USUAL_WIDTH * UNITS, f64::from);
    let start = transform * Point::ZERO;
    let end = transform * Point::new(width, 0.0);
    let size = (transform * Point::new(0.0, UNITS) - start).hypot();
    let is_sound = start.is_finite() && end.is_finite() && size.is_finite() && size > 0.0;
    is_sound.then_some(Letter { text, start, end, size })
}

impl<'a> Device<'a> for PageText {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, _: &DrawMode) {
        self.step(run.glyphs().len());
        let (mut letters, mut n_unknown) = (Vec::new(), 0);
        for glyph in run.glyphs() {
            match letter(glyph, props.transform * glyph.transform()) {
                Some(letter) => letters.push(letter),
                None => n_unknown += 1,
            }
        }
        let words: String = letters.iter().map(|letter| letter.text.as_str()).collect();
        if let Some(first) = letters.first() {
            // Bold may be drawn twice in almost the same place, and so is text that
            // is filled and outlined.
            let again = self.last_run.as_ref().is_some_and(|(start, before)| {
                *before == words && start.distance(first.start) < 0.1 * first.size
            });
            if again {
                return;
            }
            self.last_run = Some((first.start, words));
        }
        self.page.n_known += letters.len();
        self.page.n_unknown += n_unknown;
        letters.iter().for_each(|letter| self.write(letter));
    }

    fn draw_image(&mut self, image: Image<'a, '_>, _: ImageDrawProps<'a>) {
        self.step(1);
        if let Image::Raster(image) = &image {
            self.page.pictures.extend(photo(image.stream()));
        }
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {
        self.step(1);
    }

    fn push_clip_path(&mut self, _: &ClipPath) {
        self.step(1);
    }

    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {
        self.step(1);
    }

    fn pop_clip(&mut self) {}

    fn pop_transparency_group(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(letters: &[(&str, f64, f64)]) -> String {
        let mut page = PageText::default();
        for (text, x, y) in letters {
            let start = Point::new(*x, *y);
            let end = Point::new(x + 6.0 * text.chars().count() as f64, *y);
            page.write(&Letter { text: (*text).to_owned(), start, end, size: 10.0 });
        }
        page.take().text
    }

    #[test]
    fn places_make_words_lines_and_paragraphs() {
        assert_eq!(written(&[("He", 0.0, 0.0), ("llo", 12.5, 0.0)]), "Hello\n");
        assert_eq!(written(&[("one", 0.0, 0.0), ("two", 22.0, 0.0)]), "one two\n");
        assert_eq!(written(&[("one", 0.0, 40.0), ("two", 0.0, 28.0)]), "one\ntwo\n");
        assert_eq!(written(&[("one", 0.0, 60.0), ("two", 0.0, 28.0)]), "one\n\ntwo\n");
        assert_eq!(written(&[("x", 0.0, 0.0), ("2", 6.0, 4.0)]), "x2\n");
    }

    #[test]
    fn a_word_broken_at_a_hyphen_becomes_whole() {
        assert_eq!(written(&[("pres-", 0.0, 12.0), ("sure", 0.0, 0.0)]), "pressure\n");
        assert_eq!(written(&[("HX-", 0.0, 12.0), ("200", 0.0, 0.0)]), "HX-\n200\n");
    }
}
