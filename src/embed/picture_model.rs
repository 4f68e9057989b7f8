//! Pictures and words in one space: a two-tower model run by ONNX Runtime.
//!
//! The layout is that of the common exports: `onnx/vision_model.onnx` and
//! `onnx/text_model.onnx`, or one `onnx/model.onnx` with both sides, in any
//! precision (`_fp16`, `_quantized`), with `preprocessor_config.json` and
//! `tokenizer.json`. What the graphs are called inside is found out from them.

use super::embedder::{EmbedError, EmbeddedTexts, Embedder, TextRole, TokenCounter};
use super::installed::{VerifiedModel, verify};
use super::registry::ModelEntry;
use super::runtime::Runtime;
use super::text_model::OpenError;
use super::tower::{TokenBatch, Tower};
use super::vision_tower::VisionTower;
use crate::model::{Calibration, Digest, Space};
use crate::picture::RgbPixels;
use serde::Deserialize;
use std::path::Path;
use std::sync::Arc;
use tokenizers::{Encoding, Tokenizer, TruncationParams};

/// Texts in one run.
const BATCH_TEXTS: usize = 32;
/// What cannot be read from a model's files and fails silently when it is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextTower {
    /// Longest text in tokens, special tokens included.
    pub max_tokens: usize,
    /// Token that fills short texts.
    pub pad_id: u32,
    /// Whether every text is filled up to `max_tokens` (SigLIP), or only to the
    /// longest of its batch (CLIP).
    pub pad_to_max: bool,
}

impl TextTower {
    /// CLIP: at most 77 tokens; the end-of-text token fills the rest.
    pub const CLIP: Self = Self { max_tokens: 77, pad_id: 49_407, pad_to_max: false };
    /// SigLIP: always 64 tokens, filled with `</s>`.
    pub const SIGLIP: Self = Self { max_tokens: 64, pad_id: 1, pad_to_max: true };
    /// SigLIP 2: always 64 tokens, filled with `<pad>`.
    pub const SIGLIP2: Self = Self { max_tokens: 64, pad_id: 0, pad_to_max: true };
}

/// Embeds pictures into the space in which it embeds texts.
pub trait PictureEmbedder: Embedder {
    /// Vectors of pictures, in their order.
    ///
    /// # Errors
    /// When the model fails or gives a number that is not finite.
    fn embed_pictures(&self, pictures: &[&RgbPixels]) -> Result<Vec<Vec<f32>>, EmbedError>;

    /// Vectors of pictures together with what a learned head can read of them.
    ///
    /// # Errors
    /// When the model fails or gives a number that is not finite.
    fn read_pictures(&self, pictures: &[&RgbPixels]) -> Result<Vec<PictureReading>, EmbedError>;

    /// What the cosine of a text and a picture means in this space, where the model
    /// says so.
    fn calibration(&self) -> Option<&Calibration>;
}

/// What a model sees in a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureReading {
    /// The vector, of unit length.
    pub vector: Vec<f32>,
    /// What the model computed on the way to it; the vector itself where its graph
    /// has no output `features`.
    pub features: Vec<f32>,
}

/// A loaded two-tower model.
pub struct PictureModel {
    space: Space,
    vision: VisionTower,
    tokenizer: Tokenizer,
    text: TextTower,
    text_side: Arc<Tower>,
    calibration: Option<Calibration>,
}

impl PictureModel {
    /// Verifies the files of `entry` under `cache_dir` and loads them.
    ///
    /// # Errors
    /// When a file is missing or altered, or the runtime refuses the model.
    pub fn open(
        runtime: &Runtime,
        entry: &ModelEntry,
        cache_dir: &Path,
        n_threads: usize,
    ) -> Result<Self, OpenError> {
        let VerifiedModel { folder, mut digests } = verify(entry, cache_dir)?;
        let text = entry.text_tower.ok_or_else(|| EmbedError::Layout {
            model: entry.name.clone(),
            reason: "expected `text_tower` in its registry entry, found none".to_owned(),
        })?;
        digests.sort();
        let model = Self::load(runtime, &entry.name, &folder, digests, text, n_threads)?;
        Ok(Self { calibration: entry.calibration(), ..model })
    }

    /// Loads the model in `folder`. `files` are its files with their digests,
    /// which the caller has verified: they are the identity of the space.
    ///
    /// # Errors
    /// When a file is missing or of another form, or the two towers disagree.
    pub fn load(
        runtime: &Runtime,
        name: &str,
        folder: &Path,
        files: Vec<(String, Digest)>,
        text: TextTower,
        n_threads: usize,
    ) -> Result<Self, EmbedError> {
        let layout = |reason: String| EmbedError::Layout { model: name.to_owned(), reason };
        let tokenizer = tokenizer(name, &folder.join("tokenizer.json"), text)?;
        let (pictures, text_side) = towers(runtime, name, folder, &files, n_threads)?;
        let vision = VisionTower::new(name, folder, pictures)?;
        let mut model = Self {
            space: Space {
                model: name.to_owned(),
                files,
                preprocessing: format!("{}; {text:?}", vision.describe()),
                pooling: "in the graph".to_owned(),
                dimension: 0,
                normalised: true,
            },
            vision,
            tokenizer,
            text,
            text_side,
            calibration: None,
        };
        let words = model.embed(&["a picture"], TextRole::Query, &mut |_| {})?.vectors;
        let lengths = (model.vision.dimension()?, words.first().map_or(0, Vec::len));
        if lengths.0 != lengths.1 || lengths.0 == 0 {
            return Err(layout(format!(
                "expected vectors of equal length, found {} for pictures and {} for texts",
                lengths.0, lengths.1
            )));
        }
        model.space.dimension = lengths.0;
        Ok(model)
    }

