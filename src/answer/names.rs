//! Proper names, told from other words by their capitals.

use super::words::{is_stop_word, lower, words};

/// Words after which a capitalised first word is the subject, hence perhaps a name.
const VERBS: &[&str] = &[
    "is",
    "was",
    "are",
    "were",
    "has",
    "had",
    "have",
    "can",
    "will",
    "does",
    "did",
    "became",
    "won",
    "wrote",
    "founded",
    "directed",
    "invented",
    "discovered",
    "made",
    "makes",
    "built",
    "supports",
    "uses",
    "and",
    "lies",
    "starred",
    "played",
    "died",
    "lives",
    "lived",
];

/// Names of a sentence, each word by itself: capitalised words that do not begin
/// the sentence, acronyms, and a first word that reads like a subject. Words with
/// digits are identifiers and not looked at here.
pub(super) fn names(sentence: &str) -> Vec<String> {
    let found = words(sentence);
    let mut names: Vec<String> = Vec::new();
    for (i, word) in found.iter().enumerate() {
        let next = found.get(i + 1).map(|w| w.text);
        let begins = i == 0 || begins_clause(sentence, word.start);
        let adjoining_code = sentence
            .get(..word.start)
            .and_then(|before| before.chars().next_back())
            .is_some_and(|c| matches!(c, '_' | '/' | '\\'));
        if adjoining_code || !is_capitalised(word.text) || is_stop_word(word.text) {
            continue;
        }
        if word.text.chars().any(|c| c.is_numeric()) {
            continue;
        }
        let is_name = !begins || is_acronym(word.text) || next.is_some_and(subject_before);
        let bare = word.text.split(['\'', '’']).next().unwrap_or(word.text);
        if is_name && bare.chars().count() > 1 && !names.iter().any(|n| n == bare) {
            names.push(bare.to_owned());
        }
    }
    names
}

/// Whether the word at `start` opens a sentence, list item, quotation or the
/// part after a colon, where a capital says nothing.
fn begins_clause(text: &str, start: usize) -> bool {
    let before = text.get(..start).unwrap_or_default();
    let trimmed = before.trim_end_matches(|c: char| c.is_whitespace() || "\"“'‘(*_`[".contains(c));
    trimmed.is_empty()
        || trimmed.ends_with(['.', '!', '?', ':', '•', '|', '>', '\n'])
        || before.ends_with(['"', '“', '`', '*'])
        || trimmed.ends_with("- ")
}

fn subject_before(next: &str) -> bool {
    VERBS.contains(&lower(next).as_str()) || (is_capitalised(next) && !is_stop_word(next))
}

fn is_capitalised(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase)
}

fn is_acronym(word: &str) -> bool {
    word.chars().count() >= 2 && word.chars().all(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn names_are_capitals_that_grammar_does_not_explain() {
        for (sentence, expected) in [
            ("The router was made by Acme in Berlin.", vec!["Acme", "Berlin"]),
            ("London is the capital.", vec!["London"]),
            ("Marie Curie discovered it.", vec!["Marie", "Curie"]),
            ("Press the button on the USB port.", vec!["USB"]),
            ("Hold it. Press again: Release.", vec![]),
            ("Paris’s Louvre", vec!["Paris", "Louvre"]),
        ] {
            assert_eq!(names(sentence), expected, "{sentence}");
        }
    }
}
