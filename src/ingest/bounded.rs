//! Parsers of foreign bytes on a thread of their own.

use super::error::LoadError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

/// How long the loading of one document may take.
pub(super) const MAX_LOAD_TIME: Duration = Duration::from_secs(120);
/// Room for deeply nested documents.
const STACK_BYTES: usize = 64 << 20;

/// Runs `work` on a thread with room for deep nesting. A panic in it, and a longer
/// run than `limit`, are errors about `source` alone. What runs on after the limit
/// cannot be ended from outside; its result is dropped.
pub(super) fn bounded<T: Send + 'static>(
    source: &str,
    limit: Duration,
    work: impl FnOnce() -> Result<T, LoadError> + Send + 'static,
) -> Result<T, LoadError> {
    let (sender, receiver) = sync_channel(1);
    let builder = thread::Builder::new().name("loader".to_owned()).stack_size(STACK_BYTES);
    let spawned = builder.spawn(move || {
        let done = catch_unwind(AssertUnwindSafe(work));
        // Nobody waits any more after the limit.
        let _ = sender.send(done.ok());
    });
    if let Err(error) = spawned {
        return Err(LoadError::Io { path: source.into(), source: error });
    }
    match receiver.recv_timeout(limit) {
        Ok(Some(done)) => done,
        Ok(None) | Err(RecvTimeoutError::Disconnected) => Err(LoadError::Parser {
            source_path: source.to_owned(),
            found: "bytes on which the reader fails".to_owned(),
        }),
        Err(RecvTimeoutError::Timeout) => Err(LoadError::Parser {
            source_path: source.to_owned(),
            found: format!("a document that takes longer than {} seconds", limit.as_secs_f32()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn a_panic_becomes_an_error_about_the_document() {
        let work = || -> Result<(), LoadError> { std::panic::resume_unwind(Box::new(0)) };
        let error = bounded("a.pdf", MAX_LOAD_TIME, work).unwrap_err().to_string();
        assert!(error.contains("a.pdf") && error.contains("fails"), "{error}");
    }

    #[test]
    fn endless_work_is_given_up() {
        let (end, ended) = channel::<()>();
        let work = move || {
            let _ = ended.recv();
            Ok(())
        };
        let error = bounded("a.pdf", Duration::from_millis(20), work).unwrap_err().to_string();
        assert!(error.contains("longer than 0.02 seconds"), "{error}");
        drop(end);
    }
}
