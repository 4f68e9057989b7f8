//! `veritrail eval --task support`

use super::Arguments;
use super::ask::FormatArgument;
use super::eval::EvalArguments;
use super::eval_answers::write_lines;
use super::output::{ExitCode, ProgressReporter};
use veritrail::config::Config;
use veritrail::engine::{Progress, evaluate_support};
use veritrail::eval::SupportDataset;

pub(super) fn run(arguments: &Arguments, eval: &EvalArguments) -> anyhow::Result<ExitCode> {
    let dataset = SupportDataset::load(&eval.dataset)?;
    let models = arguments.models(&Config::default())?;
    let mut reporter = ProgressReporter::new();
    let n_total = dataset.cases.len();
    let (report, judged) = evaluate_support(&dataset, &models, &mut |n_documents| {
        reporter.show(&Progress::Ingesting { n_documents, n_total, source: &dataset.name });
    });
    drop(reporter);
    if eval.format == FormatArgument::Json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("{}: {} judged claims", report.dataset, report.n_cases);
        println!("balanced accuracy        {:.3}", report.balanced_accuracy);
        println!("supported, said to be    {:.3}", report.recall_supported);
        println!("others, said not to be   {:.3}", report.recall_unsupported);
        for (part, accuracy) in &report.parts {
            println!("  {part:22} {accuracy:.3}");
        }
    }
    if let Some(path) = &eval.run {
        write_lines(path, &judged)?;
    }
    Ok(ExitCode::Success)
}
