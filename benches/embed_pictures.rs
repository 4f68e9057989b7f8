//! Pictures embedded: from encoded files on disk to vectors of `veritrail-lite`,
//! 2 threads, decoding and resizing included. Alone:
//!
//! ```sh
//! cargo bench --bench embed_pictures
//! ```
//!
//! Side by side with Python's onnxruntime and Pillow, taking turns round by round
//! in one run, so that other load on the machine hits both alike:
//!
//! ```sh
//! python3 -m pip install numpy onnxruntime==1.32.0 pillow
//! VERITRAIL_BENCH_PYTHON=python3 cargo bench --bench embed_pictures
//! ```
//!
//! `VERITRAIL_BENCH_PICTURES` names a folder of pictures (default: 96 drawn ones in
//! the sizes of cameras and web pages, JPEG, PNG and WebP), and
//! `VERITRAIL_BENCH_ROUNDS` the number of rounds (5).
//! `benches/embed_pictures_reference.py` embeds the same files.

use criterion::{Criterion, Throughput};
use image::RgbImage;
use rayon::prelude::*;
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;
use veritrail::embed::{
    Embedder, InstallSource, PictureEmbedder, Registry, RuntimeSearch, SharedTextPictureModel,
    TextModel, cache_dir_from_env, install,
};
use veritrail::engine::{KnowledgeBase, Models};
use veritrail::model::Query;
use veritrail::picture::{PIXELS_AT_ONCE, Picture, RgbPixels, groups};
use veritrail::retrieve::RetrievalMode;

type Outcome<T> = Result<T, Box<dyn Error>>;

const NAME: &str = "veritrail-lite";
const N_THREADS: usize = 2;
const N_QUERIES: usize = 40;

/// Photo-like pictures: a sky, hills and grain, which compress like photos do.
fn drawn(folder: &Path) -> Outcome<()> {
    const SIZES: [(u32, u32); 4] = [(500, 375), (640, 480), (1280, 853), (1920, 1080)];
    const ENDINGS: [&str; 4] = ["jpg", "jpg", "png", "webp"];
    (0..96usize).into_par_iter().try_for_each(|i| {
        let (width, height) = SIZES.get(i / 4 % 4).copied().unwrap_or((640, 480));
        let ending = ENDINGS.get(i % 4).copied().unwrap_or("jpg");
        let phase = i as f32;
        let mut state = i as u32 + 1;
        let picture = RgbImage::from_fn(width, height, |x, y| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = (state >> 28) as f32 - 8.0;
            let (x, y) = (x as f32 / width as f32, y as f32 / height as f32);
            let hill = 0.6 + 0.2 * ((x + phase) * 6.0).sin();
            let base = if y > hill {
                [70.0 + 60.0 * (x * 40.0).sin(), 120.0 - 50.0 * y, 60.0]
            } else {
                [150.0 - 60.0 * y, 180.0 - 40.0 * y, 230.0]
            };
            image::Rgb(base.map(|value| (value + grain).clamp(0.0, 255.0) as u8))
        });
        picture.save(folder.join(format!("{i:02}.{ending}")))
    })?;
    Ok(())
}

fn files(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Outcome<_>>()?;
    files.sort();
    Ok(files)
}

/// Seconds and sum of components, on the path that `ingest` takes.
fn rust_round(model: &dyn PictureEmbedder, files: &[PathBuf]) -> Outcome<(f64, f64)> {
    let begin = Instant::now();
    let bytes = files.iter().map(std::fs::read).collect::<Result<Vec<_>, _>>()?;
    let encoded: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
    let mut total = 0.0;
    for group in groups(&encoded, PIXELS_AT_ONCE) {
        let some = encoded.get(group).unwrap_or_default();
        let pixels = some
            .par_iter()
            .map(|bytes| Picture::decode(bytes).map(Picture::into_on_white))
            .collect::<Result<Vec<RgbPixels>, _>>()?;
        let vectors = model.embed_pictures(&pixels.iter().collect::<Vec<_>>())?;
        total += vectors.iter().flatten().map(|&x| f64::from(x)).sum::<f64>();
    }
    Ok((begin.elapsed().as_secs_f64(), total))
}

