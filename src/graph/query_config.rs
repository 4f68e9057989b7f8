//! Settings of queries and updates of others.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What the default graph is when neither request nor query names one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DefaultGraph {
    /// All graphs together.
    #[default]
    Union,
    /// The graph without a name, as SPARQL Update writes it.
    Unnamed,
}

/// Which graphs there are for queries and updates of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GraphScope {
    /// Those of the program and those of users.
    #[default]
    All,
    /// The unnamed graph and graphs of users alone: a plain SPARQL store.
    Users,
}

/// Settings of queries and updates of others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SparqlConfig {
    /// What the default graph is when nothing is named.
    pub default_graph: DefaultGraph,
    /// Which graphs there are.
    pub graphs: GraphScope,
    /// Longest evaluation in milliseconds.
    pub timeout_ms: u64,
    /// Most memory of one evaluation in MiB.
    pub memory_mib: u64,
    /// Largest result in MiB.
    pub result_mib: usize,
    /// Queries and updates that are evaluated at the same time, each in a process.
    pub n_processes: usize,
    /// Queries and updates that may wait for a process; further ones are refused.
    pub n_waiting: usize,
    /// The `veritrail` program, started as `veritrail sparql-worker`. When not given, the
    /// running program, or the `veritrail` beside it.
    pub program: Option<PathBuf>,
}

impl Default for SparqlConfig {
    fn default() -> Self {
        Self {
            default_graph: DefaultGraph::Union,
            graphs: GraphScope::All,
            timeout_ms: 30_000,
            memory_mib: 1024,
            result_mib: 64,
            n_processes: 2,
            n_waiting: 32,
            program: None,
        }
    }
}
