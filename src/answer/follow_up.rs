//! Questions that lean on what was asked before, as questions that stand alone.
//!
//! Rules, no model: a question that names only another thing takes the place of the
//! thing asked about before ("and the Beck 30?"), a pronoun takes the name that was
//! asked about ("How heavy is it?"), and a question without a subject gets one ("Why?").
//! A question that names its own subject is left as it is. What the rules add is taken
//! from the conversation word by word, so nothing is asked that nobody said.

use super::words::{is_stop_word, lower, stem, words};
use std::ops::Range;

/// Earlier turns that are looked at.
pub const MAX_TURNS: usize = 8;
/// Longest text of a turn that is looked at, in bytes.
const MAX_TURN_BYTES: usize = 4_000;

/// A question that was asked before, and what was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// The question, as asked.
    pub question: String,
    /// The answer; empty where there was none.
    pub answer: String,
}

/// A name that the knowledge base knows, found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownName {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// Whether it names one thing (a product, a person, a part) and is no heading or
    /// other common words.
    pub is_proper: bool,
}

/// Finds known names in a text, left to right, without overlap.
pub type KnownNames<'a> = dyn Fn(&str) -> Vec<KnownName> + 'a;

/// The question as it stands alone; `None` when it does so already.
pub fn resolve(turns: &[Turn], question: &str, known: &KnownNames<'_>) -> Option<String> {
    let first = turns.len().saturating_sub(MAX_TURNS);
    let mut earlier: Option<Turn> = None;
    for turn in turns.iter().skip(first) {
        let asked = bounded(turn.question.trim());
        let resolved = earlier.and_then(|earlier| follow(&earlier, asked, known));
        let question = resolved.unwrap_or_else(|| asked.to_owned());
        earlier = Some(Turn { question, answer: bounded(&turn.answer).to_owned() });
    }
    follow(&earlier?, question.trim(), known)
}

fn bounded(text: &str) -> &str {
    let end = (0..=MAX_TURN_BYTES.min(text.len())).rev().find(|i| text.is_char_boundary(*i));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// Beginnings that continue a conversation and say nothing else, longest first.
const CONTINUATIONS: &[&str] = &[
    "and what about",
    "and how about",
    "but what about",
    "what about",
    "how about",
    "same for",
    "the same for",
    "and for",
    "and in",
    "and with",
    "and on",
    "and",
    "but",
    "or",
    "also",
    "then",
    "so",
    "ok",
    "okay",
    "well",
];
/// Words that ask or qualify and have no subject of their own.
const VAGUE: &[&str] = &[
    "often",
    "long",
    "much",
    "many",
    "far",
    "exactly",
    "detail",
    "details",
    "example",
    "examples",
    "explain",
    "tell",
    "show",
    "elaborate",
    "describe",
    "sure",
    "really",
    "precisely",
    "again",
    "please",
    "mean",
    "come",
    "reason",
    "way",
    "kind",
    "sort",
    "give",
    "want",
    "need",
    "know",
    "say",
    "happen",
    "happens",
    "work",
    "works",
    "ones",
    "one",
    "instead",
    "happened",
    "case",
];
/// Politeness, which asks nothing.
const CIVILITIES: &[&str] =
    &["thanks", "thank", "hello", "hi", "bye", "goodbye", "great", "perfect", "cheers", "nice"];
const QUESTION_WORDS: &[&str] =
    &["why", "how", "when", "where", "who", "whom", "whose", "which", "what"];
const AUXILIARIES: &[&str] = &[
    "is", "are", "was", "were", "do", "does", "did", "has", "have", "had", "can", "could", "will",
    "would", "should", "must", "may", "might", "am", "be",
];
const THINGS: &[&str] = &["it", "its", "itself", "they", "them", "their", "theirs"];
const PERSONS: &[&str] = &["he", "him", "his", "she", "her", "hers"];
const POINTING: &[&str] = &["this", "that", "these", "those"];
/// Words at the end of a question that point back at what was said.
const BACK: &[&str] = &["too", "also", "either", "instead", "well", "same"];
/// Openings of a clause that may name what a pronoun after it stands for.
const CLAUSES: &[&str] = &["when", "if", "after", "once", "before", "while", "because", "although"];

/// A question taken apart.
struct Parts<'a> {
    text: &'a str,
    /// Whether a continuation was taken off.
    continued: bool,
    names: Vec<Name>,
    /// Lower-case words with their places.
    words: Vec<(String, usize)>,
}

