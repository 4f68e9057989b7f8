//! Copies of a picture as they come back from people.

use super::decode::{Picture, PictureError};
use image::imageops::{FilterType, crop_imm};
use image::{DynamicImage, ImageFormat, RgbImage};
use std::io::Cursor;

/// What is cut off at each edge, as a share of the side.
const CUT: f32 = 0.05;
/// Sides of the copy beside what was left.
const SCALE: f32 = 0.8;

impl Picture {
    /// A copy such as a screenshot or a forwarded message makes: a twentieth cut off
    /// at each edge, four fifths as wide and high, JPEG. No pixel is the same.
    ///
    /// # Errors
    /// When the copy cannot be encoded.
    pub fn altered_copy(&self) -> Result<Vec<u8>, PictureError> {
        let white = self.on_white();
        let (width, height) = (white.width, white.height);
        let pixels = RgbImage::from_raw(width, height, white.bytes).unwrap_or_default();
        let share = |side: u32, share: f32| (side as f32 * share) as u32;
        let (left, top) = (share(width, CUT), share(height, CUT));
        let (width, height) = (width - 2 * left, height - 2 * top);
        let part = crop_imm(&pixels, left, top, width, height).to_image();
        let (width, height) = (share(width, SCALE).max(1), share(height, SCALE).max(1));
        let part = DynamicImage::from(part).resize_exact(width, height, FilterType::Triangle);
        let mut bytes = Cursor::new(Vec::new());
        part.into_rgb8().write_to(&mut bytes, ImageFormat::Jpeg)?;
        Ok(bytes.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_smaller_and_has_other_pixels() {
        let picture = RgbImage::from_fn(40, 20, |x, y| image::Rgb([x as u8 * 6, y as u8 * 12, 7]));
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        let picture = Picture::decode(&bytes.into_inner()).unwrap();
        let copy = Picture::decode(&picture.altered_copy().unwrap()).unwrap();
        assert_eq!((copy.width(), copy.height()), (28, 14));
        assert_ne!(copy.pixels_digest(), picture.pixels_digest());
    }
}
