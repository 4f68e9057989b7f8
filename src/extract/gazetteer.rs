//! Labels known to the corpus, found in text.

use crate::model::{Entity, EntityClass, EntityId};
use aho_corasick::{AhoCorasick, MatchKind};
use std::collections::BTreeMap;
use std::ops::Range;

/// Labels shorter than this many characters are not looked for.
const MIN_LABEL_CHARS: usize = 3;
/// Labels with more words than this are sentences rather than names.
const MAX_LABEL_WORDS: usize = 10;

/// Finds every label of a set of entities in a text.
///
/// Matching ignores ASCII case, stops at word boundaries and prefers the
/// longest label. A label of one word is matched only in its own case or all
/// upper case, so that a document titled `Up` does not claim every "up".
#[derive(Debug)]
pub struct Gazetteer {
    automaton: AhoCorasick,
    /// For each pattern of the automaton: its spelling and who bears it.
    patterns: Vec<(String, Vec<(EntityId, EntityClass)>)>,
}

/// The automaton could not be built.
#[derive(Debug, thiserror::Error)]
#[error("cannot index {n_labels} labels for matching")]
pub struct GazetteerError {
    /// Number of labels offered.
    pub n_labels: usize,
    /// Reason given by the matcher.
    #[source]
    pub source: aho_corasick::BuildError,
}

/// A label found in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelMatch<'g> {
    /// Byte range in the text.
    pub range: Range<usize>,
    /// Everything that bears the label; more than one when it is ambiguous.
    pub entities: &'g [(EntityId, EntityClass)],
}

impl Gazetteer {
    /// A gazetteer of every label of `entities`, with singular, plural and
    /// without a trailing parenthesis.
    ///
    /// # Errors
    /// When the labels exceed what the automaton can hold.
    pub fn build(entities: &[Entity]) -> Result<Self, GazetteerError> {
        let mut by_label: BTreeMap<String, Vec<(EntityId, EntityClass)>> = BTreeMap::new();
        for entity in entities {
            for label in &entity.labels {
                for variant in variants(label, entity.class) {
                    let bearers = by_label.entry(variant).or_default();
                    if !bearers.iter().any(|(id, _)| *id == entity.id) {
                        bearers.push((entity.id.clone(), entity.class));
                    }
                }
            }
        }
        let patterns: Vec<_> = by_label.into_iter().collect();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .ascii_case_insensitive(true)
            .build(patterns.iter().map(|(label, _)| label))
            .map_err(|source| GazetteerError { n_labels: patterns.len(), source })?;
        Ok(Self { automaton, patterns })
    }

    /// Labels in `text`, left to right, without overlap.
    pub fn find<'g>(&'g self, text: &str) -> Vec<LabelMatch<'g>> {
        self.scan(text, true)
    }

    /// Labels in a question, whose author may not care for capitals.
    pub fn find_ignoring_case<'g>(&'g self, text: &str) -> Vec<LabelMatch<'g>> {
        self.scan(text, false)
    }

    fn scan<'g>(&'g self, text: &str, strict_case: bool) -> Vec<LabelMatch<'g>> {
        let mut matches = Vec::new();
        let mut position = 0;
        // After a rejected match the search goes on behind its first word, so
        // that a shorter label inside it is still found.
        while let Some(found) = text.get(position..).and_then(|rest| self.automaton.find(rest)) {
            let range = position + found.start()..position + found.end();
            let Some((label, entities)) = self.patterns.get(found.pattern().as_usize()) else {
                break;
            };
            let surface = text.get(range.clone()).unwrap_or_default();
            if at_word_boundaries(text, &range) && (!strict_case || case_agrees(label, surface)) {
                position = range.end;
                matches.push(LabelMatch { range, entities });
            } else {
                position = next_word(text, range.start);
            }
        }
        matches
    }
}

/// Spellings of a label that count as the label.
fn variants(label: &str, class: EntityClass) -> Vec<String> {
    let label = label.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut all = vec![label.clone()];
    if let Some((head, _)) = label.rsplit_once(" (").filter(|_| label.ends_with(')')) {
        all.push(head.trim().to_owned());
    }
    if matches!(class, EntityClass::Topic | EntityClass::Resource | EntityClass::Heading) {
        if let Some(singular) = label.strip_suffix('s').filter(|l| l.len() > 2 && !l.ends_with('s'))
        {
            all.push(singular.to_owned());
        } else if label.ends_with(|c: char| c.is_ascii_lowercase()) {
            all.push(format!("{label}s"));
        }
    }
    all.retain(|l| {
        l.chars().count() >= MIN_LABEL_CHARS
            && l.split(' ').count() <= MAX_LABEL_WORDS
            && l.chars().any(char::is_alphabetic)
    });
    all
}

fn at_word_boundaries(text: &str, range: &Range<usize>) -> bool {
    let before = text.get(..range.start).and_then(|t| t.chars().next_back());
    let after = text.get(range.end..).and_then(|t| t.chars().next());
    let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    !joins(before) && !joins(after)
}

fn case_agrees(label: &str, surface: &str) -> bool {
    label.contains(' ')
        || label == surface
        || (surface.chars().count() > 1 && !surface.chars().any(char::is_lowercase))
}

fn next_word(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let mut inside = true;
    for (offset, c) in rest.char_indices() {
        if c.is_alphanumeric() {
            if !inside {
                return start + offset;
            }
        } else {
            inside = false;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(label: &str) -> Entity {
        Entity {
            id: EntityId::from_label(label),
            labels: vec![label.to_owned()],
            class: EntityClass::Topic,
        }
    }

    fn check(labels: &[&str], text: &str, expected: &[&str]) {
        let entities: Vec<Entity> = labels.iter().map(|l| entity(l)).collect();
        let gazetteer = Gazetteer::build(&entities).unwrap();
        let found: Vec<&str> = gazetteer.find(text).into_iter().map(|m| &text[m.range]).collect();
        assert_eq!(found, expected, "in `{text}`");
    }

    #[test]
    fn the_longest_label_wins() {
        check(&["Pump", "Pump Seal"], "Replace the Pump Seal of the Pump.", &["Pump Seal", "Pump"]);
    }

    #[test]
    fn labels_end_at_words() {
        check(&["Port"], "Report the Port to Support.", &["Port"]);
    }

    #[test]
    fn one_word_labels_keep_their_case() {
        check(
            &["Controllers"],
            "A controller; the Controllers; CONTROLLERS.",
            &["Controllers", "CONTROLLERS"],
        );
    }

    #[test]
    fn many_word_labels_ignore_case() {
        check(&["Warranty Terms"], "see the warranty terms", &["warranty terms"]);
    }

    #[test]
    fn parenthesis_may_be_left_out() {
        check(&["Emma (novel)"], "Emma was written", &["Emma"]);
    }

    #[test]
    fn plural_and_singular_are_the_same_label() {
        check(
            &["Service Account", "Pods"],
            "service accounts and a Pod",
            &["service accounts", "Pod"],
        );
    }

    #[test]
    fn a_rejected_long_match_does_not_hide_a_short_one() {
        check(&["Blue Valve X", "Valve"], "Blue Valve Xylo", &["Valve"]);
    }

    #[test]
    fn ambiguous_labels_keep_every_bearer() {
        let a = entity("Mercury (planet)");
        let b = entity("Mercury (element)");
        let gazetteer = Gazetteer::build(&[a, b]).unwrap();
        assert_eq!(gazetteer.find("on Mercury")[0].entities.len(), 2);
    }
}
