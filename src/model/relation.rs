//! What a text says about two things.

use super::{EntityId, FragmentId, Span};
use crate::vocab::{self, dcterms, schema, vt};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A statement found in a fragment, with the words that say it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Relation {
    /// The fragment that says it.
    pub fragment: FragmentId,
    /// Where the quote stands, in code points of the fragment's text.
    pub span: Span,
    /// The words that say it, exactly as they stand there.
    pub quote: String,
    /// What it is about.
    pub subject: EntityId,
    /// The relation.
    pub predicate: Predicate,
    /// The other end.
    pub object: RelationObject,
    /// How sure the extractor is, in `0..=1`.
    pub confidence: f32,
    /// Name of the rule that found it.
    pub rule: String,
}

/// The property of a relation, as an IRI.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Predicate(String);

/// The other end of a relation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RelationObject {
    /// An entity of the graph.
    Entity(EntityId),
    /// Words, a number, a date: something that the graph has no node for.
    Value(String),
}

impl Predicate {
    /// Wraps an IRI of a vocabulary, or one read back from the graph.
    pub fn from_iri(iri: impl Into<String>) -> Self {
        Self(iri.into())
    }

    /// The property that a key, a header or the name of a column stands for: the same
    /// one in all documents, and for rows of tables that no mapping names.
    pub fn from_key(key: &str) -> Self {
        let parts = key.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
        let words = parts.collect::<Vec<_>>().join("_");
        let words = if words.is_empty() { "unnamed".to_owned() } else { words };
        Self(format!("{}{words}", vocab::PROPERTY_PREFIX))
    }

    /// What a text says that something is.
    pub fn is_a() -> Self {
        Self::from_iri(vt::IS_A)
    }

    /// The newer thing to the older one.
    pub fn replaces() -> Self {
        Self::from_iri(dcterms::REPLACES)
    }

    /// A thing to what it cannot do without.
    pub fn requires() -> Self {
        Self::from_iri(dcterms::REQUIRES)
    }

    /// A part to the whole.
    pub fn is_part_of() -> Self {
        Self::from_iri(dcterms::IS_PART_OF)
    }

    /// A whole to its part.
    pub fn has_part() -> Self {
        Self::from_iri(dcterms::HAS_PART)
    }

    /// Another name, as a text states it.
    pub fn also_known_as() -> Self {
        Self::from_iri(schema::ALTERNATE_NAME)
    }

    /// The IRI.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The words of the key when this is the property of a key.
    pub fn key(&self) -> Option<String> {
        self.0.strip_prefix(vocab::PROPERTY_PREFIX).map(|words| words.replace('_', " "))
    }

    /// The property in words: `is a`, `is part of`, or the key.
    pub fn name(&self) -> String {
        if let Some(key) = self.key() {
            return key;
        }
        let local = self.0.rsplit(['#', '/', ':']).next().unwrap_or(&self.0);
        let mut words = String::with_capacity(local.len() + 4);
        for c in local.chars() {
            if c.is_uppercase() && !words.is_empty() {
                words.push(' ');
            }
            words.extend(c.to_lowercase());
        }
        words
    }
}

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl RelationObject {
    /// The entity, when there is one.
    pub fn entity(&self) -> Option<&EntityId> {
        match self {
            Self::Entity(entity) => Some(entity),
            Self::Value(_) => None,
        }
    }

    /// The IRI or the words.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Entity(entity) => entity.as_str(),
            Self::Value(value) => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predicates_are_read_as_words() {
        let key = Predicate::from_key("**Operating pressure (bar)**");
        assert_eq!(key.as_str(), "urn:veritrail:property:Operating_pressure_bar");
        assert_eq!(key.name(), "Operating pressure bar");
        assert_eq!(Predicate::is_a().name(), "is a");
        assert_eq!(Predicate::is_part_of().name(), "is part of");
        assert_eq!(Predicate::from_key("??").as_str(), "urn:veritrail:property:unnamed");
    }
}
