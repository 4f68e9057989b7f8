//! What is in a backup, and is it as it was written?
//!
//! A backup is a folder, or one ZIP archive, of files and a [`Manifest`] that names each
//! of them with its size and SHA-256. [`BackupWriter`] makes one from readers, hashing
//! while it copies; [`BackupReader`] verifies one and copies it out. Which files belong
//! to a knowledge base, and how they are held still meanwhile, is the engine's business.

mod error;
mod manifest;
mod reader;
mod writer;

pub use error::BackupError;
pub use manifest::{BackupFile, BackupHead, MANIFEST, Manifest};
pub use reader::BackupReader;
pub use writer::BackupWriter;
