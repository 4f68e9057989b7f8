//! `veritrail golden`

use super::Arguments;
use super::ask::{FormatArgument, principal};
use super::output::ExitCode;
use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::PathBuf;
use veritrail::engine::GoldenEvaluation;

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
    /// What generations reached on the sets, the latest first.
    History {
        /// How many are shown.
        #[arg(long, default_value_t = 20)]
        limit: usize,
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
        GoldenCommand::History { limit, format } => {
            let mut evaluations = knowledge_base.evaluations()?;
            evaluations.truncate(*limit);
            if *format == FormatArgument::Json {
                println!("{}", serde_json::to_string_pretty(&evaluations)?);
            } else if evaluations.is_empty() {
                println!("nothing was evaluated; `veritrail index eval` asks the golden sets");
            } else {
                evaluations.iter().for_each(print_evaluation);
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

fn print_evaluation(one: &GoldenEvaluation) {
    println!(
        "{}  {}  {}: recall@5 {:.3}, nDCG@10 {:.3}, {} questions, the gate {}",
        one.evaluated_at,
        one.generation,
        one.set,
        one.recall_5,
        one.ndcg_10,
        one.n_questions,
        if one.passes { "lets it pass" } else { "refuses it" }
    );
}
