//! Whether the evidence answers a question, in numbers.

use super::extractive::Scored;
use super::linear::{Features, LinearModel};
use super::passage::Passage;
use super::question::{Question, name_stems};
use std::sync::LazyLock;

/// Passages beyond the best that show how much better it is.
const N_OTHERS: usize = 5;

static MODEL: LazyLock<LinearModel> = LazyLock::new(|| {
    LinearModel::from_json(include_str!("answerable_weights.json"))
        .expect("a test reads the weights")
});

/// Probability that the evidence answers the question.
pub(super) fn answerable(signs: &Features) -> f64 {
    MODEL.probability(signs)
}

/// The numbers that the model weighs; `None` without passages.
pub(super) fn signs(
    candidates: &[Passage],
    scored: &Scored,
    question: &Question,
) -> Option<Features> {
    let best = scored.ranked.first()?;
    let passage = candidates.get(best.at)?;
    let mut cosines: Vec<f64> = scored.ranked.iter().map(|r| f64::from(r.cosine)).collect();
    cosines.sort_by(|a, b| b.total_cmp(a));
    let nearest = cosines.iter().take(3).copied();
    let overlap = |ranked: &super::extractive::Ranked| f64::from(ranked.overlap);
    let others = scored.ranked.iter().skip(1).take(N_OTHERS).map(|r| f64::from(r.score));
    let n_others = scored.ranked.len().saturating_sub(1).clamp(1, N_OTHERS);
    let holds =
        |p: &Passage, stem: &String| p.stems.contains(stem) || p.context_stems.contains(stem);
    let total: f32 = scored.idf.values().sum::<f32>().max(f32::EPSILON);
    let missing = scored
        .idf
        .iter()
        .filter(|(stem, _)| !candidates.iter().any(|p| holds(p, stem)))
        .map(|(_, weight)| weight / total)
        .fold(0.0, f32::max);
    let names = name_stems(&question.names);
    let share = |n: usize| n as f64 / names.len().max(1) as f64;
    let nowhere = names.iter().filter(|(_, s)| !candidates.iter().any(|p| holds(p, s))).count();
    let apart = names.iter().filter(|(_, stem)| !holds(passage, stem)).count();
    Some(vec![
        ("coverage", f64::from(scored.coverage)),
        ("rarest_missing", f64::from(missing)),
        ("best_overlap", scored.ranked.iter().map(overlap).fold(0.0, f64::max)),
        ("overlap_of_best", overlap(best)),
        ("best_score", f64::from(best.score)),
        ("lead", f64::from(best.score) - others.sum::<f64>() / n_others as f64),
        ("nearest", cosines.first().copied().unwrap_or_default()),
        ("nearest_three", nearest.sum::<f64>() / 3.0),
        ("names_missing", share(nowhere)),
        ("names_apart", share(apart)),
        ("has_names", f64::from(u8::from(!names.is_empty()))),
        ("kind_met", f64::from(question.cue_met(passage))),
        ("asks_for_kind", f64::from(u8::from(question.cue.is_some()))),
        ("length_of_question", (1.0 + question.stems.len() as f64).ln()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_can_be_read() {
        assert!(MODEL.names().count() > 0);
        assert!(answerable(&vec![("coverage", 1.0), ("nearest", 1.0)]) > 0.0);
    }
}
