//! Which entities are one thing, why that is believed, and whether it counts.

use super::{ClaimStatus, EntityId, MergeId};
use serde::Serialize;

/// A claim that two entities are one thing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Merge {
    /// Identity: the two entities.
    pub id: MergeId,
    /// The entity with the smaller IRI.
    pub left: EntityId,
    /// The other one.
    pub right: EntityId,
    /// Name and version of what made the claim, or `person`.
    pub method: String,
    /// How probable it is, in `0..=1`.
    pub probability: f64,
    /// Features of the pair that are not 0, by name.
    pub evidence: Vec<(String, f64)>,
    /// Whether it counts.
    pub status: ClaimStatus,
}

impl Merge {
    /// What the method of a claim is called that a person made.
    pub const BY_PERSON: &'static str = "person";

    /// A claim without evidence; the order of the two does not matter.
    pub fn new(
        a: &EntityId,
        b: &EntityId,
        method: &str,
        probability: f64,
        status: ClaimStatus,
    ) -> Self {
        Self {
            id: MergeId::of(a, b),
            left: a.min(b).clone(),
            right: a.max(b).clone(),
            method: method.to_owned(),
            probability,
            evidence: Vec::new(),
            status,
        }
    }
}
