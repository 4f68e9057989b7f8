//! Makes a backup.

use super::error::BackupError;
use super::manifest::{BackupFile, BackupHead, MANIFEST, Manifest};
use crate::model::Digest;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, TempDir};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// How names begin of what is not whole yet.
const ASIDE: &str = ".backup-";

/// Where files go.
enum Sink {
    Folder {
        aside: TempDir,
        target: PathBuf,
    },
    Archive {
        aside: NamedTempFile,
        target: PathBuf,
        zip: ZipWriter<BufWriter<File>>,
    },
    /// An archive without a name.
    Stream {
        zip: ZipWriter<BufWriter<File>>,
    },
}

/// A backup in the making. Nothing has its name until it is whole.
pub struct BackupWriter {
    sink: Sink,
    files: Vec<BackupFile>,
}

impl BackupWriter {
    /// A backup at `target`: one archive when the name ends in `.zip`, else a folder. Only
    /// its owner can read it.
    ///
    /// # Errors
    /// When something is there already, or the disk refuses.
    pub fn create(target: &Path) -> Result<Self, BackupError> {
        if target.symlink_metadata().is_ok() {
            return Err(BackupError::Exists(target.to_owned()));
        }
        let parent = parent_of(target);
        fs::create_dir_all(&parent).map_err(BackupError::disk("create", &parent))?;
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix(ASIDE);
        let target = target.to_owned();
        let sink = if is_archive(&target) {
            let aside = builder.tempfile_in(&parent);
            let aside = aside.map_err(BackupError::disk("create a file in", &parent))?;
            let file = aside.reopen().map_err(BackupError::disk("open", aside.path()))?;
            Sink::Archive { zip: ZipWriter::new(BufWriter::new(file)), aside, target }
        } else {
            let aside = builder.tempdir_in(&parent);
            let aside = aside.map_err(BackupError::disk("create a folder in", &parent))?;
            Sink::Folder { aside, target }
        };
        Ok(Self { sink, files: Vec::new() })
    }

    /// An archive in a file without a name in `folder`, for whoever sends it on.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn nameless(folder: &Path) -> Result<Self, BackupError> {
        let file = tempfile::tempfile_in(folder);
        let file = file.map_err(BackupError::disk("create a file in", folder))?;
        let zip = ZipWriter::new(BufWriter::new(file));
        Ok(Self { sink: Sink::Stream { zip }, files: Vec::new() })
    }

    /// Adds a file under its place in the knowledge base.
    ///
    /// # Errors
    /// When it cannot be read, or the backup cannot be written.
    pub fn add(&mut self, path: &str, reader: &mut dyn Read) -> Result<(), BackupError> {
        let mut hashed = Hashed { inner: reader, digest: Digest::hasher(), n_bytes: 0 };
        self.sink.put(path, &mut hashed)?;
        let (sha256, size_bytes) = (hashed.digest.digest(), hashed.n_bytes);
        self.files.push(BackupFile { path: path.to_owned(), size_bytes, sha256 });
        Ok(())
    }

    /// Adds the list, syncs, and gives the backup its name. For a nameless archive, the
    /// file, to be read from its beginning.
    ///
    /// # Errors
    /// When the disk refuses; then there is no backup.
    pub fn finish(mut self, head: BackupHead) -> Result<(Manifest, Option<File>), BackupError> {
        let manifest = Manifest::new(head, std::mem::take(&mut self.files));
        let bytes = serde_json::to_vec_pretty(&manifest).unwrap_or_default();
        self.sink.put(MANIFEST, &mut bytes.as_slice())?;
        let file = self.sink.close()?;
        Ok((manifest, file))
    }
}

impl Sink {
    fn put(&mut self, path: &str, reader: &mut dyn Read) -> Result<(), BackupError> {
        match self {
            Self::Folder { aside, .. } => {
                let to = aside.path().join(path);
                let parent = parent_of(&to);
                fs::create_dir_all(&parent).map_err(BackupError::disk("create", &parent))?;
                let mut file = File::create_new(&to).map_err(BackupError::disk("create", &to))?;
                io::copy(reader, &mut file).map_err(BackupError::disk("write", &to))?;
                file.sync_all().map_err(BackupError::disk("sync", &to))
            }
            Self::Archive { zip, target, .. } => put_into(zip, target, path, reader),
            Self::Stream { zip } => put_into(zip, Path::new("the archive"), path, reader),
        }
    }

    fn close(self) -> Result<Option<File>, BackupError> {
        match self {
            Self::Folder { aside, target } => {
                sync_folders(aside.path())?;
                // Renaming onto an empty folder would succeed.
                if target.symlink_metadata().is_ok() {
                    return Err(BackupError::Exists(target));
                }
                fs::rename(aside.path(), &target).map_err(BackupError::disk("name", &target))?;
                // What is dropped here is a name that is there no more.
                drop(aside);
                sync(&parent_of(&target))?;
                Ok(None)
            }
            Self::Archive { aside, target, zip } => {
                drop(written(zip, &target)?);
                aside.persist_noclobber(&target).map_err(|error| match error.error.kind() {
                    io::ErrorKind::AlreadyExists => BackupError::Exists(target.clone()),
                    _ => BackupError::disk("name", &target)(error.error),
                })?;
                sync(&parent_of(&target))?;
                Ok(None)
            }
            Self::Stream { zip } => {
                let path = Path::new("the archive");
                let mut file = written(zip, path)?;
                file.seek(SeekFrom::Start(0)).map_err(BackupError::disk("read", path))?;
                Ok(Some(file))
            }
        }
    }
}

/// The file of an archive, complete and synced.
fn written(zip: ZipWriter<BufWriter<File>>, path: &Path) -> Result<File, BackupError> {
    let buffered = zip.finish().map_err(BackupError::archive(path))?;
    let file = buffered.into_inner().map_err(io::IntoInnerError::into_error);
    let file = file.map_err(BackupError::disk("write", path))?;
    file.sync_all().map_err(BackupError::disk("sync", path))?;
    Ok(file)
}

fn put_into(
    zip: &mut ZipWriter<BufWriter<File>>,
    archive: &Path,
    path: &str,
    reader: &mut dyn Read,
) -> Result<(), BackupError> {
    let options = SimpleFileOptions::default()
        // Most of it is compressed already, or vectors.
        .compression_method(CompressionMethod::Stored)
        .unix_permissions(0o600)
        .large_file(true);
    zip.start_file(path, options).map_err(BackupError::archive(archive))?;
    io::copy(reader, zip).map_err(BackupError::disk("write", archive))?;
    Ok(())
}

/// Passes bytes on and hashes them.
struct Hashed<'r> {
    inner: &'r mut dyn Read,
    digest: crate::model::DigestHasher,
    n_bytes: u64,
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.digest.write_all(buffer.get(..n).unwrap_or_default())?;
        self.n_bytes += n as u64;
        Ok(n)
    }
}

/// Whether a backup of this name is one file.
pub(super) fn is_archive(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip"))
}

/// The folder in which something stands.
pub(super) fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn sync(folder: &Path) -> Result<(), BackupError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(BackupError::disk("sync", folder))
}

/// Syncs a folder and those below it; the files in them were synced when written.
pub(super) fn sync_folders(root: &Path) -> Result<(), BackupError> {
    let disk = BackupError::disk("list", root);
    for entry in fs::read_dir(root).map_err(&disk)? {
        let path = entry.map_err(&disk)?.path();
        if path.is_dir() {
            sync_folders(&path)?;
        }
    }
    sync(root)
}
