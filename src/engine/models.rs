//! The models of a knowledge base.

use crate::embed::{Embedder, PictureEmbedder};
use crate::model::Space;
use std::sync::Arc;

/// What embeds documents and questions. Every model has a space, and every space
/// vectors of its own.
#[derive(Clone)]
pub struct Models {
    /// Chunks and questions.
    pub text: Arc<dyn Embedder>,
    /// Pictures, side by side, each in a space that it shares with texts.
    pub pictures: Vec<Arc<dyn PictureEmbedder>>,
}

impl Models {
    /// The spaces of all models, that of the text first.
    pub fn spaces(&self) -> Vec<Space> {
        let pictures = self.pictures.iter().map(|model| model.space().clone());
        std::iter::once(self.text.space().clone()).chain(pictures).collect()
    }
}

impl From<Arc<dyn Embedder>> for Models {
    /// Texts only.
    fn from(text: Arc<dyn Embedder>) -> Self {
        Self { text, pictures: Vec::new() }
    }
}
