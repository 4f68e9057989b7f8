//! Parts of ZIP containers, read within limits.

use super::error::LoadError;
use std::io::{Cursor, Read};
use zip::ZipArchive;
use zip::result::ZipError;

/// Longest part after inflating; a manual of a thousand pages has 10 MiB.
const MAX_PART_BYTES: u64 = 128 << 20;

/// A ZIP container of one document.
pub(super) struct Container<'b> {
    source: String,
    kind: &'static str,
    archive: ZipArchive<Cursor<&'b [u8]>>,
}

impl<'b> Container<'b> {
    /// Opens the container; `kind` is the kind of document for messages.
    pub(super) fn open(
        source: &str,
        kind: &'static str,
        bytes: &'b [u8],
    ) -> Result<Self, LoadError> {
        match ZipArchive::new(Cursor::new(bytes)) {
            Ok(archive) => Ok(Self { source: source.to_owned(), kind, archive }),
            Err(error) => Err(LoadError::Damaged {
                source_path: source.to_owned(),
                kind,
                found: format!("a damaged ZIP container ({error})"),
            }),
        }
    }

    /// The names of its parts.
    pub(super) fn names(&self) -> Vec<String> {
        self.archive.file_names().flatten().map(|name| name.into_owned()).collect()
    }

    /// One part, or `None` when there is no such part.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<Vec<u8>>, LoadError> {
        let damaged = |found: String| LoadError::Damaged {
            source_path: self.source.clone(),
            kind: self.kind,
            found,
        };
        let part = match self.archive.by_name(name) {
            Ok(part) => part,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(damaged(format!("`{name}` that cannot be read ({error})"))),
        };
        let mut bytes = Vec::new();
        match part.take(MAX_PART_BYTES + 1).read_to_end(&mut bytes) {
            Err(error) => Err(damaged(format!("`{name}` that cannot be inflated ({error})"))),
            Ok(n) if n as u64 > MAX_PART_BYTES => Err(LoadError::Limit {
                source_path: self.source.clone(),
                kind: self.kind,
                expected: format!("parts of at most {MAX_PART_BYTES} bytes after inflating"),
                found: format!("`{name}` with more"),
            }),
            Ok(_) => Ok(Some(bytes)),
        }
    }
}

/// Whether bytes begin like a ZIP container.
pub(super) fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// Whether bytes are a ZIP container with this part.
pub(super) fn has_part(bytes: &[u8], name: &str) -> bool {
    is_zip(bytes)
        && ZipArchive::new(Cursor::new(bytes))
            .is_ok_and(|archive| archive.index_for_name(name).is_some())
}
