//! Linear models whose weights can be read.

use serde::Deserialize;
use std::collections::BTreeMap;

/// What a file of weights begins with.
const FORMAT: &str = "veritrail-linear-model 1";

/// Named numbers of one case, in no special order.
pub type Features = Vec<(&'static str, f64)>;

/// A logistic model: with features `x`, weights `w` and bias `b` the probability is
/// `1 / (1 + exp(-(b + w·x)))`. The weights come with the program; the file also says
/// which command learned them from what.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinearModel {
    format: String,
    #[serde(rename = "learned")]
    _learned: serde::de::IgnoredAny,
    bias: f64,
    weights: BTreeMap<String, f64>,
}

impl LinearModel {
    /// Reads weights in JSON, or says what is wrong with them.
    pub(super) fn from_json(json: &str) -> Result<Self, String> {
        let model: Self = serde_json::from_str(json).map_err(|error| error.to_string())?;
        if model.format != FORMAT {
            return Err(format!("expected weights of format `{FORMAT}`, found `{}`", model.format));
        }
        Ok(model)
    }

    /// `b + w·x`; features without a weight do not count.
    pub(super) fn log_odds(&self, features: &[(&'static str, f64)]) -> f64 {
        let weighed = |(name, value): &(&str, f64)| self.weights.get(*name).map(|w| w * value);
        self.bias + features.iter().filter_map(weighed).sum::<f64>()
    }

    pub(super) fn probability(&self, features: &[(&'static str, f64)]) -> f64 {
        1.0 / (1.0 + (-self.log_odds(features)).exp())
    }

    #[cfg(test)]
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.weights.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_weighs_what_it_knows() {
        let json = r#"{"format":"veritrail-linear-model 1","learned":{"from":"x"},"bias":-1.0,"weights":{"a":2.0}}"#;
        let model = LinearModel::from_json(json).unwrap();
        assert!((model.probability(&[("a", 0.5), ("b", 9.0)]) - 0.5).abs() < 1e-9);
        let other = json.replace("model 1", "model 2");
        assert!(LinearModel::from_json(&other).unwrap_err().contains("model 2"));
    }
}
