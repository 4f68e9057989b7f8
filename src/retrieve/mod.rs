//! Which fragments carry the answer, and how were they found?
//!
//! A question is seeded by vectors, words and the entities it names, spread
//! over the graph by personalised PageRank, fused into one ranking and
//! assembled into numbered evidence within a token budget. Everything is read
//! from an immutable [`Snapshot`]; nothing is written here.

mod assemble;
mod bridge;
mod config;
mod edges;
mod entities;
mod exclusion;
mod expand;
mod feedback;
mod fragments;
mod fuse;
mod held_words;
mod names;
mod nearest;
mod route;
mod search;
mod seen;
mod snapshot;
mod soft_match;
mod text_evidence;
mod trust;
mod unwanted;
mod used_entities;
mod view;
mod visual;
mod way;
mod word_share;

pub use assemble::assemble;
pub use config::{RetrievalMode, RetrieveConfig};
pub use entities::{EntitySurroundings, NamedEntity, Naming, Neighbour, NeighbourKind};
pub use names::FoundName;
pub use route::{RouteRule, RouteSpace};
pub use search::{Embedders, Retrieval, RetrieveError, search};
pub use snapshot::{Snapshot, SnapshotParts};
pub use view::View;
