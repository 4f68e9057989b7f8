//! What cosines mean in the spaces of a knowledge base, learned and kept.

use super::adapt::HITS_PER_QUESTION;
use super::blobs::write_atomically;
use super::build::now;
use super::described_pictures::{DescribedPicture, read_examples};
use super::error::{EngineError, io_error};
use super::knowledge_base::KnowledgeBase;
use crate::adapt::{CalibrationReport, calibrate};
use crate::model::{Calibration, Digest, SpaceId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::io::ErrorKind;
use std::path::Path;

const FORMAT: &str = "veritrail-calibrations 1";
const FILE: &str = "calibrations.json";

#[derive(Serialize, Deserialize)]
struct CalibrationsFile {
    format: String,
    spaces: BTreeMap<Digest, LearnedCalibration>,
}

/// A calibration of one space.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LearnedCalibration {
    /// Name of the model.
    pub space: String,
    /// When it was learned, RFC 3339.
    pub learned_at: String,
    /// The calibration and its error before and after.
    pub report: CalibrationReport,
}

impl KnowledgeBase {
    /// Learns what a cosine means in every picture space, from pictures whose texts are
    /// known, and keeps it. The next publication puts it into a generation.
    ///
    /// # Errors
    /// When a picture cannot be read, a model fails, or the hits are all right or all
    /// wrong.
    pub fn calibrate(
        &self,
        pictures: &[DescribedPicture],
        seed: u64,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<LearnedCalibration>, EngineError> {
        let _writer = self.sole_writer();
        let mut learned = read(&self.root)?;
        let mut reports = Vec::new();
        for model in &self.models.pictures {
            let examples = read_examples(model.as_ref(), pictures, 1, progress)?;
            let questions = examples.hits(&examples.vectors(), HITS_PER_QUESTION);
            let found = LearnedCalibration {
                space: model.space().model.clone(),
                learned_at: now(),
                report: calibrate(&questions, model.calibration(), seed)?,
            };
            reports.push(found.clone());
            learned.insert(model.space().id().0, found);
        }
        let file = CalibrationsFile { format: FORMAT.to_owned(), spaces: learned };
        let path = self.root.join(FILE);
        let text = serde_json::to_vec_pretty(&file)
            .map_err(|source| EngineError::CalibrationsFile { path: path.clone(), source })?;
        write_atomically(&path, &text)?;
        Ok(reports)
    }

    /// The calibration of every picture space that has one: what was learned here, or
    /// what came with the model.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn calibrations(&self) -> Result<HashMap<SpaceId, Calibration>, EngineError> {
        let learned = read(&self.root)?;
        let known = self.models.pictures.iter().filter_map(|model| {
            let id = model.space().id();
            let learned = learned.get(&id.0).map(|learned| &learned.report.calibration);
            Some((id, learned.or(model.calibration())?.clone()))
        });
        Ok(known.collect())
    }
}

fn read(root: &Path) -> Result<BTreeMap<Digest, LearnedCalibration>, EngineError> {
    let path = root.join(FILE);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(io_error("read", &path)(error)),
    };
    let file: CalibrationsFile = serde_json::from_slice(&text)
        .map_err(|source| EngineError::CalibrationsFile { path: path.clone(), source })?;
    if file.format != FORMAT {
        return Err(EngineError::Format { path, expected: FORMAT, found: file.format });
    }
    Ok(file.spaces)
}
