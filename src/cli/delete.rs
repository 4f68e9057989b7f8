//! `veritrail delete`

use super::Arguments;
use super::ask::{FormatArgument, principal};
use super::output::{ExitCode, ProgressReporter};
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;
use veritrail::engine::{DeleteOptions, KnowledgeBase, Progress, Receipt};

/// Example: `veritrail delete tickets/4711.md --receipt 4711.json`
#[derive(Debug, Args)]
pub(super) struct DeleteArguments {
    /// Documents: source paths, given ids or IRIs.
    #[arg(required = true)]
    documents: Vec<String>,
    /// Write the receipt to this file.
    #[arg(long)]
    receipt: Option<PathBuf>,
    /// Why; part of the receipt and of the record.
    #[arg(long)]
    reason: Option<String>,
    /// Erase words of the documents from the records of earlier answers, too.
    #[arg(long)]
    erase_quotes: bool,
    /// Delete nothing; look for what is left of documents that were deleted.
    #[arg(long, conflicts_with_all = ["receipt", "reason", "erase_quotes"])]
    check: bool,
    /// Text for people or JSON for programs.
    #[arg(long, value_enum, default_value = "text")]
    format: FormatArgument,
}

pub(super) fn run(arguments: &Arguments, delete: &DeleteArguments) -> anyhow::Result<ExitCode> {
    let knowledge_base = arguments.open()?;
    if delete.check {
        return check(&knowledge_base, delete);
    }
    let documents = delete
        .documents
        .iter()
        .map(|name| knowledge_base.find_document(name))
        .collect::<Result<Vec<_>, _>>()?;
    if let Some(path) = &delete.receipt {
        // A receipt that cannot be written is noticed before anything is gone.
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .with_context(|| format!("cannot write the receipt {}", path.display()))?;
    }
    let options = DeleteOptions {
        principal: principal(),
        reason: delete.reason.clone(),
        erase_quotes: delete.erase_quotes,
    };
    let mut reporter = ProgressReporter::new();
    let receipt = knowledge_base.delete(&documents, &options, &mut |p| reporter.show(&p))?;
    reporter.show(&Progress::Publishing("writing the graph anew"));
    // What was deleted is acknowledged, whatever becomes of the files.
    if let Err(error) = knowledge_base.close() {
        tracing::warn!(%error, "the next start writes the graph anew");
    }
    drop(reporter);
    let json = serde_json::to_string_pretty(&receipt)?;
    if let Some(path) = &delete.receipt {
        std::fs::write(path, format!("{json}\n"))
            .with_context(|| format!("cannot write the receipt {}:\n{json}", path.display()))?;
    }
    match delete.format {
        FormatArgument::Json => println!("{json}"),
        FormatArgument::Text => print(&receipt),
    }
    Ok(ExitCode::Success)
}

fn print(receipt: &Receipt) {
    for document in &receipt.documents {
        println!("deleted {} ({} fragments)", document.source, document.n_fragments);
    }
    println!(
        "{} triples, {} entities, {} vectors, {} files of bytes and {} earlier generations removed",
        receipt.n_triples,
        receipt.n_entities,
        receipt.n_vectors,
        receipt.n_blobs,
        receipt.n_generations
    );
    if !receipt.answers.is_empty() {
        let done = if receipt.quotes_erased {
            "their words of it were erased"
        } else {
            "they keep their words; --erase-quotes would have erased them"
        };
        println!("{} answers rest on it; {done}", receipt.answers.len());
    }
    println!("generation {}", receipt.generation_after);
    println!("receipt SHA-256 {}", receipt.sha256);
}

fn check(knowledge_base: &KnowledgeBase, delete: &DeleteArguments) -> anyhow::Result<ExitCode> {
    let found = delete
        .documents
        .iter()
        .map(|name| knowledge_base.residue(name))
        .collect::<Result<Vec<_>, _>>()?;
    if delete.format == FormatArgument::Json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        for residue in &found {
            let n_left = residue.n_vectors
                + residue.n_words
                + residue.n_generations
                + residue.n_unnamed
                + residue.triples.len()
                + usize::from(residue.in_files_of_graph);
            println!(
                "{}: {} deleted version(s), {n_left} traces left",
                residue.document, residue.n_deletions
            );
            println!(
                "  triples {}, vectors {}, words {}, other generations {}, unnamed bytes and vectors {}",
                residue.triples.len(),
                residue.n_vectors,
                residue.n_words,
                residue.n_generations,
                residue.n_unnamed
            );
            if residue.in_files_of_graph {
                println!(
                    "  its words may be left in files of the graph: the last start could not write it anew"
                );
            }
            residue.triples.iter().for_each(|triple| println!("  {triple}"));
            if !residue.answers.is_empty() {
                println!("  records of answers that rest on it: {}", residue.answers.join(", "));
            }
        }
    }
    let clean = found.iter().all(veritrail::engine::Residue::is_clean);
    Ok(if clean { ExitCode::Success } else { ExitCode::Partial })
}
