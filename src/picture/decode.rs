//! Encoded bytes to upright pixels.

use crate::model::Digest;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits, RgbImage, RgbaImage};
use std::io::{Cursor, Read};

/// Widest and highest picture in pixels; beyond it lie decompression bombs.
const MAX_SIDE_PX: u32 = 20_000;
/// Most memory that the pixels of one picture may take while they are decoded.
const MAX_DECODED_BYTES: u64 = 512 << 20;

/// An upright picture.
#[derive(Clone, Debug)]
pub struct Picture {
    pixels: Pixels,
    orientation: Orientation,
    exif: Option<Vec<u8>>,
}

/// Transparency costs a quarter of the memory; most pictures have none.
#[derive(Clone, Debug)]
enum Pixels {
    Rgb(RgbImage),
    Rgba(RgbaImage),
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
pub enum PictureError {
    /// Damaged, or of a kind that is not read.
    #[error("expected a PNG, JPEG, WebP, GIF, BMP or TIFF picture: {0}")]
    Decode(Box<image::ImageError>),
    /// The header promises more pixels than are taken in; none was decoded.
    #[error(
        "expected a picture of at most {MAX_SIDE_PX} pixels a side and {} MiB of pixels, found {width} x {height} pixels of {} MiB\nhint: scale it down",
        MAX_DECODED_BYTES >> 20, size_bytes >> 20
    )]
    TooLarge {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// Bytes that the pixels would take.
        size_bytes: u64,
    },
}

impl From<image::ImageError> for PictureError {
    fn from(error: image::ImageError) -> Self {
        Self::Decode(Box::new(error))
    }
}

impl Picture {
    /// Decodes a picture; the kind is told by its first bytes. Of an animation or
    /// a file of several pages it is the first picture.
    ///
    /// # Errors
    /// When the bytes are damaged, of another kind, or larger than the limits; the
    /// latter is told by the header, before memory is taken.
    pub fn decode(bytes: &[u8]) -> Result<Self, PictureError> {
        let mut decoder = decoder(bytes)?;
        let (width, height) = decoder.dimensions();
        let size_bytes = decoder.total_bytes();
        if width.max(height) > MAX_SIDE_PX || size_bytes > MAX_DECODED_BYTES {
            return Err(PictureError::TooLarge { width, height, size_bytes });
        }
        let mut limits = Limits::default();
        limits.max_image_width = Some(MAX_SIDE_PX);
        limits.max_image_height = Some(MAX_SIDE_PX);
        limits.max_alloc = Some(MAX_DECODED_BYTES);
        decoder.set_limits(limits)?;
        let orientation = decoder.orientation()?;
        // A picture is shown although what is written about it is damaged.
        let exif = decoder.exif_metadata().unwrap_or_default();
        let mut picture = DynamicImage::from_decoder(decoder)?;
        picture.apply_orientation(orientation);
        let pixels = if picture.color().has_alpha() {
            Pixels::Rgba(picture.into_rgba8())
        } else {
            Pixels::Rgb(picture.into_rgb8())
        };
        Ok(Self { pixels, orientation, exif })
    }

    /// Number of pixels by the header alone; none when it cannot be read.
    pub(super) fn promised_px(bytes: &[u8]) -> Option<u64> {
        let (width, height) = decoder(bytes).ok()?.dimensions();
        Some(u64::from(width) * u64::from(height))
    }

    /// Columns of the upright picture.
    pub fn width(&self) -> u32 {
        match &self.pixels {
            Pixels::Rgb(pixels) => pixels.width(),
            Pixels::Rgba(pixels) => pixels.width(),
        }
    }

    /// Rows of the upright picture.
    pub fn height(&self) -> u32 {
        match &self.pixels {
            Pixels::Rgb(pixels) => pixels.height(),
            Pixels::Rgba(pixels) => pixels.height(),
        }
    }

    /// EXIF orientation of the file, 1 to 8; 1 when it states none.
    pub fn orientation(&self) -> u8 {
        self.orientation.to_exif()
    }

    /// The EXIF block of the file, when it has one.
    pub fn exif(&self) -> Option<&[u8]> {
        self.exif.as_deref()
    }

    /// Digest of the upright pixels (RGBA, 8 bits) with width and height: equal
    /// for the same picture in any lossless format.
    pub fn pixels_digest(&self) -> Digest {
        let (width, height) = (self.width().to_le_bytes(), self.height().to_le_bytes());
        match &self.pixels {
            Pixels::Rgba(pixels) => {
                Digest::of_parts([width.as_slice(), height.as_slice(), pixels.as_raw()])
            }
            Pixels::Rgb(pixels) => {
                let n = 4 * u64::from(self.width()) * u64::from(self.height());
                let head = [4u64.to_le_bytes(), n.to_le_bytes()];
                // The bytes that `of_parts` would see, made as they are read.
                let [four, n] = &head;
                let mut all =
                    Cursor::new([four, width.as_slice(), four, height.as_slice(), n].concat())
                        .chain(Opaque { rgb: pixels.as_raw(), row: Vec::new(), done: 0 });
                // Reading from memory does not fail.
                Digest::of_reader(&mut all).unwrap_or_else(|_| Digest::of(pixels.as_raw()))
            }
        }
    }

    /// The picture on white paper.
    pub fn on_white(&self) -> RgbPixels {
        self.clone().into_on_white()
    }

