//! Words that can be erased from what was sealed.
//!
//! What is sealed holds, in the place of each word that may have to be erased, a
//! commitment: SHA-256 over a secret salt and the words. The words stand in the record
//! and the salts beside it. Erasing takes both away and leaves the commitment, which
//! says nothing to whoever has no salt, so that the seal stays true.

use super::canonical::canonical_digest;
use super::error::SealError;
use crate::model::Digest;
use crate::vocab::{prov, rdfs, vt};
use oxigraph::model::{Literal, NamedOrBlankNode, Term, Triple};
use std::collections::BTreeMap;

/// How words begin that were erased; the commitment follows.
pub const ERASED: &str = "(erased)";

/// Properties whose words may be erased.
const ERASABLE: [&str; 9] = [
    prov::VALUE,
    vt::TEXT,
    vt::QUOTE,
    vt::RAW_OUTPUT,
    vt::GRAPH_PATH,
    vt::REASON,
    vt::RESOLVED_QUESTION,
    vt::ASKS_FOR,
    rdfs::LABEL,
];

/// The secrets behind the commitments of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Salts {
    /// One secret from which the salt of each word follows.
    Key([u8; 32]),
    /// Salts of the words that are left, by subject and property.
    Single(BTreeMap<String, Digest>),
}

impl Salts {
    /// No salts: nothing is replaced by a commitment.
    pub fn none() -> Self {
        Self::Single(BTreeMap::new())
    }

    /// The salt of a word; `None` when it was erased or never had one.
    pub(super) fn of(&self, subject: &str, property: &str) -> Option<Digest> {
        match self {
            Self::Key(key) => Some(Digest::of_parts([
                b"veritrail-salt 1".as_slice(),
                key,
                subject.as_bytes(),
                property.as_bytes(),
            ])),
            Self::Single(salts) => salts.get(&place(subject, property)).copied(),
        }
    }

    /// The text form, which [`Salts::from_text`] reads.
    pub fn to_text(&self) -> String {
        match self {
            Self::Key(key) => hex::encode(key),
            Self::Single(salts) => serde_json::to_string(salts).unwrap_or_default(),
        }
    }

    /// Salts from their text form.
    pub fn from_text(text: &str) -> Option<Self> {
        if text.starts_with('{') {
            return serde_json::from_str(text).ok().map(Self::Single);
        }
        let mut key = [0; 32];
        hex::decode_to_slice(text, &mut key).ok()?;
        Some(Self::Key(key))
    }
}

pub(super) fn place(subject: &str, property: &str) -> String {
    format!("{subject} {property}")
}

/// The IRI of a subject.
pub(super) fn subject_of(triple: &Triple) -> &str {
    match &triple.subject {
        NamedOrBlankNode::NamedNode(node) => node.as_str(),
        NamedOrBlankNode::BlankNode(node) => node.as_str(),
    }
}

/// The words of a triple that may be erased.
pub(super) fn erasable(triple: &Triple) -> Option<&str> {
    match &triple.object {
        Term::Literal(literal) if ERASABLE.contains(&triple.predicate.as_str()) => {
            Some(literal.value())
        }
        _ => None,
    }
}

/// Whether words are what is left of erased ones.
pub fn is_erased(words: &str) -> bool {
    let digest = words.strip_prefix(ERASED).and_then(|rest| rest.strip_prefix(" sha256:"));
    digest.is_some_and(|digest| digest.parse::<Digest>().is_ok())
}

/// What stands in the place of words.
pub(super) fn commitment(salt: &Digest, words: &str) -> Literal {
    let parts = [b"veritrail-words 1".as_slice(), salt.as_bytes(), words.as_bytes()];
    Literal::new_simple_literal(format!("{ERASED} sha256:{}", Digest::of_parts(parts)))
}

/// The record as it is sealed: with commitments in the place of words.
pub fn sealed_form(triples: &[Triple], salts: &Salts) -> Vec<Triple> {
    let mut sealed = triples.to_vec();
    for triple in &mut sealed {
        let Some(words) = erasable(triple) else { continue };
        if let Some(salt) = salts.of(subject_of(triple), triple.predicate.as_str()) {
            triple.object = commitment(&salt, words).into();
        }
    }
    sealed
}

/// SHA-256 of the canonical text of the sealed form.
///
/// # Errors
/// When there is a blank node.
pub fn content_digest(graph: &str, triples: &[Triple], salts: &Salts) -> Result<Digest, SealError> {
    canonical_digest(graph, &sealed_form(triples, salts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Triples;

    #[test]
    fn words_are_replaced_and_numbers_stay() {
        let mut triples = Triples::new();
        triples.text("urn:a", vt::TEXT, "secret");
        triples.count("urn:a", vt::NUMBER, 1);
        let triples = triples.into_vec();
        let salts = Salts::Key([7; 32]);
        let sealed = sealed_form(&triples, &salts);
        let words = erasable(&sealed[0]).unwrap();
        assert!(is_erased(words) && !is_erased("secret") && !is_erased(ERASED), "{words}");
        assert_eq!(sealed[1], triples[1]);
        assert_eq!(Salts::from_text(&salts.to_text()), Some(salts));
        // What looks like a commitment is words like others while there is a salt.
        let again = sealed_form(&sealed, &Salts::Key([7; 32]));
        assert_ne!(again[0], sealed[0]);
        assert_eq!(sealed_form(&sealed, &Salts::none()), sealed);
    }
}
