//! Whether the evidence answers a question, in numbers.

use super::asked::Asked;
use super::coverage::coverage;
use super::extractive::{Ranked, Scored};
use super::linear::{Features, LinearModel};
use super::passage::Passage;
use std::sync::LazyLock;

static MODEL: LazyLock<LinearModel> = LazyLock::new(|| {
    LinearModel::from_json(include_str!("answerable_weights.json"))
        .expect("a test reads the weights")
});

/// Probability that the evidence answers the question.
pub(super) fn answerable(signs: &Features) -> f64 {
    MODEL.probability(signs)
}

/// The numbers that the model weighs; `None` without passages, or without a word in the
/// question that says something.
pub(super) fn signs(
    candidates: &[Passage],
    scored: &Scored,
    asked: &Asked<'_>,
) -> Option<Features> {
    let best = scored.ranked.first()?;
    let held = coverage(asked.question, candidates, asked.evidence, asked.rarity)?;
    let greatest = |of: fn(&Ranked) -> f32| {
        scored.ranked.iter().map(|ranked| f64::from(of(ranked))).fold(0.0, f64::max)
    };
    Some(vec![
        ("said_in_sentence", held.of_sentence),
        ("said_in_document", held.of_document),
        ("wanted_missing", held.wanted_missing),
        ("best_overlap", greatest(|ranked| ranked.overlap)),
        ("overlap_of_best", f64::from(best.overlap)),
        ("best_score", f64::from(best.score)),
        ("nearest", greatest(|ranked| ranked.cosine)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_can_be_read() {
        assert!(MODEL.names().count() > 0);
        assert!(answerable(&vec![("said_in_sentence", 1.0), ("nearest", 1.0)]) > 0.0);
    }
}
