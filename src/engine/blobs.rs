//! Original bytes and extracted texts, each under its digest.

use super::error::{EngineError, io_error};
use crate::model::Digest;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A folder of bytes named by their SHA-256.
#[derive(Debug)]
pub(super) struct Blobs {
    root: PathBuf,
}

impl Blobs {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Keeps `bytes` and syncs them, unless they are kept already.
    pub(super) fn put(&self, digest: &Digest, bytes: &[u8]) -> Result<(), EngineError> {
        let path = self.path(digest);
        if path.exists() {
            return Ok(());
        }
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(io_error("create", folder))?;
        write_atomically(&path, bytes)
    }

    pub(super) fn has(&self, digest: &Digest) -> bool {
        self.path(digest).exists()
    }

    pub(super) fn get(&self, digest: &Digest) -> Result<Vec<u8>, EngineError> {
        let path = self.path(digest);
        fs::read(&path).map_err(io_error("read", &path))
    }

    /// Where the bytes of this digest are, when they are kept.
    pub(super) fn path(&self, digest: &Digest) -> PathBuf {
        let name = digest.to_string();
        let (folder, _) = name.split_at(2);
        self.root.join(folder).join(&name)
    }
}

/// How the names of files begin that are not whole yet.
pub(super) const ASIDE_PREFIX: &str = ".part-";

/// Writes aside, syncs, renames: readers see the old file or the whole new one.
pub(super) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), EngineError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut aside = tempfile::Builder::new()
        .prefix(ASIDE_PREFIX)
        .tempfile_in(folder)
        .map_err(io_error("create a file in", folder))?;
    aside.write_all(bytes).map_err(io_error("write", path))?;
    aside.as_file().sync_all().map_err(io_error("sync", path))?;
    aside.persist(path).map_err(|error| io_error("write", path)(error.error))?;
    File::open(folder).and_then(|dir| dir.sync_all()).map_err(io_error("sync", folder))
}
