//! What are the pixels of these bytes?
//!
//! Tells PNG, JPEG, WebP, GIF, BMP and TIFF apart, decodes them within limits of
//! size and memory and turns them upright by their EXIF orientation. Pixels leave
//! as plain bytes; what a picture shows is not known here.

mod decode;
mod groups;
mod kind;

pub use decode::{Picture, PictureError, RgbPixels};
pub use groups::{PIXELS_AT_ONCE, groups};
pub use kind::media_type;
