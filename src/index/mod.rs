//! Which fragments are like this vector, and which share these words?
//!
//! Keeps vectors in append-only checksummed segments, searches them exactly or
//! through a graph of neighbours (hnsw_rs), and searches words by BM25
//! (tantivy). Access labels are applied inside every search. What a fragment
//! says, and whether it still exists, is not known here.

mod dense;
mod dot;
mod hnsw;
mod lexical;
mod segment;
mod vectors;
mod word_weights;
mod words;

pub use dense::{DenseConfig, DenseIndex, IndexRead, IndexWrite, Rows, SearchError, VectorHit};
pub use dot::{byte_scores, dot};
pub use hnsw::{HnswError, HnswIndex};
pub use lexical::{
    LexicalConfig, LexicalDocument, LexicalError, LexicalHit, LexicalIndex, LexicalWriter,
};
pub use segment::VectorStoreError;
pub use vectors::{VectorSet, VectorStore};
pub use word_weights::WeightedWord;
