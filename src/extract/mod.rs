//! Which entities does a fragment name, and what does it say about them?
//!
//! Three rules, none of which needs a language model: labels that the corpus
//! itself provides (titles, headings, labels of imported RDF) found by
//! Aho-Corasick; identifiers such as part numbers and error codes; and proper
//! names that no list knows. Whether two names mean the same thing is decided
//! by `resolve`, not here.
//!
//! Phrases, addresses and commands are named for the graph alone; dates and quantities
//! are values, no entities: a node for "24 V" would tie everything to everything.
//!
//! Relations are read once it is known what the names mean: from tables, from lists of
//! keys and values, and from English sentences of a few plain forms.

mod anchors;
mod co_occurrence;
mod depictions;
mod further;
mod gazetteer;
mod layout;
mod mentions;
mod patterns;
mod phrases;
mod places;
mod relations;
mod statements;
mod structure;
mod values;

pub use anchors::link_mentions;
pub use co_occurrence::{NamedSentence, co_occurrences, named_sentences};
pub use depictions::{ACCEPTED_FROM, PROPOSED_FROM, named_depictions};
pub use further::further_mentions;
pub use gazetteer::{Gazetteer, GazetteerError, LabelMatch};
pub use mentions::{Named, mentions, names_in};
pub use patterns::{identifiers, proper_names};
pub use phrases::phrases;
pub use relations::{Reading, relations};
pub use values::values;
