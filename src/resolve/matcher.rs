//! From features to a probability, and from a probability to what is done.

use super::features::PairFeatures;
use crate::model::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a file of weights begins with.
const FORMAT: &str = "veritrail-match-model 1";

/// A logistic model over [`PairFeatures`]: with features `x`, weights `w` and bias `b`
/// two records are one thing with probability `1 / (1 + exp(-(b + w·x)))`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchModel {
    format: String,
    /// Name for people.
    pub name: String,
    bias: f64,
    weights: BTreeMap<String, f64>,
    /// What is done at which probability.
    pub bands: Bands,
    /// What it was learned from; none when it was set by hand.
    pub learned_from: Option<LearnedFrom>,
}

/// The pairs from which a model was learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LearnedFrom {
    /// Digest of the file of pairs.
    pub sha256: Digest,
    /// Pairs.
    pub n_pairs: usize,
    /// Pairs that are one thing.
    pub n_matches: usize,
}

/// Where the bands lie, as probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bands {
    /// From here on pairs are merged without asking, when there is more than a name.
    pub merge_from: f64,
    /// From here on a person is asked.
    pub ask_from: f64,
    /// Where one has to say yes or no without asking.
    pub decide_from: f64,
}

/// What is done with a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// The two are one.
    Merge,
    /// A person decides.
    Ask,
    /// They stay apart.
    KeepApart,
}

/// Weights that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MatchModelError {
    /// Not JSON of the right form.
    #[error("expected a match model in JSON")]
    Json(#[from] serde_json::Error),
    /// Another format.
    #[error("expected a match model of format `{FORMAT}`, found `{0}`")]
    Format(String),
    /// A weight for something that is not computed.
    #[error("the match model weighs `{found}`, which is no feature; known are: {known}")]
    Feature {
        /// Name found.
        found: String,
        /// Names known.
        known: String,
    },
    /// Thresholds in the wrong order.
    #[error(
        "expected 0 <= ask_from <= merge_from <= 1, found ask_from {ask_from}, merge_from {merge_from}"
    )]
    Bands {
        /// Lower threshold.
        ask_from: f64,
        /// Upper threshold.
        merge_from: f64,
    },
}

impl MatchModel {
    /// The model that comes with the program.
    ///
    /// # Errors
    /// Never for the released program; a test reads the file.
    pub fn builtin() -> Result<Self, MatchModelError> {
        Self::from_json(include_bytes!("weights.json"))
    }

    /// Reads a model and checks that all of it is known.
    ///
    /// # Errors
    /// When it is malformed, weighs an unknown feature, or its bands overlap.
    pub fn from_json(json: &[u8]) -> Result<Self, MatchModelError> {
        let model: Self = serde_json::from_slice(json)?;
        if model.format != FORMAT {
            return Err(MatchModelError::Format(model.format));
        }
        if let Some(found) =
            model.weights.keys().find(|name| !PairFeatures::NAMES.contains(&name.as_str()))
        {
            let known = PairFeatures::NAMES.join(", ");
            return Err(MatchModelError::Feature { found: found.clone(), known });
        }
        let Bands { merge_from, ask_from, .. } = model.bands;
        if !(0.0 <= ask_from && ask_from <= merge_from && merge_from <= 1.0) {
            return Err(MatchModelError::Bands { ask_from, merge_from });
        }
        Ok(model)
    }

    /// A model of weights in the order of [`PairFeatures::NAMES`].
    pub(super) fn new(name: &str, bias: f64, weights: &[f64], bands: Bands) -> Self {
        let weights = PairFeatures::NAMES.iter().zip(weights);
        Self {
            format: FORMAT.to_owned(),
            name: name.to_owned(),
            bias,
            weights: weights.map(|(name, weight)| ((*name).to_owned(), *weight)).collect(),
            bands,
            learned_from: None,
        }
    }

    /// The model as the bytes of a file.
    ///
    /// # Errors
    /// When a weight is not finite.
    pub fn to_json(&self) -> Result<Vec<u8>, MatchModelError> {
        Ok(serde_json::to_vec_pretty(self)?)
    }

