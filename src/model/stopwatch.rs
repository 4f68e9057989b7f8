//! Where the time of a question goes.

use super::StageTiming;
use std::time::{Duration, Instant};

/// A part of the work on a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Reading the question: its picture, the names in it, which spaces are asked.
    Plan,
    /// The question's vectors.
    Embed,
    /// Looking for near vectors.
    Dense,
    /// Looking for words.
    Lexical,
    /// The walk over the graph.
    Expand,
    /// One ranking out of all, and how its hits were found.
    Fuse,
    /// Numbered evidence.
    Assemble,
    /// Waiting for the language model.
    Llm,
    /// Choosing what is quoted.
    Quote,
    /// Checking sentences against what they cite.
    Verify,
    /// Writing the record of the answer.
    Record,
}

impl Stage {
    /// Every stage, in the order of the work.
    pub const ALL: [Self; 11] = [
        Self::Plan,
        Self::Embed,
        Self::Dense,
        Self::Lexical,
        Self::Expand,
        Self::Fuse,
        Self::Assemble,
        Self::Llm,
        Self::Quote,
        Self::Verify,
        Self::Record,
    ];

    /// Name in records, metrics and traces.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Embed => "embed",
            Self::Dense => "dense",
            Self::Lexical => "lexical",
            Self::Expand => "expand",
            Self::Fuse => "fuse",
            Self::Assemble => "assemble",
            Self::Llm => "llm",
            Self::Quote => "quote",
            Self::Verify => "verify",
            Self::Record => "record",
        }
    }
}

/// When a stage was worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageTime {
    /// The stage.
    pub stage: Stage,
    /// From the start of the watch to the first time it began.
    pub began: Duration,
    /// From the start of the watch to the last time it ended.
    pub ended: Duration,
    /// Time spent in it; less than what lies between when it was interrupted.
    pub spent: Duration,
}

/// Says of each stretch of time which stage it was spent in. The clock comes from the
/// caller, so that what is measured reads none; without one nothing is measured.
///
/// ```
/// use std::time::Instant;
/// use veritrail::model::{Stage, Stopwatch};
///
/// let mut watch = Stopwatch::new(Instant::now);
/// // ... look for words ...
/// watch.lap(Stage::Lexical);
/// assert_eq!(watch.times().count(), 1);
/// assert_eq!(Stopwatch::off().times().count(), 0);
/// ```
#[derive(Clone, Debug)]
pub struct Stopwatch {
    running: Option<Running>,
    times: [Option<StageTime>; Stage::ALL.len()],
}

#[derive(Clone, Copy, Debug)]
struct Running {
    clock: fn() -> Instant,
    start: Instant,
    last: Instant,
}

impl Stopwatch {
    /// Starts now, by this clock.
    pub fn new(clock: fn() -> Instant) -> Self {
        let start = clock();
        Self { running: Some(Running { clock, start, last: start }), times: Default::default() }
    }

    /// Measures nothing.
    pub fn off() -> Self {
        Self { running: None, times: Default::default() }
    }

    /// The time since the last lap, or since the start, was spent in `stage`.
    pub fn lap(&mut self, stage: Stage) {
        let Some(running) = &mut self.running else { return };
        let now = (running.clock)();
        let (began, ended) = (running.last - running.start, now - running.start);
        running.last = now;
        let Some(time) = self.times.get_mut(stage as usize) else { return };
        let known = time.get_or_insert(StageTime { stage, began, ended, spent: Duration::ZERO });
        known.ended = ended;
        known.spent += ended - began;
    }

    /// When it was started; `None` when it measures nothing.
    pub fn started(&self) -> Option<Instant> {
        self.running.map(|running| running.start)
    }

    /// The stages that were worked on, in the order of [`Stage::ALL`].
    pub fn times(&self) -> impl Iterator<Item = StageTime> + '_ {
        self.times.iter().flatten().copied()
    }

    /// The same for the record.
    pub fn timings(&self) -> Vec<StageTiming> {
        let timing = |time: StageTime| StageTiming {
            stage: time.stage.as_str().to_owned(),
            duration_ms: time.spent.as_secs_f64() * 1e3,
        };
        self.times().map(timing).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static BASE: LazyLock<Instant> = LazyLock::new(Instant::now);
    static N_CALLS: AtomicU64 = AtomicU64::new(0);

    /// A second later at each look.
    fn ticking() -> Instant {
        *BASE + Duration::from_secs(N_CALLS.fetch_add(1, Ordering::Relaxed))
    }

    #[test]
    fn every_stretch_of_time_belongs_to_one_stage() {
        let mut watch = Stopwatch::new(ticking);
        for stage in [Stage::Lexical, Stage::Llm, Stage::Verify, Stage::Llm] {
            watch.lap(stage);
        }
        let seconds: Vec<(&str, u64, u64, u64)> = watch
            .times()
            .map(|t| (t.stage.as_str(), t.began.as_secs(), t.ended.as_secs(), t.spent.as_secs()))
            .collect();
        assert_eq!(seconds, [("lexical", 0, 1, 1), ("llm", 1, 4, 2), ("verify", 2, 3, 1)]);
        let total: f64 = watch.timings().iter().map(|timing| timing.duration_ms).sum();
        assert_eq!(total, 4_000.0);
    }

    #[test]
    fn the_stages_are_numbered_in_their_order() {
        for (i, stage) in Stage::ALL.into_iter().enumerate() {
            assert_eq!(stage as usize, i, "{}", stage.as_str());
        }
    }
}
