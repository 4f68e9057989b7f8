//! Pictures into vectors: one graph and what makes pixels ready for it.

use super::embedder::EmbedError;
use super::picture_model::PictureReading;
use super::preprocess::Preprocessing;
use super::tower::{PixelBatch, Tower};
use crate::picture::RgbPixels;
use rayon::prelude::*;
use std::path::Path;
use std::sync::Arc;

/// Pictures in one run; bounds memory.
const BATCH_PICTURES: usize = 8;

/// The picture side of a two-tower model.
pub(super) struct VisionTower {
    model: String,
    preprocessing: Preprocessing,
    tower: Arc<Tower>,
}

impl VisionTower {
    /// Joins the graph with `preprocessor_config.json` of `folder`.
    ///
    /// # Errors
    /// When the file is missing or of another form.
    pub(super) fn new(model: &str, folder: &Path, tower: Arc<Tower>) -> Result<Self, EmbedError> {
        let layout = |reason| EmbedError::Layout { model: model.to_owned(), reason };
        let config = std::fs::read_to_string(folder.join("preprocessor_config.json"))
            .map_err(|error| layout(format!("preprocessor_config.json: {error}")))?;
        let preprocessing =
            Preprocessing::from_json(&config).map_err(|error| layout(causes(&error)))?;
        Ok(Self { model: model.to_owned(), preprocessing, tower })
    }

    /// What shapes the numbers that the graph reads, in words.
    pub(super) fn describe(&self) -> String {
        self.preprocessing.describe()
    }

    /// Number of components, found by running the graph on a white picture.
    ///
    /// # Errors
    /// When the graph cannot be run.
    pub(super) fn dimension(&self) -> Result<usize, EmbedError> {
        let white = RgbPixels { width: 32, height: 32, bytes: vec![255; 3 * 32 * 32] };
        Ok(self.run(&[&white])?.first().map_or(0, |reading| reading.vector.len()))
    }

    /// The numbers that the graph reads of one picture, channels first.
    ///
    /// # Errors
    /// When the picture has no pixels.
    pub(super) fn pixel_values(&self, picture: &RgbPixels) -> Result<Vec<f32>, EmbedError> {
        let layout = |reason| EmbedError::Layout { model: self.model.clone(), reason };
        let prepared = self.preprocessing.apply(picture);
        Ok(prepared.map_err(|error| layout(causes(&error)))?.0)
    }

    /// Unit vectors of pictures, in their order.
    ///
    /// # Errors
    /// When the graph fails or gives a number that is not finite.
    pub(super) fn embed(&self, pictures: &[&RgbPixels]) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(self.read(pictures)?.into_iter().map(|reading| reading.vector).collect())
    }

    /// Unit vectors of pictures and what the graph says beside them.
    ///
    /// # Errors
    /// When the graph fails or gives a number that is not finite.
    pub(super) fn read(&self, pictures: &[&RgbPixels]) -> Result<Vec<PictureReading>, EmbedError> {
        // Sizes differ only where a model takes pictures of any size.
        let n = if self.preprocessing.output_size().is_some() { BATCH_PICTURES } else { 1 };
        let mut readings = Vec::with_capacity(pictures.len());
        for batch in pictures.chunks(n) {
            readings.extend(self.run(batch)?);
        }
        Ok(readings)
    }

    fn run(&self, pictures: &[&RgbPixels]) -> Result<Vec<PictureReading>, EmbedError> {
        let layout = |reason| EmbedError::Layout { model: self.model.clone(), reason };
        let prepared = pictures
            .par_iter()
            .map(|picture| self.preprocessing.apply(picture))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| layout(causes(&error)))?;
        let mut numbers = Vec::with_capacity(prepared.iter().map(|(own, ..)| own.len()).sum());
        let mut size = None;
        for (own, width, height) in prepared {
            if *size.get_or_insert((width, height)) != (width, height) {
                return Err(layout("pictures of a batch have different sizes".to_owned()));
            }
            numbers.extend(own);
        }
        let (width, height) = size.unwrap_or_default();
        let shape = [pictures.len(), 3, height as usize, width as usize];
        self.tower.read_pixels(PixelBatch { shape, numbers })
    }
}

pub(super) fn causes(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
