//! Pictures as browsers show them.

use super::decode::{Picture, PictureError};
use crate::model::Region;
use image::imageops::{FilterType, crop_imm};
use image::{DynamicImage, ImageFormat, RgbImage};
use std::io::Cursor;

impl Picture {
    /// The upright picture on white, or a part of it, as PNG: scaled down where a side is
    /// longer than `max_side_px`. None when the part does not lie within the picture.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn shown(
        self,
        part: Option<&Region>,
        max_side_px: u32,
    ) -> Result<Option<Vec<u8>>, PictureError> {
        let white = self.into_on_white();
        let pixels = RgbImage::from_raw(white.width, white.height, white.bytes);
        let mut pixels = pixels.unwrap_or_default();
        if let Some(part) = part {
            let (right, bottom) = (part.x() + part.width(), part.y() + part.height());
            if right > pixels.width() || bottom > pixels.height() {
                return Ok(None);
            }
            let (x, y) = (part.x(), part.y());
            pixels = crop_imm(&pixels, x, y, part.width(), part.height()).to_image();
        }
        let mut shown = DynamicImage::from(pixels);
        if shown.width().max(shown.height()) > max_side_px {
            shown = shown.resize(max_side_px, max_side_px, FilterType::Triangle);
        }
        let mut bytes = Cursor::new(Vec::new());
        shown.write_to(&mut bytes, ImageFormat::Png)?;
        Ok(Some(bytes.into_inner()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_cut_out_and_scaled_and_must_lie_within() {
        let picture = RgbImage::from_fn(40, 20, |x, y| image::Rgb([x as u8 * 6, y as u8 * 12, 7]));
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        let picture = Picture::decode(&bytes.into_inner()).unwrap();
        let size = |part: Option<Region>, max| {
            let shown = picture.clone().shown(part.as_ref(), max).unwrap()?;
            let shown = Picture::decode(&shown).unwrap();
            Some((shown.width(), shown.height()))
        };
        assert_eq!(size(None, 100), Some((40, 20)));
        assert_eq!(size(None, 10), Some((10, 5)));
        assert_eq!(size(Region::new(30, 5, 10, 15), 100), Some((10, 15)));
        assert_eq!(size(Region::new(30, 5, 11, 15), 100), None);
    }
}
