//! One ranking out of several.

use crate::model::{FragmentId, Route};
use std::collections::BTreeMap;

/// What one route found: fragments with raw scores, best first.
pub(super) type RouteHits = (Route, Vec<(FragmentId, f32)>);

/// A ranking of one route with its weight.
pub(super) struct Ranking<'a> {
    /// Fragments with raw scores, best first.
    pub(super) hits: &'a [(FragmentId, f32)],
    /// How much the route counts.
    pub(super) weight: f32,
}

/// Weighted sum of scores, each route scaled to `0..=1` between the least and
/// the best of its own hits, 1 where all are equal (Bruch, Gai, Ingber: "An Analysis of Fusion
/// Functions for Hybrid Retrieval", 2023). A fragment that a route did not find
/// has 0 there. Ordered by score, then id, so the order of routes and hits does
/// not matter.
pub(super) fn fuse(rankings: &[Ranking<'_>]) -> Vec<(FragmentId, f32)> {
    let mut fused: BTreeMap<&FragmentId, f32> = BTreeMap::new();
    for ranking in rankings {
        let best = ranking.hits.iter().map(|(_, s)| *s).fold(f32::NEG_INFINITY, f32::max);
        let least = ranking.hits.iter().map(|(_, s)| *s).fold(f32::INFINITY, f32::min);
        let range = (best - least).max(1e-6);
        for (fragment, score) in ranking.hits {
            let scaled = if best == least { 1.0 } else { (score - least) / range };
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
                    Ranking { hits: first, weight: 0.5 },
                    Ranking { hits: second, weight: 0.5 },
                ])
            };
            prop_assert_eq!(fused(&hits, &backwards), fused(&backwards, &hits));
        }
    }
}
