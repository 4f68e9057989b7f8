//! What is installed, and whether it is still what it was.

use super::install::{InstallError, io_error, write_atomically};
use super::registry::ModelEntry;
use crate::model::Digest;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Digests that the first installation found, for files without a registered one.
const RECORDED: &str = "recorded-digests.json";

/// State of a file in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// There, with the registered digest.
    Verified,
    /// Not there.
    Missing,
    /// There, with another digest.
    Altered(Digest),
}

/// A file of a model and its state.
#[derive(Clone, Debug)]
pub struct InstalledFile {
    /// Where it is or should be.
    pub path: PathBuf,
    /// Its state.
    pub state: FileState,
}

/// A model whose files were all checked.
#[derive(Clone, Debug)]
pub struct VerifiedModel {
    /// Its folder.
    pub folder: PathBuf,
    /// Every file with its digest, in the order of the registry.
    pub digests: Vec<(String, Digest)>,
}

/// The files of a model and their states; each is read and hashed.
///
/// # Errors
/// When a file is there but cannot be read.
pub fn installed_files(
    entry: &ModelEntry,
    cache_dir: &Path,
) -> Result<Vec<InstalledFile>, InstallError> {
    let folder = folder(entry, cache_dir);
    let recorded = recorded_digests(&folder)?;
    entry
        .files
        .iter()
        .map(|file| {
            let path = folder.join(&file.name);
            let expected = file.sha256.or_else(|| recorded.get(&file.name).copied());
            let state = match digest_of(&path)? {
                None => FileState::Missing,
                Some(found) if expected == Some(found) => FileState::Verified,
                Some(found) => FileState::Altered(found),
            };
            Ok(InstalledFile { path, state })
        })
        .collect()
}

/// Checks every file of a model.
///
/// # Errors
/// When a file is missing or altered.
pub fn verify(entry: &ModelEntry, cache_dir: &Path) -> Result<VerifiedModel, InstallError> {
    let folder = folder(entry, cache_dir);
    let recorded = recorded_digests(&folder)?;
    let mut digests = Vec::new();
    for file in &entry.files {
        let path = folder.join(&file.name);
        let model = entry.name.clone();
        let Some(found) = digest_of(&path)? else {
            return Err(InstallError::Missing { model, path });
        };
        let Some(expected) = file.sha256.or_else(|| recorded.get(&file.name).copied()) else {
            return Err(InstallError::NotRecorded { model, path });
        };
        if found != expected {
            return Err(InstallError::Altered { model, path, expected, found });
        }
        digests.push((file.name.clone(), found));
    }
    Ok(VerifiedModel { folder, digests })
}

pub(super) fn folder(entry: &ModelEntry, cache_dir: &Path) -> PathBuf {
    cache_dir.join("models").join(&entry.name)
}

pub(super) fn recorded_digests(folder: &Path) -> Result<BTreeMap<String, Digest>, InstallError> {
    let path = folder.join(RECORDED);
    match fs::read(&path) {
        // What cannot be read counts as never recorded: the files must be pulled again.
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap_or_default()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(io_error("read", &path)(error)),
    }
}

pub(super) fn record_digests(
    folder: &Path,
    digests: &BTreeMap<String, Digest>,
) -> Result<(), InstallError> {
    let text = serde_json::to_vec_pretty(digests).unwrap_or_default();
    write_atomically(&folder.join(RECORDED), &text)
}

/// Digest of a file, read piece by piece; `None` when there is none.
pub(super) fn digest_of(path: &Path) -> Result<Option<Digest>, InstallError> {
    match File::open(path) {
        Ok(mut file) => Digest::of_reader(&mut file).map(Some).map_err(io_error("read", path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error("read", path)(error)),
    }
}
