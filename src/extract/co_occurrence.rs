//! Which entities stand together in sentences more often than chance would put them.

use super::layout::layout;
use super::places::PlacedText;
use crate::model::{CoOccurrence, Digest, EntityId, Fragment, Mention};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Sentences that must name both.
const MIN_SENTENCES: u32 = 2;
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

/// Counts of what sentences name, together and alone. Of a sentence 128 bits are kept,
/// of an entity its name once, of a pair two numbers and a count.
#[derive(Debug, Default)]
pub struct CoOccurrenceCounts {
    /// Sentences that were read, by the begin of their digests.
    seen: HashSet<[u8; 16]>,
    numbers: HashMap<EntityId, u32>,
    /// Sentences that name each entity, by its number.
    alone: Vec<u32>,
    /// Sentences that name both, the smaller IRI first.
    together: HashMap<(u32, u32), u32>,
}

impl CoOccurrenceCounts {
    /// Counts a sentence; one that is repeated word for word says it once.
    pub fn read(&mut self, (words, entities): &NamedSentence) {
        let mut begin = [0; 16];
        begin.iter_mut().zip(words.as_bytes()).for_each(|(to, from)| *to = *from);
        if !self.seen.insert(begin) {
            return;
        }
        let numbers: Vec<u32> = entities.iter().map(|entity| self.number(entity)).collect();
        for number in &numbers {
            if let Some(n) = self.alone.get_mut(*number as usize) {
                *n += 1;
            }
        }
        if numbers.len() > MAX_ENTITIES_PER_SENTENCE {
            return;
        }
        for (i, a) in numbers.iter().enumerate() {
            for b in numbers.iter().skip(i + 1) {
                *self.together.entry((*a, *b)).or_default() += 1;
            }
        }
    }

    fn number(&mut self, entity: &EntityId) -> u32 {
        if let Some(number) = self.numbers.get(entity) {
            return *number;
        }
        let number = u32::try_from(self.alone.len()).unwrap_or(u32::MAX);
        self.alone.push(0);
        self.numbers.insert(entity.clone(), number);
        number
    }

    /// Pairs of entities that at least two different sentences name, weighted by
    /// normalised pointwise mutual information over sentences (Bouma 2009),
    /// `ln(p(a,b) / (p(a) p(b))) / -ln p(a,b)`; only positive weights. Of each entity the
    /// ten strongest pairs count, and a pair counts when it is among those of both, so
    /// that hubs do not tie everything. Ordered by entity.
    pub fn into_pairs(self) -> Vec<CoOccurrence> {
        let Self { seen, numbers, alone, together } = self;
        let n = f64::from(u32::try_from(seen.len()).unwrap_or(u32::MAX));
        drop(seen);
        let mut names: Vec<(u32, EntityId)> =
            numbers.into_iter().map(|(entity, number)| (number, entity)).collect();
        names.sort_unstable_by_key(|(number, _)| *number);
        let name = |number: u32| names.get(number as usize).map(|(_, entity)| entity);
        let count = |number: u32| f64::from(alone.get(number as usize).copied().unwrap_or(1));
        let mut pairs: Vec<(u32, u32, f64, u32)> = together
            .into_iter()
            .filter(|(_, n_sentences)| *n_sentences >= MIN_SENTENCES)
            .filter_map(|((a, b), n_sentences)| {
                let both = f64::from(n_sentences);
                let weight = if both >= n {
                    1.0
                } else {
                    (both * n / (count(a) * count(b))).ln() / -(both / n).ln()
                };
                // Rounding goes beyond the bound by a bit.
                let weight = weight.min(1.0);
                (weight > 0.0).then_some((a, b, weight, n_sentences))
            })
            .collect();
        pairs.sort_by(|x, y| {
            let strength = y.2.total_cmp(&x.2).then(y.3.cmp(&x.3));
            strength.then_with(|| (name(x.0), name(x.1)).cmp(&(name(y.0), name(y.1))))
        });
        let mut n_of = vec![0; alone.len()];
        pairs.retain(|(left, right, _, _)| {
            // Both ranks go on, so that a pair counts only among the strongest of both.
            let mut rank = |number: u32| {
                n_of.get_mut(number as usize).map_or(usize::MAX, |rank| {
                    *rank += 1;
                    *rank
                })
            };
            rank(*left).max(rank(*right)) <= MAX_PAIRS_PER_ENTITY
        });
        pairs.sort_by(|x, y| (name(x.0), name(x.1)).cmp(&(name(y.0), name(y.1))));
        let named = pairs.into_iter().filter_map(|(left, right, weight, n_sentences)| {
            let (left, right) = (name(left)?.clone(), name(right)?.clone());
            Some(CoOccurrence { left, right, weight, n_sentences: n_sentences as usize })
        });
        named.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(n: usize, names: &[&str]) -> NamedSentence {
        let names = names.iter().map(|name| EntityId::from_iri(*name)).collect();
        (Digest::of(n.to_string().as_bytes()), names)
    }

    fn co_occurrences(sentences: &[NamedSentence]) -> Vec<CoOccurrence> {
        let mut counts = CoOccurrenceCounts::default();
        sentences.iter().for_each(|sentence| counts.read(sentence));
        counts.into_pairs()
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
