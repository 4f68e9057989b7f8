//! Seals: one for each record, each with the digest of the one before.

use super::commitment::Salts;
use super::error::SealError;
use super::site_key::{PublicKey, SiteKey};
use crate::graph::Triples;
use crate::model::Digest;
use crate::vocab::{self, vt};
use oxigraph::model::{Term, Triple};
use serde::{Deserialize, Serialize};

/// What proves one record and its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// Place in the chain, from 1.
    pub sequence: u64,
    /// IRI of what is sealed: an answer, or an act such as an erasure.
    pub of: String,
    /// SHA-256 of the canonical text of its sealed form.
    pub content: Digest,
    /// Digest of the seal before; of the public key for the first one.
    pub previous: Digest,
    /// Digest of the last checkpoint, when there was one.
    pub checkpoint: Option<Digest>,
    /// Whether it was recorded before records were sealed.
    pub adopted: bool,
    /// Digest of all of the above.
    pub sha256: Digest,
    /// Signature of that digest by the key of the site.
    pub signature: String,
}

/// What is to be sealed.
pub(super) struct Unsealed<'a> {
    pub(super) sequence: u64,
    pub(super) of: &'a str,
    pub(super) content: Digest,
    pub(super) previous: Digest,
    pub(super) checkpoint: Option<Digest>,
    pub(super) adopted: bool,
}

impl Unsealed<'_> {
    pub(super) fn seal(self, key: &SiteKey) -> Seal {
        let mut seal = Seal {
            sequence: self.sequence,
            of: self.of.to_owned(),
            content: self.content,
            previous: self.previous,
            checkpoint: self.checkpoint,
            adopted: self.adopted,
            sha256: self.previous,
            signature: String::new(),
        };
        seal.sha256 = seal.digest();
        seal.signature = key.sign(&seal.sha256);
        seal
    }
}

impl Seal {
    /// Name of the seal at a place.
    pub fn iri(sequence: u64) -> String {
        format!("{}{sequence}", vocab::SEAL_PREFIX)
    }

    /// The digest that the seal should have.
    fn digest(&self) -> Digest {
        let checkpoint = self.checkpoint.as_ref().map_or(&[][..], |digest| digest.as_bytes());
        Digest::of_parts([
            b"veritrail-seal 1".as_slice(),
            &self.sequence.to_le_bytes(),
            self.of.as_bytes(),
            self.content.as_bytes(),
            self.previous.as_bytes(),
            checkpoint,
            &[u8::from(self.adopted)],
        ])
    }

    /// What is wrong with the seal by itself.
    pub(super) fn problem(&self, key: &PublicKey) -> Option<&'static str> {
        if self.digest() != self.sha256 {
            Some("the seal was edited: its digest is not that of what it says")
        } else if !key.signed(&self.sha256, &self.signature) {
            Some("the seal is not signed by the key of the site")
        } else {
            None
        }
    }

    /// The seal as triples, with the salts of what it seals.
    pub fn to_triples(&self, salts: &Salts) -> Vec<Triple> {
        let id = Self::iri(self.sequence);
        let mut triples = Triples::new();
        triples.class(&id, vt::SEAL);
        triples.count(&id, vt::SEQUENCE, usize::try_from(self.sequence).unwrap_or(usize::MAX));
        triples.link(&id, vt::SEALS, &self.of);
        triples.text(&id, vt::CONTENT_SHA256, &self.content.to_string());
        triples.text(&id, vt::PREVIOUS_SHA256, &self.previous.to_string());
        if let Some(checkpoint) = &self.checkpoint {
            triples.text(&id, vt::CHECKPOINT_SHA256, &checkpoint.to_string());
        }
        if self.adopted {
            triples.text(&id, vt::ADOPTED, "true");
        }
        triples.text(&id, vt::SEAL_SHA256, &self.sha256.to_string());
        triples.text(&id, vt::SIGNATURE, &self.signature);
        triples.text(&id, vt::SALTS, &salts.to_text());
        triples.into_vec()
    }

    /// The seal and the salts from the triples of one seal.
    ///
    /// # Errors
    /// When something is missing, stands there twice, or is not what it should be.
    pub fn from_triples(id: &str, triples: &[Triple]) -> Result<(Self, Salts), SealError> {
        let incomplete = || SealError::Incomplete(id.to_owned());
        let one = |property: &str| -> Result<Option<String>, SealError> {
            let mut found = triples.iter().filter(|triple| triple.predicate.as_str() == property);
            let value = found.next().map(|triple| match &triple.object {
                Term::Literal(literal) => literal.value().to_owned(),
                Term::NamedNode(node) => node.as_str().to_owned(),
                Term::BlankNode(_) => String::new(),
            });
            if found.next().is_some() { Err(incomplete()) } else { Ok(value) }
        };
        let text =
            |property: &str| -> Result<String, SealError> { one(property)?.ok_or_else(incomplete) };
        let digest = |property: &str| -> Result<Digest, SealError> {
            text(property)?.parse().map_err(|_| incomplete())
        };
        let checkpoint = one(vt::CHECKPOINT_SHA256)?;
        let checkpoint = checkpoint.map(|text| text.parse().map_err(|_| incomplete()));
        let seal = Self {
            sequence: text(vt::SEQUENCE)?.parse().map_err(|_| incomplete())?,
            of: text(vt::SEALS)?,
            content: digest(vt::CONTENT_SHA256)?,
            previous: digest(vt::PREVIOUS_SHA256)?,
            checkpoint: checkpoint.transpose()?,
            adopted: one(vt::ADOPTED)?.is_some(),
            sha256: digest(vt::SEAL_SHA256)?,
            signature: text(vt::SIGNATURE)?,
        };
        let salts = Salts::from_text(&text(vt::SALTS)?).ok_or_else(incomplete)?;
        if Self::iri(seal.sequence) == id { Ok((seal, salts)) } else { Err(incomplete()) }
    }
}

