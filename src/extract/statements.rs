//! What a sentence says, by its form. English only.
//!
//! Precision goes before recall: a form counts when its subject opens the sentence or
//! stands right before it, and when its object ends a phrase. Questions, conditions and
//! negations say nothing.

use super::places::{Place, PlacedText, plain};
use super::relations::Found;
use crate::model::{Predicate, RelationObject};
use regex::{Captures, Regex};
use std::ops::Range;
use std::sync::LazyLock;

/// How far each form is believed.
const VERB: f32 = 0.9;
const WORDS: f32 = 0.8;
const APPOSITION: f32 = 0.7;
const SHORT_FORM: f32 = 0.9;

/// Words in a phrase at most; a longer one is no name of a kind.
const MAX_PHRASE_WORDS: usize = 6;

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant that its tests compile")
}

static OPENING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^(?:(?:however|today|now|note that|in addition|also|thus|therefore|so|and|but),?\s+)?(?:(?:the|an?|every|each|all|this|our|its)\s+)?(?:(?:new|standard)\s+)?$",
    )
});
static HYPOTHETICAL: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)\b(?:if|unless|whether|suppose|imagine|pretend)\b"));
static DENIED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:not|never|no longer|neither|nor|would|could|might|hypothetical(?:ly)?)\b|n['’]t\b",
    )
});
/// Markup that may close behind a name.
const CLOSED: &str = r"(?:\]\([^)\s]*\)|[*_`\x22”’\]])*";
static FORM: LazyLock<Regex> = LazyLock::new(|| {
    let form = r"(?x)^ CLOSED (?:\s*\([^()]{1,120}\))? (?:,?\s+(?:which|that)\s+|\s+)
        (?:(?:now|also|currently|always|usually|normally|typically|generally)\s+)?
        (?:
            (?P<part> (?:is|are|was|were|forms?)\s+(?:an?\s+)?(?:integral\s+|central\s+|key\s+)?
                (?:part|component|subsystem|module)s?\s+of\s+ | belongs?\s+to\s+ )
          | (?P<replaced> (?:is|are|was|were|has\ been|have\ been)\s+(?:replaced|superseded)\s+by\s+ )
          | (?P<whole> consists?\s+of\s+ | consisted\s+of\s+ | (?:is|are)\s+(?:made\ up|composed)\s+of\s+ | comprises?\s+ )
          | (?P<kind> (?:is|are|was|were)\s+(?:also\s+)?(?:an?|one\s+of\s+the)\s+ )
          | (?P<replaces> (?:replaces?|replaced|has\ replaced|supersedes?|superseded)\s+ )
          | (?P<requires> (?:requires?|needs?|depends?\s+on|relies\s+on)\s+ )
        )";
    pattern(&form.replace("CLOSED", CLOSED))
});
static APPOSED: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"^{CLOSED},\s+an?\s+")));
static ALSO_KNOWN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"^{CLOSED}(?:,|\s+is|\s+are)?\s*\(?(?:(?:also|otherwise|commonly|sometimes|formerly)\s+(?:known\s+as|called)|abbreviated\s+(?:as|to)|aka|a\.k\.a\.)\s+(?:the\s+)?[\x22“*_]*"
    ))
});
static SHORT: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"^{CLOSED}\s+\((\p{{Lu}}[\p{{L}}\d]{{1,7}})\)")));
static BEFORE_OBJECT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^(?:(?:the|an?|its|their|both|one|two|three|four|\d{1,3}|old|older|earlier|previous|former)\s+)*[*_`\x22“\[]*$",
    )
});
static BETWEEN_OBJECTS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"(?i)^{CLOSED}(?:\s*,\s*(?:and\s+)?|\s+and\s+)(?:(?:the|an?|its|their|one|two|three|four|\d{{1,3}})\s+)*[*_`\x22“\[]*$"
    ))
});
static AFTER_OBJECT: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"^{CLOSED}\s*(\S*)")));
static WORD: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[*_`\[]*([\p{L}\d][\p{L}\d'’/+-]*)"));
static KIND_OF: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(?:special\s+)?(?:type|kind|sort|form|class|family|variety)s?\s+of\s+(?:an?\s+)?")
});

/// Words that end a phrase of nouns.
const FUNCTION_WORDS: &[&str] = &[
    "of", "for", "that", "which", "who", "whom", "whose", "with", "without", "in", "on", "at",
    "from", "to", "by", "and", "or", "but", "where", "when", "while", "as", "than", "if",
    "because", "so", "into", "over", "under", "between", "during", "after", "before", "since",
    "until", "through", "about", "is", "are", "was", "were", "has", "have", "had", "can", "will",
    "must", "may", "should", "does", "do", "not", "used", "whereby", "within", "per", "via",
    "only", "also", "too", "instead", "together", "then", "here", "there", "against", "near",
    "behind", "above", "below", "the", "a", "an", "this", "these", "it",
];
/// Nouns that say nothing about what something is.
const VAGUE: &[&str] = &[
    "lot", "number", "few", "bit", "matter", "reason", "result", "way", "problem", "idea", "case",
    "question", "sign", "must", "good", "bad", "part", "set", "one", "example", "thing", "kind",
    "type", "member", "while", "pity", "mistake", "great", "little", "series", "variety", "time",
    "fact", "step", "choice", "means", "help", "risk", "couple", "majority", "year", "day",
];

/// Statements of one sentence.
pub(super) fn statements<'a>(
    placed: &PlacedText<'a>,
    sentence: &Range<usize>,
    found: &mut Vec<Found<'a>>,
) {
    let text = placed.slice(sentence.clone());
    if text.trim_end_matches(['"', '”', ')', '*', '_']).ends_with('?')
        || HYPOTHETICAL.is_match(text)
    {
        return;
    }
    let n_before = found.len();
    let places = placed.inside(sentence);
    for (n, place) in places.iter().enumerate() {
        let before = placed.slice(sentence.start..place.range.start);
        let opens = OPENING.is_match(before.trim_start_matches(['*', '_', '`', '"', '“', '[']))
            || OPENING.is_match(before.trim_end_matches(['*', '_', '`', '"', '“', '[']));
        let after = Rest { placed, places: places.get(n + 1..).unwrap_or_default(), place };
        let rest = placed.slice(place.range.end..sentence.end);
        if opens && let Some(form) = FORM.captures(rest) {
            after.form(&form, sentence.end, found);
        }
        if let Some(apposed) = APPOSED.find(rest) {
            after.apposition((before, opens), place.range.end + apposed.end(), sentence.end, found);
        }
        after.other_names(rest, sentence.end, found);
    }
    let mut index = 0;
    found.retain(|found| {
        index += 1;
        index <= n_before || !DENIED.is_match(placed.slice(found.quote.clone()))
    });
}

