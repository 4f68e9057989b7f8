//! A data set of pictures through one picture model: embed, rank, score.

use super::error::{EngineError, io_error};
use crate::embed::{PictureEmbedder, TextRole};
use crate::eval::{
    Latency, PictureDataset, PictureReport, PictureTask, RankedDocument, Run, measure, percentile,
};
use crate::index::dot;
use crate::picture::{Picture, RgbPixels};
use rayon::prelude::*;
use std::path::PathBuf;
use std::time::Instant;

/// Pictures decoded side by side before they are embedded; bounds memory.
const PICTURES_AT_ONCE: usize = 16;
/// Places kept in a ranking.
const KEPT: usize = 100;

/// Ranks the pictures of a data set for its texts, or its texts for its pictures,
/// by cosine in the space of `model` over all candidates. `progress` hears how
/// many pictures are embedded.
///
/// # Errors
/// When a picture cannot be read or the model fails.
pub fn evaluate_pictures(
    dataset: &PictureDataset,
    model: &dyn PictureEmbedder,
    task: PictureTask,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(PictureReport, Run), EngineError> {
    let start = Instant::now();
    let mut pictures = Vec::with_capacity(dataset.pictures.len());
    for batch in dataset.pictures.chunks(PICTURES_AT_ONCE) {
        let decoded: Vec<RgbPixels> =
            batch.par_iter().map(|(_, path)| read(path)).collect::<Result<_, _>>()?;
        let vectors = model.embed_pictures(&decoded.iter().collect::<Vec<_>>())?;
        pictures.extend(batch.iter().map(|(id, _)| id.clone()).zip(vectors));
        progress(pictures.len(), dataset.pictures.len());
    }
    let pictures_per_s = pictures.len() as f64 / start.elapsed().as_secs_f64();
    let mut latencies = Vec::new();
    let mut texts = Vec::with_capacity(dataset.texts.len());
    for (id, text) in &dataset.texts {
        let asked = Instant::now();
        let embedded = model.embed(&[text.as_str()], TextRole::Query, &mut |_| {})?;
        let vector = embedded.vectors.into_iter().next().unwrap_or_default();
        if task == PictureTask::TextToImage {
            rank(&vector, &pictures);
            latencies.push(asked.elapsed().as_secs_f64() * 1e3);
        }
        texts.push((id.clone(), vector));
    }
    let (questions, candidates, qrels) = match task {
        PictureTask::TextToImage => (&texts, &pictures, dataset.qrels.clone()),
        PictureTask::ImageToText | PictureTask::ImageToDoc => {
            (&pictures, &texts, dataset.by_picture())
        }
    };
    if task != PictureTask::TextToImage {
        for (_, path) in dataset.pictures.iter().take(KEPT) {
            let asked = Instant::now();
            let vectors = model.embed_pictures(&[&read(path)?])?;
            rank(vectors.first().map_or(&[], Vec::as_slice), &texts);
            latencies.push(asked.elapsed().as_secs_f64() * 1e3);
        }
    }
    let run: Run = questions
        .par_iter()
        .filter(|(id, _)| qrels.contains_key(id))
        .map(|(id, vector)| (id.clone(), rank(vector, candidates)))
        .collect();
    latencies.sort_by(f64::total_cmp);
    let at = |share| percentile(&latencies, share);
    let report = PictureReport {
        dataset: dataset.name.clone(),
        task: task.as_str().to_owned(),
        space: model.space().display_name(),
        n_queries: run.len(),
        n_candidates: candidates.len(),
        metrics: measure(&run, &qrels),
        pictures_per_s,
        latency_ms: Latency { p50: at(0.50), p95: at(0.95), p99: at(0.99) },
    };
    Ok((report, run))
}

fn read(path: &PathBuf) -> Result<RgbPixels, EngineError> {
    let bytes = std::fs::read(path).map_err(io_error("read", path))?;
    let picture = Picture::decode(&bytes)
        .map_err(|source| EngineError::PictureFile { path: path.clone(), source })?;
    Ok(picture.on_white())
}

/// The nearest candidates of a vector, nearest first; equal ones by id.
fn rank(vector: &[f32], candidates: &[(String, Vec<f32>)]) -> Vec<RankedDocument> {
    let mut ranking: Vec<RankedDocument> = candidates
        .iter()
        .map(|(id, candidate)| RankedDocument { id: id.clone(), score: dot(vector, candidate) })
        .collect();
    ranking.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
    ranking.truncate(KEPT);
    ranking
}
