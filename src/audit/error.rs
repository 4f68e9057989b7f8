//! Errors of sealing.

use std::io;
use std::path::PathBuf;

/// Why a record cannot be sealed, or what was sealed cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Only graphs without blank nodes have their canonical text without more ado.
    #[error("the graph {0} has a blank node; records have none")]
    BlankNode(String),
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
    /// A file that is not what it should be.
    #[error("{} is no {what}", path.display())]
    Damaged {
        /// What it should be.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The key is gone, and what it signed is still there.
    #[error(
        "{} is missing, and records signed by it are there\nhint: put the key back; `audit.key_file` says where it is looked for", .0.display()
    )]
    KeyGone(PathBuf),
    /// The key is another one than that which signed the records.
    #[error("{} is not the key that signed the records: its public half is {found}, expected {expected}", path.display())]
    OtherKey {
        /// The file of the key.
        path: PathBuf,
        /// Its public half.
        found: String,
        /// That of the records.
        expected: String,
    },
    /// The system has no randomness.
    #[error("the system gives no randomness for a record")]
    Randomness,
    /// A seal in the graph that lacks something.
    #[error("the seal {0} is incomplete")]
    Incomplete(String),
    /// A line of an exported file.
    #[error("{} line {line}: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Number of the line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

impl SealError {
    pub(super) fn disk(doing: &'static str, path: &std::path::Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::Disk { doing, path: path.to_owned(), source }
    }
}
