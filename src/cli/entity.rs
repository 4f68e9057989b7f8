//! `veritrail entity`

use super::Arguments;
use super::ask::{FormatArgument, principal};
use super::output::{ExitCode, ProgressReporter};
use super::review::{print_merge, publish};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use veritrail::engine::{EntityStory, LabelledPairs, Progress, RelationStory};
use veritrail::model::ClaimStatus;

/// Example: `veritrail entity show "Beck 12"`
#[derive(Debug, Args)]
pub(super) struct EntityArguments {
    #[command(subcommand)]
    action: EntityAction,
    /// Text for people or JSON for programs.
    #[arg(long, value_enum, default_value = "text", global = true)]
    format: FormatArgument,
}

#[derive(Debug, Subcommand)]
enum EntityAction {
    /// Show an entity: labels, class, what it is one thing with and why.
    Show {
        /// IRI or label.
        entity: String,
    },
    /// Say that two entities are one thing, and publish.
    Merge {
        /// IRI or label.
        a: String,
        /// IRI or label.
        b: String,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
    },
    /// Say that two entities are not one thing, now and for ever, and publish. Undoes a
    /// merge.
    Split {
        /// IRI or label.
        a: String,
        /// IRI or label.
        b: String,
        /// Why, for the record.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Learn from judged pairs what makes two entities one thing, and publish.
    Learn {
        /// JSONL of `{id, left, right, match}`; `left` and `right` are objects of texts.
        pairs: PathBuf,
    },
}

pub(super) fn run(arguments: &Arguments, entity: &EntityArguments) -> anyhow::Result<ExitCode> {
    let knowledge_base = arguments.open()?;
    let format = entity.format;
    let (a, b, status, reason) = match &entity.action {
        EntityAction::Show { entity } => {
            let story = knowledge_base.entity_story(&knowledge_base.entity_named(entity)?)?;
            match format {
                FormatArgument::Json => println!("{}", serde_json::to_string_pretty(&story)?),
                FormatArgument::Text => print(&story),
            }
            return Ok(ExitCode::Success);
        }
        EntityAction::Learn { pairs } => {
            let pairs = LabelledPairs::load(pairs)?;
            let mut reporter = ProgressReporter::new();
            let model = knowledge_base.learn_match_model(&pairs, &mut |n_documents, n_total| {
                reporter.show(&Progress::Embedding { n_documents, n_total });
            })?;
            drop(reporter);
            let done = format!("learned {} from {} pairs", model.version(), pairs.pairs.len());
            publish(&knowledge_base, &done, format)?;
            return Ok(ExitCode::Success);
        }
        EntityAction::Merge { a, b, reason } => (a, b, ClaimStatus::Accepted, Some(reason)),
        EntityAction::Split { a, b, reason } => (a, b, ClaimStatus::Rejected, reason.as_ref()),
    };
    let (left, right) = (knowledge_base.entity_named(a)?, knowledge_base.entity_named(b)?);
    let reason = reason.map(String::as_str);
    knowledge_base.decide_same((&left, &right), status, &principal(), reason)?;
    let done = match status {
        ClaimStatus::Accepted => format!("{left} and {right} are one thing"),
        _ => format!("{left} and {right} stay apart"),
    };
    publish(&knowledge_base, &done, format)?;
    Ok(ExitCode::Success)
}

fn print(story: &EntityStory) {
    println!("{}", story.labels.join(" | "));
    println!("entity       {}", story.entity);
    for member in &story.members {
        println!(
            "member       {}  {}  {}  {} mentions",
            member.entity,
            member.class,
            member.labels.join(" | "),
            member.n_mentions
        );
    }
    for source in &story.documents {
        println!("subject of   {source}");
    }
    println!("mentions     {}", story.n_mentions);
    for said in &story.relations {
        let RelationStory { subject_label, name, object_label, relation, source } = said;
        println!("relation     {subject_label} | {name} | {object_label}");
        let quote = relation.quote.split_whitespace().collect::<Vec<_>>().join(" ");
        println!(
            "             \"{quote}\" ({source}; {} {:.2})",
            relation.rule, relation.confidence
        );
    }
    for merge in &story.merges {
        print!("{:<13}", merge.merge.status.as_str());
        print_merge(merge);
        if let Some(decided) = &merge.decided {
            let reason = decided.reason.as_deref().unwrap_or("no reason given");
            println!("             decided by {} at {}: {reason}", decided.principal, decided.at);
        }
    }
    for conflict in &story.conflicts {
        println!("conflict     {conflict}");
    }
}
