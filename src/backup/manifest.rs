//! The list of what a backup holds.

use super::error::BackupError;
use crate::model::Digest;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::path::{Component, Path};

/// Name of the list within a backup.
pub const MANIFEST: &str = "manifest.json";
/// What `format` says.
const FORMAT: &str = "veritrail-backup 1";

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupFile {
    /// Its place in the knowledge base, with `/` between folders.
    pub path: String,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
}

/// What a backup is of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupHead {
    /// When it was made, RFC 3339.
    pub made_at: String,
    /// Name and version of the program.
    pub software: String,
    /// The published generation.
    pub generation: Option<String>,
    /// Place of the last seal; none when nothing is sealed.
    pub last_sequence: Option<u64>,
    /// Digest of the last seal.
    pub last_seal: Option<Digest>,
    /// Public half of the key that signed the records.
    pub public_key: Option<String>,
    /// What was left out on purpose, each with the reason.
    pub left_out: Vec<String>,
}

/// All that a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Name and version of this form.
    pub format: String,
    /// What it is of.
    #[serde(flatten)]
    pub head: BackupHead,
    /// Its files in order of their paths.
    pub files: Vec<BackupFile>,
    /// SHA-256 over this list as JSON with an empty `sha256`. Kept elsewhere, it proves
    /// the whole backup.
    pub sha256: String,
}

impl Manifest {
    pub(super) fn new(head: BackupHead, mut files: Vec<BackupFile>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut manifest = Self { format: FORMAT.to_owned(), head, files, sha256: String::new() };
        manifest.sha256 = manifest.digest().to_string();
        manifest
    }

    fn digest(&self) -> Digest {
        let unsigned = Self { sha256: String::new(), ..self.clone() };
        Digest::of(&serde_json::to_vec(&unsigned).unwrap_or_default())
    }

    /// Bytes of all files.
    pub fn size_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size_bytes).sum()
    }

    /// Reads a list, and trusts nothing in it.
    pub(super) fn read(bytes: &[u8], backup: &Path) -> Result<Self, BackupError> {
        let damaged = |reason: String| BackupError::Manifest { path: backup.to_owned(), reason };
        #[derive(Deserialize)]
        struct Head {
            format: String,
        }
        let head: Head = serde_json::from_slice(bytes).map_err(|e| damaged(e.to_string()))?;
        if head.format != FORMAT {
            let found = head.format;
            return Err(damaged(format!("expected the format `{FORMAT}`, found `{found}`")));
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(|e| damaged(e.to_string()))?;
        if manifest.digest().to_string() != manifest.sha256 {
            return Err(damaged("its own SHA-256 is another one".to_owned()));
        }
        let mut paths = HashSet::new();
        for file in &manifest.files {
            if !is_within(&file.path) || !paths.insert(file.path.as_str()) {
                return Err(damaged(format!("`{}` cannot be a file of a backup", file.path)));
            }
        }
        Ok(manifest)
    }
}

/// Whether a path leads to a file below the folder that it is taken from.
fn is_within(path: &str) -> bool {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    !path.is_empty() && path != MANIFEST && Path::new(path).components().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(path: &str) -> Vec<u8> {
        let file = BackupFile { path: path.to_owned(), size_bytes: 1, sha256: Digest::of(b"a") };
        serde_json::to_vec(&Manifest::new(BackupHead::default(), vec![file])).unwrap()
    }

    #[test]
    fn a_list_reads_back_and_an_edited_one_does_not() {
        let bytes = manifest("graph/FORMAT");
        let read = Manifest::read(&bytes, Path::new("b")).unwrap();
        assert_eq!((read.files.len(), read.size_bytes()), (1, 1));
        let edited = String::from_utf8(bytes).unwrap().replace("FORMAT\"", "FORMAX\"");
        let error = Manifest::read(edited.as_bytes(), Path::new("b")).unwrap_err().to_string();
        assert!(error.contains("another one"), "{error}");
    }

    #[test]
    fn a_list_cannot_name_files_elsewhere() {
        for path in ["../a", "/etc/passwd", "a/../../b", "", MANIFEST] {
            assert!(Manifest::read(&manifest(path), Path::new("b")).is_err(), "{path}");
        }
    }
}
