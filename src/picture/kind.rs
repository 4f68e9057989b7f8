//! Which kind of picture these bytes are.

use crate::model::MediaType;

/// Sizes of the second header of a BMP, which tell it from text that begins `BM`.
const BMP_HEADERS: [u8; 7] = [12, 40, 52, 56, 64, 108, 124];

/// The kind of a picture by its first bytes; none for what is no picture.
pub fn media_type(bytes: &[u8]) -> Option<MediaType> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    if starts(b"\x89PNG\r\n\x1a\n") {
        Some(MediaType::Png)
    } else if starts(b"\xff\xd8\xff") {
        Some(MediaType::Jpeg)
    } else if starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some(MediaType::WebP)
    } else if starts(b"GIF87a") || starts(b"GIF89a") {
        Some(MediaType::Gif)
    } else if starts(b"II*\0") || starts(b"MM\0*") {
        Some(MediaType::Tiff)
    } else if let Some([b'B', b'M', .., size, 0, 0, 0]) = bytes.get(..18)
        && BMP_HEADERS.contains(size)
    {
        Some(MediaType::Bmp)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, RgbImage};
    use std::io::Cursor;

    #[test]
    fn every_kind_is_told_by_its_content() {
        for (format, expected) in [
            (ImageFormat::Png, MediaType::Png),
            (ImageFormat::Jpeg, MediaType::Jpeg),
            (ImageFormat::WebP, MediaType::WebP),
            (ImageFormat::Gif, MediaType::Gif),
            (ImageFormat::Bmp, MediaType::Bmp),
            (ImageFormat::Tiff, MediaType::Tiff),
        ] {
            let mut bytes = Cursor::new(Vec::new());
            RgbImage::new(3, 2).write_to(&mut bytes, format).unwrap();
            assert_eq!(media_type(&bytes.into_inner()), Some(expected));
        }
    }

    #[test]
    fn text_that_begins_like_a_picture_is_text() {
        for text in ["BM is short for bench mark, says the manual.", "MM", "GIF files", "RIFF"] {
            assert_eq!(media_type(text.as_bytes()), None, "{text}");
        }
    }
}
