//! `veritrail drift`

use super::Arguments;
use super::ask::{FormatArgument, principal};
use super::output::ExitCode;
use anyhow::Context;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use veritrail::engine::{Copies, Drift, DriftTrial, IndexState, KnowledgeBase, TrialOptions};
use veritrail::model::{ClaimStatus, DriftAlert, DriftAlertId};

/// Exit code 3 when something drifted.
///
/// Example: `veritrail drift --format json`
#[derive(Debug, Args)]
pub(super) struct DriftArguments {
    #[command(subcommand)]
    command: Option<DriftCommand>,
    /// Record the measurement, with an alert for what is new.
    #[arg(long)]
    record: bool,
    /// Compare questions and documents only, and do not look through the whole index.
    #[arg(long)]
    without_index: bool,
    /// Text for people or JSON for programs.
    #[arg(long, value_enum, default_value = "text", global = true)]
    format: FormatArgument,
}

#[derive(Debug, Subcommand)]
enum DriftCommand {
    /// List alerts, those that wait for a person first.
    Alerts,
    /// Say that an alert is right, and that it was seen to.
    Accept(DecisionArguments),
    /// Say that an alert is a false one.
    Reject(DecisionArguments),
    /// Draw windows from a file of questions and count how often drift is found in them.
    Trial(TrialArguments),
}

#[derive(Debug, Args)]
struct DecisionArguments {
    /// The alert as the list names it.
    alert: String,
    /// Why.
    #[arg(long)]
    reason: Option<String>,
}

