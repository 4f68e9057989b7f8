//! What a line of text says: a CTC recogniser run by ONNX Runtime.

use super::embedder::EmbedError;
use super::preprocess::{Filter, resized};
use super::runtime::Runtime;
use super::sessions::load_session;
use super::text_detector::{Corners, failed, planes};
use super::vision_tower::causes;
use crate::picture::RgbPixels;
use ort::session::Session;
use ort::value::Tensor;
use std::path::Path;
use unicode_normalization::UnicodeNormalization;

/// Height at which a line is read.
const LINE_HEIGHT_PX: u32 = 48;
/// Lines that are wider at that height are narrowed to it.
const MAX_LINE_WIDTH_PX: u32 = 2400;
/// The least width that the graph was trained with; narrower lines are filled up.
const MIN_INPUT_WIDTH_PX: u32 = 320;
/// Of a line's height, added on every side: in tight lines spaces are overlooked.
const MARGIN: f32 = 0.15;
/// Spaces are underrated by a recogniser that was trained on Chinese too, which has
/// none: this probable they are taken for real.
const SPACE: f32 = 0.1;
/// Lines in one run; they are of like width.
const BATCH_LINES: usize = 6;

/// What was read with how sure the recogniser is, in `0..=1`.
pub(super) type Reading = (String, f32);

/// A loaded recogniser.
pub(super) struct TextRecogniser {
    model: String,
    session: Session,
    /// By class; class 0 is no character.
    characters: Vec<String>,
}

impl TextRecogniser {
    /// Loads the graph at `path`, which carries its characters in its metadata.
    ///
    /// # Errors
    /// When the runtime refuses it, or it names no characters.
    pub(super) fn load(
        runtime: &Runtime,
        model: &str,
        path: &Path,
        n_threads: usize,
    ) -> Result<Self, EmbedError> {
        let session = load_session(runtime, model, path, n_threads)?;
        let metadata = session.metadata().map_err(failed(model, "reading its metadata"))?;
        let characters = metadata.custom("character").ok_or_else(|| EmbedError::Layout {
            model: model.to_owned(),
            reason: "expected the recogniser's characters in its metadata, found none".to_owned(),
        })?;
        drop(metadata);
        // The last class is the space, which the list does not name.
        let characters = std::iter::once(String::new())
            .chain(characters.lines().map(str::to_owned))
            .chain(std::iter::once(" ".to_owned()))
            .collect();
        Ok(Self { model: model.to_owned(), session, characters })
    }

    /// Reads each line, in their order. A line whose height exceeds its width is
    /// read both upwards and downwards, and the surer reading holds.
    ///
    /// # Errors
    /// When the graph fails or knows other characters than its list.
    pub(super) fn read(
        &mut self,
        picture: &RgbPixels,
        lines: &[Corners],
    ) -> Result<Vec<Reading>, EmbedError> {
        let layout = |reason| EmbedError::Layout { model: self.model.clone(), reason };
        let mut strips: Vec<(usize, RgbPixels)> = Vec::new();
        for (index, corners) in lines.iter().enumerate() {
            for corners in directions(corners) {
                let cut = cut(picture, &widened(&corners));
                let width = line_width(cut.width, cut.height);
                let strip = resized(&cut, (width, LINE_HEIGHT_PX), Filter::Bilinear)
                    .map_err(|error| layout(causes(&error)))?
                    .into_owned();
                strips.push((index, strip));
            }
        }
        strips.sort_by_key(|(_, strip)| strip.width);
        let mut read: Vec<Reading> = vec![(String::new(), 0.0); lines.len()];
        for batch in strips.chunks(BATCH_LINES) {
            let readings = self.run(batch)?;
            for ((index, _), reading) in batch.iter().zip(readings) {
                if let Some(slot) = read.get_mut(*index).filter(|slot| slot.1 < reading.1) {
                    *slot = reading;
                }
            }
        }
        Ok(read)
    }

