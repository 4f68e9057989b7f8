//! Which names mean the same thing?
//!
//! Names with the same normal form share one entity. Whether two entities are one
//! thing is a question of probability: [`Blocks`] find pairs worth a look,
//! [`PairFeatures`] compares them, a [`MatchModel`] turns that into a probability,
//! and [`Bands`] say what is done: merge, ask a person, keep apart. [`merge_groups`] makes
//! groups of accepted pairs, in which pairs that a person rejected never meet.
//!
//! Nothing is merged by names alone, and nothing here writes: decisions are kept by
//! the graph and applied when a snapshot is made.

mod blocking;
mod entities;
mod features;
mod groups;
mod learn;
mod likeness;
mod matcher;
mod profile;
mod record;
mod stated;

pub use blocking::{BlockingOptions, Blocks};
pub use entities::{EntityTable, Resolution};
pub use features::{Cosines, PairFeatures};
pub use groups::{Conflict, Groups, merge_groups, one_to_one};
pub use learn::{LearnMatchError, learn};
pub use matcher::{Band, Bands, LearnedFrom, MatchModel, MatchModelError};
pub use profile::{Corpus, Profile};
pub use record::{Record, compact_code};
pub use stated::{identifier_kind, stated_identifiers};
