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
/// upper case, so that a document titled `Up` does not claim every "up"; the
/// terms of a glossary are matched in any case, their short forms in their own.
#[derive(Debug)]
pub struct Gazetteer {
    automaton: AhoCorasick,
    /// For each pattern of the automaton: its spelling and who bears it.
    patterns: Vec<Pattern>,
}

#[derive(Debug, Default)]
struct Pattern {
    label: String,
    bearers: Vec<(EntityId, EntityClass)>,
    /// Whether capitals matter even where nothing else does.
    case: Case,
}

/// Which capitals a text must have to name a label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Case {
    /// Any.
    Any,
    /// Its own or, for one word, all upper case.
    #[default]
    Usual,
    /// Its own alone.
    Own,
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
        let mut by_label: BTreeMap<String, Pattern> = BTreeMap::new();
        for entity in entities {
            for label in &entity.labels {
                for (variant, case) in variants(label, entity.class) {
                    let known = by_label.entry(variant.clone()).or_insert_with(|| Pattern {
                        label: variant,
                        case,
                        ..Pattern::default()
                    });
                    known.case = known.case.min(case);
                    let bearers = &mut known.bearers;
                    if !bearers.iter().any(|(id, _)| *id == entity.id) {
                        bearers.push((entity.id.clone(), entity.class));
                    }
                }
            }
        }
        let patterns: Vec<Pattern> = by_label.into_values().collect();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .ascii_case_insensitive(true)
            .build(patterns.iter().map(|pattern| &pattern.label))
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
            let Some(pattern) = self.patterns.get(found.pattern().as_usize()) else { break };
            let surface = text.get(range.clone()).unwrap_or_default();
            if at_word_boundaries(text, &range) && (!strict_case || case_agrees(pattern, surface)) {
                position = range.end;
                matches.push(LabelMatch { range, entities: &pattern.bearers });
            } else {
                position = next_word(text, range.start);
            }
        }
        matches
    }
}

/// Spellings of a label that count as the label, with the capitals that they need.
fn variants(label: &str, class: EntityClass) -> Vec<(String, Case)> {
    let label = label.split_whitespace().collect::<Vec<_>>().join(" ");
    let case = if class == EntityClass::Term { Case::Any } else { Case::Usual };
    let mut all = vec![(label.clone(), case)];
    let named = matches!(
        class,
        EntityClass::Topic
            | EntityClass::Term
            | EntityClass::Resource
            | EntityClass::Heading
            | EntityClass::Phrase
    );
    let mut name = label.as_str();
    if let Some((head, inner)) = label.rsplit_once(" (").filter(|_| label.ends_with(')')) {
        name = head.trim();
        let inner = inner.trim_end_matches(')');
        all.push((name.to_owned(), case));
        if class == EntityClass::Term {
            // `CNI (Container network interface)` or the other way round.
            let short = if is_short_form(inner) { Case::Own } else { case };
            all.push((inner.to_owned(), short));
        }
    }
    if class == EntityClass::Term {
        for joined in respelled(name) {
            all.push((joined, Case::Any));
        }
        all.extend(initials(name).map(|short| (short, Case::Own)));
    }
    if named {
        let numbers: Vec<(String, Case)> =
            all.iter().filter_map(|(l, case)| Some((other_number(l)?, *case))).collect();
        all.extend(numbers);
    }
    all.retain(|(l, case)| {
        (l.chars().count() >= MIN_LABEL_CHARS || *case == Case::Own && l.chars().count() > 1)
            && l.split(' ').count() <= MAX_LABEL_WORDS
            && l.chars().any(char::is_alphabetic)
    });
    all
}

/// The plural of a singular, the singular of a plural, by a trailing `s`.
fn other_number(label: &str) -> Option<String> {
    if let Some(singular) = label.strip_suffix('s') {
        return (singular.len() > 2 && !singular.ends_with('s')).then(|| singular.to_owned());
    }
    label.ends_with(|c: char| c.is_ascii_alphabetic()).then(|| format!("{label}s"))
}

/// The same words joined in the other ways: `persistent volume`, `persistent-volume`,
/// `PersistentVolume`.
fn respelled(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for part in name.split([' ', '-']).filter(|part| !part.is_empty()) {
        let mut word = String::new();
        for c in part.chars() {
            let after_lower = word.chars().next_back().is_some_and(char::is_lowercase);
            if c.is_uppercase() && after_lower {
                words.push(std::mem::take(&mut word));
            }
            word.push(c);
        }
        words.push(word);
    }
    if words.len() < 2 {
        return Vec::new();
    }
    vec![words.join(" "), words.join("-"), words.concat()]
}

/// The initials of three words or more, as people shorten them: `PVC`.
fn initials(name: &str) -> Option<String> {
    let words = name.split([' ', '-']).filter(|word| !word.is_empty());
    let first: Option<String> = words
        .map(|word| word.chars().next().filter(|c| c.is_alphabetic()))
        .map(|c| c.map(|c| c.to_ascii_uppercase()))
        .collect();
    first.filter(|short| short.chars().count() >= 3)
}

/// Whether a text is a short form: upper case but for a plural.
fn is_short_form(text: &str) -> bool {
    !text.contains(' ') && text.chars().filter(|c| c.is_uppercase()).count() >= 2
}

fn at_word_boundaries(text: &str, range: &Range<usize>) -> bool {
    let before = text.get(..range.start).and_then(|t| t.chars().next_back());
    let after = text.get(range.end..).and_then(|t| t.chars().next());
    let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    !joins(before) && !joins(after)
}

fn case_agrees(pattern: &Pattern, surface: &str) -> bool {
    let label = pattern.label.as_str();
    match pattern.case {
        Case::Own => label == surface,
        Case::Any => true,
        Case::Usual => {
            label.contains(' ')
                || label == surface
                || (surface.chars().count() > 1 && !surface.chars().any(char::is_lowercase))
        }
    }
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
    fn terms_of_a_glossary_are_found_as_people_write_them() {
        let term = |label: &str| Entity { class: EntityClass::Term, ..entity(label) };
        let terms = [
            "Persistent Volume Claim",
            "Container network interface (CNI)",
            "Pod",
            "Add-ons",
            "Cloud Controller Manager",
        ];
        let gazetteer = Gazetteer::build(&terms.map(term)).unwrap();
        let text = "A PVC, two PersistentVolumeClaims, CNI, the pods, an addon and the \
                    cloud-controller-manager; no pvc, no cni.";
        let found: Vec<&str> = gazetteer.find(text).into_iter().map(|m| &text[m.range]).collect();
        let expected =
            ["PVC", "PersistentVolumeClaims", "CNI", "pods", "addon", "cloud-controller-manager"];
        assert_eq!(found, expected);
    }

    #[test]
    fn ambiguous_labels_keep_every_bearer() {
        let a = entity("Mercury (planet)");
        let b = entity("Mercury (element)");
        let gazetteer = Gazetteer::build(&[a, b]).unwrap();
        assert_eq!(gazetteer.find("on Mercury")[0].entities.len(), 2);
    }
}
