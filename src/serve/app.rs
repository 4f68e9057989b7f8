//! What the handlers of all requests share.

use crate::engine::{EngineError, KnowledgeBase, Session};
use crate::retrieve::Snapshot;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Questions answered at the same time; further ones wait.
const MAX_QUESTIONS: usize = 16;

/// What handlers share.
pub(super) struct App {
    knowledge_base: KnowledgeBase,
    snapshot: Arc<Snapshot>,
    /// Places for questions.
    pub(super) places: Arc<Semaphore>,
}

impl App {
    /// Reads the current generation.
    pub(super) fn new(knowledge_base: KnowledgeBase) -> Result<Self, EngineError> {
        let snapshot = knowledge_base.snapshot()?;
        Ok(Self { knowledge_base, snapshot, places: Arc::new(Semaphore::new(MAX_QUESTIONS)) })
    }

    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    pub(super) fn knowledge_base(&self) -> &KnowledgeBase {
        &self.knowledge_base
    }

    pub(super) fn session(&self) -> Session<'_> {
        self.knowledge_base.session_on(Arc::clone(&self.snapshot))
    }
}
