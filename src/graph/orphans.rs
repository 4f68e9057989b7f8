//! Entities that nothing speaks of any more.

use super::delete::NAMING;
use super::error::GraphError;
use super::store::Store;
use crate::model::EntityId;
use crate::vocab;
use oxigraph::model::{GraphName, NamedNodeRef};

impl Store {
    /// Entities that no document mentions, is about, relates or describes, ordered.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn orphaned_entities(&self) -> Result<Vec<EntityId>, GraphError> {
        let mut orphaned = Vec::new();
        for entity in self.entities()? {
            if !self.is_spoken_of(entity.id.as_str())? {
                orphaned.push(entity.id);
            }
        }
        Ok(orphaned)
    }

    fn is_spoken_of(&self, entity: &str) -> Result<bool, GraphError> {
        let node = NamedNodeRef::new_unchecked(entity);
        for predicate in NAMING {
            let predicate = NamedNodeRef::new_unchecked(predicate);
            let mut named =
                self.inner.quads_for_pattern(None, Some(predicate), Some(node.into()), None);
            if named.next().transpose()?.is_some() {
                return Ok(true);
            }
        }
        for quad in self.inner.quads_for_pattern(Some(node.into()), None, None, None) {
            if let GraphName::NamedNode(graph) = quad?.graph_name
                && graph.as_str().starts_with(vocab::GRAPH_IMPORTED_PREFIX)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
