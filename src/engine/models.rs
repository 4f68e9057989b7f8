//! The models of a knowledge base.

use crate::embed::{Embedder, PictureEmbedder, TextReader};
use crate::model::{Digest, Space};
use std::sync::Arc;

/// Why a model cannot be opened.
pub type TextModelError = Box<dyn std::error::Error + Send + Sync>;

/// Opens text models by name while a knowledge base is open.
pub type TextOpener = Arc<dyn Fn(&str) -> Result<Arc<dyn Embedder>, TextModelError> + Send + Sync>;

/// What embeds documents and questions. Every model has a space, and every space
/// vectors of its own.
#[derive(Clone)]
pub struct Models {
    /// Chunks and questions.
    pub text: Arc<dyn Embedder>,
    /// Pictures, side by side, each in a space that it shares with texts.
    pub pictures: Vec<Arc<dyn PictureEmbedder>>,
    /// Text in pictures; none when it is switched off or not installed.
    pub ocr: Option<Arc<dyn TextReader>>,
    /// Opens other text models, for generations that have another one; none when there
    /// is nothing to choose from.
    pub opener: Option<TextOpener>,
}

impl Models {
    /// What shapes pictures that are taken in: the spaces of their vectors, and what
    /// reads their text.
    pub(super) fn picture_identities(&self) -> Vec<Digest> {
        let spaces = self.pictures.iter().map(|model| model.space().id().0);
        spaces.chain(self.ocr.iter().map(|reader| reader.identity())).collect()
    }

    /// The spaces of all models, that of the text first.
    pub fn spaces(&self) -> Vec<Space> {
        self.spaces_with(self.text.space())
    }

    /// The same with another text model.
    pub(super) fn spaces_with(&self, text: &Space) -> Vec<Space> {
        let pictures = self.pictures.iter().map(|model| model.space().clone());
        std::iter::once(text.clone()).chain(pictures).collect()
    }
}

impl From<Arc<dyn Embedder>> for Models {
    /// Texts only.
    fn from(text: Arc<dyn Embedder>) -> Self {
        Self { text, pictures: Vec::new(), ocr: None, opener: None }
    }
}
