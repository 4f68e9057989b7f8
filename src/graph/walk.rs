//! Walks on the projection: personalised PageRank and short paths.

use super::projection::{NodeKey, Projection};
use super::walk_space::Space;
use std::collections::{BTreeMap, VecDeque};

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
        let seeds = scaled(self, seeds);
        self.spaces().with(self.n_nodes(), |space| self.push_forward(seeds, options, space))
    }

    fn push_forward(
        &self,
        seeds: BTreeMap<u32, f32>,
        options: PageRankOptions,
        space: &mut Space,
    ) -> Walk {
        let Space { mass, residual, .. } = space;
        let mut reached: Vec<u32> = Vec::new();
        let mut queue: VecDeque<u32> = VecDeque::new();
        for (node, share) in seeds {
            residual.set(node, share);
            queue.push_back(node);
        }
        let limit = |node: u32| options.epsilon * self.degree(node).max(1) as f32;
        while let Some(node) = queue.pop_front() {
            let (pushed, resting) = (residual.get(node), mass.get(node));
            if pushed <= limit(node) {
                continue;
            }
            residual.set(node, 0.0);
            if resting == 0.0 {
                reached.push(node);
            }
            let strength = self.strength(node);
            if strength <= 0.0 {
                mass.set(node, resting + pushed);
                continue;
            }
            let stay = self.stay(node, options.damping);
            mass.set(node, resting + stay * pushed);
            let forward = (1.0 - stay) * pushed / strength;
            for (next, weight) in self.neighbours(node) {
                let before = residual.get(next);
                let after = before + forward * weight;
                residual.set(next, after);
                if before <= limit(next) && after > limit(next) {
                    queue.push_back(next);
                }
            }
        }
        reached.sort_unstable();
        reached.dedup();
        sorted(reached.into_iter().map(|node| (node, mass.get(node))).collect())
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
        self.spaces().with(self.n_nodes(), |space| self.search(seeds, target, max_steps, space))
    }

    fn search(
        &self,
        seeds: &[u32],
        target: u32,
        max_steps: usize,
        space: &mut Space,
    ) -> Option<Vec<u32>> {
        let came_from = &mut space.came_from;
        let mut frontier: Vec<u32> = seeds.to_vec();
        frontier.sort_unstable();
        for seed in &frontier {
            came_from.set(*seed, seed + 1);
        }
        for _ in 0..max_steps {
            if came_from.get(target) > 0 {
                break;
            }
            let mut reached: Vec<u32> = Vec::new();
            'level: for node in &frontier {
                for (next, _) in self.neighbours(*node) {
                    if came_from.get(next) == 0 {
                        came_from.set(next, node + 1);
                        reached.push(next);
                        // What else is on this level is not on a path to it.
                        if next == target {
                            break 'level;
                        }
                    }
                }
            }
            reached.sort_unstable();
            frontier = reached;
        }
        let mut path = vec![target];
        let mut node = target;
        loop {
            let before = came_from.get(node).checked_sub(1)?;
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

fn sorted(mut mass: Vec<(u32, f32)>) -> Walk {
    mass.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    Walk { mass }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::ProjectionBuilder;
    use crate::model::{EntityId, FragmentId};
    use proptest::prelude::*;
    use std::collections::HashMap;

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