/// A subject and what stands behind it.
struct Rest<'p, 'a> {
    placed: &'p PlacedText<'a>,
    places: &'p [Place<'a>],
    place: &'p Place<'a>,
}

impl<'a> Rest<'_, 'a> {
    fn form(&self, form: &Captures<'_>, end: usize, found: &mut Vec<Found<'a>>) {
        let at = self.place.range.end + form.get(0).map_or(0, |all| all.end());
        let named = |name: &str| form.name(name).is_some();
        if named("kind") {
            return found.extend(self.kind(at, end, WORDS, VERB));
        }
        let (predicate, rule, inverse) = if named("part") {
            (Predicate::is_part_of(), "part-of", false)
        } else if named("whole") {
            (Predicate::has_part(), "part-of", false)
        } else if named("replaced") {
            (Predicate::replaces(), "replaces", true)
        } else if named("replaces") {
            (Predicate::replaces(), "replaces", false)
        } else {
            (Predicate::requires(), "requires", false)
        };
        let several = named("whole") || named("requires");
        for object in self.objects(at, end, several) {
            let (from, to) = if inverse {
                (object.entity, self.place.entity)
            } else {
                (self.place.entity, object.entity)
            };
            found.push(Found {
                quote: self.place.range.start..object.range.end,
                subject: from,
                predicate: predicate.clone(),
                object: RelationObject::Entity(to.clone()),
                confidence: VERB * self.place.confidence * object.confidence,
                rule,
            });
        }
    }

    /// The names that follow at once and end their phrase; one, or several in a row.
    fn objects(&self, at: usize, end: usize, several: bool) -> Vec<&Place<'a>> {
        let mut objects: Vec<&Place<'a>> = Vec::new();
        let mut from = at;
        for place in self.places.iter().filter(|place| place.range.start >= at) {
            let gap = self.placed.slice(from..place.range.start);
            let joined = if objects.is_empty() {
                BEFORE_OBJECT.is_match(gap)
            } else {
                BETWEEN_OBJECTS.is_match(gap)
            };
            if !joined || !self.ends_phrase(place.range.end, end) {
                break;
            }
            objects.push(place);
            from = place.range.end;
            if !several {
                break;
            }
        }
        // One of several is not needed for certain.
        let next = self.placed.slice(from..end).trim_start_matches([',', ' ']);
        if next.starts_with("or ") { Vec::new() } else { objects }
    }

    fn ends_phrase(&self, at: usize, end: usize) -> bool {
        let rest = self.placed.slice(at..end);
        let next =
            AFTER_OBJECT.captures(rest).and_then(|found| found.get(1)).map_or("", |m| m.as_str());
        let word = WORD.captures(next).and_then(|found| found.get(1)).map(|word| word.as_str());
        word.is_none_or(|word| FUNCTION_WORDS.contains(&word.to_lowercase().as_str()))
    }

    /// What the subject is: the phrase at `at`, which may be the name of an entity.
    fn kind(&self, at: usize, end: usize, words: f32, entity: f32) -> Option<Found<'a>> {
        let skipped = KIND_OF.find(self.placed.slice(at..end)).map_or(0, |found| found.end());
        let phrase = noun_phrase(self.placed.slice(at + skipped..end))?;
        let phrase = at + skipped + phrase.start..at + skipped + phrase.end;
        let named = self.places.iter().find(|place| {
            place.range.end == phrase.end
                && (place.range.start >= phrase.start)
                && at_word(self.placed.slice(phrase.start..place.range.start))
        });
        let (object, confidence) = match named {
            Some(place) => {
                (RelationObject::Entity(place.entity.clone()), entity * place.confidence)
            }
            None => {
                let value = plain(self.placed.slice(phrase.clone()));
                let last = value.rsplit(' ').next().unwrap_or_default().to_lowercase();
                if VAGUE.contains(&last.as_str()) || last.ends_with("ly") {
                    return None;
                }
                (RelationObject::Value(value), words)
            }
        };
        Some(Found {
            quote: self.place.range.start..phrase.end,
            subject: self.place.entity,
            predicate: Predicate::is_a(),
            object,
            confidence: confidence * self.place.confidence,
            rule: "is-a",
        })
    }

    /// `X, a Y,`: unless both are members of a list, or what stands before the comma only
    /// introduces what comes ("Over X, a Y can be reached").
    fn apposition(
        &self,
        (before, opens): (&str, bool),
        at: usize,
        end: usize,
        found: &mut Vec<Found<'a>>,
    ) {
        let before = before.trim_end_matches(['*', '_', '`', '"', '“', '[']).to_lowercase();
        let indefinite =
            before.ends_with("a ") || before.ends_with("an ") || before.ends_with(", ");
        let Some(said) = self.kind(at, end, APPOSITION, APPOSITION) else { return };
        let rest = self.placed.slice(said.quote.end..end).trim_start_matches([']', '*', '_', '`']);
        let listed = rest.starts_with(", and")
            || rest.starts_with(", or")
            || rest.starts_with(" and")
            || rest.starts_with(" or")
            || rest.starts_with(", a ")
            || rest.starts_with(", an ");
        let closed = rest.starts_with([',', '.', ';', ')']) || rest.is_empty();
        let goes_on = [" that ", " which ", " who ", " of ", " for ", " in ", " from ", " by "];
        let described = goes_on.iter().any(|word| rest.starts_with(word)) && opens;
        if !indefinite && !listed && (closed || described) {
            found.push(said);
        }
    }

    /// `X, also known as Y` and `X (Y)` when Y is made of the initials of X.
    fn other_names(&self, rest: &str, end: usize, found: &mut Vec<Found<'a>>) {
        let start = self.place.range.end;
        let mut say = |range: Range<usize>, confidence: f32| {
            let value = plain(self.placed.slice(range.clone()));
            if !value.is_empty() {
                found.push(Found {
                    quote: self.place.range.start..range.end,
                    subject: self.place.entity,
                    predicate: Predicate::also_known_as(),
                    object: RelationObject::Value(value),
                    confidence: confidence * self.place.confidence,
                    rule: "also-known-as",
                });
            }
        };
        if let Some(known) = ALSO_KNOWN.find(rest) {
            let at = start + known.end();
            let named = self.places.iter().find(|place| place.range.start == at);
            let range = match named {
                Some(place) => Some(place.range.clone()),
                None => noun_phrase(self.placed.slice(at..end)).map(|p| at + p.start..at + p.end),
            };
            if let Some(range) = range {
                say(range, WORDS);
            }
        }
        if let Some(short) = SHORT.captures(rest).and_then(|found| found.get(1)) {
            let name = self.placed.slice(self.place.range.clone());
            if is_short_form(short.as_str(), name) {
                say(start + short.start()..start + short.end(), SHORT_FORM);
            }
        }
    }
}

