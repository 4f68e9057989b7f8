//! What the handlers of all requests share.

use super::authentication::Gate;
use super::health::LastCheck;
use super::jobs::Jobs;
use super::observe::Observer;
use super::server::ServeError;
use super::watch::Watch;
use crate::config::ServeConfig;
use crate::engine::{EngineError, KnowledgeBase, PromotedBy, Promotion, Session};
use crate::model::GenerationId;
use crate::retrieve::Snapshot;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use tokio::sync::{Semaphore, watch};

/// Pictures decoded at the same time; each may take half a gigabyte.
const MAX_PICTURES: usize = 2;

/// What handlers share.
pub(super) struct App {
    knowledge_base: KnowledgeBase,
    snapshot: RwLock<Arc<Snapshot>>,
    /// What answered before it, so that going back takes no time.
    before: Mutex<Option<Arc<Snapshot>>>,
    /// Places for requests that compute; those that wait for one are few, since the gate
    /// lets no more in.
    pub(super) places: Arc<Semaphore>,
    observer: Observer,
    /// What `/readyz` found last.
    pub(super) last_check: LastCheck,
    /// The document of the interface; there once the routes are.
    pub(super) document: OnceLock<String>,
    /// Places for pictures that are decoded to be shown.
    pub(super) pictures: Arc<Semaphore>,
    jobs: Arc<Jobs>,
    /// Who is let in, and how often.
    pub(super) gate: Gate,
    stopping: watch::Sender<bool>,
    /// Drift as measured last.
    pub(super) watch: Watch,
    /// Held while a backup is made.
    pub(super) backup: Mutex<()>,
    /// Held while all records are read.
    pub(super) sole_reader: Mutex<()>,
}

impl App {
    /// Reads the current generation. A knowledge base of which none was published gets one
    /// without documents: they can come over HTTP.
    pub(super) fn new(
        knowledge_base: KnowledgeBase,
        config: ServeConfig,
    ) -> Result<Self, ServeError> {
        if knowledge_base.current()?.is_none() {
            knowledge_base.publish(&mut |_| {})?;
        }
        let n_places = config.max_concurrent.min(Semaphore::MAX_PERMITS);
        let app = Self {
            snapshot: RwLock::new(knowledge_base.snapshot()?),
            before: Mutex::new(None),
            places: Arc::new(Semaphore::new(n_places)),
            pictures: Arc::new(Semaphore::new(MAX_PICTURES)),
            jobs: Arc::new(Jobs::open(knowledge_base.spool()?)?),
            observer: Observer::new(&knowledge_base.config().observe)?,
            last_check: LastCheck::default(),
            document: OnceLock::new(),
            gate: Gate::new(knowledge_base.root(), config)?,
            stopping: watch::Sender::new(false),
            watch: Watch::default(),
            backup: Mutex::new(()),
            sole_reader: Mutex::new(()),
            knowledge_base,
        };
        app.withdraw();
        Ok(app)
    }

    /// Counts and traces of what is done.
    pub(super) fn observer(&self) -> &Observer {
        &self.observer
    }

    /// Tells streams that have no end of their own to end.
    pub(super) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Waits until the server stops.
    pub(super) async fn stopped(&self) {
        let mut stopping = self.stopping.subscribe();
        // The sender lives as long as this.
        drop(stopping.wait_for(|stopping| *stopping).await);
    }

    /// The generation that is served now. A request takes it once and keeps it to
    /// its end.
    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the current generation and serves it from now on; requests under way
    /// keep the one they began with. Takes its time: for threads that may block.
    ///
    /// # Errors
    /// When it cannot be read; the one before goes on being served.
    pub(super) fn refresh(&self) -> Result<(), EngineError> {
        let new = self.knowledge_base.snapshot()?;
        self.serve(new);
        Ok(())
    }

    /// Lets a generation answer from now on. Takes its time when it is not in memory.
    ///
    /// # Errors
    /// When it cannot be read; the one before goes on being served.
    pub(super) fn promote(
        &self,
        generation: &GenerationId,
        by: &PromotedBy,
        through_gate: bool,
    ) -> Result<Promotion, EngineError> {
        let before = self.before.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let known = before.filter(|before| before.generation() == generation);
        let (promotion, snapshot) = match known {
            Some(known) if !through_gate && self.knowledge_base.is_of_today(&known)? => {
                (self.knowledge_base.serve_from_now_on(generation, by)?, known)
            }
            _ if through_gate => self.knowledge_base.promote_through_gate(generation, by)?,
            _ => self.knowledge_base.promote(generation, by)?,
        };
        self.serve(snapshot);
        Ok(promotion)
    }

    fn serve(&self, new: Arc<Snapshot>) {
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        let mut served = self.snapshot.write().unwrap_or_else(PoisonError::into_inner);
        new.withdraw(self.jobs.documents_to_delete());
        // A new reading of one generation has the labels of today; the old one must go.
        let same = served.generation() == new.generation();
        let old = std::mem::replace(&mut *served, new);
        if !same {
            *before = Some(old);
        }
    }

    /// Forgets what answered before: documents were deleted, and it holds them.
    pub(super) fn forget_before(&self) {
        *self.before.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Hides what waits to be deleted from everybody, and shows again what was not deleted
    /// in the end.
    pub(super) fn withdraw(&self) {
        let served = self.snapshot.read().unwrap_or_else(PoisonError::into_inner);
        served.withdraw(self.jobs.documents_to_delete());
    }

    /// Work that takes longer than a request.
    pub(super) fn jobs(&self) -> &Arc<Jobs> {
        &self.jobs
    }

    pub(super) fn knowledge_base(&self) -> &KnowledgeBase {
        &self.knowledge_base
    }

    pub(super) fn session(&self) -> Session<'_> {
        self.knowledge_base.session_on(self.snapshot())
    }
}
