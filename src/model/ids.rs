//! Newtypes for identifiers. Each holds the IRI used in the graph.

use super::{Digest, Region};
use crate::vocab;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

macro_rules! iri_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Copies share their text.
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps an IRI that was made by this type before, read back from the graph.
            pub fn from_iri(iri: impl AsRef<str>) -> Self {
                Self(iri.as_ref().into())
            }

            /// The same without a copy of the text.
            pub fn from_shared(iri: Arc<str>) -> Self {
                Self(iri)
            }

            /// The IRI.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from_iri)
            }
        }
    };
}

iri_id! {
    /// A document, whatever its version: made from its source path or given id.
    DocumentId
}
iri_id! {
    /// One version of a document; also the name of the graph that holds all it asserts.
    VersionId
}
iri_id! {
    /// A chunk or a picture of one document version.
    FragmentId
}
iri_id! {
    /// A node of the knowledge graph.
    EntityId
}
iri_id! {
    /// A published state of corpus, indexes and projection.
    GenerationId
}
iri_id! {
    /// A claim that a picture shows an entity.
    DepictionId
}
iri_id! {
    /// A claim that two entities are one thing.
    MergeId
}

iri_id! {
    /// What one person thinks of one answer.
    FeedbackId
}

iri_id! {
    /// Something that drifted, found at some time.
    DriftAlertId
}

iri_id! {
    /// A recorded answer; also the name of the graph that holds its provenance.
    AnswerId
}

impl DocumentId {
    /// The document with this source path (relative to its source folder, `/`
    /// between parts) or given id.
    pub fn from_source(source: &str) -> Self {
        Self(format!("{}{}", vocab::DOCUMENT_PREFIX, encode_iri(source)).into())
    }

    /// The source path or given id from which [`DocumentId::from_source`] made
    /// this id; the IRI itself when it was not made that way.
    pub fn source(&self) -> String {
        self.0.strip_prefix(vocab::DOCUMENT_PREFIX).map_or_else(|| self.0.to_string(), decode_iri)
    }
}

impl VersionId {
    /// The version of `document` whose bytes have this digest.
    pub fn new(document: &DocumentId, digest: &Digest) -> Self {
        let hash = Digest::of_parts([document.as_str().as_bytes(), digest.as_bytes().as_slice()]);
        Self(format!("{}{}", vocab::VERSION_PREFIX, hash.short()).into())
    }

    /// The part after the prefix, which the IRIs of its fragments and mentions hold.
    pub fn hash(&self) -> &str {
        self.0.strip_prefix(vocab::VERSION_PREFIX).unwrap_or(&self.0)
    }
}

impl FragmentId {
    /// The fragment at position `ordinal` of a document version.
    pub fn new(version: &VersionId, ordinal: u32) -> Self {
        Self(format!("{}{}:{ordinal}", vocab::FRAGMENT_PREFIX, version.hash()).into())
    }

    /// The version of which this is a fragment.
    pub fn version(&self) -> VersionId {
        let rest = self.0.strip_prefix(vocab::FRAGMENT_PREFIX).unwrap_or(&self.0);
        let hash = rest.split(':').next().unwrap_or(rest);
        VersionId(format!("{}{hash}", vocab::VERSION_PREFIX).into())
    }

    /// A part of the picture of this fragment, as a media fragment: the key of the
    /// part's vector.
    pub fn with_region(&self, region: &Region) -> Self {
        Self(format!("{}#{region}", self.0).into())
    }

    /// The fragment, and the region when this is the key of a part.
    pub fn split_region(&self) -> (Self, Option<Region>) {
        match self.0.split_once('#') {
            Some((whole, region)) => (Self(whole.into()), region.parse().ok()),
            None => (self.clone(), None),
        }
    }
}

impl EntityId {
    /// The entity known only by a label: labels that differ in case or spacing
    /// share it.
    pub fn from_label(normalised_label: &str) -> Self {
        let slug: String = normalised_label
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { '-' })
            .take(48)
            .collect();
        let hash = Digest::of(normalised_label.as_bytes()).short();
        Self(format!("{}{}-{}", vocab::ENTITY_PREFIX, encode_iri(&slug), &hash[..8]).into())
    }
}

impl GenerationId {
    /// The generation whose content has this digest.
    pub fn new(digest: &Digest) -> Self {
        Self(format!("{}{}", vocab::GENERATION_PREFIX, digest.short()).into())
    }

    /// The part after the prefix: the name of its folder.
    pub fn name(&self) -> &str {
        self.0.strip_prefix(vocab::GENERATION_PREFIX).unwrap_or(&self.0)
    }
}

impl DepictionId {
    /// The claim of `method` that `picture` shows `entity`: the same one whenever it
    /// is made again.
    pub fn of(picture: &DocumentId, entity: &EntityId, method: &str) -> Self {
        let parts = [picture.as_str().as_bytes(), entity.as_str().as_bytes(), method.as_bytes()];
        Self(format!("{}{}", vocab::DEPICTION_PREFIX, Digest::of_parts(parts).short()).into())
    }