fn at_word(before: &str) -> bool {
    before.is_empty() || before.ends_with([' ', '[', '*', '_', '`', '"', '“'])
}

/// Whether a short form has the initials of the words of a name.
fn is_short_form(short: &str, name: &str) -> bool {
    let initials: String = name
        .split(|c: char| !c.is_alphanumeric())
        .filter_map(|word| word.chars().next())
        .flat_map(char::to_lowercase)
        .collect();
    let short = short.trim_end_matches('s').to_lowercase();
    short.chars().count() > 1 && initials == short
}

/// The nouns, with what stands before them, at the beginning of `text`: up to
/// punctuation, a function word, or a participle that a function word follows.
fn noun_phrase(text: &str) -> Option<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while let Some(word) = WORD.captures(text.get(at..)?).and_then(|found| found.get(1)) {
        let range = at + word.start()..at + word.end();
        let lower = word.as_str().to_lowercase();
        if FUNCTION_WORDS.contains(&lower.as_str()) {
            if let [.., _, last] = words.as_slice()
                && is_participle(text.get(last.clone())?)
            {
                words.pop();
            }
            break;
        }
        if words.len() == MAX_PHRASE_WORDS {
            return None;
        }
        let behind = text.get(range.end..).unwrap_or_default();
        words.push(range.clone());
        let blanks = behind.len() - behind.trim_start().len();
        if blanks == 0 {
            break;
        }
        at = range.end + blanks;
    }
    Some(words.first()?.start..words.last()?.end)
}

fn is_participle(word: &str) -> bool {
    const IRREGULAR: &[&str] = &[
        "made", "built", "born", "written", "known", "held", "given", "sold", "run", "led", "sent",
    ];
    word.ends_with("ed") && !word.contains('-')
        || word.ends_with("ing")
        || IRREGULAR.contains(&word)
}
