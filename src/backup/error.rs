//! Errors of backups.

use std::io;
use std::path::{Path, PathBuf};

/// A backup that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The disk refuses.
    #[error("cannot {doing} {}", path.display())]
    Disk {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Something is there already.
    #[error("{} exists already and is not overwritten\nhint: name a place where nothing is yet", .0.display())]
    Exists(PathBuf),
    /// The archive cannot be read or written.
    #[error("{} is no whole archive", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: zip::result::ZipError,
    },
    /// Nothing says what belongs to the backup.
    #[error("{} is no backup: it has no {}", .0.display(), super::MANIFEST)]
    NoManifest(PathBuf),
    /// The manifest is not what was written.
    #[error("{} of {} is damaged: {reason}", super::MANIFEST, path.display())]
    Manifest {
        /// The backup.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Files that are not what was written.
    #[error("{} is damaged: {}", path.display(), findings.join("; "))]
    Damaged {
        /// The backup.
        path: PathBuf,
        /// Each with the name of a file.
        findings: Vec<String>,
    },
}

impl BackupError {
    pub(super) fn disk<'p>(doing: &'static str, path: &'p Path) -> impl Fn(io::Error) -> Self + 'p {
        move |source| Self::Disk { doing, path: path.to_owned(), source }
    }

    pub(super) fn archive(path: &Path) -> impl Fn(zip::result::ZipError) -> Self + '_ {
        move |source| Self::Archive { path: path.to_owned(), source }
    }
}
