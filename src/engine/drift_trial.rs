//! How often drift is found where there is none, and where it was planted.

use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use super::observed::Asked;
use crate::govern::{Observation, compare};
use crate::model::{Chance, Query};
use crate::retrieve::RetrievalMode;
use serde::Serialize;
use std::collections::BTreeMap;

/// How windows are drawn.
#[derive(Clone, Copy, Debug)]
pub struct TrialOptions {
    /// Pairs of windows.
    pub n_trials: usize,
    /// Questions of the window before.
    pub n_reference: usize,
    /// Questions of the window now.
    pub n_current: usize,
    /// Other numbers draw other windows.
    pub seed: u64,
}

/// Alarms in windows that were drawn by chance.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DriftTrial {
    /// Pairs of windows.
    pub n_trials: usize,
    /// Questions of the window before.
    pub n_reference: usize,
    /// Questions of the window now.
    pub n_current: usize,
    /// Reports with an alarm although both windows were drawn from the same questions.
    pub n_false_alarms: usize,
    /// The same, by measure.
    pub false_alarms_of: BTreeMap<&'static str, usize>,
    /// Tests with a p-value of at most 0.05 among them, by measure: what single tests
    /// would do without regard to each other.
    pub small_p_of: BTreeMap<&'static str, usize>,
    /// Reports with an alarm when the window now is drawn from other questions; none when
    /// there are no others.
    pub n_found: Option<usize>,
}

impl KnowledgeBase {
    /// Asks questions of the current generation, draws pairs of windows from them without
    /// putting anything back, and counts alarms; the same with the later window drawn from
    /// `others`. Records nothing.
    ///
    /// # Errors
    /// When questions are too few for the windows, or one cannot be asked.
    pub fn try_drift(
        &self,
        questions: &[String],
        others: &[String],
        options: &TrialOptions,
    ) -> Result<DriftTrial, EngineError> {
        let TrialOptions { n_trials, n_reference, n_current, seed } = *options;
        let mut own = self.tried(questions)?;
        let mut others = self.tried(others)?;
        let mut trial = DriftTrial { n_trials, n_reference, n_current, ..DriftTrial::default() };
        trial.n_found = (!others.is_empty()).then_some(0);
        enough(own.len(), n_reference + n_current)?;
        if !others.is_empty() {
            enough(others.len(), n_current)?;
        }
        let mut chance = Chance::new(seed);
        for _ in 0..n_trials {
            mix(&mut own, &mut chance);
            let (reference, rest) = own.split_at(n_reference);
            let now = rest.get(..n_current).unwrap_or(rest);
            let report = compare(reference, now, &self.config.drift);
            trial.n_false_alarms += usize::from(report.is_alarm());
            for shift in &report.shifts {
                let of = shift.measure.as_str();
                *trial.false_alarms_of.entry(of).or_default() += usize::from(shift.alarm);
                *trial.small_p_of.entry(of).or_default() += usize::from(shift.p_value <= 0.05);
            }
            if let Some(n_found) = &mut trial.n_found {
                mix(&mut others, &mut chance);
                let now = others.get(..n_current).unwrap_or(&others);
                *n_found += usize::from(compare(reference, now, &self.config.drift).is_alarm());
            }
        }
        Ok(trial)
    }

    fn tried(&self, questions: &[String]) -> Result<Vec<Observation>, EngineError> {
        let session = self.session()?;
        let mut asked = Vec::with_capacity(questions.len());
        for text in questions {
            let query = Query::text(text, self.config.retrieve.n_evidence);
            let found = session.search(&query, RetrievalMode::Graph)?;
            let top_score = found.hits.first().map_or(0.0, |hit| f64::from(hit.score));
            asked.push(Asked { text, with_picture: false, top_score, block: None });
        }
        self.observed(&asked)
    }
}

fn enough(found: usize, wanted: usize) -> Result<(), EngineError> {
    if found < wanted { Err(EngineError::FewQuestions { found, wanted }) } else { Ok(()) }
}

/// Puts observations into an order of chance (Fisher and Yates).
fn mix(observations: &mut [Observation], chance: &mut Chance) {
    for end in (1..observations.len()).rev() {
        observations.swap(end, chance.below(end + 1));
    }
}
