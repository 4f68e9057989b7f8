//! `veritrail keys`

use super::Arguments;
use super::ask::FormatArgument;
use super::output::ExitCode;
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use veritrail::access::{KeyFile, KeyRecord, NewKey};
use veritrail::model::{AccessLabel, Role};

/// Keys of principals; a running server notices changes within a second.
#[derive(Debug, Args)]
pub(super) struct KeysArguments {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Make a key and show it, once.
    ///
    /// Example: `veritrail keys create --name anna --role agent --label support`
    Create {
        /// Name of the principal, as it stands in records.
        #[arg(long)]
        name: String,
        /// agent, engineer, auditor or admin.
        #[arg(long)]
        role: Role,
        /// Access labels of what the principal may see, beside what is public.
        #[arg(long = "label", value_name = "LABEL", conflicts_with = "all_labels")]
        labels: Vec<String>,
        /// The principal may see everything.
        #[arg(long)]
        all_labels: bool,
        /// When the key ends by itself: a number of days or hours, such as 90d or 12h.
        #[arg(long, value_parser = duration)]
        expires: Option<Duration>,
        /// Text for people or JSON for programs.
        #[arg(long, value_enum, default_value = "text")]
        format: FormatArgument,
    },
    /// List keys; the secrets themselves are not kept.
    List {
        /// Text for people or JSON for programs.
        #[arg(long, value_enum, default_value = "text")]
        format: FormatArgument,
    },
    /// Take a key back; sessions that it began end, too.
    Revoke {
        /// Identity of the key, as `keys list` shows it.
        id: String,
        /// Text for people or JSON for programs.
        #[arg(long, value_enum, default_value = "text")]
        format: FormatArgument,
    },
}

pub(super) fn run(arguments: &Arguments, keys: &KeysArguments) -> anyhow::Result<ExitCode> {
    let root = arguments.kb();
    // The knowledge base is not opened, since a server may have it open.
    if !root.join("veritrail.toml").is_file() {
        bail!(
            "there is no knowledge base in {}\nhint: `veritrail --kb FOLDER init` makes one",
            root.display()
        );
    }
    let file = KeyFile::of(root);
    let now =
        OffsetDateTime::now_utc().replace_nanosecond(0).context("a time without fractions")?;
    match &keys.command {
        KeysCommand::Create { name, role, labels, all_labels, expires, format } => {
            let labels = labels.iter().map(|label| AccessLabel(label.clone()));
            let new = NewKey {
                name: name.clone(),
                role: *role,
                labels: (!all_labels).then(|| labels.collect::<BTreeSet<_>>()),
                expires: expires.map(|after| now + after),
            };
            let (record, key) = file.create(new, now)?;
            if *format == FormatArgument::Json {
                let mut body = described(&record, now);
                if let Some(body) = body.as_object_mut() {
                    body.insert("key".to_owned(), Value::from(key.expose()));
                }
                println!("{}", serde_json::to_string_pretty(&body)?);
            } else {
                println!("{}", line(&record, now));
                println!("key {}", key.expose());
                println!("keep it now: it is not shown again");
            }
        }
        KeysCommand::List { format } => {
            let records = file.list()?;
            if *format == FormatArgument::Json {
                let all: Vec<Value> = records.iter().map(|key| described(key, now)).collect();
                println!("{}", serde_json::to_string_pretty(&all)?);
            } else {
                records.iter().for_each(|record| println!("{}", line(record, now)));
            }
        }
        KeysCommand::Revoke { id, format } => {
            let record = file.revoke(id, now)?;
            if *format == FormatArgument::Json {
                println!("{}", serde_json::to_string_pretty(&described(&record, now))?);
            } else {
                println!("{}", line(&record, now));
            }
        }
    }
    Ok(ExitCode::Success)
}

fn state(key: &KeyRecord, now: OffsetDateTime) -> &'static str {
    match key.revoked {
        Some(_) => "revoked",
        None if key.is_expired(now) => "expired",
        None => "active",
    }
}

fn line(key: &KeyRecord, now: OffsetDateTime) -> String {
    let labels = match &key.labels {
        None => "all labels".to_owned(),
        Some(labels) if labels.is_empty() => "public".to_owned(),
        Some(labels) => {
            let labels: Vec<&str> = labels.iter().map(|label| label.0.as_str()).collect();
            labels.join(", ")
        }
    };
    let until = key.expires.map(|end| format!(", until {}", text_of(end))).unwrap_or_default();
    let (id, name, role) = (&key.id, &key.name, key.role);
    let made = text_of(key.created);
    format!("{id}  {}  {name} ({role}; {labels}), made {made}{until}", state(key, now))
}

fn described(key: &KeyRecord, now: OffsetDateTime) -> Value {
    json!({
        "id": key.id,
        "name": key.name,
        "role": key.role,
        "labels": key.labels,
        "state": state(key, now),
        "created": text_of(key.created),
        "expires": key.expires.map(text_of),
        "revoked": key.revoked.map(text_of),
    })
}

fn text_of(moment: OffsetDateTime) -> String {
    moment.format(&Rfc3339).unwrap_or_default()
}

/// Reads `90d` and `12h`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("expected a number of days or hours, such as 90d or 12h, found `{text}`");
    let (number, hours) = match (text.strip_suffix('d'), text.strip_suffix('h')) {
        (Some(days), _) => (days, 24),
        (_, Some(hours)) => (hours, 1),
        _ => return Err(wrong()),
    };
    let number: u32 = number.parse().map_err(|_| wrong())?;
    // Beyond a century nobody means it, and the calendar of the program ends.
    match i64::from(number) * hours {
        hours @ 1..=876_000 => Ok(Duration::hours(hours)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_days_or_hours() {
        assert_eq!(duration("90d"), Ok(Duration::days(90)));
        assert_eq!(duration("12h"), Ok(Duration::hours(12)));
        for wrong in ["", "90", "d", "0d", "-1d", "1w", "99999999d", "1.5d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
