//! What a question asks for.

use super::facts::{Identifier, identifiers};
use super::measures::measures;
use super::names::names;
use super::passage::Passage;
use super::words::{content_stems, lower, stem, words};
use std::collections::BTreeSet;

/// Stems that ask instead of saying what about.
pub(super) const ASKING: &[&str] = &[
    "show",
    "pictur",
    "photo",
    "imag",
    "diagram",
    "screenshot",
    "explain",
    "describ",
    "list",
    "tell",
    "mean",
    "exampl",
    "find",
    "know",
    "nam",
    "figur",
    "illustrat",
    "look",
    "lik",
    "want",
    "need",
    "us",
    "kind",
    "typ",
];

/// What kind of value an answer must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cue {
    /// "How many", "how long", "what torque": a number.
    Number,
    /// "When", "which year": a date.
    Time,
    /// "Which part", "which version": a part number or number.
    Identifier,
    /// "Who": a name.
    Person,
}

/// A question, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// Content stems; empty only when the question has no content word.
    pub(super) stems: BTreeSet<String>,
    pub(super) identifiers: Vec<Identifier>,
    pub(super) names: Vec<String>,
    pub(super) cue: Option<Cue>,
    pub(super) wants_picture: bool,
    numbers: Vec<String>,
}

impl Question {
    pub(super) fn of(text: &str) -> Self {
        let all = content_stems(text);
        let about: BTreeSet<String> =
            all.iter().filter(|stem| !ASKING.contains(&stem.as_str())).cloned().collect();
        let forms: Vec<String> = words(text).iter().map(|w| lower(w.text)).collect();
        Self {
            stems: if about.is_empty() { all } else { about },
            identifiers: identifiers(text),
            names: names(text),
            cue: cue(&forms),
            wants_picture: wants_picture(&forms),
            numbers: measures(text).into_iter().map(|m| m.value).collect(),
        }
    }

    /// 1 when the passage holds the kind of value that is asked for and that the
    /// question does not hold itself, else 0; one half when nothing is asked for.
    pub(super) fn cue_met(&self, passage: &Passage) -> f32 {
        let text = passage.shown.as_str();
        let number = || measures(text).iter().any(|m| !self.numbers.contains(&m.value));
        let identifier = || identifiers(text).iter().any(|id| !self.identifiers.contains(id));
        let met = match self.cue {
            None => return 0.5,
            Some(Cue::Number) => number(),
            Some(Cue::Time) => identifier() || number() || has_month(text),
            Some(Cue::Identifier) => identifier() || number(),
            Some(Cue::Person) => names(text).iter().any(|name| !self.names.contains(name)),
        };
        f32::from(u8::from(met))
    }
}

fn cue(forms: &[String]) -> Option<Cue> {
    let has = |list: &[&str]| forms.iter().any(|w| list.contains(&w.as_str()));
    let after = |first: &[&str], second: &[&str]| {
        forms
            .iter()
            .zip(forms.iter().skip(1))
            .any(|(a, b)| first.contains(&a.as_str()) && second.contains(&b.as_str()))
    };
    let which = &["which", "what", "whose"][..];
    if after(
        &["how"],
        &[
            "many", "much", "long", "far", "old", "tall", "heavy", "often", "fast", "high", "deep",
            "wide", "big", "hot", "large",
        ],
    ) {
        Some(Cue::Number)
    } else if has(&["when"]) && forms.first().is_some_and(|w| w == "when")
        || after(which, &["year", "date", "day", "month"])
    {
        Some(Cue::Time)
    } else if after(
        which,
        &[
            "part",
            "model",
            "version",
            "number",
            "code",
            "type",
            "article",
            "serial",
            "port",
            "command",
            "option",
            "setting",
            "parameter",
            "key",
        ],
    ) || after(
        &["part", "model", "article", "serial", "error", "order"],
        &["number", "code"],
    ) {
        Some(Cue::Identifier)
    } else if has(&["who", "whom"]) {
        Some(Cue::Person)
    } else if has(&[
        "torque",
        "voltage",
        "pressure",
        "temperature",
        "weight",
        "mass",
        "height",
        "width",
        "length",
        "depth",
        "diameter",
        "capacity",
        "speed",
        "frequency",
        "power",
        "current",
        "price",
        "cost",
        "population",
        "age",
        "distance",
        "interval",
        "limit",
        "maximum",
        "minimum",
        "size",
        "timeout",
        "threshold",
    ]) && has(&["what", "which"])
    {
        Some(Cue::Number)
    } else {
        None
    }
}

fn wants_picture(forms: &[String]) -> bool {
    let picture = [
        "picture",
        "pictures",
        "photo",
        "photos",
        "photograph",
        "diagram",
        "diagrams",
        "screenshot",
        "screenshots",
        "image",
        "images",
        "drawing",
        "illustration",
        "figure",
    ];
    let shows = [
        "show", "shows", "showing", "see", "find", "display", "which", "any", "there", "depicts",
        "what", "have",
    ];
    let has = |list: &[&str]| forms.iter().any(|w| list.contains(&w.as_str()));
    let show_me = forms.windows(2).any(|pair| {
        pair.first().is_some_and(|w| w == "show") && pair.last().is_some_and(|w| w == "me")
    });
    (has(&picture) && has(&shows)) || show_me || forms.join(" ").contains("look like")
}

fn has_month(text: &str) -> bool {
    const MONTHS: &[&str] = &[
        "january",
        "february",
        "march",
        "april",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    words(text).iter().any(|w| MONTHS.contains(&lower(w.text).as_str()))
}

/// Content stems of names, to be told apart from other stems.
pub(super) fn name_stems(names: &[String]) -> Vec<(String, String)> {
    names.iter().map(|name| (name.clone(), stem(name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_say_what_they_ask_for() {
        for (text, cue, picture) in [
            ("How many bolts hold the cover?", Some(Cue::Number), false),
            ("When was polonium discovered?", Some(Cue::Time), false),
            ("What happens when the button is held?", None, false),
            ("Which part number has the seal?", Some(Cue::Identifier), false),
            ("Who discovered polonium?", Some(Cue::Person), false),
            ("What is the torque of the drain plug?", Some(Cue::Number), false),
            ("Which picture shows the red button?", None, true),
            ("Show me the control panel", None, true),
            ("How do I reset the router?", None, false),
        ] {
            let question = Question::of(text);
            assert_eq!((question.cue, question.wants_picture), (cue, picture), "{text}");
        }
        assert!(!Question::of("Show me the panel").stems.contains("show"));
    }
}