    /// The claim that a person or program names, by its IRI or by what follows the
    /// prefix; `None` when it cannot be the name of any.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.strip_prefix(vocab::DEPICTION_PREFIX).unwrap_or(name);
        let plausible = !name.is_empty() && name.chars().all(|c| c.is_ascii_hexdigit());
        plausible.then(|| Self(format!("{}{name}", vocab::DEPICTION_PREFIX).into()))
    }

    /// The part after the prefix.
    pub fn name(&self) -> &str {
        self.0.strip_prefix(vocab::DEPICTION_PREFIX).unwrap_or(&self.0)
    }
}

impl MergeId {
    /// The claim that two entities are one thing, whichever is named first.
    pub fn of(a: &EntityId, b: &EntityId) -> Self {
        let parts = [a.min(b).as_str().as_bytes(), a.max(b).as_str().as_bytes()];
        Self(format!("{}{}", vocab::MERGE_PREFIX, Digest::of_parts(parts).short()).into())
    }

    /// The claim that a person or program names, by its IRI or by what follows the
    /// prefix; `None` when it cannot be the name of any.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.strip_prefix(vocab::MERGE_PREFIX).unwrap_or(name);
        let plausible = !name.is_empty() && name.chars().all(|c| c.is_ascii_hexdigit());
        plausible.then(|| Self(format!("{}{name}", vocab::MERGE_PREFIX).into()))
    }

    /// The part after the prefix.
    pub fn name(&self) -> &str {
        self.0.strip_prefix(vocab::MERGE_PREFIX).unwrap_or(&self.0)
    }
}

impl FeedbackId {
    /// What this person thinks of this answer, whatever it is.
    pub fn of(answer: &AnswerId, principal: &str) -> Self {
        let parts = [answer.as_str().as_bytes(), principal.as_bytes()];
        Self(format!("{}{}", vocab::FEEDBACK_PREFIX, Digest::of_parts(parts).short()).into())
    }

    /// The feedback that a person or program names, by its IRI or by what follows the
    /// prefix; `None` when it cannot be the name of any.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.strip_prefix(vocab::FEEDBACK_PREFIX).unwrap_or(name);
        let plausible = !name.is_empty() && name.chars().all(|c| c.is_ascii_hexdigit());
        plausible.then(|| Self(format!("{}{name}", vocab::FEEDBACK_PREFIX).into()))
    }

    /// The part after the prefix.
    pub fn name(&self) -> &str {
        self.0.strip_prefix(vocab::FEEDBACK_PREFIX).unwrap_or(&self.0)
    }
}

impl DriftAlertId {
    /// What drifted, by what measure, found at this time.
    pub fn of(what: &str, measure: &str, found_at: &str) -> Self {
        let parts = [what, measure, found_at].map(str::as_bytes);
        Self(format!("{}{}", vocab::DRIFT_PREFIX, Digest::of_parts(parts).short()).into())
    }

    /// The alert that a person or program names, by its IRI or by what follows the
    /// prefix; `None` when it cannot be the name of any.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.strip_prefix(vocab::DRIFT_PREFIX).unwrap_or(name);
        let plausible = !name.is_empty() && name.chars().all(|c| c.is_ascii_hexdigit());
        plausible.then(|| Self(format!("{}{name}", vocab::DRIFT_PREFIX).into()))
    }

    /// The part after the prefix.
    pub fn name(&self) -> &str {
        self.0.strip_prefix(vocab::DRIFT_PREFIX).unwrap_or(&self.0)
    }
}

impl AnswerId {
    /// The answer with this unique name (hexadecimal).
    pub fn new(name: &str) -> Self {
        Self(format!("{}{name}", vocab::ANSWER_PREFIX).into())
    }

    /// The answer that a person or program names; `None` when it cannot be the
    /// name of any.
    pub fn from_name(name: &str) -> Option<Self> {
        let plausible = !name.is_empty() && name.chars().all(|c| c.is_ascii_hexdigit());
        plausible.then(|| Self::new(name))
    }

    /// The part after the prefix: what a URL or a command line shows.
    pub fn name(&self) -> &str {
        self.0.strip_prefix(vocab::ANSWER_PREFIX).unwrap_or(&self.0)
    }
}

/// Percent-encodes every character that may not stand in the last part of a
/// URN, keeping `/`, `#` and letters of any script readable (RFC 3987).
fn encode_iri(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() || "-._~/#".contains(c) {
            encoded.push(c);
        } else {
            let mut buffer = [0u8; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                encoded.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    encoded
}

fn decode_iri(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while let Some(&byte) = bytes.get(i) {
        let escaped = (byte == b'%')
            .then(|| text.get(i + 1..i + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(value) = escaped {
            decoded.push(value);
            i += 3;
        } else {
            decoded.push(byte);
            i += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_round_trips_through_the_document_iri() {
        for source in ["docs/a b.md", "tickets.jsonl#T-1", "Straße/100%.md", "q?x=1"] {
            assert_eq!(DocumentId::from_source(source).source(), source);
        }
    }

    #[test]
    fn versions_differ_by_document_and_by_bytes() {
        let (a, b) = (DocumentId::from_source("a"), DocumentId::from_source("b"));
        let (x, y) = (Digest::of(b"x"), Digest::of(b"y"));
        assert_ne!(VersionId::new(&a, &x), VersionId::new(&b, &x));
        assert_ne!(VersionId::new(&a, &x), VersionId::new(&a, &y));
    }
}
