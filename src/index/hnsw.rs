//! Approximate search through a graph of neighbours, by hnsw_rs.
//!
//! Malkov and Yashunin, "Efficient and robust approximate nearest neighbor
//! search using Hierarchical Navigable Small World graphs" (2018). The library
//! checks neither dimensions nor ids, ends the process on a truncated dump and
//! panics on dot products above 1; all of that is kept away from it here.

use super::dot::dot;
use super::vectors::VectorSet;
use crate::model::Digest;
use hnsw_rs::anndists::dist::Distance;
use hnsw_rs::api::AnnT;
use hnsw_rs::hnsw::Hnsw;
use hnsw_rs::hnswio::HnswIo;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Neighbours of a node on each layer.
const MAX_NEIGHBOURS: usize = 16;
/// Candidates weighed when a node is added.
const EF_CONSTRUCTION: usize = 200;
const LAYERS: usize = 16;
const BASENAME: &str = "graph";
const FORMAT: u32 = 1;

/// `1 - cosine`, never below 0: rounding makes the dot product of a unit vector
/// with itself exceed 1.
#[derive(Clone, Copy, Default)]
struct ClampedCosine;

impl Distance<f32> for ClampedCosine {
    fn eval(&self, a: &[f32], b: &[f32]) -> f32 {
        (1.0 - dot(a, b)).max(0.0)
    }
}

/// A neighbour graph over the rows of a [`VectorSet`].
pub struct HnswIndex {
    graph: Hnsw<'static, f32, ClampedCosine>,
}

/// A dump that cannot be written or must not be loaded; the graph can always be
/// built again.
#[derive(Debug, thiserror::Error)]
pub enum HnswError {
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
    /// The dump is not the one that was written for these vectors.
    #[error("the neighbour graph in {path} does not fit: {reason}")]
    Mismatch {
        /// The folder.
        path: PathBuf,
        /// What differs.
        reason: String,
    },
    /// The library failed.
    #[error("the neighbour graph in {path} cannot be used: {reason}")]
    Library {
        /// The folder.
        path: PathBuf,
        /// What the library says.
        reason: String,
    },
}

/// What the dump of a graph must be.
#[derive(Debug, Serialize, Deserialize, PartialEq)]
struct Manifest {
    format: u32,
    n_vectors: usize,
    dimension: usize,
    vectors: Digest,
    files: Vec<(String, Digest)>,
}

impl HnswIndex {
    /// Builds the graph row by row: the same vectors give the same graph.
    pub fn build(vectors: &VectorSet, progress: &mut dyn FnMut(usize)) -> Self {
        let graph =
            Hnsw::new(MAX_NEIGHBOURS, vectors.len().max(1), LAYERS, EF_CONSTRUCTION, ClampedCosine);
        for row in 0..vectors.len() {
            if let Some(vector) = vectors.vector(row) {
                graph.insert_slice((vector, row));
            }
            progress(row + 1);
        }
        Self { graph }
    }

    /// Writes the graph into `folder`, which must not exist, synced and with a
    /// manifest of checksums.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn dump(&self, vectors: &VectorSet, folder: &Path) -> Result<(), HnswError> {
        fs::create_dir_all(folder).map_err(io_error("create", folder))?;
        self.graph.file_dump(folder, BASENAME).map_err(|error| HnswError::Library {
            path: folder.to_owned(),
            reason: error.to_string(),
        })?;
        let mut files = Vec::new();
        for name in dump_files() {
            let path = folder.join(&name);
            let bytes = fs::read(&path).map_err(io_error("read", &path))?;
            File::open(&path).and_then(|file| file.sync_all()).map_err(io_error("sync", &path))?;
            files.push((name, Digest::of(&bytes)));
        }
        let manifest = Manifest { files, ..manifest_of(vectors) };
        let path = folder.join("manifest.json");
        let text = serde_json::to_vec_pretty(&manifest)
            .map_err(|error| io_error("write", &path)(error.into()))?;
        fs::write(&path, text).map_err(io_error("write", &path))?;
        File::open(&path).and_then(|file| file.sync_all()).map_err(io_error("sync", &path))
    }

    /// Loads a dump after its checksums were found right.
    ///
    /// # Errors
    /// When the dump is missing, altered, or of other vectors.
    pub fn load(vectors: &VectorSet, folder: &Path) -> Result<Self, HnswError> {
        let mismatch = |reason: String| HnswError::Mismatch { path: folder.to_owned(), reason };
        let path = folder.join("manifest.json");
        let text = fs::read(&path).map_err(io_error("read", &path))?;
        let manifest: Manifest =
            serde_json::from_slice(&text).map_err(|error| mismatch(error.to_string()))?;
        let expected = Manifest { files: Vec::new(), ..manifest_of(vectors) };
        let mut found = manifest;
        let files = std::mem::take(&mut found.files);
        if found != expected {
            return Err(mismatch(format!("expected {expected:?}, found {found:?}")));
        }
        for (name, digest) in &files {
            let path = folder.join(name);
            let bytes = fs::read(&path).map_err(io_error("read", &path))?;
            if Digest::of(&bytes) != *digest {
                return Err(mismatch(format!("{name} was altered")));
            }
        }
        if files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>() != dump_files() {
            return Err(mismatch("the list of files differs".to_owned()));
        }
        // The graph borrows its reader, so the reader (a path and a few
        // numbers) stays for the rest of the process.
        let reader = Box::leak(Box::new(HnswIo::new(folder, BASENAME)));
        let graph = reader.load_hnsw_with_dist(ClampedCosine).map_err(|error| {
            HnswError::Library { path: folder.to_owned(), reason: error.to_string() }
        })?;
        Ok(Self { graph })
    }

    /// About the `k` best rows, best first, with their cosines. The caller has
    /// checked the query's dimension and length.
    pub(super) fn search(&self, query: &[f32], k: usize, ef: usize) -> Vec<(usize, f32)> {
        let mut found: Vec<(usize, f32)> = self
            .graph
            .search(query, k, ef.max(k))
            .into_iter()
            .map(|neighbour| (neighbour.d_id, 1.0 - neighbour.distance))
            .collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        found
    }
}

