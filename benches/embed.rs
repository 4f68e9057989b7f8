//! Embedding throughput: 2,000 sentences, batches of 32, 2 threads.
//!
//! Needs the models: `veritrail models pull all-minilm-l6-v2 all-minilm-l6-v2-float32`. Alone:
//!
//! ```sh
//! cargo bench --bench embed
//! ```
//!
//! Side by side with Python's onnxruntime and tokenizers, taking turns round by
//! round in one run, so that other load on the machine hits both alike:
//!
//! ```sh
//! python3 -m pip install numpy onnxruntime==1.32.0 tokenizers
//! VERITRAIL_BENCH_PYTHON=python3 cargo bench --bench embed
//! ```
//!
//! `VERITRAIL_BENCH_ROUNDS` sets the number of rounds (5).
//! `benches/embed_reference.py` embeds the same sentences.

use criterion::{Criterion, Throughput};
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;
use veritrail::embed::{
    Embedder, Registry, RuntimeSearch, TextModel, TextRole, cache_dir_from_env,
};

type Outcome<T> = Result<T, Box<dyn Error>>;

const NAME: &str = "all-minilm-l6-v2";
/// The same model as Python packages run it: `veritrail models pull` installs it, too.
const NAME_IN_PYTHON: &str = "all-minilm-l6-v2-float32";
const N_SENTENCES: usize = 2000;
const WORDS: &str = "pump valve filter pressure water tank sensor alarm manual reset button network \
    router cable power supply battery charge display error code service contract refund payment \
    customer order warranty replacement part delivery address invoice temperature limit safety \
    switch is are was the a of in on with for when after before not must should how does why open \
    close check";

/// The sentences of `embed_reference.py`: 4 to 31 words drawn by a linear
/// congruential generator.
fn sentences() -> Vec<String> {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let mut state = 1u64;
    let mut next = |n: usize| {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        (state / 65_536) as usize % n
    };
    (0..N_SENTENCES)
        .map(|_| {
            let n_words = 4 + next(28);
            let chosen: Vec<&str> =
                (0..n_words).filter_map(|_| words.get(next(words.len())).copied()).collect();
            chosen.join(" ")
        })
        .collect()
}

/// The Python twin, waiting for rounds.
struct Python {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Python {
    fn start(program: &str, cache: &Path) -> Outcome<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/embed_reference.py");
        let mut child = Command::new(program)
            .arg(script)
            .arg(cache.join("models").join(NAME_IN_PYTHON))
            .arg("--serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
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
                "the Python twin ended; are numpy, onnxruntime and tokenizers installed?".into()
            );
        }
        Ok(line)
    }

    /// Seconds and sum of components of one round.
    fn round(&mut self) -> Outcome<(f64, f64)> {
        self.input.write_all(b"go\n")?;
        self.input.flush()?;
        let line = self.line()?;
        let (seconds, total) = line.trim().split_once(' ').ok_or("not two numbers")?;
        Ok((seconds.parse()?, total.parse()?))
    }

    fn stop(self) -> Outcome<()> {
        let Self { mut child, input, .. } = self;
        drop(input);
        child.wait()?;
        Ok(())
    }
}

fn rust_round(model: &TextModel, texts: &[&str]) -> Outcome<(f64, f64)> {
    let begin = Instant::now();
    let embedded = model.embed(texts, TextRole::Passage, &mut |_| {})?;
    let seconds = begin.elapsed().as_secs_f64();
    Ok((seconds, embedded.vectors.iter().flatten().map(|&x| f64::from(x)).sum()))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn side_by_side(program: &str, model: &TextModel, texts: &[&str], cache: &Path) -> Outcome<()> {
    let n_rounds: usize =
        std::env::var("VERITRAIL_BENCH_ROUNDS").map_or(Ok(5), |text| text.parse())?;
    let mut python = Python::start(program, cache)?;
    let (mut rust_rates, mut python_rates, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    // One round each to warm up.
    let ((_, rust_sum), (_, python_sum)) = (rust_round(model, texts)?, python.round()?);
    println!("sum of components: veritrail {rust_sum:.3}, python {python_sum:.3}");
    for _ in 0..n_rounds {
        let ((rust, _), (python, _)) = (rust_round(model, texts)?, python.round()?);
        let n_texts = texts.len() as f64;
        println!(
            "veritrail {:7.1} sentences/s   python {:7.1} sentences/s",
            n_texts / rust,
            n_texts / python
        );
        rust_rates.push(n_texts / rust);
        python_rates.push(n_texts / python);
        ratios.push(python / rust);
    }
    python.stop()?;
    println!(
        "median: veritrail {:.1}, python {:.1} sentences/s; median ratio {:.3}",
        median(rust_rates),
        median(python_rates),
        median(ratios)
    );
    Ok(())
}

fn main() -> Outcome<()> {
    let cache = cache_dir_from_env();
    let registry = Registry::builtin()?;
    let runtime = RuntimeSearch::from_env(None, &cache).load()?;
    let model = TextModel::open(&runtime, registry.find(NAME)?, &cache, 2)?;
    let sentences = sentences();
    let texts: Vec<&str> = sentences.iter().map(String::as_str).collect();
    if let Ok(program) = std::env::var("VERITRAIL_BENCH_PYTHON") {
        return side_by_side(&program, &model, &texts, &cache);
    }
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    let mut group = criterion.benchmark_group("embed");
    group.throughput(Throughput::Elements(texts.len() as u64));
    group.bench_function("2000 sentences, batch 32, 2 threads", |bencher| {
        bencher.iter(|| model.embed(&texts, TextRole::Passage, &mut |_| {}));
    });
    group.finish();
    criterion.final_summary();
    Ok(())
}
