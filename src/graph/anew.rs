//! The store written anew, so that deleted words leave the disk.
//!
//! Oxigraph keeps every long text once, in a dictionary from which nothing is ever taken:
//! what is deleted leaves all indexes, and no query reaches it, but its words stay in the
//! files. So a deletion marks the store, and the next one to open it copies what is left
//! into a store of its own, which then takes the place of the old one:
//!
//! ```text
//! REWRITE              a deletion happened; removed when all is done
//! store                the store
//! store.new            the copy; complete only once `store` has moved away
//! store.old            the store of before, until it is removed
//! ```
//!
//! A crash at any point leaves the old store or the complete copy, and the mark.

use super::error::GraphError;
use oxigraph::store::{StorageError, Store as Oxigraph};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

const MARK: &str = "REWRITE";
const STORE: &str = "store";
const COPY: &str = "store.new";
const OLD: &str = "store.old";
/// Memory that copying takes, about.
const COPY_MIB: usize = 128;

/// The folder of the store within that of the graph.
pub(super) fn store_folder(graph: &Path) -> PathBuf {
    graph.join(STORE)
}

/// Says that words were deleted, durably.
pub(super) fn mark(graph: &Path) -> Result<(), GraphError> {
    let path = graph.join(MARK);
    File::create(&path)
        .and_then(|file| file.sync_all())
        .and_then(|()| sync_folder(graph))
        .map_err(io_error(&path))
}

/// Whether words of what was deleted may still be in the files of the store.
pub(super) fn is_due(graph: &Path) -> bool {
    graph.join(MARK).exists()
}

/// Writes the store anew when something was deleted, after finishing or undoing what a
/// crash interrupted. Without room for a copy the store stays as it is, and marked.
///
/// # Errors
/// When another process holds the store, or it cannot be read.
pub(super) fn write_anew_if_due(graph: &Path) -> Result<(), GraphError> {
    settle(graph)?;
    if !is_due(graph) || !graph.join(STORE).exists() {
        return Ok(());
    }
    let (store, copy, old) = (graph.join(STORE), graph.join(COPY), graph.join(OLD));
    let opened = Oxigraph::open(&store)
        .map_err(|source| GraphError::Open { path: graph.to_owned(), source })?;
    tracing::info!(path = %graph.display(), "writing the graph anew without what was deleted");
    let copied = copy_into(&opened, &copy);
    drop(opened);
    if let Err(error) = copied {
        remove(&copy)?;
        tracing::warn!(
            %error,
            "the graph could not be written anew; deleted words stay in its files until a start with more room"
        );
        return Ok(());
    }
    fs::rename(&store, &old).map_err(io_error(&store))?;
    fs::rename(&copy, &store).map_err(io_error(&copy))?;
    sync_folder(graph).map_err(io_error(graph))?;
    finish(graph)
}

/// Brings the folder into the state before or after the change of stores.
fn settle(graph: &Path) -> Result<(), GraphError> {
    let (store, copy, old) = (graph.join(STORE), graph.join(COPY), graph.join(OLD));
    if old.exists() && !store.exists() {
        fs::rename(&copy, &store).map_err(io_error(&copy))?;
        sync_folder(graph).map_err(io_error(graph))?;
    }
    if old.exists() {
        return finish(graph);
    }
    remove(&copy)
}

/// The copy is in its place: the store of before goes, then the mark.
fn finish(graph: &Path) -> Result<(), GraphError> {
    remove(&graph.join(OLD))?;
    let mark = graph.join(MARK);
    match fs::remove_file(&mark) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io_error(&mark)(error)),
        _ => Ok(()),
    }
}

/// Copies every quad and every named graph, and makes them durable.
fn copy_into(from: &Oxigraph, folder: &Path) -> Result<(), StorageError> {
    let to = Oxigraph::open(folder)?;
    let loader = to.bulk_loader().with_num_threads(1);
    let mut loader = loader.with_max_memory_size_in_megabytes(COPY_MIB).without_atomicity();
    loader.load_ok_quads::<StorageError, StorageError>(from.iter())?;
    loader.commit()?;
    for graph in from.named_graphs() {
        to.insert_named_graph(graph?.as_ref())?;
    }
    to.flush()?;
    to.optimize()
}

