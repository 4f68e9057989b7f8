//! Questions and what retrieval finds for them.

use super::{AccessLabel, DocumentId, EntityId, FragmentId, Region};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A question on its way into retrieval.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The words of the question; may be empty when a picture is the question.
    pub text: String,
    /// The picture that is the question, as its encoded bytes.
    pub picture: Option<Vec<u8>>,
    /// Whether nothing but pictures is wanted, whatever the words say.
    pub only_pictures: bool,
    /// Labels that the asking principal may see; `None` sees everything.
    pub allowed_labels: Option<BTreeSet<AccessLabel>>,
    /// Number of hits wanted.
    pub k: usize,
}

impl Query {
    /// A question in words, without restriction.
    pub fn text(text: impl Into<String>, k: usize) -> Self {
        Self { text: text.into(), picture: None, only_pictures: false, allowed_labels: None, k }
    }

    /// The same question, that finds nothing beyond `labels`; `None` is no limit.
    pub fn within(&self, labels: Option<&BTreeSet<AccessLabel>>) -> Self {
        let allowed_labels = match (&self.allowed_labels, labels) {
            (Some(allowed), Some(labels)) => Some(allowed.intersection(labels).cloned().collect()),
            (allowed, labels) => allowed.as_ref().or(labels).cloned(),
        };
        Self { allowed_labels, ..self.clone() }
    }
}

/// Whether a question asks to be shown a picture.
pub fn asks_for_picture(question: &str) -> bool {
    const WORDS: [&str; 12] = [
        "picture",
        "pictures",
        "photo",
        "photograph",
        "diagram",
        "drawing",
        "screenshot",
        "image",
        "figure",
        "symbol",
        "chart",
        "illustration",
    ];
    question
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| WORDS.contains(&word.to_lowercase().as_str()))
}

/// The way on which a hit was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// Similar vectors.
    Dense,
    /// Shared words (BM25).
    Lexical,
    /// The graph.
    Graph,
    /// A rare name that a good hit shares, and words of the question that the hit
    /// lacks.
    Bridge,
    /// The same picture, byte for byte or pixel for pixel.
    Picture,
    /// Nearly the same picture: scaled, or written in a lossy format.
    #[serde(rename = "near-picture")]
    NearPicture,
    /// A picture near the question in a space that both share.
    Visual,
}

impl Route {
    /// Every route.
    pub const ALL: [Self; 7] = [
        Self::Dense,
        Self::Lexical,
        Self::Graph,
        Self::Bridge,
        Self::Picture,
        Self::NearPicture,
        Self::Visual,
    ];

    /// Name in output and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dense => "dense",
            Self::Lexical => "lexical",
            Self::Graph => "graph",
            Self::Bridge => "bridge",
            Self::Picture => "picture",
            Self::NearPicture => "near-picture",
            Self::Visual => "visual",
        }
    }
}

/// Score and rank of a hit on one route.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteScore {
    /// The route.
    pub route: Route,
    /// Raw score: cosine, BM25, PageRank mass or strength of a bridge. Not comparable
    /// across routes.
    pub score: f32,
    /// Position on that route, from 1.
    pub rank: usize,
}

/// A fragment that retrieval found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// The fragment.
    pub fragment: FragmentId,
    /// The document of the fragment.
    pub document: DocumentId,
    /// Fused score that orders hits; higher is better.
    pub score: f32,
    /// Every route that found it.
    pub routes: Vec<RouteScore>,
    /// The part of its picture that is nearer to the question than the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// How the graph leads from the question to it, when the graph found it.
    pub path: Option<GraphPath>,
}

/// A walk through the graph from a seed to a hit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GraphPath {
    /// Steps in walking order.
    pub steps: Vec<GraphStep>,
}

/// One node of a walk and how it was entered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum GraphStep {
    /// A fragment, with the text that people know it by.
    Fragment {
        /// The fragment.
        id: FragmentId,
        /// Title and section.
        label: String,
    },
    /// An entity, with its label.
    Entity {
        /// The entity.
        id: EntityId,
        /// Preferred label.
        label: String,
    },
}

impl GraphStep {
    /// The label that people read.
    pub fn label(&self) -> &str {
        match self {
            Self::Fragment { label, .. } | Self::Entity { label, .. } => label,
        }
    }
}
