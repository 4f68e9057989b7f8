//! What is in these bytes, and how does it fall into fragments?
//!
//! Finds source files, tells their kind by content, loads them through the
//! [`Loader`] border and cuts their text into chunks under their headings.
//! Nothing is stored here and no network is used; a damaged file is an error
//! about that file alone.

mod archive;
mod bounded;
mod chunk;
mod container;
mod csvw;
mod damage;
mod detect;
mod document;
mod docx;
mod docx_text;
mod email;
mod error;
mod front_matter;
mod html;
mod json;
mod jsonl;
mod language;
mod loader;
mod mapped_rows;
mod markdown;
mod outline;
mod pdf;
mod pdf_text;
mod picture;
mod plain;
mod rdf;
mod records;
mod rst;
mod rst_links;
mod source;
mod table;
mod table_mapping;
mod table_rows;
mod uri_template;
mod values;
mod warnings;

pub use chunk::{ChunkOptions, fragments};
pub use csvw::TableMetadata;
pub use document::{IngestConfig, LabelRule, ValidateMode, document, labels_below, recipe};
pub use error::{LoadError, ScanError};
pub use language::likely_language;
pub use loader::{Loader, load};
pub use picture::{LoadedPicture, is_picture, load_picture};
pub use source::{RecordPicture, SourceItem, SourceText, count, is_looked_at, scan};
