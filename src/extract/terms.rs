//! The terms in which a language model may speak, and the schema of its output.

use crate::model::{Digest, OntologyTerm, TermKind};
use crate::vocab::{dcterms, owl, rdf, rdfs, schema, sh, skos, vt, xsd};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// More predicates or classes than this fit into no prompt.
pub const MAX_TERMS: usize = 200;
/// Longest description of a term that stands in the prompt, in characters.
const COMMENT_CHARS: usize = 200;
/// Terms of these are about documents and about terms, not about what texts speak of;
/// only settings that name them allow them.
const RESERVED: [&str; 5] =
    [vt::NAMESPACE, rdf::NAMESPACE, rdfs::NAMESPACE, owl::NAMESPACE, sh::NAMESPACE];
/// What the output says of an object that is a value.
pub(super) const VALUE: &str = "value";
/// What the output says of a thing that is of no class of the list.
pub(super) const NO_CLASS: &str = "none";

/// A knowledge base describes, or the settings name, more terms than fit.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "expected at most {MAX_TERMS} {what} to choose from, found {found}; name those that matter in `extract.llm.{what}`"
)]
pub struct TooManyTerms {
    what: &'static str,
    found: usize,
}

/// The allowed predicates and classes, by the short names that stand in the output.
#[derive(Clone, Debug, Default)]
pub struct AllowedTerms {
    pub(super) predicates: BTreeMap<String, OntologyTerm>,
    pub(super) classes: BTreeMap<String, OntologyTerm>,
    /// Every described class with itself and the classes above it.
    above: BTreeMap<String, BTreeSet<String>>,
}

impl AllowedTerms {
    /// Chooses among the terms that a knowledge base describes: those that are named,
    /// or else all, or else the small list of [`default_terms`].
    ///
    /// # Errors
    /// When there are more than [`MAX_TERMS`] of a kind.
    pub fn choose(
        described: &[OntologyTerm],
        predicates: &[String],
        classes: &[String],
    ) -> Result<Self, TooManyTerms> {
        let defaults = default_terms();
        let chosen = |named: &[String], is_class: bool| -> Vec<OntologyTerm> {
            let of_kind = |term: &&OntologyTerm| (term.kind == TermKind::Class) == is_class;
            if named.is_empty() {
                let reserved = |term: &&OntologyTerm| {
                    RESERVED.iter().any(|namespace| term.iri.starts_with(namespace))
                };
                let own = described.iter().filter(|term| !reserved(term));
                let all: Vec<_> = own.filter(of_kind).cloned().collect();
                return match all.is_empty() {
                    true => defaults.iter().filter(of_kind).cloned().collect(),
                    false => all,
                };
            }
            let known = |iri: &String| {
                let all = described.iter().chain(&defaults);
                all.filter(of_kind).find(|term| term.iri == *iri).cloned()
            };
            named.iter().map(|iri| known(iri).unwrap_or_else(|| bare(iri, is_class))).collect()
        };
        let predicates = chosen(predicates, false);
        let classes = chosen(classes, true);
        for (what, found) in [("predicates", predicates.len()), ("classes", classes.len())] {
            if found > MAX_TERMS {
                return Err(TooManyTerms { what, found });
            }
        }
        let all_classes = described.iter().chain(&defaults).chain(&classes);
        let above = closed(all_classes.filter(|term| term.kind == TermKind::Class));
        Ok(Self { predicates: by_name(predicates), classes: by_name(classes), above })
    }

    /// Whether a class is another one or stands below it.
    pub(super) fn is_below(&self, class: &str, other: &str) -> bool {
        class == other || self.above.get(class).is_some_and(|above| above.contains(other))
    }

    /// Whether one of the allowed classes is this one or stands below it; otherwise no
    /// output could say that something is of it.
    pub(super) fn can_say(&self, class: &str) -> bool {
        self.classes.values().any(|allowed| self.is_below(&allowed.iri, class))
    }

    /// The JSON schema of the output.
    pub fn schema(&self) -> Value {
        let text = json!({"type": "string"});
        let names = |names: Vec<&str>| json!({"type": "string", "enum": names});
        let classes: Vec<&str> =
            self.classes.keys().map(String::as_str).chain([NO_CLASS]).collect();
        let objects: Vec<&str> = classes.iter().copied().chain([VALUE]).collect();
        json!({
            "type": "object",
            "properties": {"statements": {"type": "array", "items": {
                "type": "object",
                "properties": {
                    "quote": text,
                    "subject": text,
                    "subject_class": names(classes),
                    "predicate": names(self.predicates.keys().map(String::as_str).collect()),
                    "object": text,
                    "object_class": names(objects),
                },
                "required": ["quote", "subject", "subject_class", "predicate", "object", "object_class"],
                "additionalProperties": false,
            }}},
            "required": ["statements"],
            "additionalProperties": false,
        })
    }

