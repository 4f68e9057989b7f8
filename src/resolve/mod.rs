//! Which names mean the same thing?
//!
//! Names with the same normal form share one entity, unless imported RDF
//! describes a resource of that name: then both stay, tied by
//! `skos:closeMatch` as a proposal that a person may decide. Nothing is merged
//! silently across classes.

mod entities;

pub use entities::{EntityTable, Resolution};
