//! `veritrail ingest`

use super::Arguments;
use super::ask::principal;
use super::output::{ExitCode, ProgressReporter, causes};
use clap::Args;
use std::path::PathBuf;
use std::time::Instant;
use veritrail::engine::{DeleteOptions, KnowledgeBase, Progress};

/// Example: `veritrail ingest data/example --kb support`
#[derive(Debug, Args)]
pub(super) struct IngestArguments {
    /// A folder, a document, or a JSONL file of `{id, title, text}`.
    source: PathBuf,
    /// Print each document on stdout as soon as it is safe on disk.
    #[arg(long)]
    verbose: bool,
    /// Delete documents that came from the same source before and are no longer there.
    #[arg(long)]
    prune: bool,
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
    let pruned = ingest.prune && !outcome.vanished.is_empty();
    if pruned {
        let options = DeleteOptions {
            principal: principal(),
            reason: Some("no longer in its source".to_owned()),
            erase_quotes: false,
        };
        let delete = &mut |progress: Progress<'_>| reporter.show(&progress);
        knowledge_base.delete(&outcome.vanished, &options, delete)?;
    }
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
    if !outcome.vanished.is_empty() {
        let n = outcome.vanished.len();
        if pruned {
            println!("{n} documents are no longer there and were deleted");
        } else {
            println!("{n} documents are no longer there; --prune deletes them");
        }
    }
    if outcome.n_truncated > 0 {
        println!(
            "{} fragments are longer than the model reads; their ends were cut for vector search",
            outcome.n_truncated
        );
    }
    let state = if published.changed { "published" } else { "unchanged" };
    println!("generation {} {state}", published.generation.name());
    if !outcome.findings.is_empty() {
        println!("{} findings by the shapes of the knowledge base", outcome.findings.len());
    }
    for placed in &outcome.findings {
        eprintln!("{}", super::validate::line(placed));
    }
    for failed in &outcome.failed {
        eprintln!("not taken in: {}", causes(failed));
    }
    Ok(if outcome.failed.is_empty() { ExitCode::Success } else { ExitCode::Partial })
}
