//! Encoded bytes to upright pixels.

use crate::model::Digest;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits, RgbaImage};
use std::io::Cursor;

/// Widest and highest picture in pixels; beyond it lie decompression bombs.
const MAX_SIDE_PX: u32 = 20_000;
/// Most memory that decoding may take.
const MAX_DECODED_BYTES: u64 = 512 << 20;

/// An upright picture.
#[derive(Clone, Debug)]
pub struct Picture {
    pixels: RgbaImage,
    orientation: Orientation,
}

/// Pixels without transparency, row by row, red, green and blue in a byte each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RgbPixels {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `3 * width * height` bytes.
    pub bytes: Vec<u8>,
}

/// Bytes that are no picture which can be shown.
#[derive(Debug, thiserror::Error)]
#[error("expected a PNG, JPEG or WebP picture of at most {MAX_SIDE_PX} pixels a side: {0}")]
pub struct PictureError(Box<image::ImageError>);

impl From<image::ImageError> for PictureError {
    fn from(error: image::ImageError) -> Self {
        Self(Box::new(error))
    }
}

impl Picture {
    /// Decodes a picture; the kind is told by its first bytes.
    ///
    /// # Errors
    /// When the bytes are damaged, of another kind, or larger than the limits.
    pub fn decode(bytes: &[u8]) -> Result<Self, PictureError> {
        let mut limits = Limits::default();
        limits.max_image_width = Some(MAX_SIDE_PX);
        limits.max_image_height = Some(MAX_SIDE_PX);
        limits.max_alloc = Some(MAX_DECODED_BYTES);
        let mut reader = ImageReader::new(Cursor::new(bytes))
            .with_guessed_format()
            .map_err(image::ImageError::from)?;
        reader.limits(limits);
        let mut decoder = reader.into_decoder()?;
        let orientation = decoder.orientation()?;
        let mut picture = DynamicImage::from_decoder(decoder)?;
        picture.apply_orientation(orientation);
        Ok(Self { pixels: picture.into_rgba8(), orientation })
    }

    /// Columns of the upright picture.
    pub fn width(&self) -> u32 {
        self.pixels.width()
    }

    /// Rows of the upright picture.
    pub fn height(&self) -> u32 {
        self.pixels.height()
    }

    /// EXIF orientation of the file, 1 to 8; 1 when it states none.
    pub fn orientation(&self) -> u8 {
        self.orientation.to_exif()
    }

    /// Digest of the upright pixels (RGBA, 8 bits) with width and height: equal
    /// for the same picture in any lossless format.
    pub fn pixels_digest(&self) -> Digest {
        let (width, height) = (self.width().to_le_bytes(), self.height().to_le_bytes());
        Digest::of_parts([width.as_slice(), height.as_slice(), self.pixels.as_raw()])
    }

    /// The picture on white paper.
    pub fn on_white(&self) -> RgbPixels {
        let over_white = |value: u8, alpha: u8| {
            let (value, alpha) = (u32::from(value), u32::from(alpha));
            // Rounded; the largest sum is 255 * 255 + 127, so the quotient fits.
            ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
        };
        let bytes = self.pixels.pixels().flat_map(|pixel| {
            let [red, green, blue, alpha] = pixel.0;
            [over_white(red, alpha), over_white(green, alpha), over_white(blue, alpha)]
        });
        RgbPixels { width: self.width(), height: self.height(), bytes: bytes.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, Rgba};

    fn encode(picture: &RgbaImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let picture = DynamicImage::from(picture.clone());
        match format {
            ImageFormat::Jpeg => picture.into_rgb8().write_to(&mut bytes, format).unwrap(),
            format => picture.write_to(&mut bytes, format).unwrap(),
        }
        bytes.into_inner()
    }

    fn gradient() -> RgbaImage {
        RgbaImage::from_fn(40, 20, |x, y| Rgba([x as u8 * 6, y as u8 * 12, 7, 255]))
    }

    #[test]
    fn orientation_is_read_and_applied() {
        let jpeg = encode(&gradient(), ImageFormat::Jpeg);
        // An APP1 segment with one EXIF entry: orientation 6, a quarter turn.
        let exif: &[u8] =
            b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let mut turned = jpeg[..2].to_vec();
        turned.extend_from_slice(&[0xff, 0xe1]);
        turned.extend_from_slice(&(exif.len() as u16 + 2).to_be_bytes());
        turned.extend_from_slice(exif);
        turned.extend_from_slice(&jpeg[2..]);
        let picture = Picture::decode(&turned).unwrap();
        assert_eq!((picture.width(), picture.height(), picture.orientation()), (20, 40, 6));
    }

    #[test]
    fn the_same_pixels_have_the_same_digest_in_any_lossless_format() {
        let digest =
            |format| Picture::decode(&encode(&gradient(), format)).unwrap().pixels_digest();
        assert_eq!(digest(ImageFormat::Png), digest(ImageFormat::WebP));
    }

    #[test]
    fn what_is_transparent_is_white() {
        let clear = RgbaImage::from_pixel(2, 1, Rgba([10, 20, 30, 0]));
        let picture = Picture::decode(&encode(&clear, ImageFormat::Png)).unwrap();
        assert_eq!(picture.on_white().bytes, [255; 6]);
        let half = RgbaImage::from_pixel(1, 1, Rgba([0, 255, 100, 128]));
        let picture = Picture::decode(&encode(&half, ImageFormat::Png)).unwrap();
        assert_eq!(picture.on_white().bytes, [127, 255, 177]);
    }

    #[test]
    fn damaged_and_enormous_pictures_are_refused() {
        let png = encode(&gradient(), ImageFormat::Png);
        assert!(Picture::decode(&png[..png.len() / 2]).is_err());
        assert!(Picture::decode(b"no picture").is_err());
        // A header that promises 30,000 x 30,000 pixels.
        let mut bomb = png;
        bomb[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
        let error = Picture::decode(&bomb).unwrap_err().to_string();
        assert!(error.contains("at most 20000 pixels"), "{error}");
    }
}
