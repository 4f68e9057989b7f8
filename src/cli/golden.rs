//! `veritrail golden`

use super::Arguments;
use super::ask::{FormatArgument, principal};
use super::output::ExitCode;
use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::PathBuf;

/// Sources without a document that are named one by one.
const MOST_WARNINGS: usize = 10;

/// Golden sets: questions whose answers are known, which every generation is asked.
#[derive(Debug, Args)]
pub(super) struct GoldenArguments {
    #[command(subcommand)]
    command: GoldenCommand,
}

#[derive(Debug, Subcommand)]
enum GoldenCommand {
    /// Keep a set: JSON lines of `id`, `text` and `relevant`, the sources that answer it.
    ///
    /// Example: `veritrail golden add support questions.jsonl`
    Add {
        /// Its name; a set that has it is replaced.
        name: String,
        /// The questions.
        file: PathBuf,
        /// Text for people or JSON for programs.
        #[arg(long, value_enum, default_value = "text")]
        format: FormatArgument,
    },
    /// List the sets that are kept.
    List {
        /// Text for people or JSON for programs.
        #[arg(long, value_enum, default_value = "text")]
        format: FormatArgument,
    },
    /// Add the questions whose answers reviewers accepted as good to the set `accepted`.
    Collect {
        /// Text for people or JSON for programs.
        #[arg(long, value_enum, default_value = "text")]
        format: FormatArgument,
    },
}

pub(super) fn run(arguments: &Arguments, golden: &GoldenArguments) -> anyhow::Result<ExitCode> {
    let knowledge_base = arguments.open()?;
    match &golden.command {
        GoldenCommand::Add { name, file, format } => {
            let lines =
                std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            let (set, missing) = knowledge_base.keep_golden_set(name, &lines, &principal())?;
            if *format == FormatArgument::Json {
                let outcome = json!({
                    "name": set.name, "sha256": set.sha256, "n_questions": set.questions.len(),
                    "missing": missing,
                });
                println!("{}", serde_json::to_string_pretty(&outcome)?);
            } else {
                println!("{}: {} questions, SHA-256 {}", set.name, set.questions.len(), set.sha256);
            }
            for source in missing.iter().take(MOST_WARNINGS) {
                eprintln!("warning: no document has the source `{source}`");
            }
            if missing.len() > MOST_WARNINGS {
                let rest = missing.len() - MOST_WARNINGS;
                eprintln!(
                    "warning: nor has one any of {rest} more sources (--format json lists them)"
                );
            }
            return Ok(if missing.is_empty() { ExitCode::Success } else { ExitCode::Partial });
        }
        GoldenCommand::List { format } => {
            let sets = knowledge_base.golden_sets()?;
            if *format == FormatArgument::Json {
                println!("{}", serde_json::to_string_pretty(&sets)?);
            } else if sets.is_empty() {
                println!("no golden sets; `veritrail golden add NAME FILE` keeps one");
            } else {
                for set in &sets {
                    println!(
                        "{}: {} questions, SHA-256 {}",
                        set.name,
                        set.questions.len(),
                        set.sha256
                    );
                }
            }
        }
        GoldenCommand::Collect { format } => {
            let n_new = knowledge_base.golden_from_feedback(&principal())?;
            match format {
                FormatArgument::Json => println!("{}", json!({ "n_new": n_new })),
                FormatArgument::Text => println!("{n_new} new questions in the set `accepted`"),
            }
        }
    }
    Ok(ExitCode::Success)
}
