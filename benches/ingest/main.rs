//! Speed of taking documents in, stage by stage.
//!
//! Needs the text model: `veritrail models pull`. Alone, over the bundled example:
//!
//! ```sh
//! cargo bench --bench ingest
//! ```
//!
//! Over other data (folders, or folders with a `corpus.jsonl`), and the whole ingest
//! alone, whose stages are printed:
//!
//! ```sh
//! VERITRAIL_BENCH_DATA=data/k8s-docs:data/esphome-docs cargo bench --bench ingest
//! cargo bench --bench ingest -- whole
//! ```
//!
//! Side by side with LangChain's splitters, taking turns round by round in one run:
//!
//! ```sh
//! python3 -m pip install langchain-text-splitters tokenizers
//! VERITRAIL_BENCH_PYTHON=python3 cargo bench --bench ingest
//! ```
//!
//! `VERITRAIL_BENCH_ROUNDS` sets the number of rounds of the last two (3).

mod corpus;
mod python;
mod whole;

use corpus::Corpus;
use criterion::{BenchmarkId, Criterion, Throughput};
use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use veritrail::embed::{
    Embedder, Registry, RuntimeSearch, TextModel, TextRole, cache_dir_from_env,
};
use veritrail::extract::{Gazetteer, mentions};
use veritrail::ingest::load;

type Outcome<T> = Result<T, Box<dyn Error>>;

const MODEL: &str = "all-minilm-l6-v2";
const N_THREADS: usize = 2;
/// Fragments embedded in one measurement.
const N_EMBEDDED: usize = 64;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn n_rounds() -> Outcome<usize> {
    Ok(std::env::var("VERITRAIL_BENCH_ROUNDS").map_or(Ok(3), |text| text.parse())?)
}

/// Each stage that needs no knowledge base.
fn stages(criterion: &mut Criterion, corpus: &Corpus, embedder: &dyn Embedder) -> Outcome<()> {
    let mut group = criterion.benchmark_group("ingest");
    group.throughput(Throughput::Bytes(corpus.n_bytes() as u64));
    group.bench_function(BenchmarkId::new("load", &corpus.name), |bencher| {
        bencher.iter(|| corpus.items.iter().filter(|item| load(black_box(item)).is_ok()).count());
    });
    let loaded = corpus.loaded();
    let counter = embedder.token_counter();
    let n_tokens = |text: &str| counter.count(text);
    group.bench_function(BenchmarkId::new("cut", &corpus.name), |bencher| {
        bencher.iter(|| loaded.iter().map(|one| one.fragments(&n_tokens).len()).sum::<usize>());
    });
    let cut: Vec<_> = loaded.iter().flat_map(|one| one.fragments(&n_tokens)).collect();
    let gazetteer = Gazetteer::build(&corpus::entities(&loaded))?;
    group.bench_function(BenchmarkId::new("find names", &corpus.name), |bencher| {
        bencher
            .iter(|| cut.iter().map(|f| mentions(black_box(f), &gazetteer).len()).sum::<usize>());
    });
    // Evenly over the corpus: embedding all of it takes minutes.
    let step = cut.len().div_ceil(N_EMBEDDED).max(1);
    let texts: Vec<&str> = cut.iter().step_by(step).map(|f| f.text.as_str()).collect();
    let n_bytes: usize = texts.iter().map(|text| text.len()).sum();
    group.throughput(Throughput::Bytes(n_bytes as u64));
    group.bench_function(BenchmarkId::new("embed some", &corpus.name), |bencher| {
        bencher.iter(|| embedder.embed(black_box(&texts), TextRole::Passage, &mut |_| {}));
    });
    group.finish();
    Ok(())
}

fn main() -> Outcome<()> {
    let cache = cache_dir_from_env();
    let registry = Registry::builtin()?;
    let runtime = RuntimeSearch::from_env(None, &cache).load()?;
    let model = TextModel::open(&runtime, registry.find(MODEL)?, &cache, N_THREADS)?;
    let embedder: Arc<dyn Embedder> = Arc::new(model);
    let corpora = corpus::named()?;
    if let Ok(program) = std::env::var("VERITRAIL_BENCH_PYTHON") {
        let tokenizer = cache.join("models").join(MODEL).join("tokenizer.json");
        for corpus in &corpora {
            python::side_by_side(&program, &tokenizer, corpus, embedder.as_ref())?;
        }
        return Ok(());
    }
    let only_whole = std::env::args().any(|argument| argument == "whole");
    if !only_whole {
        let mut criterion = Criterion::default().configure_from_args().sample_size(10);
        for corpus in &corpora {
            stages(&mut criterion, corpus, embedder.as_ref())?;
        }
        criterion.final_summary();
    }
    // `cargo test --benches` only looks whether everything runs.
    if !std::env::args().any(|argument| argument == "--test") {
        for corpus in &corpora {
            whole::run(corpus, &embedder)?;
        }
    }
    Ok(())
}
