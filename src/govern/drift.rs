//! Two windows compared by everything that can be measured of them.

use super::permutation::{Energy, Splits, difference, means, seed, stability};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Bins of scores, by tenths of the reference.
const N_BINS: usize = 10;

/// Settings of watching for drift.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DriftConfig {
    /// The latest answers, which are compared with those before them.
    pub window_answers: usize,
    /// Answers before them that are compared with.
    pub reference_answers: usize,
    /// Days back from the latest document: what came in since is compared with what came
    /// before.
    pub window_days: f64,
    /// Documents of each window at most, spread over it.
    pub most_documents: usize,
    /// Fewer observations in a window are not compared; what belongs together counts once.
    pub least: usize,
    /// Share of reports about windows that are no different which may raise an alarm.
    pub false_alarms: f64,
    /// A question whose best hit scores below this share of the reference's median counts
    /// as one that found little.
    pub low_score: f64,
    /// Splits of chance for each test. With `m` tests in a report, no test can be an alarm
    /// by fewer than `m / false_alarms` of them.
    pub n_splits: usize,
    /// Documents that did not change for more days are stale; 0: none are.
    pub stale_days: u32,
    /// Share of their runs of three words that two documents have in common to be called
    /// copies.
    pub copy_likeness: f64,
    /// Minutes between two measurements while serving; 0: none is made by itself.
    pub every_minutes: f64,
    /// Hours for which an alert that somebody decided about is not raised again.
    pub quiet_hours: u32,
}

impl Default for DriftConfig {
    fn default() -> Self {
        Self {
            window_answers: 200,
            reference_answers: 400,
            window_days: 7.0,
            most_documents: 300,
            least: 30,
            false_alarms: 0.05,
            low_score: 0.5,
            n_splits: 1999,
            stale_days: 0,
            copy_likeness: 0.8,
            every_minutes: 0.0,
            quiet_hours: 24,
        }
    }
}

/// A question or a document as far as it is compared.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// Its vector, of unit length; by the name of the space.
    pub vectors: BTreeMap<String, Vec<f32>>,
    /// Of a question, the score of its best hit; 0 when nothing was found.
    pub top_score: Option<f64>,
    /// Share of its words that the corpus does not have.
    pub unknown_words: Option<f64>,
    /// Its language.
    pub language: Option<String>,
    /// `text`, `picture` and so on.
    pub modality: Option<String>,
    /// What it belongs to; what has the same name here is not independent of each other.
    pub block: Option<String>,
}

impl Observation {
    /// Bytes that tell it from others.
    fn bytes(&self) -> Vec<u8> {
        let numbers = [self.top_score, self.unknown_words].into_iter().flatten();
        let mut bytes: Vec<u8> = numbers.flat_map(f64::to_le_bytes).collect();
        bytes.extend(self.vectors.values().flatten().flat_map(|x| x.to_le_bytes()));
        let texts = [&self.language, &self.modality, &self.block].into_iter().flatten();
        bytes.extend(texts.flat_map(|text| text.bytes()));
        bytes
    }
}

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum DriftMeasure {
    /// Energy distance of vectors in a space.
    Embeddings {
        /// The space.
        space: String,
    },
    /// Population stability index of the best scores.
    TopScores,
    /// Share of questions that found little.
    LowScores,
    /// Share of words that the corpus does not have.
    UnknownWords,
    /// Population stability index of languages.
    Languages,
    /// Population stability index of texts and pictures.
    Modalities,
}

impl DriftMeasure {
    /// Name in metrics and records.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Embeddings { .. } => "embeddings",
            Self::TopScores => "top-scores",
            Self::LowScores => "low-scores",
            Self::UnknownWords => "unknown-words",
            Self::Languages => "languages",
            Self::Modalities => "modalities",
        }
    }
}

/// How far two windows are apart by one measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    /// By what.
    pub measure: DriftMeasure,
    /// The statistic.
    pub statistic: f64,
    /// Probability of one at least as large when nothing is different.
    pub p_value: f64,
    /// Whether it is an alarm, all tests of the report considered (Holm 1979).
    pub alarm: bool,
    /// What is seen, for people.
    pub seen: String,
}

/// What two windows differ in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DriftReport {
    /// Observations of the reference window.
    pub n_reference: usize,
    /// Observations of the current window.
    pub n_current: usize,
    /// Every test that could be made.
    pub shifts: Vec<Shift>,
}

