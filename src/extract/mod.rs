//! Which entities does a fragment name, and what does it say about them?
//!
//! Three rules, none of which needs a language model: labels that the corpus
//! itself provides (titles, headings, labels of imported RDF) found by
//! Aho-Corasick; identifiers such as part numbers and error codes; and proper
//! names that no list knows. Whether two names mean the same thing is decided
//! by `resolve`, not here.
//!
//! What a text states can be asked of a language model ([`Instructions`]). Its output
//! is never believed: [`check_statements`] keeps what stands in the text, in allowed
//! terms. Who is asked, when, and at what cost is not known here.
//!
//! Phrases, addresses and commands are named for the graph alone; dates and quantities
//! are values, no entities: a node for "24 V" would tie everything to everything.
//!
//! Relations are read once it is known what the names mean: from tables, from lists of
//! keys and values, and from English sentences of a few plain forms.

mod anchors;
mod checked;
mod co_occurrence;
mod config;
mod depictions;
mod further;
mod gazetteer;
mod instructions;
mod layout;
mod mentions;
mod patterns;
mod phrases;
mod places;
mod quotes;
mod relations;
mod statements;
mod structure;
mod terms;
mod values;

pub use anchors::link_mentions;
pub use checked::{
    Checked, MalformedOutput, Rejection, STATED_CONFIDENCE, check_cut_statements, check_statements,
};
pub use co_occurrence::{CoOccurrenceCounts, NamedSentence, named_sentences};
pub use config::{ExtractConfig, LlmExtractConfig};
pub use depictions::{ACCEPTED_FROM, PROPOSED_FROM, named_depictions};
pub use further::further_mentions;
pub use gazetteer::{Gazetteer, GazetteerError, LabelMatch};
pub use instructions::{EXTRACT_TEMPLATE, Instructions, prompt_digest};
pub use mentions::{Named, mentions, names_in};
pub use patterns::{identifiers, proper_names};
pub use phrases::{LonePhrases, PhraseCounts};
pub use relations::{Reading, relations};
pub use terms::{AllowedTerms, MAX_TERMS, TooManyTerms, default_terms};
pub use values::values;
