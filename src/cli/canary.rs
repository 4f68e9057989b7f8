//! `veritrail index canary`

use super::ask::{FormatArgument, principal};
use anyhow::bail;
use clap::Args;
use veritrail::engine::{CanaryReport, KnowledgeBase, PromotedBy};

/// Let a generation answer a share of the askers, or show what it has shown.
#[derive(Debug, Args)]
pub(super) struct CanaryArguments {
    /// The generation, by the beginning of its name; without it, the canary is shown.
    #[arg(requires = "share")]
    generation: Option<String>,
    /// Share of the askers, as `10%` or `0.1`.
    #[arg(long, value_parser = share)]
    share: Option<f64>,
    /// End the canary: the current generation answers everybody again.
    #[arg(long, conflicts_with_all = ["generation", "share"])]
    stop: bool,
    /// Whatever the golden sets say.
    #[arg(long, requires = "generation")]
    force: bool,
    /// Why; part of the record.
    #[arg(long)]
    reason: Option<String>,
    /// Text for people or JSON for programs.
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: FormatArgument,
}

/// Reads `10%` or `0.1`.
fn share(text: &str) -> Result<f64, String> {
    let (number, whole) = match text.strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    let share = number.trim().parse::<f64>().map(|number| number / whole);
    let share = share.map_err(|_| format!("expected a share as `10%` or `0.1`, found `{text}`"))?;
    if share > 0.0 && share < 1.0 {
        Ok(share)
    } else {
        Err(format!("expected a share above 0 % and below 100 %, found `{text}`"))
    }
}

/// Does what is asked; the canary as it is afterwards.
pub(super) fn run(
    knowledge_base: &KnowledgeBase,
    canary: &CanaryArguments,
) -> anyhow::Result<Option<CanaryReport>> {
    let by = PromotedBy { principal: principal(), reason: canary.reason.clone() };
    if canary.stop {
        let Some(report) = knowledge_base.stop_canary(&by)? else { bail!("no canary runs") };
        return Ok(Some(report));
    }
    if let (Some(generation), Some(share)) = (&canary.generation, canary.share) {
        let generation = knowledge_base.find_generation(generation)?;
        knowledge_base.start_canary(&generation, share, &by, !canary.force)?;
    }
    Ok(knowledge_base.canary_report()?)
}

/// The canary for people.
pub(super) fn print(report: Option<&CanaryReport>) {
    let Some(report) = report else { return println!("no canary has run") };
    println!(
        "{} answers {:.1} % of the askers, {} the rest",
        report.generation,
        report.share * 100.0,
        report.against
    );
    println!("since   {} by {}", report.started_at, report.started_by);
    report.reason.iter().for_each(|reason| println!("why     {reason}"));
    let (current, canary) = (&report.counts.current, &report.counts.canary);
    println!("answers {} current, {} canary", current.n_answers, canary.n_answers);
    let value = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.3}"));
    for compared in &report.compared {
        let what = if compared.measure == "latency" { "ratio" } else { "change" };
        let change = compared.change.map_or_else(String::new, |change| {
            format!(
                "  {what} {:.3} (95 % from {:.3} to {:.3})",
                change.estimate, change.low, change.high
            )
        });
        println!(
            "{:13} {} current, {} canary{change}",
            compared.measure,
            value(compared.current),
            value(compared.canary)
        );
    }
    if let Some(overlap) = &report.overlap {
        println!(
            "both find     {:.3} of the documents (95 % from {:.3} to {:.3}), {} questions",
            overlap.estimate, overlap.low, overlap.high, report.counts.overlap.n
        );
    }
    println!("failures      {} of the canary alone", canary.n_failures);
    println!("looks         {}", report.counts.n_looks);
    match &report.ended {
        None => println!("it runs; `veritrail index canary --stop` ends it"),
        Some(end) => {
            println!("{} at {} by {}", end.outcome, end.at, end.by);
            end.reasons.iter().for_each(|reason| println!("because {reason}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn shares_are_read_in_per_cent_and_as_fractions() {
        assert_eq!((share("10%"), share("0.25")), (Ok(0.1), Ok(0.25)));
        for wrong in ["0%", "100%", "1.5", "-3%", "ten", "NaN"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }
}
