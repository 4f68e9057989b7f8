//! The processes that evaluate queries of others, as the server sees them.
//!
//! Each has a copy of the graph (hard links to files that never change, 0.05 s), serves
//! one job at a time, and is told what was written since. It is ended when its time is
//! up, and when what was written is too much to be told; another one takes its place
//! when it is needed.

use super::error::{GraphError, QueryError};
use super::frames::{Frame, Job};
use super::query_config::SparqlConfig;
use super::result_format::ResultFormat;
use super::service::{VectorSearch, VectorSearchError};
use super::store::Store;
use std::fs;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Longest time until a process has opened its copy.
const START: Duration = Duration::from_secs(30);
/// How long after its time a job may say itself that it stopped.
const GRACE: Duration = Duration::from_millis(250);
/// Frames of results that wait to be read.
const WAITING_FRAMES: usize = 16;
/// Last words of a process that are kept.
const LAST_WORDS_BYTES: u64 = 8 << 10;

/// A process with its copy of the graph; dropped, it ends and the copy goes.
struct QueryProcess {
    child: Child,
    input: ChildStdin,
    frames: Receiver<Frame>,
    last_words: Option<thread::JoinHandle<String>>,
    folder: PathBuf,
    ordinal: u64,
    /// Writes that the copy has seen.
    n_writes: u64,
}

impl Drop for QueryProcess {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(%error, "a copy of the graph for queries cannot be removed; the next start does");
        }
    }
}

impl QueryProcess {
    fn start(
        program: &Path,
        memory_mib: u64,
        ordinal: u64,
        copy: Copied,
    ) -> Result<Self, QueryError> {
        let failed = |error| QueryError::Start(program.display().to_string(), error);
        let mut command = Command::new(program);
        command.arg("sparql-worker").arg("--folder").arg(&copy.folder);
        command.arg("--memory-mib").arg(memory_mib.to_string());
        // Keys of ours are none of its business. Its limit counts what the allocator
        // reserves, too: few arenas, and nothing kept for later.
        command.env_clear().env("MALLOC_CONF", "narenas:2,retain:false");
        if let Some(path) = std::env::var_os("LD_LIBRARY_PATH") {
            command.env("LD_LIBRARY_PATH", path);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let pipe = || failed(io::Error::from(io::ErrorKind::BrokenPipe));
        let input = child.stdin.take().ok_or_else(pipe)?;
        let output = child.stdout.take().ok_or_else(pipe)?;
        let errors = child.stderr.take().ok_or_else(pipe)?;
        let (sender, frames) = sync_channel(WAITING_FRAMES);
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            // An end or an error drops the sender, which the other side sees.
            while let Ok(Some(frame)) = Frame::read(&mut output) {
                if sender.send(frame).is_err() {
                    break;
                }
            }
        });
        let last_words = thread::spawn(move || {
            let mut words = Vec::new();
            drop(errors.take(LAST_WORDS_BYTES).read_to_end(&mut words));
            String::from_utf8_lossy(&words).into_owned()
        });
        let n_writes = copy.n_writes;
        let last_words = Some(last_words);
        let folder = copy.keep();
        let mut process = Self { child, input, frames, last_words, folder, ordinal, n_writes };
        match process.frames.recv_timeout(START) {
            Ok(Frame::Ready) => Ok(process),
            _ => Err(failed(io::Error::other(process.end()))),
        }
    }

    /// Ends it and returns what it said last.
    fn end(&mut self) -> String {
        drop(self.child.kill());
        drop(self.child.wait());
        self.last_words.take().and_then(|thread| thread.join().ok()).unwrap_or_default()
    }

    /// Why it ended.
    fn ended(&mut self, memory_mib: u64) -> QueryError {
        let words = self.end();
        let of_memory = ["memory allocation of", "bad_alloc", "Cannot allocate memory"];
        if of_memory.iter().any(|sign| words.contains(sign)) {
            return QueryError::Memory(memory_mib);
        }
        tracing::warn!(last_words = words.trim(), "the process that evaluates queries ended");
        QueryError::Ended
    }

    /// Tells it what was written since; whether it knows all now.
    fn follow(&mut self, store: &Store) -> bool {
        let Some((n_writes, missed)) = store.changes_since(self.n_writes) else { return false };
        for changes in missed {
            let Ok(bytes) = changes.to_bytes() else { return false };
            if self.tell(&Frame::Changes(bytes)).is_err() {
                return false;
            }
        }
        self.n_writes = n_writes;
        true
    }

    fn tell(&mut self, frame: &Frame) -> io::Result<()> {
        frame.write(&mut self.input)?;
        self.input.flush()
    }

    /// Runs a job; after an error other than `Failed` the process is of no use.
    fn run(
        &mut self,
        job: Box<Job>,
        memory_mib: u64,
        search: Option<&VectorSearch<'_>>,
        output: &mut dyn Write,
    ) -> Outcome {
        let timeout_ms = job.timeout_ms();
        let deadline = Instant::now() + Duration::from_millis(timeout_ms) + GRACE;
        if self.tell(&Frame::Job(job)).is_err() {
            return Outcome::Lost(self.ended(memory_mib));
        }
        let (mut format, mut problem) = (None, None);
        loop {
            let rest = deadline.saturating_duration_since(Instant::now());
            match self.frames.recv_timeout(rest) {
                Ok(Frame::Format(chosen)) => format = Some(chosen),
                Ok(Frame::Data(data)) => {
                    if let Err(error) = output.write_all(&data) {
                        return Outcome::Lost(error.into());
                    }
                }
                Ok(Frame::Search(request)) => {
                    let hits = match search {
                        Some(search) => search(&request),
                        None => Err(VectorSearchError::Refused("not here".to_owned())),
                    };
                    let hits = hits.map_err(|error| {
                        let words = error.to_string();
                        problem = Some(error);
                        words
                    });
                    if self.tell(&Frame::Hits(hits)).is_err() {
                        return Outcome::Lost(self.ended(memory_mib));
                    }
                }
                Ok(Frame::Done) => return Outcome::Done(Ok(format)),
                Ok(Frame::Failed(QueryError::SearchClause(words))) => {
                    // Why a search failed, it knows in words only.
                    let error = match problem {
                        Some(error) if error.to_string() == words => error.into(),
                        _ => QueryError::SearchClause(words),
                    };
                    return Outcome::Done(Err(error));
                }
                Ok(Frame::Failed(error)) => return Outcome::Done(Err(error)),
                Ok(_) => return Outcome::Lost(QueryError::Ended),
                Err(RecvTimeoutError::Timeout) => {
                    return Outcome::Lost(QueryError::Timeout(timeout_ms));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Outcome::Lost(self.ended(memory_mib));
                }
            }
        }
    }
}

