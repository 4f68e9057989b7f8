//! `veritrail policy`

use super::Arguments;
use super::ask::FormatArgument;
use super::output::ExitCode;
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::PathBuf;
use veritrail::engine::{policy_file, read_policy};
use veritrail::govern::Policy;
use veritrail::model::Digest;

/// The rules of `policy.toml`: who may ask what, what counts, what is said and withheld.
#[derive(Debug, Args)]
pub(super) struct PolicyArguments {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Check a policy, and say what is wrong with which rule.
    ///
    /// Example: `veritrail policy check new-policy.toml`
    Check {
        /// The file; that of the knowledge base without it.
        file: Option<PathBuf>,
    },
    /// Show the rules of the knowledge base in words.
    Show {
        /// A policy that was in force earlier, by its digest; as text.
        #[arg(long)]
        digest: Option<String>,
        /// Text for people or JSON for programs.
        #[arg(long, value_enum, default_value = "text")]
        format: FormatArgument,
    },
    /// List when which policy came into force.
    History {
        /// Text for people or JSON for programs.
        #[arg(long, value_enum, default_value = "text")]
        format: FormatArgument,
    },
}

pub(super) fn run(arguments: &Arguments, policy: &PolicyArguments) -> anyhow::Result<ExitCode> {
    let own = policy_file(&arguments.kb);
    match &policy.command {
        PolicyCommand::Check { file } => {
            let named = file.as_ref().unwrap_or(&own);
            match read_policy(named)? {
                Some(policy) => {
                    let n = policy.rules().len();
                    println!("{}: {n} rules, SHA-256 {}", named.display(), policy.digest());
                }
                None if file.is_some() => bail!("there is no file {}", named.display()),
                None => println!("no policy: there is no file {}", named.display()),
            }
        }
        PolicyCommand::Show { digest: Some(digest), .. } => {
            let digest: Digest = digest
                .parse()
                .with_context(|| format!("expected 64 hexadecimal digits, found `{digest}`"))?;
            let text = arguments.open()?.policy_text(&digest)?;
            let text = text.with_context(|| {
                format!("no policy {digest} was in force\nhint: `veritrail policy history`")
            })?;
            print!("{text}");
        }
        PolicyCommand::Show { digest: None, format } => match (read_policy(&own)?, format) {
            (Some(policy), FormatArgument::Text) => show(&policy),
            (Some(policy), FormatArgument::Json) => {
                println!("{}", serde_json::to_string_pretty(&described(&policy))?);
            }
            (None, FormatArgument::Text) => {
                println!("no policy: there is no file {}", own.display());
            }
            (None, FormatArgument::Json) => println!("null"),
        },
        PolicyCommand::History { format } => {
            let changes = arguments.open()?.policy_changes()?;
            if *format == FormatArgument::Json {
                println!("{}", serde_json::to_string_pretty(&changes)?);
                return Ok(ExitCode::Success);
            }
            if changes.is_empty() {
                println!("no policy was ever in force");
            }
            for change in &changes {
                let policy = change.policy.map_or_else(|| "none".to_owned(), |d| d.to_string());
                println!("{}  {}  {policy}", change.changed_at, change.principal);
            }
        }
    }
    Ok(ExitCode::Success)
}

fn show(policy: &Policy) {
    println!("SHA-256 {}", policy.digest());
    for rule in policy.rules() {
        println!("{}: {}: {}", rule.name, rule.whom_it_is_for(), rule.what_it_does().join(", "));
    }
}

fn described(policy: &Policy) -> Value {
    let rules = policy.rules().iter().map(|rule| {
        json!({ "name": rule.name, "for": rule.whom_it_is_for(), "does": rule.what_it_does() })
    });
    json!({ "sha256": policy.digest().to_string(), "rules": rules.collect::<Vec<_>>() })
}
