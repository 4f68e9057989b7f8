//! The store of vectors of one space, and the matrix read from it.

use super::segment::{Segment, VectorStoreError, io_error};
use crate::model::{Embedding, FragmentId, Space, SpaceId};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A segment is closed when it reaches this size.
const SEGMENT_BYTES: u64 = 64 << 20;

/// Append-only vectors of one space, in a folder of segments. Any number of threads
/// may read; writers wait for each other.
#[derive(Debug)]
pub struct VectorStore {
    folder: PathBuf,
    space: SpaceId,
    dimension: usize,
    /// Locked before the vectors by everyone who writes.
    files: Mutex<Files>,
    set: RwLock<VectorSet>,
    n_torn_bytes: usize,
}

/// The segments on disk.
#[derive(Debug, Default)]
struct Files {
    segments: Vec<PathBuf>,
    last: Option<Segment>,
}

/// Vectors in memory, one row each, with their keys. The last vector stored
/// under a key is the one that counts.
#[derive(Clone, Debug, Default)]
pub struct VectorSet {
    dimension: usize,
    keys: Vec<Arc<str>>,
    values: Vec<f32>,
    rows: HashMap<Arc<str>, usize, foldhash::fast::RandomState>,
}

impl VectorStore {
    /// Opens the vectors of `space` under `root`, in a folder named after the
    /// space. A record torn by a crash is cut off.
    ///
    /// # Errors
    /// When a segment is damaged, of another space or of a newer format.
    pub fn open(root: &Path, space: &Space) -> Result<Self, VectorStoreError> {
        let id = space.id();
        let folder = root.join(id.0.to_string());
        fs::create_dir_all(&folder).map_err(io_error("create", &folder))?;
        let mut segments: Vec<PathBuf> = fs::read_dir(&folder)
            .map_err(io_error("list", &folder))?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "seg"))
            .collect();
        segments.sort();
        let mut files = Files::default();
        let mut set = VectorSet { dimension: space.dimension, ..VectorSet::default() };
        let mut n_torn_bytes = 0;
        for path in segments {
            if Segment::is_unborn(&path)? {
                n_torn_bytes += Segment::remove(&path)?;
                continue;
            }
            let (segment, content) = Segment::open(&path, id, space.dimension)?;
            n_torn_bytes += content.n_torn_bytes;
            let rows = content.values.chunks_exact(space.dimension.max(1));
            for (key, vector) in content.keys.iter().zip(rows) {
                set.insert(key, vector);
            }
            files.segments.push(path);
            files.last = Some(segment);
        }
        Ok(Self {
            folder,
            space: id,
            dimension: space.dimension,
            files: Mutex::new(files),
            set: RwLock::new(set),
            n_torn_bytes,
        })
    }

    /// Appends vectors and syncs them to disk before it returns.
    ///
    /// # Errors
    /// When a vector is of another space or dimension or not of unit length, or
    /// the disk refuses; then nothing was added.
    pub fn append(&self, embeddings: &[Embedding]) -> Result<(), VectorStoreError> {
        self.append_to(&mut self.files(), embeddings)?;
        let mut set = self.changing();
        for embedding in embeddings {
            set.insert(embedding.target.as_str(), &embedding.vector);
        }
        Ok(())
    }

    /// Appends to the segments on disk.
    fn append_to(
        &self,
        files: &mut Files,
        embeddings: &[Embedding],
    ) -> Result<(), VectorStoreError> {
        if embeddings.is_empty() {
            return Ok(());
        }
        let full = files.last.as_ref().is_none_or(|last| last.length() >= SEGMENT_BYTES);
        if full {
            self.new_segment(files)?;
        }
        files.last.as_mut().map_or(Ok(()), |last| last.append(embeddings))
    }

    fn new_segment(&self, files: &mut Files) -> Result<(), VectorStoreError> {
        let number = |path: &PathBuf| path.file_stem()?.to_str()?.parse::<usize>().ok();
        let next = files.segments.iter().filter_map(number).max().unwrap_or(0) + 1;
        let path = self.folder.join(format!("{next:06}.seg"));
        files.last = Some(Segment::create(&path, self.space, self.dimension)?);
        files.segments.push(path);
        Ok(())
    }

    /// Removes the vectors whose key `keep` does not want, and says how many.
    /// What is kept is on disk anew before the old segments go; a crash between
    /// costs room only.
    ///
    /// # Errors
    /// When the disk refuses; nothing is lost then.
    pub fn retain(&self, keep: &dyn Fn(&str) -> bool) -> Result<usize, VectorStoreError> {
        let mut files = self.files();
        let (kept, n_removed) = {
            let set = self.vectors();
            let kept: Vec<&str> =
                set.keys.iter().map(Arc::as_ref).filter(|key| keep(key)).collect();
            let n_removed = set.len() - kept.len();
            if n_removed == 0 {
                return Ok(0);
            }
            (set.subset(kept), n_removed)
        };
        let old = files.segments.clone();
        self.write_anew(&mut files, &kept)?;
        *self.changing() = kept;
        for path in old {
            Segment::remove(&path)?;
            files.segments.retain(|segment| *segment != path);
        }
        Ok(n_removed)
    }

    /// Writes vectors into segments of their own.
    fn write_anew(&self, files: &mut Files, kept: &VectorSet) -> Result<(), VectorStoreError> {
        self.new_segment(files)?;
        for rows in (0..kept.len()).collect::<Vec<_>>().chunks(4_096) {
            let embeddings: Vec<Embedding> = rows
                .iter()
                .filter_map(|row| {
                    Some(Embedding {
                        target: FragmentId::from_iri(kept.key(*row)?),
                        space: self.space,
                        vector: kept.vector(*row)?.to_vec(),
                    })
                })
                .collect();
            self.append_to(files, &embeddings)?;
        }
        Ok(())
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changing(&self) -> RwLockWriteGuard<'_, VectorSet> {
        self.set.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The space of the vectors.
    pub fn space(&self) -> SpaceId {
        self.space
    }

    /// Every vector stored so far. Who holds this keeps writers waiting.
    pub fn vectors(&self) -> RwLockReadGuard<'_, VectorSet> {
        self.set.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes that opening cut off because a crash had torn the last record.
    pub fn n_torn_bytes(&self) -> usize {
        self.n_torn_bytes
    }
}

