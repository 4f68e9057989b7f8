//! Whether two sentences say the same thing with opposite signs.

use super::words::{is_stop_word, lower, stem, words};
use std::collections::BTreeMap;

/// Words that turn what follows in their clause around.
const NEGATIONS: &[&str] = &[
    "not",
    "no",
    "never",
    "cannot",
    "none",
    "neither",
    "nor",
    "nothing",
    "nobody",
    "unable",
    "hardly",
    "prohibited",
    "forbidden",
    "nicht",
    "kein",
    "keine",
    "nie",
];

/// Words that take a companion away.
const ABSENCES: &[&str] = &["without", "ohne"];

/// Words that make a comparison of `no` or `not`: "no more than 5 bar".
const COMPARATORS: &[&str] =
    &["more", "less", "later", "earlier", "fewer", "greater", "only", "longer", "just"];

/// Words that end the reach of a negation.
const CLAUSE_ENDS: &[&str] =
    &["but", "however", "because", "unless", "until", "although", "while", "when", "if", "instead"];

/// Pairs of which one in the sentence and only the other in the evidence is a
/// contradiction.
const OPPOSITES: &[(&str, &str)] = &[
    ("before", "after"),
    ("above", "below"),
    ("left", "right"),
    ("open", "closed"),
    ("opens", "closes"),
    ("opened", "closed"),
    ("enabled", "disabled"),
    ("enable", "disable"),
    ("enables", "disables"),
    ("increase", "decrease"),
    ("increases", "decreases"),
    ("increased", "decreased"),
    ("maximum", "minimum"),
    ("clockwise", "counterclockwise"),
    ("clockwise", "anticlockwise"),
    ("allowed", "prohibited"),
    ("allowed", "forbidden"),
    ("optional", "required"),
    ("optional", "mandatory"),
    ("first", "last"),
    ("hot", "cold"),
    ("positive", "negative"),
    ("north", "south"),
    ("east", "west"),
    ("loosen", "tighten"),
    ("always", "never"),
    ("compatible", "incompatible"),
    ("supported", "unsupported"),
    ("safe", "unsafe"),
    ("tall", "short"),
    ("oldest", "youngest"),
    ("largest", "smallest"),
    ("highest", "lowest"),
    ("upper", "lower"),
    ("front", "rear"),
    ("succeeds", "fails"),
];

/// The contradiction between a sentence and the passage that fits it best, in
/// words; `None` when there is none.
pub(super) fn contradiction(sentence: &str, passage: &str) -> Option<String> {
    let (said, given) = (signs(sentence), signs(passage));
    for channel in [Sign::negation as fn(&Sign) -> &Channel, Sign::absence] {
        let shared: Vec<(&Sign, &Channel, &Channel)> = said
            .iter()
            .filter_map(|(stem, sign)| Some((sign, channel(sign), channel(given.get(stem)?))))
            .collect();
        // One word negated on both sides shows that the negations correspond, even
        // where word order puts others on different sides: "X is not supported by
        // Y" and "Y does not support X".
        if shared.iter().any(|(_, mine, theirs)| mine.inside && theirs.inside) {
            continue;
        }
        let flipped = shared.iter().find(|(_, mine, theirs)| {
            mine.inside != mine.outside
                && theirs.inside != theirs.outside
                && mine.inside != theirs.inside
        });
        if let Some((sign, mine, _)) = flipped {
            let (here, there) = if mine.inside {
                ("is negated in the sentence", "is not negated in the cited evidence")
            } else {
                ("is not negated in the sentence", "is negated in the cited evidence")
            };
            return Some(format!("“{}” {here} but {there}", sign.shown));
        }
    }
    let forms = |text: &str| words(text).iter().map(|w| lower(w.text)).collect::<Vec<_>>();
    let (said, given) = (forms(sentence), forms(passage));
    let has = |list: &[String], word: &str| list.iter().any(|w| w == word);
    OPPOSITES.iter().flat_map(|(a, b)| [(*a, *b), (*b, *a)]).find_map(|(mine, theirs)| {
        let opposite = has(&said, mine)
            && !has(&said, theirs)
            && has(&given, theirs)
            && !has(&given, mine)
            && !OPPOSITES.iter().any(|(x, y)| {
                // Another opposite of the same word may be what is meant.
                (*x == mine && *y != theirs && has(&given, y))
                    || (*y == mine && *x != theirs && has(&given, x))
            });
        opposite.then(|| format!("the sentence says “{mine}”, the cited evidence “{theirs}”"))
    })
}

/// Whether a word stands inside the reach of a negation, outside, or both.
#[derive(Default)]
struct Channel {
    inside: bool,
    outside: bool,
}

impl Channel {
    fn note(&mut self, inside: bool) {
        self.inside |= inside;
        self.outside |= !inside;
    }
}

/// A word under the two kinds of negation: that of the statement (not, never, no)
/// and that of a companion (without).
#[derive(Default)]
struct Sign {
    shown: String,
    negation: Channel,
    absence: Channel,
}

impl Sign {
    fn negation(&self) -> &Channel {
        &self.negation
    }

    fn absence(&self) -> &Channel {
        &self.absence
    }
}

fn signs(text: &str) -> BTreeMap<String, Sign> {
    let found = words(text);
    let mut signs: BTreeMap<String, Sign> = BTreeMap::new();
    let (mut negated, mut absent) = (false, false);
    let mut end = 0;
    for (i, word) in found.iter().enumerate() {
        let between = text.get(end..word.start).unwrap_or_default();
        end = word.start + word.text.len();
        let lowered = lower(word.text);
        let clause_ends = between.contains([',', ';', ':', '.', '!', '?', '—', '–', '(', ')', '|']);
        if clause_ends || CLAUSE_ENDS.contains(&lowered.as_str()) {
            (negated, absent) = (false, false);
        }
        let next = found.get(i + 1).map(|w| lower(w.text)).unwrap_or_default();
        let is_negation = NEGATIONS.contains(&lowered.as_str()) || lowered.ends_with("n't");
        if ABSENCES.contains(&lowered.as_str()) {
            absent = true;
        } else if is_negation && !COMPARATORS.contains(&next.as_str()) {
            negated = true;
        } else if !is_stop_word(word.text) && !word.text.chars().any(char::is_numeric) {
            let sign = signs.entry(stem(word.text)).or_default();
            sign.shown = word.text.to_owned();
            sign.negation.note(negated);
            sign.absence.note(absent);
        }
    }
    signs
}

#[cfg(test)]
mod tests {
    use super::contradiction;

    #[test]
    fn negation_and_opposites_contradict() {
        for (sentence, passage, contradicts) in [
            ("The case is waterproof.", "The case is not waterproof.", true),
            ("The case is not waterproof.", "The case is not waterproof.", false),
            ("It never exceeds 5 bar.", "It exceeds 5 bar.", true),
            ("The pump runs with oil.", "The pump runs without oil.", true),
            ("WPA is not supported by the router.", "The router does not support WPA.", false),
            ("The pump must not run without oil.", "Do not run the pump without oil.", false),
            ("Run the pump without oil.", "Do not run the pump without oil.", true),
            ("It can't use Bluetooth.", "It uses Bluetooth.", true),
            ("Press the button.", "Do not remove the lid; press the button.", false),
            ("Use at most 5 bar.", "Use no more than 5 bar.", false),
            ("Not only steel fits.", "Steel fits.", false),
            ("The port is enabled.", "The port is disabled.", true),
            ("Clean it before use.", "Clean it before and after use.", false),
        ] {
            assert_eq!(contradiction(sentence, passage).is_some(), contradicts, "{sentence}");
        }
    }
}
