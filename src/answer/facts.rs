//! What in a sentence must stand in its evidence word for word: numbers with
//! units, part numbers, versions, code and names.

use super::measures::{Measure, is_compound, measures, names_unit};
use super::names::names;
use super::words::{lower, stem, words};
use regex::Regex;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Facts of one sentence.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) measures: Vec<Measure>,
    pub(super) identifiers: Vec<Identifier>,
    pub(super) names: Vec<String>,
}

/// A part number, version, date, flag, path or other code-like token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identifier {
    /// As written.
    pub(super) shown: String,
    /// Lower case, without hyphens, underscores and spaces: `zx9` for `ZX-9`.
    pub(super) normal: String,
}

/// What a text offers for comparison; made once per evidence or passage.
#[derive(Clone, Debug, Default)]
pub(super) struct Offer {
    measures: Vec<Measure>,
    identifiers: BTreeSet<String>,
    /// Stems and lower-case forms of all words, stop words included.
    words: BTreeSet<String>,
    text: String,
}

static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:--?|/|~/|\./)?[\p{L}\p{N}][\p{L}\p{N}_./:+#\\-]*").expect("constant pattern")
});

static SPLIT_PART: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(\p{Lu}[\p{L}]{0,5}) (\d{1,5}\p{L}?)\b").expect("constant pattern")
});

static VERSION_WORD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:version|release|firmware|v)[ .]?(\d+(?:\.\d+)+)")
        .expect("constant pattern")
});

impl Facts {
    /// The facts of a sentence without its citation marks.
    pub(super) fn of(sentence: &str) -> Self {
        Self {
            measures: measures(sentence),
            identifiers: identifiers(sentence),
            names: names(sentence),
        }
    }

    /// The sentence without its numbers, units and identifiers, which are compared
    /// as facts and not as words.
    pub(super) fn without_values(&self, sentence: &str) -> String {
        let mut rest = String::new();
        let mut kept = 0;
        for measure in &self.measures {
            rest.push_str(sentence.get(kept..measure.start).unwrap_or_default());
            rest.push(' ');
            kept = measure.end;
        }
        rest.push_str(sentence.get(kept..).unwrap_or_default());
        self.identifiers.iter().fold(rest, |text, id| text.replace(&id.shown, " "))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.measures.is_empty() && self.identifiers.is_empty() && self.names.is_empty()
    }

    /// The first fact that neither `text` nor, for names and identifiers, its
    /// `surroundings` (title, headings) hold, in words.
    pub(super) fn missing_in(&self, text: &Offer, surroundings: &Offer) -> Option<String> {
        self.value_missing_in(text, surroundings).or_else(|| {
            self.names
                .iter()
                .find(|name| !text.has_name(name) && !surroundings.has_name(name))
                .map(|name| format!("the name “{name}” does not occur in the cited evidence"))
        })
    }

    /// The same of numbers and identifiers alone.
    pub(super) fn value_missing_in(&self, text: &Offer, surroundings: &Offer) -> Option<String> {
        self.identifiers
            .iter()
            .find(|id| !text.has_identifier(id) && !surroundings.has_identifier(id))
            .map(|id| format!("`{}` does not occur in the cited evidence", id.shown))
            .or_else(|| self.measures.iter().find_map(|m| text.objection_to(m)))
    }

    /// How many numbers and identifiers `text` does not hold.
    pub(super) fn values_missing_in(&self, text: &Offer) -> usize {
        self.measures.iter().filter(|m| text.objection_to(m).is_some()).count()
            + self.identifiers.iter().filter(|id| !text.has_identifier(id)).count()
    }

    /// Names that neither `text` nor its `surroundings` hold.
    pub(super) fn names_missing_in(&self, text: &Offer, surroundings: &Offer) -> Vec<&str> {
        let is_missing = |name: &&String| !text.has_name(name) && !surroundings.has_name(name);
        self.names.iter().filter(is_missing).map(String::as_str).collect()
    }

    /// How many facts `text` holds.
    pub(super) fn held_by(&self, text: &Offer) -> usize {
        self.measures.iter().filter(|m| text.objection_to(m).is_none()).count()
            + self.identifiers.iter().filter(|id| text.has_identifier(id)).count()
            + self.names.iter().filter(|name| text.has_name(name)).count()
    }

    /// Number of facts.
    pub(super) fn len(&self) -> usize {
        self.measures.len() + self.identifiers.len() + self.names.len()
    }
}

impl Offer {
    pub(super) fn of(text: &str) -> Self {
        let mut identifiers: BTreeSet<String> =
            identifiers(text).into_iter().map(|id| id.normal).collect();
        for pair in SPLIT_PART.captures_iter(text) {
            let joined: String = pair.iter().skip(1).flatten().map(|part| part.as_str()).collect();
            identifiers.insert(normal(&joined));
        }
        let mut all_words = BTreeSet::new();
        for word in words(text) {
            let lowered = lower(word.text);
            identifiers.insert(normal(&lowered));
            all_words.insert(stem(word.text));
            all_words.insert(lowered);
        }
        Self { measures: measures(text), identifiers, words: all_words, text: text.to_owned() }
    }

