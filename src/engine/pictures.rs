//! Picture files into vectors and text: decoded side by side, once for every use.

use super::models::Models;
use super::picture_text::add_text;
use crate::embed::PictureEmbedder;
use crate::ingest::{LoadError, LoadedPicture, SourceItem};
use crate::model::{Loaded, MediaType};
use crate::picture::{PIXELS_AT_ONCE, RgbPixels, groups};
use rayon::prelude::*;

/// A picture file with what was made of its pixels.
pub(super) struct EmbeddedPicture {
    pub(super) media_type: MediaType,
    pub(super) loaded: Loaded,
    /// One vector for each space of pictures.
    pub(super) vectors: Vec<Vec<f32>>,
}

/// Decodes one picture.
type LoadPicture<'a> = dyn Fn(&SourceItem) -> Result<LoadedPicture, LoadError> + Sync + 'a;

/// Decodes pictures and embeds them in every space of pictures. One that fails
/// does not stop the others. As many pixels are in memory at a time as
/// [`PIXELS_AT_ONCE`] allows; `progress` hears how many pictures are done.
pub(super) fn embedded_pictures(
    models: &Models,
    items: &[&SourceItem],
    load: &LoadPicture<'_>,
    progress: &mut dyn FnMut(usize),
) -> Vec<Result<EmbeddedPicture, LoadError>> {
    let encoded: Vec<&[u8]> = items.iter().map(|item| item.bytes.as_slice()).collect();
    let mut taken = Vec::with_capacity(items.len());
    for group in groups(&encoded, PIXELS_AT_ONCE) {
        let items = items.get(group).unwrap_or_default();
        let loaded = items.par_iter().map(|item| load(item)).collect();
        taken.extend(embedded(models, items, loaded));
        progress(taken.len());
    }
    taken
}

fn embedded(
    models: &Models,
    items: &[&SourceItem],
    loaded: Vec<Result<LoadedPicture, LoadError>>,
) -> Vec<Result<EmbeddedPicture, LoadError>> {
    let pixels: Vec<&RgbPixels> =
        loaded.iter().filter_map(|loaded| Some(&loaded.as_ref().ok()?.pixels)).collect();
    let mut by_space: Vec<_> = models
        .pictures
        .iter()
        .map(|model| embed_each(model.as_ref(), &pixels).into_iter())
        .collect();
    let vectors: Vec<Result<Vec<Vec<f32>>, _>> =
        pixels.iter().map(|_| by_space.iter_mut().filter_map(Iterator::next).collect()).collect();
    let mut vectors = vectors.into_iter();
    items
        .iter()
        .zip(loaded)
        .map(|(item, loaded)| {
            let LoadedPicture { media_type, mut loaded, pixels } = loaded?;
            let vectors = vectors
                .next()
                .unwrap_or(Ok(Vec::new()))
                .map_err(|source| LoadError::Embed { source_path: item.source.clone(), source })?;
            add_text(models, &mut loaded, &pixels).map_err(|source| LoadError::Embed {
                source_path: item.source.clone(),
                source: source.into(),
            })?;
            Ok(EmbeddedPicture { media_type, loaded, vectors })
        })
        .collect()
}

/// The vector of each picture. When the model fails on a batch, the pictures are
/// tried one by one, to know which it was.
fn embed_each(
    model: &dyn PictureEmbedder,
    pixels: &[&RgbPixels],
) -> Vec<Result<Vec<f32>, Box<dyn std::error::Error + Send + Sync>>> {
    if let Ok(vectors) = model.embed_pictures(pixels) {
        return vectors.into_iter().map(Ok).collect();
    }
    let alone = |picture: &&RgbPixels| {
        let vectors = model.embed_pictures(&[picture])?;
        Ok(vectors.into_iter().next().unwrap_or_default())
    };
    pixels.iter().map(alone).collect()
}
