//! The models as questions use them.

use super::cache::CacheStats;
use super::models::Models;
use super::question_embedder::{
    QuestionEmbedder, QuestionPictureEmbedder, VectorCache, vector_cache,
};
use crate::config::CacheConfig;
use crate::embed::{Embedder, PictureEmbedder};
use crate::retrieve::Embedders;
use std::sync::Arc;

/// Embedders that remember vectors of questions and run once for several of them.
pub(super) struct QuestionModels {
    pub(super) text: Arc<dyn Embedder>,
    pictures: Vec<QuestionPictureEmbedder>,
    known: Arc<VectorCache>,
}

impl QuestionModels {
    pub(super) fn new(models: &Models, config: &CacheConfig) -> Self {
        let known = Arc::new(vector_cache(config.embeddings_mib));
        let text =
            QuestionEmbedder::new(Arc::clone(&models.text), Arc::clone(&known), config.batch_texts);
        let pictures = models
            .pictures
            .iter()
            .map(|model| {
                let (model, known) = (Arc::clone(model), Arc::clone(&known));
                QuestionPictureEmbedder::new(model, known, config.batch_texts)
            })
            .collect();
        Self { text: Arc::new(text), pictures, known }
    }

    pub(super) fn embedders(&self) -> Embedders<'_> {
        let pictures = self.pictures.iter().map(|model| model as &dyn PictureEmbedder);
        Embedders { text: self.text.as_ref(), pictures: pictures.collect() }
    }

    pub(super) fn stats(&self) -> CacheStats {
        self.known.stats()
    }
}
