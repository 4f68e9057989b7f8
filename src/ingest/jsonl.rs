//! Records of JSONL: one document on each line.

use super::error::LoadError;
use super::source::{SourceItem, SourceText};
use serde::Deserialize;

#[derive(Deserialize)]
struct Record {
    id: Id,
    title: Option<String>,
    text: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Text(String),
    Number(i64),
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
            Ok(record) => {
                let id = match record.id {
                    Id::Text(text) => text,
                    Id::Number(number) => number.to_string(),
                };
                let source = if prefix.is_empty() { id } else { format!("{prefix}#{id}") };
                Ok(SourceItem {
                    source,
                    bytes: line.to_vec(),
                    record: Some(SourceText { title: record.title, text: record.text }),
                })
            }
        });
    }
}