    /// The picture on white paper, without a copy where nothing is transparent.
    pub fn into_on_white(self) -> RgbPixels {
        let (width, height) = (self.width(), self.height());
        let bytes = match self.pixels {
            Pixels::Rgb(pixels) => pixels.into_raw(),
            Pixels::Rgba(pixels) => {
                let (pixels, _) = pixels.as_raw().as_chunks::<4>();
                pixels.iter().flat_map(|pixel| over_white(*pixel)).collect()
            }
        };
        RgbPixels { width, height, bytes }
    }
}

fn over_white([red, green, blue, alpha]: [u8; 4]) -> [u8; 3] {
    let alpha = u32::from(alpha);
    // Rounded; the largest sum is 255 * 255 + 127, so the quotient fits.
    [red, green, blue]
        .map(|value| ((u32::from(value) * alpha + 255 * (255 - alpha) + 127) / 255) as u8)
}

/// A decoder that has read the header and no pixel.
fn decoder(bytes: &[u8]) -> Result<impl ImageDecoder + '_, image::ImageError> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    reader.no_limits();
    reader.into_decoder()
}

/// Reads RGB as RGBA without transparency, some pixels at a time.
struct Opaque<'a> {
    rgb: &'a [u8],
    row: Vec<u8>,
    done: usize,
}

/// Pixels in one piece of [`Opaque`].
const PIECE_PX: usize = 16 << 10;

impl Read for Opaque<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.done == self.row.len() {
            let (piece, rest) = self.rgb.split_at(self.rgb.len().min(3 * PIECE_PX));
            self.rgb = rest;
            self.row.clear();
            self.done = 0;
            for [red, green, blue] in piece.as_chunks::<3>().0 {
                self.row.extend_from_slice(&[*red, *green, *blue, 255]);
            }
        }
        let n = self.row.get(self.done..).unwrap_or_default().read(buffer)?;
        self.done += n;
        Ok(n)
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
        assert!(picture.exif().is_some_and(|exif| exif.starts_with(b"II*")));
    }

    #[test]
    fn the_same_pixels_have_the_same_digest_in_any_lossless_format() {
        let digest =
            |format| Picture::decode(&encode(&gradient(), format)).unwrap().pixels_digest();
        let expected = Digest::of_parts([
            40u32.to_le_bytes().as_slice(),
            20u32.to_le_bytes().as_slice(),
            gradient().as_raw(),
        ]);
        for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Tiff] {
            assert_eq!(digest(format), expected, "{format:?}");
        }
    }

    #[test]
    fn the_digest_is_the_same_with_and_without_a_channel_of_transparency() {
        // More pixels than are converted at a time, and no whole number of pieces.
        let rgb = RgbImage::from_fn(301, 211, |x, y| image::Rgb([x as u8, y as u8, 9]));
        let with = DynamicImage::from(rgb.clone()).into_rgba8();
        let encoded = |picture: DynamicImage| {
            let mut bytes = Cursor::new(Vec::new());
            picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
            Picture::decode(&bytes.into_inner()).unwrap().pixels_digest()
        };
        assert_eq!(encoded(rgb.into()), encoded(with.into()));
    }

    #[test]
    fn of_an_animation_the_first_frame_is_shown() {
        let frame = |value| {
            image::Frame::new(RgbaImage::from_pixel(6, 4, Rgba([value, value, value, 255])))
        };
        let mut bytes = Vec::new();
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
        encoder.encode_frames([frame(200), frame(10)]).unwrap();
        drop(encoder);
        let picture = Picture::decode(&bytes).unwrap().into_on_white();
        assert_eq!((picture.width, picture.height), (6, 4));
        assert!(picture.bytes.iter().all(|value| *value > 190), "{:?}", picture.bytes);
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
    fn damaged_pictures_are_refused() {
        let png = encode(&gradient(), ImageFormat::Png);
        assert!(Picture::decode(&png[..png.len() / 2]).is_err());
        let error = Picture::decode(b"no picture").unwrap_err().to_string();
        assert!(error.contains("GIF, BMP or TIFF"), "{error}");
    }

    /// Fails unless a picture of 30,000 x 30,000 pixels is refused by its header.
    fn check_bomb(bytes: &[u8]) {
        let error = Picture::decode(bytes).unwrap_err();
        let sides = (30_000, 30_000);
        assert!(
            matches!(error, PictureError::TooLarge { width, height, .. } if (width, height) == sides),
            "{error}"
        );
        assert!(error.to_string().contains("at most 20000 pixels a side"), "{error}");
    }

    #[test]
    fn enormous_pictures_are_refused_by_their_headers() {
        let side = 30_000u32.to_be_bytes();
        let mut png = encode(&gradient(), ImageFormat::Png);
        png[16..20].copy_from_slice(&side);
        png[20..24].copy_from_slice(&side);
        // The header's checksum.
        let crc = crc32fast::hash(&png[12..29]).to_be_bytes();
        png[29..33].copy_from_slice(&crc);
        check_bomb(&png);
        let mut jpeg = encode(&gradient(), ImageFormat::Jpeg);
        let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        jpeg[frame + 5..frame + 7].copy_from_slice(&side[2..]);
        jpeg[frame + 7..frame + 9].copy_from_slice(&side[2..]);
        check_bomb(&jpeg);
        let mut gif = encode(&gradient(), ImageFormat::Gif);
        gif[6..8].copy_from_slice(&30_000u16.to_le_bytes());
        gif[8..10].copy_from_slice(&30_000u16.to_le_bytes());
        check_bomb(&gif);
        let mut bmp = encode(&gradient(), ImageFormat::Bmp);
        bmp[18..22].copy_from_slice(&30_000u32.to_le_bytes());
        bmp[22..26].copy_from_slice(&30_000u32.to_le_bytes());
        check_bomb(&bmp);
    }
}
