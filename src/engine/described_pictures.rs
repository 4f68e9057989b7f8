//! Pictures with the texts that describe them, read for learning and measuring.

use super::error::{EngineError, io_error};
use super::knowledge_base::KnowledgeBase;
use crate::adapt::{Example, Examples, drawings};
use crate::embed::{PictureEmbedder, TextRole};
use crate::eval::PictureDataset;
use crate::model::FragmentKind;
use crate::picture::{Picture, RgbPixels};
use rayon::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Pictures decoded side by side; bounds memory.
const PICTURES_AT_ONCE: usize = 16;

/// A picture and the texts that describe it.
#[derive(Clone, Debug)]
pub struct DescribedPicture {
    /// Its name: path or source.
    pub id: String,
    /// Its encoded bytes.
    pub bytes: Vec<u8>,
    /// Texts, at least one.
    pub texts: Vec<String>,
}

/// Reads pairs: one JSON object on a line, with `image`, a path beside the file, and
/// `text`, or `texts` or `captions`, a list.
///
/// # Errors
/// When the file or a picture cannot be read, or a line is malformed.
pub fn read_pairs(path: &Path) -> Result<Vec<DescribedPicture>, EngineError> {
    #[derive(Deserialize)]
    struct Line {
        image: PathBuf,
        text: Option<String>,
        #[serde(default, alias = "captions")]
        texts: Vec<String>,
    }
    let text = std::fs::read_to_string(path).map_err(io_error("read", path))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut texts: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line: Line = serde_json::from_str(line).map_err(|source| EngineError::PairLine {
            path: path.to_owned(),
            line: i + 1,
            source,
        })?;
        let of_picture = texts.entry(line.image).or_default();
        for text in line.text.into_iter().chain(line.texts) {
            if !text.trim().is_empty() && !of_picture.contains(&text) {
                of_picture.push(text);
            }
        }
    }
    let described = texts.into_iter().filter(|(_, texts)| !texts.is_empty());
    described
        .map(|(image, texts)| {
            let path = folder.join(&image);
            let bytes = std::fs::read(&path).map_err(io_error("read", &path))?;
            Ok(DescribedPicture { id: image.display().to_string(), bytes, texts })
        })
        .collect()
}

impl KnowledgeBase {
    /// The pictures of this knowledge base with their alternative texts and captions.
    ///
    /// # Errors
    /// When the graph or the bytes cannot be read.
    pub fn described_pictures(&self) -> Result<Vec<DescribedPicture>, EngineError> {
        let mut texts: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for fragment in self.graph.fragments()? {
            let FragmentKind::Picture { picture, alt, caption } = fragment.kind else { continue };
            let of_picture = texts.entry(picture).or_default();
            for text in std::iter::once(alt).chain(caption) {
                if !text.trim().is_empty() && !of_picture.contains(&text) {
                    of_picture.push(text);
                }
            }
        }
        let mut described = Vec::new();
        for document in self.graph.documents()? {
            if !document.media_type.is_picture() {
                continue;
            }
            if let Some(texts) = texts.remove(&document.id).filter(|texts| !texts.is_empty()) {
                let bytes = self.blobs.get(&document.digest)?;
                described.push(DescribedPicture { id: document.source, bytes, texts });
            }
        }
        Ok(described)
    }
}

/// Texts in the order in which they first come, each once.
#[derive(Default)]
struct Texts {
    positions: BTreeMap<String, usize>,
    words: Vec<String>,
}

impl Texts {
    fn position(&mut self, text: &str) -> usize {
        if let Some(position) = self.positions.get(text) {
            return *position;
        }
        self.positions.insert(text.to_owned(), self.words.len());
        self.words.push(text.to_owned());
        self.words.len() - 1
    }

    fn embedded(&self, model: &dyn PictureEmbedder) -> Result<Vec<Vec<f32>>, EngineError> {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        Ok(model.embed(&words, TextRole::Query, &mut |_| {})?.vectors)
    }
}

