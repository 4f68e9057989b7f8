//! Settings of answering.

use serde::{Deserialize, Serialize};

/// Thresholds and policy. The defaults were chosen on the table of cases in
/// `support.rs` and `extractive.rs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What happens to sentences of a model that their citations do not carry.
    pub policy: Policy,
    /// Most sentences of an extractive answer, 1 to 10.
    pub max_sentences: usize,
    /// Share of a sentence's content words that the quoted passages must hold,
    /// 0 to 1, when no embedding speaks for the sentence.
    pub min_overlap: f32,
    /// The same when the embedding of the sentence agrees with that of a quoted
    /// passage by at least `min_cosine`: allows other words for the same thing.
    pub min_overlap_with_cosine: f32,
    /// Cosine from which a passage counts as saying the same as a sentence.
    pub min_cosine: f32,
    /// Least score of the best passage for an extractive answer, 0 to 1.
    pub min_extractive_score: f32,
    /// Least share of the question's content words, weighted by rarity, that the
    /// evidence must hold, 0 to 1, unless `min_question_cosine` is reached.
    pub min_question_coverage: f32,
    /// Cosine between question and a passage that stands in for shared words.
    pub min_question_cosine: f32,
    /// A further sentence is added only when its score is at least this share of
    /// the best one's.
    pub further_sentence_share: f32,
}

/// What happens to unsupported sentences of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// They leave the answer and are kept beside it.
    #[default]
    Drop,
    /// They stay in the answer, marked as unsupported, as long as at least one
    /// sentence is supported.
    Flag,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            policy: Policy::Drop,
            max_sentences: 3,
            min_overlap: 0.55,
            min_overlap_with_cosine: 0.3,
            min_cosine: 0.65,
            min_extractive_score: 0.3,
            min_question_coverage: 0.34,
            min_question_cosine: 0.5,
            further_sentence_share: 0.72,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_settings_are_refused() {
        assert!(toml::from_str::<Config>("max_sentence = 2").is_err());
        assert_eq!(toml::from_str::<Config>("policy = \"flag\"").unwrap().policy, Policy::Flag);
    }
}
