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
    pictures: Vec<QuestionPictureEmbedder>,
    known: Arc<VectorCache>,
    batch_texts: usize,
}

impl QuestionModels {
    pub(super) fn new(models: &Models, config: &CacheConfig) -> Self {
        let known = Arc::new(vector_cache(config.embeddings_mib));
        let pictures = models
            .pictures
            .iter()
            .map(|model| {
                let (model, known) = (Arc::clone(model), Arc::clone(&known));
                QuestionPictureEmbedder::new(model, known, config.batch_texts)
            })
            .collect();
        Self { pictures, known, batch_texts: config.batch_texts }
    }

    /// A text model as questions use it.
    pub(super) fn text_questions(&self, model: &Arc<dyn Embedder>) -> Arc<dyn Embedder> {
        let (model, known) = (Arc::clone(model), Arc::clone(&self.known));
        Arc::new(QuestionEmbedder::new(model, known, self.batch_texts))
    }

    /// All models, with the text model of a generation.
    pub(super) fn embedders<'a>(&'a self, text: &'a dyn Embedder) -> Embedders<'a> {
        let pictures = self.pictures.iter().map(|model| model as &dyn PictureEmbedder);
        Embedders { text, pictures: pictures.collect() }
    }

    pub(super) fn stats(&self) -> CacheStats {
        self.known.stats()
    }
}