#[derive(Clone, Debug)]
struct Name {
    range: Range<usize>,
    proper: bool,
}

impl<'a> Parts<'a> {
    fn of(question: &'a str, known: &KnownNames<'_>) -> Self {
        let (text, continued) = without_continuation(question);
        let found = words(text).into_iter().map(|w| (lower(w.text), w.start)).collect();
        Self { text, continued, names: names(text, known), words: found }
    }

    fn in_name(&self, at: usize) -> bool {
        self.names.iter().any(|name| name.range.contains(&at))
    }

    /// Words that carry meaning and stand in no name.
    fn content(&self) -> impl Iterator<Item = &(String, usize)> {
        self.words.iter().filter(|(word, at)| {
            !is_stop_word(word) && !VAGUE.contains(&word.as_str()) && !self.in_name(*at)
        })
    }

    fn has(&self, list: &[&str]) -> bool {
        self.words.iter().any(|(word, at)| list.contains(&word.as_str()) && !self.in_name(*at))
    }

    fn name(&self, name: &Name) -> &'a str {
        self.text.get(name.range.clone()).unwrap_or_default()
    }
}

/// The question that `question` is after `earlier`.
fn follow(earlier: &Turn, question: &str, known: &KnownNames<'_>) -> Option<String> {
    let parts = Parts::of(question, known);
    if parts.words.is_empty() || parts.has(CIVILITIES) && !question.contains('?') {
        return None;
    }
    let before = Parts::of(&earlier.question, known);
    if before.words.is_empty() {
        return None;
    }
    let n_content = parts.content().count();
    let asks = parts.has(QUESTION_WORDS);
    let says = parts.has(AUXILIARIES);
    if !parts.names.is_empty() {
        let points_back = parts.words.last().is_some_and(|(word, _)| BACK.contains(&word.as_str()));
        let alike = parts.names.iter().any(|name| name.proper)
            || !before.names.iter().any(|name| name.proper);
        return if n_content == 0 && !says && !alike {
            Some(about(parts.text, &focus(earlier, &before, known)))
        } else if n_content == 0 && !says {
            Some(contrasted(&parts, &before, asks))
        } else if parts.continued && n_content == 0 || points_back && pronoun(&parts).is_some() {
            Some(about(parts.text, subject(&before)))
        } else {
            pronoun(&parts).and_then(|found| referring(&parts, &found, earlier, &before, known))
        };
    }
    if let Some(found) = pronoun(&parts) {
        return referring(&parts, &found, earlier, &before, known);
    }
    if n_content == 0 {
        return Some(about(parts.text, subject(&before)));
    }
    let bridges = parts.words.iter().any(|(word, _)| word == "the") && n_content <= 2;
    if n_content <= 3 && (parts.continued || !says && asks || says && bridges) {
        return Some(about(parts.text, &focus(earlier, &before, known)));
    }
    None
}

/// A question about another thing: the earlier one with this thing in the place of
/// the one that is most like it.
fn contrasted(parts: &Parts<'_>, before: &Parts<'_>, asks: bool) -> String {
    let Some(new) = parts.names.first() else { return parts.text.to_owned() };
    let shown = parts.name(new);
    let like = |old: &&Name| {
        let (a, b) = (lower(before.name(old)), lower(shown));
        let shared = a.split(|c: char| !c.is_alphanumeric()).any(|word| {
            word.len() > 1 && b.split(|c: char| !c.is_alphanumeric()).any(|other| other == word)
        });
        (shared, old.proper && new.proper, old.proper == new.proper, !old.range.is_empty())
    };
    let replaced = before.names.iter().max_by_key(like).filter(|old| {
        let (shared, both_proper, ..) = like(old);
        shared || both_proper || before.names.len() == 1 && old.proper == new.proper
    });
    let resolved = match replaced {
        Some(old) => {
            let head = before.text.get(..old.range.start).unwrap_or_default();
            let tail = before.text.get(old.range.end..).unwrap_or_default();
            format!("{head}{shown}{tail}")
        }
        None if !asks => return about(before.text, shown),
        None => before.text.to_owned(),
    };
    if !asks {
        return resolved;
    }
    let resolved =
        Parts { text: &resolved, continued: false, names: Vec::new(), words: Vec::new() };
    about(parts.text, subject(&resolved))
}

