//! Which documents state what imported RDF says, for those who may not see all of them.

use super::error::EngineError;
use crate::graph::{DocumentSummary, Store, imported_graph};
use crate::model::{DocumentId, EntityId};
use std::collections::HashMap;

/// Ties and labels of imported RDF with the documents that state them.
pub(super) struct StatedBy {
    /// Pairs of resources that a triple ties together.
    pub(super) links: Vec<(EntityId, EntityId)>,
    /// The same with each document that has such a triple.
    pub(super) ties: Vec<(EntityId, EntityId, DocumentId)>,
    /// Labels of resources with each document that states them.
    pub(super) labels: Vec<(EntityId, String, DocumentId)>,
}

impl StatedBy {
    pub(super) fn read(graph: &Store, documents: &[DocumentSummary]) -> Result<Self, EngineError> {
        let of: HashMap<String, &DocumentId> = documents
            .iter()
            .map(|document| (imported_graph(&document.version), &document.id))
            .collect();
        let (mut links, mut ties) = (Vec::new(), Vec::new());
        for (a, b, graphs) in graph.resource_links()? {
            for document in graphs.iter().filter_map(|graph| of.get(graph)) {
                ties.push((a.clone(), b.clone(), (*document).clone()));
            }
            links.push((a, b));
        }
        let labels = graph.stated_labels()?.into_iter();
        let labels = labels
            .filter_map(|(entity, label, graph)| Some((entity, label, (*of.get(&graph)?).clone())))
            .collect();
        Ok(Self { links, ties, labels })
    }
}
