//! Picture files into vectors and text: decoded side by side, once for every use.

use super::models::Models;
use super::picture_text::add_text;
use crate::embed::PictureEmbedder;
use crate::ingest::{LoadError, LoadedPicture, SourceItem};
use crate::model::{Loaded, MediaType, Region};
use crate::picture::{PIXELS_AT_ONCE, RgbPixels, groups, tiles};
use rayon::prelude::*;

/// A picture file with what was made of its pixels.
pub(super) struct EmbeddedPicture {
    pub(super) media_type: MediaType,
    pub(super) loaded: Loaded,
    /// Parts of a large picture.
    pub(super) regions: Vec<Region>,
    /// For each space of pictures the vector of the whole and those of the parts.
    pub(super) vectors: Vec<Vec<Vec<f32>>>,
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
    with_regions: bool,
    progress: &mut dyn FnMut(usize),
) -> Vec<Result<EmbeddedPicture, LoadError>> {
    let encoded: Vec<&[u8]> = items.iter().map(|item| item.bytes.as_slice()).collect();
    let mut taken = Vec::with_capacity(items.len());
    for group in groups(&encoded, PIXELS_AT_ONCE) {
        let items = items.get(group).unwrap_or_default();
        let views = |item: &&SourceItem| Ok(views(load(item)?, with_regions));
        taken.extend(embedded(models, items, items.par_iter().map(views).collect()));
        progress(taken.len());
    }
    taken
}

/// A picture and its parts.
struct Views {
    loaded: LoadedPicture,
    parts: Vec<(Region, RgbPixels)>,
}

impl Views {
    fn pixels(&self) -> impl Iterator<Item = &RgbPixels> {
        std::iter::once(&self.loaded.pixels).chain(self.parts.iter().map(|(_, pixels)| pixels))
    }
}

fn views(loaded: LoadedPicture, with_regions: bool) -> Views {
    let (width, height) = (loaded.pixels.width, loaded.pixels.height);
    let regions = if with_regions { tiles(width, height) } else { Vec::new() };
    let part = |region: Region| Some((region, loaded.pixels.part(&region)?));
    let parts = regions.into_iter().filter_map(part).collect();
    Views { loaded, parts }
}

fn embedded(
    models: &Models,
    items: &[&SourceItem],
    views: Vec<Result<Views, LoadError>>,
) -> Vec<Result<EmbeddedPicture, LoadError>> {
    let all: Vec<&RgbPixels> = views.iter().flatten().flat_map(Views::pixels).collect();
    let mut by_space: Vec<_> =
        models.pictures.iter().map(|model| embed_each(model.as_ref(), &all).into_iter()).collect();
    items
        .iter()
        .zip(views)
        .map(|(item, views)| {
            let Views { loaded, parts } = views?;
            let n = 1 + parts.len();
            // Every space is asked, so that the next picture finds its own vectors.
            let own: Vec<Result<Vec<Vec<f32>>, _>> =
                by_space.iter_mut().map(|space| space.by_ref().take(n).collect()).collect();
            let vectors = own
                .into_iter()
                .collect::<Result<_, _>>()
                .map_err(|source| LoadError::Embed { source_path: item.source.clone(), source })?;
            let regions = parts.into_iter().map(|(region, _)| region).collect();
            let LoadedPicture { media_type, mut loaded, pixels } = loaded;
            add_text(models, &mut loaded, &pixels).map_err(|source| LoadError::Embed {
                source_path: item.source.clone(),
                source: source.into(),
            })?;
            Ok(EmbeddedPicture { media_type, loaded, regions, vectors })
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
