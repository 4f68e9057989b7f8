//! The fact that a question asks for, where rules can tell it.
//!
//! Which of two, whether two are of one country, when and where somebody was born or
//! died, of which nationality somebody is: about what the question names, or about the
//! director, author or singer of it. Everything else is left to the quoted sentences: a
//! fact that is wrong half the time is worse than none.

use super::choice::choice;
use super::countries::first_country;
use super::days::{between, brackets, days, is_month, life};
use super::subjects::{asked_of, behind, named, role, titled};
use super::words::{content_stems, lower, words};
use crate::model::Evidence;
use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// A fact in a few words and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ShortAnswer {
    pub(super) text: String,
    /// What it rests on, in the order of the thought: evidence and a byte in its text.
    pub(super) ground: Vec<(usize, usize)>,
}

/// Kin and other relations that the rules do not follow.
const RELATIONS: &[&str] = &[
    "father",
    "mother",
    "wife",
    "husband",
    "spouse",
    "son",
    "daughter",
    "child",
    "children",
    "sibling",
    "siblings",
    "brother",
    "sister",
    "uncle",
    "aunt",
    "niece",
    "nephew",
    "parent",
    "parents",
    "cousin",
    "boss",
    "manager",
    "coach",
    "president",
    "king",
    "queen",
];

/// Words that open a question to be answered by yes or no.
const YES_NO: &[&str] = &[
    "is", "are", "was", "were", "do", "does", "did", "has", "have", "had", "can", "could", "will",
];

/// What is asked of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attribute {
    BirthDay,
    DeathDay,
    BirthPlace,
    DeathPlace,
    Nationality,
}

/// The fact, when the question is of a kind that rules know and the evidence tells it.
pub(super) fn short_answer(question: &str, evidence: &[Evidence]) -> Option<ShortAnswer> {
    let forms: Vec<String> = words(question).iter().map(|word| lower(word.text)).collect();
    let first = forms.first()?.as_str();
    if let Some(chosen) = choice(question, &forms, evidence) {
        return Some(chosen);
    }
    if YES_NO.contains(&first) {
        return yes_or_no(question, &forms, evidence);
    }
    let attribute = attribute(question, &forms)?;
    if forms.iter().any(|form| RELATIONS.contains(&form.as_str()) || form.starts_with("grand")) {
        return None;
    }
    let work = *named(question, evidence).first()?;
    let mut ground = Vec::new();
    let person = match role(&forms) {
        Some(cues) => {
            let (person, at) = behind(work, cues, evidence)?;
            ground.push((work, at));
            person
        }
        None => work,
    };
    let text = evidence.get(person)?.fragment.text.as_str();
    let range = match attribute {
        Attribute::BirthDay => life(text).born?.range,
        Attribute::DeathDay => life(text).died?.range,
        Attribute::BirthPlace => place(text, "born", true)?,
        Attribute::DeathPlace => place(text, "died", false)?,
        Attribute::Nationality => first_country(text)?.range,
    };
    ground.push((person, range.start));
    Some(ShortAnswer { text: text.get(range)?.to_owned(), ground })
}

static ATTRIBUTES: LazyLock<Vec<(Regex, Attribute)>> = LazyLock::new(|| {
    [
        (r"^(?:what|which) (?:is|was) the (?:date of birth|birth ?date|birthday)\b", Attribute::BirthDay),
        (r"^(?:when|(?:in )?(?:what|which) year|on (?:what|which) (?:date|day)) (?:was|were) .*\bborn\b", Attribute::BirthDay),
        (r"^(?:what|which) (?:is|was) the date of death\b", Attribute::DeathDay),
        (r"^(?:when|(?:in )?(?:what|which) year) did .*\bdie\b", Attribute::DeathDay),
        (r"^(?:what|which|where) (?:is|was) the (?:place of birth|birth ?place)\b", Attribute::BirthPlace),
        (r"^(?:where|(?:in )?(?:what|which) (?:city|town|place)) (?:was|were) .*\bborn\b", Attribute::BirthPlace),
        (r"^(?:what|which|where) (?:is|was) the (?:place of death|death ?place)\b", Attribute::DeathPlace),
        (r"^(?:where|(?:in )?(?:what|which) (?:city|town|place)) did .*\bdie\b", Attribute::DeathPlace),
        (r"^what (?:is|was) the nationality\b|^(?:what|which) nationality\b", Attribute::Nationality),
        (r"^(?:what|which) country .*\bfrom$", Attribute::Nationality),
    ]
    .into_iter()
    .map(|(pattern, attribute)| (Regex::new(pattern).expect("constant pattern"), attribute))
    .collect()
});

/// A further question inside the question: about a place or person that is not named.
static NESTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r".\b(?:where|which|who|whose|whom|what|in which|population|winner)\b")
        .expect("constant pattern")
});

fn attribute(question: &str, forms: &[String]) -> Option<Attribute> {
    let asked = forms.join(" ");
    let head = question.find(' ').map_or(0, |at| at + 1);
    let rest = lower(question.get(head..).unwrap_or_default());
    let rest = rest.trim_start_matches("which ").trim_start_matches("what ");
    if NESTED.is_match(rest) {
        return None;
    }
    ATTRIBUTES.iter().find(|(pattern, _)| pattern.is_match(&asked)).map(|(_, found)| *found)
}

