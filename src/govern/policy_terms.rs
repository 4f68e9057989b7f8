//! Words in texts, and patterns of source paths.

use regex::Regex;
use serde::{Deserialize, Deserializer, de};
use unicode_normalization::UnicodeNormalization;

/// The words of a text, folded: compatibility forms and case make no difference.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct FoldedWords(Vec<String>);

impl FoldedWords {
    pub(super) fn of(text: &str) -> Self {
        let folded: String = text.nfkc().flat_map(char::to_lowercase).collect();
        let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        Self(words.map(str::to_owned).collect())
    }

    /// Whether the words of a phrase stand here one after the other.
    pub(super) fn hold(&self, phrase: &Phrase) -> bool {
        let wanted = &phrase.words.0;
        self.0.windows(wanted.len().max(1)).any(|words| words == wanted.as_slice())
    }
}

/// A word or several, found as whole words in any case.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Phrase {
    words: FoldedWords,
    text: String,
}

impl Phrase {
    pub(super) fn new(text: &str) -> Self {
        let words = FoldedWords::of(text);
        Self { text: words.0.join(" "), words }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

impl<'de> Deserialize<'de> for Phrase {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let phrase = Self::new(&text);
        if phrase.is_empty() {
            let message = format!("expected a word with a letter or digit, found `{text}`");
            return Err(de::Error::custom(message));
        }
        Ok(phrase)
    }
}

/// Which source paths: their beginning, or a pattern of the whole path as in
/// `extract.llm.sources`. `?` is one character and `*` any number of them within a folder,
/// `**` any number of them at all; `**/` stands for no folder, too.
#[derive(Clone, Debug)]
pub(super) struct Glob {
    text: String,
    /// `None` for a beginning.
    whole: Option<Regex>,
}

impl Glob {
    pub(super) fn new(pattern: &str) -> Result<Self, regex::Error> {
        let mut whole = String::new();
        let mut rest = pattern;
        while let Some(next) = rest.chars().next() {
            let (piece, length) = match next {
                '*' if rest.starts_with("**/") => ("(?:.*/)?".to_owned(), 3),
                '*' if rest.starts_with("**") => (".*".to_owned(), 2),
                '*' => ("[^/]*".to_owned(), 1),
                '?' => ("[^/]".to_owned(), 1),
                other => (regex::escape(other.encode_utf8(&mut [0; 4])), other.len_utf8()),
            };
            whole.push_str(&piece);
            rest = rest.get(length..).unwrap_or_default();
        }
        let is_pattern = pattern.contains(['*', '?']);
        let whole = is_pattern.then(|| Regex::new(&format!("^(?s:{whole})$"))).transpose()?;
        Ok(Self { text: pattern.to_owned(), whole })
    }

    /// Whether a path is like this.
    pub(super) fn fits(&self, path: &str) -> bool {
        match &self.whole {
            Some(whole) => whole.is_match(path),
            None => path.starts_with(&self.text),
        }
    }
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<'de> Deserialize<'de> for Glob {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let pattern = String::deserialize(from)?;
        if pattern.trim().is_empty() {
            return Err(de::Error::custom("expected a pattern of paths, found an empty one"));
        }
        Self::new(&pattern).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_found_as_whole_words_in_any_case() {
        let holds = |text: &str, phrase: &str| FoldedWords::of(text).hold(&Phrase::new(phrase));
        assert!(holds("What is the maximum DOSE?", "dose"));
        assert!(holds("What is the order-number of it?", "Order number"));
        assert!(holds("cafe\u{301} au lait", "Café"));
        assert!(!holds("Which doses?", "dose"));
        assert!(!holds("the order of a number", "order number"));
        assert!(!holds("", "dose"));
        assert!(!holds("number", "order number"));
    }

    #[test]
    fn patterns_fit_within_and_across_folders() {
        let fits = |pattern: &str, path: &str| Glob::new(pattern).unwrap().fits(path);
        assert!(fits("manuals/*.md", "manuals/a.md"));
        assert!(!fits("manuals/*.md", "manuals/old/a.md"));
        assert!(fits("manuals/**", "manuals/old/a.md"));
        assert!(fits("**/cost.md", "cost.md") && fits("**/cost.md", "a/b/cost.md"));
        assert!(!fits("**/cost.md", "a/xcost.md"));
        assert!(fits("a?.md", "ab.md") && !fits("a?.md", "a/.md") && !fits("a?.md", "a.md"));
        assert!(fits("*", "a") && !fits("*", "a/b") && fits("**", "a/b"));
        assert!(fits("manuals/", "manuals/old/a.md") && !fits("manuals/", "a/manuals/b.md"));
        assert!(!fits("a+b*", "aab") && fits("a+b*", "a+bc"));
    }
}