/// A signed statement about the chain up to one seal, to be kept elsewhere too. It says
/// nothing about anybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Place of the seal.
    pub sequence: u64,
    /// Digest of the seal.
    pub seal: Digest,
    /// When, RFC 3339.
    pub signed_at: String,
    /// Digest of the checkpoint before.
    pub previous: Option<Digest>,
    /// Digest of all of the above.
    pub sha256: Digest,
    /// Signature of that digest by the key of the site.
    pub signature: String,
}

impl Checkpoint {
    pub(super) fn sign(
        (sequence, seal): (u64, Digest),
        previous: Option<Digest>,
        signed_at: String,
        key: &SiteKey,
    ) -> Self {
        let mut checkpoint =
            Self { sequence, seal, signed_at, previous, sha256: seal, signature: String::new() };
        checkpoint.sha256 = checkpoint.digest();
        checkpoint.signature = key.sign(&checkpoint.sha256);
        checkpoint
    }

    fn digest(&self) -> Digest {
        let previous = self.previous.as_ref().map_or(&[][..], |digest| digest.as_bytes());
        Digest::of_parts([
            b"veritrail-checkpoint 1".as_slice(),
            &self.sequence.to_le_bytes(),
            self.seal.as_bytes(),
            self.signed_at.as_bytes(),
            previous,
        ])
    }

    /// What is wrong with the checkpoint by itself.
    pub(super) fn problem(&self, key: &PublicKey) -> Option<&'static str> {
        if self.digest() != self.sha256 {
            Some("it was edited: its digest is not that of what it says")
        } else if !key.signed(&self.sha256, &self.signature) {
            Some("it is not signed by the key of the site")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_reads_back_and_shows_every_edit() {
        let key = SiteKey::new(&[1; 32]);
        let unsealed = Unsealed {
            sequence: 3,
            of: "urn:veritrail:answer:0a",
            content: Digest::of(b"content"),
            previous: Digest::of(b"before"),
            checkpoint: Some(Digest::of(b"checkpoint")),
            adopted: false,
        };
        let seal = unsealed.seal(&key);
        assert_eq!(seal.problem(&key.public()), None);
        let triples = seal.to_triples(&Salts::Key([9; 32]));
        let read = Seal::from_triples(&Seal::iri(3), &triples).unwrap();
        assert_eq!(read, (seal.clone(), Salts::Key([9; 32])));
        assert!(Seal::from_triples(&Seal::iri(4), &triples).is_err());
        let edits: [fn(&mut Seal); 5] = [
            |seal| seal.sequence = 4,
            |seal| seal.of.push('0'),
            |seal| seal.content = seal.previous,
            |seal| seal.checkpoint = None,
            |seal| seal.adopted = true,
        ];
        for edit in edits {
            let mut edited = seal.clone();
            edit(&mut edited);
            assert!(edited.problem(&key.public()).is_some(), "{edited:?}");
        }
        assert!(seal.problem(&SiteKey::new(&[2; 32]).public()).is_some());
    }
}
