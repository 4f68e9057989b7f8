//! From pairs to groups: who is one with whom, and what stands in the way.

use std::collections::{BTreeMap, BTreeSet};

/// A merge that was accepted and is not applied, because it would join two things
/// that must stay apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// The accepted pair.
    pub merge: (String, String),
    /// The pair that it would join and that was rejected.
    pub rejected: (String, String),
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ((a, b), (x, y)) = (&self.merge, &self.rejected);
        write!(f, "{a} and {b} are not merged: that would join {x} and {y}, which stay apart")
    }
}

/// Groups of identities that are one thing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Groups {
    /// The identity that stands for each merged one; itself for the representative.
    pub representative: BTreeMap<String, String>,
    /// Merges that were not applied.
    pub conflicts: Vec<Conflict>,
}

impl Groups {
    /// The identity that stands for this one.
    pub fn of<'a>(&'a self, id: &'a str) -> &'a str {
        self.representative.get(id).map_or(id, String::as_str)
    }

    /// All members of the group of this identity, the identity itself when it is alone.
    pub fn members(&self, id: &str) -> Vec<String> {
        let representative = self.of(id);
        let mut members: Vec<String> = self
            .representative
            .iter()
            .filter(|(_, of)| of.as_str() == representative)
            .map(|(member, _)| member.clone())
            .collect();
        if members.is_empty() {
            members.push(id.to_owned());
        }
        members
    }
}

/// Joins accepted pairs, the most probable first (then by name), unless that would
/// bring the two sides of a rejected pair into one group. The order in which pairs are
/// given does not matter. The member that `rank` puts lowest stands for its group; of
/// equal rank, the smallest name.
pub fn merge_groups(
    accepted: &[(String, String, f64)],
    rejected: &[(String, String)],
    rank: &dyn Fn(&str) -> u32,
) -> Groups {
    let mut ordered: Vec<(f64, &str, &str)> =
        accepted.iter().map(|(a, b, p)| (*p, a.min(b).as_str(), a.max(b).as_str())).collect();
    ordered.sort_by(|x, y| y.0.total_cmp(&x.0).then_with(|| (x.1, x.2).cmp(&(y.1, y.2))));
    let apart: BTreeSet<(&str, &str)> =
        rejected.iter().map(|(a, b)| (a.min(b).as_str(), a.max(b).as_str())).collect();
    let mut group_of: BTreeMap<&str, usize> = BTreeMap::new();
    let mut groups: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    for (n, (_, a, b)) in ordered.iter().enumerate() {
        for (side, id) in [(2 * n, a), (2 * n + 1, b)] {
            let own = *group_of.entry(id).or_insert(side);
            groups.entry(own).or_default().insert(id);
        }
    }
    let mut conflicts = BTreeSet::new();
    for (_, a, b) in ordered {
        let (Some(into), Some(from)) = (group_of.get(a).copied(), group_of.get(b).copied()) else {
            continue;
        };
        if into == from {
            continue;
        }
        let (left, right) = (groups.get(&into), groups.get(&from));
        let pairs = left
            .into_iter()
            .flatten()
            .flat_map(|x| right.into_iter().flatten().map(move |y| (*x.min(y), *x.max(y))));
        let blocked = pairs.filter(|pair| apart.contains(pair)).min();
        if let Some((x, y)) = blocked {
            conflicts.insert(Conflict {
                merge: (a.to_owned(), b.to_owned()),
                rejected: (x.to_owned(), y.to_owned()),
            });
            continue;
        }
        for member in groups.remove(&from).unwrap_or_default() {
            group_of.insert(member, into);
            groups.entry(into).or_default().insert(member);
        }
    }
    let mut representative = BTreeMap::new();
    for members in groups.values().filter(|members| members.len() > 1) {
        let Some(first) = members.iter().min_by_key(|id| (rank(id), **id)) else { continue };
        for member in members {
            representative.insert((*member).to_owned(), (*first).to_owned());
        }
    }
    Groups { representative, conflicts: conflicts.into_iter().collect() }
}