    /// Tokens of a text as the model reads them, special tokens included, cut to
    /// the longest text.
    ///
    /// # Errors
    /// When the tokenizer refuses the text.
    pub fn token_ids(&self, text: &str) -> Result<Vec<u32>, EmbedError> {
        let encoding = self.tokenizer.encode_fast(text, true).map_err(|error| {
            EmbedError::Tokenizer { model: self.space.model.clone(), reason: error.to_string() }
        })?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The numbers that the model reads of a picture: all of the first channel row by
    /// row, then the next.
    ///
    /// # Errors
    /// When the picture has no pixels.
    pub fn pixel_values(&self, picture: &RgbPixels) -> Result<Vec<f32>, EmbedError> {
        self.vision.pixel_values(picture)
    }

    fn run_texts(&self, batch: &[Encoding]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let longest = batch.iter().map(Encoding::len).max().unwrap_or(0).max(1);
        let length = if self.text.pad_to_max { self.text.max_tokens } else { longest };
        let padded = |values: fn(&Encoding) -> &[u32], fill: u32| -> Vec<i64> {
            let mut flat = Vec::with_capacity(batch.len() * length);
            for encoding in batch {
                let row = values(encoding);
                flat.extend(row.iter().map(|value| i64::from(*value)));
                flat.extend(std::iter::repeat_n(i64::from(fill), length - row.len()));
            }
            flat
        };
        self.text_side.embed_tokens(TokenBatch {
            shape: [batch.len(), length],
            ids: padded(Encoding::get_ids, self.text.pad_id),
            mask: padded(Encoding::get_attention_mask, 0),
        })
    }
}

impl Embedder for PictureModel {
    fn space(&self) -> &Space {
        &self.space
    }

    fn embed(
        &self,
        texts: &[&str],
        _role: TextRole,
        progress: &mut dyn FnMut(usize),
    ) -> Result<EmbeddedTexts, EmbedError> {
        let encodings =
            self.tokenizer.encode_batch_fast(texts.to_vec(), true).map_err(|error| {
                EmbedError::Tokenizer { model: self.space.model.clone(), reason: error.to_string() }
            })?;
        let n_truncated =
            encodings.iter().filter(|encoding| !encoding.get_overflowing().is_empty()).count();
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in encodings.chunks(BATCH_TEXTS) {
            vectors.extend(self.run_texts(batch)?);
            progress(vectors.len());
        }
        Ok(EmbeddedTexts { vectors, n_truncated })
    }

    fn token_counter(&self) -> TokenCounter {
        TokenCounter::new(self.tokenizer.clone())
    }
}

impl PictureEmbedder for PictureModel {
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

/// The graphs of pictures and of texts; they are the same where one file holds
/// both sides.
fn towers(
    runtime: &Runtime,
    model: &str,
    folder: &Path,
    files: &[(String, Digest)],
    n_threads: usize,
) -> Result<(Arc<Tower>, Arc<Tower>), EmbedError> {
    // `onnx/vision_model.onnx`, `onnx/vision_model_fp16.onnx`, ...
    let load = |side: &str| {
        let named = files.iter().map(|(file, _)| file).find(|file| {
            file.rsplit('/').next().is_some_and(|file| file.starts_with(side))
                && file.ends_with(".onnx")
        });
        let file = named?;
        Some(Tower::load(runtime, model, &folder.join(file), n_threads).map(Arc::new))
    };
    if let (Some(pictures), Some(texts)) = (load("vision_model"), load("text_model")) {
        return Ok((pictures?, texts?));
    }
    let both = load("model").unwrap_or_else(|| {
        let files = "vision_model*.onnx and text_model*.onnx, or one model*.onnx";
        Err(EmbedError::Layout {
            model: model.to_owned(),
            reason: format!("expected the files {files}, found neither"),
        })
    })?;
    Ok((Arc::clone(&both), both))
}

fn tokenizer(model: &str, path: &Path, text: TextTower) -> Result<Tokenizer, EmbedError> {
    let refused = |error: tokenizers::Error| EmbedError::Tokenizer {
        model: model.to_owned(),
        reason: error.to_string(),
    };
    let mut tokenizer = Tokenizer::from_file(path).map_err(refused)?;
    // The file may fix its own padding and truncation; the entry decides.
    tokenizer.with_padding(None);
    let truncation = TruncationParams { max_length: text.max_tokens, ..Default::default() };
    tokenizer.with_truncation(Some(truncation)).map_err(refused)?;
    Ok(tokenizer)
}