/// Example: `veritrail drift trial asked.jsonl --other another-topic.jsonl`
#[derive(Debug, Args)]
struct TrialArguments {
    /// Lines of JSON with `text`.
    questions: PathBuf,
    /// Questions of another kind, in which drift should be found each time.
    #[arg(long)]
    other: Option<PathBuf>,
    /// Pairs of windows.
    #[arg(long, default_value_t = 1000)]
    trials: usize,
    /// Questions of the window before.
    #[arg(long, default_value_t = 100)]
    reference: usize,
    /// Questions of the window now.
    #[arg(long, default_value_t = 60)]
    window: usize,
    /// Another number draws other windows.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) fn run(arguments: &Arguments, drift: &DriftArguments) -> anyhow::Result<ExitCode> {
    let knowledge_base = arguments.open()?;
    let as_json = drift.format == FormatArgument::Json;
    match &drift.command {
        None => return measure(&knowledge_base, drift),
        Some(DriftCommand::Alerts) => alerts(&knowledge_base, as_json)?,
        Some(DriftCommand::Accept(decision)) => {
            decide(&knowledge_base, decision, ClaimStatus::Accepted)?;
        }
        Some(DriftCommand::Reject(decision)) => {
            decide(&knowledge_base, decision, ClaimStatus::Rejected)?;
        }
        Some(DriftCommand::Trial(trial)) => try_windows(&knowledge_base, trial, as_json)?,
    }
    Ok(ExitCode::Success)
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Measured {
    #[serde(flatten)]
    drift: Drift,
    index: Option<IndexState>,
    /// Alerts that were recorded for it.
    alerts: Vec<DriftAlert>,
}

fn measure(knowledge_base: &KnowledgeBase, drift: &DriftArguments) -> anyhow::Result<ExitCode> {
    let found = knowledge_base.measure_drift()?;
    let index = (!drift.without_index).then(|| knowledge_base.measure_index()).transpose()?;
    let alerts = match drift.record {
        true => knowledge_base.record_drift(&found, index.as_ref())?,
        false => Vec::new(),
    };
    let is_alarm = found.is_alarm() || index.as_ref().is_some_and(IndexState::is_alarm);
    if drift.format == FormatArgument::Json {
        let measured = Measured { drift: found, index, alerts };
        println!("{}", serde_json::to_string_pretty(&measured)?);
    } else {
        print_drift(&found);
        print_slices(&found);
        index.iter().for_each(print_index);
        alerts.iter().for_each(print_alert);
    }
    Ok(if is_alarm { ExitCode::Partial } else { ExitCode::Success })
}

fn alerts(knowledge_base: &KnowledgeBase, as_json: bool) -> anyhow::Result<()> {
    let mut alerts = knowledge_base.drift_alerts()?;
    alerts.sort_by_key(|alert| alert.decided.is_some());
    if as_json {
        println!("{}", serde_json::to_string_pretty(&alerts)?);
    } else if alerts.is_empty() {
        println!("there is no alert");
    } else {
        alerts.iter().for_each(print_alert);
    }
    Ok(())
}

fn decide(
    knowledge_base: &KnowledgeBase,
    decision: &DecisionArguments,
    status: ClaimStatus,
) -> anyhow::Result<()> {
    let id = DriftAlertId::from_name(&decision.alert)
        .with_context(|| format!("expected the name of an alert, found `{}`", decision.alert))?;
    let reason = decision.reason.as_deref();
    Ok(knowledge_base.decide_drift(&id, status, &principal(), reason)?)
}

fn try_windows(
    knowledge_base: &KnowledgeBase,
    trial: &TrialArguments,
    as_json: bool,
) -> anyhow::Result<()> {
    let own = questions(&trial.questions)?;
    let others = trial.other.as_deref().map(questions).transpose()?.unwrap_or_default();
    let options = TrialOptions {
        n_trials: trial.trials,
        n_reference: trial.reference,
        n_current: trial.window,
        seed: trial.seed,
    };
    let trial = knowledge_base.try_drift(&own, &others, &options)?;
    match as_json {
        true => println!("{}", serde_json::to_string_pretty(&trial)?),
        false => print_trial(&trial),
    }
    Ok(())
}

fn print_drift(found: &Drift) {
    for part in &found.parts {
        let report = &part.report;
        println!("{}: {} now, {} before", part.of, report.n_current, report.n_reference);
        for shift in &report.shifts {
            let mark = if shift.alarm { "DRIFT" } else { "" };
            let (name, seen) = (shift.measure.as_str(), &shift.seen);
            println!("  {mark:5}  {name}: {seen} (p {:.3})", shift.p_value);
        }
    }
    if found.parts.is_empty() {
        println!("too few answers and documents to compare; see `drift` in the settings");
    }
}

fn print_slices(found: &Drift) {
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    for slice in found.slices.iter().filter(|slice| slice.p_value.is_some()) {
        let mark = if slice.differs { "DIFFERS" } else { "" };
        println!(
            "{mark:7}  answers of {} {}: {}; without an answer {} (elsewhere {}), \
             not supported {} ({}), flagged {} ({})",
            slice.kind,
            slice.value,
            slice.n_answers,
            percent(slice.abstained),
            percent(slice.abstained_elsewhere),
            percent(slice.unsupported),
            percent(slice.unsupported_elsewhere),
            percent(slice.flagged),
            percent(slice.flagged_elsewhere),
        );
    }
}

fn print_index(index: &IndexState) {
    println!(
        "{} documents: {} stale, {} orphaned entities, {} violations of shapes, {} pairs of \
         copies, {} of them with different labels",
        index.n_documents,
        index.stale.n,
        index.orphaned_entities.n,
        index.violations.n,
        index.n_copies,
        index.n_labels_differ
    );
    for (what, counted) in [
        ("stale", &index.stale),
        ("orphaned", &index.orphaned_entities),
        ("violation", &index.violations),
    ] {
        counted.first.iter().for_each(|name| println!("  {what}: {name}"));
    }
    for Copies { sources: [a, b], likeness, labels_differ } in &index.copies {
        let labels = if *labels_differ { ", with different labels" } else { "" };
        println!("  copies: {a} and {b} ({:.0} % alike{labels})", likeness * 100.0);
    }
}

fn print_alert(alert: &DriftAlert) {
    let status = alert.decided.as_ref().map_or("open", |decided| decided.status.as_str());
    println!(
        "{}  {status:8}  {}  {}: {}: {}",
        alert.id.name(),
        alert.found_at,
        alert.of,
        alert.measure,
        alert.seen
    );
}

fn print_trial(trial: &DriftTrial) {
    let DriftTrial { n_trials, n_reference, n_current, n_false_alarms, .. } = trial;
    let share = |n: usize| 100.0 * n as f64 / (*n_trials).max(1) as f64;
    println!("windows of {n_reference} and {n_current} questions, {n_trials} times");
    println!("false alarms: {n_false_alarms} ({:.1} %)", share(*n_false_alarms));
    for (measure, n) in &trial.false_alarms_of {
        let small = trial.small_p_of.get(measure).copied().unwrap_or_default();
        println!("  {measure}: {n}; p at most 0.05: {small} ({:.1} %)", share(small));
    }
    if let Some(n_found) = trial.n_found {
        println!("other questions: {n_found} found ({:.1} %)", share(n_found));
    }
}

/// A line of a file of questions; what else stands there does not matter.
#[derive(Deserialize)]
struct QuestionLine {
    text: String,
}

fn questions(file: &Path) -> anyhow::Result<Vec<String>> {
    let text = fs::read_to_string(file)
        .with_context(|| format!("cannot read the questions of {}", file.display()))?;
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let read = |(line, n): (&str, usize)| {
        let line: QuestionLine = serde_json::from_str(line).with_context(|| {
            format!("{}, line {n}: expected {{\"text\": QUESTION}}", file.display())
        })?;
        Ok(line.text)
    };
    lines.map(read).collect()
}
