//! What does the knowledge base know, and how do things hang together?
//!
//! Wraps Oxigraph (the store and SPARQL) and petgraph (the projection on which
//! walks run). It is the only module that writes triples, and all its writes go
//! through one lock: the disk store detects no conflicts between writers.
//!
//! One transaction of [`Store::commit_document`] is the commit point of a
//! document; vectors and blobs that no transaction names do not exist.

mod anew;
mod answers;
mod audit;
mod changes;
mod closing;
mod co_occurrences;
mod dataset;
mod decided;
mod delete;
mod depictions;
mod drift;
mod entities;
mod error;
mod extractions;
mod feedback;
mod frames;
mod history;
mod ingested;
mod integrity;
mod mentions;
mod merges;
mod ontology_terms;
mod orphans;
mod picture_text;
mod pictures;
mod policy;
mod projection;
mod query_config;
mod query_pool;
mod query_process;
mod rdf_parts;
mod read;
mod relations;
mod result_format;
mod service;
mod service_description;
mod sparql;
mod store;
mod triples;
mod update;
mod updates;
mod validate;
mod version_facts;
mod view;
mod view_names;
mod walk;
mod walk_space;
mod write;

pub use answers::access_of;
pub use audit::Rewrite;
pub use delete::Removal;
pub use depictions::{Decision, DepictionsWrite, label_iri};
pub use drift::DriftMeasurement;
pub use entities::ResourceStatement;
pub use error::{GraphError, QueryError};
pub use feedback::feedback_triples;
pub use integrity::IntegrityReport;
pub use mentions::MentionsWrite;
pub use merges::{MergeDecision, MergesWrite};
pub use projection::{NodeKey, Projection, ProjectionBuilder};
pub use query_config::{DefaultGraph, GraphScope, SparqlConfig};
pub use query_process::{QueryProcessError, run_query_process};
pub use rdf_parts::{RdfPart, is_iri};
pub use read::DocumentSummary;
pub use relations::RelationsWrite;
pub use result_format::ResultFormat;
pub use service::{SearchInput, SearchMatch, SearchRequest, VectorSearch, VectorSearchError};
pub use service_description::{ServiceDescription, service_description};
pub use sparql::{GraphChoice, QueryOptions, QueryRequest};
pub use store::Store;
pub use triples::Triples;
pub use update::UpdateRequest;
pub use updates::{ChangeAuthor, ChangeKind, ChangeReceipt, GraphChange};
pub use validate::GraphConfig;
pub use version_facts::VersionFacts;
pub use view::Viewer;
pub use walk::{PageRankOptions, Walk};
pub use write::{DocumentWrite, IngestActivity, imported_graph};
