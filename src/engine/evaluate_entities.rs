//! Pairs of records that people judged: weights learned from them, and how well pairs
//! are told apart.

use super::error::{EngineError, io_error};
use super::matching::Comparison;
use crate::embed::Embedder;
use crate::eval::{Attributes, BandMeasures, LabelledPair, PairMeasures};
use crate::model::{Digest, expected_calibration_error};
use crate::resolve::{MatchModel, PairFeatures, Record, learn, one_to_one};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Bins of equal mass in which promises are compared with what is true.
const N_BINS: usize = 10;

/// A file of judged pairs.
#[derive(Clone, Debug)]
pub struct LabelledPairs {
    /// Name of the file.
    pub name: String,
    /// The pairs.
    pub pairs: Vec<LabelledPair>,
    /// Digest of the file.
    pub sha256: Digest,
}

/// How well one model tells pairs apart.
#[derive(Clone, Debug, Serialize)]
pub struct EntityReport {
    /// Name of the data set.
    pub dataset: String,
    /// Name and version of the model.
    pub model: String,
    /// Pairs that it was learned from; 0 when it was set by hand.
    pub n_learned_from: usize,
    /// Pairs judged.
    pub n_pairs: usize,
    /// Pairs that are one thing.
    pub n_matches: usize,
    /// Probability from which a pair counts as one thing.
    pub decide_from: f64,
    /// Each pair by itself.
    pub measures: PairMeasures,
    /// Each record with one partner at most, for sources in which nothing stands twice.
    pub one_to_one: PairMeasures,
    /// With a person for the doubtful pairs.
    pub bands: BandMeasures,
    /// Expected calibration error of the probabilities, ten bins of equal mass.
    pub calibration_error: f64,
}

impl LabelledPairs {
    /// Reads a file of pairs.
    ///
    /// # Errors
    /// When it cannot be read or a line is malformed.
    pub fn load(path: &Path) -> Result<Self, EngineError> {
        let bytes = std::fs::read(path).map_err(io_error("read", path))?;
        let name = path.file_stem().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        Ok(Self { name, sha256: Digest::of(&bytes), pairs: LabelledPair::load(path)? })
    }

    /// The distinct records, and for each pair their positions.
    fn records(&self) -> (Vec<Record>, Vec<(usize, usize)>) {
        let label = label_attribute(&self.pairs);
        let mut places: BTreeMap<(bool, &Attributes), usize> = BTreeMap::new();
        let mut records = Vec::new();
        let mut pairs = Vec::new();
        for pair in &self.pairs {
            let mut place = |is_right: bool, attributes| {
                *places.entry((is_right, attributes)).or_insert_with(|| {
                    let n = records.len();
                    records.push(record(format!("{is_right}:{n}"), attributes, &label));
                    n
                })
            };
            pairs.push((place(false, &pair.left), place(true, &pair.right)));
        }
        (records, pairs)
    }
}

/// The attribute that names things: of those in every record the one whose values are
/// the most distinct and the most made of letters.
fn label_attribute(pairs: &[LabelledPair]) -> String {
    let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in pairs.iter().flat_map(|pair| pair.left.iter().chain(&pair.right)) {
        values.entry(name).or_default().push(value);
    }
    let goodness = |values: &Vec<&str>| {
        let n_distinct = values.iter().collect::<BTreeSet<_>>().len() as f64;
        let all: usize = values.iter().map(|v| v.chars().count()).sum();
        let letters: usize =
            values.iter().map(|v| v.chars().filter(|c| c.is_alphabetic()).count()).sum();
        let coverage = values.len() as f64 / (2 * pairs.len()) as f64;
        let n_words: usize = values.iter().map(|v| v.split_whitespace().count()).sum();
        // A name is short: many words describe.
        let brevity = 1.0 / (1.0 + n_words as f64 / (10 * values.len()) as f64);
        coverage
            * (n_distinct / values.len() as f64)
            * (letters as f64 / all.max(1) as f64)
            * brevity
    };
    let best = values
        .iter()
        .max_by(|x, y| goodness(x.1).total_cmp(&goodness(y.1)).then_with(|| y.0.cmp(x.0)));
    best.map_or_else(String::new, |(name, _)| (*name).to_owned())
}

fn record(id: String, attributes: &Attributes, label: &str) -> Record {
    let mut record = Record { id, ..Record::default() };
    for (name, value) in attributes {
        if name == label {
            record.labels.push(value.clone());
        } else {
            record.attributes.entry(name.clone()).or_default().insert(value.clone());
        }
    }
    record
}

fn features(
    pairs: &LabelledPairs,
    model: &dyn Embedder,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<(PairFeatures, bool)>, EngineError> {
    let (records, positions) = pairs.records();
    let comparison = Comparison::of(&records, model);
    let labels = comparison.meaning_of_labels(&positions)?;
    let whole = comparison.meaning_of_all(&positions, &|_| None, progress)?;
    let compared = comparison.compare(&positions, &labels, Some(&whole));
    let judged = pairs.pairs.iter().map(|pair| pair.is_match == 1);
    Ok(compared.into_iter().zip(judged).collect())
}

/// Learns weights from judged pairs.
///
/// # Errors
/// When the embedding model fails, or there are too few pairs.
pub fn learn_matching(
    pairs: &LabelledPairs,
    embedder: &dyn Embedder,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<MatchModel, EngineError> {
    Ok(learn(&features(pairs, embedder, progress)?, pairs.sha256)?)
}

/// Measures models on judged pairs, each model in turn.
///
/// # Errors
/// When the embedding model fails.
pub fn evaluate_entities(
    pairs: &LabelledPairs,
    models: &[MatchModel],
    embedder: &dyn Embedder,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<EntityReport>, EngineError> {
    let (_, positions) = pairs.records();
    let compared = features(pairs, embedder, progress)?;
    Ok(models.iter().map(|model| report(pairs, &positions, &compared, model)).collect())
}

fn report(
    pairs: &LabelledPairs,
    positions: &[(usize, usize)],
    compared: &[(PairFeatures, bool)],
    model: &MatchModel,
) -> EntityReport {
    let judged: Vec<(f64, bool)> = compared
        .iter()
        .map(|(features, is_match)| (model.probability(features), *is_match))
        .collect();
    let decide_from = model.bands.decide_from;
    let named: Vec<(String, String, f64)> = positions
        .iter()
        .zip(&judged)
        .map(|((a, b), (probability, _))| (a.to_string(), b.to_string(), *probability))
        .collect();
    let kept: BTreeSet<usize> = one_to_one(&named).into_iter().collect();
    let single = judged
        .iter()
        .enumerate()
        .map(|(n, (p, is_match))| (*p >= decide_from && kept.contains(&n), *is_match));
    let promised: Vec<(f32, bool)> = judged.iter().map(|(p, m)| (*p as f32, *m)).collect();
    EntityReport {
        dataset: pairs.name.clone(),
        model: model.version(),
        n_learned_from: model.learned_from.as_ref().map_or(0, |learned| learned.n_pairs),
        n_pairs: judged.len(),
        n_matches: judged.iter().filter(|(_, is_match)| *is_match).count(),
        decide_from,
        measures: PairMeasures::of(judged.iter().map(|(p, m)| (*p >= decide_from, *m))),
        one_to_one: PairMeasures::of(single),
        bands: BandMeasures::of(&judged, model.bands.merge_from, model.bands.ask_from),
        calibration_error: expected_calibration_error(&promised, N_BINS),
    }
}
