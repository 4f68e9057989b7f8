//! Arrays over all nodes that walks write into, kept from one walk to the next.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// One number for each node, all 0 between walks; only what was written is put back.
///
/// Taking such an array from the system for each walk costs more than the walk itself
/// once threads walk side by side: it comes as new pages, and giving them back stops
/// every processor that runs the program.
pub(super) struct Values<T> {
    values: Vec<T>,
    written: Vec<u32>,
}

impl<T: Copy + Default + PartialEq> Values<T> {
    fn new(n_nodes: usize) -> Self {
        Self { values: vec![T::default(); n_nodes], written: Vec::new() }
    }

    /// What is at a node; 0 for one that there is not.
    pub(super) fn get(&self, node: u32) -> T {
        self.values.get(node as usize).copied().unwrap_or_default()
    }

    /// Puts a value at a node. One that there is not is left out.
    pub(super) fn set(&mut self, node: u32, value: T) {
        if let Some(slot) = self.values.get_mut(node as usize) {
            if *slot == T::default() {
                self.written.push(node);
            }
            *slot = value;
        }
    }

    fn clear(&mut self) {
        for node in self.written.drain(..) {
            if let Some(slot) = self.values.get_mut(node as usize) {
                *slot = T::default();
            }
        }
    }
}

/// What one walk needs.
pub(super) struct Space {
    /// Mass that rests at a node.
    pub(super) mass: Values<f32>,
    /// Mass that waits at a node.
    pub(super) residual: Values<f32>,
    /// One more than the node that a path came from; 0 where none was reached yet.
    pub(super) came_from: Values<u32>,
}

impl Space {
    fn new(n_nodes: usize) -> Self {
        Self {
            mass: Values::new(n_nodes),
            residual: Values::new(n_nodes),
            came_from: Values::new(n_nodes),
        }
    }

    fn clear(&mut self) {
        self.mass.clear();
        self.residual.clear();
        self.came_from.clear();
    }
}

/// Spaces that no walk uses, for the next walks.
#[derive(Default)]
pub(super) struct Spaces(Mutex<Vec<Space>>);

/// Spaces kept at most; what more walks side by side took is given back.
const N_KEPT: usize = 8;

impl Spaces {
    /// Runs a walk over `n_nodes` with a space that is all 0.
    pub(super) fn with<R>(&self, n_nodes: usize, walk: impl FnOnce(&mut Space) -> R) -> R {
        let mut space = self.kept().pop().unwrap_or_else(|| Space::new(n_nodes));
        let result = walk(&mut space);
        space.clear();
        let mut kept = self.kept();
        if kept.len() < N_KEPT {
            kept.push(space);
        }
        result
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Space>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_space_is_empty_again_for_the_next_walk() {
        let spaces = Spaces::default();
        spaces.with(3, |space| {
            space.mass.set(1, 0.5);
            space.mass.set(1, 0.0);
            space.mass.set(1, 0.25);
            space.came_from.set(2, 7);
            space.came_from.set(3, 7);
            assert_eq!((space.mass.get(1), space.came_from.get(2)), (0.25, 7));
            assert_eq!(space.came_from.get(3), 0);
        });
        assert_eq!(spaces.kept().len(), 1);
        spaces.with(3, |space| {
            let all = (0..3).map(|n| (space.mass.get(n), space.came_from.get(n)));
            assert!(all.eq([(0.0, 0); 3]));
        });
    }
}
