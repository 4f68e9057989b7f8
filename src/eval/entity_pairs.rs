//! Pairs of records of which people said whether they are one thing, and how well
//! they are told apart.

use super::dataset::DatasetError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// A record as a data set gives it: values by attribute.
pub type Attributes = BTreeMap<String, String>;

/// Two records and whether they are one thing.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelledPair {
    /// Name of the pair.
    pub id: String,
    /// A record of the one source.
    pub left: Attributes,
    /// A record of the other source.
    pub right: Attributes,
    /// 1 when they are one thing, else 0.
    #[serde(rename = "match")]
    pub is_match: u8,
}

/// Precision, recall and their harmonic mean, as fractions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct PairMeasures {
    /// Pairs said to be one thing that are.
    pub n_right: usize,
    /// Pairs said to be one thing that are not.
    pub n_wrong: usize,
    /// Pairs that are one thing and were not said to be.
    pub n_missed: usize,
    /// `n_right / (n_right + n_wrong)`; 1 when nothing was said.
    pub precision: f64,
    /// `n_right / (n_right + n_missed)`; 1 when there was nothing to find.
    pub recall: f64,
    /// `2 * precision * recall / (precision + recall)`.
    pub f1: f64,
}

/// What happens to pairs when a person is asked about the doubtful ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct BandMeasures {
    /// Probability from which pairs are merged without asking.
    pub merge_from: f64,
    /// Probability from which a person is asked.
    pub ask_from: f64,
    /// Pairs merged.
    pub n_merged: usize,
    /// Share of them that are one thing.
    pub merged_precision: f64,
    /// Pairs that a person is asked about.
    pub n_asked: usize,
    /// Share of the matches that are merged or asked about.
    pub recall: f64,
}

impl LabelledPair {
    /// Reads pairs from JSONL, one object `{id, left, right, match}` a line.
    ///
    /// # Errors
    /// When the file cannot be read, a line is malformed, or there is none.
    pub fn load(path: &Path) -> Result<Vec<Self>, DatasetError> {
        let io = |source| DatasetError::Io { path: path.to_owned(), source };
        let text = std::fs::read_to_string(path).map_err(io)?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let parsed = lines.map(|(i, line)| {
            serde_json::from_str(line).map_err(|error| DatasetError::Line {
                path: path.to_owned(),
                line: i + 1,
                expected: "a JSON object with `id`, `left`, `right` and `match` (0 or 1)",
                found: error.to_string(),
            })
        });
        let pairs: Vec<Self> = parsed.collect::<Result<_, _>>()?;
        if pairs.is_empty() {
            return Err(DatasetError::NoPairs(path.to_owned()));
        }
        Ok(pairs)
    }
}

impl PairMeasures {
    /// Measures what was said of each pair against what is true, in this order.
    pub fn of(said_and_true: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let (mut n_right, mut n_wrong, mut n_missed) = (0, 0, 0);
        for (said, is_match) in said_and_true {
            match (said, is_match) {
                (true, true) => n_right += 1,
                (true, false) => n_wrong += 1,
                (false, true) => n_missed += 1,
                (false, false) => {}
            }
        }
        let precision = share(n_right, n_right + n_wrong);
        let recall = share(n_right, n_right + n_missed);
        let sum = precision + recall;
        let f1 = if sum > 0.0 { 2.0 * precision * recall / sum } else { 0.0 };
        Self { n_right, n_wrong, n_missed, precision, recall, f1 }
    }
}

impl BandMeasures {
    /// Measures two thresholds on pairs of probability and truth.
    pub fn of(judged: &[(f64, bool)], merge_from: f64, ask_from: f64) -> Self {
        let merged = judged.iter().filter(|(p, _)| *p >= merge_from);
        let asked = judged.iter().filter(|(p, _)| (ask_from..merge_from).contains(p));
        let (n_merged, n_asked) = (merged.clone().count(), asked.clone().count());
        let n_right = merged.filter(|(_, is_match)| *is_match).count();
        let n_matches = judged.iter().filter(|(_, is_match)| *is_match).count();
        let n_reached = n_right + asked.filter(|(_, is_match)| *is_match).count();
        Self {
            merge_from,
            ask_from,
            n_merged,
            merged_precision: share(n_right, n_merged),
            n_asked,
            recall: share(n_reached, n_matches),
        }
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_are_those_of_the_books() {
        let said = [(true, true), (true, true), (true, false), (false, true), (false, false)];
        let measures = PairMeasures::of(said);
        assert!((measures.precision - 2.0 / 3.0).abs() < 1e-12);
        assert!((measures.recall - 2.0 / 3.0).abs() < 1e-12);
        assert!((measures.f1 - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn bands_count_what_is_merged_and_what_is_asked() {
        let judged = [(0.95, true), (0.92, false), (0.5, true), (0.2, true), (0.1, false)];
        let bands = BandMeasures::of(&judged, 0.9, 0.4);
        assert_eq!((bands.n_merged, bands.n_asked), (2, 1));
        assert!((bands.merged_precision - 0.5).abs() < 1e-12);
        assert!((bands.recall - 2.0 / 3.0).abs() < 1e-12);
    }
}
