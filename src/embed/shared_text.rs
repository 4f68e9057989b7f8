//! A picture tower that was trained into the space of a text model.

use super::embedder::{EmbedError, EmbeddedTexts, Embedder, TextRole, TokenCounter};
use super::installed::{VerifiedModel, verify};
use super::picture_model::{PictureEmbedder, PictureReading};
use super::registry::ModelEntry;
use super::runtime::Runtime;
use super::text_model::OpenError;
use super::tower::Tower;
use super::vision_tower::VisionTower;
use super::word_pieces::WordPieces;
use crate::model::{Calibration, Space};
use crate::picture::RgbPixels;
use std::path::Path;
use std::sync::Arc;

/// Pictures in the space of a text model that is loaded already: the text model
/// is the text tower.
pub struct SharedTextPictureModel {
    space: Space,
    vision: VisionTower,
    text: Arc<dyn Embedder>,
    calibration: Option<Calibration>,
}

impl SharedTextPictureModel {
    /// Verifies the picture tower of `entry` under `cache_dir` and loads it. `text`
    /// is the model that `entry` names as its `text_model`.
    ///
    /// # Errors
    /// When a file is missing or altered, the runtime refuses the graph, or `text`
    /// is another model or has vectors of another length.
    pub fn open(
        runtime: &Runtime,
        entry: &ModelEntry,
        cache_dir: &Path,
        text: Arc<dyn Embedder>,
        n_threads: usize,
    ) -> Result<Self, OpenError> {
        let layout = |reason| EmbedError::Layout { model: entry.name.clone(), reason };
        let VerifiedModel { folder, mut digests } = verify(entry, cache_dir)?;
        let wanted = entry.text_model.as_deref().unwrap_or_default();
        if text.space().model != wanted {
            return Err(layout(format!(
                "expected the text model `{wanted}`, into whose space it was trained, found `{}`",
                text.space().model
            ))
            .into());
        }
        let graph = digests.iter().map(|(file, _)| file).find(|file| file.ends_with(".onnx"));
        let graph = graph.ok_or_else(|| layout("expected a file *.onnx, found none".to_owned()))?;
        let tower = Tower::load(runtime, &entry.name, &folder.join(graph), n_threads)?;
        let vision = VisionTower::new(&entry.name, &folder, Arc::new(tower))?;
        let dimension = vision.dimension()?;
        if dimension != text.space().dimension {
            return Err(layout(format!(
                "expected vectors of equal length, found {dimension} for pictures and {} for texts",
                text.space().dimension
            ))
            .into());
        }
        let words = text.space().files.iter();
        digests.extend(words.map(|(file, digest)| (format!("{wanted}/{file}"), *digest)));
        digests.sort();
        let space = Space {
            model: entry.name.clone(),
            files: digests,
            preprocessing: format!("{}; {}", vision.describe(), text.space().preprocessing),
            pooling: format!("in the graph; {}", text.space().pooling),
            dimension,
            normalised: true,
        };
        Ok(Self { space, vision, text, calibration: entry.calibration() })
    }
}

impl Embedder for SharedTextPictureModel {
    fn space(&self) -> &Space {
        &self.space
    }

    fn embed(
        &self,
        texts: &[&str],
        role: TextRole,
        progress: &mut dyn FnMut(usize),
    ) -> Result<EmbeddedTexts, EmbedError> {
        self.text.embed(texts, role, progress)
    }

    fn token_counter(&self) -> TokenCounter {
        self.text.token_counter()
    }

    fn word_pieces(&self) -> Option<Arc<WordPieces>> {
        self.text.word_pieces()
    }
}

impl PictureEmbedder for SharedTextPictureModel {
    fn embed_pictures(&self, pictures: &[&RgbPixels]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.vision.embed(pictures)
    }

    fn read_pictures(&self, pictures: &[&RgbPixels]) -> Result<Vec<PictureReading>, EmbedError> {
        self.vision.read(pictures)
    }

    fn calibration(&self) -> Option<&Calibration> {
        self.calibration.as_ref()
    }
}