/// A word that stands for something said before.
struct Pronoun {
    range: Range<usize>,
    person: bool,
    /// Whether it can be replaced by a name: "that pump" cannot.
    alone: bool,
    possessive: bool,
}

/// The first pronoun whose meaning is not in the question itself.
fn pronoun(parts: &Parts<'_>) -> Option<Pronoun> {
    let clause = parts.words.first().is_some_and(|(word, _)| CLAUSES.contains(&word.as_str()));
    let points_back = parts.words.last().is_some_and(|(word, _)| BACK.contains(&word.as_str()));
    for (i, (word, start)) in parts.words.iter().enumerate() {
        if parts.in_name(*start) {
            continue;
        }
        let word = word.as_str();
        let next = parts.words.get(i + 1).map(|(next, _)| next.as_str());
        let previous = i.checked_sub(1).and_then(|i| parts.words.get(i)).map(|(w, _)| w.as_str());
        let person = PERSONS.contains(&word);
        let thing = THINGS.contains(&word) && !(word == "it" && is_empty_it(parts, i));
        // "The part that holds it" points at nothing, "clean that pump" does.
        let relative = word == "that"
            && previous.is_some_and(|word| !is_stop_word(word) && !VAGUE.contains(&word))
            && i + 2 != parts.words.len();
        let pointing = POINTING.contains(&word) && !relative;
        let place = word == "there"
            && next.is_none_or(|next| !AUXILIARIES.contains(&next))
            && previous.is_none_or(|previous| !AUXILIARIES.contains(&previous));
        if !(person || thing || pointing || place) {
            continue;
        }
        let named_before = parts.names.iter().any(|name| name.range.end <= *start);
        let said_before = clause && parts.content().any(|(_, at)| at < start);
        if (named_before || said_before) && !points_back {
            return None;
        }
        let noun_after = next.is_some_and(|next| {
            !is_stop_word(next) && !VAGUE.contains(&next) && !BACK.contains(&next)
        });
        return Some(Pronoun {
            range: *start..start + word.len(),
            person,
            alone: !(place || pointing && noun_after),
            possessive: matches!(word, "its" | "their" | "his") || word == "her" && noun_after,
        });
    }
    None
}

/// "Is it possible to ..." and "how long does it take to ..." mean nothing by `it`.
fn is_empty_it(parts: &Parts<'_>, at: usize) -> bool {
    const AFTER: &[&str] = &[
        "possible",
        "necessary",
        "safe",
        "allowed",
        "true",
        "normal",
        "important",
        "better",
        "best",
        "okay",
        "ok",
        "take",
        "takes",
        "mean",
        "means",
        "advisable",
        "required",
    ];
    let rest: Vec<&str> = parts.words.iter().skip(at + 1).map(|(word, _)| word.as_str()).collect();
    rest.iter().take(2).any(|word| AFTER.contains(word))
        && rest.iter().skip(1).any(|word| matches!(*word, "to" | "that" | "if" | "when"))
}

/// The question with what its pronoun stands for.
fn referring(
    parts: &Parts<'_>,
    found: &Pronoun,
    earlier: &Turn,
    before: &Parts<'_>,
    known: &KnownNames<'_>,
) -> Option<String> {
    let answer = first_sentence(&earlier.answer);
    let person = || {
        let said = names(answer, known).into_iter().filter(|name| name.proper);
        let said = said.filter_map(|name| answer.get(name.range)).map(str::to_owned);
        said.filter(|name| !lower(before.text).contains(&lower(name))).max_by_key(String::len)
    };
    let name = if found.person { person() } else { None };
    let name = name.or_else(|| asked_about(before).map(str::to_owned));
    let Some(name) = name.filter(|_| found.alone) else {
        return Some(about(parts.text, &focus(earlier, before, known)));
    };
    let head = parts.text.get(..found.range.start)?;
    let tail = parts.text.get(found.range.end..)?;
    let owner = if found.possessive { "'s" } else { "" };
    Some(sentence(&format!("{head}{name}{owner}{tail}")))
}

