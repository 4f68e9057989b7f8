//! Reads a backup, and believes only what its digests prove.

use super::error::BackupError;
use super::manifest::{BackupFile, MANIFEST, Manifest};
use super::writer::{is_archive, parent_of, sync_folders};
use crate::model::Digest;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use zip::ZipArchive;

/// Largest list that is read.
const MAX_MANIFEST_BYTES: u64 = 1 << 30;

enum Source {
    Folder,
    Archive(Box<ZipArchive<BufReader<File>>>),
}

/// A backup that is read.
pub struct BackupReader {
    path: PathBuf,
    source: Source,
    manifest: Manifest,
}

impl BackupReader {
    /// Whether something looks like a backup: an archive, or a folder with a list.
    pub fn is_backup(path: &Path) -> bool {
        path.join(MANIFEST).is_file() || (is_archive(path) && path.is_file())
    }

    /// Opens a backup and reads its list.
    ///
    /// # Errors
    /// When there is none, it is of another format, or the list is not what was written.
    pub fn open(path: &Path) -> Result<Self, BackupError> {
        let no_manifest = || BackupError::NoManifest(path.to_owned());
        let (source, bytes) = if path.is_dir() {
            let list = path.join(MANIFEST);
            let file = match File::open(&list) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(no_manifest());
                }
                opened => opened.map_err(BackupError::disk("read", &list))?,
            };
            (Source::Folder, bytes_of(file, &list)?)
        } else {
            let file = File::open(path).map_err(BackupError::disk("read", path))?;
            let archive = ZipArchive::new(BufReader::new(file));
            let mut archive = archive.map_err(BackupError::archive(path))?;
            let bytes = match archive.by_name(MANIFEST) {
                Err(zip::result::ZipError::FileNotFound) => return Err(no_manifest()),
                entry => bytes_of(entry.map_err(BackupError::archive(path))?, path)?,
            };
            (Source::Archive(Box::new(archive)), bytes)
        };
        let manifest = Manifest::read(&bytes, path)?;
        Ok(Self { path: path.to_owned(), source, manifest })
    }

    /// What it holds.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Compares every file with the list. Nothing is found when all is as it was written.
    pub fn verify(&mut self) -> Vec<String> {
        let mut findings = Vec::new();
        for file in self.manifest.files.clone() {
            findings.extend(self.copy(&file, &mut io::sink()));
        }
        let known: HashSet<&str> =
            self.manifest.files.iter().map(|file| file.path.as_str()).collect();
        match self.names() {
            Ok(names) => {
                let foreign = names.iter().filter(|name| !known.contains(name.as_str()));
                findings.extend(foreign.map(|name| format!("{name} is not in the list")));
            }
            Err(error) => findings.push(format!("the files cannot be listed: {error}")),
        }
        findings
    }

    /// Copies everything into the empty folder `target`, and syncs it.
    ///
    /// # Errors
    /// When a file is not what was written, or the disk refuses.
    pub fn extract(&mut self, target: &Path) -> Result<(), BackupError> {
        let mut findings = Vec::new();
        for file in self.manifest.files.clone() {
            let to = target.join(&file.path);
            let parent = parent_of(&to);
            fs::create_dir_all(&parent).map_err(BackupError::disk("create", &parent))?;
            let mut out = File::create_new(&to).map_err(BackupError::disk("create", &to))?;
            findings.extend(self.copy(&file, &mut out));
            out.sync_all().map_err(BackupError::disk("sync", &to))?;
        }
        if findings.is_empty() {
            sync_folders(target)
        } else {
            Err(BackupError::Damaged { path: self.path.clone(), findings })
        }
    }

    /// Copies one file; what is wrong with it.
    fn copy(&mut self, file: &BackupFile, to: &mut dyn Write) -> Option<String> {
        let name = &file.path;
        let mut copied = Copied { to, digest: Digest::hasher(), n_bytes: 0 };
        let copy = match &mut self.source {
            Source::Folder => File::open(self.path.join(name))
                .and_then(|mut from| io::copy(&mut from, &mut copied)),
            Source::Archive(archive) => archive
                .by_name(name)
                .map_err(io::Error::other)
                .and_then(|mut from| io::copy(&mut from, &mut copied)),
        };
        match copy {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Some(format!("{name} is missing"))
            }
            Err(error) => Some(format!("{name} cannot be read: {error}")),
            Ok(_) if copied.n_bytes != file.size_bytes => {
                Some(format!("{name} has {} bytes, expected {}", copied.n_bytes, file.size_bytes))
            }
            Ok(_) if copied.digest.digest() != file.sha256 => {
                Some(format!("{name} is not what was written: its SHA-256 is another one"))
            }
            Ok(_) => None,
        }
    }

    /// Names of all files but the list.
    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        match &self.source {
            Source::Folder => list(&self.path, "", &mut names)?,
            Source::Archive(archive) => {
                for name in archive.file_names() {
                    names.push(name.map_err(io::Error::other)?.into_owned());
                }
            }
        }
        names.retain(|name| name != MANIFEST);
        Ok(names)
    }
}

