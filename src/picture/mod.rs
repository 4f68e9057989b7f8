//! What are the pixels of these bytes?
//!
//! Tells PNG, JPEG, WebP, GIF, BMP and TIFF apart, decodes them within limits of
//! size and memory and turns them upright by their EXIF orientation. Pixels leave
//! as plain bytes, with the facts that need no model: what the camera wrote, the
//! colours, and a hash that near-duplicates share. What a picture shows is not
//! known here.

mod altered;
mod colours;
mod decode;
mod exif;
mod facts;
mod groups;
mod hash;
mod kind;
mod shown;
mod small;
mod tiles;

pub use decode::{Picture, PictureError, RgbPixels};
pub use groups::{PIXELS_AT_ONCE, groups};
pub use kind::media_type;
pub use tiles::tiles;
