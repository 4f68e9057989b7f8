//! The store on disk and its one writer.

use super::anew;
use super::changes::Changes;
use super::closing::Closing;
use super::error::GraphError;
use super::history::History;
use super::query_config::SparqlConfig;
use super::query_pool::QueryPool;
use crate::vocab;
use oxigraph::io::{RdfFormat, RdfParser};
use oxigraph::model::{GraphName, NamedNode, NamedNodeRef, Quad, Triple};
use oxigraph::store::{StorageError, Store as Oxigraph, Transaction};
use std::collections::HashSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// What `FORMAT` beside the store says.
const FORMAT: &str = "veritrail-graph 1";

/// Triples between two flushes: the store keeps each of them in memory until then, in
/// six orders of about a hundred bytes.
const FLUSH_TRIPLES: usize = 20_000;

/// Triples of one transaction where they need not be written together. A transaction
/// keeps each of them in memory, about a kilobyte with its orders.
const TRIPLES_PER_TRANSACTION: usize = 10_000;

/// Changes of one graph that wait for their transaction.
#[derive(Default)]
struct Pending {
    new: Vec<Triple>,
    gone: Vec<Triple>,
}

/// The graph on disk. Any number of threads may read; writes queue up.
pub struct Store {
    path: PathBuf,
    pub(super) inner: Oxigraph,
    /// Behind `inner`, so that it outlives it.
    _closing: Closing,
    pub(super) writer: Mutex<()>,
    n_unflushed: AtomicUsize,
    /// Held by whatever makes the store flush: see [`Store::alone_flushing`].
    flushing: Arc<Mutex<()>>,
    pub(super) history: History,
    pub(super) pool: QueryPool,
}

impl Store {
    /// Opens the store in `path`, making it when the folder is empty, and writing it
    /// anew when something was deleted from it for good.
    ///
    /// # Errors
    /// When another process holds it, it is damaged, or of a newer format.
    pub fn open(path: &Path) -> Result<Self, GraphError> {
        let io_error = |source| GraphError::Io { path: path.to_owned(), source };
        fs::create_dir_all(path).map_err(io_error)?;
        let format_file = path.join("FORMAT");
        if format_file.exists() {
            let found = fs::read_to_string(&format_file).map_err(io_error)?;
            if found.trim() != FORMAT {
                return Err(GraphError::Format {
                    path: path.to_owned(),
                    expected: FORMAT,
                    found: found.trim().to_owned(),
                });
            }
        } else {
            // Written aside, so that a crash never leaves half of it.
            let aside = path.join("FORMAT.part");
            fs::write(&aside, FORMAT).map_err(io_error)?;
            fs::rename(&aside, &format_file).map_err(io_error)?;
        }
        anew::write_anew_if_due(path)?;
        let inner = Oxigraph::open(anew::store_folder(path))
            .map_err(|source| GraphError::Open { path: path.to_owned(), source })?;
        Ok(Self {
            path: path.to_owned(),
            _closing: Closing::of(&inner),
            inner,
            writer: Mutex::new(()),
            n_unflushed: AtomicUsize::new(0),
            flushing: Arc::default(),
            history: History::default(),
            pool: QueryPool::new(path.join("queries"))?,
        })
    }

    /// Runs `change` in one transaction while no other writer runs, and commits
    /// it. When `change` fails nothing is written.
    pub(super) fn write<T>(
        &self,
        change: impl FnOnce(&mut Transaction<'_>) -> Result<T, GraphError>,
    ) -> Result<T, GraphError> {
        let _guard = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut transaction = self.inner.start_transaction()?;
        let value = change(&mut transaction)?;
        transaction.commit().map_err(|source| self.not_written(source))?;
        self.history.wrote_unknown();
        Ok(value)
    }

    /// The settings of queries and updates of others.
    pub fn configure_queries(&mut self, config: SparqlConfig) {
        self.pool.configure(config);
    }

    /// Number of quads.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn n_quads(&self) -> Result<usize, GraphError> {
        Ok(self.inner.len()?)
    }

    /// Whether the graph can be read; a sound one holds the ontology at least.
    pub fn is_readable(&self) -> bool {
        self.inner.is_empty().is_ok_and(|empty| !empty)
    }

