//! What the pixels of a picture and the words of its camera say.

use super::Digest;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Most bits in which the hashes of near-duplicates differ.
///
/// Measured on the 78 pictures of the example, scaled by 0.33 to 1.5 and written as
/// JPEG of quality 60 to 90: 99 % of the 468 copies differ by at most 8 bits. So do
/// 27 of the 1,202 pairs of different pictures of equal shape: drawings of a front
/// panel that differ only by which lamps are lit. The grid tells those apart.
pub const NEAR_BITS: u32 = 8;
/// Most levels of 255 by which a colour of the grids of near-duplicates differs:
/// 13 for the copies above, and at least 16 for different pictures whose hashes
/// are near.
pub const NEAR_LEVELS: u8 = 15;
/// Near-duplicates have the same shape: their ratios of width to height differ by
/// at most this factor.
const NEAR_SHAPE: f64 = 1.05;

/// Facts about a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PictureFacts {
    /// Width in pixels after the EXIF orientation is applied.
    pub width_px: u32,
    /// Height in pixels after the EXIF orientation is applied.
    pub height_px: u32,
    /// EXIF orientation, 1 to 8; 1 when the file states none.
    pub orientation: u8,
    /// Digest of the upright pixels (RGBA, 8 bits) with width and height: equal
    /// for the same picture in any lossless format.
    pub pixels: Digest,
    /// What survives scaling and lossy formats; none for an even surface.
    pub hash: Option<PictureHash>,
    /// Colours in 8 x 8 places, which tell apart what the hash does not.
    pub grid: Option<ColourGrid>,
    /// Colours that cover the most, in falling order.
    pub colours: Vec<ColourShare>,
    /// What the camera or program wrote.
    pub exif: ExifFacts,
}

impl PictureFacts {
    /// Bits by which the hashes differ, when the two are near-duplicates: at most
    /// [`NEAR_BITS`], of the same shape, and no place of another colour.
    pub fn near(&self, other: &Self) -> Option<u32> {
        let shape = |facts: &Self| f64::from(facts.width_px) / f64::from(facts.height_px.max(1));
        let (own, its) = (shape(self), shape(other));
        let distance = self.hash?.distance(other.hash?);
        let near = distance <= NEAR_BITS
            && own <= its * NEAR_SHAPE
            && its <= own * NEAR_SHAPE
            && self.grid?.distance(&other.grid?) <= NEAR_LEVELS;
        near.then_some(distance)
    }
}

/// A perceptual hash of 64 bits; its text is 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PictureHash(pub u64);

/// A text that is no perceptual hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a perceptual hash of 16 hexadecimal digits, found `{0}`")]
pub struct PictureHashParseError(String);

impl PictureHash {
    /// Number of bits that differ.
    pub fn distance(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }
}

impl fmt::Display for PictureHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl FromStr for PictureHash {
    type Err = PictureHashParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = digits.then(|| u64::from_str_radix(text, 16).ok()).flatten();
        number.map(Self).ok_or_else(|| PictureHashParseError(text.to_owned()))
    }
}

impl TryFrom<String> for PictureHash {
    type Error = PictureHashParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PictureHash> for String {
    fn from(hash: PictureHash) -> Self {
        hash.to_string()
    }
}

/// Red, green and blue of 8 x 8 places, row by row; its text is hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ColourGrid(pub [u8; 192]);

/// A text that is no grid of colours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected colours in 384 hexadecimal digits, found `{0}`")]
pub struct ColourGridParseError(String);

impl ColourGrid {
    /// The largest difference of two values at the same place.
    pub fn distance(&self, other: &Self) -> u8 {
        let differences = self.0.iter().zip(other.0).map(|(a, b)| a.abs_diff(b));
        differences.max().unwrap_or_default()
    }
}

impl fmt::Display for ColourGrid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl FromStr for ColourGrid {
    type Err = ColourGridParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut grid = [0u8; 192];
        hex::decode_to_slice(text, &mut grid).map_err(|_| ColourGridParseError(text.to_owned()))?;
        Ok(Self(grid))
    }
}

impl TryFrom<String> for ColourGrid {
    type Error = ColourGridParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ColourGrid> for String {
    fn from(grid: ColourGrid) -> Self {
        grid.to_string()
    }
}

/// A colour and how much of a picture it covers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColourShare {
    /// One of the eleven basic colour names of English.
    pub name: String,
    /// The mean of the pixels that have it, as `#rrggbb`.
    pub rgb: String,
    /// Share of the pixels, from 0 to 1, in hundredths.
    pub share: f64,
}

/// What a camera or program wrote about a picture. Nothing of it is checked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExifFacts {
    /// Maker of the camera.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub make: Option<String>,
    /// Model of the camera.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Model of the lens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lens: Option<String>,
    /// Program that wrote the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software: Option<String>,
    /// When it was taken, by the camera's clock: `2026-05-01T10:00:00`, with an
    /// offset where the camera states one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<String>,
    /// Exposure in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposure_s: Option<f64>,
    /// Focal length divided by the aperture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub f_number: Option<f64>,
    /// Sensitivity by ISO 12232.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iso: Option<u32>,
    /// Focal length in millimetres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub focal_length_mm: Option<f64>,
    /// Where it was taken; read only when `ingest.picture_location` is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// A place in degrees of WGS 84.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// North is positive.
    pub latitude: f64,
    /// East is positive.
    pub longitude: f64,
    /// Metres above the sea.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub altitude_m: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(hash: u64, width_px: u32, height_px: u32) -> PictureFacts {
        PictureFacts {
            width_px,
            height_px,
            orientation: 1,
            pixels: Digest::of(b""),
            hash: Some(PictureHash(hash)),
            grid: Some(ColourGrid([100; 192])),
            colours: Vec::new(),
            exif: ExifFacts::default(),
        }
    }

    #[test]
    fn near_duplicates_share_hash_and_shape() {
        let picture = facts(0b1011, 400, 300);
        assert_eq!(picture.near(&facts(0b1000, 200, 150)), Some(2));
        assert_eq!(picture.near(&facts(0b1011, 300, 400)), None);
        assert_eq!(picture.near(&facts(0xffff, 400, 300)), None);
        assert_eq!(picture.near(&PictureFacts { hash: None, ..picture.clone() }), None);
        let mut grid = [100; 192];
        grid[7] = 100 + NEAR_LEVELS;
        let with = |grid| picture.near(&PictureFacts { grid: Some(grid), ..picture.clone() });
        assert_eq!(with(ColourGrid(grid)), Some(0));
        grid[7] += 1;
        assert_eq!(with(ColourGrid(grid)), None);
    }

    #[test]
    fn a_grid_survives_its_text() {
        let grid = ColourGrid(std::array::from_fn(|i| i as u8));
        assert_eq!(grid.to_string().parse(), Ok(grid));
        assert!("00ff".parse::<ColourGrid>().is_err());
    }

    #[test]
    fn a_hash_survives_its_text() {
        let hash = PictureHash(0x00ab_0000_0000_00ff);
        assert_eq!(hash.to_string().parse(), Ok(hash));
        for text in ["", "00ab", "+0ab0000000000ff", "00ab0000000000fg", "00ab0000000000ff0"] {
            assert!(text.parse::<PictureHash>().is_err(), "{text}");
        }
    }
}
