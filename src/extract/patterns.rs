//! Names recognised by their shape.

use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// Letters and digits joined as people write part numbers, error codes, model
/// names and versions: `HX-200`, `KI-0231`, `E17`, `v2.4.1`, `RFC 9110`.
static IDENTIFIER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        \b(?:
            [A-Za-z]{1,8}(?:-[A-Za-z]{1,6})?-\d[A-Za-z0-9]*(?:[-./][A-Za-z0-9]+)*   # KI-0231, HX-SP-11/2
          | [A-Z]{1,6}\d{1,6}[A-Za-z]{0,3}(?:-[A-Z0-9]+)*                           # E17, X200b
          | v\d+(?:\.\d+)+(?:-[a-z0-9.]+)?                                          # v2.4.1-rc1
          | \d+\.\d+\.\d+(?:-[a-z0-9.]+)?                                           # 2.4.1
          | (?:RFC|ISO|EN|IEC|DIN|CVE|KB)[\ -]\d[\d-]*                              # RFC 9110
        )\b",
    )
    .expect("the pattern is a constant that its tests compile")
});

/// Words that join the parts of a name: `Bank of England`, `Ludwig van B.`
const CONNECTORS: &[&str] = &[
    "of", "de", "del", "della", "di", "da", "du", "la", "le", "van", "von", "der", "den", "and",
    "the", "al", "bin", "ibn", "zu", "&",
];
/// Words that begin sentences and are capitalised for that reason alone.
const OPENERS: &[&str] = &[
    "a", "about", "after", "all", "also", "although", "an", "and", "any", "as", "at", "because",
    "before", "both", "but", "by", "can", "could", "did", "do", "does", "during", "each", "for",
    "from", "had", "has", "have", "he", "her", "here", "his", "how", "however", "i", "if", "in",
    "into", "is", "it", "its", "many", "may", "more", "most", "my", "new", "no", "not", "note",
    "of", "on", "once", "one", "only", "or", "other", "our", "over", "see", "she", "since", "so",
    "some", "such", "than", "that", "the", "their", "then", "there", "these", "they", "this",
    "those", "through", "to", "two", "under", "until", "use", "was", "we", "were", "what", "when",
    "where", "which", "while", "who", "whose", "why", "will", "with", "would", "you", "your",
];

/// Byte ranges of identifiers, left to right, without overlap.
pub fn identifiers(text: &str) -> Vec<Range<usize>> {
    IDENTIFIER.find_iter(text).map(|found| found.range()).collect()
}

/// Byte ranges of proper names: runs of capitalised words, joined by
/// connectors; a run of one word counts only away from the sentence's start.
pub fn proper_names(text: &str) -> Vec<Range<usize>> {
    let words = words(text);
    let mut names = Vec::new();
    let mut i = 0;
    while let Some(word) = words.get(i) {
        if !word.capitalised
            || (word.opens_sentence && is_opener(word.text))
            || is_opener(word.text)
        {
            i += 1;
            continue;
        }
        let mut last = i;
        let mut j = i + 1;
        while let Some(next) = words.get(j) {
            if next.breaks_before {
                break;
            }
            if next.capitalised {
                last = j;
            } else if !CONNECTORS.contains(&next.text) || j - last > 2 {
                break;
            }
            j += 1;
        }
        let n_words = last - i + 1;
        if let Some(end) = words.get(last)
            && (n_words > 1 || (!word.opens_sentence && word.text.chars().count() > 2))
        {
            names.push(word.range.start..end.range.end);
        }
        i = last + 1;
    }
    names
}

struct Word<'t> {
    text: &'t str,
    range: Range<usize>,
    capitalised: bool,
    opens_sentence: bool,
    /// Punctuation or a line end stands between it and the word before.
    breaks_before: bool,
}

fn words<'t>(text: &'t str) -> Vec<Word<'t>> {
    let mut words: Vec<Word<'t>> = Vec::new();
    let mut start = None;
    let close = |from: usize, to: usize, words: &mut Vec<Word<'t>>| {
        let Some(slice) = text.get(from..to) else { return };
        let trimmed = slice.trim_end_matches(['.', '-', '\'', '’']);
        let trimmed = trimmed.strip_suffix("'s").or(trimmed.strip_suffix("’s")).unwrap_or(trimmed);
        if trimmed.is_empty() {
            return;
        }
        let gap_start = words.last().map_or(0, |w| w.range.end);
        let gap = text.get(gap_start..from).unwrap_or_default();
        let initial = words.last().is_some_and(|w| w.text.chars().count() == 1 && w.capitalised);
        let ends_sentence =
            gap.contains(['!', '?', '\n', ':', '|', '#', '*']) || (gap.contains('.') && !initial);
        let breaks =
            ends_sentence || gap.contains([',', ';', '(', ')', '"', '“', '”', '[', ']', '/', '`']);
        let capitalised = trimmed.chars().next().is_some_and(char::is_uppercase);
        words.push(Word {
            text: trimmed,
            range: from..from + trimmed.len(),
            capitalised,
            opens_sentence: words.is_empty() || ends_sentence,
            breaks_before: breaks,
        });
    };
    for (offset, c) in text.char_indices() {
        let inner = matches!(c, '-' | '\'' | '’' | '&') && start.is_some();
        if c.is_alphanumeric() || inner || (c == '&' && start.is_none()) {
            start.get_or_insert(offset);
        } else if let Some(from) = start.take() {
            close(from, offset, &mut words);
        }
    }
    if let Some(from) = start {
        close(from, text.len(), &mut words);
    }
    words
}

fn is_opener(word: &str) -> bool {
    OPENERS.contains(&word.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(find: fn(&str) -> Vec<Range<usize>>, text: &str, expected: &[&str]) {
        let found: Vec<&str> = find(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, expected, "in `{text}`");
    }

    #[test]
    fn identifiers_are_found_by_shape() {
        check(
            identifiers,
            "HX-200 shows E-17 after v2.4.1 (KI-0231).",
            &["HX-200", "E-17", "v2.4.1", "KI-0231"],
        );
        check(identifiers, "Order SP-1140/B, not the well-known 3 bolts.", &["SP-1140/B"]);
        check(identifiers, "firmware 4.2.0 fixes CVE-2024-1234", &["4.2.0", "CVE-2024-1234"]);
    }

    #[test]
    fn ordinary_numbers_are_no_identifiers() {
        check(identifiers, "about 20 metres in 1998, 3.5 bar", &[]);
    }

    #[test]
    fn runs_of_capitals_are_names() {
        check(
            proper_names,
            "She was a daughter of Bosonid Boso the Elder and sister of Hucbert.",
            &["Bosonid Boso the Elder", "Hucbert"],
        );
        check(proper_names, "The Bank of England, in London.", &["Bank of England", "London"]);
    }

    #[test]
    fn a_single_word_at_the_start_of_a_sentence_is_no_name() {
        check(proper_names, "Replace it. Tighten the bolts.", &[]);
    }

    #[test]
    fn possessives_end_a_name() {
        check(proper_names, "it is Lothair's son", &["Lothair"]);
    }
}