    /// Name and digest: which weights made a score.
    pub fn version(&self) -> String {
        // Other features are another model, whatever the weights.
        let names = PairFeatures::NAMES;
        let text = format!("{names:?}{}{:?}{:?}", self.bias, self.weights, self.bands);
        let digest = Digest::of(text.as_bytes()).short();
        format!("{}@{}", self.name, digest.get(..8).unwrap_or(&digest))
    }

    /// Probability that the two records are one thing, in `0..=1`.
    pub fn probability(&self, features: &PairFeatures) -> f64 {
        1.0 / (1.0 + (-self.log_odds(features)).exp())
    }

    /// The greatest probability that vectors could give a pair whose words alone were
    /// compared.
    pub fn best_case(&self, by_words: &PairFeatures) -> f64 {
        let weight = |name: &str| self.weights.get(name).copied().unwrap_or(0.0).max(0.0);
        let gain = weight("label_meaning") + weight("meaning");
        1.0 / (1.0 + (-(self.log_odds(by_words) + gain)).exp())
    }

    /// The same when the cosine of the labels is known and that of the whole is not.
    pub fn best_case_of_labels(&self, by_labels: &PairFeatures) -> f64 {
        let gain = self.weights.get("meaning").copied().unwrap_or(0.0).max(0.0);
        1.0 / (1.0 + (-(self.log_odds(by_labels) + gain)).exp())
    }

    /// What each feature adds to the log odds, the greatest in size first; features
    /// that add nothing are left out.
    pub fn contributions(&self, features: &PairFeatures) -> Vec<(&'static str, f64)> {
        let values = PairFeatures::NAMES.iter().zip(features.values());
        let mut parts: Vec<(&'static str, f64)> = values
            .map(|(name, value)| (*name, value * self.weights.get(*name).copied().unwrap_or(0.0)))
            .filter(|(_, part)| part.abs() > 1e-9)
            .collect();
        parts.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then_with(|| a.0.cmp(b.0)));
        parts
    }

    fn log_odds(&self, features: &PairFeatures) -> f64 {
        self.bias + self.contributions(features).iter().map(|(_, part)| part).sum::<f64>()
    }
}

impl Bands {
    /// What is done with a pair of this probability and these features. Names alone
    /// never merge, and neither does a pair with a contradiction.
    pub fn band(&self, probability: f64, features: &PairFeatures) -> Band {
        let proven = features.has_evidence_beyond_label() && !features.is_contradicted();
        if probability >= self.merge_from && proven {
            Band::Merge
        } else if probability >= self.ask_from {
            Band::Ask
        } else {
            Band::KeepApart
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_alone_are_asked_about_and_identifiers_merge() {
        let bands = Bands { merge_from: 0.9, ask_from: 0.3, decide_from: 0.5 };
        let named = PairFeatures { label_words: 1.0, label_contained: 1.0, ..Default::default() };
        assert_eq!(bands.band(0.99, &named), Band::Ask);
        let proven = PairFeatures { identifier_agrees: 1.0, ..named };
        assert_eq!(bands.band(0.99, &proven), Band::Merge);
        assert_eq!(bands.band(0.5, &proven), Band::Ask);
        let other_class = PairFeatures { class_differs: 1.0, ..proven };
        assert_eq!(bands.band(0.99, &other_class), Band::Ask);
        assert_eq!(bands.band(0.1, &proven), Band::KeepApart);
    }

    #[test]
    fn the_model_that_comes_along_is_complete_and_round_trips() {
        let model = MatchModel::builtin().unwrap();
        let again = MatchModel::from_json(&model.to_json().unwrap()).unwrap();
        assert_eq!(model.version(), again.version());
        let nothing = PairFeatures::default();
        assert!(model.probability(&nothing) < model.bands.ask_from);
        let told = PairFeatures {
            identifier_agrees: 1.0,
            label_words: 0.5,
            label_contained: 0.6,
            label_spelling: 0.8,
            ..nothing
        };
        assert!(model.probability(&told) >= model.bands.merge_from);
    }

    #[test]
    fn a_weight_for_nothing_is_refused() {
        let text = String::from_utf8(MatchModel::builtin().unwrap().to_json().unwrap()).unwrap();
        let changed = text.replace("\"acronym\"", "\"shoe_size\"");
        let error = MatchModel::from_json(changed.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("`shoe_size`"), "{error}");
    }
}
