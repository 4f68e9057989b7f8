//! `veritrail demo`

use super::Arguments;
use super::ask::{Printed, principal, print_answer};
use super::output::{ExitCode, ProgressReporter};
use anyhow::Context;
use clap::Args;
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Instant;
use veritrail::config::Config;
use veritrail::engine::{AskOptions, KnowledgeBase};
use veritrail::model::Query;

/// Example: `veritrail demo --example data/example`
#[derive(Debug, Args)]
pub(super) struct DemoArguments {
    /// Folder of the bundled example.
    #[arg(long, default_value = "data/example")]
    example: PathBuf,
    /// Questions, one JSON object of `text` and `kind` a line.
    #[arg(long, default_value = "data/demo.jsonl")]
    questions: PathBuf,
}

#[derive(Deserialize)]
struct DemoQuestion {
    text: String,
    kind: String,
}

pub(super) fn run(arguments: &Arguments, demo: &DemoArguments) -> anyhow::Result<ExitCode> {
    let start = Instant::now();
    let path = &demo.questions;
    let questions = std::fs::read_to_string(path).with_context(|| {
        format!("cannot read {}; run the demo in the project's folder", path.display())
    })?;
    let questions: Vec<DemoQuestion> = questions
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()
        .with_context(|| format!("{} is not a list of questions", path.display()))?;
    if !arguments.kb().join("FORMAT").exists() {
        KnowledgeBase::init(arguments.kb())?;
    }
    let config = Config::load(&arguments.kb().join("veritrail.toml"))?;
    let models = arguments.models(&config)?;
    let knowledge_base = KnowledgeBase::open(arguments.kb(), models)?;
    let mut reporter = ProgressReporter::new();
    let mut n_documents = 0;
    for part in ["docs", "pictures", "catalogue.ttl"] {
        anyhow::ensure!(
            demo.example.join(part).exists(),
            "{} has no {part}",
            demo.example.display()
        );
    }
    let outcome = knowledge_base.ingest(&demo.example, &mut |p| reporter.show(&p))?;
    n_documents += outcome.n_committed + outcome.n_unchanged;
    let published = knowledge_base.publish(&mut |p| reporter.show(&p))?;
    drop(reporter);
    println!(
        "{n_documents} documents and pictures ({} new) in generation {} after {:.1} s\n",
        outcome.n_committed,
        published.generation.name(),
        start.elapsed().as_secs_f64()
    );
    let session = knowledge_base.session()?;
    let options = AskOptions::for_principal(principal());
    for question in questions {
        println!("────  {} ({})\n", question.text, question.kind);
        let record = session.ask(&Query::text(&question.text, 20), &options, &mut |_| {})?;
        print_answer(&knowledge_base, &record, &Printed::default());
        println!();
    }
    let kb = arguments.kb().display();
    println!("Ask your own:  target/release/veritrail ask \"...\" --explain --kb {kb}");
    println!("Serve it:      target/release/veritrail serve --kb {kb}");
    println!(
        "and ask it from any OpenAI client at http://127.0.0.1:8080/v1 with model `veritrail`"
    );
    Ok(ExitCode::Success)
}
