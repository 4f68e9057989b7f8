//! What commands share: opening, exit codes, progress, errors.

use super::{Arguments, Command};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{ErrorKind, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::Termination;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use veritrail::config::Config;
use veritrail::embed::{
    ADAPTED_MARK, Embedder, FileState, InstallSource, ModelEntry, OcrModel, PictureEmbedder,
    PictureModel, Registry, Runtime, RuntimeSearch, SharedTextPictureModel, Task, TextModel,
    cache_dir_from_env, install, installed_files,
};
use veritrail::engine::{
    KnowledgeBase, Models, Progress, Records, adapted_model, adapted_space, is_unfinished,
};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// All went well.
    Success = 0,
    /// The command failed.
    Failure = 1,
    /// Some documents could not be taken in, or the integrity check found something.
    Partial = 3,
    /// The answer abstained.
    Abstained = 4,
    /// The answer waits for approval.
    Waiting = 5,
}

impl Termination for ExitCode {
    fn report(self) -> std::process::ExitCode {
        std::process::ExitCode::from(self as u8)
    }
}

/// What `default` names goes to stderr, or what `VERITRAIL_LOG` asks for
/// (`veritrail=debug`); as JSON lines with `VERITRAIL_LOG_FORMAT=json`.
fn start_log(default: &str) {
    let wanted = std::env::var("VERITRAIL_LOG").unwrap_or_default();
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::WARN.into())
        .parse_lossy(if wanted.trim().is_empty() { default } else { &wanted });
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        // Nobody is left to tell when standard error is gone.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    if std::env::var("VERITRAIL_LOG_FORMAT").is_ok_and(|format| format == "json") {
        log.json().init();
    } else {
        log.init();
    }
}

/// An error with its causes on one line.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(&format!(": {next}"));
        cause = next.source();
    }
    text
}

/// Prints an error with its causes, once.
pub(super) fn report(error: &anyhow::Error) -> ExitCode {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        // A message that its cause repeats is said once.
        if !text.contains(&cause) {
            text.push_str(if text.is_empty() { "error: " } else { "\n  because: " });
            text.push_str(&cause);
        }
    }
    if let Some(hint) = disk_hint(&text) {
        text.push_str(hint);
    }
    eprintln!("{text}");
    ExitCode::Failure
}

/// What to do about a disk that is full or broken. The graph store passes the system's
/// words on, not its error.
fn disk_hint(text: &str) -> Option<&'static str> {
    let says = |words: &[&str]| words.iter().any(|words| text.contains(words));
    if says(&["No space left on device", "File too large", "Disk quota exceeded"]) {
        Some(
            "\nhint: make room and run the command again: what was complete is kept, and a deletion that had begun is finished first",
        )
    } else if says(&["Input/output error"]) {
        Some(
            "\nhint: the disk failed; look at the log of the system before you run the command again: what was complete is kept",
        )
    } else {
        None
    }
}

impl Arguments {
    /// Starts the log: warnings of every command, and what a service does.
    pub(crate) fn start_log(&self) {
        start_log(match self.command {
            Command::Serve(_) => "warn,veritrail=info",
            _ => "warn",
        });
    }

    pub(super) fn kb(&self) -> &std::path::Path {
        &self.kb
    }

    pub(super) fn cache_dir(&self) -> PathBuf {
        self.cache.clone().unwrap_or_else(cache_dir_from_env)
    }

