//! `veritrail eval --task answer`

use super::ask::FormatArgument;
use super::eval::EvalArguments;
use anyhow::Context;
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use veritrail::engine::Evaluation;
use veritrail::eval::AnswerReport;
use veritrail::retrieve::RetrievalMode;

/// Asks the questions of a data set, prints how well they were answered and writes the
/// answers where that is wished.
pub(super) fn answered(
    prepared: &Evaluation<'_>,
    mode: RetrievalMode,
    eval: &EvalArguments,
) -> anyhow::Result<()> {
    let (report, answers) = prepared.answers(mode)?;
    print(&report, eval.format)?;
    eval.run.as_ref().map_or(Ok(()), |path| write_lines(path, &answers))
}

/// Writes one JSON object a line.
pub(super) fn write_lines<T: Serialize>(path: &Path, items: &[T]) -> anyhow::Result<()> {
    let file =
        File::create(path).with_context(|| format!("cannot create the file {}", path.display()))?;
    let mut writer = BufWriter::new(file);
    for item in items {
        serde_json::to_writer(&mut writer, item)?;
        writer.write_all(b"\n")?;
    }
    Ok(writer.flush()?)
}

fn print(report: &AnswerReport, format: FormatArgument) -> anyhow::Result<()> {
    if format == FormatArgument::Json {
        println!("{}", serde_json::to_string(report)?);
        return Ok(());
    }
    let measures = &report.measures;
    println!("{} {}: {} questions", report.dataset, report.mode, report.n_queries);
    println!("a gold answer stands in  {:.3} of the answers", measures.contains_answer);
    println!("a fact is stated         {:.3}", measures.short_answers);
    println!("exact match              {:.3}", measures.exact_match);
    println!("token F1                 {:.3}, of all words {:.3}", measures.f1, measures.f1_text);
    println!("citation precision       {:.3}", measures.citation_precision);
    println!("citation recall          {:.3}", measures.citation_recall);
    println!(
        "abstained                {:.3} of {} unanswerable, {:.3} of {} answerable",
        measures.abstention_unanswerable,
        measures.n_unanswerable,
        measures.abstention_answerable,
        measures.n_answerable
    );
    println!("median time              {:.1} ms", report.latency_ms.p50);
    Ok(())
}
