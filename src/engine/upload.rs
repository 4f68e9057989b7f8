//! Documents that arrive as files under a name.

use super::build::{IngestOutcome, Progress};
use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use super::spool::FailedFile;
use crate::ingest::{LoadError, is_looked_at, labels_below};
use crate::model::AccessLabel;
use crate::retrieve::Snapshot;
use std::collections::{BTreeSet, HashSet};
use std::path::Path;

/// From where the record of an ingest says that uploads were taken.
const TAKEN_FROM: &str = "upload";
/// Longest source path in bytes.
const MAX_PATH_BYTES: usize = 1024;
/// Longest name of a file or folder in bytes, as file systems have it.
const MAX_NAME_BYTES: usize = 255;

/// The source path of an uploaded file: relative, without steps up, and with a name that
/// documents have.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UploadPath(String);

/// A name under which nothing is taken in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UploadPathError {
    /// It leads elsewhere or cannot be the name of a file.
    #[error("expected a relative path such as `manuals/pump.md`, found {0}")]
    Path(&'static str),
    /// No loader reads files of this name.
    #[error(
        "expected a file with an ending that is read, such as .pdf, .docx, .md, .html, .txt, .csv, .json, .ttl, .eml, .zip, .png or .jpg, found `{0}`"
    )]
    Ending(String),
}

impl UploadPath {
    /// The file `name`, which may have folders of its own, in `folder`, which may be empty.
    ///
    /// # Errors
    /// When the path is absolute, too long, or has parts that are empty, hidden, or lead
    /// up; or when no loader reads files of this name.
    pub fn new(folder: &str, name: &str) -> Result<Self, UploadPathError> {
        let folder = folder.trim_matches('/');
        if name.is_empty() {
            return Err(UploadPathError::Path("no name"));
        }
        let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        if path.len() > MAX_PATH_BYTES {
            return Err(UploadPathError::Path("one of more than 1024 bytes"));
        }
        if path.contains('\\') || path.chars().any(char::is_control) {
            return Err(UploadPathError::Path("one with a backslash or a control character"));
        }
        for part in path.split('/') {
            match part {
                "" => return Err(UploadPathError::Path("one with an empty part")),
                part if part.starts_with('.') => {
                    return Err(UploadPathError::Path("one with a part that begins with a dot"));
                }
                part if part.len() > MAX_NAME_BYTES => {
                    return Err(UploadPathError::Path("one with a part of more than 255 bytes"));
                }
                _ => {}
            }
        }
        if !is_looked_at(Path::new(&path)) {
            let last = path.rsplit('/').next().unwrap_or_default().to_owned();
            return Err(UploadPathError::Ending(last));
        }
        Ok(Self(path))
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl KnowledgeBase {
    /// Access labels of all documents that an upload of these files would make or
    /// replace: by the rules of the settings, for what archives may hold included, and by
    /// what is there under these names.
    pub fn labels_of_upload(
        &self,
        snapshot: &Snapshot,
        files: &[UploadPath],
    ) -> BTreeSet<AccessLabel> {
        let config = &self.config.ingest;
        let mut labels: BTreeSet<AccessLabel> =
            files.iter().flat_map(|file| labels_below(file.as_str(), config)).collect();
        let names: HashSet<&str> = files.iter().map(UploadPath::as_str).collect();
        let replaced = snapshot.documents().filter(|document| holder(&document.source, &names));
        labels.extend(replaced.map(|document| document.access_label.clone()));
        labels
    }

    /// Takes in uploaded files, which lie below `root` under their source paths. What is
    /// there under the same name is replaced. `vanished` of the outcome are documents that
    /// an earlier file of one of these names held and this one does not.
    ///
    /// # Errors
    /// When the files cannot be read, or the knowledge base cannot be written.
    pub fn ingest_upload(
        &self,
        root: &Path,
        files: &[String],
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<IngestOutcome, EngineError> {
        let mut outcome = self.ingest_as(root, TAKEN_FROM, progress)?;
        let names: HashSet<&str> = files.iter().map(String::as_str).collect();
        outcome.vanished.retain(|document| holder(&document.source(), &names));
        Ok(outcome)
    }
}

/// Whether a source path is one of `names` or a part of such a file: an entry of an
/// archive, a line, a picture inside of a document.
fn holder(source: &str, names: &HashSet<&str>) -> bool {
    let ends = source.char_indices().filter(|(_, c)| ['/', '#'].contains(c)).map(|(end, _)| end);
    let mut above = ends.chain([source.len()]).filter_map(|end| source.get(..end));
    above.any(|above| names.contains(above))
}

/// Why a file below `root` was not taken in, without the place of `root`.
pub fn failed_file(root: &Path, error: &LoadError) -> FailedFile {
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        reason.push_str(&format!(": {next}"));
        cause = next.source();
    }
    let prefix = format!("{}/", root.display());
    let source = error.source_path().replace(&prefix, "");
    FailedFile { source, reason: reason.replace(&prefix, "") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_within_their_folder() {
        let check = |folder, name, expected: &str| {
            assert_eq!(UploadPath::new(folder, name).unwrap().as_str(), expected);
        };
        check("", "a.md", "a.md");
        check("/manuals/", "x/Ü b.PDF", "manuals/x/Ü b.PDF");
        let long = "a".repeat(300);
        for (folder, name) in [
            ("", ""),
            ("", "/etc/passwd.md"),
            ("..", "a.md"),
            ("a/../..", "a.md"),
            ("", "../a.md"),
            ("", ".hidden.md"),
            ("a//b", "c.md"),
            ("", "a\0.md"),
            ("", "C:\\x\\a.md"),
            (&long, "a.md"),
            ("", "a.exe"),
            ("", "noending"),
        ] {
            assert!(UploadPath::new(folder, name).is_err(), "{folder:?} {name:?}");
        }
    }

    #[test]
    fn parts_belong_to_their_file() {
        let names = HashSet::from(["a/b.zip", "t.jsonl"]);
        for (source, expected) in [
            ("a/b.zip", true),
            ("a/b.zip/c.md", true),
            ("t.jsonl#7", true),
            ("a/b.zip2", false),
            ("a", false),
            ("t.jsonl.md", false),
        ] {
            assert_eq!(holder(source, &names), expected, "{source}");
        }
    }
}
