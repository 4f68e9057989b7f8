//! The process that evaluates queries of others: `veritrail sparql-worker`.
//!
//! It has a copy of the graph to itself, reads jobs from standard input and writes
//! results to standard output. What it is asked can end it (by its memory limit, by
//! deep nesting, by the one who started it when the time is up) and nothing else: the
//! server parses no SPARQL of others. It never writes to the knowledge base; of an
//! update it says what would change.

use super::changes::Changes;
use super::error::{GraphError, QueryError};
use super::frames::{Frame, Job};
use super::result_format::{ResultFormat, ResultSink};
use super::service::{SearchMatch, SearchRequest, VectorSearchError};
use super::sparql::{evaluate, within, write_graph};
use super::update::changes_of;
use oxigraph::store::Store as Oxigraph;
use std::cell::RefCell;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

/// Stack of the thread that evaluates: deep nesting of brackets takes much.
const STACK_BYTES: usize = 64 << 20;
/// Data in one frame.
const DATA_BYTES: usize = 64 << 10;

/// A process that cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum QueryProcessError {
    /// The limits cannot be set.
    #[error("the limits of the process cannot be set")]
    Limit(#[source] io::Error),
    /// The copy of the graph cannot be opened.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The one who started it cannot be heard or told.
    #[error("the server cannot be heard")]
    Io(#[from] io::Error),
}

/// Bounds the memory of this process, and leaves no core file of what it read.
fn limit(memory_mib: u64) -> io::Result<()> {
    #[cfg(unix)]
    {
        use rlimit::Resource;
        let bytes = memory_mib << 20;
        Resource::DATA.set(bytes, bytes)?;
        // Reserved but unused addresses, of the allocator and of stacks, count here too.
        let addresses = bytes + (2 << 30);
        Resource::AS.set(addresses, addresses)?;
        Resource::CORE.set(0, 0)?;
    }
    #[cfg(not(unix))]
    let _ = memory_mib;
    Ok(())
}

/// Answers jobs from `input` on the copy of the graph in `folder` until the input ends.
///
/// # Errors
/// When the limits cannot be set, the copy cannot be opened, or the other side is gone.
pub fn run_query_process(
    folder: &Path,
    memory_mib: u64,
    input: impl Read + Send,
    output: impl Write + Send,
) -> Result<(), QueryProcessError> {
    limit(memory_mib).map_err(QueryProcessError::Limit)?;
    let store = Oxigraph::open(folder)
        .map_err(|source| GraphError::Open { path: folder.to_owned(), source })?;
    std::thread::scope(|scope| {
        let serve = move || serve(&store, input, BufWriter::new(output));
        let thread =
            std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, serve)?;
        thread.join().unwrap_or_else(|_| Err(io::Error::other("the evaluation ended")))
    })?;
    Ok(())
}

fn serve(store: &Oxigraph, mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    Frame::Ready.write(&mut output)?;
    output.flush()?;
    while let Some(frame) = Frame::read(&mut input)? {
        match frame {
            Frame::Changes(bytes) => {
                let changes = Changes::from_bytes(&bytes)?;
                let mut transaction = store.start_transaction().map_err(io::Error::other)?;
                changes.apply(&mut transaction).map_err(io::Error::other)?;
                transaction.commit().map_err(io::Error::other)?;
            }
            Frame::Job(job) => {
                match run(store, &job, &mut input, &mut output) {
                    Ok(()) => Frame::Done.write(&mut output)?,
                    // Nobody is there who could be told.
                    Err(QueryError::Write(error)) => return Err(error),
                    Err(QueryError::Graph(error)) => {
                        Frame::Failed(QueryError::Evaluation(error.to_string()))
                            .write(&mut output)?;
                    }
                    // The other side knows why the search failed.
                    Err(QueryError::Search(VectorSearchError::Refused(problem))) => {
                        Frame::Failed(QueryError::SearchClause(problem)).write(&mut output)?;
                    }
                    Err(QueryError::Search(error)) => {
                        Frame::Failed(QueryError::Evaluation(error.to_string()))
                            .write(&mut output)?;
                    }
                    Err(error) => Frame::Failed(error).write(&mut output)?,
                }
                output.flush()?;
            }
            _ => return Err(io::Error::from(io::ErrorKind::InvalidData)),
        }
    }
    Ok(())
}

fn run(
    store: &Oxigraph,
    job: &Job,
    input: &mut dyn Read,
    output: &mut dyn Write,
) -> Result<(), QueryError> {
    // A search asks the other side, on the same two pipes, before results are written.
    let pipes = RefCell::new(Pipes { input, output });
    let search = |request: &SearchRequest| pipes.borrow_mut().ask(request);
    match job {
        Job::Query(request) => within(request.options.timeout_ms, |token| {
            let mut results = Results(&pipes, Vec::new());
            evaluate(store, request, Some(&search), token, &mut results)?;
            Ok(results.flush()?)
        }),
        Job::Graph { name, options, viewer } => {
            let mut results = Results(&pipes, Vec::new());
            write_graph(store, name.as_deref(), &options.formats, viewer, &mut results)?;
            Ok(results.flush()?)
        }
        Job::Update(request) => within(request.timeout_ms, |token| {
            // Never committed: the other side makes the changes.
            let mut transaction = store.start_transaction()?;
            let changes = changes_of(&mut transaction, request, Some(&search), token)?;
            drop(transaction);
            let mut results = Results(&pipes, Vec::new());
            results.write_all(&changes.to_bytes()?)?;
            Ok(results.flush()?)
        }),
    }
}

/// The two ways to the server.
struct Pipes<'a> {
    input: &'a mut dyn Read,
    output: &'a mut dyn Write,
}

impl Pipes<'_> {
    fn ask(&mut self, request: &SearchRequest) -> Result<Vec<SearchMatch>, VectorSearchError> {
        let failed = |error: io::Error| VectorSearchError::Failed(Box::new(error));
        Frame::Search(request.clone()).write(self.output).map_err(failed)?;
        self.output.flush().map_err(failed)?;
        match Frame::read(self.input).map_err(failed)? {
            Some(Frame::Hits(hits)) => hits.map_err(VectorSearchError::Refused),
            _ => Err(failed(io::Error::from(io::ErrorKind::UnexpectedEof))),
        }
    }
}

/// Cuts results into frames.
struct Results<'r, 'p>(&'r RefCell<Pipes<'p>>, Vec<u8>);

impl Results<'_, '_> {
    fn send(&mut self) -> io::Result<()> {
        if self.1.is_empty() {
            return Ok(());
        }
        let frame = Frame::Data(std::mem::take(&mut self.1));
        frame.write(self.0.borrow_mut().output)
    }
}

impl ResultSink for Results<'_, '_> {
    fn begin(&mut self, format: ResultFormat) -> io::Result<()> {
        Frame::Format(format).write(self.0.borrow_mut().output)
    }
}

impl Write for Results<'_, '_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let n = data.len().min(DATA_BYTES - self.1.len());
        self.1.extend_from_slice(data.get(..n).unwrap_or_default());
        if self.1.len() >= DATA_BYTES {
            self.send()?;
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}
