//! One ranking out of several.

use super::fragments::Map;
use crate::model::{FragmentId, Route};

/// What one route found: fragments with raw scores, best first.
pub(super) type RouteHits = (Route, Vec<(FragmentId, f32)>);

/// A ranking of one route with its weight.
pub(super) struct Ranking<'a> {
    /// Fragments with raw scores, best first.
    pub(super) hits: &'a [(FragmentId, f32)],
    /// Fragments beyond the hits whose scores are known, too.
    pub(super) beyond: &'a [(FragmentId, f32)],
    /// As many hits as the scale is for, when the route has more of them than were taken;
    /// see [`floor`].
    pub(super) depth: usize,
    /// How much the route counts.
    pub(super) weight: f32,
    /// How much it counts that a hit stands out of the many; see [`lift`].
    pub(super) lift_weight: f32,
}

/// The hit, counted from 0, whose score is that of the many.
const BACKGROUND: usize = 10;

/// How far each hit stands out of the many: `ln(s / b) / ln(t / b)`, at least 0, with
/// the best score `t` and the score `b` of the eleventh hit, or of the last where there
/// are fewer. Masses of a walk fall by orders of magnitude from one hop to the next; as
/// they are, the end of a chain is worth nothing beside its start, while its distance to
/// what the walk touches everywhere tells that the chain leads there.
fn lift(hits: &[(FragmentId, f32)]) -> impl Fn(f32) -> f32 + use<> {
    let mut scores: Vec<f32> = hits.iter().map(|(_, score)| *score).collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    let best = scores.first().copied().unwrap_or(0.0);
    let many = scores.get(BACKGROUND).or(scores.last()).copied().unwrap_or(0.0);
    let range = (best / many).ln();
    move |score| {
        if range.is_finite() && range > 0.0 { ((score / many).ln() / range).max(0.0) } else { 1.0 }
    }
}

/// The score that counts as nothing: the least, or what the least of `depth` hits would
/// be where fewer were taken. Down there scores fall by about the same with every doubling
/// of the rank, by as much as from the middle of what was taken to its end.
fn floor(hits: &[(FragmentId, f32)], depth: usize) -> f32 {
    let least = hits.iter().map(|(_, score)| *score).fold(f32::INFINITY, f32::min);
    let middle = hits.get((hits.len() / 2).saturating_sub(1)).map_or(least, |(_, score)| *score);
    let doublings = (depth as f32 / hits.len().max(1) as f32).log2();
    if doublings > 0.0 { (least - (middle - least) * doublings).max(0.0).min(least) } else { least }
}

/// Weighted sum of scores, each route scaled to `0..=1` between its [`floor`] and
/// the best of its own hits, 1 where all are equal (Bruch, Gai, Ingber: "An Analysis of Fusion
/// Functions for Hybrid Retrieval", 2023). A fragment that a route did not find
/// has 0 there, unless its score is known all the same. Ordered by score, then id, so the order of routes and hits does
/// not matter.
pub(super) fn fuse(rankings: &[Ranking<'_>]) -> Vec<(FragmentId, f32)> {
    let mut fused: Map<&FragmentId, f32> = Map::default();
    for ranking in rankings {
        let best = ranking.hits.iter().map(|(_, s)| *s).fold(f32::NEG_INFINITY, f32::max);
        let least = floor(ranking.hits, ranking.depth);
        let range = (best - least).max(1e-6);
        let lift = (ranking.lift_weight > 0.0).then(|| lift(ranking.hits));
        for (fragment, score) in ranking.hits {
            let scaled = if best == least { 1.0 } else { (score - least) / range };
            let lifted = lift.as_ref().map_or(0.0, |lift| ranking.lift_weight * lift(*score));
            *fused.entry(fragment).or_default() += ranking.weight * scaled + lifted;
        }
        for (fragment, score) in ranking.beyond {
            let scaled = ((score - least) / range).max(0.0);
            *fused.entry(fragment).or_default() += ranking.weight * scaled;
        }
    }
    let mut fused: Vec<(FragmentId, f32)> =
        fused.into_iter().map(|(fragment, score)| (fragment.clone(), score)).collect();
    fused.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    fused
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hits(scores: &[f32]) -> Vec<(FragmentId, f32)> {
        let id = |n: usize| FragmentId::from_iri(format!("f:{n:02}"));
        scores.iter().enumerate().map(|(n, score)| (id(n), *score)).collect()
    }

    #[test]
    fn the_end_of_a_chain_stands_out_of_the_many() {
        let mut scores = vec![0.5, 0.01];
        scores.extend([0.0001; 12]);
        let lift = lift(&hits(&scores));
        assert_eq!(lift(0.5), 1.0);
        assert!((lift(0.01) - 0.54).abs() < 0.01, "{}", lift(0.01));
        assert_eq!((lift(0.0001), lift(0.000_01)), (0.0, 0.0));
    }

    #[test]
    fn without_a_difference_nothing_stands_out() {
        for scores in [vec![0.3], vec![0.2; 20], vec![]] {
            assert_eq!(lift(&hits(&scores))(0.2), 1.0);
        }
        assert_eq!(lift(&hits(&[0.3, 0.0]))(0.3), 1.0);
    }

    #[test]
    fn the_floor_is_where_scores_go_on_to() {
        // 1 less with every doubling of the rank.
        let scores: Vec<f32> = (1..=400).map(|rank| 10.0 - (rank as f32).log2()).collect();
        let hits = hits(&scores);
        for n in [50, 100, 150] {
            let found = floor(&hits[..n], 400);
            assert!((found - scores[399]).abs() < 1e-3, "{found} for {n}");
            assert_eq!(floor(&hits[..n], 0), scores[n - 1]);
        }
        assert_eq!(floor(&hits[..100], 100_000_000), 0.0);
        assert_eq!(floor(&[], 400), 0.0);
    }

    #[test]
    fn what_is_known_beyond_the_hits_counts_as_it_would_among_them() {
        let all = hits(&[0.9, 0.7, 0.5, 0.2]);
        let ranking = |n: usize, beyond| Ranking {
            hits: &all[..n],
            beyond,
            depth: 0,
            weight: 2.0,
            lift_weight: 0.0,
        };
        let mut fused = fuse(&[ranking(3, &all[3..])]);
        // Below the floor nothing counts.
        assert_eq!(fused.pop(), Some((all[3].0.clone(), 0.0)));
        assert_eq!(fused, fuse(&[ranking(3, &[])]));
        let known = fuse(&[Ranking { depth: 8, ..ranking(2, &all[2..3]) }]);
        assert!(known.iter().all(|(_, score)| *score > 0.0), "{known:?}");
    }

    proptest! {
        #[test]
        fn the_order_of_routes_and_hits_does_not_matter(
            scores in prop::collection::vec((0u8..20, 0f32..1.0), 1..30)
        ) {
            let mut seen = std::collections::BTreeSet::new();
            let hits: Vec<(FragmentId, f32)> = scores
                .into_iter()
                .filter(|(n, _)| seen.insert(*n))
                .map(|(n, s)| (FragmentId::from_iri(format!("f:{n:02}")), s))
                .collect();
            let backwards: Vec<_> = hits.iter().rev().cloned().collect();
            let fused = |first: &[_], second: &[_]| {
                fuse(&[
                    Ranking { hits: first, beyond: &[], depth: 0, weight: 0.5, lift_weight: 0.5 },
                    Ranking { hits: second, beyond: &[], depth: 0, weight: 0.5, lift_weight: 0.5 },
                ])
            };
            prop_assert_eq!(fused(&hits, &backwards), fused(&backwards, &hits));
        }
    }
}
