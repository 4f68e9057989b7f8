//! Pictures into vectors: one graph and what makes pixels ready for it.

use super::embedder::EmbedError;
use super::preprocess::Preprocessing;
use super::runtime::Runtime;
use super::text_model::load_session;
use crate::picture::RgbPixels;
use ort::session::{Session, SessionOutputs};
use ort::value::Tensor;
use rayon::prelude::*;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Pictures in one run; bounds memory.
const BATCH_PICTURES: usize = 8;
/// Names that exports give to the vector of a picture or text, best first.
const OUTPUTS: [&str; 5] =
    ["image_embeds", "text_embeds", "pooler_output", "embeddings", "sentence_embedding"];

/// The picture side of a two-tower model.
pub(super) struct VisionTower {
    model: String,
    preprocessing: Preprocessing,
    session: Mutex<Session>,
}

impl VisionTower {
    /// Loads the graph `file` and `preprocessor_config.json` of `folder`.
    ///
    /// # Errors
    /// When a file is missing or of another form.
    pub(super) fn load(
        runtime: &Runtime,
        model: &str,
        folder: &Path,
        file: &str,
        n_threads: usize,
    ) -> Result<Self, EmbedError> {
        let layout = |reason| EmbedError::Layout { model: model.to_owned(), reason };
        let config = std::fs::read_to_string(folder.join("preprocessor_config.json"))
            .map_err(|error| layout(format!("preprocessor_config.json: {error}")))?;
        let preprocessing =
            Preprocessing::from_json(&config).map_err(|error| layout(causes(&error)))?;
        let session = load_session(runtime, model, &folder.join(file), n_threads)?;
        Ok(Self { model: model.to_owned(), preprocessing, session: Mutex::new(session) })
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
        Ok(self.run(&[&white])?.first().map_or(0, Vec::len))
    }

    /// Unit vectors of pictures, in their order.
    ///
    /// # Errors
    /// When the graph fails or gives a number that is not finite.
    pub(super) fn embed(&self, pictures: &[&RgbPixels]) -> Result<Vec<Vec<f32>>, EmbedError> {
        // Sizes differ only where a model takes pictures of any size.
        let n = if self.preprocessing.output_size().is_some() { BATCH_PICTURES } else { 1 };
        let mut vectors = Vec::with_capacity(pictures.len());
        for batch in pictures.chunks(n) {
            vectors.extend(self.run(batch)?);
        }
        Ok(vectors)
    }

    fn run(&self, pictures: &[&RgbPixels]) -> Result<Vec<Vec<f32>>, EmbedError> {
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
        let input = Tensor::from_array((shape, numbers))
            .map_err(failed(&self.model, "preparing a picture"))?;
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let name = first_input(&session, "pixel_values");
        let outputs = session
            .run(vec![(name, input.into_dyn())])
            .map_err(failed(&self.model, "embedding a picture"))?;
        unit_vectors(&self.model, &outputs, pictures.len(), "a picture")
    }
}

pub(super) fn failed(model: &str, doing: &'static str) -> impl Fn(ort::Error) -> EmbedError {
    let model = model.to_owned();
    move |source| EmbedError::Model { model: model.clone(), doing, source }
}

/// The rows of the vector output, scaled to unit length.
pub(super) fn unit_vectors(
    model: &str,
    outputs: &SessionOutputs<'_>,
    n: usize,
    what: &str,
) -> Result<Vec<Vec<f32>>, EmbedError> {
    let output = OUTPUTS.iter().find_map(|name| outputs.get(*name));
    let (_, values) = output
        .ok_or_else(|| EmbedError::Layout {
            model: model.to_owned(),
            reason: format!("expected one of the outputs {}, found none", OUTPUTS.join(", ")),
        })?
        .try_extract_tensor::<f32>()
        .map_err(failed(model, "reading a vector"))?;
    let length = values.len() / n.max(1);
    let rows = values.chunks_exact(length.max(1));
    rows.map(|row| {
        let norm = row.iter().map(|value| value * value).sum::<f32>().sqrt();
        if !norm.is_finite() || norm <= 0.0 {
            return Err(EmbedError::NotFinite { model: model.to_owned(), text: what.to_owned() });
        }
        Ok(row.iter().map(|value| value / norm).collect())
    })
    .collect()
}

/// The input with this name, or the only one there is.
fn first_input(session: &Session, wanted: &str) -> String {
    let names: Vec<&str> = session.inputs().iter().map(|input| input.name()).collect();
    let known = names.iter().find(|name| **name == wanted).or(names.first());
    known.map_or_else(|| wanted.to_owned(), |name| (*name).to_owned())
}

pub(super) fn causes(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
