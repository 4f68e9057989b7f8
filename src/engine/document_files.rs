//! The bytes and the text behind a document.

use super::error::{EngineError, io_error};
use super::knowledge_base::KnowledgeBase;
use crate::graph::VersionFacts;
use crate::model::{Digest, VersionId};
use std::fs::File;
use std::io::ErrorKind;

impl KnowledgeBase {
    /// Opens the bytes of this digest, originals or extracted texts; none when they are
    /// gone. A file that is open stays readable when the document is deleted meanwhile.
    ///
    /// # Errors
    /// When they cannot be opened.
    pub fn open_bytes(&self, digest: &Digest) -> Result<Option<File>, EngineError> {
        let path = self.blobs.path(digest);
        match File::open(&path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error("open", &path)(error)),
        }
    }

    /// Size and time of a document version.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn version_facts(&self, version: &VersionId) -> Result<VersionFacts, EngineError> {
        Ok(self.graph.version_facts(version)?)
    }
}
