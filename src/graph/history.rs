//! What was written lately, for copies of the graph that follow it.

use super::changes::Changes;
use super::error::GraphError;
use super::store::Store;
use oxigraph::model::Quad;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most writes that are remembered.
const MAX_WRITES: usize = 1_024;
/// Most bytes of them.
const MAX_BYTES: usize = 32 << 20;
/// A write of more quads is not remembered: a new copy is cheaper.
const MAX_QUADS: usize = 20_000;

/// Numbers writes, and remembers the small ones.
#[derive(Default)]
pub(super) struct History(Mutex<Recent>);

#[derive(Default)]
struct Recent {
    n_writes: u64,
    /// The last writes, the newest at the end, none of which is unknown.
    known: VecDeque<Arc<Changes>>,
    n_bytes: usize,
}

impl History {
    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn n_writes(&self) -> u64 {
        self.recent().n_writes
    }

    /// A write of which nothing is known was committed.
    pub(super) fn wrote_unknown(&self) {
        let mut recent = self.recent();
        recent.n_writes += 1;
        recent.known.clear();
        recent.n_bytes = 0;
    }

    fn wrote(&self, changes: Arc<Changes>) {
        let n_bytes = changes.n_bytes();
        let mut recent = self.recent();
        recent.n_writes += 1;
        recent.n_bytes += n_bytes;
        recent.known.push_back(changes);
        while recent.known.len() > MAX_WRITES || recent.n_bytes > MAX_BYTES {
            let Some(oldest) = recent.known.pop_front() else { break };
            recent.n_bytes -= oldest.n_bytes();
        }
    }
}

impl Store {
    /// Commits changes whose quads are known, while the caller holds the lock of writers.
    pub(super) fn write_changes(
        &self,
        _: &MutexGuard<'_, ()>,
        changes: Changes,
    ) -> Result<(), GraphError> {
        let only_inserts =
            changes.removed.is_empty() && changes.created.is_empty() && changes.dropped.is_empty();
        if only_inserts {
            // As atomic as a transaction, which besides makes what it writes readable.
            let inserted = self.inner.extend(changes.inserted.iter().map(Quad::as_ref));
            inserted.map_err(|source| self.not_written(source))?;
        } else {
            let mut transaction = self.inner.start_transaction()?;
            changes.apply(&mut transaction)?;
            transaction.commit().map_err(|source| self.not_written(source))?;
        }
        if changes.inserted.len() + changes.removed.len() <= MAX_QUADS {
            self.history.wrote(Arc::new(changes));
        } else {
            self.history.wrote_unknown();
        }
        Ok(())
    }

    /// The number of writes so far, and those after the first `n_writes`; `None` when
    /// they are not known any more.
    pub(super) fn changes_since(&self, n_writes: u64) -> Option<(u64, Vec<Arc<Changes>>)> {
        let recent = self.history.recent();
        let n_missed = usize::try_from(recent.n_writes.checked_sub(n_writes)?).ok()?;
        let first = recent.known.len().checked_sub(n_missed)?;
        Some((recent.n_writes, recent.known.iter().skip(first).cloned().collect()))
    }

    /// Copies the graph as it is now into a folder that does not exist yet; on the same
    /// file system, files are shared and it takes milliseconds.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn copy_store(&self, folder: &Path) -> Result<(), GraphError> {
        self.copy_to(folder, false).map(drop)
    }

    /// Copies the graph into a folder that does not exist yet and returns the number of
    /// writes that the copy has seen; `held` says that the caller holds the lock of
    /// writers.
    pub(super) fn copy_to(&self, folder: &Path, held: bool) -> Result<u64, GraphError> {
        let guard = (!held).then(|| self.writer.lock().unwrap_or_else(PoisonError::into_inner));
        let _alone = self.alone_flushing();
        let copied = self.inner.backup(folder);
        copied.map_err(|source| GraphError::Copy { path: folder.to_owned(), source })?;
        let n_writes = self.history.n_writes();
        drop(guard);
        Ok(n_writes)
    }
}
