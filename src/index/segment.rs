//! One file of vectors.
//!
//! Layout, little-endian: the magic `VTVECSEG`, format version (u32), dimension
//! (u32), space id (32 bytes); then records: key length (u16), key (UTF-8),
//! dimension × f32, CRC-32 of all that precedes it in the record.

use crate::model::{Digest, Embedding, SpaceId};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"VTVECSEG";
const FORMAT: u32 = 1;
const HEADER_BYTES: usize = 8 + 4 + 4 + 32;

/// Vectors cannot be stored or read back.
#[derive(Debug, thiserror::Error)]
pub enum VectorStoreError {
    /// The file system refused.
    #[error("cannot {doing} {path}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Not a segment.
    #[error("{path} is not a vector segment: expected it to begin with `VTVECSEG`")]
    Magic {
        /// The file.
        path: PathBuf,
    },
    /// Written by another version.
    #[error(
        "{path} has vector format {found}, this program reads {FORMAT}\nhint: use the version of veritrail that wrote it, or a newer one"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// Format found.
        found: u32,
    },
    /// Vectors of another space.
    #[error(
        "{path} holds vectors of space `{found}` in {found_dimension} dimensions, expected space `{expected}` in {dimension}"
    )]
    Space {
        /// The file.
        path: PathBuf,
        /// Space wanted.
        expected: SpaceId,
        /// Its dimension.
        dimension: usize,
        /// Space found.
        found: SpaceId,
        /// Its dimension.
        found_dimension: usize,
    },
    /// A record that is not the last is damaged.
    #[error(
        "{path} is damaged at byte {offset}: the checksum does not match\nhint: restore the file from a backup, or delete the folder and ingest again"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the damaged record begins.
        offset: usize,
    },
    /// A vector that must not be stored.
    #[error("the vector of {key} cannot be stored: {reason}")]
    Vector {
        /// The fragment.
        key: String,
        /// What is wrong.
        reason: String,
    },
}

/// A segment open for reading and appending.
#[derive(Debug)]
pub(super) struct Segment {
    path: PathBuf,
    file: File,
    /// Bytes of intact content.
    length: u64,
    space: SpaceId,
    dimension: usize,
}

/// What opening found.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// Keys in file order.
    pub(super) keys: Vec<String>,
    /// Vectors in file order, row-major.
    pub(super) values: Vec<f32>,
    /// Bytes cut off because the last record was not complete.
    pub(super) n_torn_bytes: usize,
}

