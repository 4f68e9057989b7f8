//! What of a text are sentences, lists of keys and values, and tables.

use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;
use unicode_segmentation::UnicodeSegmentation;

/// A key has at most this many words; what is longer is a clause.
const MAX_KEY_WORDS: usize = 5;
/// A value with more words, or one with more than [`MAX_SENTENCE_VALUE_WORDS`] and a full
/// stop, is a sentence.
const MAX_VALUE_WORDS: usize = 12;
const MAX_SENTENCE_VALUE_WORDS: usize = 5;

/// Keys that announce a sentence rather than name a property.
const NO_KEYS: &[&str] = &[
    "note",
    "notes",
    "example",
    "examples",
    "warning",
    "tip",
    "hint",
    "caution",
    "important",
    "see",
    "see also",
    "attention",
    "danger",
    "step",
    "question",
    "answer",
    "q",
    "a",
    "remark",
    "for example",
    "http",
    "https",
    "todo",
];

/// Short forms whose point does not end a sentence.
const ABBREVIATIONS: &[&str] = &[
    "e.g.", "i.e.", "cf.", "vs.", "approx.", "dr.", "mr.", "mrs.", "ms.", "prof.", "st.", "fig.",
    "no.", "nos.", "sec.", "ch.", "p.", "pp.", "vol.", "inc.", "ltd.", "co.", "corp.", "max.",
    "min.", "jr.", "sr.", "u.s.", "u.k.", "gen.", "ca.", "nr.", "incl.", "excl.", "tel.",
];

static ITEM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:>\s*)*(?:(?:[-*+•]|\(?\d{1,3}[.)])\s+)?").expect("constant pattern")
});
static KEY_VALUE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\*\*|__)?(\p{L}[^:*`|\[\]<>{}=\x22.?!]{0,40}?)(?:\*\*|__)?\s*:(?:\*\*|__)?\s+(\S.{0,160})$")
        .expect("constant pattern")
});

/// The parts of a text, as byte ranges.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Layout {
    /// Sentences of running text, list items included.
    pub(super) sentences: Vec<Range<usize>>,
    /// Keys and values in lists of two or more.
    pub(super) pairs: Vec<KeyValue>,
    /// Tables with a header.
    pub(super) tables: Vec<Table>,
}

/// A line that says `key: value`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct KeyValue {
    pub(super) line: Range<usize>,
    pub(super) key: Range<usize>,
    pub(super) value: Range<usize>,
}

/// A table: cells of the header, and of each row with its line.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Table {
    pub(super) header: Vec<Range<usize>>,
    pub(super) rows: Vec<(Range<usize>, Vec<Range<usize>>)>,
}

/// Reads the parts of a text. No sentence ends inside of a `name`.
pub(super) fn layout(text: &str, names: &[Range<usize>]) -> Layout {
    let mut reader = Reader { text, names, ..Reader::default() };
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        reader.line(start..start + line.trim_end().len());
    }
    reader.end_all();
    reader.found
}

#[derive(Default)]
struct Reader<'t> {
    text: &'t str,
    names: &'t [Range<usize>],
    found: Layout,
    in_code: bool,
    paragraph: Option<Range<usize>>,
    pairs: Vec<KeyValue>,
    rows: Vec<Range<usize>>,
}

impl Reader<'_> {
    fn line(&mut self, range: Range<usize>) {
        let line = self.text.get(range.clone()).unwrap_or_default();
        let trimmed = line.trim_start();
        let is_fence = trimmed.starts_with("```") || trimmed.starts_with("~~~");
        if is_fence || self.in_code {
            self.end_all();
            self.in_code ^= is_fence;
            return;
        }
        if trimmed.is_empty() {
            self.end_paragraph();
            self.end_table();
            return;
        }
        if trimmed.starts_with('#') {
            return self.end_all();
        }
        if trimmed.starts_with('|') || trimmed.contains(" | ") {
            self.end_paragraph();
            self.end_pairs();
            self.rows.push(range);
            return;
        }
        self.end_table();
        let marker = ITEM.find(line).map_or(0, |found| found.end());
        let content = range.start + marker..range.end;
        match self.key_value(&content) {
            Some(pair) => self.pairs.push(pair),
            None => self.end_pairs(),
        }
        if marker > line.len() - trimmed.len() {
            self.end_paragraph();
        }
        let start = self.paragraph.take().map_or(content.start, |open| open.start);
        self.paragraph = Some(start..range.end);
    }

    fn key_value(&self, content: &Range<usize>) -> Option<KeyValue> {
        let line = self.text.get(content.clone())?;
        let found = KEY_VALUE.captures(line)?;
        let (key, value) = (found.get(1)?, found.get(2)?);
        let words = value.as_str().split_whitespace().count();
        let is_sentence = words > MAX_VALUE_WORDS
            || words > MAX_SENTENCE_VALUE_WORDS && value.as_str().ends_with(['.', '!', '?']);
        let name = key.as_str().trim().to_lowercase();
        let is_key =
            name.split_whitespace().count() <= MAX_KEY_WORDS && !NO_KEYS.contains(&name.as_str());
        let place =
            |part: regex::Match<'_>| content.start + part.start()..content.start + part.end();
        (is_key && !is_sentence).then(|| KeyValue {
            line: content.clone(),
            key: place(key),
            value: place(value),
        })
    }

    fn end_all(&mut self) {
        self.end_paragraph();
        self.end_pairs();
        self.end_table();
    }

    /// One line with a colon is a sentence more often than a property.
    fn end_pairs(&mut self) {
        let pairs = std::mem::take(&mut self.pairs);
        if pairs.len() > 1 {
            self.found.pairs.extend(pairs);
        }
    }

    fn end_table(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        let mut rows = rows.into_iter().map(|line| (line.clone(), cells(self.text, &line)));
        let (Some((first, header)), second) = (rows.next(), rows.next()) else { return };
        let piped = self.text.get(first).is_some_and(|line| line.trim_start().starts_with('|'));
        let Some((line, cells)) = second else { return };
        let ruled = is_rule(self.text.get(line.clone()).unwrap_or_default());
        if piped && !ruled {
            // The header stands in the fragment before.
            return;
        }
        let mut all: Vec<_> = if ruled { Vec::new() } else { vec![(line, cells)] };
        all.extend(rows);
        all.retain(|(_, cells)| cells.len() == header.len());
        if header.len() > 1 && !all.is_empty() {
            self.found.tables.push(Table { header, rows: all });
        }
    }

    fn end_paragraph(&mut self) {
        let Some(range) = self.paragraph.take() else { return };
        let Some(text) = self.text.get(range.clone()) else { return };
        let joined = text.replace(['\n', '\t', '\r'], " ");
        let mut open: Option<usize> = None;
        for (start, piece) in joined.split_sentence_bound_indices() {
            let begin = open.unwrap_or(start);
            let end = start + piece.len();
            let so_far = joined.get(begin..end).unwrap_or_default();
            let cuts_name = self
                .names
                .iter()
                .any(|name| name.start < range.start + end && range.start + end < name.end);
            if cuts_name || goes_on(so_far, joined.get(end..).unwrap_or_default()) {
                open = Some(begin);
                continue;
            }
            open = None;
            self.sentence(range.start + begin..range.start + end);
        }
        if let Some(begin) = open {
            self.sentence(range.start + begin..range.end);
        }
    }

    fn sentence(&mut self, range: Range<usize>) {
        let Some(text) = self.text.get(range.clone()) else { return };
        let start = range.start + (text.len() - text.trim_start().len());
        let end = start + text.trim().len();
        if start < end {
            self.found.sentences.push(start..end);
        }
    }
}