    fn run(&mut self, batch: &[(usize, RgbPixels)]) -> Result<Vec<Reading>, EmbedError> {
        let widest = batch.iter().map(|(_, strip)| strip.width).max().unwrap_or(0);
        let width = widest.max(MIN_INPUT_WIDTH_PX) as usize;
        let height = LINE_HEIGHT_PX as usize;
        let mut values = Vec::with_capacity(batch.len() * 3 * width * height);
        for (_, strip) in batch {
            let own = strip.width as usize;
            for row in planes(strip).chunks_exact(own.max(1)) {
                values.extend_from_slice(row);
                // Grey, the middle of the scale.
                values.extend(std::iter::repeat_n(0.0, width - own));
            }
        }
        let input = Tensor::from_array(([batch.len(), 3, height, width], values))
            .map_err(failed(&self.model, "preparing a line"))?;
        let outputs =
            self.session.run(ort::inputs![input]).map_err(failed(&self.model, "reading a line"))?;
        let layout = |reason| EmbedError::Layout { model: self.model.clone(), reason };
        let output = outputs.values().next();
        let output =
            output.ok_or_else(|| layout("expected probabilities, found no output".to_owned()))?;
        let (shape, values) = output
            .try_extract_tensor::<f32>()
            .map_err(failed(&self.model, "reading probabilities"))?;
        let n_classes = shape.last().copied().unwrap_or_default().max(0) as usize;
        if n_classes != self.characters.len() {
            let n = self.characters.len();
            return Err(layout(format!("expected {n} classes of characters, found {n_classes}")));
        }
        let per_line = values.len() / batch.len().max(1);
        let lines = values.chunks_exact(per_line.max(1));
        Ok(lines.map(|line| decoded(line, &self.characters)).collect())
    }
}

/// The likeliest class of each step; repeats are one character, class 0 none
/// (Graves et al.: "Connectionist Temporal Classification", 2006). Between two
/// characters stands a space where one is at least [`SPACE`] probable. Characters that
/// stand for others (full width, ligatures, `℃`) become those.
fn decoded(steps: &[f32], characters: &[String]) -> Reading {
    let space = characters.len().saturating_sub(1);
    let (mut text, mut sum, mut n) = (String::new(), 0.0, 0usize);
    let (mut last, mut gap) = (0, 0.0f32);
    for step in steps.chunks_exact(characters.len().max(1)) {
        let best = step.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        let Some((class, probability)) = best else { continue };
        if class == 0 || class == space {
            gap = gap.max(step.get(space).copied().unwrap_or_default());
        } else {
            if class != last {
                if gap >= SPACE {
                    text.push(' ');
                }
                text.push_str(characters.get(class).map_or("", String::as_str));
                sum += probability;
                n += 1;
            }
            gap = 0.0;
        }
        last = class;
    }
    let text: String = text.nfkc().filter(|character| !character.is_control()).collect();
    (text.trim().to_owned(), (sum / n.max(1) as f32).clamp(0.0, 1.0))
}

/// The corners with a margin around them.
fn widened(corners: &Corners) -> Corners {
    let [a, b, _, d] = *corners;
    let margin = MARGIN * distance(a, d).min(distance(a, b));
    let unit = |from: (f32, f32), to: (f32, f32)| {
        let length = distance(from, to).max(f32::EPSILON);
        ((to.0 - from.0) * margin / length, (to.1 - from.1) * margin / length)
    };
    let (along, down) = (unit(a, b), unit(a, d));
    let signs = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
    let mut wide = *corners;
    for (corner, (s, t)) in wide.iter_mut().zip(signs) {
        corner.0 += s * along.0 + t * down.0;
        corner.1 += s * along.1 + t * down.1;
    }
    wide
}

/// The corners in the order in which the text may be read.
fn directions([a, b, c, d]: &Corners) -> Vec<Corners> {
    let (length, height) = (distance(*a, *b), distance(*a, *d));
    if height < 1.5 * length {
        return vec![[*a, *b, *c, *d]];
    }
    vec![[*d, *a, *b, *c], [*b, *c, *d, *a]]
}

fn distance(a: (f32, f32), b: (f32, f32)) -> f32 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

fn line_width(width: u32, height: u32) -> u32 {
    let width = u64::from(LINE_HEIGHT_PX) * u64::from(width) / u64::from(height.max(1));
    u32::try_from(width).unwrap_or(u32::MAX).clamp(8, MAX_LINE_WIDTH_PX)
}

/// The pixels under a quadrilateral, upright and in its own size; what lies outside
/// of the picture repeats its edge.
fn cut(picture: &RgbPixels, corners: &Corners) -> RgbPixels {
    let [a, b, c, d] = *corners;
    let width = distance(a, b).max(distance(d, c)).round().max(1.0) as u32;
    let height = distance(a, d).max(distance(b, c)).round().max(1.0) as u32;
    let along = ((b.0 - a.0) / width as f32, (b.1 - a.1) / width as f32);
    let down = ((d.0 - a.0) / height as f32, (d.1 - a.1) / height as f32);
    let mut bytes = Vec::with_capacity(3 * width as usize * height as usize);
    for row in 0..height {
        for column in 0..width {
            let (s, t) = (column as f32 + 0.5, row as f32 + 0.5);
            let x = a.0 + s * along.0 + t * down.0 - 0.5;
            let y = a.1 + s * along.1 + t * down.1 - 0.5;
            bytes.extend(sample(picture, x, y));
        }
    }
    RgbPixels { width, height, bytes }
}