    /// Says that words are about to be deleted for good: they leave the files of the store
    /// at the next opening.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn forget_at_next_opening(&self) -> Result<(), GraphError> {
        anew::mark(&self.path)
    }

    /// Whether words that were deleted for good may still be in the files of the store.
    pub fn is_to_be_written_anew(&self) -> bool {
        anew::is_due(&self.path)
    }

    /// Makes everything written so far durable against power loss.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn flush(&self) -> Result<(), GraphError> {
        let _alone = self.alone_flushing();
        self.inner.flush().map_err(|source| self.not_written(source))
    }

    /// Waits until nothing else flushes, compacts or copies the store. Two flushes at a
    /// time can lose one of their requests in RocksDB 11.0 when the second comes while
    /// the first syncs a closed log (`MemTableList::PickMemtablesToFlush` takes back the
    /// request for memtables that it did not pick, and fewer than
    /// `min_write_buffer_number_to_merge` of them are then not pending): the second
    /// would wait for ever.
    pub(super) fn alone_flushing(&self) -> MutexGuard<'_, ()> {
        self.flushing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts triples that were written, and flushes when they are many.
    pub(super) fn wrote(&self, n_triples: usize) -> Result<(), GraphError> {
        if self.are_many(n_triples) { self.flush() } else { Ok(()) }
    }

    /// The same for whoever must not wait: they are durable already, and flushed to
    /// bound memory, by a thread of its own.
    pub(super) fn wrote_in_passing(&self, n_triples: usize) {
        if !self.are_many(n_triples) {
            return;
        }
        let (inner, flushing) = (self.inner.clone(), Arc::clone(&self.flushing));
        let flush = move || {
            let _alone = flushing.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = inner.flush() {
                tracing::warn!(%error, "the graph cannot be flushed; what was written stays in memory");
            }
        };
        if let Err(error) = thread::Builder::new().name("flush-graph".to_owned()).spawn(flush) {
            tracing::warn!(%error, "no thread can be started that flushes the graph");
        }
    }

    /// Counts triples that were written; whether it is time to flush.
    fn are_many(&self, n_triples: usize) -> bool {
        let n_unflushed = self.n_unflushed.fetch_add(n_triples, Ordering::Relaxed) + n_triples;
        let many = n_unflushed >= FLUSH_TRIPLES;
        if many {
            self.n_unflushed.store(0, Ordering::Relaxed);
        }
        many
    }

    /// An error of the store about its folder, which the store does not always name.
    pub(super) fn not_written(&self, source: StorageError) -> GraphError {
        GraphError::Write { path: self.path.clone(), source }
    }

    /// Writes a new named graph in one transaction.
    ///
    /// # Errors
    /// When a graph of that name exists, or the store cannot be written.
    pub fn insert_graph(&self, name: &str, triples: Vec<Triple>) -> Result<(), GraphError> {
        let graph = NamedNode::new_unchecked(name);
        let guard = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if self.inner.contains_named_graph(graph.as_ref())? {
            return Err(GraphError::GraphExists(name.to_owned()));
        }
        let n_triples = triples.len();
        let inserted = triples.into_iter().map(|triple| triple.in_graph(graph.clone())).collect();
        let changes = Changes { inserted, ..Changes::default() };
        self.write_changes(&guard, changes)?;
        drop(guard);
        self.wrote_in_passing(n_triples);
        Ok(())
    }

    /// Makes a named graph hold exactly these triples, writing only what differs.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn replace_graph(&self, name: &str, triples: Vec<Triple>) -> Result<(), GraphError> {
        let graph = NamedNode::new_unchecked(name);
        let wanted: HashSet<Triple> = triples.into_iter().collect();
        self.write(|transaction| {
            let present: HashSet<Triple> = transaction
                .quads_for_pattern(None, None, None, Some(graph.as_ref().into()))
                .map(|quad| quad.map(Triple::from))
                .collect::<Result<_, _>>()?;
            for gone in present.difference(&wanted) {
                transaction.remove(gone.as_ref().in_graph(graph.as_ref()));
            }
            for new in wanted.difference(&present) {
                transaction.insert(new.as_ref().in_graph(graph.as_ref()));
            }
            Ok(())
        })
    }

    /// Makes what `is_own` of a named graph be exactly `wanted`, in one transaction when
    /// few triples differ, else in several of bounded size: what is new enters before
    /// what is gone leaves, and a crash between them leaves some of both. Of the triples
    /// that are there already nothing but a hash is kept in memory.
    pub(super) fn settle(
        &self,
        name: &str,
        wanted: impl IntoIterator<Item = Triple>,
        is_own: &dyn Fn(&Quad) -> bool,
    ) -> Result<(), GraphError> {
        let graph = NamedNode::new_unchecked(name);
        let mut pending = Pending::default();
        let mut hashes = HashSet::new();
        for triple in wanted {
            hashes.insert(hash_of(&triple));
            if !self.inner.contains(triple.as_ref().in_graph(graph.as_ref()))? {
                pending.new.push(triple);
                self.write_when_many(&graph, &mut pending)?;
            }
        }
        let present = self.inner.quads_for_pattern(None, None, None, Some(graph.as_ref().into()));
        for quad in present {
            let quad = quad?;
            if is_own(&quad) {
                let triple = Triple::from(quad);
                if !hashes.contains(&hash_of(&triple)) {
                    pending.gone.push(triple);
                    self.write_when_many(&graph, &mut pending)?;
                }
            }
        }
        self.write_pending(&graph, &mut pending)
    }

    /// Adds those of `wanted` that a named graph lacks, in transactions of bounded size.
    pub(super) fn supply(
        &self,
        name: &str,
        wanted: impl IntoIterator<Item = Triple>,
    ) -> Result<(), GraphError> {
        let graph = NamedNode::new_unchecked(name);
        let mut pending = Pending::default();
        for triple in wanted {
            if !self.inner.contains(triple.as_ref().in_graph(graph.as_ref()))? {
                pending.new.push(triple);
                self.write_when_many(&graph, &mut pending)?;
            }
        }
        self.write_pending(&graph, &mut pending)
    }

    fn write_when_many(&self, graph: &NamedNode, pending: &mut Pending) -> Result<(), GraphError> {
        match pending.new.len() + pending.gone.len() >= TRIPLES_PER_TRANSACTION {
            true => self.write_pending(graph, pending),
            false => Ok(()),
        }
    }

    fn write_pending(&self, graph: &NamedNode, pending: &mut Pending) -> Result<(), GraphError> {
        let Pending { new, gone } = std::mem::take(pending);
        if new.is_empty() && gone.is_empty() {
            return Ok(());
        }
        self.write(|transaction| {
            insert(transaction, graph.as_ref(), &new);
            for triple in &gone {
                transaction.remove(triple.as_ref().in_graph(graph.as_ref()));
            }
            Ok(())
        })?;
        self.wrote(new.len() + gone.len())
    }

    /// Adds triples to a named graph.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn add_to_graph(&self, name: &str, triples: &[Triple]) -> Result<(), GraphError> {
        let graph = NamedNode::new_unchecked(name);
        let guard = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let inserted =
            triples.iter().map(|triple| triple.clone().in_graph(graph.clone())).collect();
        let changes = Changes { inserted, ..Changes::default() };
        self.write_changes(&guard, changes)
    }

    /// The triples of a named graph; none when there is no such graph.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn graph(&self, name: &str) -> Result<Vec<Triple>, GraphError> {
        let graph = NamedNode::new_unchecked(name);
        let quads = self.inner.quads_for_pattern(None, None, None, Some(graph.as_ref().into()));
        Ok(quads.map(|quad| quad.map(Triple::from)).collect::<Result<_, _>>()?)
    }

    /// Makes the ontology graph hold this ontology.
    ///
    /// # Errors
    /// When `turtle` is not valid or the store cannot be written.
    pub fn load_ontology(&self, turtle: &str) -> Result<(), GraphError> {
        let triples = RdfParser::from_format(RdfFormat::Turtle)
            .for_slice(turtle.as_bytes())
            .map(|quad| quad.map(Triple::from).map_err(|e| GraphError::Turtle(e.into())))
            .collect::<Result<Vec<_>, _>>()?;
        self.replace_graph(vocab::GRAPH_ONTOLOGY, triples)
    }
}

