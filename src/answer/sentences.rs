//! Sentences of running text and of model output.

use super::citation_marks::code_ranges;
use super::words::is_stop_word;
use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;
use unicode_segmentation::UnicodeSegmentation;

/// Short forms whose point does not end a sentence.
const ABBREVIATIONS: &[&str] = &[
    "e.g.", "i.e.", "cf.", "vs.", "approx.", "dr.", "mr.", "mrs.", "ms.", "prof.", "st.", "fig.",
    "figs.", "no.", "nos.", "ref.", "sec.", "ch.", "p.", "pp.", "vol.", "ed.", "inc.", "ltd.",
    "co.", "corp.", "max.", "min.", "temp.", "jr.", "sr.", "u.s.", "u.k.", "gen.", "col.", "lt.",
    "rev.", "z.b.", "bzw.", "ca.", "nr.", "tab.", "art.", "dept.", "est.", "ver.", "incl.",
    "excl.", "tel.",
];

static LIST_MARKER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:>\s*)*(?:[-*+•‣◦]\s+(?:\[[ xX]\]\s+)?|\(?\d{1,3}[.)]\s+|[a-zA-Z][.)]\s+)")
        .expect("constant pattern")
});
static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?:https?|ftp)://\S+|\bwww\.\S+").expect("constant pattern"));

/// Bytes taken by the marker of a list item at the beginning of a line.
pub(super) fn list_marker_len(line: &str) -> usize {
    LIST_MARKER.find(line).map_or(0, |found| found.end())
}

/// Sentences of a paragraph as byte ranges without the blanks around them. Single
/// line ends count as blanks; code and addresses are not cut.
pub(super) fn sentence_ranges(paragraph: &str) -> Vec<Range<usize>> {
    let masked = mask(paragraph);
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut open: Option<usize> = None;
    for (start, piece) in masked.split_sentence_bound_indices() {
        let begin = open.unwrap_or(start);
        let end = start + piece.len();
        let so_far = masked.get(begin..end).unwrap_or_default();
        let rest = masked.get(end..).unwrap_or_default();
        if goes_on(so_far, rest) {
            open = Some(begin);
        } else {
            open = None;
            ranges.extend(trimmed(paragraph, begin..end));
        }
    }
    if let Some(begin) = open {
        ranges.extend(trimmed(paragraph, begin..paragraph.len()));
    }
    ranges
}

/// The range without the blanks at its ends; `None` when nothing is left.
pub(super) fn trimmed(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let inner = text.get(range.clone())?;
    let start = range.start + (inner.len() - inner.trim_start().len());
    let end = start + inner.trim().len();
    (start < end).then_some(start..end)
}

/// Whether the cut after `so_far` is none: an abbreviation, an initial, or a
/// small letter follows.
fn goes_on(so_far: &str, rest: &str) -> bool {
    let head = so_far.trim_end();
    if rest.trim().is_empty() || !head.ends_with('.') {
        return false;
    }
    let last = head.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or(head);
    let last = last.to_lowercase();
    let mut letters = last.chars();
    let initial = matches!((letters.next(), letters.next(), letters.next()), (Some(c), Some('.'), None) if c.is_alphabetic());
    // "J. Smith", but not "option A. Then".
    let next_word = rest.split_whitespace().next().unwrap_or_default();
    let initial = initial && !is_stop_word(next_word);
    let next_small = rest.trim_start().chars().next().is_some_and(char::is_lowercase);
    initial || next_small || ABBREVIATIONS.contains(&last.as_str())
}

/// The same number of bytes, with code and addresses made opaque and line ends
/// made blanks, so that segmentation sees neither.
fn mask(text: &str) -> String {
    let mut masked = text.replace(['\n', '\r', '\t'], " ").into_bytes();
    let hidden = code_ranges(text).into_iter().chain(ADDRESS.find_iter(text).map(|found| {
        let address = found.as_str().trim_end_matches(['.', ',', ';', ':', ')', '!', '?']);
        (found.start(), found.start() + address.len())
    }));
    for (start, end) in hidden {
        if let Some(bytes) = masked.get_mut(start..end) {
            bytes.fill(b'x');
        }
    }
    // Whole characters are replaced by letters, so this never fails; the text
    // itself would be a usable answer if it did.
    String::from_utf8(masked).unwrap_or_else(|_| text.to_owned())
}

/// Sentences of a model's output: list items and lines of a table or of code
/// stand for themselves, other lines are joined to paragraphs.
pub(super) fn output_ranges(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut paragraph: Option<Range<usize>> = None;
    let code = code_ranges(text);
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let fenced = code.iter().any(|(s, e)| {
            *s < at && start < *e && text.get(*s..*e).is_some_and(|c| c.starts_with("```"))
        });
        let marker = list_marker_len(line);
        let stands_alone = line.trim_start().starts_with(['#', '|']) || fenced;
        let begins_anew = line.trim().is_empty() || marker > 0 || stands_alone;
        if begins_anew {
            flush(text, &mut ranges, &mut paragraph);
        }
        if fenced || line.trim().is_empty() {
            continue;
        }
        let begin = start + marker;
        paragraph = Some(paragraph.map_or(begin, |open| open.start)..at);
        if stands_alone {
            flush(text, &mut ranges, &mut paragraph);
        }
    }
    flush(text, &mut ranges, &mut paragraph);
    ranges
}

fn flush(text: &str, ranges: &mut Vec<Range<usize>>, paragraph: &mut Option<Range<usize>>) {
    let Some(open) = paragraph.take() else { return };
    let body = text.get(open.clone()).unwrap_or_default();
    ranges.extend(
        sentence_ranges(body).into_iter().map(|r| r.start + open.start..r.end + open.start),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = sentence_ranges(text).into_iter().map(|r| &text[r]).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn abbreviations_decimals_and_code_do_not_end_a_sentence() {
        check("It weighs 3.5 kg. Lift it.", &["It weighs 3.5 kg.", "Lift it."]);
        check("Use oil, e.g. Brand X. Then stop.", &["Use oil, e.g. Brand X.", "Then stop."]);
        check("See Fig. 3 by J. Smith. Done.", &["See Fig. 3 by J. Smith.", "Done."]);
        check("Run `a. B` now. Then `c`.", &["Run `a. B` now.", "Then `c`."]);
        check("See https://a.b/C. Then go.", &["See https://a.b/C.", "Then go."]);
        check("Is it on? Yes! Good", &["Is it on?", "Yes!", "Good"]);
    }

    #[test]
    fn a_wrapped_line_does_not_end_a_sentence() {
        check("Hold the\nbutton. Let go.", &["Hold the\nbutton.", "Let go."]);
    }

    #[test]
    fn list_items_of_an_output_are_sentences_of_their_own() {
        let text =
            "To reset:\n1. Open the lid\n2. Press it. Wait.\n\nDone.\n```\ncode. Here\n```\n";
        let found: Vec<&str> = output_ranges(text).into_iter().map(|r| &text[r]).collect();
        assert_eq!(found, ["To reset:", "Open the lid", "Press it.", "Wait.", "Done."]);
    }

    proptest! {
        #[test]
        fn ranges_are_ascending_and_cut_between_characters(text in "\\PC{0,80}") {
            let mut last = 0;
            for range in sentence_ranges(&text).into_iter().chain(std::iter::empty()) {
                prop_assert!(last <= range.start && text.get(range.clone()).is_some());
                last = range.end;
            }
        }
    }
}