    /// The models that are compiled in, and those of `models.toml` in the cache.
    pub(super) fn registry(&self) -> anyhow::Result<Registry> {
        let registry = Registry::builtin()?;
        let path = self.cache_dir().join("models.toml");
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(registry.with_extension(&text, &path.display().to_string())?),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(registry),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Loads the models that `config` names.
    pub(super) fn models(&self, config: &Config) -> anyhow::Result<Models> {
        self.models_of(&self.kb, config)
    }

    /// Loads the models that the settings of a knowledge base name.
    fn models_of(&self, kb: &Path, config: &Config) -> anyhow::Result<Models> {
        let cache = self.cache_dir();
        let registry = self.registry()?;
        let runtime = RuntimeSearch::from_env(self.ort_lib.as_deref(), &cache).load()?;
        let runtime = runtime.on(config.models.device);
        let n_threads = config.models.n_threads;
        let entry = registry.find(&config.models.text)?;
        let text: Arc<dyn Embedder> =
            Arc::new(TextModel::open(&runtime, entry, &cache, n_threads)?);
        let mut models = Models::from(text);
        let (others, held) = (registry.clone(), (runtime.clone(), cache.clone()));
        models.opener = Some(Arc::new(move |name: &str| {
            let entry = others.find(name)?;
            let model = TextModel::open(&held.0, entry, &held.1, n_threads)?;
            Ok(Arc::new(model) as Arc<dyn Embedder>)
        }));
        let source = PictureSource { kb, cache: &cache, registry: &registry, runtime: &runtime };
        for name in &config.models.pictures {
            let text = &models.text;
            models.pictures.push(self.picture_model(name, &source, text, n_threads)?);
        }
        let ocr = match config.models.ocr.as_str() {
            "off" => None,
            "auto" => first_installed(&registry, Task::Ocr, &cache)?,
            name => Some(registry.find(name)?),
        };
        if let Some(entry) = ocr {
            models.ocr = Some(Arc::new(OcrModel::open(&runtime, entry, &cache, n_threads)?));
        }
        Ok(models)
    }

    /// Loads the picture model `name`: one of the registry, or one that was adapted in
    /// the knowledge base.
    fn picture_model(
        &self,
        name: &str,
        source: &PictureSource<'_>,
        text: &Arc<dyn Embedder>,
        n_threads: usize,
    ) -> anyhow::Result<Arc<dyn PictureEmbedder>> {
        if name.contains(ADAPTED_MARK) {
            let below = adapted_space(source.kb, name)?.base;
            let base = self.picture_model(&below, source, text, n_threads)?;
            return Ok(Arc::new(adapted_model(source.kb, name, base)?));
        }
        let PictureSource { cache, registry, runtime, .. } = source;
        let entry = registry.find(name)?;
        if entry.bundled {
            install(entry, cache, &InstallSource::Program, &mut |_| {}, &mut |_, _, _| {})?;
        }
        if let Some(side) = &entry.text_model {
            let text: Arc<dyn Embedder> = if *side == text.space().model {
                Arc::clone(text)
            } else {
                let entry = registry.find(side)?;
                Arc::new(TextModel::open(runtime, entry, cache, n_threads)?)
            };
            let model = SharedTextPictureModel::open(runtime, entry, cache, text, n_threads)?;
            return Ok(Arc::new(model));
        }
        Ok(Arc::new(PictureModel::open(runtime, entry, cache, n_threads)?))
    }

    pub(super) fn open(&self) -> anyhow::Result<KnowledgeBase> {
        self.open_at(&self.kb)
    }

    /// Opens the records alone, without models; whoever reads, proves or erases them needs
    /// no more. What a crash left is put right first.
    pub(super) fn open_records(&self) -> anyhow::Result<Records> {
        if is_unfinished(&self.kb) {
            self.open()?.close()?;
        }
        Records::open(&self.kb)
            .with_context(|| format!("cannot open the knowledge base {}", self.kb.display()))
    }

    /// Opens another knowledge base than `--kb` names.
    pub(super) fn open_at(&self, kb: &Path) -> anyhow::Result<KnowledgeBase> {
        let config = Config::load(&kb.join("veritrail.toml"))?;
        let models = self.models_of(kb, &config)?;
        KnowledgeBase::open(kb, models)
            .with_context(|| format!("cannot open the knowledge base {}", kb.display()))
    }
}

/// Where picture models come from.
struct PictureSource<'a> {
    /// The knowledge base, in which adapted models are.
    kb: &'a std::path::Path,
    cache: &'a std::path::Path,
    registry: &'a Registry,
    runtime: &'a Runtime,
}

/// The first model of a task with all its files in place; their digests are checked
/// when it is opened.
fn first_installed<'r>(
    registry: &'r Registry,
    task: Task,
    cache: &Path,
) -> anyhow::Result<Option<&'r ModelEntry>> {
    for entry in registry.models().iter().filter(|entry| entry.task == task) {
        if installed_files(entry, cache)?.iter().all(|file| file.state != FileState::Missing) {
            return Ok(Some(entry));
        }
    }
    Ok(None)
}

/// Progress on stderr: a bar with rate and remaining time on a terminal, a line
/// every few seconds elsewhere.
pub(super) struct ProgressReporter {
    bar: Option<ProgressBar>,
    begun: Instant,
    last_line: Instant,
}

/// Time between two lines where there is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

