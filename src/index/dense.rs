//! Search by vector: exact for small or filtered sets, by neighbour graph else.

use super::dot::{dot, scores};
use super::hnsw::HnswIndex;
use super::vectors::VectorSet;
use crate::model::{Embedding, SpaceError, SpaceId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Settings of vector search.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DenseConfig {
    /// Sets of at most this many vectors are scanned exactly. Measured at 384
    /// dimensions: the scan takes 0.4 ms for 10,000 vectors and grows linearly,
    /// hnsw_rs takes 0.9 ms at recall .98 whatever the size, and its own filter
    /// up to 700 ms.
    pub exact_limit: usize,
    /// Candidates kept by the neighbour graph; more is slower and finds more.
    pub ef_search: usize,
}

impl Default for DenseConfig {
    fn default() -> Self {
        Self { exact_limit: 15_000, ef_search: 128 }
    }
}

/// A fragment found by vector.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorHit {
    /// Key of the vector: a fragment's IRI.
    pub key: Arc<str>,
    /// Cosine with the query, in `-1..=1`.
    pub score: f32,
}

/// Rows of one index that may be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    /// Whether each may be.
    allowed: Vec<bool>,
    n_allowed: usize,
}

impl Rows {
    fn has(&self, row: usize) -> bool {
        self.allowed.get(row).copied().unwrap_or(false)
    }
}

/// A search that cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The query is of another space.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// The query has another number of components.
    #[error("expected {expected} dimensions for space `{space}`, got {found}")]
    Dimension {
        /// The space.
        space: SpaceId,
        /// Its dimension.
        expected: usize,
        /// Components of the query.
        found: usize,
    },
    /// The query is not a unit vector.
    #[error("expected a query vector of unit length, got squared length {0}")]
    Length(f32),
}

/// Reads an index of vectors.
pub trait IndexRead: Send + Sync {
    /// The `k` best vectors of `space` among the `allowed` rows, best first; ties go to
    /// the earlier row.
    ///
    /// # Errors
    /// When the query is of another space or not a unit vector.
    fn search(
        &self,
        space: SpaceId,
        query: &[f32],
        k: usize,
        allowed: Option<&Rows>,
    ) -> Result<Vec<VectorHit>, SearchError>;

    /// The rows whose keys are allowed. Asking for each takes longer than searching: what
    /// is allowed for long is worth keeping.
    fn rows(&self, allowed: &dyn Fn(&str) -> bool) -> Rows;

    /// Number of vectors.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool;
}

/// Adds to an index of vectors.
pub trait IndexWrite {
    /// Adds vectors so that they survive a crash after this returns.
    ///
    /// # Errors
    /// When a vector does not fit or the disk refuses; then none was added.
    fn add(&self, embeddings: &[Embedding]) -> Result<(), super::VectorStoreError>;
}

impl IndexWrite for super::VectorStore {
    fn add(&self, embeddings: &[Embedding]) -> Result<(), super::VectorStoreError> {
        self.append(embeddings)
    }
}

/// The vectors of one generation and space, ready to be searched.
pub struct DenseIndex {
    space: SpaceId,
    vectors: VectorSet,
    hnsw: Option<HnswIndex>,
    config: DenseConfig,
}

impl DenseIndex {
    /// An index over `vectors`; sets beyond the exact limit need `hnsw` to be fast.
    pub fn new(
        space: SpaceId,
        vectors: VectorSet,
        hnsw: Option<HnswIndex>,
        config: DenseConfig,
    ) -> Self {
        Self { space, vectors, hnsw, config }
    }

    /// The space of the vectors.
    pub fn space(&self) -> SpaceId {
        self.space
    }

    /// The vector of a fragment.
    pub fn vector(&self, key: &str) -> Option<&[f32]> {
        self.vectors.get(key)
    }

    /// The vector of a row.
    pub fn vector_at(&self, row: usize) -> Option<&[f32]> {
        self.vectors.vector(row)
    }

    /// The row of a fragment.
    pub fn row(&self, key: &str) -> Option<usize> {
        self.vectors.row(key)
    }

    fn exact(&self, query: &[f32], k: usize, rows: Option<&Rows>) -> Vec<VectorHit> {
        let mut all = Vec::new();
        match rows {
            None => scores(query, self.vectors.values(), &mut all),
            Some(rows) => {
                all = vec![f32::NEG_INFINITY; self.vectors.len()];
                let dimension = self.vectors.dimension().max(1);
                let vectors = self.vectors.values().chunks_exact(dimension);
                for ((score, allowed), vector) in all.iter_mut().zip(&rows.allowed).zip(vectors) {
                    if *allowed {
                        *score = dot(query, vector);
                    }
                }
            }
        }
        let mut ranked: Vec<(usize, f32)> =
            all.into_iter().enumerate().filter(|(_, score)| *score > f32::NEG_INFINITY).collect();
        let order = |a: &(usize, f32), b: &(usize, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if ranked.len() > k && k > 0 {
            ranked.select_nth_unstable_by(k - 1, order);
        }
        ranked.truncate(k);
        ranked.sort_by(order);
        self.hits(ranked)
    }

    fn hits(&self, ranked: Vec<(usize, f32)>) -> Vec<VectorHit> {
        ranked
            .into_iter()
            .filter_map(|(row, score)| {
                let key = self.vectors.shared_key(row)?;
                Some(VectorHit { key, score: score.clamp(-1.0, 1.0) })
            })
            .collect()
    }
}

impl IndexRead for DenseIndex {
    fn search(
        &self,
        space: SpaceId,
        query: &[f32],
        k: usize,
        allowed: Option<&Rows>,
    ) -> Result<Vec<VectorHit>, SearchError> {
        if space != self.space {
            return Err(SpaceError { expected: self.space, found: space }.into());
        }
        if query.len() != self.vectors.dimension() {
            return Err(SearchError::Dimension {
                space: self.space,
                expected: self.vectors.dimension(),
                found: query.len(),
            });
        }
        let length = dot(query, query);
        if !length.is_finite() || (length - 1.0).abs() > 1e-3 {
            return Err(SearchError::Length(length));
        }
        let n_allowed = allowed.map_or(self.vectors.len(), |rows| rows.n_allowed);
        let graph = self.hnsw.as_ref().filter(|_| n_allowed > self.config.exact_limit);
        if let Some(hnsw) = graph {
            // Fetch more than asked for, then drop what is not allowed: the
            // library's own filter is slow enough to be an attack.
            let share = n_allowed as f32 / self.vectors.len().max(1) as f32;
            let wanted = match allowed {
                None => k,
                Some(_) => (k as f32 / share * 1.5).ceil() as usize,
            };
            let mut ranked = hnsw.search(query, wanted, self.config.ef_search.max(wanted));
            if let Some(rows) = allowed {
                ranked.retain(|(row, _)| rows.has(*row));
            }
            if ranked.len() >= k.min(n_allowed) {
                ranked.truncate(k);
                return Ok(self.hits(ranked));
            }
        }
        Ok(self.exact(query, k, allowed))
    }

    fn rows(&self, allowed: &dyn Fn(&str) -> bool) -> Rows {
        let all = 0..self.vectors.len();
        let allowed: Vec<bool> =
            all.map(|row| self.vectors.key(row).is_some_and(allowed)).collect();
        let n_allowed = allowed.iter().filter(|allowed| **allowed).count();
        Rows { allowed, n_allowed }
    }

    fn len(&self) -> usize {
        self.vectors.len()
    }

    fn is_empty(&self) -> bool {
        self.vectors.is_empty()
    }
}
