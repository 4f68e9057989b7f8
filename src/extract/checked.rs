//! What of a model's output stands in the text, and is said in allowed terms.
//!
//! The output is never believed: each statement must quote words of the text, name
//! its subject and object by words of the quote, and keep to the allowed terms. What
//! does not is left out and counted by its reason.

use super::quotes::FoldedText;
use super::terms::{AllowedTerms, NO_CLASS, Takes, VALUE};
use crate::model::{OntologyTerm, StatedObject, Statement, Words};
use crate::vocab::xsd;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use time::format_description::well_known::{Iso8601, Rfc3339};

/// How sure a statement of a language model is that the text carries.
pub const STATED_CONFIDENCE: f32 = 0.7;
/// Longest quote, in characters.
const QUOTE_CHARS: usize = 1_000;
/// Longest name of a subject or object, in characters.
const NAME_CHARS: usize = 200;
/// Statements of one fragment at most.
const MAX_STATEMENTS: usize = 64;

/// Words that models give for names although they are told not to.
const PRONOUNS: [&str; 20] = [
    "i", "you", "he", "she", "it", "we", "they", "him", "her", "us", "them", "this", "that",
    "these", "those", "its", "which", "who", "one", "the",
];

/// Why a statement was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rejection {
    /// The whole output is no JSON of the schema.
    Malformed,
    /// The output ended at its longest length; what it said to the end is checked.
    CutShort,
    /// It lacks a part, or has another one.
    Form,
    /// Its predicate is not allowed.
    Predicate,
    /// A class is not allowed.
    Class,
    /// A part of it is too long.
    TooLong,
    /// Its quote does not stand in the text.
    Quote,
    /// Its subject does not stand in the quote.
    Subject,
    /// Its object does not stand in the quote.
    Object,
    /// Its subject or object is a pronoun.
    Pronoun,
    /// It says something of a thing and the same thing.
    Circular,
    /// The subject is not of the class that the predicate is about.
    Domain,
    /// The object is not of the class or datatype that the predicate has.
    Range,
    /// It was made twice.
    Repeated,
    /// There are too many of them.
    TooMany,
}

