//! What the handlers of all requests share.

use super::authentication::Gate;
use super::health::LastCheck;
use super::jobs::Jobs;
use super::observe::Observer;
use super::server::ServeError;
use super::watch::Watch;
use crate::config::ServeConfig;
use crate::engine::{EngineError, KnowledgeBase, PromotedBy, Promotion, Session};
use crate::model::{Arm, GenerationId, ServedArm};
use crate::retrieve::Snapshot;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use tokio::sync::{Semaphore, watch};

/// Pictures decoded at the same time; each may take half a gigabyte.
const MAX_PICTURES: usize = 2;
/// Questions that are looked for in both generations at the same time, so that comparing
/// them never takes more than one place.
const MAX_SHADOWS: usize = 1;

/// What handlers share.
pub(super) struct App {
    knowledge_base: KnowledgeBase,
    snapshot: RwLock<Arc<Snapshot>>,
    /// What answers a share of the questions.
    on_trial: Mutex<Option<Arc<Snapshot>>>,
    /// Questions looked for in both generations at the same time.
    pub(super) shadows: Arc<Semaphore>,
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
            on_trial: Mutex::new(None),
            shadows: Arc::new(Semaphore::new(MAX_SHADOWS)),
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
        app.read_trial();
        app.withdraw();
        Ok(app)
    }

    /// Counts and traces of what is done.
    pub(super) fn observer(&self) -> &Observer {
        &self.observer
    }

    /// Tells streams that have no end of their own to end.
    pub(super) fn stop(&self) {
        if let Err(error) = self.knowledge_base.keep_canary() {
            tracing::error!(%error, "what a canary has shown last could not be written");
        }
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
        let on_trial = self.on_trial();
        let is_of_today = |known: &Arc<Snapshot>| self.knowledge_base.is_of_today(known);
        if !on_trial.as_ref().map_or(Ok(false), is_of_today)? {
            self.read_trial();
        }
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
        let mut in_memory = before.into_iter().chain(self.on_trial());
        let known = in_memory.find(|known| known.generation() == generation);
        let (promotion, snapshot) = match known {
            Some(known) if !through_gate && self.knowledge_base.is_of_today(&known)? => {
                (self.knowledge_base.serve_from_now_on(generation, by)?, known)
            }
            _ if through_gate => self.knowledge_base.promote_through_gate(generation, by)?,
            _ => self.knowledge_base.promote(generation, by)?,
        };
        self.serve(snapshot);
        self.after_trial();
        Ok(promotion)
    }

    /// Lets a generation answer a share of the askers.
    ///
    /// # Errors
    /// As [`KnowledgeBase::start_canary`].
    pub(super) fn start_canary(
        &self,
        generation: &GenerationId,
        share: f64,
        by: &PromotedBy,
        through_gate: bool,
    ) -> Result<(), EngineError> {
        let snapshot = self.knowledge_base.start_canary(generation, share, by, through_gate)?;
        self.put_on_trial(Some(snapshot));
        self.withdraw();
        Ok(())
    }

    /// The generation that answers the asker with this key, and which side of a canary it
    /// is while one runs.
    pub(super) fn route(&self, key: &str) -> (Arc<Snapshot>, Option<ServedArm>) {
        let served = self.knowledge_base.arm_of(key);
        let Some(served) = served else { return (self.snapshot(), None) };
        match self.on_trial() {
            // Without it nobody is compared with anybody.
            None => (self.snapshot(), None),
            Some(on_trial) if served.arm == Arm::Canary => (on_trial, Some(served)),
            Some(_) => (self.snapshot(), Some(served)),
        }
    }

    /// The generation that answers a share of the askers.
    pub(super) fn on_trial(&self) -> Option<Arc<Snapshot>> {
        let on_trial = self.on_trial.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let known = self.knowledge_base.generation_on_trial();
        on_trial.filter(|snapshot| known.as_ref() == Some(snapshot.generation()))
    }

    fn put_on_trial(&self, snapshot: Option<Arc<Snapshot>>) {
        *self.on_trial.lock().unwrap_or_else(PoisonError::into_inner) = snapshot;
    }

    /// Reads the generation that is tried; one that cannot be read is tried no more.
    fn read_trial(&self) {
        let generation = self.knowledge_base.generation_on_trial();
        let read = generation.map(|generation| self.knowledge_base.snapshot_of(&generation));
        let snapshot = read.transpose().unwrap_or_else(|error| {
            tracing::error!(%error, "the generation on trial cannot be read");
            let ended = self.knowledge_base.give_up_canary("it cannot be read".to_owned());
            ended.unwrap_or_else(|error| tracing::error!(%error, "a canary cannot be ended"));
            None
        });
        self.put_on_trial(snapshot);
    }

    /// Lets go of the generation that was tried, when the trial is over.
    pub(super) fn after_trial(&self) {
        if self.knowledge_base.generation_on_trial().is_none() {
            self.put_on_trial(None);
        }
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
        if let Some(on_trial) = self.on_trial() {
            on_trial.withdraw(self.jobs.documents_to_delete());
        }
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
