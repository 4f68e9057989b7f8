//! What a service tells about a knowledge base that it serves.

use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use crate::llm::CallTotals;
use crate::model::Space;
use std::sync::Arc;

impl KnowledgeBase {
    /// The spaces of its vectors, that of the text of the generation that answers first.
    pub fn spaces(&self) -> Vec<Space> {
        let text = self.text_in_force().unwrap_or_else(|_| Arc::clone(&self.home));
        self.models.spaces_with(text.model.space())
    }

    /// Quads in the graph. All of it is read.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn n_quads(&self) -> Result<usize, EngineError> {
        Ok(self.graph.n_quads()?)
    }

    /// Whether the graph and the name of the generation can be read.
    pub fn is_readable(&self) -> bool {
        matches!(self.current(), Ok(Some(_))) && self.graph.is_readable()
    }

    /// What the language model was asked since the start; `None` when none is
    /// configured.
    pub fn language_model_totals(&self) -> Option<CallTotals> {
        self.llm.as_ref().map(|llm| llm.generator.totals())
    }

    /// Whether anything answers at the address of the language model; `None` when none
    /// is configured.
    pub async fn reach_language_model(&self) -> Option<bool> {
        match &self.llm {
            Some(llm) => Some(llm.generator.is_reachable().await),
            None => None,
        }
    }
}
