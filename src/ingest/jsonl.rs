//! Records of JSONL: one document on each line.

use super::error::LoadError;
use super::source::{RecordPicture, SourceItem, SourceText, resolve};
use serde::Deserialize;
use std::io::BufRead;

#[derive(Deserialize)]
struct Record {
    id: Id,
    title: Option<String>,
    text: Option<String>,
    /// The text of an entry of a glossary.
    definition: Option<String>,
    /// Other names of the term that it defines.
    #[serde(alias = "aka")]
    aliases: Option<Vec<String>>,
    /// Pictures that the document shows; paths start at the folder of the file.
    #[serde(default)]
    pictures: Vec<Shown>,
    /// Ids of documents of the same file to which it links.
    #[serde(default)]
    links: Vec<String>,
}

#[derive(Deserialize)]
struct Shown {
    file: String,
    #[serde(default)]
    alt: String,
    caption: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Text(String),
    Number(i64),
}

/// How many records a file has: lines that are not blank.
pub(super) fn count(file: impl BufRead) -> usize {
    let lines = file.split(b'\n').map_while(Result::ok);
    lines.filter(|line| !line.trim_ascii().is_empty()).count()
}

/// Visits every record of a file. With a `prefix` the documents are named
/// `prefix#id`, without it by their ids.
pub(super) fn records(
    file: &str,
    prefix: &str,
    bytes: &[u8],
    visit: &mut dyn FnMut(Result<SourceItem, LoadError>),
) {
    for (i, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        visit(match serde_json::from_slice::<Record>(line) {
            Err(error) => Err(LoadError::Line {
                source_path: file.to_owned(),
                line: i + 1,
                found: error.to_string(),
            }),
            Ok(Record { text: None, definition: None, .. }) => Err(LoadError::Line {
                source_path: file.to_owned(),
                line: i + 1,
                found: "a record without `text` or `definition`".to_owned(),
            }),
            Ok(record) => {
                let is_term = record.definition.is_some() || record.aliases.is_some();
                let aliases = is_term.then(|| record.aliases.unwrap_or_default());
                let id = match record.id {
                    Id::Text(text) => text,
                    Id::Number(number) => number.to_string(),
                };
                let named = |id: String| {
                    if prefix.is_empty() { id } else { format!("{prefix}#{id}") }
                };
                let pictures = record.pictures.into_iter().filter_map(|shown| {
                    let file = resolve(prefix, &shown.file)?;
                    Some(RecordPicture { file, alt: shown.alt, caption: shown.caption })
                });
                Ok(SourceItem {
                    bytes: line.to_vec(),
                    record: Some(SourceText {
                        title: record.title,
                        text: record.text.or(record.definition).unwrap_or_default(),
                        aliases,
                        pictures: pictures.collect(),
                        links: record.links.into_iter().map(named).collect(),
                    }),
                    source: named(id),
                    metadata: None,
                })
            }
        });
    }
}
