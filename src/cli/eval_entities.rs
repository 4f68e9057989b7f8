//! `veritrail eval FILE --task entity-resolution`

use super::Arguments;
use super::ask::FormatArgument;
use super::eval::EvalArguments;
use super::output::{ExitCode, ProgressReporter};
use std::path::{Path, PathBuf};
use veritrail::config::Config;
use veritrail::engine::{EntityReport, LabelledPairs, Progress, evaluate_entities, learn_matching};
use veritrail::resolve::MatchModel;

/// Scores the model that comes along, and one learned from `--train` when given.
pub(super) fn run(arguments: &Arguments, eval: &EvalArguments) -> anyhow::Result<ExitCode> {
    let models = arguments.models(&Config::default())?;
    let mut reporter = ProgressReporter::new();
    for path in files(&eval.dataset)? {
        let pairs = LabelledPairs::load(&path)?;
        let mut show = |n_documents: usize, n_total: usize| {
            reporter.show(&Progress::Embedding { n_documents, n_total });
        };
        let mut matchers = vec![MatchModel::builtin()?];
        if let Some(train) = &eval.train {
            let train = LabelledPairs::load(train)?;
            matchers.push(learn_matching(&train, models.text.as_ref(), &mut show)?);
        }
        let reports = evaluate_entities(&pairs, &matchers, models.text.as_ref(), &mut show)?;
        for report in reports {
            print(&report, eval.format)?;
        }
        if let (Some(path), Some(learned)) = (&eval.run, matchers.get(1)) {
            std::fs::write(path, learned.to_json()?)?;
        }
    }
    Ok(ExitCode::Success)
}

/// The file itself, or every JSONL file of a folder, by name.
fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "jsonl") {
            files.push(path);
        }
    }
    files.sort();
    anyhow::ensure!(!files.is_empty(), "expected JSONL files of pairs in {}", path.display());
    Ok(files)
}

fn print(report: &EntityReport, format: FormatArgument) -> anyhow::Result<()> {
    if format == FormatArgument::Json {
        println!("{}", serde_json::to_string(report)?);
        return Ok(());
    }
    println!(
        "{} by {}: {} pairs, {} matches",
        report.dataset, report.model, report.n_pairs, report.n_matches
    );
    for (name, measures) in [("each pair", report.measures), ("one to one", report.one_to_one)] {
        println!(
            "  {name:10}  precision {:.3}  recall {:.3}  F1 {:.3}  (from {:.2})",
            measures.precision, measures.recall, measures.f1, report.decide_from
        );
    }
    let bands = &report.bands;
    println!(
        "  two bands   {} merged from {:.2}, precision {:.3}; {} asked about from {:.2}; recall {:.3}",
        bands.n_merged,
        bands.merge_from,
        bands.merged_precision,
        bands.n_asked,
        bands.ask_from,
        bands.recall
    );
    println!("  calibration error {:.3}", report.calibration_error);
    Ok(())
}
