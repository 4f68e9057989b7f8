//! How near hits are to the best of them.

use super::view::View;
use crate::index::dot;
use crate::model::FragmentId;

/// Best fragments that stand for what is looked for.
const N_BEST: usize = 3;

/// The dot product of each fragment's vector with the mean of the vectors of the best of
/// all, weighted by their scores: Rocchio, "Relevance Feedback in Information Retrieval"
/// (1971), with the best hits in the place of those that somebody judged. 0 for a fragment
/// without a vector.
pub(super) fn nearness_to_best(
    view: &View<'_>,
    fused: &[(FragmentId, f32)],
    fragments: &[&FragmentId],
) -> Vec<f32> {
    let vector = |id: &FragmentId| view.snapshot().dense.vector(id.as_str());
    let seen = fused.iter().filter(|(id, _)| view.sees_fragment(id)).take(N_BEST);
    let best: Vec<(&[f32], f32)> =
        seen.filter_map(|(id, score)| Some((vector(id)?, *score))).collect();
    let mean = weighted_mean(&best);
    let product = |id: &FragmentId| vector(id).map_or(0.0, |vector| dot(&mean, vector));
    fragments.iter().map(|id| product(id)).collect()
}

/// The mean of vectors by their weights, those below 0 counting as 0; empty where all
/// weigh nothing.
fn weighted_mean(vectors: &[(&[f32], f32)]) -> Vec<f32> {
    let total: f32 = vectors.iter().map(|(_, weight)| weight.max(0.0)).sum();
    let mut mean = Vec::new();
    for (vector, weight) in vectors.iter().filter(|_| total > 0.0) {
        mean.resize(vector.len(), 0.0);
        for (sum, value) in mean.iter_mut().zip(*vector) {
            *sum += weight.max(0.0) / total * value;
        }
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feedback_points_where_the_best_hits_are() {
        let (east, north): (&[f32], &[f32]) = (&[1.0, 0.0], &[0.0, 1.0]);
        assert_eq!(weighted_mean(&[(east, 3.0), (north, 1.0)]), [0.75, 0.25]);
        assert_eq!(weighted_mean(&[(east, 3.0), (north, -1.0)]), [1.0, 0.0]);
        assert!(weighted_mean(&[(east, 0.0)]).is_empty());
        assert!(weighted_mean(&[]).is_empty());
    }
}
