//! What are the pixels of these bytes?
//!
//! Decodes PNG, JPEG and WebP within limits of size and memory and turns them
//! upright by their EXIF orientation. Pixels leave as plain bytes; what a picture
//! shows is not known here.

mod decode;

pub use decode::{Picture, PictureError, RgbPixels};