fn list(folder: &Path, above: &str, names: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{above}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{name}/"), names)?;
        } else {
            names.push(name);
        }
    }
    Ok(())
}

fn bytes_of(reader: impl Read, path: &Path) -> Result<Vec<u8>, BackupError> {
    let mut bytes = Vec::new();
    let read = reader.take(MAX_MANIFEST_BYTES).read_to_end(&mut bytes);
    read.map_err(BackupError::disk("read", path))?;
    Ok(bytes)
}

/// Writes bytes on and hashes them.
struct Copied<'w> {
    to: &'w mut dyn Write,
    digest: crate::model::DigestHasher,
    n_bytes: u64,
}

impl Write for Copied<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.to.write(bytes)?;
        self.digest.write_all(bytes.get(..n).unwrap_or_default())?;
        self.n_bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BackupHead, BackupWriter};
    use super::*;

    fn written(target: &Path) -> Manifest {
        let mut writer = BackupWriter::create(target).unwrap();
        writer.add("graph/FORMAT", &mut b"one".as_slice()).unwrap();
        writer.add("blobs/ab/cd", &mut b"two words".as_slice()).unwrap();
        writer.finish(BackupHead::default()).unwrap().0
    }

    #[test]
    fn folder_and_archive_are_read_back_and_never_overwritten() {
        let root = tempfile::tempdir().unwrap();
        for name in ["folder", "archive.zip"] {
            let path = root.path().join(name);
            let manifest = written(&path);
            assert!(BackupReader::is_backup(&path));
            let mut reader = BackupReader::open(&path).unwrap();
            assert_eq!((reader.verify(), reader.manifest()), (Vec::new(), &manifest));
            let out = tempfile::tempdir().unwrap();
            reader.extract(out.path()).unwrap();
            assert_eq!(fs::read(out.path().join("blobs/ab/cd")).unwrap(), b"two words");
            assert!(matches!(BackupWriter::create(&path), Err(BackupError::Exists(_))));
        }
        assert!(!BackupReader::is_backup(root.path()));
    }

    #[test]
    fn a_flipped_byte_a_missing_and_a_foreign_file_are_named() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("folder");
        written(&path);
        fs::write(path.join("blobs/ab/cd"), b"two wordz").unwrap();
        fs::write(path.join("foreign"), b"x").unwrap();
        fs::remove_file(path.join("graph/FORMAT")).unwrap();
        let mut reader = BackupReader::open(&path).unwrap();
        let findings = reader.verify();
        let names: Vec<&str> =
            findings.iter().filter_map(|finding| finding.split(' ').next()).collect();
        assert_eq!(names, ["blobs/ab/cd", "graph/FORMAT", "foreign"], "{findings:?}");
        let out = tempfile::tempdir().unwrap();
        assert!(matches!(reader.extract(out.path()), Err(BackupError::Damaged { .. })));
    }

    #[test]
    fn every_flipped_byte_of_an_archives_content_is_found() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("archive.zip");
        written(&path);
        let bytes = fs::read(&path).unwrap();
        let place = bytes.windows(9).position(|bytes| bytes == b"two words").unwrap();
        for at in place..place + 9 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            fs::write(&path, &flipped).unwrap();
            let findings = BackupReader::open(&path).unwrap().verify();
            assert!(findings[0].starts_with("blobs/ab/cd "), "{findings:?}");
        }
    }
}