fn dump_files() -> Vec<String> {
    ["hnsw.data", "hnsw.graph"].iter().map(|end| format!("{BASENAME}.{end}")).collect()
}

fn manifest_of(vectors: &VectorSet) -> Manifest {
    let bytes: Vec<u8> = vectors.values().iter().flat_map(|value| value.to_le_bytes()).collect();
    Manifest {
        format: FORMAT,
        n_vectors: vectors.len(),
        dimension: vectors.dimension(),
        vectors: Digest::of(&bytes),
        files: Vec::new(),
    }
}

fn io_error<'p>(doing: &'static str, path: &'p Path) -> impl Fn(io::Error) -> HnswError + 'p {
    move |source| HnswError::Io { doing, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{DenseConfig, DenseIndex, IndexRead, VectorStore};
    use crate::model::{Embedding, FragmentId, Space, SpaceId};

    /// Unit vectors around 40 centres, from a fixed linear congruential sequence.
    fn vectors(n: usize) -> (SpaceId, VectorSet, tempfile::TempDir) {
        let space = Space {
            model: "test".into(),
            files: Vec::new(),
            preprocessing: String::new(),
            pooling: "mean".into(),
            dimension: 32,
            normalised: true,
        };
        let mut state = 7u64;
        let mut random = move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        };
        let centres: Vec<Vec<f32>> = (0..40).map(|_| (0..32).map(|_| random()).collect()).collect();
        let embeddings: Vec<Embedding> = (0..n)
            .map(|i| {
                let mut vector: Vec<f32> =
                    centres[i % 40].iter().map(|c| c + 0.4 * random()).collect();
                let norm = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
                vector.iter_mut().for_each(|v| *v /= norm);
                Embedding {
                    target: FragmentId::from_iri(format!("urn:veritrail:fragment:{i:05}")),
                    space: space.id(),
                    vector,
                }
            })
            .collect();
        let root = tempfile::tempdir().unwrap();
        let store = VectorStore::open(root.path(), &space).unwrap();
        store.append(&embeddings).unwrap();
        (space.id(), store.vectors().clone(), root)
    }

    #[test]
    fn the_graph_finds_what_the_scan_finds_and_leaks_nothing() {
        let (space, set, _root) = vectors(2_000);
        let exact = DenseIndex::new(space, set.clone(), None, DenseConfig::default());
        let config = DenseConfig { exact_limit: 10, ef_search: 128 };
        let hnsw = HnswIndex::build(&set, &mut |_| {});
        let graph = DenseIndex::new(space, set.clone(), Some(hnsw), config);
        let even = |key: &str| key.ends_with(['0', '2', '4', '6', '8']);
        let (mut found, mut wanted) = (0, 0);
        for row in (0..2_000).step_by(40) {
            let query = set.vector(row).unwrap();
            for rows in [None, Some(exact.rows(&even))] {
                let truth = exact.search(space, query, 10, rows.as_ref()).unwrap();
                let hits = graph.search(space, query, 10, rows.as_ref()).unwrap();
                assert!(rows.is_none() || hits.iter().all(|hit| even(&hit.key)));
                wanted += truth.len();
                found += truth.iter().filter(|t| hits.iter().any(|h| h.key == t.key)).count();
            }
        }
        assert!(found as f32 >= 0.95 * wanted as f32, "{found} of {wanted}");
    }

    #[test]
    fn a_damaged_dump_is_refused_before_the_library_sees_it() {
        let (_, set, root) = vectors(200);
        let folder = root.path().join("hnsw");
        let built = HnswIndex::build(&set, &mut |_| {});
        built.dump(&set, &folder).unwrap();
        let loaded = HnswIndex::load(&set, &folder).unwrap();
        let query = set.vector(3).unwrap();
        assert_eq!(built.search(query, 5, 64), loaded.search(query, 5, 64));
        let data = folder.join("graph.hnsw.data");
        let bytes = fs::read(&data).unwrap();
        fs::write(&data, &bytes[..bytes.len() / 2]).unwrap();
        assert!(matches!(HnswIndex::load(&set, &folder), Err(HnswError::Mismatch { .. })));
        assert!(matches!(
            HnswIndex::load(&VectorSet::default(), &folder),
            Err(HnswError::Mismatch { .. })
        ));
    }

    #[test]
    fn queries_that_do_not_fit_are_refused() {
        let (space, set, _root) = vectors(20);
        let index = DenseIndex::new(space, set, None, DenseConfig::default());
        let other = SpaceId(Digest::of(b"other"));
        let unit = |n: usize| {
            let mut vector = vec![0.0; n];
            vector[0] = 1.0;
            vector
        };
        assert!(index.search(other, &unit(32), 3, None).is_err());
        assert!(index.search(space, &unit(31), 3, None).is_err());
        assert!(index.search(space, &[f32::NAN; 32], 3, None).is_err());
        assert!(index.search(space, &[0.5; 32], 3, None).is_err());
        assert_eq!(index.search(space, &unit(32), 3, None).unwrap().len(), 3);
    }
}
