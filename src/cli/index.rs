//! `veritrail index`

use super::Arguments;
use super::ask::{FormatArgument, principal};
use super::canary::{self, CanaryArguments};
use super::output::{ExitCode, ProgressReporter};
use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;
use veritrail::engine::{
    GenerationDiff, GenerationSummary, GoldenReport, KnowledgeBase, PromotedBy, Promotion,
    SetupChange,
};
use veritrail::model::GenerationId;

/// Documents named of each kind at most, in text.
const MOST_NAMED: usize = 10;

/// Generations: what answers now, what did before, and what could.
#[derive(Debug, Args)]
pub(super) struct IndexArguments {
    #[command(subcommand)]
    command: IndexCommand,
}

#[derive(Debug, Subcommand)]
enum IndexCommand {
    /// Build a generation out of the documents and leave it aside.
    ///
    /// Example: `veritrail index build --set answer.min_support=0.6`
    Build {
        /// A setting below `answer` or `retrieve` that the generation has of its own, as
        /// `answer.min_support=0.6`; the next generations take it over.
        #[arg(long = "set", value_name = "PATH=VALUE", value_parser = setting)]
        settings: Vec<(String, serde_json::Value)>,
        /// A text model of the registry; its vectors are made beside those that are there.
        #[arg(long)]
        text_model: Option<String>,
        /// Take over no settings and no text model from the generation that answers.
        #[arg(long)]
        afresh: bool,
        /// Text for people or JSON for programs.
        #[arg(long, value_enum, default_value = "text")]
        format: FormatArgument,
    },
    /// List generations, newest first.
    List {
        /// Text for people or JSON for programs.
        #[arg(long, value_enum, default_value = "text")]
        format: FormatArgument,
    },
    /// Show what changed from one generation to another.
    ///
    /// Example: `veritrail index diff 3f2a 91bc`
    Diff {
        /// The first, by the beginning of its name.
        from: String,
        /// The second; the one that answers unless given.
        to: Option<String>,
        /// Text for people or JSON for programs.
        #[arg(long, value_enum, default_value = "text")]
        format: FormatArgument,
    },
    /// Ask a generation the golden sets, compare it with the one that answers, and tell
    /// whether it may answer.
    Eval {
        /// The generation, by the beginning of its name.
        generation: String,
        /// Text for people or JSON for programs.
        #[arg(long, value_enum, default_value = "text")]
        format: FormatArgument,
    },
    /// Let a generation answer from now on, if the golden sets let it.
    Promote {
        /// The generation, by the beginning of its name.
        generation: String,
        /// Whatever the golden sets say.
        #[arg(long)]
        force: bool,
        /// Why; part of the record.
        #[arg(long)]
        reason: Option<String>,
        /// Text for people or JSON for programs.
        #[arg(long, value_enum, default_value = "text")]
        format: FormatArgument,
    },
    /// Let the generation answer again that did before; publishing is held until one is
    /// promoted.
    Rollback {
        /// Why; part of the record.
        #[arg(long)]
        reason: Option<String>,
        /// Text for people or JSON for programs.
        #[arg(long, value_enum, default_value = "text")]
        format: FormatArgument,
    },
    /// Let a generation answer a share of the askers, compare it with the one that answers
    /// the rest, and take it back by rule when it is worse.
    ///
    /// Example: `veritrail index canary 3f2a --share 10%`
    Canary(CanaryArguments),
    /// Remove old generations, and vectors and bytes that nothing needs any more.
    Gc {
        /// How many of the newest are kept, besides the one that answers and the one
        /// before it; the setting `generations.keep` unless given.
        #[arg(long)]
        keep: Option<usize>,
        /// Text for people or JSON for programs.
        #[arg(long, value_enum, default_value = "text")]
        format: FormatArgument,
    },
}

pub(super) fn run(arguments: &Arguments, index: &IndexArguments) -> anyhow::Result<ExitCode> {
    let knowledge_base = arguments.open()?;
    match &index.command {
        IndexCommand::Build { settings, text_model, afresh, format } => {
            let change = SetupChange {
                afresh: *afresh,
                settings: settings.iter().cloned().collect(),
                text_model: text_model.clone(),
            };
            let mut reporter = ProgressReporter::new();
            let built =
                knowledge_base.build_aside(&change, &mut |progress| reporter.show(&progress))?;
            drop(reporter);
            let (name, served) = (built.generation.name(), built.served.name());
            let outcome = json!({ "generation": name, "served": served });
            show(*format, &outcome, || {
                println!("built {name}");
                match name == served {
                    true => println!("it answers already"),
                    false => {
                        println!("{served} answers; `veritrail index promote {name}` changes that")
                    }
                }
            })?;
        }
        IndexCommand::List { format } => {
            let all = knowledge_base.generations()?;
            show(*format, &all, || {
                all.generations.iter().for_each(print_generation);
                if let Some(reason) = &all.held {
                    println!("publishing is held: {reason}");
                }
            })?;
        }
        IndexCommand::Diff { from, to, format } => {
            let to = match to {
                Some(to) => knowledge_base.find_generation(to)?,
                None => knowledge_base.current()?.context("no generation answers yet")?,
            };
            let from = knowledge_base.find_generation(from)?;
            let diff = knowledge_base.compare_generations(&from, &to)?;
            show(*format, &diff, || print_diff(&diff))?;
        }
        IndexCommand::Eval { generation, format } => {
            let generation = knowledge_base.find_generation(generation)?;
            let report = knowledge_base.evaluate_generation(&generation)?;
            show(*format, &report, || print_report(&report))?;
            return Ok(if report.verdict.passes { ExitCode::Success } else { ExitCode::Partial });
        }
        IndexCommand::Promote { generation, force, reason, format } => {
            let generation = knowledge_base.find_generation(generation)?;
            promote(&knowledge_base, &generation, reason.as_deref(), !force, *format)?;
        }
        IndexCommand::Rollback { reason, format } => {
            let before = knowledge_base.answered_before()?.context(
                "no generation that is kept answered before this one\nhint: `veritrail index list` shows what can be promoted",
            )?;
            promote(&knowledge_base, &before, reason.as_deref(), false, *format)?;
        }
        IndexCommand::Canary(arguments) => {
            let report = canary::run(&knowledge_base, arguments)?;
            show(arguments.format, &report, || canary::print(report.as_ref()))?;
        }
        IndexCommand::Gc { keep, format } => {
            let keep = keep.unwrap_or(knowledge_base.config().generations.keep);
            let collected = knowledge_base.collect_generations(keep)?;
            show(*format, &collected, || {
                collected.generations.iter().for_each(|name| println!("removed {name}"));
                println!(
                    "{} generations, {} text spaces, {} vectors and {} files of bytes removed",
                    collected.generations.len(),
                    collected.n_spaces,
                    collected.swept.n_vectors,
                    collected.swept.n_blobs
                );
            })?;
        }
    }
    Ok(ExitCode::Success)
}

