//! A whole ingest into a new knowledge base, by the stages that it reports, and the
//! program from start to end.

use crate::corpus::Corpus;
use crate::{Outcome, median, n_rounds};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;
use veritrail::embed::Embedder;
use veritrail::engine::KnowledgeBase;

/// Stages in order, each with its seconds, and the counts of documents and fragments.
type Measured = (Vec<(String, f64)>, usize, usize);

fn round(corpus: &Corpus, embedder: &Arc<dyn Embedder>) -> Outcome<Measured> {
    let root = tempfile::tempdir()?;
    KnowledgeBase::init(root.path())?;
    let knowledge_base = KnowledgeBase::open(root.path(), Arc::clone(embedder))?;
    let outcome = knowledge_base.ingest(&corpus.path, &mut |_| {})?;
    let published = knowledge_base.publish(&mut |_| {})?;
    let stages = outcome.stages;
    let mut measured = vec![
        ("load and cut".to_owned(), stages.load),
        ("pictures".to_owned(), stages.pictures),
        ("embed".to_owned(), stages.embed),
        ("write".to_owned(), stages.write),
    ];
    measured.extend(published.stages);
    Ok((measured, outcome.n_committed, outcome.n_fragments))
}

fn program(corpus: &Corpus) -> Outcome<f64> {
    let root = tempfile::tempdir()?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_veritrail"));
    command.arg("--kb").arg(root.path()).arg("ingest").arg(&corpus.path);
    let begin = Instant::now();
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    // Some documents may be damaged; the others are taken in.
    if !matches!(status.code(), Some(0 | 3)) {
        return Err(format!("veritrail ingest ended with {status}").into());
    }
    Ok(begin.elapsed().as_secs_f64())
}

/// Prints a line for each stage: the median of its seconds, and what it does in one.
pub(crate) fn run(corpus: &Corpus, embedder: &Arc<dyn Embedder>) -> Outcome<()> {
    let mut rounds = Vec::new();
    let mut programs = Vec::new();
    for _ in 0..n_rounds()? {
        rounds.push(round(corpus, embedder)?);
        programs.push(program(corpus)?);
    }
    let (stages, n_documents, n_fragments) = rounds.first().ok_or("no round")?;
    let megabytes = corpus.n_bytes() as f64 / 1e6;
    println!(
        "{}: {n_documents} documents, {megabytes:.2} MB, {n_fragments} fragments",
        corpus.name
    );
    let line = |name: &str, seconds: f64| {
        let (speed, rate) = (megabytes / seconds, *n_documents as f64 / seconds);
        println!("{name:30} {seconds:8.2} s {speed:9.2} MB/s {rate:9.1} documents/s");
    };
    let seconds_of = |n: usize| {
        median(rounds.iter().filter_map(|(stages, ..)| Some(stages.get(n)?.1)).collect())
    };
    for (n, (name, _)) in stages.iter().enumerate() {
        line(name, seconds_of(n));
    }
    line("all stages", (0..stages.len()).map(seconds_of).sum());
    line("the program, start to end", median(programs));
    Ok(())
}
