//! Pictures: what the pixels are, checked by decoding them.

use super::error::LoadError;
use super::loader::Loader;
use crate::model::{Digest, Loaded, PictureFacts, Section, Span};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits};
use std::io::Cursor;

/// Widest and highest picture in pixels; beyond it lie decompression bombs.
const MAX_SIDE_PX: u32 = 20_000;
/// Most memory that decoding may take.
const MAX_DECODED_BYTES: u64 = 512 << 20;

/// Loads PNG, JPEG and WebP; the text is the file name in words.
pub(super) struct PictureLoader;

impl Loader for PictureLoader {
    fn load(&self, source: &str, bytes: &[u8]) -> Result<Loaded, LoadError> {
        let (picture, orientation) = decode(source, bytes)?;
        let text = words_of(source);
        let (width_px, height_px) = (picture.width(), picture.height());
        let orientation = orientation.to_exif();
        let facts = PictureFacts { width_px, height_px, orientation, pixels: pixels(picture) };
        let span = Span::new(0, text.chars().count());
        Ok(Loaded {
            title: Some(text.clone()),
            text,
            sections: vec![Section { heading_path: Vec::new(), span }],
            picture: Some(facts),
            ..Loaded::default()
        })
    }
}

/// Digest of the upright pixels (RGBA, 8 bits) with width and height: equal for
/// the same picture in any lossless format.
///
/// # Errors
/// When the bytes are not a picture that can be decoded.
pub fn pixel_digest(source: &str, bytes: &[u8]) -> Result<Digest, LoadError> {
    decode(source, bytes).map(|(picture, _)| pixels(picture))
}

fn pixels(picture: DynamicImage) -> Digest {
    let (width, height) = (picture.width().to_le_bytes(), picture.height().to_le_bytes());
    let pixels = picture.into_rgba8().into_raw();
    Digest::of_parts([width.as_slice(), height.as_slice(), pixels.as_slice()])
}

fn decode(source: &str, bytes: &[u8]) -> Result<(DynamicImage, Orientation), LoadError> {
    let refused = |error: image::ImageError| LoadError::Picture {
        source_path: source.to_owned(),
        reason: error.to_string(),
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE_PX);
    limits.max_image_height = Some(MAX_SIDE_PX);
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| refused(error.into()))?;
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(refused)?;
    let orientation = decoder.orientation().map_err(refused)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(refused)?;
    picture.apply_orientation(orientation);
    Ok((picture, orientation))
}

/// `pictures/hx-200_front.png` as `hx-200 front`.
fn words_of(source: &str) -> String {
    let name = source.rsplit('/').next().unwrap_or(source);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.replace(['_', '-'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, Rgb, RgbImage};

    fn encode(format: ImageFormat) -> Vec<u8> {
        let picture = RgbImage::from_fn(40, 20, |x, y| Rgb([x as u8 * 6, y as u8 * 12, 7]));
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn orientation_is_read_and_applied() {
        let jpeg = encode(ImageFormat::Jpeg);
        // An APP1 segment with one EXIF entry: orientation 6, a quarter turn.
        let exif: &[u8] =
            b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let mut turned = jpeg[..2].to_vec();
        turned.extend_from_slice(&[0xff, 0xe1]);
        turned.extend_from_slice(&(exif.len() as u16 + 2).to_be_bytes());
        turned.extend_from_slice(exif);
        turned.extend_from_slice(&jpeg[2..]);
        let facts = PictureLoader.load("p/a_b.jpg", &turned).unwrap().picture.unwrap();
        assert_eq!((facts.width_px, facts.height_px, facts.orientation), (20, 40, 6));
    }

    #[test]
    fn the_same_pixels_have_the_same_digest_in_any_lossless_format() {
        let png = pixel_digest("a.png", &encode(ImageFormat::Png)).unwrap();
        assert_eq!(png, pixel_digest("a.webp", &encode(ImageFormat::WebP)).unwrap());
    }

    #[test]
    fn a_truncated_picture_is_refused_by_name() {
        let png = encode(ImageFormat::Png);
        let error = PictureLoader.load("p/a.png", &png[..png.len() / 2]).unwrap_err().to_string();
        assert!(error.contains("p/a.png is a damaged"), "{error}");
    }
}