fn promote(
    knowledge_base: &KnowledgeBase,
    generation: &GenerationId,
    reason: Option<&str>,
    through_gate: bool,
    format: FormatArgument,
) -> anyhow::Result<()> {
    let by = PromotedBy { principal: principal(), reason: reason.map(str::to_owned) };
    let (promotion, _) = match through_gate {
        true => knowledge_base.promote_through_gate(generation, &by)?,
        false => knowledge_base.promote(generation, &by)?,
    };
    show(format, &promotion, || print_promotion(&promotion))
}

fn print_report(report: &GoldenReport) {
    if report.results.is_empty() {
        println!("no golden sets; `veritrail golden add NAME FILE` keeps one");
    }
    if let Some(against) = &report.against {
        println!("{} against {against}, which answers", report.generation);
    }
    report.verdict.compared.iter().for_each(|line| println!("{line}"));
    for result in &report.results {
        for question in result.lost.iter().take(MOST_NAMED) {
            println!("lost  {}: {question}", result.set);
        }
    }
    report.verdict.reasons.iter().for_each(|reason| println!("refused: {reason}"));
    if report.verdict.passes {
        println!("passes");
    }
}

fn print_promotion(promotion: &Promotion) {
    match &promotion.from {
        Some(from) if *from == promotion.to => println!("{from} answers already"),
        Some(from) => println!("{} answers instead of {from}", promotion.to),
        None => println!("{} answers", promotion.to),
    }
    if promotion.held {
        println!("publishing is held until the newest generation is promoted");
    }
}

fn print_generation(generation: &GenerationSummary) {
    let mut marks = Vec::new();
    if generation.current {
        marks.push("answers");
    }
    if generation.on_trial {
        marks.push("on trial");
    }
    if generation.newest {
        marks.push("newest");
    }
    if !generation.servable {
        marks.push("cannot be promoted");
    }
    println!(
        "{}  {}  {} documents, {} fragments, {:.1} MiB  {}",
        generation.name,
        generation.built_at.as_deref().unwrap_or("unknown time"),
        generation.n_documents,
        generation.n_fragments,
        generation.n_bytes as f64 / f64::from(1 << 20),
        marks.join(", ")
    );
    generation.settings.iter().for_each(|(path, value)| println!("    {path} = {value}"));
}

/// Reads `PATH=VALUE`; a value that is no JSON is a text.
fn setting(text: &str) -> Result<(String, serde_json::Value), String> {
    let (path, value) = text
        .split_once('=')
        .ok_or_else(|| format!("expected PATH=VALUE, as answer.min_support=0.6, found `{text}`"))?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
    Ok((path.trim().to_owned(), value))
}

fn print_diff(diff: &GenerationDiff) {
    println!("from {} to {}", diff.from, diff.to);
    for (sign, sources) in [("+", &diff.added), ("-", &diff.removed), ("~", &diff.changed)] {
        sources.iter().take(MOST_NAMED).for_each(|source| println!("{sign} {source}"));
        if sources.len() > MOST_NAMED {
            println!("{sign} and {} more", sources.len() - MOST_NAMED);
        }
    }
    println!(
        "{} documents added, {} removed, {} changed",
        diff.added.len(),
        diff.removed.len(),
        diff.changed.len()
    );
    for (what, (before, after)) in [
        ("fragments", diff.n_fragments),
        ("entities", diff.n_entities),
        ("mentions", diff.n_mentions),
    ] {
        println!("{what}: {before} to {after}");
    }
    diff.spaces_removed.iter().for_each(|space| println!("- space {space}"));
    diff.spaces_added.iter().for_each(|space| println!("+ space {space}"));
}

fn show(
    format: FormatArgument,
    outcome: &impl Serialize,
    as_text: impl FnOnce(),
) -> anyhow::Result<()> {
    match format {
        FormatArgument::Json => println!("{}", serde_json::to_string_pretty(outcome)?),
        FormatArgument::Text => as_text(),
    }
    Ok(())
}
