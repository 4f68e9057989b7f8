//! Why did an answer say what it said, and is that still what was recorded?
//!
//! Turns an [`AnswerRecord`](crate::model::AnswerRecord) into its PROV-O
//! bundle: the triples of a named graph under the answer's own IRI, from which
//! one SPARQL query reaches the quoted spans, the fragments, the document
//! versions, the bytes, the models and the person who asked. The query is
//! [`PROVENANCE_QUERY`]. Writing the graph is the engine's business.
//!
//! Each record gets a [`Seal`]: the SHA-256 of its canonical text ([`canonical`]), chained
//! to the one before and signed by the key of the site ([`SiteKey`]). Words that may have
//! to be erased enter the digest as salted commitments ([`sealed_form`]), so that they can
//! go ([`erase`]) and the seal stays true. [`Chain`] adds seals, [`verify`] checks them,
//! [`Exporter`] writes all of it into one file that [`Exported`] reads without a
//! knowledge base. [`UseIndex`] tells at once which answers used something.

mod bundle;
mod canonical;
mod chain;
mod commitment;
mod erasure;
mod error;
mod export;
mod log;
mod recorded;
mod seal;
mod site_key;
mod story;
mod uses;
mod verify;

pub use bundle::{PROVENANCE_QUERY, bundle, provenance_query};
pub use canonical::{canonical, canonical_digest};
pub use chain::{AuditConfig, Chain, Retention, audit_log, site_public_key};
pub use commitment::{ERASED, Salts, content_digest, is_erased, sealed_form};
pub use erasure::{Erased, ErasedBy, Words, erase, erasure_act};
pub use error::SealError;
pub use export::{ExportHead, Exported, ExportedDocument, Exporter};
pub use log::{AuditLog, LogEntry, LogLine};
pub use recorded::{
    RecordedAnswer, RecordedCitation, RecordedEvidence, RecordedModel, RecordedRoute, RecordedRule,
    RecordedSentence, recorded,
};
pub use seal::{Checkpoint, Seal};
pub use site_key::{PublicKey, SiteKey};
pub use story::{AnswerStory, record_as_trig};
pub use uses::{USE_PROPERTIES, UseIndex, Used, Uses, used_by};
pub use verify::{Trail, TrailFinding, Verification, graph_of, verify};
