//! Walks on the projection: personalised PageRank and short paths.

use super::projection::{NodeKey, Projection};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Settings of personalised PageRank.
#[derive(Clone, Copy, Debug)]
pub struct PageRankOptions {
    /// Chance to walk on from a fragment rather than rest there, in `0..1`.
    pub damping: f32,
    /// Forward push leaves at most `epsilon * strength` of residual mass at a
    /// node of that degree; smaller is more exact and slower. Below 1e-6 power
    /// iteration is faster.
    pub epsilon: f32,
}

impl Default for PageRankOptions {
    fn default() -> Self {
        Self { damping: 0.5, epsilon: 1e-5 }
    }
}

/// Chance to rest at an entity or a document. They only lead from fragment to
/// fragment, so that one hop costs the same however many nodes it passes; above
/// zero, because a circle of them would otherwise never let a walk end.
const STAY_AT_PASSED: f32 = 0.05;

/// Mass of each node that a walk reached.
#[derive(Clone, Debug, Default)]
pub struct Walk {
    /// Node number and mass; masses sum to at most 1.
    pub mass: Vec<(u32, f32)>,
}

impl Projection {
    /// Personalised PageRank by forward push (Andersen, Chung, Lang: "Local
    /// Graph Partitioning using PageRank Vectors", FOCS 2006) on the weighted
    /// graph, with a chance to rest that depends on the node: where a unit of
    /// mass, started at the seeds `s` (scaled to sum 1) and moved by the
    /// row-normalised weights `W`, comes to rest. At fragments the chance is
    /// `1 - damping`. Mass that reaches a node without edges rests there.
    ///
    /// Cost depends on `epsilon`, not on the size of the graph.
    pub fn personalised_pagerank(&self, seeds: &[(u32, f32)], options: PageRankOptions) -> Walk {
        let mut mass: HashMap<u32, f32> = HashMap::new();
        let mut residual: HashMap<u32, f32> = HashMap::new();
        let mut queue: VecDeque<u32> = VecDeque::new();
        for (node, share) in scaled(self, seeds) {
            residual.insert(node, share);
            queue.push_back(node);
        }
        let limit = |node: u32| options.epsilon * self.degree(node).max(1) as f32;
        while let Some(node) = queue.pop_front() {
            let pushed = residual.get(&node).copied().unwrap_or(0.0);
            if pushed <= limit(node) {
                continue;
            }
            residual.insert(node, 0.0);
            let strength = self.strength(node);
            if strength <= 0.0 {
                *mass.entry(node).or_default() += pushed;
                continue;
            }
            let stay = self.stay(node, options.damping);
            *mass.entry(node).or_default() += stay * pushed;
            let forward = (1.0 - stay) * pushed / strength;
            for (next, weight) in self.neighbours(node) {
                let waiting = residual.entry(next).or_default();
                let before = *waiting;
                *waiting += forward * weight;
                if before <= limit(next) && *waiting > limit(next) {
                    queue.push_back(next);
                }
            }
        }
        sorted(mass)
    }

    fn stay(&self, node: u32, damping: f32) -> f32 {
        match self.key(node) {
            Some(NodeKey::Fragment(_)) => 1.0 - damping,
            _ => STAY_AT_PASSED,
        }
    }

    /// The same by power iteration: exact in the limit, every node each round.
    pub fn pagerank_by_iteration(
        &self,
        seeds: &[(u32, f32)],
        damping: f32,
        n_rounds: usize,
    ) -> Walk {
        let n = self.n_nodes();
        let mut restart = vec![0f32; n];
        for (node, share) in scaled(self, seeds) {
            if let Some(slot) = restart.get_mut(node as usize) {
                *slot = share;
            }
        }
        // `walking` is the mass that has not stopped; what stops is summed up.
        let (mut walking, mut stopped) = (restart, vec![0f32; n]);
        for _ in 0..n_rounds {
            let mut next = vec![0f32; n];
            for (node, (mass, stop)) in (0u32..).zip(walking.iter().zip(&mut stopped)) {
                let strength = self.strength(node);
                if strength <= 0.0 {
                    *stop += mass;
                    continue;
                }
                let stay = self.stay(node, damping);
                *stop += stay * mass;
                for (target, weight) in self.neighbours(node) {
                    if let Some(slot) = next.get_mut(target as usize) {
                        *slot += (1.0 - stay) * mass * weight / strength;
                    }
                }
            }
            walking = next;
        }
        sorted((0u32..).zip(stopped).filter(|(_, mass)| *mass > 0.0).collect())
    }

