//! Citation marks in a model's output: `[1]`, `[1][2]`, `[1, 2]`, `[1-3]`,
//! `[^1]`, `【1】`, `[Evidence 1]`.

use regex::Regex;
use std::sync::LazyLock;

/// Most numbers that one range may name; longer ones are no citations.
const LONGEST_RANGE: usize = 20;

/// Text without its marks, and where they stood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unmarked {
    pub(super) text: String,
    /// Byte in `text` at which a mark stood, and the number it named.
    pub(super) marks: Vec<(usize, usize)>,
}

static MARK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)[ \t]*(?:\[\^?(?:evidence |source )?#?(\d+(?:\s*(?:,|;|-|–|—|and|&)\s*\^?\d+)*)\]|【(?:evidence )?(\d+(?:\s*(?:,|-|–)\s*\d+)*)(?:†[^】]*)?】)",
    )
    .expect("constant pattern")
});
static RANGE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(\d+)(?:\s*[-–—]\s*(\d+))?").expect("constant pattern"));

/// Takes the marks out. What stands in code (between backticks) or is the text
/// of a Markdown link stays.
pub(super) fn take_marks(text: &str) -> Unmarked {
    let code = code_ranges(text);
    let mut unmarked = Unmarked::default();
    let mut kept = 0;
    for found in MARK.captures_iter(text) {
        let Some(whole) = found.get(0) else { continue };
        let in_code =
            code.iter().any(|(start, end)| *start <= whole.start() && whole.start() < *end);
        let is_link = text.get(whole.end()..).is_some_and(|rest| rest.starts_with('('));
        let Some(numbers) = found.get(1).or(found.get(2)) else { continue };
        if in_code || is_link {
            continue;
        }
        unmarked.text.push_str(text.get(kept..whole.start()).unwrap_or_default());
        let place = unmarked.text.len();
        unmarked.marks.extend(expand(numbers.as_str()).into_iter().map(|n| (place, n)));
        kept = whole.end();
        // "Done. [1]Then" must not become one word.
        if text.get(kept..).is_some_and(|rest| rest.starts_with(char::is_alphanumeric)) {
            unmarked.text.push(' ');
        }
    }
    unmarked.text.push_str(text.get(kept..).unwrap_or_default());
    unmarked
}

fn expand(numbers: &str) -> Vec<usize> {
    let mut found = Vec::new();
    for range in RANGE.captures_iter(numbers) {
        let number = |i| range.get(i).and_then(|m| m.as_str().parse::<usize>().ok());
        match (number(1), number(2)) {
            (Some(first), Some(last)) if first <= last && last - first < LONGEST_RANGE => {
                found.extend(first..=last);
            }
            (first, last) => found.extend(first.into_iter().chain(last)),
        }
    }
    found
}

/// Byte ranges between backticks: fences first, then spans within a line.
pub(super) fn code_ranges(text: &str) -> Vec<(usize, usize)> {
    let mut ranges = Vec::new();
    let mut rest = 0;
    while let Some(open) = text.get(rest..).and_then(|t| t.find('`')).map(|i| i + rest) {
        let fence: String =
            text.get(open..).unwrap_or_default().chars().take_while(|c| *c == '`').collect();
        let body = open + fence.len();
        let Some(close) = text.get(body..).and_then(|t| t.find(&fence)).map(|i| i + body) else {
            rest = body;
            continue;
        };
        let spans_lines = text.get(body..close).is_some_and(|code| code.contains("\n\n"));
        if fence.len() < 3 && spans_lines {
            rest = body;
            continue;
        }
        ranges.push((open, close + fence.len()));
        rest = close + fence.len();
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str, numbers: &[usize]) {
        let unmarked = take_marks(text);
        let found: Vec<usize> = unmarked.marks.iter().map(|(_, n)| *n).collect();
        assert_eq!((unmarked.text.as_str(), found.as_slice()), (expected, numbers), "{text}");
    }

    #[test]
    fn every_form_of_mark_is_read() {
        check("Hold it [1].", "Hold it.", &[1]);
        check("Hold it.[1][2]", "Hold it.", &[1, 2]);
        check("Hold it [1, 2] now", "Hold it now", &[1, 2]);
        check("Hold it [1-3], [5–6].", "Hold it,.", &[1, 2, 3, 5, 6]);
        check("Hold it [^1] and 【2】 or 【3†manual】", "Hold it and or", &[1, 2, 3]);
        check("Hold it [Evidence 4].", "Hold it.", &[4]);
        check("Hold it [1 and 2].", "Hold it.", &[1, 2]);
        check("[1] Hold it", " Hold it", &[1]);
        check("Hold it.[1]Wait.", "Hold it. Wait.", &[1]);
    }

    #[test]
    fn code_and_links_are_no_marks() {
        check("Use `list[1]` here [2].", "Use `list[1]` here.", &[2]);
        check("See [1](a.md).", "See [1](a.md).", &[]);
        check("```\na[0]\n```\nEnd [3]", "```\na[0]\n```\nEnd", &[3]);
        check("[note] and [a1]", "[note] and [a1]", &[]);
    }

    #[test]
    fn endless_ranges_name_only_their_ends() {
        check("It [1-99999].", "It.", &[1, 99_999]);
    }
}
