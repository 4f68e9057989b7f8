//! What is in these bytes, and how does it fall into fragments?
//!
//! Finds source files, tells their kind by content, loads them through the
//! [`Loader`] border and cuts their text into chunks under their headings.
//! Nothing is stored here and no network is used; a damaged file is an error
//! about that file alone.

mod chunk;
mod detect;
mod document;
mod error;
mod html;
mod jsonl;
mod loader;
mod markdown;
mod picture;
mod plain;
mod source;
mod turtle;

pub use chunk::{ChunkOptions, fragments};
pub use document::{IngestConfig, LabelRule, ValidateMode, document, recipe};
pub use error::{LoadError, ScanError};
pub use loader::{Loader, load};
pub use picture::{LoadedPicture, is_picture, load_picture};
pub use source::{RecordPicture, SourceItem, SourceText, count, scan};