/// The name that a question is about: all of "the seal of the Pump X-10" where names
/// hang together.
fn asked_about<'a>(question: &Parts<'a>) -> Option<&'a str> {
    let first = question.names.first()?;
    let mut range = first.range.clone();
    for name in question.names.iter().skip(1) {
        let between = question.text.get(range.end..name.range.start)?;
        let linked = words(between)
            .iter()
            .all(|w| ["of", "for", "in", "on", "the", "a", "an"].contains(&lower(w.text).as_str()));
        let touches = between.chars().all(|c| c.is_alphanumeric() || c == ' ');
        if !linked || !touches {
            break;
        }
        range.end = name.range.end;
    }
    let single =
        question.names.iter().find(|name| name.proper && !range.contains(&name.range.start));
    let range = single.filter(|_| !first.proper).map_or(range, |name| name.range.clone());
    question.text.get(range)
}

/// What a question without a subject of its own is about.
fn focus(earlier: &Turn, before: &Parts<'_>, known: &KnownNames<'_>) -> String {
    if !before.names.is_empty() {
        let mut all: Vec<&str> = Vec::new();
        for name in &before.names {
            if !all.contains(&before.name(name)) {
                all.push(before.name(name));
            }
        }
        return all.join(", ");
    }
    let answer = first_sentence(&earlier.answer);
    let named = names(answer, known).into_iter().find(|name| name.proper);
    let subject = subject(before);
    match named.and_then(|name| answer.get(name.range)) {
        Some(name) if !subject.is_empty() => format!("{subject}; {name}"),
        Some(name) => name.to_owned(),
        None => subject.to_owned(),
    }
}

fn first_sentence(text: &str) -> &str {
    let end = text.find(" [").or_else(|| text.find(". ")).unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}

/// A question without the words that ask: "the oil of a Beck 30 changed".
fn subject<'a>(question: &Parts<'a>) -> &'a str {
    let text = question.text;
    let mut start = 0;
    let mut asked = false;
    for word in words(text) {
        let form = lower(word.text);
        let asks = QUESTION_WORDS.contains(&form.as_str())
            || AUXILIARIES.contains(&form.as_str())
            || asked && VAGUE.contains(&form.as_str())
            || ["i", "you", "we", "please", "me"].contains(&form.as_str());
        if !asks || question.in_name(word.start) {
            start = word.start;
            break;
        }
        asked = true;
        start = word.start + word.text.len();
    }
    let rest = text.get(start..).unwrap_or_default().trim_matches(|c: char| " ?!.".contains(c));
    if rest.is_empty() { text.trim_end_matches(['?', ' ']) } else { rest }
}

fn about(question: &str, what: &str) -> String {
    let question = sentence(question.trim());
    let what = what.trim();
    if what.is_empty() { question } else { format!("{question} (about: {what})") }
}

/// With a capital at the beginning.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn without_continuation(question: &str) -> (&str, bool) {
    let mut rest = question.trim();
    let mut continued = false;
    while let Some(shorter) = CONTINUATIONS.iter().find_map(|opening| {
        let head = rest.get(..opening.len()).filter(|head| head.eq_ignore_ascii_case(opening))?;
        let tail = rest.get(head.len()..)?;
        // "or" begins "order", and "so" alone is a question.
        let ends = tail.starts_with(|c: char| c.is_whitespace() || c == ',');
        let tail = tail.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        (ends && tail.chars().any(char::is_alphanumeric)).then_some(tail)
    }) {
        rest = shorter;
        continued = true;
    }
    (rest, continued)
}