fn remove(folder: &Path) -> Result<(), GraphError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io_error(folder)(error)),
        _ => Ok(()),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all())
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> GraphError + '_ {
    move |source| GraphError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Store, Triples};

    /// Longer than what the store keeps within its keys.
    const SECRET: &str = "the seal of pump forty-seven was swapped by Ms Unmistakable";

    fn holds_secret(folder: &Path) -> bool {
        let mut files: Vec<PathBuf> = Vec::new();
        for entry in walkdir::WalkDir::new(folder) {
            files.push(entry.unwrap().into_path());
        }
        let found = |path: &PathBuf| {
            path.is_file()
                && fs::read(path)
                    .unwrap()
                    .windows(SECRET.len())
                    .any(|window| window == SECRET.as_bytes())
        };
        files.iter().any(found)
    }

    fn planted() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        for (graph, text) in [("urn:t:gone", SECRET), ("urn:t:stays", "what stays, and is long")] {
            let mut triples = Triples::new();
            triples.text("urn:t:a", "urn:t:p", text);
            store.insert_graph(graph, triples.into_vec()).unwrap();
        }
        store.flush().unwrap();
        store.replace_graph("urn:t:gone", Vec::new()).unwrap();
        store.flush().unwrap();
        store.inner.optimize().unwrap();
        folder
    }

    #[test]
    fn deleted_words_leave_the_files_at_the_next_opening() {
        let folder = planted();
        drop(Store::open(folder.path()).unwrap());
        assert!(holds_secret(folder.path()), "the store cleans its dictionary by now");
        mark(folder.path()).unwrap();
        let store = Store::open(folder.path()).unwrap();
        assert!(!holds_secret(folder.path()) && !is_due(folder.path()));
        assert_eq!(store.n_quads().unwrap(), 1);
        assert_eq!(store.graph("urn:t:stays").unwrap().len(), 1);
        // A graph that is empty is still there.
        let empty = oxigraph::model::NamedNodeRef::new("urn:t:gone").unwrap();
        assert!(store.inner.contains_named_graph(empty).unwrap());
    }

    #[test]
    fn a_crash_at_any_step_loses_nothing_and_ends_without_the_words() {
        // What each step leaves behind, beginning before the copy was complete.
        let steps: [&dyn Fn(&Path); 4] = [
            &|graph| fs::create_dir(graph.join(COPY)).unwrap(),
            &|graph| {
                let opened = Oxigraph::open(graph.join(STORE)).unwrap();
                copy_into(&opened, &graph.join(COPY)).unwrap();
            },
            &|graph| fs::rename(graph.join(STORE), graph.join(OLD)).unwrap(),
            &|graph| fs::rename(graph.join(COPY), graph.join(STORE)).unwrap(),
        ];
        for n_steps in 0..=steps.len() {
            let folder = planted();
            mark(folder.path()).unwrap();
            for (n, step) in steps.iter().enumerate().take(n_steps) {
                if n == 1 {
                    fs::remove_dir(folder.path().join(COPY)).unwrap();
                }
                step(folder.path());
            }
            let store = Store::open(folder.path()).unwrap();
            assert_eq!(store.n_quads().unwrap(), 1, "after {n_steps} steps");
            assert!(!holds_secret(folder.path()), "after {n_steps} steps");
            assert!(!is_due(folder.path()));
            for left in [COPY, OLD] {
                assert!(!folder.path().join(left).exists(), "after {n_steps} steps");
            }
        }
    }

    #[test]
    fn without_room_the_store_stays_marked_and_whole() {
        let folder = planted();
        mark(folder.path()).unwrap();
        // Nothing can be made where a file stands.
        let file = tempfile::NamedTempFile::new_in(folder.path()).unwrap();
        let opened = Oxigraph::open(folder.path().join(STORE)).unwrap();
        assert!(copy_into(&opened, &file.path().join("below a file")).is_err());
        drop(opened);
        assert!(is_due(folder.path()));
        assert_eq!(Oxigraph::open(folder.path().join(STORE)).unwrap().len().unwrap(), 1);
    }
}
