//! How long the stages of publishing take, and what memory they need.

use super::build::Progress;
use std::time::Instant;

/// Measures stages while they are reported.
pub(super) struct Stages<'a, 'p> {
    progress: &'a mut dyn FnMut(Progress<'p>),
    done: Vec<(String, f64)>,
    open: Option<(&'static str, Instant)>,
}

impl<'a, 'p> Stages<'a, 'p> {
    pub(super) fn new(progress: &'a mut dyn FnMut(Progress<'p>)) -> Self {
        Self { progress, done: Vec::new(), open: None }
    }

    /// Ends the stage that is open and begins another one.
    pub(super) fn begin(&mut self, stage: &'static str) {
        self.end();
        (self.progress)(Progress::Publishing(stage));
        self.open = Some((stage, Instant::now()));
    }

    fn end(&mut self) {
        if let Some((stage, begun)) = self.open.take() {
            let seconds = begun.elapsed().as_secs_f64();
            log_memory(stage);
            self.done.push((stage.to_owned(), seconds));
        }
    }

    /// Ends the last stage; names and seconds of all.
    pub(super) fn finish(mut self) -> Vec<(String, f64)> {
        self.end();
        self.done
    }
}

/// Says in the log what memory the process has and had at most, where the system tells.
pub(super) fn log_memory(after: &str) {
    if !tracing::enabled!(tracing::Level::DEBUG) {
        return;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let size_kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().trim_end_matches(" kB").parse::<u64>().ok()
    };
    tracing::debug!(
        stage = after,
        memory.resident_kib = size_kib("VmRSS:"),
        memory.peak_kib = size_kib("VmHWM:"),
        "stage ended"
    );
}
