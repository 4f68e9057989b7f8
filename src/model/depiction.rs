//! Which pictures show which entities, why that is believed, and whether it counts.

use super::{DepictionId, DocumentId, EntityId, SpaceId};
use serde::{Deserialize, Serialize};

/// A claim that a picture shows an entity.
#[derive(Clone, Debug, PartialEq)]
pub struct Depiction {
    /// Identity: picture, entity and method.
    pub id: DepictionId,
    /// The picture file.
    pub picture: DocumentId,
    /// What it shows.
    pub entity: EntityId,
    /// Why that is believed.
    pub method: DepictionMethod,
    /// How probable it is, in `0..=1`.
    pub probability: f32,
    /// Cosine, and the space in which it was measured.
    pub measured: Option<(SpaceId, f32)>,
    /// IRI of what speaks for it: a fragment, a page, or another picture.
    pub evidence: Option<String>,
    /// Whether it counts.
    pub status: DepictionStatus,
}

impl Depiction {
    /// The claim of a method; `evidence` and measurement are added by the caller.
    pub fn new(
        picture: DocumentId,
        entity: EntityId,
        method: DepictionMethod,
        probability: f32,
        status: DepictionStatus,
    ) -> Self {
        let id = DepictionId::of(&picture, &entity, method.as_str());
        Self { id, picture, entity, method, probability, measured: None, evidence: None, status }
    }
}

/// Why a picture is believed to show an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DepictionMethod {
    /// Its caption names the entity.
    Caption,
    /// Its alternative text names the entity.
    AlternativeText,
    /// Its file name names the entity.
    FileName,
    /// The text around it names the entity.
    Surroundings,
    /// The page that shows it is about the entity.
    Page,
    /// Its vector is near that of the entity's label.
    ZeroShot,
    /// Pictures near it show the entity.
    NearPictures,
}

impl DepictionMethod {
    /// Every method.
    pub const ALL: [Self; 7] = [
        Self::Caption,
        Self::AlternativeText,
        Self::FileName,
        Self::Surroundings,
        Self::Page,
        Self::ZeroShot,
        Self::NearPictures,
    ];

    /// Name in the graph and in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Caption => "caption",
            Self::AlternativeText => "alternative-text",
            Self::FileName => "file-name",
            Self::Surroundings => "surroundings",
            Self::Page => "page",
            Self::ZeroShot => "zero-shot",
            Self::NearPictures => "near-pictures",
        }
    }

    /// The method of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }
}

/// Whether a claim of any kind counts.
pub type ClaimStatus = DepictionStatus;

/// Whether a claim counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DepictionStatus {
    /// It is part of what is known: walks go over it.
    Accepted,
    /// It waits for a person.
    Proposed,
    /// A person said no.
    Rejected,
}

impl DepictionStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Accepted, Self::Proposed, Self::Rejected];

    /// Name in the graph and in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Proposed => "proposed",
            Self::Rejected => "rejected",
        }
    }

    /// The status of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}