    /// The terms as the prompt lists them.
    pub(super) fn listed(&self) -> String {
        let mut text = String::from("Predicates:\n");
        for (name, term) in &self.predicates {
            let object = match self.takes(term) {
                Takes::Things => "; its object is a thing",
                Takes::Values => "; its object is a value",
                Takes::Either => "",
            };
            text.push_str(&format!("- {name}: {}{object}\n", described(term)));
        }
        text.push_str("Classes:\n");
        for (name, term) in &self.classes {
            text.push_str(&format!("- {name}: {}\n", described(term)));
        }
        text
    }

    /// What the objects of a property are.
    pub(super) fn takes(&self, predicate: &OntologyTerm) -> Takes {
        let literal =
            |range: &String| range.starts_with(xsd::NAMESPACE) || range.ends_with("#Literal");
        match predicate.kind {
            TermKind::ObjectProperty => Takes::Things,
            TermKind::DatatypeProperty => Takes::Values,
            TermKind::Property | TermKind::Class => match predicate.ranges.as_slice() {
                [] => Takes::Either,
                ranges if ranges.iter().any(literal) => Takes::Values,
                _ => Takes::Things,
            },
        }
    }

    /// Digest of the terms and of all that is known of them.
    pub fn digest(&self) -> Digest {
        let terms = format!("{:?}{:?}{:?}", self.predicates, self.classes, self.above);
        Digest::of(terms.as_bytes())
    }
}

/// What the objects of a property are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Things,
    Values,
    Either,
}

/// Terms for knowledge bases that describe none: parts, needs, replacements, makers,
/// places, employers, identifiers and definitions; products, organizations, people and
/// places.
pub fn default_terms() -> Vec<OntologyTerm> {
    use TermKind::{Class, DatatypeProperty, ObjectProperty};
    let term = |iri: &str, kind, label: &str, comment: &str| OntologyTerm {
        kind,
        label: label.to_owned(),
        comment: comment.to_owned(),
        ..bare(iri, kind == Class)
    };
    vec![
        term(dcterms::HAS_PART, ObjectProperty, "has part", "The subject contains the object."),
        term(
            dcterms::REQUIRES,
            ObjectProperty,
            "requires",
            "The subject needs the object to work.",
        ),
        term(
            dcterms::REPLACES,
            ObjectProperty,
            "replaces",
            "The subject takes the place of the object.",
        ),
        term(schema::MANUFACTURER, ObjectProperty, "manufacturer", "Who makes the subject."),
        term(schema::LOCATION, ObjectProperty, "location", "Where the subject is."),
        term(
            schema::WORKS_FOR,
            ObjectProperty,
            "works for",
            "The organization that employs the subject.",
        ),
        term(
            schema::IDENTIFIER,
            DatatypeProperty,
            "identifier",
            "A number or code by which the subject is known.",
        ),
        term(
            skos::DEFINITION,
            DatatypeProperty,
            "definition",
            "What the subject is, in the words of the text.",
        ),
        term(
            schema::PRODUCT,
            Class,
            "product",
            "A thing that is made, sold or installed, or a part of one.",
        ),
        term(schema::ORGANIZATION, Class, "organization", "A company, authority or other group."),
        term(schema::PERSON, Class, "person", "A human being."),
        term(schema::PLACE, Class, "place", "A site, town, country or room."),
    ]
}

/// A term of which nothing is known but its IRI.
fn bare(iri: &str, is_class: bool) -> OntologyTerm {
    OntologyTerm {
        iri: iri.to_owned(),
        kind: if is_class { TermKind::Class } else { TermKind::Property },
        label: local_name(iri),
        comment: String::new(),
        domains: Vec::new(),
        ranges: Vec::new(),
        above: Vec::new(),
    }
}

fn described(term: &OntologyTerm) -> String {
    let comment: Vec<&str> = term.comment.split_whitespace().collect();
    let comment: String = comment.join(" ").chars().take(COMMENT_CHARS).collect();
    match comment.is_empty() {
        true => term.label.clone(),
        false => format!("{}. {comment}", term.label),
    }
}