/// The colour between four pixels.
fn sample(picture: &RgbPixels, x: f32, y: f32) -> [u8; 3] {
    let (right, bottom) = (picture.width.saturating_sub(1), picture.height.saturating_sub(1));
    let (x, y) = (x.clamp(0.0, right as f32), y.clamp(0.0, bottom as f32));
    let (left, top) = (x as u32, y as u32);
    let (fx, fy) = (x - left as f32, y - top as f32);
    let pixel = |x: u32, y: u32, channel: usize| {
        let place = 3 * (y as usize * picture.width as usize + x as usize) + channel;
        picture.bytes.get(place).copied().map_or(0.0, f32::from)
    };
    let (next, below) = ((left + 1).min(right), (top + 1).min(bottom));
    std::array::from_fn(|channel| {
        let above = pixel(left, top, channel) * (1.0 - fx) + pixel(next, top, channel) * fx;
        let under = pixel(left, below, channel) * (1.0 - fx) + pixel(next, below, channel) * fx;
        (above * (1.0 - fy) + under * fy).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(classes: &[(usize, f32)]) -> Vec<f32> {
        let step = |class: usize, space: f32| {
            let mut values = vec![0.0, 0.0, 0.0, space];
            values[class] = 0.7;
            values
        };
        classes.iter().flat_map(|(class, space)| step(*class, *space)).collect()
    }

    #[test]
    fn repeats_are_one_character_unless_a_gap_stands_between() {
        let characters: Vec<String> = ["", "a", "b", " "].map(str::to_owned).into();
        let plain = [1, 1, 0, 1, 2, 2, 3].map(|class| (class, 0.0));
        let (text, confidence) = decoded(&steps(&plain), &characters);
        assert_eq!(text, "aab");
        assert!((confidence - 0.7).abs() < 1e-6);
        assert_eq!(decoded(&[], &characters), (String::new(), 0.0));
    }

    #[test]
    fn a_space_stands_where_one_is_probable_between_two_characters() {
        let characters: Vec<String> = ["", "a", "b", " "].map(str::to_owned).into();
        let gaps =
            [(0, 0.5), (1, 0.0), (0, 0.2), (2, 0.0), (0, 0.05), (1, 0.3), (3, 0.7), (2, 0.0)];
        assert_eq!(decoded(&steps(&gaps), &characters).0, "a ba b");
    }

    #[test]
    fn characters_that_stand_for_others_become_those() {
        let characters: Vec<String> = ["", "℃", "：", " "].map(str::to_owned).into();
        assert_eq!(decoded(&steps(&[(1, 0.0), (2, 0.0)]), &characters).0, "°C:");
    }

    #[test]
    fn a_margin_goes_all_around() {
        let wide = widened(&[(10.0, 10.0), (110.0, 10.0), (110.0, 30.0), (10.0, 30.0)]);
        assert_eq!(wide, [(7.0, 7.0), (113.0, 7.0), (113.0, 33.0), (7.0, 33.0)]);
    }

    #[test]
    fn a_cut_at_whole_pixels_is_a_copy() {
        let bytes: Vec<u8> = (0..48).collect();
        let picture = RgbPixels { width: 4, height: 4, bytes };
        let found = cut(&picture, &[(1.0, 1.0), (3.0, 1.0), (3.0, 3.0), (1.0, 3.0)]);
        assert_eq!(found.bytes, [15, 16, 17, 18, 19, 20, 27, 28, 29, 30, 31, 32]);
        let beyond = cut(&picture, &[(-2.0, 0.0), (0.0, 0.0), (0.0, 1.0), (-2.0, 1.0)]);
        assert_eq!(beyond.bytes, [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn high_lines_are_tried_in_both_directions() {
        let upright = [(0.0, 0.0), (90.0, 0.0), (90.0, 20.0), (0.0, 20.0)];
        assert_eq!(directions(&upright).len(), 1);
        let high = [(0.0, 0.0), (20.0, 0.0), (20.0, 90.0), (0.0, 90.0)];
        let [up, down] = directions(&high).try_into().unwrap();
        assert_eq!((up[0], up[1]), ((0.0, 90.0), (0.0, 0.0)));
        assert_eq!((down[0], down[1]), ((20.0, 0.0), (20.0, 90.0)));
    }
}
