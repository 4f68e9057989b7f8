//! Errors of the graph.

use oxigraph::sparql::{QueryEvaluationError, SparqlSyntaxError};
use oxigraph::store::StorageError;
use serde::{Deserialize, Serialize};
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
    /// The store cannot be copied for queries.
    #[error(
        "cannot copy the graph for queries into {path}\nhint: the copy needs little room, but some, on the disk of the knowledge base"
    )]
    Copy {
        /// Where to.
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

/// A query that cannot be answered, or an update that cannot be made. What the process
/// that evaluates them says comes over in words.
#[derive(Debug, thiserror::Error, Serialize, Deserialize)]
pub enum QueryError {
    /// The text is not SPARQL: the user's mistake.
    #[error("not valid SPARQL: {0}")]
    Syntax(String),
    /// The result cannot be given in this format.
    #[error("{kind} results cannot be written as {formats}; choose one of: {choices}")]
    Format {
        /// `SELECT`, `ASK` or `CONSTRUCT`.
        kind: String,
        /// Formats asked for.
        formats: String,
        /// Formats that fit.
        choices: String,
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
    #[serde(skip)]
    Search(#[from] super::service::VectorSearchError),
    /// The time is up.
    #[error("the query was stopped after {0} ms; narrow it or raise the limit")]
    Timeout(u64),
    /// More memory was wanted than there may be.
    #[error("the query was stopped because it needs more than {0} MiB of memory; narrow it")]
    Memory(u64),
    /// Others are served, and the queue is full.
    #[error("{0} queries wait already; try again later")]
    Busy(usize),
    /// The evaluation failed.
    #[error("the query failed: {0}")]
    Evaluation(String),
    /// The process that evaluates it ended.
    #[error("the query made the process end that evaluates it; write it in a simpler way")]
    Ended,
    /// The process that evaluates queries does not start.
    #[error("the process that evaluates queries does not start: {0}")]
    #[serde(skip)]
    Start(String, #[source] io::Error),
    /// The graph cannot be copied for queries, read or written.
    #[error(transparent)]
    #[serde(skip)]
    Graph(#[from] GraphError),
    /// The results cannot be written.
    #[error("the results cannot be written")]
    #[serde(skip)]
    Write(#[from] io::Error),
    /// Two parameters or clauses that exclude each other: the user's mistake.
    #[error("{0}")]
    Dataset(String),
    /// The body is in no format of triples: the user's mistake.
    #[error(
        "expected triples as text/turtle, application/n-triples, application/rdf+xml or application/ld+json, found `{0}`"
    )]
    MediaType(String),
    /// The body is not RDF: the user's mistake.
    #[error("not valid RDF: {0}")]
    Rdf(String),
    /// The graph is not one that users write.
    #[error(
        "the graph <{0}> is not yours to write: updates reach the unnamed graph and graphs of users that the caller sees, not those that the program keeps"
    )]
    NotWritable(String),
    /// A restricted caller would lose sight of what he writes.
    #[error(
        "the graph <{0}> must say who sees it: expected in the graph itself <{0}> vt:accessLabel with one of your labels"
    )]
    NotLabelled(String),
    /// There is no such graph.
    #[error("there is no graph <{0}>")]
    NoGraph(String),
    /// There is such a graph already.
    #[error("there is a graph <{0}> already")]
    GraphExists(String),
    /// A document of another server is to be loaded.
    #[error("LOAD <{0}> is refused: updates stay on this machine; send the triples themselves")]
    Load(String),
}

impl From<SparqlSyntaxError> for QueryError {
    fn from(error: SparqlSyntaxError) -> Self {
        Self::Syntax(error.to_string())
    }
}

impl From<QueryEvaluationError> for QueryError {
    fn from(error: QueryEvaluationError) -> Self {
        Self::Evaluation(error.to_string())
    }
}

impl From<StorageError> for QueryError {
    fn from(error: StorageError) -> Self {
        Self::Graph(error.into())
    }
}