impl ProgressReporter {
    pub(super) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::no_length();
            bar.enable_steady_tick(Duration::from_millis(100));
            let style = "{bar:30} {pos}/{len} documents, {per_sec}, {eta} left  {wide_msg}";
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style);
            }
            bar
        });
        let now = Instant::now();
        Self { bar, begun: now, last_line: now }
    }

    pub(super) fn show(&mut self, progress: &Progress<'_>) {
        match (progress, &self.bar) {
            (Progress::Ingesting { n_documents, n_total, source }, Some(bar)) => {
                bar.set_length(*n_total as u64);
                bar.set_position(*n_documents as u64);
                bar.set_message((*source).to_owned());
            }
            (
                Progress::Embedding { n_documents, n_total }
                | Progress::Filling { n_documents, n_total },
                Some(bar),
            ) => {
                bar.set_length(*n_total as u64);
                bar.set_position(*n_documents as u64);
            }
            (Progress::Extracting { n_fragments, n_total, n_tokens }, Some(bar)) => {
                let style =
                    "{bar:30} {pos}/{len} fragments read, {per_sec}, {eta} left  {wide_msg}";
                if *n_fragments == 0
                    && let Ok(style) = ProgressStyle::with_template(style)
                {
                    bar.reset();
                    bar.set_style(style);
                }
                bar.set_length(*n_total as u64);
                bar.set_position(*n_fragments as u64);
                bar.set_message(format!("{n_tokens} tokens"));
            }
            (Progress::Extracting { n_fragments, n_total, n_tokens }, None) => {
                if *n_fragments == 0 {
                    self.begun = Instant::now();
                } else if self.last_line.elapsed() >= BETWEEN_LINES {
                    self.last_line = Instant::now();
                    let rate = *n_fragments as f64 / self.begun.elapsed().as_secs_f64();
                    let left = n_total.saturating_sub(*n_fragments) as f64 / rate.max(1e-9);
                    eprintln!(
                        "{n_fragments}/{n_total} fragments read, {rate:.1}/s, {left:.0} s left, {n_tokens} tokens"
                    );
                }
            }
            (Progress::Publishing(stage), Some(bar)) => bar.set_message((*stage).to_owned()),
            (
                Progress::Ingesting { n_documents, n_total, .. }
                | Progress::Embedding { n_documents, n_total }
                | Progress::Filling { n_documents, n_total },
                None,
            ) => {
                if *n_documents > 0 && self.last_line.elapsed() >= BETWEEN_LINES {
                    self.last_line = Instant::now();
                    let rate = *n_documents as f64 / self.begun.elapsed().as_secs_f64();
                    let left = (n_total - n_documents) as f64 / rate.max(1e-9);
                    eprintln!("{n_documents}/{n_total} documents, {rate:.1}/s, {left:.0} s left");
                }
            }
            (Progress::Publishing(stage), None) => eprintln!("{stage}"),
        }
    }
}

impl Drop for ProgressReporter {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Things done one after the other, told on stderr: a bar on a terminal, a line every few
/// seconds elsewhere.
pub(super) struct CountReporter {
    bar: Option<ProgressBar>,
    what: &'static str,
    n_total: usize,
    begun: Instant,
    last_line: Instant,
}

impl CountReporter {
    /// For `n_total` of `what`, in the plural.
    pub(super) fn new(what: &'static str, n_total: usize) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(n_total as u64).with_message(what);
            let style = "{bar:30} {pos}/{len} {msg}, {per_sec}, {eta} left";
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style);
            }
            bar
        });
        let now = Instant::now();
        Self { bar, what, n_total, begun: now, last_line: now }
    }

    pub(super) fn show(&mut self, n_done: usize) {
        if let Some(bar) = &self.bar {
            bar.set_position(n_done as u64);
        } else if self.last_line.elapsed() >= BETWEEN_LINES {
            self.last_line = Instant::now();
            let rate = n_done as f64 / self.begun.elapsed().as_secs_f64();
            let left = self.n_total.saturating_sub(n_done) as f64 / rate.max(1e-9);
            let Self { what, n_total, .. } = self;
            eprintln!("{n_done}/{n_total} {what}, {rate:.1}/s, {left:.0} s left");
        }
    }
}

impl Drop for CountReporter {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Downloads on stderr: a bar on a terminal, a line every few seconds elsewhere.
pub(super) struct DownloadReporter {
    bar: Option<ProgressBar>,
    last_line: Instant,
}

impl DownloadReporter {
    pub(super) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::no_length();
            let style = "{bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left  {wide_msg}";
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, last_line: Instant::now() }
    }

    pub(super) fn show(&mut self, file: &str, n_bytes: u64, total: Option<u64>) {
        if let Some(bar) = &self.bar {
            bar.set_length(total.unwrap_or(n_bytes));
            bar.set_position(n_bytes);
            bar.set_message(file.to_owned());
        } else if self.last_line.elapsed() >= BETWEEN_LINES {
            self.last_line = Instant::now();
            let total = total.map_or_else(String::new, |total| format!(" of {}", total >> 20));
            eprintln!("{file}: {}{total} MiB", n_bytes >> 20);
        }
    }
}

impl Drop for DownloadReporter {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
