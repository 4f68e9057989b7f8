//! Why did an answer say what it said?
//!
//! Turns an [`AnswerRecord`](crate::model::AnswerRecord) into its PROV-O
//! bundle: the triples of a named graph under the answer's own IRI, from which
//! one SPARQL query reaches the quoted spans, the fragments, the document
//! versions, the bytes, the models and the person who asked. The query is
//! [`PROVENANCE_QUERY`]. Writing the graph is the engine's business.

mod bundle;
mod recorded;

pub use bundle::{PROVENANCE_QUERY, bundle, provenance_query};
pub use recorded::{
    RecordedAnswer, RecordedCitation, RecordedEvidence, RecordedModel, RecordedRoute,
    RecordedSentence, recorded,
};
