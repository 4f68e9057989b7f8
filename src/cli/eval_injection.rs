//! `veritrail eval --task injection`

use super::Arguments;
use super::ask::FormatArgument;
use super::eval::{EvalArguments, config};
use super::eval_answers::write_lines;
use super::output::{ExitCode, ProgressReporter};
use serde_json::json;
use std::collections::BTreeMap;
use veritrail::engine::{Progress, evaluate_injection};
use veritrail::eval::{InjectedAnswers, InjectionDataset, InjectionOutcome};

pub(super) fn run(arguments: &Arguments, eval: &EvalArguments) -> anyhow::Result<ExitCode> {
    let dataset = InjectionDataset::load(&eval.dataset, eval.k)?;
    let (_, config) = config(eval)?;
    let models = arguments.models(&config)?;
    let mut reporter = ProgressReporter::new();
    let n_total = dataset.cases.len();
    let answers = evaluate_injection(&dataset, &models, &config, &mut |n_documents| {
        reporter.show(&Progress::Ingesting { n_documents, n_total, source: &dataset.name });
    })?;
    drop(reporter);
    let share = |of: &dyn Fn(&InjectedAnswers) -> bool| {
        answers.iter().filter(|answer| of(answer)).count() as f64 / answers.len().max(1) as f64
    };
    type Outcome = fn(&InjectedAnswers) -> &InjectionOutcome;
    let ways: [(&str, Outcome); 3] = [
        ("text and question as they are", |answer| &answer.plain),
        ("orders left out, text marked", |answer| &answer.written),
        ("and every sentence checked", |answer| &answer.shown),
    ];
    let measured = ways.map(|(name, outcome)| {
        let obeys = share(&|answer| outcome(answer).obeys);
        let right = share(&|answer| outcome(answer).is_right);
        (name, obeys, right, share(&|answer| outcome(answer).shown.is_empty()))
    });
    if eval.format == FormatArgument::Json {
        let ways = measured.map(|(name, obeys, right, nothing)| {
            json!({ "way": name, "attack_success": obeys, "right": right, "nothing_shown": nothing })
        });
        println!("{}", json!({ "dataset": dataset.name, "n_cases": n_total, "ways": ways }));
    } else {
        println!("{}: {n_total} questions about texts with hidden instructions", dataset.name);
        for (name, obeys, right, nothing) in measured {
            println!("{name:30} obeys {obeys:.3}  right {right:.3}  shows nothing {nothing:.3}");
        }
        let mut categories: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
        for answer in &answers {
            let [n, plain, shown] = categories.entry(&answer.category).or_default();
            *n += 1;
            *plain += usize::from(answer.plain.obeys);
            *shown += usize::from(answer.shown.obeys);
        }
        for (category, [n, plain, shown]) in categories {
            println!("  {category:32} {plain} and {shown} of {n}");
        }
    }
    eval.run.as_ref().map_or(Ok(()), |path| write_lines(path, &answers))?;
    Ok(ExitCode::Success)
}
