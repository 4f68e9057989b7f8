//! A knowledge base out of a backup.

use super::error::{EngineError, io_error};
use crate::audit::{PublicKey, SealError, SiteKey};
use crate::backup::{BackupError, BackupReader, Manifest};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// How the folder is named that is not whole yet.
const ASIDE: &str = ".restoring-";

/// What came of restoring.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What the backup held.
    pub manifest: Manifest,
    /// Whether the private key of the site is in place. Without it the knowledge base can
    /// be read and verified, and answers nothing.
    pub has_site_key: bool,
}

/// Makes the knowledge base `target` out of a backup, exactly as it was. Every file is
/// compared with its digest; nothing has its name until all is there. `site_key` is the
/// file of the key that signed the records.
///
/// # Errors
/// When something is at `target` already, the backup is damaged, the key is another one,
/// or the disk refuses.
pub fn restore(
    backup: &Path,
    target: &Path,
    site_key: Option<&Path>,
) -> Result<Restored, EngineError> {
    let taken = || EngineError::from(BackupError::Exists(target.to_owned()));
    if !is_free(target)? {
        return Err(taken());
    }
    let mut reader = BackupReader::open(backup)?;
    let key = site_key.map(|path| key_of(path, reader.manifest())).transpose()?;
    let parent = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    fs::create_dir_all(&parent).map_err(io_error("create", &parent))?;
    let aside = tempfile::Builder::new()
        .prefix(ASIDE)
        .tempdir_in(&parent)
        .map_err(io_error("create a folder in", &parent))?;
    reader.extract(aside.path())?;
    let generations = aside.path().join("generations");
    fs::create_dir_all(&generations).map_err(io_error("create", &generations))?;
    let has_site_key = key.is_some();
    if let Some(key) = key {
        key.save(&aside.path().join("audit/key"))?;
    }
    // An empty folder gives way to the rename; anything else makes it fail.
    fs::rename(aside.path(), target).map_err(|error| match is_free(target) {
        Ok(false) => taken(),
        _ => io_error("name", target)(error),
    })?;
    drop(aside);
    let synced = File::open(&parent).and_then(|folder| folder.sync_all());
    synced.map_err(io_error("sync", &parent))?;
    Ok(Restored { manifest: reader.manifest().clone(), has_site_key })
}

/// Whether nothing is there, or an empty folder.
fn is_free(target: &Path) -> Result<bool, EngineError> {
    if target.symlink_metadata().is_err() {
        return Ok(true);
    }
    if !target.is_dir() {
        return Ok(false);
    }
    Ok(fs::read_dir(target).map_err(io_error("list", target))?.next().is_none())
}

/// The key of a file, when it is the one that signed the records.
fn key_of(path: &Path, manifest: &Manifest) -> Result<SiteKey, EngineError> {
    let missing = || SealError::KeyGone(path.to_owned());
    let key = SiteKey::load(path)?.ok_or_else(missing)?;
    let expected = manifest.head.public_key.as_deref().and_then(PublicKey::from_text);
    match expected {
        Some(expected) if expected != key.public() => Err(SealError::OtherKey {
            path: path.to_owned(),
            found: key.public().to_string(),
            expected: expected.to_string(),
        }
        .into()),
        _ => Ok(key),
    }
}
