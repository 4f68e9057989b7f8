//! Names in the texts of a conversation.

use super::view::View;
use crate::extract::names_in;
use crate::model::{EntityClass, EntityId};
use std::ops::Range;

/// A name in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundName {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// Whether it names one thing (a product, a person, a part) and is not made of
    /// common words, as headings and most titles are.
    pub is_proper: bool,
}

impl View<'_> {
    /// Where a text names something, left to right without overlap: labels of the
    /// knowledge base that are seen, in any case, identifiers and proper names.
    pub fn names_in(&self, text: &str) -> Vec<FoundName> {
        let mut names: Vec<FoundName> = Vec::new();
        for named in names_in(text, self.gazetteer(), true) {
            let is_proper = self.is_proper(&named.entity, named.class);
            match names.last_mut() {
                Some(last) if last.range == named.range => last.is_proper |= is_proper,
                Some(last) if last.range.end > named.range.start => {}
                _ => names.push(FoundName { range: named.range, is_proper }),
            }
        }
        names
    }

    /// What a text names, as far as it is seen: each thing with its labels, and the one
    /// that stands for it where several were merged.
    pub fn entities_in(&self, text: &str) -> Vec<(EntityId, Vec<String>)> {
        let mut found = Vec::new();
        for named in names_in(text, self.gazetteer(), true) {
            let representative = self.snapshot().representative(&named.entity);
            if *representative != named.entity && self.sees_entity(representative) {
                found.push((representative.clone(), self.labels_of(representative).to_vec()));
            }
            let labels = self.labels_of(&named.entity).to_vec();
            found.push((named.entity, labels));
        }
        found
    }

    fn is_proper(&self, entity: &EntityId, class: EntityClass) -> bool {
        match class {
            EntityClass::Resource | EntityClass::Identifier | EntityClass::ProperName => true,
            EntityClass::Topic | EntityClass::Term | EntityClass::Heading => {
                self.labels_of(entity).first().is_some_and(|label| reads_like_a_name(label))
            }
            EntityClass::Phrase | EntityClass::Address | EntityClass::Command => false,
        }
    }
}

/// Several words that all have a capital or a digit: `Beck 30`, not `Parts list`.
fn reads_like_a_name(label: &str) -> bool {
    let marked = |word: &str| word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
    let n_words = label.split_whitespace().count();
    let digits = label.chars().any(|c| c.is_ascii_digit());
    label.split_whitespace().all(marked) && (n_words > 1 || digits)
}

#[cfg(test)]
mod tests {
    use super::reads_like_a_name;

    #[test]
    fn titles_of_common_words_are_no_names() {
        for name in ["Beck 30", "Marie Curie", "X-10"] {
            assert!(reads_like_a_name(name), "{name}");
        }
        for words in ["Parts list", "Maintenance", "Change of oil", ""] {
            assert!(!reads_like_a_name(words), "{words}");
        }
    }
}
