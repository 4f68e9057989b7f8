//! A space learns a knowledge base's own pictures.

use super::build::now;
use super::described_pictures::{DescribedPicture, drawn, read_dataset, read_examples};
use super::error::EngineError;
use crate::adapt::{CalibrationReport, Comparison, Examples, LearnedSettings, calibrate, learn};
use crate::embed::{
    ADAPTED_MARK, AdaptedPictureModel, AdaptedSpace, PictureEmbedder, read_adapted, write_adapted,
};
use crate::eval::PictureDataset;
use crate::model::Digest;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Up to so many pictures, each is also read mirrored and without its border.
const MAX_WITH_VIEWS: usize = 500;
/// Hits of each question that a calibration is learned from.
pub(super) const HITS_PER_QUESTION: usize = 10;
/// What a check set may lose of recall@10.
const MAX_CHECK_LOSS: f64 = 0.02;
/// Fewest held-back pictures that a comparison is made on.
const MIN_HELD_BACK: usize = 5;

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
