//! Loading and cutting beside Python.

use crate::corpus::{Corpus, LoadedDocument};
use crate::{Outcome, median, n_rounds};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;
use veritrail::embed::Embedder;
use veritrail::ingest::{SourceItem, scan};

/// The Python twin, waiting for rounds.
struct Python {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Python {
    fn start(program: &str, tokenizer: &Path, corpus: &Corpus, unit: &str) -> Outcome<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/ingest_reference.py");
        let mut command = Command::new(program);
        command.arg(script).arg(&corpus.path).arg(tokenizer).arg(unit);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take().ok_or("no standard input")?;
        let output = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        let mut python = Self { child, input, output };
        python.line()?;
        Ok(python)
    }

    fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        if line.is_empty() {
            return Err(
                "the Python twin ended; are langchain-text-splitters and tokenizers there?".into(),
            );
        }
        Ok(line)
    }

    /// Seconds and number of chunks of one round.
    fn round(&mut self) -> Outcome<(f64, usize)> {
        self.input.write_all(b"go\n")?;
        self.input.flush()?;
        let line = self.line()?;
        let (seconds, n_chunks) = line.trim().split_once(' ').ok_or("not two numbers")?;
        Ok((seconds.parse()?, n_chunks.parse()?))
    }

    fn stop(self) -> Outcome<()> {
        let Self { mut child, input, .. } = self;
        drop(input);
        child.wait()?;
        Ok(())
    }
}

/// What the twin looks at as well.
fn is_shared(item: &SourceItem) -> bool {
    item.record.is_some() || item.source.ends_with(".md")
}

/// Reads, loads and cuts the corpus on one thread.
fn round(corpus: &Corpus, embedder: &dyn Embedder) -> Outcome<(f64, usize)> {
    let begin = Instant::now();
    let counter = embedder.token_counter();
    let n_tokens = |text: &str| counter.count(text);
    let mut n_chunks = 0;
    scan(&corpus.path, u64::MAX, &mut |item| {
        let item = item.ok().filter(is_shared);
        let loaded = item.as_ref().and_then(LoadedDocument::of);
        n_chunks += loaded.map_or(0, |loaded| loaded.fragments(&n_tokens).len());
    })?;
    Ok((begin.elapsed().as_secs_f64(), n_chunks))
}

/// Rounds that take turns, so that other load on the machine hits both alike.
pub(crate) fn side_by_side(
    program: &str,
    tokenizer: &Path,
    corpus: &Corpus,
    embedder: &dyn Embedder,
) -> Outcome<()> {
    for unit in ["tokens", "characters"] {
        let mut python = Python::start(program, tokenizer, corpus, unit)?;
        // One round each to warm up.
        let ((_, ours), (_, theirs)) = (round(corpus, embedder)?, python.round()?);
        println!("{}, chunks by {unit}: veritrail {ours}, python {theirs}", corpus.name);
        let (mut seconds, mut others, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..n_rounds()? {
            let ((ours, _), (theirs, _)) = (round(corpus, embedder)?, python.round()?);
            println!("veritrail {ours:.3} s   python {theirs:.3} s");
            seconds.push(ours);
            others.push(theirs);
            ratios.push(theirs / ours);
        }
        python.stop()?;
        println!(
            "median: veritrail {:.3} s, python {:.3} s; median ratio {:.2}",
            median(seconds),
            median(others),
            median(ratios)
        );
    }
    Ok(())
}
