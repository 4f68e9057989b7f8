//! Errors of the graph.

use oxigraph::sparql::{QueryEvaluationError, SparqlSyntaxError};
use oxigraph::store::StorageError;
use std::io;
use std::path::PathBuf;

/// The store cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// The store refused.
    #[error("the graph store failed")]
    Storage(#[from] StorageError),
    /// The store cannot be written.
    #[error("cannot write the graph in {path}")]
    Write {
        /// Folder of the store.
        path: PathBuf,
        /// What the store says.
        #[source]
        source: StorageError,
    },
    /// The store cannot be opened.
    #[error("cannot open the graph in {path}")]
    Open {
        /// Folder of the store.
        path: PathBuf,
        /// What the store says.
        #[source]
        source: StorageError,
    },
    /// The folder was written by another version of the program.
    #[error(
        "the graph in {path} has format `{found}`, this program reads `{expected}`\nhint: use the version of veritrail that wrote it, or a newer one"
    )]
    Format {
        /// Folder of the store.
        path: PathBuf,
        /// Format this program reads.
        expected: &'static str,
        /// Format found.
        found: String,
    },
    /// A file beside the store cannot be read or written.
    #[error("cannot access {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A resource lacks what every resource of its kind has.
    #[error("the graph is damaged: {what} `{iri}` has no valid `{property}`")]
    Damaged {
        /// Kind of resource.
        what: &'static str,
        /// The resource.
        iri: String,
        /// The property.
        property: &'static str,
    },
    /// Turtle that cannot be read.
    #[error("the ontology is not valid Turtle")]
    Turtle(#[from] oxigraph::io::RdfParseError),
    /// A graph that must be new exists.
    #[error("the graph `{0}` exists already")]
    GraphExists(String),
}

/// A query that cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The text is not SPARQL: the user's mistake.
    #[error("the query is not valid SPARQL: {0}")]
    Syntax(#[from] SparqlSyntaxError),
    /// The result cannot be given in this format.
    #[error("{kind} results cannot be written as {formats}; choose one of: {choices}")]
    Format {
        /// `SELECT`, `ASK` or `CONSTRUCT`.
        kind: &'static str,
        /// Formats asked for.
        formats: String,
        /// Formats that fit.
        choices: &'static str,
    },
    /// The query asks another server.
    #[error(
        "SERVICE <{0}> is refused: queries stay on this machine, and vt:search stands outside of EXISTS"
    )]
    Service(String),
    /// A `SERVICE vt:search` that cannot be understood: the user's mistake.
    #[error("SERVICE vt:search: {0}")]
    SearchClause(String),
    /// A `SERVICE vt:search` that cannot be done.
    #[error(transparent)]
    Search(#[from] super::service::VectorSearchError),
    /// The time is up.
    #[error("the query was stopped after {0} ms; narrow it or raise the limit")]
    Timeout(u64),
    /// The evaluation failed.
    #[error("the query failed: {0}")]
    Evaluation(#[from] QueryEvaluationError),
    /// The results cannot be written.
    #[error("the results cannot be written")]
    Write(#[from] io::Error),
}
