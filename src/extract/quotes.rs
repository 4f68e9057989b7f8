//! Where words that a model quotes stand in a text.

use crate::model::{Span, Words};
use std::collections::HashSet;
use unicode_segmentation::UnicodeSegmentation;

/// A text in which words are found although their blanks and line ends differ.
pub(super) struct FoldedText<'t> {
    text: &'t str,
    /// Every character, blanks in a row as one space.
    folded: Vec<char>,
    /// Where each stands in the text, in code points.
    positions: Vec<usize>,
    /// Code points where words begin or end (UAX 29).
    boundaries: HashSet<usize>,
}

impl<'t> FoldedText<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let (mut folded, mut positions) = (Vec::new(), Vec::new());
        for (n, c) in text.chars().enumerate() {
            let blank = c.is_whitespace();
            if blank && folded.last() == Some(&' ') {
                continue;
            }
            folded.push(if blank { ' ' } else { c });
            positions.push(n);
        }
        let mut boundaries = HashSet::from([0]);
        let mut end = 0;
        for word in text.split_word_bounds() {
            end += word.chars().count();
            boundaries.insert(end);
        }
        Self { text, folded, positions, boundaries }
    }

    /// The first place where `words` stand, within `inside` when it is given. They
    /// begin and end where words do: `4` does not stand in `14`.
    pub(super) fn find(&self, words: &str, inside: Option<Span>) -> Option<Words> {
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let wanted: Vec<char> = words.chars().collect();
        if wanted.is_empty() {
            return None;
        }
        let inside = inside.unwrap_or(Span::new(0, usize::MAX));
        let windows = self.folded.windows(wanted.len()).zip(self.positions.windows(wanted.len()));
        windows
            .filter(|(found, _)| *found == wanted.as_slice())
            .filter_map(|(_, at)| Some(Span::new(*at.first()?, at.last()? + 1)))
            .filter(|span| inside.start() <= span.start() && span.end() <= inside.end())
            .filter(|span| [span.start(), span.end()].iter().all(|at| self.boundaries.contains(at)))
            .find_map(|span| Some(Words { span, text: span.of(self.text)?.to_owned() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_found_as_they_stand() {
        let check = |text: &str, words: &str, expected: Option<(usize, usize)>| {
            let found = FoldedText::new(text).find(words, None);
            assert_eq!(
                found.map(|w| (w.span.start(), w.span.end())),
                expected,
                "{words} in {text}"
            );
        };
        check("Größe:\n  5 µm", "Größe: 5 µm", Some((0, 13)));
        check("a  b", " a b ", Some((0, 4)));
        check("at 14 bar", "4", None);
        check("at 3.5 bar", "3", None);
        check("category", "cat", None);
        check("the cat", "Cat", None);
        check("4 or 14 or 4", "4 or 1", None);
        check("密封圈在泵里", "泵", Some((4, 5)));
        check("a", "", None);
        check("", "a", None);
    }

    proptest! {
        #[test]
        fn what_is_found_stands_in_the_text(text in "[ab1é \n]{0,30}", words in "[ab1é ]{1,4}") {
            if let Some(found) = FoldedText::new(&text).find(&words, None) {
                prop_assert_eq!(found.span.of(&text), Some(found.text.as_str()));
                let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
                prop_assert_eq!(folded(&found.text), folded(&words));
            }
        }
    }
}
