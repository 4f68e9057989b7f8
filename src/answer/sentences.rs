//! Sentences of a fragment, each with its exact place.

use crate::model::Span;
use regex::Regex;
use std::sync::LazyLock;
use unicode_segmentation::UnicodeSegmentation;

/// A sentence, table row, list item or line as it stands in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceSentence {
    /// The exact words.
    pub quote: String,
    /// Where they stand, in code points.
    pub span: Span,
}

static PICTURE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"!\[[^\]]*\]\([^)]*\)").expect("a constant pattern"));
static LINK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\[([^\]]*)\]\([^)]*\)").expect("a constant pattern"));
static RULE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[\s|:*=_-]*$").expect("a constant pattern"));

/// Splits a text into sentences. Lines that are a list item, a table row or a
/// `key: value` pair stand alone; other neighbouring lines are one paragraph.
/// Headings, rules and lines that hold nothing but a picture are left out.
pub fn sentences(text: &str) -> Vec<SourceSentence> {
    let mut found = Vec::new();
    let mut paragraph: Option<(usize, usize)> = None;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let (start, end) = (offset, offset + line.len());
        offset = end;
        let bare = line.trim();
        let heading = bare.starts_with('#');
        let silent = bare.is_empty() || heading || RULE.is_match(&PICTURE.replace_all(bare, ""));
        let alone = bare.starts_with(['|', '-', '*', '+', '>'])
            || bare.contains(" | ")
            || bare.split_once(". ").is_some_and(|(n, _)| n.parse::<u32>().is_ok())
            || bare.split_once(": ").is_some_and(|(key, _)| key.split(' ').count() <= 4);
        if silent || alone {
            close(text, paragraph.take(), &mut found);
        }
        if alone && !silent {
            close(text, Some((start, end)), &mut found);
        } else if !silent {
            paragraph = Some((paragraph.map_or(start, |(start, _)| start), end));
        }
    }
    close(text, paragraph, &mut found);
    found
}

fn close(text: &str, paragraph: Option<(usize, usize)>, found: &mut Vec<SourceSentence>) {
    let Some((start, end)) = paragraph else { return };
    let Some(block) = text.get(start..end) else { return };
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    for (offset, sentence) in block.split_sentence_bound_indices() {
        let from = offset + start;
        match pieces.last_mut() {
            // A bound after an abbreviation, a number or a short fragment is none.
            Some(last) if continues(text.get(last.0..last.1).unwrap_or_default(), sentence) => {
                last.1 = from + sentence.len();
            }
            _ => pieces.push((from, from + sentence.len())),
        }
    }
    for (from, to) in pieces {
        let sentence = text.get(from..to).unwrap_or_default();
        let quote = sentence.trim();
        if quote.chars().filter(|c| c.is_alphanumeric()).count() < 2 {
            continue;
        }
        let begin = from + (sentence.len() - sentence.trim_start().len());
        let span = Span::from_bytes(text, begin, begin + quote.len());
        found.push(SourceSentence { quote: quote.to_owned(), span });
    }
}

fn continues(before: &str, next: &str) -> bool {
    let before = before.trim_end();
    let last_word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    const SHORT: [&str; 12] = [
        "e.g.", "i.e.", "etc.", "No.", "Nr.", "Fig.", "vs.", "approx.", "Dr.", "Mr.", "St.", "ca.",
    ];
    SHORT.contains(&last_word)
        || !before.ends_with(['.', '!', '?', ':', '"', '”', ')'])
        || next.trim_start().starts_with(char::is_lowercase)
}

/// A quote as people read it: links as their words, no emphasis marks, list
/// bullets or table bars at the ends.
pub fn readable(quote: &str) -> String {
    let text = PICTURE.replace_all(quote, "");
    let text = LINK.replace_all(&text, "$1");
    let text = text.replace(['*', '`'], "");
    let text = text.trim().trim_matches('|').trim_start_matches(['-', '+', '>', ' ']);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found = sentences(text);
        let quotes: Vec<&str> = found.iter().map(|s| s.quote.as_str()).collect();
        assert_eq!(quotes, expected);
        for sentence in found {
            assert_eq!(sentence.span.of(text), Some(sentence.quote.as_str()));
        }
    }

    #[test]
    fn prose_lists_and_tables_fall_apart_where_people_would_cut() {
        check(
            "# Größe\n\nThe seal is worn. Replace it,\ne.g. by SP-1.\n\n- one item\n- two\n",
            &["The seal is worn.", "Replace it,\ne.g. by SP-1.", "- one item", "- two"],
        );
        check("| Part | No |\n|---|---|\n| Seal | S-1 |\n", &["| Part | No |", "| Seal | S-1 |"]);
        check("![x](y.png)\n\nSee 3.5 bar. Done.", &["See 3.5 bar.", "Done."]);
    }

    #[test]
    fn markup_is_taken_off_for_reading() {
        assert_eq!(readable("| **Seal** | [S-1](s.md) |"), "Seal | S-1");
        assert_eq!(readable("- use `x`"), "use x");
    }
}