impl DriftReport {
    /// Whether anything is an alarm.
    pub fn is_alarm(&self) -> bool {
        self.shifts.iter().any(|shift| shift.alarm)
    }
}

/// Compares two windows. The probability of any alarm is at most `config.false_alarms`
/// when both are drawn from one distribution: each test is a permutation test, and Holm's
/// method bounds them together.
pub fn compare(
    reference: &[Observation],
    current: &[Observation],
    config: &DriftConfig,
) -> DriftReport {
    let (n_reference, n_current) = (reference.len(), current.len());
    let mut report = DriftReport { n_reference, n_current, shifts: Vec::new() };
    if n_reference.min(n_current) < config.least.max(2) {
        return report;
    }
    let all: Vec<&Observation> = reference.iter().chain(current).collect();
    let seed = seed(all.iter().map(|one| one.bytes()));
    let windows = Windows { all: &all, n_reference, config, seed };
    let mut spaces: Vec<&String> = all.iter().flat_map(|one| one.vectors.keys()).collect();
    spaces.sort();
    spaces.dedup();
    report.shifts.extend(spaces.into_iter().filter_map(|space| windows.embeddings(space)));
    report.shifts.extend(windows.scores());
    report.shifts.extend(windows.unknown_words());
    report.shifts.extend(windows.kinds(DriftMeasure::Languages, &|one| one.language.as_deref()));
    report.shifts.extend(windows.kinds(DriftMeasure::Modalities, &|one| one.modality.as_deref()));
    raise_alarms([&mut report], config.false_alarms);
    report
}

/// Marks alarms of several reports together, by Holm's method: the k-th smallest of m
/// p-values is one while it and all smaller ones are at most `share / (m - k + 1)`.
pub fn raise_alarms<'r>(reports: impl IntoIterator<Item = &'r mut DriftReport>, share: f64) {
    let mut shifts: Vec<&mut Shift> =
        reports.into_iter().flat_map(|report| report.shifts.iter_mut()).collect();
    let p_values: Vec<f64> = shifts.iter().map(|shift| shift.p_value).collect();
    for (shift, alarm) in shifts.iter_mut().zip(holm(&p_values, share)) {
        shift.alarm = alarm;
    }
}

/// Which of several p-values are small when all are considered, so that any is with the
/// probability `share` at most when nothing is different (Holm 1979).
pub(super) fn holm(p_values: &[f64], share: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    let of = |at: usize| p_values.get(at).copied().unwrap_or(1.0);
    order.sort_by(|a, b| of(*a).total_cmp(&of(*b)));
    let mut small = vec![false; p_values.len()];
    for (rank, at) in order.iter().enumerate() {
        if of(*at) > share / (p_values.len() - rank) as f64 {
            break;
        }
        if let Some(slot) = small.get_mut(*at) {
            *slot = true;
        }
    }
    small
}

/// Observations of both windows, the reference first.
struct Windows<'o> {
    all: &'o [&'o Observation],
    n_reference: usize,
    config: &'o DriftConfig,
    seed: u64,
}