/// The last part of an IRI, in letters, digits and `_`.
fn local_name(iri: &str) -> String {
    let end = iri.trim_end_matches(['#', '/', ':']);
    let local = end.rsplit(['#', '/', ':']).next().unwrap_or(end);
    local.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect()
}

/// Terms by names that are all different, in the order of their IRIs.
fn by_name(mut terms: Vec<OntologyTerm>) -> BTreeMap<String, OntologyTerm> {
    terms.sort_by(|a, b| a.iri.cmp(&b.iri));
    terms.dedup_by(|a, b| a.iri == b.iri);
    let mut named: BTreeMap<String, OntologyTerm> = BTreeMap::new();
    for term in terms {
        let local = local_name(&term.iri);
        let taken = |name: &String| {
            name.is_empty()
                || [VALUE, NO_CLASS].contains(&name.as_str())
                || named.contains_key(name)
        };
        let numbered = (2..).map(|n| format!("{local}_{n}"));
        let name = std::iter::once(local.clone()).chain(numbered).find(|name| !taken(name));
        named.insert(name.unwrap_or_default(), term);
    }
    named
}

fn closed<'t>(
    classes: impl Iterator<Item = &'t OntologyTerm>,
) -> BTreeMap<String, BTreeSet<String>> {
    let direct: BTreeMap<&String, &Vec<String>> =
        classes.map(|class| (&class.iri, &class.above)).collect();
    let all = direct.keys().map(|class| {
        let (mut found, mut open) = (BTreeSet::new(), vec![(*class).clone()]);
        while let Some(class) = open.pop() {
            let above = direct.get(&class).copied().into_iter().flatten().cloned();
            if found.insert(class) {
                open.extend(above);
            }
        }
        ((*class).clone(), found)
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(iri: &str, above: &[&str]) -> OntologyTerm {
        let above = above.iter().map(|iri| (*iri).to_owned()).collect();
        OntologyTerm { above, ..bare(iri, true) }
    }

    #[test]
    fn described_terms_come_before_the_small_list() {
        let none = AllowedTerms::choose(&[], &[], &[]).unwrap();
        assert!(none.predicates.contains_key("hasPart") && none.classes.contains_key("Person"));
        let own = [
            bare("urn:x:fits", false),
            class("urn:x:Seal", &[]),
            bare("http://www.w3.org/2002/07/owl#sameAs", false),
        ];
        let some = AllowedTerms::choose(&own, &[], &[]).unwrap();
        assert_eq!(some.predicates.keys().collect::<Vec<_>>(), ["fits"]);
        assert_eq!(some.classes.keys().collect::<Vec<_>>(), ["Seal"]);
    }

    #[test]
    fn named_terms_are_the_only_ones_and_names_are_never_shared() {
        let named = ["http://a#fits".to_owned(), "http://b#fits".to_owned()];
        let terms = AllowedTerms::choose(&[], &named, &["urn:x:value".to_owned()]).unwrap();
        assert_eq!(terms.predicates.keys().collect::<Vec<_>>(), ["fits", "fits_2"]);
        assert_eq!(terms.classes.keys().collect::<Vec<_>>(), ["value_2"]);
        let schema = terms.schema().to_string();
        assert!(schema.contains(r#""enum":["fits","fits_2"]"#), "{schema}");
        assert!(schema.contains(r#""enum":["value_2","none","value"]"#), "{schema}");
    }

    #[test]
    fn too_many_terms_are_refused() {
        let many: Vec<_> = (0..=MAX_TERMS).map(|n| bare(&format!("urn:x:p{n}"), false)).collect();
        let error = AllowedTerms::choose(&many, &[], &[]).unwrap_err().to_string();
        assert!(error.contains("201") && error.contains("extract.llm.predicates"), "{error}");
    }

    #[test]
    fn circles_of_classes_end() {
        let terms = [class("urn:x:A", &["urn:x:B"]), class("urn:x:B", &["urn:x:A"])];
        let terms = AllowedTerms::choose(&terms, &[], &[]).unwrap();
        assert!(terms.is_below("urn:x:A", "urn:x:B") && terms.is_below("urn:x:B", "urn:x:A"));
        assert!(!terms.is_below("urn:x:A", "urn:x:C"));
    }
}
