//! What is found for a question, remembered for a while.

use super::ask::Session;
use super::cache::Cache;
use super::error::EngineError;
use crate::model::{AccessLabel, Digest, GenerationId, GraphStep, Hit, Query, Stage, Stopwatch};
use crate::retrieve::{Retrieval, RetrievalMode, search};
use std::collections::BTreeSet;
use std::sync::Arc;

/// All that shapes what is found, apart from settings, which a generation keeps as
/// long as a knowledge base is open. Nothing crosses generations or labels.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct RetrievalKey {
    generation: GenerationId,
    /// A generation can be read anew after a person decided about it.
    reading: u64,
    /// Documents can be withdrawn from it.
    n_withdrawals: u64,
    labels: Option<BTreeSet<AccessLabel>>,
    text: String,
    picture: Option<Digest>,
    only_pictures: bool,
    k: usize,
    mode: RetrievalMode,
}

/// Remembered retrievals.
pub(super) type RetrievalCache = Cache<RetrievalKey, Arc<Retrieval>>;

/// A cache of so many MiB.
pub(super) fn retrieval_cache(capacity_mib: u64) -> RetrievalCache {
    Cache::new("retrieval", capacity_mib, |key, found| {
        let labels = key.labels.iter().flatten().map(|label| label.0.len() + 48).sum::<usize>();
        let hits = found.hits.iter().map(hit_bytes).sum::<usize>();
        (256 + key.text.len() + labels + found.question.len() + hits) as u64
    })
}

fn hit_bytes(hit: &Hit) -> usize {
    let steps = hit.path.iter().flat_map(|path| &path.steps);
    let steps = steps.map(|step| match step {
        GraphStep::Fragment { id, label } => id.as_str().len() + label.len() + 64,
        GraphStep::Entity { id, label } => id.as_str().len() + label.len() + 64,
    });
    size_of::<Hit>()
        + hit.fragment.as_str().len()
        + hit.document.as_str().len()
        + hit.routes.len() * 16
        + steps.sum::<usize>()
}

impl Session<'_> {
    /// Finds fragments for a question, or remembers what was found before; `stopwatch`
    /// hears what each stage took.
    ///
    /// # Errors
    /// When an index or a model fails.
    pub fn find(
        &self,
        query: &Query,
        mode: RetrievalMode,
        stopwatch: &mut Stopwatch,
    ) -> Result<Arc<Retrieval>, EngineError> {
        let key = RetrievalKey {
            generation: self.snapshot.generation().clone(),
            reading: self.snapshot.reading(),
            n_withdrawals: self.snapshot.n_withdrawals(),
            labels: query.allowed_labels.clone(),
            text: query.text.clone(),
            picture: query.picture.as_deref().map(Digest::of),
            only_pictures: query.only_pictures,
            k: query.k,
            mode,
        };
        let knowledge_base = self.knowledge_base;
        if let Some(found) = knowledge_base.found.get(&key) {
            stopwatch.lap(Stage::Plan);
            return Ok(found);
        }
        let embedders = knowledge_base.questions.embedders(self.text.questions.as_ref());
        let config = &self.in_force.retrieve;
        let found = search(&self.snapshot, &embedders, query, mode, config, stopwatch)?;
        let found = Arc::new(found);
        knowledge_base.found.insert(key, Arc::clone(&found));
        Ok(found)
    }
}
