//! What recording and sealing cost, how large a record is, and how long `impact` takes.
//!
//! `VERITRAIL_BENCH_ANSWERS` (2,000) answers with two pieces of evidence each are written
//! for `impact`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement fails by panicking"
)]

use oxigraph::model::{NamedNode, Term, Triple};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use veritrail::audit::{Salts, content_digest};
use veritrail::embed::{Registry, RuntimeSearch, TextModel, cache_dir_from_env};
use veritrail::engine::{AskOptions, KnowledgeBase};
use veritrail::graph::{Rewrite, Store};
use veritrail::model::{AnswerId, Query};

const N_QUESTIONS: usize = 500;
/// Quads that are written in one transaction.
const AT_ONCE: usize = 100;

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

/// The record of another answer that says the same, with the evidence up to `most`.
fn copied(triples: &[Triple], from: &str, to: &str, most: usize) -> Vec<Triple> {
    let mut copies = Vec::new();
    for triple in triples {
        let subject = triple.subject.to_string();
        let subject = subject.trim_matches(['<', '>']);
        let number = |text: &str| -> usize {
            let part = text.split("/evidence/").nth(1).unwrap_or("0");
            part.split('/').next().unwrap_or("0").parse().unwrap_or(0)
        };
        let object = match &triple.object {
            Term::NamedNode(node) => {
                if number(node.as_str()) > most {
                    continue;
                }
                NamedNode::new_unchecked(node.as_str().replace(from, to)).into()
            }
            other => other.clone(),
        };
        if number(subject) > most {
            continue;
        }
        let subject = NamedNode::new_unchecked(subject.replace(from, to));
        copies.push(Triple::new(subject, triple.predicate.clone(), object));
    }
    copies
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

fn main() {
    let (root, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let knowledge_base = knowledge_base(root.path(), source.path());
    let session = knowledge_base.session().unwrap();
    let options = AskOptions::for_principal("bench");
    let (mut recorded_ms, mut ids) = (Vec::new(), Vec::new());
    let graph = root.path().join("graph");
    let before = folder_bytes(&graph);
    for n in 0..N_QUESTIONS {
        let query = Query::text(format!("Which torque does the drain plug of P-{n} take?"), 20);
        let record = session.ask(&query, &options, &mut |_| {}).unwrap();
        let stage = record.timings.iter().find(|timing| timing.stage == "record");
        recorded_ms.push(stage.unwrap().duration_ms);
        ids.push(record.id);
    }
    percentiles("recording with a seal (stage `record`)", recorded_ms);
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
        (folder_bytes(&graph) - before) / 1024 / ids.len() as u64
    );
    let begin = Instant::now();
    let verification = knowledge_base.verify_audit(None, &[]).unwrap();
    assert!(verification.is_sound(), "{:?}", verification.findings);
    println!("verify: {:.2} ms for each record", since(begin) / ids.len() as f64);
    drop(session);
    let record = knowledge_base.answer_record(&ids[0]).unwrap();
    drop(knowledge_base);
    let n = std::env::var("VERITRAIL_BENCH_ANSWERS").map_or(2_000, |text| text.parse().unwrap());
    let store = Store::open(&graph).unwrap();
    let mut rewrite = Rewrite::default();
    let begin = Instant::now();
    for i in 0..n {
        let id = AnswerId::new(&format!("{:016x}", i + 1));
        rewrite.insert(id.as_str(), copied(&record, ids[0].as_str(), id.as_str(), 2));
        if i % AT_ONCE == AT_ONCE - 1 {
            store.rewrite(None, std::mem::take(&mut rewrite)).unwrap();
        }
    }
    store.rewrite(None, rewrite).unwrap();
    store.flush().unwrap();
    println!("{n} more answers written in {:.0} s", since(begin) / 1e3);
    drop(store);
    let cache = cache_dir_from_env();
    let runtime = RuntimeSearch::from_env(None, &cache).load().unwrap();
    let registry = Registry::builtin().unwrap();
    let entry = registry.find("all-minilm-l6-v2").unwrap();
    let model: Arc<dyn veritrail::embed::Embedder> =
        Arc::new(TextModel::open(&runtime, entry, &cache, 2).unwrap());
    let knowledge_base = KnowledgeBase::open(root.path(), model).unwrap();
    for of in ["pump-0.md", "P-0", "all-minilm-l6-v2", "pump-150.md"] {
        for round in ["first", "second"] {
            let begin = Instant::now();
            let found = knowledge_base.impact(of, 20).map_or(0, |impact| impact.n_answers);
            println!("impact {of}, {round} time: {found} answers in {:.0} ms", since(begin));
        }
    }
}