/// Known names and runs of words that look like names, left to right.
fn names(text: &str, known: &KnownNames<'_>) -> Vec<Name> {
    let mut found: Vec<Name> = known(text)
        .into_iter()
        .filter(|name| {
            text.get(name.range.clone()).is_some_and(|t| {
                !words(t)
                    .iter()
                    .all(|w| is_stop_word(w.text) || VAGUE.contains(&lower(w.text).as_str()))
            })
        })
        .map(|name| Name { range: name.range, proper: name.is_proper })
        .collect();
    let all = words(text);
    let mut run: Option<Range<usize>> = None;
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (i, word) in all.iter().enumerate() {
        let end = word.start + word.text.len();
        let named = looks_named(text, &all.get(..=i).unwrap_or_default());
        let joins = run.as_ref().is_some_and(|run| {
            text.get(run.end..word.start).is_some_and(|gap| gap.len() <= 1 && gap != ",")
        });
        let number = word.text.chars().all(|c| c.is_ascii_digit());
        match &mut run {
            Some(run) if joins && (named || number) => run.end = end,
            _ if named => {
                runs.extend(run.take());
                run = Some(word.start..end);
            }
            _ => runs.extend(run.take()),
        }
    }
    runs.extend(run);
    for range in runs {
        let overlaps = |name: &Name| name.range.start < range.end && range.start < name.range.end;
        match found.iter_mut().find(|name| overlaps(name)) {
            Some(name) => {
                name.proper = true;
                name.range = name.range.start.min(range.start)..name.range.end.max(range.end);
            }
            None => found.push(Name { range, proper: true }),
        }
    }
    found.sort_by_key(|name| name.range.start);
    let mut apart: Vec<Name> = Vec::new();
    for name in found {
        match apart.last_mut().filter(|last| name.range.start < last.range.end) {
            Some(last) => last.range.end = last.range.end.max(name.range.end),
            None => apart.push(name),
        }
    }
    apart
}

/// Whether the last of the words is written as names are: with a capital inside of a
/// sentence, or with letters and digits.
fn looks_named(text: &str, until: &&[super::words::Word<'_>]) -> bool {
    let Some(word) = until.last() else { return false };
    if is_stop_word(word.text) {
        return false;
    }
    let letters = word.text.chars().any(char::is_alphabetic);
    let rest = text.get(word.start + word.text.len()..).unwrap_or_default();
    let digits = word.text.chars().any(|c| c.is_ascii_digit());
    let capital = word.text.chars().next().is_some_and(char::is_uppercase);
    let before = text.get(..word.start).unwrap_or_default().trim_end();
    let begins = before.is_empty() || before.ends_with(['.', '!', '?', ':']);
    let acronym = word.text.chars().filter(|c| c.is_uppercase()).count() > 1;
    let next = rest.trim_start_matches([' ', '-']);
    let name_follows = next.starts_with(|c: char| c.is_ascii_digit())
        || rest.starts_with(' ') && next.starts_with(char::is_uppercase) && !imperative(word.text);
    letters && (digits || acronym || capital && (!begins || name_follows))
}

/// Whether a word at the beginning of a question tells somebody to do something.
fn imperative(word: &str) -> bool {
    const VERBS: [&str; 12] = [
        "compare",
        "find",
        "list",
        "name",
        "open",
        "summarise",
        "summarize",
        "check",
        "search",
        "use",
        "look",
        "translate",
    ];
    let word = lower(word);
    VERBS.contains(&word.as_str()) || VAGUE.contains(&word.as_str())
}

/// Whether every word that carries meaning in `rewritten` stands in the conversation,
/// and everything that the question names is still there: what a language model made
/// of a follow-up question may choose among words, and add none.
pub(super) fn keeps_to(turns: &[Turn], question: &str, rewritten: &str) -> bool {
    let mut said: Vec<String> = words(question).iter().map(|w| stem(w.text)).collect();
    for turn in turns.iter().rev().take(MAX_TURNS) {
        for text in [&turn.question, &turn.answer] {
            said.extend(words(bounded(text)).iter().map(|w| stem(w.text)));
        }
    }
    let carries = |word: &str| !is_stop_word(word) && !VAGUE.contains(&lower(word).as_str());
    let added = words(rewritten).iter().any(|w| carries(w.text) && !said.contains(&stem(w.text)));
    let kept: Vec<String> = words(rewritten).iter().map(|w| stem(w.text)).collect();
    let lost = words(question).iter().any(|w| carries(w.text) && !kept.contains(&stem(w.text)));
    !added && !lost
}

#[cfg(test)]
#[path = "follow_up_cases.rs"]
mod tests;
