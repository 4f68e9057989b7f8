//! Time to find evidence, stage by stage, and what each mode and the text evidence take.
//!
//! Needs the text model: `veritrail models pull`. Over the bundled example and its
//! questions:
//!
//! ```sh
//! cargo bench --bench retrieve
//! ```
//!
//! Over a knowledge base of one's own, which stays as it is, and a file of questions with a
//! `text` each; on one core:
//!
//! ```sh
//! VERITRAIL_BENCH_KB=kb VERITRAIL_BENCH_QUESTIONS=queries.jsonl taskset -c 0 cargo bench --bench retrieve
//! ```
//!
//! `benches/peers/run.py` times whole questions beside Python's libraries.

use criterion::Criterion;
use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use veritrail::embed::{Embedder, Registry, RuntimeSearch, TextModel, cache_dir_from_env};
use veritrail::engine::KnowledgeBase;
use veritrail::model::{Query, Stage, Stopwatch};
use veritrail::retrieve::{Embedders, RetrievalMode, RetrieveConfig, Snapshot, search};

/// As in the program.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

type Outcome<T> = Result<T, Box<dyn Error>>;

const MODEL: &str = "all-minilm-l6-v2";
/// Hits that are asked for.
const K: usize = 10;

struct Variant {
    name: &'static str,
    mode: RetrievalMode,
    config: RetrieveConfig,
}

fn variants() -> Vec<Variant> {
    let all = RetrieveConfig::default;
    let variant = |name, mode, config| Variant { name, mode, config };
    let without = RetrieveConfig { text_evidence_share: 0.0, ..all() };
    vec![
        variant("lexical", RetrievalMode::Lexical, all()),
        variant("hybrid", RetrievalMode::Hybrid, all()),
        variant("graph without text evidence", RetrievalMode::Graph, without),
        variant("graph", RetrievalMode::Graph, all()),
    ]
}

/// Milliseconds of each stage of one question, all stages but the model's first.
fn timed(
    snapshot: &Snapshot,
    embedder: &dyn Embedder,
    question: &str,
    variant: &Variant,
) -> Outcome<(f64, Vec<(Stage, f64)>)> {
    let embedders = Embedders { text: embedder, pictures: Vec::new() };
    let query = Query::text(question, K);
    let mut stopwatch = Stopwatch::new(Instant::now);
    let begin = Instant::now();
    let found =
        search(snapshot, &embedders, &query, variant.mode, &variant.config, &mut stopwatch)?;
    let all = begin.elapsed();
    black_box(found);
    let stages: Vec<(Stage, f64)> =
        stopwatch.times().map(|time| (time.stage, time.spent.as_secs_f64() * 1e3)).collect();
    let embedding: f64 =
        stages.iter().filter(|(stage, _)| *stage == Stage::Embed).map(|(_, ms)| ms).sum();
    Ok((all.as_secs_f64() * 1e3 - embedding, stages))
}

fn percentiles(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values.get((share * values.len() as f64) as usize).copied();
    (at(0.5).unwrap_or(f64::NAN), at(0.95).unwrap_or(f64::NAN))
}

/// Prints p50 and p95 over the questions, the second time that each is asked.
fn table(snapshot: &Snapshot, embedder: &dyn Embedder, questions: &[String]) -> Outcome<()> {
    for variant in variants() {
        let (mut all, mut of_stages) = (Vec::new(), vec![Vec::new(); Stage::ALL.len()]);
        for round in 0..2 {
            for question in questions {
                let (whole, stages) = timed(snapshot, embedder, question, &variant)?;
                if round == 0 {
                    continue;
                }
                all.push(whole);
                for (stage, ms) in stages {
                    if let Some(of_stage) = of_stages.get_mut(stage as usize) {
                        of_stage.push(ms);
                    }
                }
            }
        }
        let (p50, p95) = percentiles(all);
        println!("{:28} p50 {p50:6.2} ms  p95 {p95:6.2} ms  without embedding", variant.name);
        for (stage, values) in Stage::ALL.into_iter().zip(of_stages) {
            if !values.is_empty() {
                let (p50, p95) = percentiles(values);
                println!("    {:24} p50 {p50:6.2} ms  p95 {p95:6.2} ms", stage.as_str());
            }
        }
    }
    Ok(())
}

fn questions(path: &Path) -> Outcome<Vec<String>> {
    let text = |line: &str| -> Outcome<String> {
        let line: serde_json::Value = serde_json::from_str(line)?;
        Ok(line.get("text").and_then(|text| text.as_str()).unwrap_or_default().to_owned())
    };
    std::fs::read_to_string(path)?.lines().map(text).collect()
}

fn main() -> Outcome<()> {
    let cache = cache_dir_from_env();
    let runtime = RuntimeSearch::from_env(None, &cache).load()?;
    let model = TextModel::open(&runtime, Registry::builtin()?.find(MODEL)?, &cache, 2)?;
    let embedder: Arc<dyn Embedder> = Arc::new(model);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let given = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let scratch = tempfile::tempdir()?;
    let knowledge_base = match given("VERITRAIL_BENCH_KB") {
        Some(path) => KnowledgeBase::open(&path, Arc::clone(&embedder))?,
        None => {
            KnowledgeBase::init(scratch.path())?;
            let made = KnowledgeBase::open(scratch.path(), Arc::clone(&embedder))?;
            made.ingest(&root.join("data/example/docs"), &mut |_| {})?;
            made.publish(&mut |_| {})?;
            made
        }
    };
    let asked = given("VERITRAIL_BENCH_QUESTIONS");
    let questions = questions(&asked.unwrap_or_else(|| root.join("data/golden/queries.jsonl")))?;
    let session = knowledge_base.session()?;
    let snapshot = session.snapshot();
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    let mut group = criterion.benchmark_group("retrieve");
    for variant in variants() {
        let mut next = questions.iter().cycle();
        group.bench_function(format!("{}, a question", variant.name), |bencher| {
            bencher.iter(|| {
                let question = next.next().map_or("", String::as_str);
                timed(snapshot, embedder.as_ref(), question, &variant).map(|(ms, _)| ms).ok()
            });
        });
    }
    group.finish();
    criterion.final_summary();
    // `cargo test --benches` only looks whether everything runs.
    if !std::env::args().any(|argument| argument == "--test") {
        table(snapshot, embedder.as_ref(), &questions)?;
    }
    Ok(())
}
