//! `veritrail ingest`

use super::Arguments;
use super::output::{ExitCode, ProgressReporter, causes};
use clap::Args;
use std::path::PathBuf;
use std::time::Instant;
use veritrail::engine::{KnowledgeBase, Progress};

/// Example: `veritrail ingest data/example --kb support`
#[derive(Debug, Args)]
pub(super) struct IngestArguments {
    /// A folder, a document, a ZIP archive, or a JSONL file of `{id, title, text}`.
    source: PathBuf,
    /// Print each document on stdout as soon as it is safe on disk.
    #[arg(long)]
    verbose: bool,
}

pub(super) fn run(arguments: &Arguments, ingest: &IngestArguments) -> anyhow::Result<ExitCode> {
    if !arguments.kb().join("FORMAT").exists() {
        KnowledgeBase::init(arguments.kb())?;
    }
    let mut knowledge_base = arguments.open()?;
    let start = Instant::now();
    let mut reporter = ProgressReporter::new();
    let mut show = |progress: Progress<'_>| {
        if let (Progress::Ingesting { source, .. }, true) = (&progress, ingest.verbose) {
            println!("taken in {source}");
        }
        reporter.show(&progress);
    };
    let outcome = knowledge_base.ingest(&ingest.source, &mut show)?;
    let published = knowledge_base.publish(&mut |p| reporter.show(&p))?;
    drop(reporter);
    println!(
        "{} documents taken in ({} fragments), {} unchanged, {} failed, in {:.1} s",
        outcome.n_committed,
        outcome.n_fragments,
        outcome.n_unchanged,
        outcome.failed.len(),
        start.elapsed().as_secs_f64()
    );
    if outcome.n_truncated > 0 {
        println!(
            "{} fragments are longer than the model reads; their ends were cut for vector search",
            outcome.n_truncated
        );
    }
    let state = if published.changed { "published" } else { "unchanged" };
    println!("generation {} {state}", published.generation.name());
    for warning in &outcome.warnings {
        eprintln!("warning: {warning}");
    }
    for failed in &outcome.failed {
        eprintln!("not taken in: {}", causes(failed));
    }
    Ok(if outcome.failed.is_empty() { ExitCode::Success } else { ExitCode::Partial })
}
