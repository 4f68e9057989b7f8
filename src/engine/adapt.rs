//! A space learns a knowledge base's own pictures.

use super::build::now;
use super::error::{EngineError, io_error};
use super::knowledge_base::KnowledgeBase;
use crate::adapt::{
    CalibrationReport, Comparison, Example, Examples, LearnedSettings, calibrate, drawings, learn,
};
use crate::embed::{
    ADAPTED_MARK, AdaptedPictureModel, AdaptedSpace, PictureEmbedder, TextRole, read_adapted,
    write_adapted,
};
use crate::eval::PictureDataset;
use crate::model::{Digest, FragmentKind};
use crate::picture::{Picture, RgbPixels};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Pictures decoded side by side; bounds memory.
const PICTURES_AT_ONCE: usize = 16;
/// Up to so many pictures, each is also read mirrored and without its border.
const MAX_WITH_VIEWS: usize = 500;
/// Hits of each question that a calibration is learned from.
pub(super) const HITS_PER_QUESTION: usize = 10;
/// What a check set may lose of recall@10.
const MAX_CHECK_LOSS: f64 = 0.02;
/// Fewest held-back pictures that a comparison is made on.
const MIN_HELD_BACK: usize = 5;

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

/// How a space is adapted.
#[derive(Clone, Debug)]
pub struct AdaptOptions {
    /// What comes after the mark in the name of the new space.
    pub name: String,
    /// Share of the pictures that is held back.
    pub held_back: f64,
    /// Decides which pictures are held back.
    pub seed: u64,
    /// Note on the licence of the pictures, kept with the space.
    pub licence: Option<String>,
}

/// What adapting changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AdaptReport {
    /// Name of the new space.
    pub name: String,
    /// The space it was learned in.
    pub base: String,
    /// Digest of the names, bytes and texts of all pictures.
    pub pairs: Digest,
    /// Pictures with a text, held-back ones included.
    pub n_pictures: usize,
    /// Different texts.
    pub n_texts: usize,
    /// Pictures that were held back for the comparison.
    pub n_held_back: usize,
    /// Seed of the split.
    pub seed: u64,
    /// Note on the licence of the pictures.
    pub licence: Option<String>,
    /// Settings that were chosen.
    pub settings: LearnedSettings,
    /// Held-back pictures before and after, by a head that was learned without them;
    /// the head of the space is learned from all.
    pub held_back: Comparison,
    /// Check sets before and after, by the head of the space; each picture by what the
    /// head knows of the other half of the check sets.
    pub checks: BTreeMap<String, Comparison>,
    /// What a cosine means in it, from hits on the held-back pictures.
    pub calibration: Option<CalibrationReport>,
    /// Why it must not be put into service.
    pub refused: Vec<String>,
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

