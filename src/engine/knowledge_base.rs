//! One data directory, opened by one process at a time.

use super::blobs::write_atomically;
use super::cache::CacheStats;
use super::canary::RunningCanary;
use super::error::{EngineError, io_error};
use super::find::{RetrievalCache, retrieval_cache};
use super::language_model::LanguageModel;
use super::models::Models;
use super::policy::{policy_file, read_policy};
use super::question_models::QuestionModels;
use super::records::{FORMAT, Records};
use super::setup::InForce;
use super::sweep::{Swept, was_deleting};
use super::text_spaces::TextSpace;
use crate::config::Config;
use crate::govern::Policy;
use crate::graph::IntegrityReport;
use crate::index::VectorStore;
use crate::model::{DepictionStatus, GenerationId, SpaceId};
use std::collections::HashMap;
use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

const SETTINGS: &str =
    "# Settings of this knowledge base; what is not named here has its default.\n";

/// An open knowledge base. The lock is held until it is dropped.
///
/// Any number of threads may use it: what changes documents or generations waits
/// for what else does, and questions go on meanwhile on the snapshot they hold.
pub struct KnowledgeBase {
    /// All but what answers.
    records: Records,
    /// The text model that the settings name.
    pub(super) home: Arc<TextSpace>,
    /// Every text model that is open, that of the settings first.
    pub(super) texts: RwLock<Vec<Arc<TextSpace>>>,
    /// One for each picture model, in their order.
    pub(super) picture_vectors: Vec<VectorStore>,
    pub(super) models: Models,
    /// The models as questions use them.
    pub(super) questions: QuestionModels,
    /// What was found for questions.
    pub(super) found: RetrievalCache,
    /// How often a generation was read into memory.
    pub(super) n_readings: AtomicU64,
    pub(super) llm: Option<LanguageModel>,
    /// Settings of questions where a generation has none of its own.
    pub(super) common: Arc<InForce>,
    /// Settings of generations that have some of their own.
    pub(super) in_force: RwLock<HashMap<GenerationId, Arc<InForce>>>,
    /// What is ruled about questions and answers.
    pub(super) policy: Option<Arc<Policy>>,
    /// The generation that answers a share of the questions.
    pub(super) canary: Mutex<Option<RunningCanary>>,
    /// What was removed at opening because a crash had left it.
    swept: Option<Swept>,
    /// Held by what changes documents or generations, from beginning to end.
    writer: Mutex<()>,
}

/// A knowledge base is its records and what answers from them.
impl Deref for KnowledgeBase {
    type Target = Records;

    fn deref(&self) -> &Records {
        &self.records
    }
}

/// What is in a knowledge base.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Status {
    /// Its folder.
    pub path: PathBuf,
    /// Documents in the graph.
    pub n_documents: usize,
    /// Pairs of documents whose pictures look nearly the same, as of the last
    /// publishing.
    pub n_near_duplicates: usize,
    /// Quads in the graph.
    pub n_quads: usize,
    /// Vectors kept.
    pub n_vectors: usize,
    /// Claims about what pictures show that count.
    pub n_depictions: usize,
    /// Claims about what pictures show that wait for a person.
    pub n_proposals: usize,
    /// The published generation.
    pub generation: Option<String>,
    /// The spaces of the vectors, that of the text first.
    pub spaces: Vec<String>,
    /// Bytes of vectors that a crash had torn and opening cut off.
    pub n_torn_bytes: usize,
    /// What opening removed because a crash had left it.
    pub swept: Option<Swept>,
    /// Vectors and bytes that nothing names any more.
    pub n_unnamed: usize,
    /// Findings of the integrity check; empty when sound.
    pub findings: Vec<String>,
}

impl KnowledgeBase {
    /// Makes an empty knowledge base in `root`.
    ///
    /// # Errors
    /// When there is one already or the folder cannot be written.
    pub fn init(root: &Path) -> Result<(), EngineError> {
        if root.join("FORMAT").exists() {
            return Err(EngineError::Exists(root.to_owned()));
        }
        fs::create_dir_all(root.join("generations")).map_err(io_error("create", root))?;
        let settings = root.join("veritrail.toml");
        if !settings.exists() {
            write_atomically(&settings, SETTINGS.as_bytes())?;
        }
        write_atomically(&root.join("FORMAT"), FORMAT.as_bytes())
    }

    /// Opens a knowledge base with the spaces of `models`. What a crash left that
    /// nothing names is removed.
    ///
    /// # Errors
    /// When there is none, another process holds it, it is of a newer format,
    /// or something in it is damaged.
    pub fn open(root: &Path, models: impl Into<Models>) -> Result<Self, EngineError> {
        let models = models.into();
        let was_deleting = was_deleting(root);
        let opened = Self::open_as_it_is(root, models.clone())?;
        if !was_deleting {
            return Ok(opened);
        }
        // Finishing a deletion removed words once more.
        let swept = opened.swept;
        opened.close()?;
        Ok(Self { swept, ..Self::open_as_it_is(root, models)? })
    }

