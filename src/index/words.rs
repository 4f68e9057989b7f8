//! What counts as a word.

use tantivy::tokenizer::{
    Language, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer, TextAnalyzer, Token,
    TokenStream, Tokenizer,
};

/// The analyzer of new indexes.
pub(super) const ANALYZER: &str = "veritrail_en_2";
/// The analyzer of indexes from before, which cut versions at their points.
const FIRST_ANALYZER: &str = "veritrail_en";

/// Longer words are left out.
const MAX_BYTES: usize = 64;

/// The analyzer with a name, as an index records it; `None` for a name that is not known.
pub(super) fn analyzer(name: &str) -> Option<TextAnalyzer> {
    match name {
        ANALYZER => Some(stemmed(Words)),
        FIRST_ANALYZER => Some(stemmed(SimpleTokenizer::default())),
        _ => None,
    }
}

fn stemmed<T: Tokenizer>(tokenizer: T) -> TextAnalyzer {
    TextAnalyzer::builder(tokenizer)
        .filter(RemoveLongFilter::limit(MAX_BYTES))
        .filter(LowerCaser)
        .filter(Stemmer::new(Language::English))
        .build()
}

/// Runs of letters and digits, and numbers with points in them ("8.5.5.3", "v1.2") as a
/// whole and from their start, two parts at least ("8.5", "8.5.5"): cut at its points, a
/// version is a few digits that stand in every text.
#[derive(Clone)]
struct Words;

struct WordStream<'a> {
    text: &'a str,
    /// The byte from which words are looked for.
    at: usize,
    /// The number whose starts are given out: its first byte, and the ends of its parts,
    /// in order.
    number: (usize, std::vec::IntoIter<usize>),
    token: Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        WordStream { text, at: 0, number: (0, Vec::new().into_iter()), token: Token::default() }
    }
}

impl WordStream<'_> {
    fn give(&mut self, from: usize, to: usize) -> bool {
        self.token.position = self.token.position.wrapping_add(1);
        self.token.offset_from = from;
        self.token.offset_to = to;
        self.token.text.clear();
        self.token.text.push_str(self.text.get(from..to).unwrap_or_default());
        true
    }

    /// The end of the run of characters from a byte on.
    fn end_of(&self, from: usize, belongs: fn(char) -> bool) -> usize {
        let rest = self.text.get(from..).unwrap_or_default();
        from + rest.find(|c| !belongs(c)).unwrap_or(rest.len())
    }

    /// Where the parts of a number end that begins at a byte: one for a number without
    /// points, none for what is no number.
    fn parts(&self, from: usize) -> Vec<usize> {
        let mut ends = Vec::new();
        let mut from = from;
        loop {
            let end = self.end_of(from, |c| c.is_ascii_digit());
            if end == from || self.end_of(end, char::is_alphanumeric) > end {
                return ends;
            }
            ends.push(end);
            match self.text.get(end..).and_then(|rest| rest.strip_prefix('.')) {
                Some(_) => from = end + 1,
                None => return ends,
            }
        }
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        if let Some(end) = self.number.1.next() {
            return self.give(self.number.0, end);
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        let Some(start) = rest.find(char::is_alphanumeric).map(|found| self.at + found) else {
            self.at = self.text.len();
            return false;
        };
        let number = start + usize::from(self.text.get(start..).is_some_and(is_marked));
        let parts = self.parts(number);
        if let [_, second, ..] = *parts.as_slice() {
            self.at = parts.last().copied().unwrap_or(second);
            self.number = (number, parts.into_iter());
            self.number.1.next();
            self.number.1.next();
            return self.give(number, second);
        }
        self.at = self.end_of(start, char::is_alphanumeric);
        self.give(start, self.at)
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

/// Whether a `v` stands before a number.
fn is_marked(text: &str) -> bool {
    text.strip_prefix(['v', 'V']).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(name: &str, text: &str) -> Vec<String> {
        let mut analyzer = analyzer(name).unwrap();
        let mut stream = analyzer.token_stream(text);
        let mut words = Vec::new();
        while let Some(token) = stream.next() {
            words.push(token.text.clone());
        }
        words
    }

    #[test]
    fn versions_are_words_from_their_start() {
        let check = |text: &str, expected: &[&str]| assert_eq!(words(ANALYZER, text), expected);
        check("WAS 8.5.5.3, then 9.", &["was", "8.5", "8.5.5", "8.5.5.3", "then", "9"]);
        check("from v1.2 to V2", &["from", "1.2", "to", "v2"]);
        check("3.x and 1.2b or 4.5.", &["3", "x", "and", "1", "2b", "or", "4.5"]);
        check("IL-10 at 10.0.0.1:80", &["il", "10", "at", "10.0", "10.0.0", "10.0.0.1", "80"]);
        check("v and 1..2 .5", &["v", "and", "1", "2", "5"]);
        check("", &[]);
        assert_eq!(words(FIRST_ANALYZER, "v1.2"), ["v1", "2"]);
    }

    proptest! {
        #[test]
        fn texts_without_points_have_the_words_that_they_had(text in "[^.]{0,60}") {
            prop_assert_eq!(words(ANALYZER, &text), words(FIRST_ANALYZER, &text));
        }
    }
}