    pub(super) fn has_identifier(&self, identifier: &Identifier) -> bool {
        self.identifiers.contains(&identifier.normal)
            || identifier
                .normal
                .strip_suffix('s')
                .is_some_and(|singular| self.identifiers.contains(singular))
            || identifier
                .normal
                .strip_prefix('v')
                .is_some_and(|version| self.identifiers.contains(version))
    }

    fn has_name(&self, name: &str) -> bool {
        self.words.contains(&lower(name)) || self.words.contains(&stem(name))
    }

    /// Why this text does not carry a number, or `None` when it does.
    fn objection_to(&self, wanted: &Measure) -> Option<String> {
        let mut same_value = self.measures.iter().filter(|m| m.value == wanted.value).peekable();
        if same_value.peek().is_none() {
            return Some(format!(
                "the number “{}” does not occur in the cited evidence",
                wanted.shown
            ));
        }
        let unit = wanted.unit?;
        let mut other = None;
        for found in same_value {
            match found.unit {
                Some(found_unit) if found_unit == unit => return None,
                Some(_) => other = Some(found.shown.clone()),
                None if names_unit(&self.text, unit) => return None,
                None => {}
            }
        }
        Some(match other {
            Some(other) => {
                format!("“{}” has another unit in the cited evidence: “{other}”", wanted.shown)
            }
            None => format!("the unit of “{}” does not occur in the cited evidence", wanted.shown),
        })
    }
}

/// Part numbers, versions, dates, paths, flags and code names of a text.
pub(super) fn identifiers(text: &str) -> Vec<Identifier> {
    let taken: Vec<(usize, usize)> = measures(text).into_iter().map(|m| (m.start, m.end)).collect();
    let mut found: Vec<Identifier> = Vec::new();
    let mut add = |shown: &str| {
        let identifier = Identifier { shown: shown.to_owned(), normal: normal(shown) };
        if !identifier.normal.is_empty() && !found.contains(&identifier) {
            found.push(identifier);
        }
    };
    for version in VERSION_WORD.captures_iter(text).filter_map(|c| c.get(1)) {
        add(version.as_str());
    }
    for token in TOKEN.find_iter(text) {
        let inside_measure =
            taken.iter().any(|(start, end)| *start < token.end() && token.start() < *end);
        let shown = token.as_str().trim_end_matches(['.', ':', '/', '-', '+', '\\', '_']);
        if looks_like_code(shown) && (!inside_measure || mixed(shown) && !is_quantity(shown)) {
            add(shown);
        }
    }
    found
}

/// Whether a token is code rather than a word or a plain number.
fn looks_like_code(token: &str) -> bool {
    let bare = token.trim_start_matches(['-', '/', '.', '~']);
    let digits = bare.chars().any(|c| c.is_ascii_digit());
    let letters = bare.chars().any(char::is_alphabetic);
    let inner_capital =
        bare.chars().zip(bare.chars().skip(1)).any(|(a, b)| a.is_lowercase() && b.is_uppercase());
    (token.starts_with("--") && letters)
        || (digits && letters && !is_ordinal(bare))
        || (letters
            && (bare.contains('_')
                || bare.contains("::")
                || bare.contains('/') && token.starts_with(['/', '~', '.'])))
        || inner_capital
        || is_compound(bare)
}

fn is_ordinal(token: &str) -> bool {
    ["st", "nd", "rd", "th"].iter().any(|end| {
        token
            .strip_suffix(end)
            .is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()))
    })
}

fn mixed(token: &str) -> bool {
    token.chars().any(|c| c.is_ascii_digit()) && token.chars().any(char::is_alphabetic)
}

/// `10s`, `24V`, `10-second`: a number glued to its unit, already a measure.
fn is_quantity(token: &str) -> bool {
    measures(token).first().is_some_and(|m| m.start == 0 && m.unit.is_some())
}

fn normal(token: &str) -> String {
    lower(token)
        .trim_start_matches(['-', '/', '.', '~'])
        .chars()
        .filter(|c| !matches!(c, '-' | '_' | ' ' | '‑' | '–'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<String> {
        identifiers(text).into_iter().map(|id| id.normal).collect()
    }

    #[test]
    fn identifiers_are_part_numbers_versions_dates_and_code() {
        assert_eq!(ids("The ZX-9 needs an X200."), ["zx9", "x200"]);
        assert_eq!(
            ids("Set max_depth with --force in /etc/app.toml."),
            ["maxdepth", "force", "etc/app.toml"]
        );
        assert_eq!(ids("Since version 1.20 on 2024-05-01"), ["1.20", "20240501"]);
        assert!(
            ids("Hold it for 10s at 24V, a read-only 2nd try and/or 10-second wait.").is_empty()
        );
    }

    #[test]
    fn spellings_of_part_numbers_meet_but_longer_ones_do_not() {
        let offer = Offer::of("Use the ZX 9 or the X2000.");
        let id = |text: &str| identifiers(text).remove(0);
        assert!(offer.has_identifier(&id("ZX-9")));
        assert!(offer.has_identifier(&id("zx9")));
        assert!(!offer.has_identifier(&id("X200")));
    }
}