/// Whether the cut behind `so_far` is none.
fn goes_on(so_far: &str, rest: &str) -> bool {
    let head = so_far.trim_end();
    if rest.trim().is_empty() || !head.ends_with('.') {
        return false;
    }
    let last = head.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or(head);
    let last = last.to_lowercase();
    let next_small = rest.trim_start().chars().next().is_some_and(char::is_lowercase);
    let initial = last.chars().count() == 2 && last.starts_with(char::is_alphabetic);
    next_small || initial || ABBREVIATIONS.contains(&last.as_str())
}

/// Cells of a line as byte ranges without the blanks around them.
fn cells(text: &str, line: &Range<usize>) -> Vec<Range<usize>> {
    let content = text.get(line.clone()).unwrap_or_default();
    let mut found = Vec::new();
    let mut at = line.start;
    for cell in content.split('|') {
        let start = at + (cell.len() - cell.trim_start().len());
        let end = start + cell.trim().len();
        found.push(start.min(end)..end);
        at += cell.len() + 1;
    }
    if content.trim_start().starts_with('|') {
        found.remove(0);
        if content.trim_end().ends_with('|') {
            found.pop();
        }
    }
    found
}

fn is_rule(line: &str) -> bool {
    line.contains('-') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | '+' | ' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Layout {
        layout(text, &[])
    }

    #[test]
    fn sentences_cross_lines_but_no_items_and_no_code() {
        let text = "# Head. Line\n\nOne is e.g. two\nlines long. Then\nmore.\n\n- an item\n- Next. Item\n```\nx is a y.\n```\n> Said so.";
        let found: Vec<&str> = of(text).sentences.into_iter().map(|r| &text[r]).collect();
        let expected =
            ["One is e.g. two\nlines long.", "Then\nmore.", "an item", "Next.", "Item", "Said so."];
        assert_eq!(found, expected);
    }

    #[test]
    fn names_are_not_cut() {
        let text = "The Acme Co. 5. Model is new. It runs.";
        let name = 4..20;
        let found = layout(text, std::slice::from_ref(&name)).sentences;
        let found: Vec<&str> = found.into_iter().map(|r| &text[r]).collect();
        assert_eq!(found, ["The Acme Co. 5. Model is new.", "It runs."]);
    }

    #[test]
    fn keys_need_company_and_short_values() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            let found: Vec<(&str, &str)> =
                of(text).pairs.into_iter().map(|p| (&text[p.key], &text[p.value])).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("- **Supply:** 24 V\n- Größe: 5 µm\n", &[("Supply", "24 V"), ("Größe", "5 µm")]);
        check("Mass: 2 kg\nWidth: 162 mm", &[("Mass", "2 kg"), ("Width", "162 mm")]);
        check("Mass: 2 kg", &[]);
        check("Note: it is hot\nMass: 2 kg", &[]);
        check("Mass: 2 kg\nThis way: it is a long sentence with words and ends here.", &[]);
        check("See http://a.b/c\nor https://x.y", &[]);
    }

    #[test]
    fn tables_have_a_header_and_rows_of_its_width() {
        let text = "| A | B |\n|---|:-:|\n| 1 | two |\n| only |\n\nx | y\n3 | 4\n";
        let found: Vec<Vec<Vec<&str>>> = of(text)
            .tables
            .into_iter()
            .map(|t| {
                let rows = t.rows.into_iter().map(|(_, cells)| cells);
                std::iter::once(t.header)
                    .chain(rows)
                    .map(|cells| cells.into_iter().map(|c| &text[c]).collect())
                    .collect()
            })
            .collect();
        assert_eq!(found, [[["A", "B"], ["1", "two"]], [["x", "y"], ["3", "4"]]]);
        assert!(of("| 1 | two |\n| 3 | four |\n").tables.is_empty());
    }
}
