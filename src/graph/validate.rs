//! Graph by graph, what shapes are checked on.

use super::error::GraphError;
use super::store::Store;
use super::write::imported_graph;
use crate::model::{DocumentId, VersionId};
use crate::vocab::{self, dcterms, rdf, rdfs};
use oxigraph::model::{GraphName, NamedNodeRef, NamedOrBlankNode, Quad, Term, Triple};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashSet};

/// Settings of the graph.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GraphConfig {
    /// Files of SHACL shapes, as paths below the knowledge base; `*` in a file name
    /// stands for any text. When there is none, those of the folder `shapes`.
    pub shapes: Vec<String>,
}

impl Store {
    /// Names of all graphs, ordered.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn graph_names(&self) -> Result<Vec<String>, GraphError> {
        let mut names = BTreeSet::new();
        for graph in self.inner.named_graphs() {
            if let NamedOrBlankNode::NamedNode(name) = graph? {
                names.insert(name.into_string());
            }
        }
        Ok(names.into_iter().collect())
    }

    /// Which class stands below which, in the ontology and in imported RDF.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn subclasses(&self) -> Result<Vec<Triple>, GraphError> {
        let below = NamedNodeRef::new_unchecked(rdfs::SUB_CLASS_OF);
        let quads = self.inner.quads_for_pattern(None, Some(below), None, None);
        Ok(quads.map(|quad| quad.map(Triple::from)).collect::<Result<_, _>>()?)
    }

    /// What other graphs of imported RDF say about the subjects and objects of
    /// `triples`, and who points to their subjects: one step, not the whole store.
    /// `except` names the graph of the triples.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn imported_around(
        &self,
        triples: &[Triple],
        except: &str,
    ) -> Result<Vec<Triple>, GraphError> {
        let mut subjects: HashSet<NamedNodeRef<'_>> = HashSet::new();
        let mut objects: HashSet<NamedNodeRef<'_>> = HashSet::new();
        for triple in triples {
            if let NamedOrBlankNode::NamedNode(node) = &triple.subject {
                subjects.insert(node.as_ref());
            }
            if let Term::NamedNode(node) = &triple.object
                && triple.predicate.as_str() != rdf::TYPE
            {
                objects.insert(node.as_ref());
            }
        }
        let mut around: HashSet<Triple> = HashSet::new();
        let is_other = |quad: &Quad| {
            matches!(&quad.graph_name, GraphName::NamedNode(graph)
                if graph.as_str().starts_with(vocab::GRAPH_IMPORTED_PREFIX)
                    && graph.as_str() != except)
        };
        for node in subjects.union(&objects) {
            let about = self.inner.quads_for_pattern(Some((*node).into()), None, None, None);
            for quad in about {
                let quad = quad?;
                if is_other(&quad) {
                    around.insert(quad.into());
                }
            }
        }
        for node in subjects {
            let to = self.inner.quads_for_pattern(None, None, Some(node.into()), None);
            for quad in to {
                let quad = quad?;
                if is_other(&quad) {
                    around.insert(quad.into());
                }
            }
        }
        Ok(around.into_iter().collect())
    }

    /// Name of the graph that holds the triples of the present version of a document;
    /// none when the document is not there.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn imported_graph_of(&self, document: &DocumentId) -> Result<Option<String>, GraphError> {
        let of = NamedNodeRef::new_unchecked(dcterms::IS_VERSION_OF);
        let id = NamedNodeRef::new_unchecked(document.as_str());
        let mut versions = self.inner.quads_for_pattern(None, Some(of), Some(id.into()), None);
        let version = versions.next().transpose()?.map(|quad| Term::from(quad.subject));
        Ok(version.map(|node| imported_graph(&VersionId::from_iri(super::read::iri(&node)))))
    }

    /// Name of the graph that holds the triples of a version of an RDF document.
    pub fn imported_graph_name(version: &VersionId) -> String {
        imported_graph(version)
    }
}
