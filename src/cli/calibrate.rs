//! `veritrail calibrate`

use super::Arguments;
use super::ask::FormatArgument;
use super::output::{ExitCode, ProgressReporter};
use clap::Args;
use std::path::PathBuf;
use veritrail::engine::{Progress, read_pairs};

/// Example: `veritrail calibrate --kb support`
#[derive(Debug, Args)]
pub(super) struct CalibrateArguments {
    /// Pairs instead of the knowledge base's captions and alternative texts: JSON
    /// lines with `image`, a path beside the file, and `text`.
    #[arg(long)]
    pairs: Option<PathBuf>,
    /// Decides which questions are held back.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Text for people or JSON for programs.
    #[arg(long, value_enum, default_value = "text")]
    format: FormatArgument,
}

pub(super) fn run(arguments: &Arguments, asked: &CalibrateArguments) -> anyhow::Result<ExitCode> {
    let knowledge_base = arguments.open()?;
    let pictures = match &asked.pairs {
        Some(path) => read_pairs(path)?,
        None => knowledge_base.described_pictures()?,
    };
    let mut reporter = ProgressReporter::new();
    let learned = knowledge_base.calibrate(&pictures, asked.seed, &mut |done, total| {
        let source = "calibrating";
        reporter.show(&Progress::Ingesting { n_documents: done, n_total: total, source });
    })?;
    let published = knowledge_base.publish(&mut |progress| reporter.show(&progress))?;
    drop(reporter);
    if asked.format == FormatArgument::Json {
        println!("{}", serde_json::to_string(&learned)?);
    } else {
        for space in &learned {
            println!(
                "{}: expected calibration error {:.3} before, {:.3} after, on {} held-back hits",
                space.space,
                space.report.error_before,
                space.report.error_after,
                space.report.n_held_back
            );
        }
    }
    let state = if published.changed { "published" } else { "unchanged" };
    eprintln!("generation {} {state}", published.generation.name());
    Ok(ExitCode::Success)
}