    fn open_as_it_is(root: &Path, models: Models) -> Result<Self, EngineError> {
        let records = Records::open_as_they_are(root)?;
        let config = &records.config;
        check_routes(config, &models)?;
        let policy = read_policy(&policy_file(root))?.map(Arc::new);
        let folder = root.join("vectors");
        let questions = QuestionModels::new(&models, &config.cache);
        let home = Arc::new(TextSpace::open(&folder, &models.text, &questions)?);
        let picture_vectors = models
            .pictures
            .iter()
            .map(|model| VectorStore::open(&folder, model.space()))
            .collect::<Result<_, _>>()?;
        let mut knowledge_base = Self {
            questions,
            found: retrieval_cache(config.cache.retrievals_mib),
            n_readings: AtomicU64::new(0),
            llm: LanguageModel::new(&config.llm)?,
            common: Arc::new(InForce::of(config)),
            in_force: RwLock::default(),
            policy,
            canary: Mutex::new(None),
            texts: RwLock::new(vec![Arc::clone(&home)]),
            home,
            picture_vectors,
            models,
            swept: None,
            writer: Mutex::new(()),
            records,
        };
        knowledge_base.swept = knowledge_base.recover()?;
        knowledge_base.record_policy()?;
        knowledge_base.resume_canary()?;
        Ok(knowledge_base)
    }

    /// Closes the knowledge base; when something was deleted from it, the graph is
    /// written anew, so that its files lose the words, too.
    ///
    /// # Errors
    /// When the graph cannot be read or written; the next opening tries again.
    pub fn close(self) -> Result<(), EngineError> {
        let Self { records, .. } = self;
        records.close()
    }

    /// How well the caches work.
    pub fn cache_stats(&self) -> Vec<CacheStats> {
        vec![self.questions.stats(), self.found.stats()]
    }

    /// Tokens of a text as the text model counts them.
    pub fn count_tokens(&self, text: &str) -> usize {
        self.home.model.token_counter().count(text)
    }

    /// Waits until nothing else changes documents or generations.
    pub(super) fn sole_writer(&self) -> MutexGuard<'_, ()> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the vectors of every space.
    pub(super) fn with_stores<T>(&self, work: impl FnOnce(&[&VectorStore]) -> T) -> T {
        let texts = self.text_spaces();
        let texts = texts.iter().map(|text| &text.vectors);
        work(&texts.chain(&self.picture_vectors).collect::<Vec<_>>())
    }

    /// The published generation, when there is one.
    ///
    /// # Errors
    /// When the file that names it cannot be read.
    pub fn current(&self) -> Result<Option<GenerationId>, EngineError> {
        let path = self.root.join("CURRENT");
        match fs::read_to_string(&path) {
            Ok(name) => Ok(Some(GenerationId::from_iri(format!(
                "{}{}",
                crate::vocab::GENERATION_PREFIX,
                name.trim()
            )))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error("read", &path)(error)),
        }
    }

    /// Counts and the outcome of the integrity check.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn status(&self) -> Result<Status, EngineError> {
        let spaces = self.spaces();
        let spaces: Vec<String> = spaces.iter().map(crate::model::Space::display_name).collect();
        let depictions = self.graph.depictions()?;
        let n_of = |status| depictions.iter().filter(|claim| claim.status == status).count();
        Ok(Status {
            path: self.root.clone(),
            n_documents: self.graph.documents()?.len(),
            n_near_duplicates: self.graph.near_duplicates()?.len(),
            n_quads: self.graph.n_quads()?,
            n_vectors: self
                .with_stores(|stores| stores.iter().map(|store| store.vectors().len()).sum()),
            n_depictions: n_of(DepictionStatus::Accepted),
            n_proposals: n_of(DepictionStatus::Proposed),
            generation: self.current()?.map(|generation| generation.name().to_owned()),
            spaces,
            n_torn_bytes: self
                .with_stores(|stores| stores.iter().map(|store| store.n_torn_bytes()).sum()),
            swept: self.swept,
            n_unnamed: self.n_unnamed()?,
            findings: self.check()?.findings,
        })
    }

    /// Checks that everything that the graph names exists.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn check(&self) -> Result<IntegrityReport, EngineError> {
        self.with_stores(|stores| {
            let stores: HashMap<SpaceId, &VectorStore> =
                stores.iter().map(|store| (store.space(), *store)).collect();
            Ok(self.graph.check_integrity(
                // Vectors of models that are not configured now are not looked at.
                &|space, fragment| {
                    stores
                        .get(&space)
                        .is_none_or(|store| store.vectors().row(fragment.as_str()).is_some())
                },
                &|digest| self.blobs.has(digest),
            )?)
        })
    }

    /// The original bytes of a document, by source path; `None` when there is
    /// no such document.
    ///
    /// # Errors
    /// When the graph or the bytes cannot be read.
    pub fn original(&self, source: &str) -> Result<Option<Vec<u8>>, EngineError> {
        let documents = self.graph.documents()?;
        documents
            .iter()
            .find(|document| document.source == source)
            .map(|document| self.blobs.get(&document.digest))
            .transpose()
    }
}

/// Every route must be able to work, and the spaces that it names be in service.
fn check_routes(config: &Config, models: &Models) -> Result<(), EngineError> {
    let known: Vec<&str> = models.pictures.iter().map(|m| m.space().model.as_str()).collect();
    for route in &config.retrieve.routes {
        if let Some(reason) = route.problem() {
            return Err(EngineError::RouteRule { route: route.name.clone(), reason });
        }
        if let Some(named) = route.spaces.iter().find(|s| !known.contains(&s.space.as_str())) {
            return Err(EngineError::Route {
                route: route.name.clone(),
                space: named.space.clone(),
                known: known.join(", "),
            });
        }
    }
    Ok(())
}
