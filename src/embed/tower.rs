//! One graph of a picture model: pixels, tokens, or both go in, vectors come out.
//!
//! Exports differ in names, number types and in whether each side has a file of
//! its own. What a graph wants is read from the graph.

use super::embedder::EmbedError;
use super::picture_model::PictureReading;
use super::runtime::Runtime;
use super::sessions::load_session;
use half::f16;
use ort::session::{Session, SessionOutputs};
use ort::value::{DynValue, Tensor, TensorElementType};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Names that exports give to the vector of a picture, best first.
const PICTURE_OUTPUTS: [&str; 4] =
    ["image_embeds", "pooler_output", "embeddings", "sentence_embedding"];
/// The same for a text.
const TEXT_OUTPUTS: [&str; 4] =
    ["text_embeds", "pooler_output", "embeddings", "sentence_embedding"];

/// Name of the output that a learned head reads.
const FEATURES: &str = "features";

/// One row of numbers for each picture or text.
type Rows = Vec<Vec<f32>>;

/// A loaded graph.
pub(super) struct Tower {
    model: String,
    inputs: Vec<Input>,
    session: Mutex<Session>,
}

struct Input {
    name: String,
    role: Role,
    element: TensorElementType,
    /// Lengths of the axes; what may vary is not positive.
    shape: Vec<i64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Pixels,
    Ids,
    Mask,
}

/// Pixels of a batch, channels first.
pub(super) struct PixelBatch {
    /// Pictures, 3, rows, columns.
    pub(super) shape: [usize; 4],
    /// One number for each channel of each pixel.
    pub(super) numbers: Vec<f32>,
}

/// Tokens of a batch.
pub(super) struct TokenBatch {
    /// Texts, tokens.
    pub(super) shape: [usize; 2],
    /// Numbers of tokens.
    pub(super) ids: Vec<i64>,
    /// 1 where a token is, 0 where the text was filled up.
    pub(super) mask: Vec<i64>,
}

impl Tower {
    pub(super) fn load(
        runtime: &Runtime,
        model: &str,
        path: &Path,
        n_threads: usize,
    ) -> Result<Self, EmbedError> {
        let session = load_session(runtime, model, path, n_threads)?;
        let inputs = session.inputs().iter().map(|input| {
            let element = input.dtype().tensor_type().unwrap_or(TensorElementType::Float32);
            let shape = input.dtype().tensor_shape().map(|shape| shape.to_vec());
            let role = match element {
                TensorElementType::Float32 | TensorElementType::Float16 => Role::Pixels,
                _ if input.name() == "attention_mask" => Role::Mask,
                _ => Role::Ids,
            };
            Input { name: input.name().to_owned(), role, element, shape: shape.unwrap_or_default() }
        });
        let inputs = inputs.collect();
        Ok(Self { model: model.to_owned(), inputs, session: Mutex::new(session) })
    }

    /// Unit vectors of pictures and what the graph says beside them.
    pub(super) fn read_pixels(&self, batch: PixelBatch) -> Result<Vec<PictureReading>, EmbedError> {
        let n = batch.shape[0];
        let blank = TokenBatch { shape: [1, 1], ids: vec![0], mask: vec![1] };
        let outputs = &PICTURE_OUTPUTS;
        let (vectors, features) = self.run(Some(batch), blank, outputs, n, "a picture")?;
        let features = features.unwrap_or_else(|| vectors.clone());
        let both = vectors.into_iter().zip(features);
        Ok(both.map(|(vector, features)| PictureReading { vector, features }).collect())
    }

    /// Unit vectors of texts.
    pub(super) fn embed_tokens(&self, batch: TokenBatch) -> Result<Rows, EmbedError> {
        let n = batch.shape[0];
        Ok(self.run(None, batch, &TEXT_OUTPUTS, n, "a text")?.0)
    }

