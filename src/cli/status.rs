//! `veritrail init` and `veritrail status`

use super::Arguments;
use super::ask::FormatArgument;
use super::output::ExitCode;
use clap::Args;
use veritrail::engine::KnowledgeBase;

/// Example: `veritrail status --format json`
#[derive(Debug, Args)]
pub(super) struct StatusArguments {
    /// Text for people or JSON for programs.
    #[arg(long, value_enum, default_value = "text")]
    format: FormatArgument,
}

pub(super) fn init(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    KnowledgeBase::init(arguments.kb())?;
    println!("{} is ready; add documents with `veritrail ingest FOLDER`", arguments.kb().display());
    Ok(ExitCode::Success)
}

pub(super) fn run(arguments: &Arguments, status: &StatusArguments) -> anyhow::Result<ExitCode> {
    let found = arguments.open()?.status()?;
    if status.format == FormatArgument::Json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        println!("knowledge base  {}", found.path.display());
        println!("documents       {}", found.n_documents);
        if found.n_near_duplicates > 0 {
            println!("near-duplicates {} pairs of pictures", found.n_near_duplicates);
        }
        println!("quads           {}", found.n_quads);
        println!("vectors         {} in {}", found.n_vectors, found.spaces.join(", "));
        if found.n_depictions + found.n_proposals > 0 {
            println!(
                "pictures show   {} known, {} to be reviewed (`veritrail review`)",
                found.n_depictions, found.n_proposals
            );
        }
        println!("generation      {}", found.generation.as_deref().unwrap_or("none published"));
        if found.n_torn_bytes > 0 {
            println!("recovered       {} bytes of a torn vector cut off", found.n_torn_bytes);
        }
        if let Some(swept) = found.swept {
            println!(
                "recovered       after an interrupted run: {} vectors, {} blobs and {} indexes removed that nothing named",
                swept.n_vectors, swept.n_blobs, swept.n_indexes
            );
        }
        if found.n_unnamed > 0 {
            println!("unnamed         {} vectors and blobs of replaced documents", found.n_unnamed);
        }
        match found.findings.len() {
            0 => println!("integrity       sound"),
            n => println!("integrity       {n} findings"),
        }
        for finding in &found.findings {
            println!("  {finding}");
        }
    }
    Ok(if found.findings.is_empty() { ExitCode::Success } else { ExitCode::Partial })
}