enum Outcome {
    /// The process can go on.
    Done(Result<Option<ResultFormat>, QueryError>),
    /// The process is of no use any more.
    Lost(QueryError),
}

/// The running program when it is `veritrail`; for another one, which uses the library,
/// the `veritrail` beside it or in the folder above.
fn found_program() -> io::Result<PathBuf> {
    let running = std::env::current_exe()?;
    let name = format!("veritrail{}", std::env::consts::EXE_SUFFIX);
    if running.file_name().is_some_and(|found| found == name.as_str()) {
        return Ok(running);
    }
    let folders = running.ancestors().skip(1).take(2);
    let beside = folders.map(|folder| folder.join(&name)).find(|program| program.is_file());
    Ok(beside.unwrap_or(running))
}

/// A copy of the graph that no process has yet.
struct Copied {
    folder: PathBuf,
    n_writes: u64,
    kept: bool,
}

impl Copied {
    fn keep(mut self) -> PathBuf {
        self.kept = true;
        std::mem::take(&mut self.folder)
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        if !self.kept {
            // The next start removes what is left.
            drop(fs::remove_dir_all(&self.folder));
        }
    }
}

#[derive(Default)]
struct Places {
    idle: Vec<QueryProcess>,
    n_running: usize,
    n_waiting: usize,
}

/// Processes of one store.
pub(super) struct QueryPool {
    folder: PathBuf,
    config: SparqlConfig,
    places: Mutex<Places>,
    free: Condvar,
    n_copies: AtomicU64,
    /// Processes that started before this are not used again.
    retired_before: AtomicU64,
}

impl QueryPool {
    /// Copies are made in `folder`, from which those of an earlier run are removed.
    pub(super) fn new(folder: PathBuf) -> Result<Self, GraphError> {
        match fs::remove_dir_all(&folder) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(GraphError::Io { path: folder, source }),
        }
        Ok(Self {
            folder,
            config: SparqlConfig::default(),
            places: Mutex::default(),
            free: Condvar::new(),
            n_copies: AtomicU64::new(0),
            retired_before: AtomicU64::new(0),
        })
    }

    pub(super) fn configure(&mut self, config: SparqlConfig) {
        self.config = config;
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all processes that do nothing, and the others after their job: their copies
    /// hold what may have been deleted since.
    pub(super) fn retire(&self) {
        self.retired_before.store(self.n_copies.load(Ordering::SeqCst), Ordering::SeqCst);
        let idle = std::mem::take(&mut self.places().idle);
        drop(idle);
    }
}