impl VectorSet {
    fn insert(&mut self, key: &str, vector: &[f32]) {
        if let Some(row) = self.rows.get(key) {
            let begin = row * self.dimension;
            if let Some(slot) = self.values.get_mut(begin..begin + self.dimension) {
                slot.copy_from_slice(vector);
            }
        } else {
            let key: Arc<str> = key.into();
            self.rows.insert(Arc::clone(&key), self.keys.len());
            self.keys.push(key);
            self.values.extend_from_slice(vector);
        }
    }

    /// The vectors of the listed keys, in the order of the list; keys without a
    /// vector are left out.
    pub fn subset<'k>(&self, keys: impl IntoIterator<Item = &'k str>) -> Self {
        let mut subset = Self { dimension: self.dimension, ..Self::default() };
        for key in keys {
            if let Some(vector) = self.get(key) {
                subset.insert(key, vector);
            }
        }
        subset
    }

    /// The vector stored under `key`.
    pub fn get(&self, key: &str) -> Option<&[f32]> {
        self.rows.get(key).and_then(|row| self.vector(*row))
    }

    /// The row of `key`.
    pub fn row(&self, key: &str) -> Option<usize> {
        self.rows.get(key).copied()
    }

    /// Number of vectors.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Components of each vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The key of a row.
    pub fn key(&self, row: usize) -> Option<&str> {
        self.keys.get(row).map(Arc::as_ref)
    }

    /// The key of a row, without a copy of its text.
    pub(super) fn shared_key(&self, row: usize) -> Option<Arc<str>> {
        self.keys.get(row).cloned()
    }

    /// The vector of a row.
    pub fn vector(&self, row: usize) -> Option<&[f32]> {
        self.values.get(row * self.dimension..(row + 1) * self.dimension)
    }

    /// All vectors, row-major.
    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Digest, FragmentId};

    fn space(seed: &str) -> Space {
        Space {
            model: seed.into(),
            files: vec![("f".into(), Digest::of(seed.as_bytes()))],
            preprocessing: String::new(),
            pooling: "mean".into(),
            dimension: 3,
            normalised: true,
        }
    }

    fn embedding(space: &Space, n: u32, vector: [f32; 3]) -> Embedding {
        Embedding {
            target: FragmentId::from_iri(format!("urn:veritrail:fragment:{n}")),
            space: space.id(),
            vector: vector.to_vec(),
        }
    }

    fn segment_of(root: &Path, space: &Space) -> PathBuf {
        root.join(space.id().0.to_string()).join("000001.seg")
    }

    #[test]
    fn a_record_torn_at_any_byte_costs_only_itself() {
        let space = space("a");
        let root = tempfile::tempdir().unwrap();
        let store = VectorStore::open(root.path(), &space).unwrap();
        store.append(&[embedding(&space, 1, [1.0, 0.0, 0.0])]).unwrap();
        let file = segment_of(root.path(), &space);
        let whole = fs::metadata(&file).unwrap().len();
        store.append(&[embedding(&space, 2, [0.0, 1.0, 0.0])]).unwrap();
        drop(store);
        let bytes = fs::read(&file).unwrap();
        for length in whole as usize..bytes.len() {
            fs::write(&file, &bytes[..length]).unwrap();
            let store = VectorStore::open(root.path(), &space).unwrap();
            assert_eq!(store.vectors().len(), 1);
            assert_eq!(store.n_torn_bytes(), length - whole as usize);
            store.append(&[embedding(&space, 3, [0.0, 0.0, 1.0])]).unwrap();
            drop(store);
            assert_eq!(VectorStore::open(root.path(), &space).unwrap().vectors().len(), 2);
        }
    }

    #[test]
    fn what_is_not_kept_is_gone_from_the_disk() {
        let space = space("a");
        let root = tempfile::tempdir().unwrap();
        let store = VectorStore::open(root.path(), &space).unwrap();
        for n in 0..5 {
            store.append(&[embedding(&space, n, [1.0, 0.0, 0.0])]).unwrap();
        }
        let even = |key: &str| key.ends_with(['0', '2', '4']);
        assert_eq!(store.retain(&even).unwrap(), 2);
        assert_eq!(store.retain(&even).unwrap(), 0);
        store.append(&[embedding(&space, 7, [0.0, 1.0, 0.0])]).unwrap();
        drop(store);
        let store = VectorStore::open(root.path(), &space).unwrap();
        let vectors = store.vectors();
        let keys: Vec<&str> = (0..vectors.len())
            .map(|row| vectors.key(row).unwrap().rsplit(':').next().unwrap())
            .collect();
        assert_eq!(keys, ["0", "2", "4", "7"]);
        assert_eq!(
            fs::read_dir(segment_of(root.path(), &space).parent().unwrap()).unwrap().count(),
            1
        );
    }

    #[test]
    fn a_segment_whose_header_was_never_written_is_no_segment() {
        let space = space("a");
        let root = tempfile::tempdir().unwrap();
        drop(VectorStore::open(root.path(), &space).unwrap());
        fs::write(segment_of(root.path(), &space), b"VERI").unwrap();
        let store = VectorStore::open(root.path(), &space).unwrap();
        assert_eq!(store.n_torn_bytes(), 4);
        store.append(&[embedding(&space, 1, [1.0, 0.0, 0.0])]).unwrap();
    }

    #[test]
    fn damage_in_the_middle_is_an_error_with_its_place() {
        let space = space("a");
        let root = tempfile::tempdir().unwrap();
        let store = VectorStore::open(root.path(), &space).unwrap();
        store
            .append(&[embedding(&space, 1, [1.0, 0.0, 0.0]), embedding(&space, 2, [0.0, 1.0, 0.0])])
            .unwrap();
        let file = segment_of(root.path(), &space);
        let mut bytes = fs::read(&file).unwrap();
        bytes[60] ^= 1;
        fs::write(&file, &bytes).unwrap();
        let error = VectorStore::open(root.path(), &space).unwrap_err().to_string();
        assert!(error.contains("damaged at byte 48"), "{error}");
    }

    #[test]
    fn another_space_of_equal_dimension_is_refused_by_both_names() {
        let (a, b) = (space("a"), space("b"));
        let root = tempfile::tempdir().unwrap();
        let store = VectorStore::open(root.path(), &a).unwrap();
        let error = store.append(&[embedding(&b, 1, [1.0, 0.0, 0.0])]).unwrap_err().to_string();
        assert!(error.contains(&a.id().to_string()) && error.contains(&b.id().to_string()));
        store.append(&[embedding(&a, 1, [1.0, 0.0, 0.0])]).unwrap();
        drop(store);
        let moved = root.path().join(b.id().0.to_string());
        fs::rename(root.path().join(a.id().0.to_string()), &moved).unwrap();
        let error = VectorStore::open(root.path(), &b).unwrap_err().to_string();
        assert!(error.contains(&a.id().to_string()) && error.contains(&b.id().to_string()));
    }

    #[test]
    fn numbers_that_are_not_a_unit_vector_are_refused() {
        let space = space("a");
        let root = tempfile::tempdir().unwrap();
        let store = VectorStore::open(root.path(), &space).unwrap();
        for bad in [[f32::NAN, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0; 3]] {
            assert!(store.append(&[embedding(&space, 1, bad)]).is_err());
        }
        assert!(store.vectors().is_empty());
    }

    #[test]
    fn the_last_vector_of_a_key_counts() {
        let space = space("a");
        let root = tempfile::tempdir().unwrap();
        let store = VectorStore::open(root.path(), &space).unwrap();
        store.append(&[embedding(&space, 1, [1.0, 0.0, 0.0])]).unwrap();
        store.append(&[embedding(&space, 1, [0.0, 1.0, 0.0])]).unwrap();
        drop(store);
        let store = VectorStore::open(root.path(), &space).unwrap();
        assert_eq!(store.vectors().vector(0), Some([0.0, 1.0, 0.0].as_slice()));
    }
}
