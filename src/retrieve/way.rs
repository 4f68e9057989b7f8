//! The way that would have led to a document.

use super::config::RetrieveConfig;
use super::expand::{entities_of, path_of};
use super::search::RetrieveError;
use super::snapshot::Snapshot;
use crate::graph::NodeKey;
use crate::model::{DocumentId, FragmentId, GraphPath};

/// Steps of the longest way that is looked for.
const MAX_STEPS: usize = 4;

impl Snapshot {
    /// The shortest path, of four steps at most, from what a walk for `question` starts
    /// at to a fragment of `document`: `found` are the hits by words and vectors, best
    /// first. `None` when there is none. Everything is seen.
    ///
    /// # Errors
    /// When the word index is damaged.
    pub fn way_to(
        &self,
        document: &DocumentId,
        question: &str,
        found: &[FragmentId],
        config: &RetrieveConfig,
    ) -> Result<Option<GraphPath>, RetrieveError> {
        let view = self.view(None)?;
        let number = |key: NodeKey| self.projection.number(&key);
        let fragments = found.iter().take(config.n_seeds);
        let mut seeds: Vec<u32> =
            fragments.filter_map(|id| number(NodeKey::Fragment(id.clone()))).collect();
        let entities = entities_of(&view, question)?;
        seeds.extend(entities.into_iter().filter_map(|(id, _)| number(NodeKey::Entity(id))));
        let Some(version) = self.documents.get(document).map(|document| &document.version) else {
            return Ok(None);
        };
        let targets = self.fragments_of(version);
        let targets = targets.filter_map(|f| number(NodeKey::Fragment(f.id.clone())));
        let paths = targets.filter_map(|target| self.projection.path(&seeds, target, MAX_STEPS));
        Ok(paths.min_by_key(Vec::len).map(|nodes| path_of(&view, &nodes)))
    }
}
