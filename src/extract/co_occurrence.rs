//! Which entities stand together in sentences more often than chance would put them.

use super::layout::layout;
use super::places::PlacedText;
use crate::model::{CoOccurrence, Digest, EntityId, Fragment, Mention};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Sentences that must name both.
const MIN_SENTENCES: usize = 2;
/// A sentence with more entities is a list.
const MAX_ENTITIES_PER_SENTENCE: usize = 12;
/// Pairs of an entity at most: what stands beside everything says little about each.
const MAX_PAIRS_PER_ENTITY: usize = 10;

/// A sentence by the digest of its words, and the entities that it names.
pub type NamedSentence = (Digest, BTreeSet<EntityId>);

/// The sentences of a fragment that name something.
pub fn named_sentences(fragment: &Fragment, mentions: &[Mention]) -> Vec<NamedSentence> {
    let placed = PlacedText::new(fragment, mentions);
    let names: Vec<_> = placed.places.iter().map(|place| place.range.clone()).collect();
    let mut named = Vec::new();
    for sentence in layout(placed.text(), &names).sentences {
        let entities: BTreeSet<EntityId> =
            placed.inside(&sentence).iter().map(|place| place.entity.clone()).collect();
        if !entities.is_empty() {
            named.push((Digest::of(placed.slice(sentence).as_bytes()), entities));
        }
    }
    named
}

/// Pairs of entities that at least two different sentences name, weighted by normalised
/// pointwise mutual information over sentences (Bouma 2009),
/// `ln(p(a,b) / (p(a) p(b))) / -ln p(a,b)`; only positive weights. Of each entity the
/// ten strongest pairs count, and a pair counts when it is among those of both, so that
/// hubs do not tie everything. Ordered by entity.
pub fn co_occurrences(sentences: &[NamedSentence]) -> Vec<CoOccurrence> {
    let mut seen = HashSet::new();
    let mut alone: HashMap<&EntityId, usize> = HashMap::new();
    let mut together: BTreeMap<(&EntityId, &EntityId), usize> = BTreeMap::new();
    let mut n = 0;
    // A sentence that is repeated word for word says it once.
    for (_, entities) in sentences.iter().filter(|(words, _)| seen.insert(*words)) {
        n += 1;
        for entity in entities {
            *alone.entry(entity).or_default() += 1;
        }
        if entities.len() > MAX_ENTITIES_PER_SENTENCE {
            continue;
        }
        for (i, a) in entities.iter().enumerate() {
            for b in entities.iter().skip(i + 1) {
                *together.entry((a, b)).or_default() += 1;
            }
        }
    }
    let count = |entity: &EntityId| alone.get(entity).copied().unwrap_or(1) as f64;
    let n = f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    let mut pairs: Vec<CoOccurrence> = together
        .into_iter()
        .filter(|(_, n_sentences)| *n_sentences >= MIN_SENTENCES)
        .filter_map(|((a, b), n_sentences)| {
            let both = n_sentences as f64;
            let weight = if both >= n {
                1.0
            } else {
                (both * n / (count(a) * count(b))).ln() / -(both / n).ln()
            };
            let (left, right) = (a.clone(), b.clone());
            // Rounding goes beyond the bound by a bit.
            let weight = weight.min(1.0);
            (weight > 0.0).then_some(CoOccurrence { left, right, weight, n_sentences })
        })
        .collect();
    pairs.sort_by(|a, b| {
        let strength = b.weight.total_cmp(&a.weight).then(b.n_sentences.cmp(&a.n_sentences));
        strength.then_with(|| (&a.left, &a.right).cmp(&(&b.left, &b.right)))
    });
    let mut n_of: HashMap<EntityId, usize> = HashMap::new();
    pairs.retain(|pair| {
        // Both ranks go on, so that a pair counts only among the strongest of both.
        let mut rank = |entity: &EntityId| {
            let rank = n_of.entry(entity.clone()).or_default();
            *rank += 1;
            *rank
        };
        let (left, right) = (rank(&pair.left), rank(&pair.right));
        left.max(right) <= MAX_PAIRS_PER_ENTITY
    });
    pairs.sort_by(|a, b| (&a.left, &a.right).cmp(&(&b.left, &b.right)));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(n: usize, names: &[&str]) -> NamedSentence {
        let names = names.iter().map(|name| EntityId::from_iri(*name)).collect();
        (Digest::of(n.to_string().as_bytes()), names)
    }

    fn found(sentences: &[NamedSentence]) -> Vec<(String, String, usize)> {
        co_occurrences(sentences)
            .into_iter()
            .map(|pair| (pair.left.to_string(), pair.right.to_string(), pair.n_sentences))
            .collect()
    }

    #[test]
    fn two_different_sentences_tie_what_they_name() {
        let all = [
            sentence(1, &["a", "b"]),
            sentence(2, &["a", "b"]),
            sentence(3, &["a", "c"]),
            sentence(3, &["a", "c"]),
            sentence(4, &["d"]),
            sentence(5, &["d"]),
        ];
        assert_eq!(found(&all), [("a".to_owned(), "b".to_owned(), 2)]);
        let weight = co_occurrences(&all)[0].weight;
        // p(a,b) = 2/5, p(a) = 3/5, p(b) = 2/5.
        let expected = (0.4f64 / (0.6 * 0.4)).ln() / -(0.4f64.ln());
        assert!((weight - expected).abs() < 1e-12, "{weight}");
    }

    #[test]
    fn names_that_only_stand_together_weigh_one_at_most() {
        for n in 3..200 {
            let mut all = vec![sentence(0, &["a", "b"]), sentence(1, &["a", "b"])];
            all.extend((2..n).map(|n| sentence(n, &["c"])));
            let weight = co_occurrences(&all)[0].weight;
            assert!((0.999..=1.0).contains(&weight), "{n}: {weight}");
        }
    }

    #[test]
    fn a_hub_is_tied_to_its_strongest_only() {
        let mut all = Vec::new();
        let names: Vec<String> = (0..30).map(|n| format!("n{n:02}")).collect();
        for (n, name) in names.iter().enumerate() {
            all.push(sentence(2 * n, &["hub", name]));
            all.push(sentence(2 * n + 1, &["hub", name]));
        }
        all.extend((100..900).map(|n| sentence(n, &["other"])));
        assert_eq!(found(&all).len(), MAX_PAIRS_PER_ENTITY);
    }
}
