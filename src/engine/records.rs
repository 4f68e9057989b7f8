//! What is recorded, without the models that answer.
//!
//! Graph, bytes and the chain of seals are all that reading, proving and erasing records
//! needs. So commands about records open this, which takes no models and no vectors.

use super::blobs::Blobs;
use super::error::{EngineError, io_error};
use super::sweep::is_unfinished;
use crate::audit::{Chain, UseIndex};
use crate::config::Config;
use crate::graph::Store;
use crate::model::{AnswerAccess, AnswerId};
use oxigraph::model::Triple;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// What the file `FORMAT` of a knowledge base says.
pub(super) const FORMAT: &str = "veritrail-kb 1";

/// The records of a knowledge base. The lock is held until they are dropped.
pub struct Records {
    pub(super) root: PathBuf,
    pub(super) config: Config,
    pub(super) graph: Store,
    pub(super) blobs: Blobs,
    /// The end of the chain of seals, once it was needed.
    pub(super) chain: Mutex<Option<Chain>>,
    /// Which answers used what, once it was needed.
    pub(super) uses: Mutex<Option<UseIndex>>,
    _lock: File,
}

impl Records {
    /// Opens the records of the knowledge base in `root`.
    ///
    /// # Errors
    /// When there is none, another process holds it, it is of a newer format, something
    /// in it is damaged, or a writer did not finish: whoever opens it with its models puts
    /// that right.
    pub fn open(root: &Path) -> Result<Self, EngineError> {
        if is_unfinished(root) {
            return Err(EngineError::Unfinished(root.to_owned()));
        }
        Self::open_as_they_are(root)
    }

    pub(super) fn open_as_they_are(root: &Path) -> Result<Self, EngineError> {
        let lock = lock(root)?;
        let config = Config::load(&root.join("veritrail.toml"))?;
        let mut graph = Store::open(&root.join("graph"))?;
        graph.configure_queries(config.sparql.clone());
        graph.load_ontology(include_str!("../../ontology/veritrail.ttl"))?;
        Ok(Self {
            root: root.to_owned(),
            blobs: Blobs::new(root.join("blobs")),
            config,
            graph,
            chain: Mutex::new(None),
            uses: Mutex::new(None),
            _lock: lock,
        })
    }

    /// Closes the records; when something was deleted from them, the graph is written
    /// anew, so that its files lose the words, too.
    ///
    /// # Errors
    /// When the graph cannot be read or written; the next opening tries again.
    pub fn close(self) -> Result<(), EngineError> {
        let Self { graph, root, _lock, .. } = self;
        if graph.is_to_be_written_anew() {
            drop(graph);
            drop(Store::open(&root.join("graph"))?);
        }
        Ok(())
    }

    /// The folder of the knowledge base.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The settings in force.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The record of an answer as triples; none when there is no such answer.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn answer_record(&self, id: &AnswerId) -> Result<Vec<Triple>, EngineError> {
        Ok(self.graph.graph(id.as_str())?)
    }

    /// What decides who may read the record of an answer; `None` when there is none.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn answer_access(&self, id: &AnswerId) -> Result<Option<AnswerAccess>, EngineError> {
        Ok(self.graph.answer_access(id)?)
    }
}

fn lock(root: &Path) -> Result<File, EngineError> {
    let format = root.join("FORMAT");
    let found = match fs::read_to_string(&format) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(EngineError::NotAKnowledgeBase(root.to_owned()));
        }
        Err(error) => return Err(io_error("read", &format)(error)),
    };
    if found.trim() != FORMAT {
        return Err(EngineError::Format {
            path: root.to_owned(),
            expected: FORMAT,
            found: found.trim().to_owned(),
        });
    }
    let path = root.join("LOCK");
    let file = File::create(&path).map_err(io_error("create", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EngineError::Locked(root.to_owned())),
        Err(TryLockError::Error(error)) => Err(io_error("lock", &path)(error)),
    }
}
