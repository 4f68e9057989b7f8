//! `veritrail validate`

use super::Arguments;
use super::output::ExitCode;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Instant;
use veritrail::engine::{PlacedFinding, Validation};
use veritrail::shapes::{Severity, report_turtle};

/// Example: `veritrail validate --shapes shapes/products.ttl`
#[derive(Debug, Args)]
pub(super) struct ValidateArguments {
    /// Files of SHACL shapes, beside those of the knowledge base.
    #[arg(long, num_args = 1..)]
    shapes: Vec<PathBuf>,
    /// Text for people, JSON for programs, or a report as SHACL describes it.
    #[arg(long, value_enum, default_value = "text")]
    format: ReportFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ReportFormat {
    Text,
    Json,
    Turtle,
}

pub(super) fn run(arguments: &Arguments, validate: &ValidateArguments) -> anyhow::Result<ExitCode> {
    let knowledge_base = arguments.open()?;
    let start = Instant::now();
    let validation = knowledge_base.validate(&validate.shapes)?;
    match validate.format {
        ReportFormat::Text => print(&validation, start),
        ReportFormat::Json => println!("{}", serde_json::to_string_pretty(&validation)?),
        ReportFormat::Turtle => {
            let findings = validation.findings.iter().map(|placed| &placed.finding);
            print!("{}", report_turtle(findings)?);
        }
    }
    Ok(if validation.conforms { ExitCode::Success } else { ExitCode::Partial })
}

fn print(validation: &Validation, start: Instant) {
    for placed in &validation.findings {
        println!("{}", line(placed));
    }
    let n_of = |severity| validation.n_of(severity);
    println!(
        "{}: {} violations, {} warnings, {} remarks in {} graphs with {} triples, in {:.1} s",
        if validation.conforms { "conforms" } else { "does not conform" },
        n_of(Severity::Violation),
        n_of(Severity::Warning),
        n_of(Severity::Info),
        validation.n_graphs,
        validation.n_triples,
        start.elapsed().as_secs_f64()
    );
}

/// A finding on one line, with the file or graph in which it was made.
pub(super) fn line(placed: &PlacedFinding) -> String {
    let place = placed.source.as_ref().or(placed.graph.as_ref());
    let place = place.map_or("described nowhere", String::as_str);
    format!("{:9} {place}: {}", placed.finding.severity.as_str(), placed.finding)
}