/// The Python twin, waiting for rounds.
struct Python {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Python {
    fn start(program: &str, model: &Path, pictures: &Path) -> Outcome<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/embed_pictures_reference.py");
        let mut child = Command::new(program)
            .arg(script)
            .arg(model)
            .arg(pictures)
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
                "the Python twin ended; are numpy, onnxruntime and pillow installed?".into()
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

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn side_by_side(mut python: Python, model: &dyn PictureEmbedder, files: &[PathBuf]) -> Outcome<()> {
    let n_rounds: usize =
        std::env::var("VERITRAIL_BENCH_ROUNDS").map_or(Ok(5), |text| text.parse())?;
    let (mut rust_rates, mut python_rates, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    // One round each to warm up.
    let ((_, rust_sum), (_, python_sum)) = (rust_round(model, files)?, python.round()?);
    println!("sum of components: veritrail {rust_sum:.3}, python {python_sum:.3}");
    for _ in 0..n_rounds {
        let ((rust, _), (python, _)) = (rust_round(model, files)?, python.round()?);
        let n = files.len() as f64;
        println!("veritrail {:6.1} pictures/s   python {:6.1} pictures/s", n / rust, n / python);
        rust_rates.push(n / rust);
        python_rates.push(n / python);
        ratios.push(python / rust);
    }
    python.stop()?;
    println!(
        "median: veritrail {:.1}, python {:.1} pictures/s; median ratio {:.3}",
        median(rust_rates),
        median(python_rates),
        median(ratios)
    );
    Ok(())
}

/// Milliseconds of a question that is a picture, from encoded bytes to hits.
fn queries(models: Models, pictures: &Path, files: &[PathBuf]) -> Outcome<()> {
    let root = tempfile::tempdir()?;
    KnowledgeBase::init(root.path())?;
    let knowledge_base = KnowledgeBase::open(root.path(), models)?;
    let begin = Instant::now();
    let taken = knowledge_base.ingest(pictures, &mut |_| {})?;
    println!(
        "ingest of {} pictures: {:.1} pictures/s, facts and records included",
        taken.n_committed,
        taken.n_committed as f64 / begin.elapsed().as_secs_f64()
    );
    knowledge_base.publish(&mut |_| {})?;
    let session = knowledge_base.session()?;
    let mut times = Vec::new();
    for file in files.iter().cycle().take(N_QUERIES) {
        let query = Query { picture: Some(std::fs::read(file)?), ..Query::text("", 10) };
        let begin = Instant::now();
        session.search(&query, RetrievalMode::Graph)?;
        times.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    println!("a question that is a picture: p50 {:.1} ms of {N_QUERIES}", median(times));
    Ok(())
}

fn main() -> Outcome<()> {
    rayon::ThreadPoolBuilder::new().num_threads(N_THREADS).build_global()?;
    let cache = cache_dir_from_env();
    let registry = Registry::builtin()?;
    let runtime = RuntimeSearch::from_env(None, &cache).load()?;
    let entry = registry.find(NAME)?;
    install(entry, &cache, &InstallSource::Program, &mut |_| {}, &mut |_, _, _| {})?;
    let words = registry.find(entry.text_model.as_deref().unwrap_or_default())?;
    let text: Arc<dyn Embedder> = Arc::new(TextModel::open(&runtime, words, &cache, N_THREADS)?);
    let model =
        SharedTextPictureModel::open(&runtime, entry, &cache, Arc::clone(&text), N_THREADS)?;
    let model: Arc<dyn PictureEmbedder> = Arc::new(model);
    let made = tempfile::tempdir()?;
    let folder = match std::env::var("VERITRAIL_BENCH_PICTURES") {
        Ok(folder) => PathBuf::from(folder),
        Err(_) => {
            drawn(made.path())?;
            made.path().to_owned()
        }
    };
    let files = files(&folder)?;
    if let Ok(program) = std::env::var("VERITRAIL_BENCH_PYTHON") {
        let python = Python::start(&program, &cache.join("models").join(NAME), &folder)?;
        side_by_side(python, model.as_ref(), &files)?;
        return queries(Models { pictures: vec![model], ..Models::from(text) }, &folder, &files);
    }
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    let mut group = criterion.benchmark_group("embed_pictures");
    group.throughput(Throughput::Elements(files.len() as u64));
    group.bench_function("from disk to vectors, 2 threads", |bencher| {
        bencher.iter(|| rust_round(model.as_ref(), &files).map_err(|error| error.to_string()));
    });
    group.finish();
    criterion.final_summary();
    Ok(())
}
