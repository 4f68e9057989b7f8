//! Entities that stand in the same sentences.

use super::{Digest, EntityId};
use crate::vocab;

/// Two entities that more sentences name together than chance would.
#[derive(Clone, Debug, PartialEq)]
pub struct CoOccurrence {
    /// One entity, the smaller IRI.
    pub left: EntityId,
    /// The other one.
    pub right: EntityId,
    /// Normalised pointwise mutual information, in `0..=1`.
    pub weight: f64,
    /// Different sentences that name both.
    pub n_sentences: usize,
}

impl CoOccurrence {
    /// IRI: the same whenever the same two are found again.
    pub fn id(&self) -> String {
        let parts = [self.left.as_str().as_bytes(), self.right.as_str().as_bytes()];
        format!("{}{}", vocab::CO_OCCURRENCE_PREFIX, Digest::of_parts(parts).short())
    }
}
