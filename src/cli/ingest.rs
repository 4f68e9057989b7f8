//! `veritrail ingest`

use super::Arguments;
use super::ask::principal;
use super::output::{ExitCode, ProgressReporter, causes};
use clap::Args;
use std::path::PathBuf;
use std::time::Instant;
use veritrail::engine::{DeleteOptions, ExtractOutcome, KnowledgeBase, Progress};

/// Example: `veritrail ingest data/example --kb support`
#[derive(Debug, Args)]
pub(super) struct IngestArguments {
    /// A folder, a document, a ZIP archive, or a JSONL file of `{id, title, text}`.
    source: PathBuf,
    /// Print each document on stdout as soon as it is safe on disk.
    #[arg(long)]
    verbose: bool,
    /// Delete documents that came from the same source before and are no longer there.
    #[arg(long)]
    prune: bool,
    /// Ask no language model what documents state, whatever `extract.llm` says.
    #[arg(long)]
    no_llm: bool,
}

pub(super) fn run(arguments: &Arguments, ingest: &IngestArguments) -> anyhow::Result<ExitCode> {
    if !arguments.kb().join("FORMAT").exists() {
        KnowledgeBase::init(arguments.kb())?;
    }
    let knowledge_base = arguments.open()?;
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
    let extracted = match ingest.no_llm {
        true => ExtractOutcome::default(),
        false => knowledge_base.extract(&mut |p| reporter.show(&p))?,
    };
    let published = knowledge_base.publish(&mut |p| reporter.show(&p))?;
    drop(reporter);
    println!(
        "{} documents taken in ({} new, {} changed; {} fragments), {} unchanged, {} failed, in {:.1} s",
        outcome.n_committed,
        outcome.n_committed.saturating_sub(outcome.n_changed),
        outcome.n_changed,
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
    for line in super::extracted::lines(&extracted) {
        println!("{line}");
    }
    println!(
        "{} entities in {} mentions, {} relations, {} merged; {} questions wait for a person{}",
        published.n_entities,
        published.n_mentions,
        published.n_relations,
        published.n_merges,
        published.n_questions,
        if published.n_questions > 0 { " (veritrail review)" } else { "" }
    );
    let stages = outcome.stages;
    let mut times = vec![
        format!("loading {:.1} s", stages.load),
        format!("pictures {:.1} s", stages.pictures),
        format!("embedding {:.1} s", stages.embed),
        format!("writing {:.1} s", stages.write),
    ];
    if extracted.n_asked > 0 {
        times.push(format!("asking the language model {:.1} s", extracted.seconds));
    }
    times.extend(published.stages.iter().map(|(stage, seconds)| format!("{stage} {seconds:.1} s")));
    println!("time: {}", times.join(", "));
    let state = match (published.changed, published.served == published.generation) {
        (true, true) => "published",
        (true, false) => "built",
        (false, _) => "unchanged",
    };
    println!("generation {} {state}", published.generation.name());
    if published.served != published.generation {
        println!("{} answers until it is promoted", published.served.name());
        published
            .refused
            .iter()
            .for_each(|reason| eprintln!("warning: refused by the gate: {reason}"));
    }
    for warning in &outcome.warnings {
        eprintln!("warning: {warning}");
    }
    if !outcome.findings.is_empty() {
        println!("{} findings by the shapes of the knowledge base", outcome.findings.len());
    }
    for placed in &outcome.findings {
        eprintln!("{}", super::validate::line(placed));
    }
    for failed in &outcome.failed {
        eprintln!("not taken in: {}", causes(failed));
    }
    for unasked in &extracted.unasked {
        eprintln!("not read by the language model: {}: {}", unasked.source, unasked.reason);
    }
    Ok(if outcome.failed.is_empty() && extracted.unasked.is_empty() {
        ExitCode::Success
    } else {
        ExitCode::Partial
    })
}