impl Windows<'_> {
    /// The values that observations have, with splits for them; none when a window has too
    /// few that are independent of each other.
    fn having<'s, T>(
        &'s self,
        value: &dyn Fn(&'s Observation) -> Option<T>,
    ) -> Option<(Vec<T>, Splits)> {
        let (mut values, mut is_current, mut blocks) = (Vec::new(), Vec::new(), Vec::new());
        let mut named: BTreeMap<&str, usize> = BTreeMap::new();
        let (mut n_blocks, mut n_current_blocks) = (0, 0);
        for (at, one) in self.all.iter().enumerate() {
            let Some(value) = value(one) else { continue };
            let known = one.block.as_deref().and_then(|name| named.get(name).copied());
            let block = known.unwrap_or(n_blocks);
            if known.is_none() {
                one.block.as_deref().map(|name| named.insert(name, n_blocks));
                n_blocks += 1;
                n_current_blocks += usize::from(at >= self.n_reference);
            }
            values.push(value);
            is_current.push(at >= self.n_reference);
            blocks.push(block);
        }
        let fewest = n_current_blocks.min(n_blocks - n_current_blocks);
        (fewest >= self.config.least.max(2))
            .then(|| (values, Splits::new(&is_current, &blocks, self.config.n_splits, self.seed)))
    }

    fn embeddings(&self, space: &str) -> Option<Shift> {
        let (vectors, splits) = self.having(&|one| one.vectors.get(space).map(Vec::as_slice))?;
        let energy = Energy::new(&vectors);
        let (statistic, p_value) = splits.test(&|split| energy.statistic(split));
        let measure = DriftMeasure::Embeddings { space: space.to_owned() };
        Some(Shift {
            measure,
            statistic,
            p_value,
            alarm: false,
            seen: format!("energy distance {statistic:.4} in {space}"),
        })
    }

    /// Of the best scores: their distribution, and the share of low ones.
    fn scores(&self) -> Vec<Shift> {
        let Some((scores, splits)) = self.having(&|one| one.top_score) else {
            return Vec::new();
        };
        let mut sorted = scores.clone();
        sorted.sort_by(f64::total_cmp);
        // Bins of both windows together, so that a split of chance does not move them.
        let edge = |tenth: usize| sorted.get(tenth * sorted.len() / N_BINS).copied();
        let edges: Vec<f64> = (1..N_BINS).filter_map(edge).collect();
        let bins: Vec<usize> =
            scores.iter().map(|score| edges.partition_point(|edge| edge <= score)).collect();
        let (index, p_value) = splits.test(&|split| stability(&bins, N_BINS, split));
        let (before, now) = means(&scores, splits.seen());
        let distribution = Shift {
            measure: DriftMeasure::TopScores,
            statistic: index,
            p_value,
            alarm: false,
            seen: format!("stability index {index:.3}; mean {before:.3} before, {now:.3} now"),
        };
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        let low = self.config.low_score * median;
        let is_low: Vec<f64> =
            scores.iter().map(|score| f64::from(u8::from(*score < low))).collect();
        let (statistic, p_value) = splits.test(&|split| difference(&is_low, split));
        let (before, now) = means(&is_low, splits.seen());
        let share = Shift {
            measure: DriftMeasure::LowScores,
            statistic,
            p_value,
            alarm: false,
            seen: format!(
                "{:.1} % of questions found little before, {:.1} % now",
                before * 100.0,
                now * 100.0
            ),
        };
        vec![distribution, share]
    }

    fn unknown_words(&self) -> Option<Shift> {
        let (values, splits) = self.having(&|one| one.unknown_words)?;
        let (statistic, p_value) = splits.test(&|split| difference(&values, split));
        let (before, now) = means(&values, splits.seen());
        Some(Shift {
            measure: DriftMeasure::UnknownWords,
            statistic,
            p_value,
            alarm: false,
            seen: format!(
                "{:.1} % of words unknown before, {:.1} % now",
                before * 100.0,
                now * 100.0
            ),
        })
    }

    fn kinds<'s>(
        &'s self,
        measure: DriftMeasure,
        kind: &dyn Fn(&'s Observation) -> Option<&'s str>,
    ) -> Option<Shift> {
        let (kinds, splits) = self.having(kind)?;
        let mut names: Vec<&str> = kinds.clone();
        names.sort_unstable();
        names.dedup();
        if names.len() < 2 {
            return None;
        }
        let bins: Vec<usize> =
            kinds.iter().map(|kind| names.binary_search(kind).unwrap_or_default()).collect();
        let (statistic, p_value) = splits.test(&|split| stability(&bins, names.len(), split));
        let mut moved: Vec<(f64, f64, &str)> = names
            .iter()
            .map(|name| {
                let of: Vec<f64> =
                    kinds.iter().map(|kind| f64::from(u8::from(kind == name))).collect();
                let (before, now) = means(&of, splits.seen());
                (before, now, *name)
            })
            .collect();
        moved.sort_by(|a, b| (b.1 - b.0).abs().total_cmp(&(a.1 - a.0).abs()));
        let most = moved.first().map_or_else(String::new, |(before, now, name)| {
            format!("{name} {:.1} % before, {:.1} % now", before * 100.0, now * 100.0)
        });
        let seen = format!("stability index {statistic:.3}; {most}");
        Some(Shift { measure, statistic, p_value, alarm: false, seen })
    }
}

#[cfg(test)]
#[path = "drift_cases.rs"]
mod tests;