impl Drop for QueryPool {
    fn drop(&mut self) {
        self.places().idle.clear();
        // Only when it is empty: a copy that could not be removed goes at the next start.
        drop(fs::remove_dir(&self.folder));
    }
}

/// The right to run one job.
pub(super) struct Place<'p> {
    pool: &'p QueryPool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.pool.places().n_running -= 1;
        self.pool.free.notify_one();
    }
}

impl QueryPool {
    /// Waits for a place, as long as a query may take.
    pub(super) fn place(&self) -> Result<Place<'_>, QueryError> {
        let deadline = Instant::now() + Duration::from_millis(self.config.timeout_ms);
        let mut places = self.places();
        if places.n_running >= self.config.n_processes.max(1) {
            if places.n_waiting >= self.config.n_waiting {
                return Err(QueryError::Busy(places.n_waiting));
            }
            places.n_waiting += 1;
            while places.n_running >= self.config.n_processes.max(1) {
                let rest = deadline.saturating_duration_since(Instant::now());
                if rest.is_zero() {
                    places.n_waiting -= 1;
                    return Err(QueryError::Busy(places.n_waiting));
                }
                let woken = self.free.wait_timeout(places, rest);
                places = woken.unwrap_or_else(PoisonError::into_inner).0;
            }
            places.n_waiting -= 1;
        }
        places.n_running += 1;
        Ok(Place { pool: self })
    }

    fn copy(&self, store: &Store, held: bool) -> Result<(u64, Copied), QueryError> {
        let ordinal = self.n_copies.fetch_add(1, Ordering::SeqCst);
        let folder = self.folder.join(ordinal.to_string());
        let io_error = |source| GraphError::Io { path: self.folder.clone(), source };
        fs::create_dir_all(&self.folder).map_err(io_error)?;
        let mut copy = Copied { folder, n_writes: 0, kept: false };
        copy.n_writes = store.copy_to(&copy.folder, held)?;
        Ok((ordinal, copy))
    }
}

impl Place<'_> {
    /// Runs a job on the graph as it is now; `held` says that the caller holds the lock
    /// of writers. Returns the format of the results and the number of writes that the
    /// graph had seen.
    pub(super) fn run(
        &self,
        store: &Store,
        held: bool,
        job: Job,
        search: Option<&VectorSearch<'_>>,
        output: &mut dyn Write,
    ) -> Result<(Option<ResultFormat>, u64), QueryError> {
        let memory_mib = self.pool.config.memory_mib;
        let mut process = self.process(store, held)?;
        let n_writes = process.n_writes;
        match process.run(Box::new(job), memory_mib, search, output) {
            Outcome::Done(result) => {
                let mut places = self.pool.places();
                if process.ordinal >= self.pool.retired_before.load(Ordering::SeqCst) {
                    places.idle.push(process);
                }
                drop(places);
                Ok((result?, n_writes))
            }
            Outcome::Lost(error) => Err(error),
        }
    }

    /// A process whose copy is as the graph is now.
    fn process(&self, store: &Store, held: bool) -> Result<QueryProcess, QueryError> {
        loop {
            let idle = {
                let mut places = self.pool.places();
                let newest = places.idle.iter().enumerate().max_by_key(|(_, p)| p.n_writes);
                let newest = newest.map(|(i, _)| i);
                newest.map(|i| places.idle.swap_remove(i))
            };
            let Some(mut process) = idle else { break };
            let alive = matches!(process.child.try_wait(), Ok(None));
            if alive && process.follow(store) {
                return Ok(process);
            }
            // Dropped: it ended by itself, or too much was written since.
        }
        let config = &self.pool.config;
        let program = match &config.program {
            Some(program) => program.clone(),
            None => found_program()
                .map_err(|error| QueryError::Start("this program".to_owned(), error))?,
        };
        let begun = Instant::now();
        let (ordinal, copy) = self.pool.copy(store, held)?;
        let copied_ms = begun.elapsed().as_secs_f64() * 1e3;
        let process = QueryProcess::start(&program, config.memory_mib, ordinal, copy)?;
        let start_ms = begun.elapsed().as_secs_f64() * 1e3;
        tracing::debug!(copied_ms, start_ms, "a process for queries started");
        Ok(process)
    }
}
