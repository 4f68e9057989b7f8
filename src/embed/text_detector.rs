//! Where text stands in a picture: a DB detector run by ONNX Runtime.

use super::embedder::EmbedError;
use super::preprocess::{Filter, resized};
use super::runtime::Runtime;
use super::sessions::load_session;
use super::text_boxes::{TextBox, TextMap, text_boxes};
use super::vision_tower::causes;
use crate::picture::RgbPixels;
use ort::session::Session;
use ort::value::Tensor;
use std::path::Path;

/// The shorter side that small letters need; smaller pictures are enlarged to it.
const SHORTER_SIDE_PX: f32 = 640.0;
/// The longest side that is looked at; larger pictures are reduced to it. With the
/// shape of a strip 30 times as long as high the detector takes about 1 GiB.
const LONGER_SIDE_PX: f32 = 1600.0;
/// Enlarging by more shows nothing new.
const MAX_ENLARGEMENT: f32 = 3.0;
/// The detector halves the picture five times.
const SIDE_UNIT_PX: u32 = 32;

/// A quadrilateral in pixels of the picture: upper left, upper right, lower right
/// and lower left corner of a text.
pub(super) type Corners = [(f32, f32); 4];

/// A loaded detector.
pub(super) struct TextDetector {
    model: String,
    session: Session,
}

impl TextDetector {
    /// Loads the graph at `path`.
    ///
    /// # Errors
    /// When the runtime refuses it.
    pub(super) fn load(
        runtime: &Runtime,
        model: &str,
        path: &Path,
        n_threads: usize,
    ) -> Result<Self, EmbedError> {
        let session = load_session(runtime, model, path, n_threads)?;
        Ok(Self { model: model.to_owned(), session })
    }

    /// Where texts stand, in no order.
    ///
    /// # Errors
    /// When the graph fails or gives no map of the picture.
    pub(super) fn detect(&mut self, picture: &RgbPixels) -> Result<Vec<Corners>, EmbedError> {
        let layout = |reason| EmbedError::Layout { model: self.model.clone(), reason };
        let (width, height) = detector_size(picture.width, picture.height);
        let scaled = resized(picture, (width, height), Filter::Bilinear)
            .map_err(|error| layout(causes(&error)))?;
        let shape = [1, 3, height as usize, width as usize];
        let input = Tensor::from_array((shape, planes(&scaled)))
            .map_err(failed(&self.model, "preparing a picture"))?;
        let outputs = self
            .session
            .run(ort::inputs![input])
            .map_err(failed(&self.model, "looking for text"))?;
        let map = outputs.values().next().ok_or_else(|| EmbedError::Layout {
            model: self.model.clone(),
            reason: "expected a map of probabilities, found no output".to_owned(),
        })?;
        let (_, values) =
            map.try_extract_tensor::<f32>().map_err(failed(&self.model, "reading a map"))?;
        let (columns, rows) = (width as usize, height as usize);
        if values.len() != columns * rows {
            return Err(EmbedError::Layout {
                model: self.model.clone(),
                reason: format!(
                    "expected a map of {columns} x {rows} probabilities, found {}",
                    values.len()
                ),
            });
        }
        let found = text_boxes(&TextMap { width: columns, height: rows, values });
        let scale = (
            picture.width as f32 / width.max(1) as f32,
            picture.height as f32 / height.max(1) as f32,
        );
        let back = |found: &TextBox| found.corners().map(|(x, y)| (x * scale.0, y * scale.1));
        Ok(found.iter().map(back).collect())
    }
}

/// Width and height at which the detector looks at a picture.
fn detector_size(width: u32, height: u32) -> (u32, u32) {
    let (shorter, longer) = (width.min(height).max(1) as f32, width.max(height).max(1) as f32);
    let enlarged = (SHORTER_SIDE_PX / shorter).clamp(1.0, MAX_ENLARGEMENT);
    let factor = enlarged.min(LONGER_SIDE_PX / longer);
    let side = |side: u32| {
        let units = (side as f32 * factor / SIDE_UNIT_PX as f32).round();
        (units as u32).max(1) * SIDE_UNIT_PX
    };
    (side(width), side(height))
}

/// Blue, green and red planes from -1 to 1, as the models were trained with.
pub(super) fn planes(picture: &RgbPixels) -> Vec<f32> {
    let mut values = Vec::with_capacity(picture.bytes.len());
    for channel in [2, 1, 0] {
        let plane = picture.bytes.iter().skip(channel).step_by(3);
        values.extend(plane.map(|value| f32::from(*value) / 127.5 - 1.0));
    }
    values
}

pub(super) fn failed(model: &str, doing: &'static str) -> impl Fn(ort::Error) -> EmbedError {
    let model = model.to_owned();
    move |source| EmbedError::Model { model: model.clone(), doing, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_pictures_are_enlarged_and_large_ones_reduced_within_bounds() {
        for (width, height) in [(1, 1), (480, 320), (20_000, 20), (4000, 3000), (64, 9000)] {
            let (w, h) = detector_size(width, height);
            assert!(w % 32 == 0 && h % 32 == 0 && w > 0 && h > 0, "{width} x {height}");
            assert!(w.max(h) <= 1600, "{width} x {height}: {w} x {h}");
        }
        assert_eq!(detector_size(480, 320), (960, 640));
        assert_eq!(detector_size(1280, 800), (1280, 800));
    }

    #[test]
    fn planes_come_blue_first() {
        let picture = RgbPixels { width: 1, height: 1, bytes: vec![0, 255, 51] };
        assert_eq!(planes(&picture), [-0.6, 1.0, -1.0]);
    }
}