    /// Unit vectors, and the rows of the output `features` where there is one. A graph
    /// of both sides wants the other side too: it gets a blank.
    fn run(
        &self,
        mut pixels: Option<PixelBatch>,
        tokens: TokenBatch,
        outputs: &[&str],
        n: usize,
        what: &'static str,
    ) -> Result<(Rows, Option<Rows>), EmbedError> {
        let mut feeds: Vec<(String, DynValue)> = Vec::with_capacity(self.inputs.len());
        for input in &self.inputs {
            let value = match input.role {
                Role::Pixels => {
                    let given = pixels.take();
                    float_tensor(input, given.unwrap_or_else(|| blank_pixels(input)))
                }
                Role::Ids => integer_tensor(input, tokens.shape, &tokens.ids),
                Role::Mask => integer_tensor(input, tokens.shape, &tokens.mask),
            };
            feeds.push((input.name.clone(), value.map_err(self.failed("preparing an input"))?));
        }
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let results = session.run(feeds).map_err(self.failed("embedding"))?;
        let vectors = self.unit_vectors(&results, outputs, n, what)?;
        let Some(output) = results.get(FEATURES) else { return Ok((vectors, None)) };
        let values = floats(output).map_err(self.failed("reading features"))?;
        let rows = values.chunks_exact((values.len() / n.max(1)).max(1));
        Ok((vectors, Some(rows.map(<[f32]>::to_vec).collect())))
    }

    /// The rows of the first of these outputs that there is, scaled to unit length.
    fn unit_vectors(
        &self,
        results: &SessionOutputs<'_>,
        outputs: &[&str],
        n: usize,
        what: &str,
    ) -> Result<Rows, EmbedError> {
        let output = outputs.iter().find_map(|name| results.get(*name));
        let output = output.ok_or_else(|| EmbedError::Layout {
            model: self.model.clone(),
            reason: format!("expected one of the outputs {}, found none", outputs.join(", ")),
        })?;
        let values = floats(output).map_err(self.failed("reading a vector"))?;
        let length = values.len() / n.max(1);
        let rows = values.chunks_exact(length.max(1));
        rows.map(|row| {
            let norm = row.iter().map(|value| value * value).sum::<f32>().sqrt();
            if !norm.is_finite() || norm <= 0.0 {
                let (model, text) = (self.model.clone(), what.to_owned());
                return Err(EmbedError::NotFinite { model, text });
            }
            Ok(row.iter().map(|value| value / norm).collect())
        })
        .collect()
    }

    fn failed(&self, doing: &'static str) -> impl Fn(ort::Error) -> EmbedError {
        let model = self.model.clone();
        move |source| EmbedError::Model { model: model.clone(), doing, source }
    }
}

fn blank_pixels(input: &Input) -> PixelBatch {
    let side = |axis: usize| {
        let length = input.shape.get(axis).and_then(|length| usize::try_from(*length).ok());
        length.filter(|length| *length > 0).unwrap_or(224)
    };
    let shape = [1, 3, side(2), side(3)];
    PixelBatch { shape, numbers: vec![0.0; shape.iter().product()] }
}

fn float_tensor(input: &Input, batch: PixelBatch) -> Result<DynValue, ort::Error> {
    if input.element == TensorElementType::Float16 {
        let numbers: Vec<f16> = batch.numbers.into_iter().map(f16::from_f32).collect();
        return Ok(Tensor::from_array((batch.shape, numbers))?.into_dyn());
    }
    Ok(Tensor::from_array((batch.shape, batch.numbers))?.into_dyn())
}

fn integer_tensor(
    input: &Input,
    shape: [usize; 2],
    values: &[i64],
) -> Result<DynValue, ort::Error> {
    if input.element == TensorElementType::Int32 {
        let values: Vec<i32> =
            values.iter().map(|value| i32::try_from(*value).unwrap_or(i32::MAX)).collect();
        return Ok(Tensor::from_array((shape, values))?.into_dyn());
    }
    Ok(Tensor::from_array((shape, values.to_vec()))?.into_dyn())
}

fn floats(value: &DynValue) -> Result<Vec<f32>, ort::Error> {
    if value.dtype().tensor_type() == Some(TensorElementType::Float16) {
        let (_, values) = value.try_extract_tensor::<f16>()?;
        return Ok(values.iter().map(|value| value.to_f32()).collect());
    }
    let (_, values) = value.try_extract_tensor::<f32>()?;
    Ok(values.to_vec())
}
