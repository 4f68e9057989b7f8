//! What a crash leaves behind, and taking it away.
//!
//! While documents come in or a generation is built, a marker file says so. A
//! knowledge base that is opened with the marker was left in the middle: what
//! the graph does not name is then removed.

use super::blobs::ASIDE_PREFIX;
use super::error::{EngineError, io_error};
use super::frozen::Needed;
use super::knowledge_base::KnowledgeBase;
use crate::index::VectorStore;
use crate::model::Digest;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Present while writing.
const MARKER: &str = "WRITING";
/// What the marker says while documents are deleted.
const DELETION: &str = "deletion";
/// How folders of unfinished indexes begin.
pub(super) const UNFINISHED_PREFIX: &str = ".building-";

/// What was taken away after a crash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Swept {
    /// Vectors of fragments that no document has.
    pub n_vectors: usize,
    /// Bytes that no document or answer names.
    pub n_blobs: usize,
    /// Indexes that were not finished.
    pub n_indexes: usize,
}

/// The state between two commits, on disk until it is dropped by
/// [`Writing::finish`].
pub(super) struct Writing {
    path: PathBuf,
    /// Part of a deletion, whose marker stays until all of it is done.
    nested: bool,
}

impl Writing {
    /// Says that writing begins.
    pub(super) fn begin(root: &Path) -> Result<Self, EngineError> {
        let path = root.join(MARKER);
        let nested = is_deletion(&path);
        if !nested {
            let sync = |file: File| file.sync_all();
            File::create(&path).and_then(sync).map_err(io_error("create", &path))?;
        }
        Ok(Self { path, nested })
    }

    /// Says that documents are being deleted: after a crash, the next start does what
    /// is left of that.
    pub(super) fn begin_deletion(root: &Path) -> Result<Self, EngineError> {
        let path = root.join(MARKER);
        super::blobs::write_atomically(&path, DELETION.as_bytes())?;
        Ok(Self { path, nested: false })
    }

    /// Says that all is written. Not called after an error: what it left is
    /// removed at the next start.
    pub(super) fn finish(self) -> Result<(), EngineError> {
        if self.nested {
            return Ok(());
        }
        fs::remove_file(&self.path).map_err(io_error("remove", &self.path))
    }
}

impl KnowledgeBase {
    /// Removes what nothing names if the last writer did not finish.
    pub(super) fn recover(&self) -> Result<Option<Swept>, EngineError> {
        let marker = self.root.join(MARKER);
        if !marker.exists() {
            return Ok(None);
        }
        if is_deletion(&marker) {
            self.finish_deletion()?;
            self.graph.forget_at_next_opening()?;
        }
        let mut swept = self.sweep()?;
        for path in paths_in(&self.root.join("generations"), UNFINISHED_PREFIX)? {
            fs::remove_dir_all(&path).map_err(io_error("remove", &path))?;
            swept.n_indexes += 1;
        }
        for path in paths_in(&self.root, ASIDE_PREFIX)? {
            fs::remove_file(&path).map_err(io_error("remove", &path))?;
        }
        if marker.exists() {
            fs::remove_file(&marker).map_err(io_error("remove", &marker))?;
        }
        tracing::warn!(
            swept.n_vectors,
            swept.n_blobs,
            swept.n_indexes,
            "the last writer did not finish; what it left unnamed was removed"
        );
        Ok(Some(swept))
    }

    /// Removes vectors and bytes that nothing names.
    pub(super) fn sweep(&self) -> Result<Swept, EngineError> {
        let needed = self.needed_by_generations()?;
        let mut embedded = self.graph.embedded_fragments()?;
        embedded.extend(needed.vectors);
        let mut n_vectors = 0;
        self.with_stores(|stores| {
            for store in stores {
                n_vectors += store.retain(&|key| embedded.contains(key))?;
            }
            Ok::<_, EngineError>(())
        })?;
        let unnamed = self.unnamed_blobs(&needed.bytes)?;
        for path in &unnamed {
            fs::remove_file(path).map_err(io_error("remove", path))?;
        }
        Ok(Swept { n_vectors, n_blobs: unnamed.len(), n_indexes: 0 })
    }

    /// Vectors and bytes that nothing names: what replaced documents left, until
    /// it is swept.
    pub(super) fn n_unnamed(&self) -> Result<usize, EngineError> {
        let needed = self.needed_by_generations()?;
        let mut embedded = self.graph.embedded_fragments()?;
        embedded.extend(needed.vectors);
        let n_unnamed = |store: &VectorStore| {
            let vectors = store.vectors();
            let keys = (0..vectors.len()).filter_map(|row| vectors.key(row));
            keys.filter(|key| !embedded.contains(*key)).count()
        };
        let n_vectors: usize =
            self.with_stores(|stores| stores.iter().map(|store| n_unnamed(store)).sum());
        Ok(n_vectors + self.unnamed_blobs(&needed.bytes)?.len())
    }

    /// What generations that can be served again need, although the graph of today does
    /// not name it.
    fn needed_by_generations(&self) -> Result<Needed, EngineError> {
        let mut needed = Needed::default();
        for folder in self.other_generations()? {
            needed.add(&folder)?;
        }
        Ok(needed)
    }

    fn unnamed_blobs(&self, needed: &HashSet<Digest>) -> Result<Vec<PathBuf>, EngineError> {
        let mut named: HashSet<Digest> = self.graph.named_bytes()?;
        named.extend(needed);
        let is_named = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.parse::<Digest>().is_ok_and(|digest| named.contains(&digest))
        };
        let mut files = files_below(&self.root.join("blobs"))?;
        files.retain(|path| !is_named(path));
        Ok(files)
    }
}

/// What in a folder has a name that begins with `prefix`.
fn paths_in(folder: &Path, prefix: &str) -> Result<Vec<PathBuf>, EngineError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(io_error("list", folder))? {
        let entry = entry.map_err(io_error("list", folder))?;
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            paths.push(entry.path());
        }
    }
    Ok(paths)
}

/// Whether the last writer was deleting documents when it stopped.
pub(super) fn was_deleting(root: &Path) -> bool {
    is_deletion(&root.join(MARKER))
}

/// Whether the last writer did not finish.
pub fn is_unfinished(root: &Path) -> bool {
    root.join(MARKER).exists()
}

fn is_deletion(marker: &Path) -> bool {
    fs::read_to_string(marker).is_ok_and(|text| text == DELETION)
}

/// Files in the folders of `root`; none when it does not exist.
fn files_below(root: &Path) -> Result<Vec<PathBuf>, EngineError> {
    let mut files = Vec::new();
    let folders = match fs::read_dir(root) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(files),
        folders => folders.map_err(io_error("list", root))?,
    };
    for folder in folders {
        let folder = folder.map_err(io_error("list", root))?.path();
        for file in fs::read_dir(&folder).map_err(io_error("list", &folder))? {
            files.push(file.map_err(io_error("list", &folder))?.path());
        }
    }
    Ok(files)
}
