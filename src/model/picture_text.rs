//! Text that stands in a picture.

use super::{Region, Span};
use serde::{Deserialize, Serialize};

/// The text of a picture, its lines in reading order: rows from top to bottom,
/// each from left to right.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PictureText {
    /// The lines.
    pub lines: Vec<TextLine>,
}

/// Words that stand together in a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextLine {
    /// What was read, without spaces at either end; never empty.
    pub text: String,
    /// How sure the reader is, in `0..=1`: the mean over the characters.
    pub confidence: f32,
    /// Where it stands.
    pub region: Region,
}

/// A line of a picture in the text of the fragment that is the picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlacedLine {
    /// Where the line stands in the fragment's text.
    pub span: Span,
    /// The line.
    pub line: TextLine,
}

impl PictureText {
    /// Appends the lines of at least `min_confidence` to `text` and says where each
    /// one stands. What stands in one row of the picture is put on one line, as a
    /// label and its value belong together.
    pub fn append_to(&self, text: &mut String, min_confidence: f32) -> Vec<PlacedLine> {
        let mut n_characters = text.chars().count();
        let mut placed: Vec<PlacedLine> = Vec::new();
        for line in self.lines.iter().filter(|line| line.confidence >= min_confidence) {
            let beside = placed.last().is_some_and(|last| in_one_row(&last.line, line));
            text.push(if beside { ' ' } else { '\n' });
            text.push_str(&line.text);
            let start = n_characters + 1;
            n_characters = start + line.text.chars().count();
            placed.push(PlacedLine { span: Span::new(start, n_characters), line: line.clone() });
        }
        placed
    }
}

/// Whether `next` stands to the right of `last`, and they share half of the lower
/// one's height.
fn in_one_row(last: &TextLine, next: &TextLine) -> bool {
    let (a, b) = (last.region, next.region);
    let top = a.y().max(b.y());
    let bottom = (a.y() + a.height()).min(b.y() + b.height());
    let shared = bottom.saturating_sub(top);
    b.x() > a.x() && 2 * shared >= a.height().min(b.height())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, confidence: f32, x: u32, y: u32) -> TextLine {
        let region = Region::new(x, y, 40, 10).unwrap();
        TextLine { text: text.to_owned(), confidence, region }
    }

    #[test]
    fn spans_point_at_the_lines_and_a_row_is_one_line() {
        let read = PictureText {
            lines: vec![
                line("Überdruck", 0.9, 0, 0),
                line("12 bar", 0.95, 50, 3),
                line("smudge", 0.3, 0, 20),
                line("E05", 0.99, 0, 40),
            ],
        };
        let mut text = "screen é".to_owned();
        let placed = read.append_to(&mut text, 0.5);
        assert_eq!(text, "screen é\nÜberdruck 12 bar\nE05");
        let characters: Vec<char> = text.chars().collect();
        for placed in &placed {
            let (start, end) = (placed.span.start(), placed.span.end());
            let under: String = characters[start..end].iter().collect();
            assert_eq!(under, placed.line.text);
        }
        assert_eq!(placed.len(), 3);
    }
}
