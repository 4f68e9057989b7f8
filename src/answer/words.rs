//! Words that carry meaning, in a form in which inflections meet.

use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

/// English words that say nothing about the subject. Question words are among
/// them; negations are too, because `polarity` looks at those.
const STOP_WORDS: &str = " a about above after again all also am an and any are as at be because \
    been before being below between both but by can cannot could did do does doing done down during each \
    either else etc few for from further get gets got had has have having he her here hers him his \
    how however i if in into is it its itself just let many may me might more most much must my \
    neither no nor not now of off on once only or other our out over own per please same shall she \
    should since so some such tell than that the their them then there these they this those \
    through thus to too under until up upon us very via was we were what when where whether which \
    while who whom whose why will with within without would yes yet you your ";

/// A word and where it stands, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) start: usize,
}

/// Runs of letters and digits, apostrophes inside included. Ideographs and kana
/// stand alone, for they are written without spaces.
pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    let mut found = Vec::new();
    let mut start: Option<usize> = None;
    let mut chars = text.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        let inner_apostrophe = matches!(c, '\'' | '’')
            && start.is_some()
            && chars.peek().is_some_and(|(_, next)| next.is_alphabetic());
        if is_ideograph(c) {
            push(text, &mut found, start.take(), i);
            push(text, &mut found, Some(i), i + c.len_utf8());
        } else if c.is_alphanumeric() || is_mark(c) || inner_apostrophe {
            start.get_or_insert(i);
        } else {
            push(text, &mut found, start.take(), i);
        }
    }
    push(text, &mut found, start, text.len());
    found
}

fn push<'a>(text: &'a str, found: &mut Vec<Word<'a>>, start: Option<usize>, end: usize) {
    let word = start.and_then(|start| Some(Word { text: text.get(start..end)?, start }));
    found.extend(word.filter(|word| !word.text.is_empty()));
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Whether a word says nothing about the subject.
pub(super) fn is_stop_word(word: &str) -> bool {
    static LISTED: LazyLock<HashSet<&str>> =
        LazyLock::new(|| STOP_WORDS.split_whitespace().collect());
    let word = lower(word);
    let bare = word.split('\'').next().unwrap_or_default();
    LISTED.contains(word.as_str())
        || LISTED.contains(bare)
        || matches!(bare, "don" | "doesn" | "isn" | "won" | "aren")
}

/// Stems of the words that carry meaning, each once.
pub(super) fn content_stems(text: &str) -> BTreeSet<String> {
    words(text).iter().filter(|w| !is_stop_word(w.text)).map(|w| stem(w.text)).collect()
}

/// Lower case, compatibility forms folded, apostrophes straight.
pub(super) fn lower(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    word.nfkc().flat_map(char::to_lowercase).map(|c| if c == '’' { '\'' } else { c }).collect()
}

/// Endings that are cut, longest first, with the fewest letters that must stay.
const ENDINGS: &[(&str, usize)] = &[
    ("ations", 4),
    ("ation", 4),
    ("ments", 4),
    ("ings", 4),
    ("ment", 4),
    ("ions", 4),
    ("ness", 4),
    ("ally", 4),
    ("ing", 3),
    ("ion", 4),
    ("ied", 2),
    ("ies", 2),
    ("ely", 4),
    ("ed", 3),
    ("ly", 4),
];

/// The word without its inflection. Meant to make `resets`, `resetting` and
/// `reset`, or `install` and `installation` meet, not to give a dictionary form.
pub(super) fn stem(word: &str) -> String {
    let mut word = lower(word);
    if let Some(bare) = word.strip_suffix("'s") {
        word.truncate(bare.len());
    }
    if word.chars().any(|c| !c.is_ascii_lowercase()) {
        return word;
    }
    if let Some((_, irregular)) = IRREGULAR.iter().find(|(form, _)| *form == word) {
        return (*irregular).to_owned();
    }
    let cut = ENDINGS.iter().find_map(|(ending, least)| {
        let rest = word.strip_suffix(ending)?;
        (rest.len() >= *least && rest.contains(is_vowel)).then_some((rest.to_owned(), *ending))
    });
    let mut stemmed = match cut {
        Some((rest, "ied" | "ies")) => rest + "y",
        Some((rest, "ed" | "ing")) => without_doubled_end(rest),
        Some((rest, _)) => rest,
        None => without_plural(&word).to_owned(),
    };
    if stemmed.len() > 3 && stemmed.ends_with('e') {
        stemmed.pop();
    }
    if stemmed.len() > 3 && stemmed.ends_with('y') {
        stemmed.pop();
        stemmed.push('i');
    }
    stemmed
}

/// Frequent forms that endings do not explain.
const IRREGULAR: &[(&str, &str)] = &[
    ("held", "hold"),
    ("made", "mak"),
    ("built", "build"),
    ("sent", "send"),
    ("found", "find"),
    ("written", "writ"),
    ("wrote", "writ"),
    ("kept", "keep"),
    ("lit", "light"),
    ("ran", "run"),
    ("began", "begin"),
    ("won", "win"),
    ("born", "born"),
    ("took", "tak"),
    ("taken", "tak"),
    ("gave", "giv"),
    ("given", "giv"),
    ("shown", "show"),
    ("wider", "wid"),
    ("feet", "foot"),
    ("children", "child"),
    ("people", "person"),
    ("persons", "person"),
    ("during", "during"),
    ("news", "news"),
];

fn is_vowel(c: char) -> bool {
    matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y')
}

fn without_plural(word: &str) -> &str {
    let sibilant = ["sses", "shes", "ches", "xes", "zes"].iter().any(|end| word.ends_with(end));
    if sibilant {
        return word.strip_suffix("es").unwrap_or(word);
    }
    let plural = word.len() > 3 && word.ends_with('s');
    if plural && !["ss", "us", "is"].iter().any(|end| word.ends_with(end)) {
        return word.strip_suffix('s').unwrap_or(word);
    }
    word
}

fn without_doubled_end(mut word: String) -> String {
    let mut last = word.chars().rev();
    let doubled = matches!((last.next(), last.next()), (Some(a), Some(b)) if a == b && !is_vowel(a) && !"lsz".contains(a));
    if doubled {
        word.pop();
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inflections_meet() {
        for (a, b) in [
            ("resets", "resetting"),
            ("install", "installation"),
            ("connected", "connection"),
            ("require", "requirements"),
            ("batteries", "battery"),
            ("pressed", "press"),
            ("holding", "held"),
            ("replaces", "replacement"),
            ("boxes", "box"),
            ("pump’s", "pumps"),
            ("filled", "fill"),
            ("valves", "valve"),
        ] {
            assert_eq!(stem(a), stem(b), "{a} {b}");
        }
    }

    #[test]
    fn different_words_stay_apart() {
        for (a, b) in [("valve", "value"), ("press", "present"), ("red", "read"), ("bus", "bu")] {
            assert_ne!(stem(a), stem(b), "{a} {b}");
        }
    }

    #[test]
    fn words_keep_their_places_and_ideographs_stand_alone() {
        let found = words("Don’t press 水泵 v2.");
        let texts: Vec<_> = found.iter().map(|w| w.text).collect();
        assert_eq!(texts, ["Don’t", "press", "水", "泵", "v2"]);
        assert_eq!(found[1].start, "Don’t ".len());
        assert!(content_stems("what is the").is_empty());
    }
}
