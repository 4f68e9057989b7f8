//! What recording and sealing cost, alone and while several ask, and how large a record
//! is. `benches/audit_impact/run.py` measures `impact`.

#![expect(clippy::unwrap_used, reason = "a measurement fails by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use veritrail::audit::{Salts, content_digest};
use veritrail::embed::{Registry, RuntimeSearch, TextModel, cache_dir_from_env};
use veritrail::engine::{AskOptions, KnowledgeBase, Session};
use veritrail::graph::Store;
use veritrail::model::{AnswerId, Query};

const N_QUESTIONS: usize = 500;
/// Threads that ask at a time, and how often each does.
const N_AT_A_TIME: usize = 4;
const N_EACH: usize = 150;

fn knowledge_base(root: &Path, source: &Path) -> KnowledgeBase {
    let cache = cache_dir_from_env();
    let runtime = RuntimeSearch::from_env(None, &cache).load().expect("run `make models` first");
    let registry = Registry::builtin().unwrap();
    let entry = registry.find("all-minilm-l6-v2").unwrap();
    let model = TextModel::open(&runtime, entry, &cache, 2).expect("run `make models` first");
    let model: Arc<dyn veritrail::embed::Embedder> = Arc::new(model);
    for n in 0..200 {
        let (oil, torque) = (n % 7 + 2, n % 40 + 10);
        let text = format!(
            "# Pump P-{n}\n\nThe pump P-{n} needs {oil} litres of oil. Its drain plug takes {torque} Nm.\n\n\
             ## Care\n\nThe pump P-{n} stands beside the valve V-{oil}. Replace the seal S-{torque} each year.\n"
        );
        std::fs::write(source.join(format!("pump-{n}.md")), text).unwrap();
    }
    KnowledgeBase::init(root).unwrap();
    std::fs::write(root.join("veritrail.toml"), "[models]\npictures = []\nocr = \"off\"\n")
        .unwrap();
    let knowledge_base = KnowledgeBase::open(root, model).unwrap();
    knowledge_base.ingest(source, &mut |_| {}).unwrap();
    knowledge_base.publish(&mut |_| {}).unwrap();
    knowledge_base
}

fn percentiles(what: &str, mut ms: Vec<f64>) {
    ms.sort_by(f64::total_cmp);
    let at = |share: f64| ms.get(((ms.len() as f64) * share) as usize).copied().unwrap_or(0.0);
    println!(
        "{what}: p50 {:.2} ms, p95 {:.2} ms, p99 {:.2} ms of {}",
        at(0.50),
        at(0.95),
        at(0.99),
        ms.len()
    );
}

fn since(begin: Instant) -> f64 {
    begin.elapsed().as_secs_f64() * 1e3
}

fn folder_bytes(folder: &Path) -> u64 {
    std::fs::read_dir(folder).map_or(0, |entries| {
        entries
            .flatten()
            .map(|entry| match entry.metadata() {
                Ok(known) if known.is_dir() => folder_bytes(&entry.path()),
                known => known.map_or(0, |known| known.len()),
            })
            .sum()
    })
}

/// Asks, and says what recording took.
fn record_ms(session: &Session<'_>, options: &AskOptions, n: usize) -> (f64, AnswerId) {
    let query = Query::text(format!("Which torque does the drain plug of P-{n} take?"), 20);
    let record = session.ask(&query, options, &mut |_| {}).unwrap();
    let stage = record.timings.iter().find(|timing| timing.stage == "record");
    (stage.unwrap().duration_ms, record.id)
}

fn main() {
    let (root, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let knowledge_base = knowledge_base(root.path(), source.path());
    let session = knowledge_base.session().unwrap();
    let options = AskOptions::for_principal("bench");
    let (mut recorded_ms, mut ids) = (Vec::new(), Vec::new());
    let graph = root.path().join("graph");
    let before = folder_bytes(&graph);
    for n in 0..N_QUESTIONS {
        let (ms, id) = record_ms(&session, &options, n);
        recorded_ms.push(ms);
        ids.push(id);
    }
    percentiles("recording with a seal (stage `record`)", recorded_ms);
    let together: Vec<f64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..N_AT_A_TIME)
            .map(|thread| {
                let (session, options) = (&session, &options);
                scope.spawn(move || {
                    (0..N_EACH)
                        .map(|n| record_ms(session, options, thread * N_EACH + n).0)
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    percentiles(&format!("the same while {N_AT_A_TIME} ask at a time"), together);
    let (other, mut digest_ms, mut plain_ms) =
        (tempfile::tempdir().unwrap(), Vec::new(), Vec::new());
    let store = Store::open(other.path()).unwrap();
    let (mut n_quads, mut n_bytes) = (0, 0);
    for id in &ids {
        let triples = knowledge_base.answer_record(id).unwrap();
        n_quads += triples.len();
        n_bytes += triples.iter().map(|triple| triple.to_string().len() + 60).sum::<usize>();
        let begin = Instant::now();
        content_digest(id.as_str(), &triples, &Salts::Key([1; 32])).unwrap();
        digest_ms.push(since(begin));
        let begin = Instant::now();
        store.insert_graph(id.as_str(), triples).unwrap();
        plain_ms.push(since(begin));
    }
    percentiles("canonical text and digest alone", digest_ms);
    percentiles("writing the same records without seals", plain_ms);
    println!(
        "a record: {} quads, {} KiB of N-Quads",
        n_quads / ids.len(),
        n_bytes / ids.len() / 1024
    );
    knowledge_base.audit_checkpoint().unwrap();
    println!(
        "on the disk: {} KiB for each answer, before compaction",
        (folder_bytes(&graph) - before) / 1024 / (ids.len() + N_AT_A_TIME * N_EACH) as u64
    );
    let begin = Instant::now();
    let verification = knowledge_base.verify_audit(None, &[]).unwrap();
    assert!(verification.is_sound(), "{:?}", verification.findings);
    println!("verify: {:.2} ms for each record", since(begin) / verification.n_records as f64);
    drop(session);
    let n_answers = ids.len() + N_AT_A_TIME * N_EACH;
    drop(knowledge_base);
    let store = Store::open(&graph).unwrap();
    store.compact().unwrap();
    drop(store);
    println!(
        "on the disk: {} KiB for each answer, compacted",
        (folder_bytes(&graph) - before) / 1024 / n_answers as u64
    );
    for (what, file) in [("log", "log.jsonl"), ("index of uses", "uses")] {
        let bytes = std::fs::metadata(root.path().join("audit").join(file)).unwrap().len();
        println!("{what}: {} bytes for each answer", bytes / n_answers as u64);
    }
}
