//! The folder or file from which documents are taken in.

use crate::ingest::LoadError;
use std::path::Path;

/// The folder or file as the record of an ingest names it.
pub(super) fn taken_from(root: &Path) -> String {
    std::fs::canonicalize(root).unwrap_or_else(|_| root.to_owned()).display().to_string()
}

/// Whether a document that a scan did not show is gone. One whose file is there could
/// not be read; one that is a part of a file (a line, an entry of an archive) may be the
/// part that could not, so it is kept while anything failed.
pub(super) fn has_vanished(root: &Path, source: &str, failed: &[LoadError]) -> bool {
    let file = source.split('#').next().unwrap_or(source);
    let path = if root.is_file() { root.to_owned() } else { root.join(file) };
    let is_part = source.contains('#') || root.is_file() || !path.exists();
    let holder = path.ancestors().find(|above| above.exists());
    match holder {
        Some(holder) if holder.is_file() => is_part && failed.is_empty(),
        _ => true,
    }
}