static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\p{Lu}[\w.'’-]*(?: (?:(?:of|de|la|le|upon|am|the) )*\p{Lu}[\w.'’-]*)*")
        .expect("constant pattern")
});
static IN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?:in|at|near) (?:the )?").expect("constant pattern"));

/// Where somebody was born or died: behind "born … in", or in the brackets behind the
/// name, after the date. Bytes of the text.
fn place(text: &str, word: &str, is_birth: bool) -> Option<Range<usize>> {
    let within = |from: usize, to: usize| {
        let clause = text.get(from..to)?;
        let clause = clause.split(['.', ';', '(', ')']).next().unwrap_or_default();
        IN.find_iter(clause).find_map(|preposition| {
            let found = PLACE.find_at(clause, preposition.end())?;
            let is_date = !days(found.as_str()).is_empty()
                || days(clause)
                    .iter()
                    .any(|day| day.range.start <= found.start() && found.start() < day.range.end);
            (found.start() == preposition.end() && !is_date && !is_month(found.as_str()))
                .then(|| from + found.start()..from + trimmed_name(found.as_str()) + found.start())
        })
    };
    let said =
        words(text).into_iter().filter(|found| lower(found.text) == word).find_map(|found| {
            let from = found.start + found.text.len();
            let to =
                text.get(from..)?.char_indices().nth(90).map_or(text.len(), |(at, _)| from + at);
            within(from, to)
        });
    said.or_else(|| {
        let (start, inside) = brackets(text)?;
        let gap = between(inside);
        let part = match (is_birth, gap) {
            (true, Some(gap)) => 0..gap.start,
            (true, None) => 0..inside.len(),
            (false, Some(gap)) => gap.end..inside.len(),
            (false, None) => return None,
        };
        let side = inside.get(part.clone())?;
        let behind = days(side).first()?.range.end;
        let rest = side.get(behind..)?;
        let skipped = rest.len() - rest.trim_start_matches([',', ' ']).len();
        let found = PLACE.find_at(rest, skipped).filter(|found| found.start() == skipped)?;
        let from = start + part.start + behind + found.start();
        Some(from..from + trimmed_name(found.as_str()))
    })
}

/// Bytes of a name without a point at its end.
fn trimmed_name(name: &str) -> usize {
    name.trim_end_matches(['.', '-', '\'', '’']).len()
}

/// Whether two things are of one country, or of one year; whether what is asked stands
/// in the texts about them is not decided: words alone cannot say no.
fn yes_or_no(question: &str, forms: &[String], evidence: &[Evidence]) -> Option<ShortAnswer> {
    let has = |list: &[&str]| forms.iter().any(|form| list.contains(&form.as_str()));
    let subjects = pair(question, evidence)?;
    let mut ground = Vec::new();
    let cues = role(forms);
    let mut about = Vec::new();
    for subject in subjects {
        match cues.and_then(|cues| behind(subject, cues, evidence)) {
            Some((person, at)) => {
                ground.push((subject, at));
                about.push(person);
            }
            None => about.push(subject),
        }
    }
    let text = |i: usize| evidence.get(i).map(|item| item.fragment.text.as_str());
    let [one, other] = about.as_slice() else { return None };
    let is_same = if !has(&["same", "share", "both"]) {
        return None;
    } else if has(&["country", "nationality", "nation"]) {
        let (a, b) = (first_country(text(*one)?)?, first_country(text(*other)?)?);
        ground.extend([(*one, a.range.start), (*other, b.range.start)]);
        a.name == b.name
    } else if has(&["same"]) && has(&["year"]) {
        let (a, b) =
            (days(text(*one)?).into_iter().next()?, days(text(*other)?).into_iter().next()?);
        ground.extend([(*one, a.range.start), (*other, b.range.start)]);
        a.order.0 == b.order.0
    } else if has(&["both"]) {
        // Every word of what is asked stands in both texts: that can only be a yes.
        let asked = asked_of(question, &subjects, evidence);
        let holds = |i: usize| {
            let stems = text(i).map(content_stems).unwrap_or_default();
            asked.iter().all(|stem| stems.contains(stem))
        };
        ground.extend([(*one, 0), (*other, 0)]);
        if asked.is_empty() || !holds(*one) || !holds(*other) {
            return None;
        }
        true
    } else {
        return None;
    };
    Some(ShortAnswer { text: if is_same { "yes" } else { "no" }.to_owned(), ground })
}

static TWO: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:Are|Were|Did|Do|Have|Was|Is)\s+(?:both\s+)?(?:(?:the|of|these|directors?|films?|movies?|songs?|bands?|villages?|[a-z]+)\s*,?\s+)*(\S.*?),?\s+and\s+(.+?)(?:,|\?|\s+(?:both|located|from|have|the same|share|situated|of|in|born)\b)")
        .expect("constant pattern")
});

/// The two things that a question names.
fn pair(question: &str, evidence: &[Evidence]) -> Option<[usize; 2]> {
    let mut subjects = named(question, evidence);
    if subjects.len() < 2 {
        let found = TWO.captures(question)?;
        let named = |i: usize| titled(found.get(i)?.as_str(), evidence);
        subjects = vec![named(1)?, named(2)?];
    }
    let [one, other] = [*subjects.first()?, *subjects.get(1)?];
    (one != other).then_some([one, other])
}

#[cfg(test)]
#[path = "short_answer_cases.rs"]
mod tests;
