//! Searching vectors and words: `cargo bench --bench index`.
//!
//! 15,000 clustered unit vectors of 384 components (fixed seed): the exact scan
//! against a plain loop, and against hnsw_rs, whose recall of the exact top 10 is
//! printed. Words: BM25 over 5,000 documents of 120 words drawn from a Zipf-like
//! vocabulary.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use veritrail::index::{
    DenseConfig, DenseIndex, HnswIndex, IndexRead, LexicalConfig, LexicalDocument, LexicalIndex,
    VectorSet, VectorStore,
};
use veritrail::model::{AccessLabel, Digest, Embedding, FragmentId, Space};

const N_VECTORS: usize = 15_000;
const DIMENSION: usize = 384;
const N_CLUSTERS: usize = 300;
const N_QUERIES: usize = 100;
const K: usize = 10;

/// Marsaglia's xorshift64, so that every run sees the same data.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn signed(&mut self) -> f32 {
        (self.next() % 20_001) as f32 / 10_000.0 - 1.0
    }

    fn vector(&mut self, around: Option<&[f32]>) -> Vec<f32> {
        let mut vector: Vec<f32> = (0..DIMENSION).map(|_| self.signed()).collect();
        if let Some(centre) = around {
            for (value, middle) in vector.iter_mut().zip(centre) {
                *value = middle + 0.05 * *value;
            }
        }
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.iter().map(|x| x / length).collect()
    }
}

fn space() -> Space {
    Space {
        model: "bench".to_owned(),
        files: vec![("f".to_owned(), Digest::of(b"f"))],
        preprocessing: String::new(),
        pooling: "mean".to_owned(),
        dimension: DIMENSION,
        normalised: true,
    }
}

fn data() -> (VectorSet, Vec<Vec<f32>>) {
    let mut random = Random(42);
    let centres: Vec<Vec<f32>> = (0..N_CLUSTERS).map(|_| random.vector(None)).collect();
    let space = space();
    let embeddings: Vec<Embedding> = (0..N_VECTORS)
        .map(|n| Embedding {
            target: FragmentId::from_iri(format!("urn:veritrail:fragment:{n}")),
            space: space.id(),
            vector: random.vector(centres.get(n % N_CLUSTERS).map(Vec::as_slice)),
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let store = VectorStore::open(folder.path(), &space).unwrap();
    store.append(&embeddings).unwrap();
    let queries = (0..N_QUERIES)
        .map(|n| random.vector(centres.get(n * 7 % N_CLUSTERS).map(Vec::as_slice)))
        .collect();
    (store.vectors().clone(), queries)
}

/// The scan that anybody writes first.
fn plain_scan(vectors: &VectorSet, query: &[f32]) -> Vec<(usize, f32)> {
    let mut scored: Vec<(usize, f32)> = (0..vectors.len())
        .filter_map(|row| Some((row, vectors.vector(row)?)))
        .map(|(row, vector)| (row, vector.iter().zip(query).map(|(a, b)| a * b).sum()))
        .collect();
    scored.sort_by(|a, b| b.1.total_cmp(&a.1));
    scored.truncate(K);
    scored
}

fn dense(criterion: &mut Criterion) {
    let (vectors, queries) = data();
    let id = space().id();
    let exact = DenseConfig { exact_limit: N_VECTORS, ..DenseConfig::default() };
    let approximate = DenseConfig { exact_limit: 0, ..DenseConfig::default() };
    let hnsw = HnswIndex::build(&vectors, &mut |_| {});
    let exact = DenseIndex::new(id, vectors.clone(), None, exact);
    let approximate = DenseIndex::new(id, vectors.clone(), Some(hnsw), approximate);
    let keys = |index: &DenseIndex, query: &[f32]| -> Vec<String> {
        index
            .search(id, query, K, None)
            .unwrap()
            .into_iter()
            .map(|hit| hit.key.to_string())
            .collect()
    };
    let n_found: usize = queries
        .iter()
        .map(|query| {
            let truth = keys(&exact, query);
            keys(&approximate, query).iter().filter(|key| truth.contains(key)).count()
        })
        .sum();
    println!("recall@10 of hnsw against exact: {:.3}", n_found as f64 / (K * N_QUERIES) as f64);
    let mut group = criterion.benchmark_group("dense, 15,000 x 384, 100 queries");
    group.sample_size(10).throughput(Throughput::Elements(N_QUERIES as u64));
    group.bench_function("exact", |b| {
        b.iter(|| queries.iter().map(|q| keys(&exact, q).len()).sum::<usize>());
    });
    group.bench_function("hnsw_rs", |b| {
        b.iter(|| queries.iter().map(|q| keys(&approximate, q).len()).sum::<usize>());
    });
    group.bench_function("plain loop", |b| {
        b.iter(|| queries.iter().map(|q| black_box(plain_scan(&vectors, q)).len()).sum::<usize>());
    });
    group.bench_function("exact, one in ten allowed", |b| {
        let allowed = exact.rows(&|key| key.ends_with('3'));
        b.iter(|| {
            queries
                .iter()
                .map(|q| exact.search(id, q, K, Some(&allowed)).unwrap().len())
                .sum::<usize>()
        });
    });
    group.finish();
}

fn words(criterion: &mut Criterion) {
    let mut random = Random(7);
    // Word n is about 1/n as frequent as the first.
    let mut text = |n_words: usize| -> String {
        let word = |random: &mut Random| {
            let share = (random.next() % 1_000_000) as f64 / 1e6;
            format!("word{}", (20_000f64.powf(share)) as usize)
        };
        (0..n_words).map(|_| word(&mut random)).collect::<Vec<_>>().join(" ")
    };
    let documents: Vec<(FragmentId, String)> = (0..5_000)
        .map(|n| (FragmentId::from_iri(format!("urn:veritrail:fragment:{n}")), text(120)))
        .collect();
    let queries: Vec<String> = (0..N_QUERIES).map(|_| text(10)).collect();
    let label = AccessLabel::default();
    let folder = tempfile::tempdir().unwrap();
    LexicalIndex::build(
        folder.path(),
        documents.iter().map(|(id, body)| LexicalDocument {
            id,
            label: &label,
            title: "",
            headings: "",
            body,
        }),
    )
    .unwrap();
    let index = LexicalIndex::open(folder.path(), LexicalConfig::default()).unwrap();
    let mut group = criterion.benchmark_group("words, 5,000 documents, 100 queries of 10 words");
    group.sample_size(10).throughput(Throughput::Elements(N_QUERIES as u64));
    group.bench_function("bm25, best 200", |b| {
        b.iter(|| queries.iter().map(|q| index.search(q, 200, None).unwrap().len()).sum::<usize>());
    });
    group.finish();
}

criterion_group!(benches, dense, words);
criterion_main!(benches);
