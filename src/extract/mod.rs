//! Which entities does a fragment name?
//!
//! Three rules, none of which needs a language model: labels that the corpus
//! itself provides (titles, headings, labels of imported RDF) found by
//! Aho-Corasick; identifiers such as part numbers and error codes; and proper
//! names that no list knows. Whether two names mean the same thing is decided
//! by `resolve`, not here.

mod anchors;
mod depictions;
mod gazetteer;
mod mentions;
mod patterns;

pub use anchors::link_mentions;
pub use depictions::{ACCEPTED_FROM, PROPOSED_FROM, named_depictions};
pub use gazetteer::{Gazetteer, GazetteerError, LabelMatch};
pub use mentions::{Named, mentions, names_in};
pub use patterns::{identifiers, proper_names};