    /// A path of at most `max_steps` edges from one of `seeds` to `target`,
    /// both ends included; the fewest edges, then the lowest numbers.
    pub fn path(&self, seeds: &[u32], target: u32, max_steps: usize) -> Option<Vec<u32>> {
        let mut came_from: HashMap<u32, u32> = HashMap::new();
        let mut frontier: Vec<u32> = seeds.to_vec();
        frontier.sort_unstable();
        for seed in &frontier {
            came_from.insert(*seed, *seed);
        }
        for _ in 0..max_steps {
            if came_from.contains_key(&target) {
                break;
            }
            let mut reached: BTreeMap<u32, u32> = BTreeMap::new();
            for node in &frontier {
                for (next, _) in self.neighbours(*node) {
                    if !came_from.contains_key(&next) {
                        reached.entry(next).or_insert(*node);
                    }
                }
            }
            frontier = reached.keys().copied().collect();
            came_from.extend(reached);
        }
        let mut path = vec![target];
        let mut node = target;
        loop {
            let before = *came_from.get(&node)?;
            if before == node {
                break;
            }
            path.push(before);
            node = before;
        }
        path.reverse();
        Some(path)
    }
}

/// Seeds that exist, scaled to sum 1, ordered by node.
fn scaled(projection: &Projection, seeds: &[(u32, f32)]) -> BTreeMap<u32, f32> {
    let mut known: BTreeMap<u32, f32> = BTreeMap::new();
    for (node, weight) in seeds {
        if *weight > 0.0 && projection.key(*node).is_some() {
            *known.entry(*node).or_default() += weight;
        }
    }
    let total: f32 = known.values().sum();
    for weight in known.values_mut() {
        *weight /= total;
    }
    known
}

fn sorted(mass: HashMap<u32, f32>) -> Walk {
    let mut mass: Vec<(u32, f32)> = mass.into_iter().collect();
    mass.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    Walk { mass }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::ProjectionBuilder;
    use crate::model::{EntityId, FragmentId};
    use proptest::prelude::*;

    /// Every third node is an entity.
    fn node(n: usize) -> NodeKey {
        if n % 3 == 2 {
            NodeKey::Entity(EntityId::from_iri(format!("n{n:03}")))
        } else {
            NodeKey::Fragment(FragmentId::from_iri(format!("n{n:03}")))
        }
    }

    fn graph(edges: &[(usize, usize, f32)]) -> Projection {
        let mut builder = ProjectionBuilder::new();
        for (a, b, weight) in edges {
            builder.add_edge(node(*a), node(*b), *weight);
        }
        builder.build()
    }

    proptest! {
        #[test]
        fn forward_push_agrees_with_power_iteration(
            edges in prop::collection::vec((0usize..30, 0usize..30, 0.1f32..2.0), 5..80),
            seed in 0usize..5,
        ) {
            let projection = graph(&edges);
            prop_assume!(projection.n_nodes() > seed);
            let seeds = [(seed as u32, 2.0)];
            let options = PageRankOptions { damping: 0.6, epsilon: 1e-6 };
            let pushed = projection.personalised_pagerank(&seeds, options);
            let exact: HashMap<u32, f32> =
                projection.pagerank_by_iteration(&seeds, 0.6, 400).mass.into_iter().collect();
            let total: f32 = pushed.mass.iter().map(|(_, mass)| mass).sum();
            prop_assert!(total <= 1.0 + 1e-3);
            for (node, mass) in &pushed.mass {
                prop_assert!((mass - exact.get(node).copied().unwrap_or(0.0)).abs() < 1e-3);
            }
        }
    }

    #[test]
    fn paths_are_the_shortest() {
        let projection = graph(&[(0, 1, 1.0), (1, 3, 1.0), (3, 4, 1.0), (0, 4, 1.0)]);
        let number = |n: usize| projection.number(&node(n)).unwrap();
        let path = |from: usize, to: usize, n_steps: usize| {
            projection.path(&[number(from)], number(to), n_steps)
        };
        let numbers = |nodes: &[usize]| Some(nodes.iter().map(|n| number(*n)).collect::<Vec<_>>());
        assert_eq!(path(0, 4, 4), numbers(&[0, 4]));
        assert_eq!(path(1, 4, 4), numbers(&[1, 0, 4]));
        assert_eq!(path(1, 4, 1), None);
        assert_eq!(path(3, 3, 0), numbers(&[3]));
    }
}
