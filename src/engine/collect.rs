//! Removing generations that nobody needs any more.

use super::error::EngineError;
use super::frozen;
use super::generations::named;
use super::knowledge_base::KnowledgeBase;
use super::sweep::Swept;
use serde::Serialize;

/// What collecting removed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Collected {
    /// Names of generations that are gone.
    pub generations: Vec<String>,
    /// Text spaces that no generation needs any more.
    pub n_spaces: usize,
    /// Vectors and bytes that nothing needed any more.
    pub swept: Swept,
}

impl KnowledgeBase {
    /// Removes generations but the newest `keep`, the current one, the one before it and
    /// one on trial, and then vectors and bytes that nothing needs any more.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn collect_generations(&self, keep: usize) -> Result<Collected, EngineError> {
        let _writer = self.sole_writer();
        let generations = self.drop_old_generations(keep)?;
        let n_spaces = self.drop_unused_texts()?;
        Ok(Collected { generations, n_spaces, swept: self.sweep()? })
    }

    /// Removes generations but the newest `keep`, the current one and the one before it.
    pub(super) fn drop_old_generations(&self, keep: usize) -> Result<Vec<String>, EngineError> {
        let all = self.generations()?.generations;
        let before = self.answered_before()?;
        let mut removed = Vec::new();
        for old in all.iter().skip(keep.max(1)) {
            let is_before = before.as_ref().is_some_and(|before| before.name() == old.name);
            if !old.current && !is_before && !old.on_trial {
                frozen::remove(&self.generation_folder(&named(&old.name)))?;
                removed.push(old.name.clone());
            }
        }
        Ok(removed)
    }
}