/// Learns a head for the space of `model` and keeps it in `models/` of the knowledge
/// base in `root`. A space that must not be put into service is kept too: its report
/// says why.
///
/// # Errors
/// When there is a space of that name, a picture cannot be read, there are too few, or
/// the model fails.
pub fn adapt(
    root: &Path,
    model: &Arc<dyn PictureEmbedder>,
    pictures: &[DescribedPicture],
    checks: &[PictureDataset],
    options: &AdaptOptions,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<AdaptReport, EngineError> {
    let base = model.space().clone();
    let name = format!("{}{ADAPTED_MARK}{}", base.model, options.name);
    let folder = adapted_folder(root, &name);
    let usable = options.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if options.name.is_empty() || !usable {
        return Err(EngineError::AdaptedName(options.name.clone()));
    }
    if folder.exists() {
        return Err(EngineError::Exists(folder));
    }
    let max_views = if pictures.len() <= MAX_WITH_VIEWS { 3 } else { 1 };
    let examples = read_examples(model.as_ref(), pictures, max_views, progress)?;
    let mut check_sets = vec![("drawings".to_owned(), drawn(model.as_ref())?)];
    for check in checks {
        check_sets.push((check.name.clone(), read_dataset(model.as_ref(), check)?));
    }
    let others: Vec<Examples> = check_sets.iter().map(|(_, set)| set.clone()).collect();
    let (seen, unseen) = examples.split(options.held_back, options.seed);
    if unseen.pictures.len() < MIN_HELD_BACK {
        return Err(EngineError::HeldBack { found: unseen.pictures.len(), least: MIN_HELD_BACK });
    }
    let trial = learn(&seen, &others)?;
    let after = moved(&trial.head, &unseen)?;
    let held_back = Comparison::of(
        &unseen.places(&unseen.vectors(), None),
        &unseen.places(&after, None),
        options.seed,
    );
    let learned = learn(&examples, &others)?;
    let mut checks = BTreeMap::new();
    for ((name, set), after) in check_sets.iter().zip(&learned.checks) {
        let (before, after) = (set.places(&set.vectors(), None), set.places(after, None));
        checks.insert(name.clone(), Comparison::of(&before, &after, options.seed));
    }
    let questions = unseen.hits(&after, HITS_PER_QUESTION);
    let mut report = AdaptReport {
        name: name.clone(),
        base: base.display_name(),
        pairs: digest_of(pictures),
        n_pictures: examples.pictures.len(),
        n_texts: examples.texts.len(),
        n_held_back: unseen.pictures.len(),
        seed: options.seed,
        licence: options.licence.clone(),
        settings: learned.settings,
        held_back,
        checks,
        // Too few held-back hits of one kind leave it without a calibration.
        calibration: calibrate(&questions, None, options.seed).ok(),
        refused: Vec::new(),
    };
    report.refused = refusals(&report);
    let mut space = AdaptedSpace::new(&name, &base, &learned.head, now());
    space.calibration = report.calibration.as_ref().map(|report| report.calibration.clone());
    space.report = serde_json::to_value(&report).unwrap_or_default();
    write_adapted(&folder, &space, &learned.head)?;
    Ok(report)
}

/// The folder of an adapted space.
fn adapted_folder(root: &Path, name: &str) -> PathBuf {
    root.join("models").join(name)
}

/// What is known of the adapted space `name` of the knowledge base in `root`.
///
/// # Errors
/// When there is none, or it was altered.
pub fn adapted_space(root: &Path, name: &str) -> Result<AdaptedSpace, EngineError> {
    Ok(read_adapted(&adapted_folder(root, name))?.0)
}

/// Puts the head of the adapted space `name` on the model it was learned in.
///
/// # Errors
/// When there is no such space, it was altered, or `base` is another model.
pub fn adapted_model(
    root: &Path,
    name: &str,
    base: Arc<dyn PictureEmbedder>,
) -> Result<AdaptedPictureModel, EngineError> {
    let (space, head) = read_adapted(&adapted_folder(root, name))?;
    Ok(AdaptedPictureModel::new(base, &space, head)?)
}

fn refusals(report: &AdaptReport) -> Vec<String> {
    let mut refused = Vec::new();
    let both = report.held_back.both;
    if !report.held_back.is_better() {
        refused.push(format!(
            "the held-back pictures are not found better: mean reciprocal place {:.3} before, {:.3} after, 95 % interval of the difference {:+.3} to {:+.3}",
            both.before, both.after, both.low, both.high
        ));
    }
    for (name, check) in &report.checks {
        let recall = check.text_to_image.recall_10;
        if recall.before - recall.after > MAX_CHECK_LOSS {
            refused.push(format!(
                "the check set `{name}` loses more than {:.0} points of recall@10: {:.3} before, {:.3} after",
                100.0 * MAX_CHECK_LOSS,
                recall.before,
                recall.after
            ));
        }
    }
    refused
}

fn moved(head: &crate::embed::Head, examples: &Examples) -> Result<Vec<Vec<f32>>, EngineError> {
    let pictures = examples.pictures.par_iter();
    Ok(pictures
        .map(|p| head.apply(&p.vector, p.views.first().map_or(&[], Vec::as_slice)))
        .collect::<Result<_, _>>()
        .map_err(crate::adapt::LearnError::from)?)
}

fn digest_of(pictures: &[DescribedPicture]) -> Digest {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for picture in pictures {
        parts.push(picture.id.clone().into());
        parts.push(Digest::of(&picture.bytes).as_bytes().to_vec());
        parts.push(picture.texts.join("\n").into());
    }
    Digest::of_parts(parts.iter().map(Vec::as_slice))
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

fn drawn(model: &dyn PictureEmbedder) -> Result<Examples, EngineError> {
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