impl Segment {
    /// Makes a new segment and syncs its header. When that fails there is none.
    pub(super) fn create(
        path: &Path,
        space: SpaceId,
        dimension: usize,
    ) -> Result<Self, VectorStoreError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)
            .map_err(io_error("create", path))?;
        let born = write_header(path, &file, space, dimension);
        if let Err(error) = born {
            // Whether or not this works, opening removes what has no header.
            let _ = std::fs::remove_file(path);
            return Err(error);
        }
        Ok(Self { path: path.to_owned(), file, length: HEADER_BYTES as u64, space, dimension })
    }

    /// Whether a crash came between making the file and writing its header.
    pub(super) fn is_unborn(path: &Path) -> Result<bool, VectorStoreError> {
        let length = std::fs::metadata(path).map_err(io_error("read", path))?.len();
        Ok(length < HEADER_BYTES as u64)
    }

    /// Removes a segment and says how many bytes it had.
    pub(super) fn remove(path: &Path) -> Result<usize, VectorStoreError> {
        let length = std::fs::metadata(path).map_err(io_error("read", path))?.len();
        std::fs::remove_file(path).map_err(io_error("remove", path))?;
        Ok(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// Opens a segment and reads all of it. A torn last record, as a crash
    /// leaves it, is cut off; damage before the end is an error.
    pub(super) fn open(
        path: &Path,
        space: SpaceId,
        dimension: usize,
    ) -> Result<(Self, Content), VectorStoreError> {
        let io = |doing| io_error(doing, path);
        let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(io("open"))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io("read"))?;
        check_header(path, &bytes, space, dimension)?;
        let mut content = Content::default();
        let mut offset = HEADER_BYTES;
        while offset < bytes.len() {
            match record(&bytes, offset, dimension) {
                Some((key, vector, end)) => {
                    content.keys.push(key.to_owned());
                    let floats = vector.as_chunks::<4>().0.iter();
                    content.values.extend(floats.map(|bytes| f32::from_le_bytes(*bytes)));
                    offset = end;
                }
                None if any_record_after(&bytes, offset, dimension) => {
                    return Err(VectorStoreError::Damaged { path: path.to_owned(), offset });
                }
                None => break,
            }
        }
        content.n_torn_bytes = bytes.len() - offset;
        if content.n_torn_bytes > 0 {
            file.set_len(offset as u64).map_err(io("truncate"))?;
            file.sync_all().map_err(io("sync"))?;
        }
        let length = offset as u64;
        Ok((Self { path: path.to_owned(), file, length, space, dimension }, content))
    }

    /// Appends vectors and syncs. When writing fails, the segment keeps what it
    /// had before.
    pub(super) fn append(&mut self, embeddings: &[Embedding]) -> Result<(), VectorStoreError> {
        let mut bytes = Vec::new();
        for embedding in embeddings {
            self.encode(embedding, &mut bytes)?;
        }
        let written = self
            .file
            .seek(SeekFrom::Start(self.length))
            .and_then(|_| self.file.write_all(&bytes))
            .and_then(|()| self.file.sync_data());
        if let Err(source) = written {
            // Whether or not this works, opening cuts off what is torn.
            let _ = self.file.set_len(self.length);
            return Err(io_error("append to", &self.path)(source));
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    fn encode(&self, embedding: &Embedding, into: &mut Vec<u8>) -> Result<(), VectorStoreError> {
        let key = embedding.target.as_str();
        let refused = |reason: String| VectorStoreError::Vector { key: key.to_owned(), reason };
        if embedding.space != self.space {
            return Err(refused(format!(
                "expected space `{}`, found `{}`",
                self.space, embedding.space
            )));
        }
        if embedding.vector.len() != self.dimension {
            return Err(refused(format!(
                "expected {} components, found {}",
                self.dimension,
                embedding.vector.len()
            )));
        }
        let norm: f32 = embedding.vector.iter().map(|value| value * value).sum();
        if !norm.is_finite() || (norm - 1.0).abs() > 1e-3 {
            return Err(refused(format!("expected unit length, found squared length {norm}")));
        }
        let length = u16::try_from(key.len())
            .map_err(|_| refused("the key is longer than 65535 bytes".to_owned()))?;
        let begin = into.len();
        into.extend_from_slice(&length.to_le_bytes());
        into.extend_from_slice(key.as_bytes());
        for value in &embedding.vector {
            into.extend_from_slice(&value.to_le_bytes());
        }
        let checksum = crc32fast::hash(into.get(begin..).unwrap_or_default());
        into.extend_from_slice(&checksum.to_le_bytes());
        Ok(())
    }
}

fn write_header(
    path: &Path,
    mut file: &File,
    space: SpaceId,
    dimension: usize,
) -> Result<(), VectorStoreError> {
    let io = |doing| io_error(doing, path);
    let mut header = Vec::with_capacity(HEADER_BYTES);
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(&FORMAT.to_le_bytes());
    header.extend_from_slice(&u32::try_from(dimension).unwrap_or(u32::MAX).to_le_bytes());
    header.extend_from_slice(space.0.as_bytes());
    file.write_all(&header).map_err(io("write"))?;
    file.sync_all().map_err(io("sync"))?;
    match path.parent() {
        Some(parent) => {
            File::open(parent).and_then(|dir| dir.sync_all()).map_err(io("sync the folder of"))
        }
        None => Ok(()),
    }
}

fn check_header(
    path: &Path,
    bytes: &[u8],
    space: SpaceId,
    dimension: usize,
) -> Result<(), VectorStoreError> {
    let field = |from: usize, to: usize| bytes.get(from..to);
    if field(0, 8) != Some(MAGIC.as_slice()) {
        return Err(VectorStoreError::Magic { path: path.to_owned() });
    }
    let number = |from| {
        field(from, from + 4)
            .and_then(|b| <[u8; 4]>::try_from(b).ok())
            .map_or(0, u32::from_le_bytes)
    };
    let found = number(8);
    if found != FORMAT {
        return Err(VectorStoreError::Format { path: path.to_owned(), found });
    }
    let id = field(16, HEADER_BYTES)
        .and_then(|b| <[u8; 32]>::try_from(b).ok())
        .ok_or_else(|| VectorStoreError::Magic { path: path.to_owned() })?;
    let found = SpaceId(Digest::from_bytes(id));
    let found_dimension = number(12) as usize;
    if found != space || found_dimension != dimension {
        return Err(VectorStoreError::Space {
            path: path.to_owned(),
            expected: space,
            dimension,
            found,
            found_dimension,
        });
    }
    Ok(())
}

/// Key, vector bytes and end of the record at `offset`, if it is whole and sound.
fn record(bytes: &[u8], offset: usize, dimension: usize) -> Option<(&str, &[u8], usize)> {
    let length = u16::from_le_bytes(bytes.get(offset..offset + 2)?.try_into().ok()?) as usize;
    let key_end = offset + 2 + length;
    let vector_end = key_end + dimension * 4;
    let key = std::str::from_utf8(bytes.get(offset + 2..key_end)?).ok()?;
    let vector = bytes.get(key_end..vector_end)?;
    let checksum = bytes.get(vector_end..vector_end + 4)?;
    let computed = crc32fast::hash(bytes.get(offset..vector_end)?);
    (computed.to_le_bytes() == checksum).then_some((key, vector, vector_end + 4))
}

/// Whether a sound record begins somewhere behind the unsound one at `offset`:
/// then it is damage, not the tail that a crash tore.
fn any_record_after(bytes: &[u8], offset: usize, dimension: usize) -> bool {
    (offset + 1..bytes.len()).any(|start| {
        record(bytes, start, dimension).is_some_and(|(key, _, _)| key.starts_with("urn:"))
    })
}

pub(super) fn io_error<'p>(
    doing: &'static str,
    path: &'p Path,
) -> impl Fn(io::Error) -> VectorStoreError + 'p {
    move |source| VectorStoreError::Io { doing, path: path.to_owned(), source }
}