pub(super) fn read_examples(
    model: &dyn PictureEmbedder,
    pictures: &[DescribedPicture],
    max_views: usize,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Examples, EngineError> {
    let mut texts = Texts::default();
    let mut examples = Vec::with_capacity(pictures.len());
    let with_views = max_views > 1;
    for batch in pictures.chunks(PICTURES_AT_ONCE) {
        let decoded: Vec<RgbPixels> = batch
            .par_iter()
            .map(|picture| match Picture::decode(&picture.bytes) {
                Ok(decoded) => Ok(decoded.on_white()),
                Err(source) => {
                    Err(EngineError::PictureFile { path: picture.id.clone().into(), source })
                }
            })
            .collect::<Result<_, _>>()?;
        let n_views = if with_views { 3 } else { 1 };
        let views: Vec<RgbPixels> = decoded
            .into_iter()
            .flat_map(|whole| {
                let others =
                    if with_views { vec![mirrored(&whole), inner(&whole)] } else { vec![] };
                std::iter::once(whole).chain(others)
            })
            .collect();
        let readings = model.read_pictures(&views.iter().collect::<Vec<_>>())?;
        for (picture, views) in batch.iter().zip(readings.chunks(n_views)) {
            let Some(whole) = views.first() else { continue };
            examples.push(Example {
                id: picture.id.clone(),
                vector: whole.vector.clone(),
                views: views.iter().map(|view| view.features.clone()).collect(),
                texts: picture.texts.iter().map(|text| texts.position(text)).collect(),
            });
        }
        progress(examples.len(), pictures.len());
    }
    Ok(Examples { pictures: examples, texts: texts.embedded(model)? })
}

pub(super) fn drawn(model: &dyn PictureEmbedder) -> Result<Examples, EngineError> {
    let drawings = drawings();
    let pixels: Vec<&RgbPixels> = drawings.iter().map(|(picture, _)| picture).collect();
    let mut texts = Texts::default();
    let readings = model.read_pictures(&pixels)?;
    let pictures = readings.into_iter().zip(&drawings).map(|(reading, (_, text))| Example {
        id: text.clone(),
        vector: reading.vector,
        views: vec![reading.features],
        texts: vec![texts.position(text)],
    });
    let pictures = pictures.collect();
    Ok(Examples { pictures, texts: texts.embedded(model)? })
}

/// A data set of pictures and judged texts as examples.
pub(super) fn read_dataset(
    model: &dyn PictureEmbedder,
    dataset: &PictureDataset,
) -> Result<Examples, EngineError> {
    let words: BTreeMap<&str, &str> =
        dataset.texts.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    let of_pictures = dataset.by_picture();
    let mut texts = Texts::default();
    let mut pictures = Vec::new();
    for batch in dataset.pictures.chunks(PICTURES_AT_ONCE) {
        let decoded: Vec<RgbPixels> = batch
            .par_iter()
            .map(|(_, path)| {
                let bytes = std::fs::read(path).map_err(io_error("read", path))?;
                match Picture::decode(&bytes) {
                    Ok(decoded) => Ok(decoded.on_white()),
                    Err(source) => Err(EngineError::PictureFile { path: path.clone(), source }),
                }
            })
            .collect::<Result<_, EngineError>>()?;
        let readings = model.read_pictures(&decoded.iter().collect::<Vec<_>>())?;
        for ((id, _), reading) in batch.iter().zip(readings) {
            let judged = of_pictures.get(id).into_iter().flatten();
            let right = judged.filter(|(_, grade)| **grade > 0);
            pictures.push(Example {
                id: id.clone(),
                vector: reading.vector,
                views: vec![reading.features],
                texts: right
                    .filter_map(|(text, _)| words.get(text.as_str()))
                    .map(|text| texts.position(text))
                    .collect(),
            });
        }
    }
    Ok(Examples { pictures, texts: texts.embedded(model)? })
}

fn mirrored(picture: &RgbPixels) -> RgbPixels {
    let row = 3 * picture.width as usize;
    let rows = picture.bytes.chunks_exact(row.max(1));
    let bytes = rows.flat_map(|row| row.as_chunks::<3>().0.iter().rev().flatten().copied());
    RgbPixels { bytes: bytes.collect(), ..*picture }
}

/// The picture without a tenth on every side.
fn inner(picture: &RgbPixels) -> RgbPixels {
    let (left, top) = (picture.width / 10, picture.height / 10);
    let (width, height) = (picture.width - 2 * left, picture.height - 2 * top);
    let rows = picture.bytes.chunks_exact(3 * picture.width.max(1) as usize);
    let rows = rows.skip(top as usize).take(height as usize);
    let columns = 3 * left as usize..3 * (left + width) as usize;
    let bytes = rows.flat_map(|row| row.get(columns.clone()).unwrap_or(&[]).iter().copied());
    RgbPixels { width, height, bytes: bytes.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_show_the_same_pixels_elsewhere() {
        let bytes: Vec<u8> = (0..20 * 10 * 3).map(|i| (i % 251) as u8).collect();
        let picture = RgbPixels { width: 20, height: 10, bytes };
        assert_eq!(mirrored(&mirrored(&picture)), picture);
        assert_eq!(mirrored(&picture).bytes[..3], picture.bytes[57..60]);
        let inner = inner(&picture);
        assert_eq!((inner.width, inner.height, inner.bytes.len()), (16, 8, 16 * 8 * 3));
        assert_eq!(inner.bytes[..3], picture.bytes[66..69]);
    }

    #[test]
    fn pairs_of_one_picture_are_joined_and_a_malformed_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        write("a.png", "x");
        let good = "{\"image\":\"a.png\",\"text\":\"one\"}\n{\"image\":\"a.png\",\"captions\":[\"one\",\"two\"]}\n";
        let pairs = read_pairs(&write("pairs.jsonl", good)).unwrap();
        assert_eq!((pairs.len(), pairs[0].texts.clone()), (1, vec!["one".into(), "two".into()]));
        let error = read_pairs(&write("bad.jsonl", "{\"text\":1}\n")).unwrap_err().to_string();
        assert!(error.contains("bad.jsonl line 1"), "{error}");
    }
}
