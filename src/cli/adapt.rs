//! `veritrail adapt`

use super::Arguments;
use super::ask::FormatArgument;
use super::output::{ExitCode, ProgressReporter};
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;
use std::time::Instant;
use veritrail::adapt::{Change, Direction};
use veritrail::config::Config;
use veritrail::engine::{
    AdaptOptions, AdaptReport, KnowledgeBase, Progress, adapt, put_into_service, read_pairs,
};
use veritrail::eval::PictureDataset;

/// Example: `veritrail adapt veritrail-lite --name products --kb support --publish`
#[derive(Debug, Args)]
pub(super) struct AdaptArguments {
    /// The space to adapt: a picture model, or a space that was adapted before.
    space: String,
    /// The new space is called SPACE+NAME.
    #[arg(long, default_value = "own")]
    name: String,
    /// Pairs instead of the knowledge base's captions and alternative texts: JSON
    /// lines with `image`, a path beside the file, and `text`.
    #[arg(long)]
    pairs: Option<PathBuf>,
    /// Folder of pictures, texts and judgements that must not be found worse; may be
    /// given several times. Drawings that the program makes are always checked.
    #[arg(long)]
    check: Vec<PathBuf>,
    /// Share of the pictures that is held back for the comparison.
    #[arg(long, default_value_t = 0.2)]
    held_back: f64,
    /// Decides which pictures are held back.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Note on the licence of the pictures, kept with the space.
    #[arg(long)]
    licence: Option<String>,
    /// Put the space into service in the place of SPACE. Refused when the held-back
    /// pictures are not found better, or a check set is found worse.
    #[arg(long)]
    publish: bool,
    /// Put it beside SPACE instead.
    #[arg(long, requires = "publish")]
    beside: bool,
    /// Text for people or JSON for programs.
    #[arg(long, value_enum, default_value = "text")]
    format: FormatArgument,
}

pub(super) fn run(arguments: &Arguments, asked: &AdaptArguments) -> anyhow::Result<ExitCode> {
    let start = Instant::now();
    let kb = arguments.kb();
    if !kb.join("FORMAT").exists() {
        KnowledgeBase::init(kb)?;
    }
    let mut config = Config::load(&kb.join("veritrail.toml"))?;
    let pictures = match &asked.pairs {
        Some(path) => read_pairs(path)?,
        None => arguments.open()?.described_pictures()?,
    };
    config.models.pictures = vec![asked.space.clone()];
    let models = arguments.models(&config)?;
    let model = models.pictures.first().context("no picture model was loaded")?;
    let checks = asked
        .check
        .iter()
        .map(|folder| PictureDataset::load(folder))
        .collect::<Result<Vec<_>, _>>()?;
    let options = AdaptOptions {
        name: asked.name.clone(),
        held_back: asked.held_back,
        seed: asked.seed,
        licence: asked.licence.clone(),
    };
    let mut reporter = ProgressReporter::new();
    let report = adapt(kb, model, &pictures, &checks, &options, &mut |done, total| {
        let source = asked.space.as_str();
        reporter.show(&Progress::Ingesting { n_documents: done, n_total: total, source });
    })?;
    drop(reporter);
    match asked.format {
        FormatArgument::Json => println!("{}", serde_json::to_string(&report)?),
        FormatArgument::Text => print_report(&report, start.elapsed().as_secs_f64()),
    }
    for reason in &report.refused {
        eprintln!("not fit for service: {reason}");
    }
    if !asked.publish {
        return Ok(ExitCode::Success);
    }
    if !report.refused.is_empty() {
        return Ok(ExitCode::Failure);
    }
    let names = put_into_service(kb, &asked.space, &report.name, asked.beside)?;
    eprintln!("in service: {}", names.join(", "));
    eprintln!("hint: run `veritrail ingest` again, so that the pictures get their vectors");
    Ok(ExitCode::Success)
}

fn print_report(report: &AdaptReport, seconds: f64) {
    println!(
        "{} learned from {} pictures and {} texts in {seconds:.1} s, share {:.1}",
        report.name, report.n_pictures, report.n_texts, report.settings.share
    );
    println!("{} held-back pictures:", report.n_held_back);
    print_direction("text to picture", &report.held_back.text_to_image);
    print_direction("picture to text", &report.held_back.image_to_text);
    for (name, check) in &report.checks {
        println!("check set {name}:");
        print_direction("text to picture", &check.text_to_image);
    }
    if let Some(calibration) = &report.calibration {
        println!(
            "calibration error {:.3} before, {:.3} after, on {} held-back hits",
            calibration.error_before, calibration.error_after, calibration.n_held_back
        );
    }
}

fn print_direction(name: &str, direction: &Direction) {
    let change = |change: &Change| {
        format!(
            "{:.3} -> {:.3} ({:+.3} to {:+.3})",
            change.before, change.after, change.low, change.high
        )
    };
    println!(
        "  {name}: recall@1 {}  @5 {}  @10 {}",
        change(&direction.recall_1),
        change(&direction.recall_5),
        change(&direction.recall_10)
    );
}
