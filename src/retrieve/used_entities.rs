//! What evidence is about.

use super::view::View;
use crate::graph::NodeKey;
use crate::model::{EntityId, Evidence, GraphStep};
use std::collections::BTreeSet;

impl View<'_> {
    /// Entities that evidence names or that its paths pass, of those that are seen.
    pub fn entities_of_evidence(&self, evidence: &[Evidence]) -> BTreeSet<EntityId> {
        let snapshot = self.snapshot();
        let mut found = BTreeSet::new();
        for item in evidence {
            for step in item.path.iter().flat_map(|path| &path.steps) {
                if let GraphStep::Entity { id, .. } = step {
                    found.insert(id.clone());
                }
            }
            let key = NodeKey::Fragment(item.fragment.id.clone());
            let Some(number) = snapshot.projection.number(&key) else { continue };
            for entity in snapshot.entities_in(number) {
                if let Some(NodeKey::Entity(id)) = snapshot.projection.key(entity)
                    && self.sees_entity(id)
                {
                    found.insert(id.clone());
                }
            }
        }
        found
    }
}
