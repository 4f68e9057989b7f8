//! A rectangle of a picture.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A rectangle in pixels of the upright picture, at least one pixel in size.
///
/// Its text is the spatial dimension of W3C Media Fragments 1.0 (section 4.2.2):
/// `xywh=pixel:left,top,width,height`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
}

/// A text that is no region.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a region like `xywh=pixel:10,20,300,40` with a width and height of at least 1, found `{0}`"
)]
pub struct RegionParseError(String);

impl Region {
    /// A rectangle; `None` when it is empty or reaches beyond what can be counted.
    pub fn new(x: u32, y: u32, width: u32, height: u32) -> Option<Self> {
        let fits = x.checked_add(width).is_some() && y.checked_add(height).is_some();
        (width > 0 && height > 0 && fits).then_some(Self { x, y, width, height })
    }

    /// Left edge.
    pub fn x(&self) -> u32 {
        self.x
    }

    /// Upper edge.
    pub fn y(&self) -> u32 {
        self.y
    }

    /// Columns.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        self.height
    }
}

impl fmt::Display for Region {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "xywh=pixel:{},{},{},{}", self.x, self.y, self.width, self.height)
    }
}

impl FromStr for Region {
    type Err = RegionParseError;

    /// Pixels are the unit where none is named; other units are refused.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || RegionParseError(text.to_owned());
        let numbers = text.strip_prefix("xywh=").ok_or_else(refused)?;
        let numbers = numbers.strip_prefix("pixel:").unwrap_or(numbers);
        let digits = |part: &str| -> Option<u32> {
            let plain = part.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| part.parse().ok()).flatten()
        };
        let numbers: Option<Vec<u32>> = numbers.split(',').map(digits).collect();
        match numbers.as_deref() {
            Some([x, y, width, height]) => Self::new(*x, *y, *width, *height).ok_or_else(refused),
            _ => Err(refused()),
        }
    }
}

impl TryFrom<String> for Region {
    type Error = RegionParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_survives_its_text() {
        let region = Region::new(10, 0, 300, 40).unwrap();
        assert_eq!(region.to_string(), "xywh=pixel:10,0,300,40");
        assert_eq!("xywh=pixel:10,0,300,40".parse(), Ok(region));
        assert_eq!("xywh=10,0,300,40".parse(), Ok(region));
        let json = serde_json::to_string(&region).unwrap();
        assert_eq!(serde_json::from_str::<Region>(&json).unwrap(), region);
    }

    #[test]
    fn what_is_no_region_is_refused() {
        for text in [
            "",
            "10,0,300,40",
            "xywh=percent:10,0,30,40",
            "xywh=pixel:1,2,3",
            "xywh=pixel:1,2,3,4,5",
            "xywh=pixel:1,2,0,4",
            "xywh=pixel:-1,2,3,4",
            "xywh=pixel:+1,2,3,4",
            "xywh=pixel:1, 2,3,4",
            "xywh=pixel:4294967295,0,1,1",
        ] {
            let error = text.parse::<Region>().unwrap_err();
            assert!(error.to_string().contains("xywh=pixel:10,20,300,40"), "{text}");
        }
    }
}