/// Of scored pairs between two sources in which nothing stands twice, those that stay
/// when each thing has at most one partner: the most probable first, then by name.
/// Returns positions in `pairs`, ascending.
pub fn one_to_one(pairs: &[(String, String, f64)]) -> Vec<usize> {
    let mut order: Vec<(usize, &(String, String, f64))> = pairs.iter().enumerate().collect();
    order.sort_by(|(_, x), (_, y)| {
        y.2.total_cmp(&x.2).then_with(|| (&x.0, &x.1).cmp(&(&y.0, &y.1)))
    });
    let (mut left, mut right) = (BTreeSet::new(), BTreeSet::new());
    let mut kept: Vec<usize> = Vec::new();
    for (place, (a, b, _)) in order {
        if !left.contains(a) && !right.contains(b) {
            left.insert(a);
            right.insert(b);
            kept.push(place);
        }
    }
    kept.sort_unstable();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pair(a: &str, b: &str, p: f64) -> (String, String, f64) {
        (a.to_owned(), b.to_owned(), p)
    }

    fn apart(a: &str, b: &str) -> (String, String) {
        (a.to_owned(), b.to_owned())
    }

    #[test]
    fn a_resource_stands_before_a_label_and_then_the_smallest_name() {
        let rank = |id: &str| u32::from(id.starts_with("urn:"));
        let pairs = [pair("urn:a", "https://z", 0.9), pair("https://z", "https://y", 0.9)];
        let groups = merge_groups(&pairs, &[], &rank);
        assert_eq!(groups.of("urn:a"), "https://y");
        assert_eq!(groups.members("urn:a"), ["https://y", "https://z", "urn:a"]);
        assert_eq!(groups.of("else"), "else");
    }

    #[test]
    fn a_rejected_pair_stays_apart_over_any_number_of_steps() {
        let pairs = [pair("a", "b", 0.95), pair("b", "c", 0.9), pair("c", "d", 0.99)];
        let groups = merge_groups(&pairs, &[apart("d", "a")], &|_| 0);
        assert_ne!(groups.of("a"), groups.of("d"));
        // The least probable of the three gives way.
        let conflict = Conflict { merge: apart("b", "c"), rejected: apart("a", "d") };
        assert_eq!(groups.conflicts, [conflict]);
        assert_eq!(groups.of("b"), "a");
    }

    #[test]
    fn each_has_one_partner() {
        let pairs = [pair("a", "x", 0.8), pair("a", "y", 0.9), pair("b", "y", 0.7)];
        assert_eq!(one_to_one(&pairs), [1]);
    }

    proptest! {
        #[test]
        fn the_order_of_pairs_does_not_matter(
            pairs in prop::collection::vec((0u8..12, 0u8..12, 0u8..5), 0..30),
            rejected in prop::collection::vec((0u8..12, 0u8..12), 0..6),
            seed in 0usize..1000,
        ) {
            let name = |n: u8| format!("n{n:02}");
            let mut pairs: Vec<_> = pairs
                .into_iter()
                .filter(|(a, b, _)| a != b)
                .map(|(a, b, p)| (name(a), name(b), f64::from(p) / 5.0))
                .collect();
            let mut rejected: Vec<_> = rejected
                .into_iter()
                .filter(|(a, b)| a != b)
                .map(|(a, b)| (name(a), name(b)))
                .collect();
            let before = merge_groups(&pairs, &rejected, &|_| 0);
            for (a, b) in &rejected {
                prop_assert!(before.of(a) != before.of(b));
            }
            let n = pairs.len().max(1);
            pairs.rotate_left(seed % n);
            pairs.reverse();
            pairs.iter_mut().for_each(|(a, b, _)| std::mem::swap(a, b));
            rejected.reverse();
            prop_assert_eq!(merge_groups(&pairs, &rejected, &|_| 0), before);
        }
    }
}
