//! What may answer, and is what is asked and known still what it was?
//!
//! Judgements over figures that others took: no input or output, no clock. [`judge`] is the
//! gate of generations; [`compare`] takes two windows of questions or documents, as the
//! engine read them, and says what is different and how sure that is. Chance is seeded: the
//! same windows give the same report. [`Policy`] is what the operator rules about questions
//! and answers, and [`Ruling`] what that means for one question.

mod canary;
mod drift;
mod duplicates;
mod gate;
mod intervals;
mod permutation;
mod policy;
mod policy_terms;
mod ruling;
mod slices;

pub use canary::{
    AnswerMeasured, ArmCounts, CanaryConfig, CanaryCounts, Compared, breaches, compare_arms,
    too_many_failures,
};
pub use drift::{
    DriftConfig, DriftMeasure, DriftReport, Observation, Shift, compare, raise_alarms,
};
pub use duplicates::{Sketch, candidates, likeness};
pub use gate::{GateConfig, SetResult, Verdict, judge};
pub use intervals::{Interval, Moments, normal_quantile};
pub use policy::{Policy, PolicyError, Rule, Sources};
pub use ruling::{AskedFor, NamedThing, Ruling, SourceFacts};
pub use slices::{Outcome, Slice, slices};