impl Rejection {
    /// The reason in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "the output is not JSON of the schema",
            Self::CutShort => "the output ended at extract.llm.max_output_tokens",
            Self::Form => "a part is missing or unknown",
            Self::Predicate => "the predicate is not allowed",
            Self::Class => "the class is not allowed",
            Self::TooLong => "a part is too long",
            Self::Quote => "the quote does not stand in the text",
            Self::Subject => "the subject does not stand in the quote",
            Self::Object => "the object does not stand in the quote",
            Self::Pronoun => "the subject or object is a pronoun",
            Self::Circular => "subject and object are the same",
            Self::Domain => "the subject is not of the predicate's domain",
            Self::Range => "the object is not of the predicate's range",
            Self::Repeated => "made twice",
            Self::TooMany => "too many statements of one fragment",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was kept of an output.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checked {
    /// Statements that the text carries.
    pub statements: Vec<Statement>,
    /// How many were left out for which reason.
    pub rejected: BTreeMap<Rejection, usize>,
}

/// The output is not JSON of the schema.
#[derive(Debug, thiserror::Error)]
#[error("the output is not JSON of the schema")]
pub struct MalformedOutput(#[source] Option<serde_json::Error>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Output {
    statements: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    quote: String,
    subject: String,
    subject_class: String,
    predicate: String,
    object: String,
    object_class: String,
}

/// Checks the output of a model about `text`.
///
/// # Errors
/// When it is no JSON object with a list of statements.
pub fn check_statements(
    output: &str,
    text: &str,
    terms: &AllowedTerms,
) -> Result<Checked, MalformedOutput> {
    let output: Output =
        serde_json::from_str(json_of(output)?).map_err(|error| MalformedOutput(Some(error)))?;
    let folded = FoldedText::new(text);
    let mut checked = Checked::default();
    for (n, item) in output.statements.into_iter().enumerate() {
        let found = match n < MAX_STATEMENTS {
            true => statement(item, &folded, terms),
            false => Err(Rejection::TooMany),
        };
        let found = found.and_then(|statement| {
            let repeated = checked.statements.iter().any(|known| {
                known.predicate == statement.predicate
                    && known.subject.text == statement.subject.text
                    && known.object.words().text == statement.object.words().text
            });
            if repeated { Err(Rejection::Repeated) } else { Ok(statement) }
        });
        match found {
            Ok(statement) => checked.statements.push(statement),
            Err(reason) => *checked.rejected.entry(reason).or_default() += 1,
        }
    }
    Ok(checked)
}

/// Checks what an output about `text` said to the end before it was cut off at its
/// longest length. Asking again would be cut off again, at the same cost.
pub fn check_cut_statements(output: &str, text: &str, terms: &AllowedTerms) -> Checked {
    let ends = output.match_indices('}').map(|(at, _)| at + 1);
    let whole = ends.rev().find_map(|end| {
        let closed = format!("{}]}}", output.get(..end)?);
        check_statements(&closed, text, terms).ok()
    });
    let mut checked = whole.unwrap_or_default();
    checked.rejected.insert(Rejection::CutShort, 1);
    checked
}

/// The JSON object of an output that may stand among other words, as models write it
/// that are asked in words.
fn json_of(output: &str) -> Result<&str, MalformedOutput> {
    let json = output.find('{').zip(output.rfind('}'));
    json.and_then(|(start, end)| output.get(start..=end)).ok_or(MalformedOutput(None))
}

fn statement(
    item: Value,
    text: &FoldedText<'_>,
    terms: &AllowedTerms,
) -> Result<Statement, Rejection> {
    let item: Item = serde_json::from_value(item).map_err(|_| Rejection::Form)?;
    let predicate = terms.predicates.get(&item.predicate).ok_or(Rejection::Predicate)?;
    let subject_class = class(&item.subject_class, terms)?;
    let is_value = item.object_class == VALUE;
    let object_class = if is_value { None } else { class(&item.object_class, terms)? };
    let names = [&item.subject, &item.object];
    if item.quote.chars().count() > QUOTE_CHARS
        || names.iter().any(|name| name.chars().count() > NAME_CHARS)
    {
        return Err(Rejection::TooLong);
    }
    let quote = text.find(&item.quote, None).ok_or(Rejection::Quote)?;
    let subject = text.find(&item.subject, Some(quote.span)).ok_or(Rejection::Subject)?;
    let object = text.find(&item.object, Some(quote.span)).ok_or(Rejection::Object)?;
    if is_pronoun(&subject) || (!is_value && is_pronoun(&object)) {
        return Err(Rejection::Pronoun);
    }
    if subject.text.to_lowercase() == object.text.to_lowercase() {
        return Err(Rejection::Circular);
    }
    let is_outside =
        |domain: &String| terms.can_say(domain) && !is_of(subject_class.as_deref(), domain, terms);
    if predicate.domains.iter().any(is_outside) {
        return Err(Rejection::Domain);
    }
    let object = match is_value {
        true => StatedObject::Value(object),
        false => StatedObject::Thing { words: object, class: object_class },
    };
    if !fits(&object, predicate, terms) {
        return Err(Rejection::Range);
    }
    Ok(Statement { quote, subject, subject_class, predicate: predicate.iri.clone(), object })
}

/// Whether words name nothing that could be found again.
fn is_pronoun(words: &Words) -> bool {
    PRONOUNS.contains(&words.text.to_lowercase().as_str())
        || !words.text.contains(char::is_alphanumeric)
}

fn class(name: &str, terms: &AllowedTerms) -> Result<Option<String>, Rejection> {
    if name == NO_CLASS {
        return Ok(None);
    }
    terms.classes.get(name).map(|class| Some(class.iri.clone())).ok_or(Rejection::Class)
}

fn is_of(class: Option<&str>, wanted: &str, terms: &AllowedTerms) -> bool {
    class.is_some_and(|class| terms.is_below(class, wanted))
}

/// Whether an object is what the ranges of its predicate ask for.
fn fits(object: &StatedObject, predicate: &OntologyTerm, terms: &AllowedTerms) -> bool {
    let mut ranges = predicate.ranges.iter();
    match (terms.takes(predicate), object) {
        (Takes::Values, StatedObject::Thing { .. }) | (Takes::Things, StatedObject::Value(_)) => {
            false
        }
        (_, StatedObject::Value(words)) => ranges.all(|range| is_lexical(&words.text, range)),
        (_, StatedObject::Thing { class, .. }) => {
            ranges.all(|range| !terms.can_say(range) || is_of(class.as_deref(), range, terms))
        }
    }
}

/// Whether words are a value of a datatype; true of datatypes that are not known.
fn is_lexical(words: &str, datatype: &str) -> bool {
    match datatype {
        xsd::INTEGER => words.parse::<i128>().is_ok(),
        xsd::DECIMAL => {
            words.parse::<f64>().is_ok_and(f64::is_finite) && !words.contains(['e', 'E'])
        }
        xsd::DOUBLE => words.parse::<f64>().is_ok(),
        xsd::BOOLEAN => ["true", "false", "1", "0"].contains(&words),
        xsd::DATE => time::Date::parse(words, &Iso8601::DATE).is_ok(),
        xsd::DATE_TIME => time::OffsetDateTime::parse(words, &Rfc3339).is_ok(),
        _ => true,
    }
}

#[cfg(test)]
#[path = "checked_cases.rs"]
mod cases;
