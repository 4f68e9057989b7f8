//! Errors about sources.

use crate::picture::PictureError;
use std::io;
use std::path::PathBuf;

/// A folder or file that cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// It is not there.
    #[error("{0} does not exist\nhint: name a folder of documents or a single file")]
    Missing(PathBuf),
    /// It cannot be listed.
    #[error("cannot read {path}")]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// A document that cannot be taken in; others are not affected.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be read.
    #[error("cannot read {path}")]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// It is larger than allowed.
    #[error(
        "{path} is too large: expected at most {limit} bytes, found {found}\nhint: raise `ingest.max_file_bytes` or split the file"
    )]
    TooLarge {
        /// The path.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
        /// The size in bytes.
        found: u64,
    },
    /// It is none of the kinds that can be loaded.
    #[error(
        "{source_path}: expected Markdown, HTML, reStructuredText, PDF, DOCX, e-mail, text, JSONL, JSON, CSV, RDF, ZIP, PNG, JPEG, WebP, GIF, BMP or TIFF, found {found}"
    )]
    Kind {
        /// Source path.
        source_path: String,
        /// What it looks like.
        found: String,
    },
    /// A line of JSONL is malformed.
    #[error(
        "{source_path} line {line}: expected a JSON object with `id` and `text`, found {found}"
    )]
    Line {
        /// Source path.
        source_path: String,
        /// Line number, from 1.
        line: usize,
        /// What is wrong.
        found: String,
    },
    /// Data that does not follow its format.
    #[error("{source_path} is not valid {format}: {reason}")]
    Data {
        /// Source path.
        source_path: String,
        /// Name of the format for people.
        format: &'static str,
        /// Position, what was found, and what to do.
        reason: String,
    },
    /// An archive, or an entry of one, that cannot be unpacked.
    #[error("{source_path} cannot be unpacked: {reason}")]
    Archive {
        /// Source path of the archive or entry.
        source_path: String,
        /// What was expected and found.
        reason: String,
    },
    /// A document that its reader cannot make sense of.
    #[error("{source_path} is no readable {kind}: found {found}")]
    Damaged {
        /// Source path.
        source_path: String,
        /// What it should be.
        kind: &'static str,
        /// What is wrong.
        found: String,
    },
    /// A document that asks for more room than one document may take.
    #[error("{source_path} is a {kind} beyond the limits: expected {expected}, found {found}")]
    Limit {
        /// Source path.
        source_path: String,
        /// What it is.
        kind: &'static str,
        /// The limit with its unit.
        expected: String,
        /// What was found.
        found: String,
    },
    /// A document on which its reader gave up.
    #[error("{source_path} cannot be loaded: found {found}")]
    Parser {
        /// Source path.
        source_path: String,
        /// What happened.
        found: String,
    },
    /// RDF that does not meet the shapes of the knowledge base.
    #[error(
        "{source_path} does not meet the shapes, {n_violations} violations:\n  {first}\nhint: mend it, or take it in with `ingest.validate = \"report\"`"
    )]
    Shapes {
        /// Source path.
        source_path: String,
        /// How many there are.
        n_violations: usize,
        /// The first of them, one a line.
        first: String,
    },
    /// A picture that cannot be decoded.
    #[error("{source_path} is a damaged or unsupported picture")]
    Picture {
        /// Source path.
        source_path: String,
        /// What the decoder says.
        #[source]
        source: PictureError,
    },
    /// A picture on which a model fails.
    #[error("{source_path} cannot be embedded or read")]
    Embed {
        /// Source path.
        source_path: String,
        /// What the model says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl LoadError {
    /// Source path of the document, or the path of its file.
    pub fn source_path(&self) -> String {
        match self {
            Self::Io { path, .. } | Self::TooLarge { path, .. } => path.display().to_string(),
            Self::Kind { source_path, .. }
            | Self::Line { source_path, .. }
            | Self::Data { source_path, .. }
            | Self::Archive { source_path, .. }
            | Self::Damaged { source_path, .. }
            | Self::Limit { source_path, .. }
            | Self::Parser { source_path, .. }
            | Self::Shapes { source_path, .. }
            | Self::Picture { source_path, .. }
            | Self::Embed { source_path, .. } => source_path.clone(),
        }
    }
}
