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
    /// 0 to 1, when sentences cannot be embedded.
    pub min_overlap: f32,
    /// Least probability, 0 to 1, that people would say the cited passages support a
    /// sentence, by words, their order and meaning; see `support_weights.json`.
    pub min_support: f32,
    /// Least score of the best passage for an extractive answer, 0 to 1.
    pub min_extractive_score: f32,
    /// Least share of the question's content words, weighted by rarity, that the
    /// evidence must hold, 0 to 1, unless `min_question_cosine` is reached.
    pub min_question_coverage: f32,
    /// Cosine between question and a passage that stands in for shared words.
    pub min_question_cosine: f32,
    /// Least probability, 0 to 1, that the evidence answers the question, for an
    /// extractive answer; see `answerable_weights.json`.
    pub min_answerable: f32,
    /// A further sentence is added only when its score is at least this share of
    /// the best one's.
    pub further_sentence_share: f32,
    /// Whether a sentence of a model that names no evidence is credited to evidence
    /// that carries it; otherwise it counts as unsupported.
    pub credit_unmarked: bool,
    /// Whether one unsupported sentence withholds the whole answer of a model.
    pub all_or_nothing: bool,
    /// Whether the language model, when there is one, may make a follow-up question
    /// stand alone; rules do where it adds words that nobody said. One more call to it
    /// for each such question.
    pub rewrite_follow_ups: bool,
}

impl Config {
    /// The same for those who rather have no answer than a doubtful one: thresholds
    /// are at least as high as these, no sentence is flagged or credited, and one
    /// unsupported sentence withholds the answer of a model.
    #[must_use]
    pub fn strict(&self) -> Self {
        Self {
            policy: Policy::Drop,
            max_sentences: self.max_sentences,
            min_overlap: self.min_overlap.max(0.7),
            min_support: self.min_support.max(0.65),
            min_answerable: self.min_answerable.max(0.5),
            min_extractive_score: self.min_extractive_score.max(0.5),
            min_question_coverage: self.min_question_coverage.max(0.6),
            min_question_cosine: self.min_question_cosine.max(0.7),
            further_sentence_share: self.further_sentence_share.max(0.85),
            credit_unmarked: false,
            all_or_nothing: true,
            rewrite_follow_ups: self.rewrite_follow_ups,
        }
    }
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
            min_support: 0.5,
            min_extractive_score: 0.3,
            min_question_coverage: 0.34,
            min_question_cosine: 0.5,
            min_answerable: 0.35,
            further_sentence_share: 0.72,
            credit_unmarked: true,
            all_or_nothing: false,
            rewrite_follow_ups: true,
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
