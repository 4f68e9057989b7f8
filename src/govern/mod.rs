//! What may answer, and whether it is still what it was?
//!
//! Judgements over figures that others took: no input or output, no clock.

mod gate;

pub use gate::{GateConfig, SetResult, Verdict, judge};
