//! Text in pictures: detected, then read line by line.

use super::embedder::EmbedError;
use super::installed::{VerifiedModel, verify};
use super::registry::ModelEntry;
use super::runtime::Runtime;
use super::text_detector::{Corners, TextDetector};
use super::text_model::OpenError;
use super::text_recogniser::TextRecogniser;
use crate::model::{Digest, PictureText, Region, TextLine};
use crate::picture::RgbPixels;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Raised whenever the same model would read otherwise.
const READER_VERSION: &str = "veritrail-ocr 1";
/// More lines than this are a page of print; the first ones are read.
const MAX_LINES: usize = 200;

/// Reads the text in pictures.
pub trait TextReader: Send + Sync {
    /// Digest of everything that decides what is read: model files and method.
    fn identity(&self) -> Digest;

    /// The text of an upright picture; no lines when it has none.
    ///
    /// # Errors
    /// When a model fails.
    fn read(&self, picture: &RgbPixels) -> Result<PictureText, EmbedError>;
}

/// A detector and a recogniser in the layout of PP-OCR: `det.onnx` and `rec.onnx`.
/// They are loaded when the first picture is read.
pub struct OcrModel {
    model: String,
    folder: PathBuf,
    identity: Digest,
    runtime: Runtime,
    n_threads: usize,
    loaded: Mutex<Option<Loaded>>,
}

struct Loaded {
    detector: TextDetector,
    recogniser: TextRecogniser,
}

impl OcrModel {
    /// Verifies the files of `entry` under `cache_dir`.
    ///
    /// # Errors
    /// When a file is missing or altered.
    pub fn open(
        runtime: &Runtime,
        entry: &ModelEntry,
        cache_dir: &Path,
        n_threads: usize,
    ) -> Result<Self, OpenError> {
        let VerifiedModel { folder, mut digests } = verify(entry, cache_dir)?;
        digests.sort();
        let files: Vec<&[u8]> =
            digests.iter().map(|(_, digest)| digest.as_bytes().as_slice()).collect();
        let identity = Digest::of_parts(std::iter::once(READER_VERSION.as_bytes()).chain(files));
        Ok(Self {
            model: entry.name.clone(),
            folder,
            identity,
            runtime: runtime.clone(),
            n_threads,
            loaded: Mutex::new(None),
        })
    }

    fn load(&self) -> Result<Loaded, EmbedError> {
        let (runtime, n_threads) = (&self.runtime, self.n_threads);
        let (detector, recogniser) = (self.folder.join("det.onnx"), self.folder.join("rec.onnx"));
        Ok(Loaded {
            detector: TextDetector::load(runtime, &self.model, &detector, n_threads)?,
            recogniser: TextRecogniser::load(runtime, &self.model, &recogniser, n_threads)?,
        })
    }
}

impl TextReader for OcrModel {
    fn identity(&self) -> Digest {
        self.identity
    }

    fn read(&self, picture: &RgbPixels) -> Result<PictureText, EmbedError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let Loaded { detector, recogniser } = match loaded.as_mut() {
            Some(loaded) => loaded,
            None => loaded.insert(self.load()?),
        };
        let found = detector.detect(picture)?;
        let mut placed: Vec<(Region, Corners)> = found
            .into_iter()
            .filter_map(|corners| Some((region(&corners, picture)?, corners)))
            .collect();
        placed = in_reading_order(placed, |(region, _)| *region);
        placed.truncate(MAX_LINES);
        let corners: Vec<Corners> = placed.iter().map(|(_, corners)| *corners).collect();
        let readings = recogniser.read(picture, &corners)?;
        let lines = placed
            .into_iter()
            .zip(readings)
            .map(|((region, _), (text, confidence))| TextLine { text, confidence, region });
        Ok(PictureText { lines: lines.filter(|line| !line.text.is_empty()).collect() })
    }
}

/// The upright rectangle around a quadrilateral, inside of the picture.
fn region(corners: &Corners, picture: &RgbPixels) -> Option<Region> {
    let xs = corners.map(|(x, _)| x.clamp(0.0, picture.width as f32));
    let ys = corners.map(|(_, y)| y.clamp(0.0, picture.height as f32));
    let ends = |values: [f32; 4]| {
        let least = values.into_iter().fold(f32::INFINITY, f32::min).floor();
        let most = values.into_iter().fold(f32::NEG_INFINITY, f32::max).ceil();
        (least as u32, (most - least) as u32)
    };
    let ((x, width), (y, height)) = (ends(xs), ends(ys));
    Region::new(x, y, width, height)
}

/// Rows from top to bottom, each from left to right. A text is part of the row whose
/// first text covers its middle.
fn in_reading_order<T>(mut items: Vec<T>, region: impl Fn(&T) -> Region) -> Vec<T> {
    let middle = |item: &T| region(item).y() + region(item).height() / 2;
    items.sort_by_key(|item| (middle(item), region(item).x()));
    let mut rows: Vec<(Region, Vec<T>)> = Vec::new();
    for item in items {
        let row = rows.last_mut().filter(|(first, _)| {
            let place = middle(&item);
            place >= first.y() && place < first.y() + first.height()
        });
        match row {
            Some((_, row)) => row.push(item),
            None => rows.push((region(&item), vec![item])),
        }
    }
    for (_, row) in &mut rows {
        row.sort_by_key(|item| region(item).x());
    }
    rows.into_iter().flat_map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_from_left_to_right() {
        let region = |x, y| Region::new(x, y, 40, 10).unwrap();
        let items = vec![
            ("d", region(0, 40)),
            ("b", region(100, 2)),
            ("a", region(0, 4)),
            ("c", region(5, 20)),
        ];
        let names: Vec<_> =
            in_reading_order(items, |item| item.1).iter().map(|item| item.0).collect();
        assert_eq!(names, ["a", "b", "c", "d"]);
    }

    #[test]
    fn a_region_stays_inside_of_the_picture() {
        let picture = RgbPixels { width: 50, height: 30, bytes: vec![0; 3 * 50 * 30] };
        let corners = [(-3.0, 2.5), (60.0, 2.5), (60.0, 40.0), (-3.0, 40.0)];
        assert_eq!(region(&corners, &picture), Region::new(0, 2, 50, 28));
        let outside = [(60.0, 40.0), (70.0, 40.0), (70.0, 50.0), (60.0, 50.0)];
        assert_eq!(region(&outside, &picture), None);
    }
}
