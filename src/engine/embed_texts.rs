//! Texts as vectors of a space, for whoever asks from outside.

use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use crate::embed::{EmbeddedTexts, TextRole};
use crate::model::SpaceId;
use crate::retrieve::RetrieveError;
use std::sync::Arc;

impl KnowledgeBase {
    /// Vectors of texts in a space; that of the text model for one that is not known.
    ///
    /// # Errors
    /// When the model fails.
    pub fn embed(
        &self,
        space: SpaceId,
        texts: &[&str],
        role: TextRole,
    ) -> Result<EmbeddedTexts, EngineError> {
        let picture = self.models.pictures.iter().find(|model| model.space().id() == space);
        let embedded = match picture {
            Some(model) => model.embed(texts, role, &mut |_| {}),
            None => {
                let text = self.open_space(space).unwrap_or_else(|| Arc::clone(&self.home));
                text.model.embed(texts, role, &mut |_| {})
            }
        };
        Ok(embedded.map_err(RetrieveError::from)?)
    }
}
