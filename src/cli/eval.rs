//! `veritrail eval`

use super::Arguments;
use super::ask::ModeArgument;
use super::output::{ExitCode, ProgressReporter};
use anyhow::Context;
use clap::Args;
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use veritrail::config::Config;
use veritrail::engine::{EvaluateOptions, evaluate};
use veritrail::eval::{Dataset, write_trec_run};
use veritrail::retrieve::RetrievalMode;

/// Example: `veritrail eval data/golden --corpus data/example --mode graph`
#[derive(Debug, Args)]
pub(super) struct EvalArguments {
    /// Folder with queries.jsonl, qrels.tsv and corpus.jsonl.
    dataset: PathBuf,
    /// Folder of documents, for a data set without corpus.jsonl.
    #[arg(long)]
    corpus: Option<PathBuf>,
    /// Stages of retrieval; all four when not given.
    #[arg(long, value_enum)]
    mode: Vec<ModeArgument>,
    /// Write the ranking of the last mode as a TREC run.
    #[arg(long)]
    run: Option<PathBuf>,
    /// Settings (TOML) of the temporary knowledge base.
    #[arg(long)]
    settings: Option<PathBuf>,
    /// Keep the knowledge base in this folder and use it again.
    #[arg(long)]
    keep: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, eval: &EvalArguments) -> anyhow::Result<ExitCode> {
    let dataset = Dataset::load(&eval.dataset, eval.corpus.as_deref())?;
    let settings = match &eval.settings {
        Some(path) => std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the settings {}", path.display()))?,
        None => String::new(),
    };
    let embedder = arguments.embedder(&Config::default())?;
    let temporary = tempfile::tempdir().context("cannot create a temporary folder")?;
    let folder = eval.keep.as_deref().unwrap_or(temporary.path());
    let modes: Vec<RetrievalMode> = match eval.mode.as_slice() {
        [] => RetrievalMode::ALL.to_vec(),
        modes => modes.iter().map(|mode| (*mode).into()).collect(),
    };
    let mut reporter = ProgressReporter::new();
    let mut reports = Vec::new();
    let mut last_run = None;
    evaluate(
        &dataset,
        &embedder,
        folder,
        &EvaluateOptions { modes, settings },
        &mut |progress| reporter.show(&progress),
        &mut |report, run| {
            reports.push(report.clone());
            last_run = Some((report.mode.clone(), run.clone()));
        },
    )?;
    drop(reporter);
    for report in reports {
        println!("{}", serde_json::to_string(&report)?);
    }
    if let (Some(path), Some((mode, run))) = (&eval.run, last_run) {
        let file = File::create(path)
            .with_context(|| format!("cannot create the run file {}", path.display()))?;
        write_trec_run(&run, &format!("veritrail-{mode}"), &mut BufWriter::new(file))?;
    }
    Ok(ExitCode::Success)
}
