//! Everything that is known of a picture without a model.

use super::colours::colours;
use super::decode::{Picture, RgbPixels};
use super::exif::exif_facts;
use super::hash::hash;
use super::small::{cells, grid};
use crate::model::PictureFacts;

impl Picture {
    /// The facts and the pixels on white paper, which are needed for them. The
    /// place where the picture was taken is read only `with_location`.
    pub fn into_facts(self, with_location: bool) -> (PictureFacts, RgbPixels) {
        let (pixels, orientation) = (self.pixels_digest(), self.orientation());
        let exif = self.exif().map(|block| exif_facts(block, with_location)).unwrap_or_default();
        let picture = self.into_on_white();
        let cells = cells(&picture);
        let facts = PictureFacts {
            width_px: picture.width,
            height_px: picture.height,
            orientation,
            pixels,
            hash: hash(&cells),
            grid: grid(&cells),
            colours: colours(&cells),
            exif,
        };
        (facts, picture)
    }
}