/// 128 bits that tell triples apart.
fn hash_of(triple: &Triple) -> (u64, u64) {
    let of = |seed: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(seed);
        triple.hash(&mut hasher);
        hasher.finish()
    };
    (of(0), of(1))
}

/// Adds triples to a graph within a transaction.
pub(super) fn insert(
    transaction: &mut Transaction<'_>,
    graph: NamedNodeRef<'_>,
    triples: &[Triple],
) {
    transaction.extend(triples.iter().map(|triple| triple.as_ref().in_graph(graph)));
}

/// Removes a graph and its name within a transaction.
pub(super) fn drop_graph(transaction: &mut Transaction<'_>, name: &str) -> Result<(), GraphError> {
    let graph = GraphName::from(NamedNode::new_unchecked(name));
    let quads: Vec<Quad> = transaction
        .quads_for_pattern(None, None, None, Some(graph.as_ref()))
        .collect::<Result<_, _>>()?;
    for quad in &quads {
        transaction.remove(quad.as_ref());
    }
    transaction.remove_named_graph(NamedNodeRef::new_unchecked(name))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Triples;
    use oxigraph::model::{Literal, QuadRef, Term};

    #[test]
    fn concurrent_writers_lose_no_update_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let node = NamedNodeRef::new_unchecked("urn:t:counter");
        let set = |transaction: &mut Transaction<'_>| {
            let quads: Vec<Quad> = transaction
                .quads_for_pattern(Some(node.into()), None, None, None)
                .collect::<Result<_, _>>()?;
            let old: i64 = quads.first().map_or(0, |quad| match &quad.object {
                Term::Literal(literal) => literal.value().parse().unwrap(),
                _ => 0,
            });
            for quad in &quads {
                transaction.remove(quad.as_ref());
            }
            let next = Literal::from(old + 1);
            transaction.insert(QuadRef::new(node, node, next.as_ref(), node));
            Ok(())
        };
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| (0..200).for_each(|_| store.write(set).unwrap()));
            }
        });
        let triples = store.graph("urn:t:counter").unwrap();
        assert_eq!(triples.len(), 1);
        assert_eq!(triples[0].object, Literal::from(600i64).into());
    }

    #[test]
    fn flushes_and_copies_at_a_time_all_end() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let copies = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for thread in 0..3 {
                let (store, copies) = (&store, copies.path());
                scope.spawn(move || {
                    for round in 0..20 {
                        let mut triples = Triples::new();
                        triples.text("urn:t:a", "urn:t:p", "words that are long enough");
                        let graph = format!("urn:t:{thread}:{round}");
                        store.insert_graph(&graph, triples.into_vec()).unwrap();
                        match (thread + round) % 3 {
                            0 => store.flush().unwrap(),
                            1 => store.wrote_in_passing(FLUSH_TRIPLES),
                            _ => store.copy_store(&copies.join(graph.replace(':', "-"))).unwrap(),
                        }
                    }
                });
            }
        });
        assert_eq!(store.n_quads().unwrap(), 60);
    }

    #[test]
    fn a_failed_change_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let mut triples = Triples::new();
        triples.text("urn:t:a", "urn:t:p", "x");
        let triples = triples.into_vec();
        store.insert_graph("urn:t:g", triples.clone()).unwrap();
        assert!(store.insert_graph("urn:t:g", triples).is_err());
        assert_eq!(store.n_quads().unwrap(), 1);
    }

    #[test]
    fn what_is_own_of_a_graph_is_settled_and_the_rest_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let numbered = |numbers: std::ops::Range<usize>| {
            let mut triples = Triples::new();
            numbers.for_each(|n| triples.count("urn:t:own", "urn:t:p", n));
            triples.into_vec()
        };
        let mut foreign = Triples::new();
        foreign.text("urn:t:other", "urn:t:p", "x");
        store.add_to_graph("urn:t:g", &foreign.into_vec()).unwrap();
        let is_own = |quad: &Quad| quad.subject.to_string() == "<urn:t:own>";
        // The second one takes several transactions.
        for wanted in [0..3, 2..TRIPLES_PER_TRANSACTION + 9, 1..4, 0..0] {
            store.settle("urn:t:g", numbered(wanted.clone()), &is_own).unwrap();
            assert_eq!(store.n_quads().unwrap(), wanted.len() + 1);
            let present: HashSet<Triple> = store.graph("urn:t:g").unwrap().into_iter().collect();
            assert!(numbered(wanted).iter().all(|triple| present.contains(triple)));
        }
        store.supply("urn:t:g", numbered(0..2)).unwrap();
        store.supply("urn:t:g", numbered(1..3)).unwrap();
        assert_eq!(store.n_quads().unwrap(), 4);
    }

    #[test]
    fn a_newer_format_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("FORMAT"), "veritrail-graph 9").unwrap();
        let error = Store::open(folder.path()).err().unwrap().to_string();
        assert!(error.contains("veritrail-graph 9") && error.contains("veritrail-graph 1"));
    }
}
