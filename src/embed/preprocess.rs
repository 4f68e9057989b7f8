//! From pixels to the numbers that a picture model reads.
//!
//! Follows `preprocessor_config.json` as published beside models: resize, centre
//! crop, rescale, normalise, channels first. The resampling is that of Pillow 12
//! and older (horizontal pass first, eight bits between the passes), which is
//! what the models were trained and published with.

use crate::picture::RgbPixels;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use serde::Deserialize;
use std::borrow::Cow;

/// How pictures are made ready for a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Preprocessing {
    resize: Option<Resize>,
    filter: Filter,
    crop: Option<(u32, u32)>,
    /// Factor and offset of each channel: `value * factor + offset`.
    scale: [(f32, f32); 3],
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Resize {
    /// To this width and height, whatever the shape was.
    Exact(u32, u32),
    /// The shorter side becomes this long; the shape stays.
    ShortestEdge(u32),
}

/// How pixels between pixels are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Filter {
    Nearest,
    Lanczos,
    Bilinear,
    Bicubic,
    Box,
    Hamming,
}

/// A configuration that cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum PreprocessingError {
    /// Not JSON of the expected form.
    #[error("preprocessor_config.json is not valid")]
    Json(#[from] serde_json::Error),
    /// A value that has no meaning here.
    #[error("preprocessor_config.json: expected {expected} in `{key}`, found {found}")]
    Value {
        /// The key.
        key: &'static str,
        /// What should stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A picture that cannot be resized.
    #[error("a picture of {width} x {height} pixels cannot be resized: {reason}")]
    Resize {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// What the resizer says.
        reason: String,
    },
}

/// The published file. Absent keys have the defaults of the image processors of
/// CLIP and SigLIP.
#[derive(Deserialize)]
struct ConfigFile {
    #[serde(default = "yes")]
    do_resize: bool,
    size: Option<Size>,
    #[serde(default = "bicubic")]
    resample: u8,
    do_center_crop: Option<bool>,
    crop_size: Option<Size>,
    #[serde(default = "yes")]
    do_rescale: bool,
    #[serde(default = "per_byte")]
    rescale_factor: f64,
    #[serde(default = "yes")]
    do_normalize: bool,
    image_mean: Option<[f64; 3]>,
    image_std: Option<[f64; 3]>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Size {
    Side(u32),
    Shortest { shortest_edge: u32 },
    Exact { height: u32, width: u32 },
}

fn yes() -> bool {
    true
}

fn bicubic() -> u8 {
    3
}

fn per_byte() -> f64 {
    1.0 / 255.0
}

impl Preprocessing {
    /// Reads a `preprocessor_config.json`.
    ///
    /// # Errors
    /// When it is not valid or asks for something unknown.
    pub fn from_json(text: &str) -> Result<Self, PreprocessingError> {
        let file: ConfigFile = serde_json::from_str(text)?;
        let filter = match file.resample {
            0 => Filter::Nearest,
            1 => Filter::Lanczos,
            2 => Filter::Bilinear,
            3 => Filter::Bicubic,
            4 => Filter::Box,
            5 => Filter::Hamming,
            other => {
                return Err(PreprocessingError::Value {
                    key: "resample",
                    expected: "a number from 0 to 5",
                    found: other.to_string(),
                });
            }
        };
        let missing = |key| PreprocessingError::Value {
            key,
            expected: "a size in pixels",
            found: "nothing".to_owned(),
        };
        let resize = match (file.do_resize, file.size) {
            (false, _) => None,
            (true, None) => return Err(missing("size")),
            // Old files give one number: CLIP means the shorter side by it.
            (true, Some(Size::Side(side) | Size::Shortest { shortest_edge: side })) => {
                Some(Resize::ShortestEdge(side))
            }
            (true, Some(Size::Exact { height, width })) => Some(Resize::Exact(width, height)),
        };
        let crop = match (file.do_center_crop, file.crop_size) {
            (Some(true), Some(Size::Side(side) | Size::Shortest { shortest_edge: side })) => {
                Some((side, side))
            }
            (Some(true), Some(Size::Exact { height, width })) => Some((width, height)),
            (Some(true), None) => return Err(missing("crop_size")),
            _ => None,
        };
        let factor = if file.do_rescale { file.rescale_factor } else { 1.0 };
        let (mean, std) = if file.do_normalize {
            (file.image_mean.unwrap_or([0.5; 3]), file.image_std.unwrap_or([0.5; 3]))
        } else {
            ([0.0; 3], [1.0; 3])
        };
        let mut scale = [(1.0f32, 0.0f32); 3];
        for (slot, (mean, std)) in scale.iter_mut().zip(mean.iter().zip(std)) {
            *slot = ((factor / std) as f32, (-mean / std) as f32);
        }
        Ok(Self { resize, filter, crop, scale })
    }

    /// Width and height of what the model reads, when they are always the same.
    pub fn output_size(&self) -> Option<(u32, u32)> {
        self.crop.or(match self.resize {
            Some(Resize::Exact(width, height)) => Some((width, height)),
            _ => None,
        })
    }

    /// Describes itself for the identity of a space.
    pub fn describe(&self) -> String {
        format!("{self:?}, Pillow passes, alpha over white")
    }

    /// The numbers: all of the first channel row by row, then the next.
    /// Returns them with width and height.
    ///
    /// # Errors
    /// When the picture has no pixels.
    pub fn apply(&self, picture: &RgbPixels) -> Result<(Vec<f32>, u32, u32), PreprocessingError> {
        let size = match self.resize {
            None => (picture.width, picture.height),
            Some(Resize::Exact(width, height)) => (width, height),
            Some(Resize::ShortestEdge(side)) => {
                by_shortest_edge(picture.width, picture.height, side)
            }
        };
        let resized = resized(picture, size, self.filter)?;
        let cropped = match self.crop {
            Some(size) if size != (resized.width, resized.height) => {
                Cow::Owned(centre_crop(&resized, size.0, size.1))
            }
            _ => resized,
        };
        let (pixels, _) = cropped.bytes.as_chunks::<3>();
        let mut numbers = vec![0f32; 3 * pixels.len()];
        let (red, rest) = numbers.split_at_mut(pixels.len());
        let (green, blue) = rest.split_at_mut(pixels.len());
        let [of_red, of_green, of_blue] = self.scale;
        for ((pixel, red), (green, blue)) in pixels.iter().zip(red).zip(green.iter_mut().zip(blue))
        {
            *red = f32::from(pixel[0]) * of_red.0 + of_red.1;
            *green = f32::from(pixel[1]) * of_green.0 + of_green.1;
            *blue = f32::from(pixel[2]) * of_blue.0 + of_blue.1;
        }
        Ok((numbers, cropped.width, cropped.height))
    }
}

/// The longer side is rounded down, as the published processors do.
fn by_shortest_edge(width: u32, height: u32, side: u32) -> (u32, u32) {
    let longer = |long: u32, short: u32| {
        let long = u64::from(side) * u64::from(long) / u64::from(short.max(1));
        u32::try_from(long).unwrap_or(u32::MAX).max(side)
    };
    if width <= height { (side, longer(height, width)) } else { (longer(width, height), side) }
}

/// One pass in each direction, the horizontal one first. Pixels that stay as they
/// are are not copied.
pub(super) fn resized(
    picture: &RgbPixels,
    (width, height): (u32, u32),
    filter: Filter,
) -> Result<Cow<'_, RgbPixels>, PreprocessingError> {
    let mut result = Cow::Borrowed(picture);
    for size in [(width, picture.height), (width, height)] {
        if size != (result.width, result.height) {
            result = Cow::Owned(pass(&result, size, filter)?);
        }
    }
    Ok(result)
}

fn pass(
    picture: &RgbPixels,
    (width, height): (u32, u32),
    filter: Filter,
) -> Result<RgbPixels, PreprocessingError> {
    let failed = |reason: String| PreprocessingError::Resize {
        width: picture.width,
        height: picture.height,
        reason,
    };
    let algorithm = match filter {
        Filter::Nearest => ResizeAlg::Nearest,
        Filter::Lanczos => ResizeAlg::Convolution(FilterType::Lanczos3),
        Filter::Bilinear => ResizeAlg::Convolution(FilterType::Bilinear),
        Filter::Bicubic => ResizeAlg::Convolution(FilterType::CatmullRom),
        Filter::Box => ResizeAlg::Convolution(FilterType::Box),
        Filter::Hamming => ResizeAlg::Convolution(FilterType::Hamming),
    };
    let source = ImageRef::new(picture.width, picture.height, &picture.bytes, PixelType::U8x3)
        .map_err(|error| failed(error.to_string()))?;
    let mut target = Image::new(width, height, PixelType::U8x3);
    Resizer::new()
        .resize(&source, &mut target, &ResizeOptions::new().resize_alg(algorithm))
        .map_err(|error| failed(error.to_string()))?;
    Ok(RgbPixels { width, height, bytes: target.into_vec() })
}

/// The middle; where the picture is smaller, black is added around it.
fn centre_crop(picture: &RgbPixels, width: u32, height: u32) -> RgbPixels {
    let mut bytes = vec![0u8; 3 * width as usize * height as usize];
    let offset = |own: u32, wanted: u32| (i64::from(own) - i64::from(wanted)).div_euclid(2);
    let (left, top) = (offset(picture.width, width), offset(picture.height, height));
    let n_columns = width.min(picture.width) as usize;
    let row_of = |y: u32| usize::try_from(i64::from(y) + top).ok();
    let (from, to) = (left.max(0) as usize, (-left).max(0) as usize);
    for (y, target) in (0..height).zip(bytes.chunks_exact_mut(3 * width.max(1) as usize)) {
        let source = row_of(y).and_then(|row| {
            let begin = 3 * (row * picture.width as usize + from);
            (row < picture.height as usize)
                .then(|| picture.bytes.get(begin..begin + 3 * n_columns))?
        });
        if let (Some(source), Some(target)) = (source, target.get_mut(3 * to..3 * (to + n_columns)))
        {
            target.copy_from_slice(source);
        }
    }
    RgbPixels { width, height, bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIP: &str = r#"{"do_resize": true, "size": {"shortest_edge": 4}, "resample": 3,
        "do_center_crop": true, "crop_size": {"height": 4, "width": 4}, "do_normalize": true,
        "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.25, 1.0]}"#;

    fn picture(width: u32, height: u32, value: u8) -> RgbPixels {
        RgbPixels { width, height, bytes: vec![value; 3 * (width * height) as usize] }
    }

    #[test]
    fn channels_come_one_after_the_other_and_normalised() {
        let clip = Preprocessing::from_json(CLIP).unwrap();
        let (numbers, width, height) = clip.apply(&picture(9, 6, 255)).unwrap();
        assert_eq!((numbers.len(), width, height), (48, 4, 4));
        for (plane, expected) in numbers.chunks(16).zip([1.0, 2.0, 0.5]) {
            assert!(plane.iter().all(|x| (x - expected).abs() < 1e-6), "{plane:?}");
        }
        assert_eq!(clip.output_size(), Some((4, 4)));
    }

    #[test]
    fn the_longer_side_keeps_the_shape() {
        assert_eq!(by_shortest_edge(640, 480, 224), (298, 224));
        assert_eq!(by_shortest_edge(97, 61, 224), (356, 224));
        assert_eq!(by_shortest_edge(300, 777, 224), (224, 580));
        assert_eq!(by_shortest_edge(1, 1, 224), (224, 224));
    }

    #[test]
    fn a_crop_larger_than_the_picture_adds_black() {
        let cropped = centre_crop(&picture(2, 2, 9), 4, 4);
        let lit: Vec<usize> = (0..16).filter(|i| cropped.bytes[3 * i] == 9).collect();
        assert_eq!(lit, [5, 6, 9, 10]);
    }

    #[test]
    fn unknown_filters_are_refused() {
        let wrong = CLIP.replace("\"resample\": 3", "\"resample\": 9");
        let error = Preprocessing::from_json(&wrong).unwrap_err().to_string();
        assert!(error.contains("resample") && error.contains('9'), "{error}");
    }
}
