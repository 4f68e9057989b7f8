//! `veritrail sparql-worker`: started by the server, not by people.

use super::output::ExitCode;
use clap::Args;
use std::path::PathBuf;
use veritrail::graph::run_query_process;

#[derive(Debug, Args)]
pub(super) struct WorkerArguments {
    /// The copy of the graph.
    #[arg(long)]
    folder: PathBuf,
    /// Most memory, in MiB.
    #[arg(long)]
    memory_mib: u64,
}

pub(super) fn run(worker: &WorkerArguments) -> anyhow::Result<ExitCode> {
    run_query_process(&worker.folder, worker.memory_mib, std::io::stdin(), std::io::stdout())?;
    Ok(ExitCode::Success)
}
