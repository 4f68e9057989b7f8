//! Embedding spaces and vectors.

use super::{Digest, FragmentId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Identity of an embedding space: the digest of everything that shapes a
/// vector. Two vectors may be compared only when their ids are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SpaceId(pub Digest);

impl fmt::Display for SpaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.short())
    }
}

/// What defines an embedding space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// Name of the model in the registry, for people: `all-minilm-l6-v2`.
    pub model: String,
    /// Digest of every model file by file name, sorted by name.
    pub files: Vec<(String, Digest)>,
    /// Preprocessing in words that change whenever it does: maximal tokens,
    /// prefixes, resampling.
    pub preprocessing: String,
    /// How token vectors become one vector: `mean`, `cls`, `last`.
    pub pooling: String,
    /// Number of components.
    pub dimension: usize,
    /// Whether vectors have unit length.
    pub normalised: bool,
}

impl Space {
    /// The id: SHA-256 over all fields, each with its length.
    pub fn id(&self) -> SpaceId {
        let dimension = self.dimension.to_string();
        let normalised = self.normalised.to_string();
        let mut parts: Vec<&[u8]> = vec![
            self.preprocessing.as_bytes(),
            self.pooling.as_bytes(),
            dimension.as_bytes(),
            normalised.as_bytes(),
        ];
        for (name, digest) in &self.files {
            parts.push(name.as_bytes());
            parts.push(digest.as_bytes());
        }
        SpaceId(Digest::of_parts(parts))
    }

    /// Name and short id together, as error messages show a space.
    pub fn display_name(&self) -> String {
        format!("{}@{}", self.model, self.id())
    }
}

/// A vector together with the space it lives in and the fragment it stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// The embedded fragment.
    pub target: FragmentId,
    /// The space of the vector.
    pub space: SpaceId,
    /// Components, in the order of the model's output; unit length when the
    /// space is normalised.
    pub vector: Vec<f32>,
}

/// Two spaces that met although they must not.
#[derive(Debug, thiserror::Error)]
#[error(
    "vectors of different spaces cannot be compared: the index holds space `{expected}`, the query or vector is of space `{found}`"
)]
pub struct SpaceError {
    /// Space of the index.
    pub expected: SpaceId,
    /// Space of the vector that was offered.
    pub found: SpaceId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_but_the_name_changes_the_id() {
        let space = Space {
            model: "m".into(),
            files: vec![("model.onnx".into(), Digest::of(b"1"))],
            preprocessing: "256 tokens".into(),
            pooling: "mean".into(),
            dimension: 384,
            normalised: true,
        };
        let differs = |change: &dyn Fn(&mut Space)| {
            let mut other = space.clone();
            change(&mut other);
            other.id() != space.id()
        };
        assert!(differs(&|s| s.files[0].1 = Digest::of(b"2")));
        assert!(differs(&|s| s.preprocessing.push('!')));
        assert!(differs(&|s| s.pooling = "cls".into()));
        assert!(differs(&|s| s.dimension = 512));
        assert!(differs(&|s| s.normalised = false));
        assert!(!differs(&|s| s.model = "renamed".into()));
    }
}
