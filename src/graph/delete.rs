//! Taking documents out for good, and proving that nothing is left.

use super::audit::Rewrite;
use super::error::GraphError;
use super::read::iri;
use super::store::{Store, drop_graph, insert};
use super::write::{imported_graph, versions_of};
use crate::model::{AnswerId, Digest, DocumentId, VersionId};
use crate::vocab::{self, dcterms, prov, rdf, schema, vt};
use oxigraph::model::{GraphName, NamedNode, NamedNodeRef, Quad, Term, Triple};
use oxigraph::store::Transaction;
use std::collections::BTreeSet;

/// What left with documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removal {
    /// Versions whose graphs were dropped.
    pub versions: Vec<VersionId>,
    /// Triples that left.
    pub n_triples: usize,
    /// Entities that nothing else supports.
    pub n_entities: usize,
}

impl Store {
    /// Removes documents in one transaction: the graphs of their versions, what other
    /// graphs say of them, and entities that nothing else supports. `erasures` is what
    /// changes in records of answers that quote them; `record`, which says who did it and
    /// why, becomes part of the governance graph in the same transaction.
    ///
    /// # Errors
    /// When the store cannot be written; then nothing has changed.
    pub fn delete_documents(
        &self,
        documents: &[DocumentId],
        erasures: &Rewrite,
        record: &[Triple],
    ) -> Result<Removal, GraphError> {
        self.write(|transaction| {
            let mut removal = Removal::default();
            let mut candidates = BTreeSet::new();
            for document in documents {
                for version in versions_of(transaction, document)? {
                    for graph in [version.as_str().to_owned(), imported_graph(&version)] {
                        removal.n_triples += n_quads(transaction, &graph)?;
                        candidates.extend(supported(transaction, &graph)?);
                        drop_graph(transaction, &graph)?;
                    }
                    removal.versions.push(version);
                }
                for graph in [vocab::GRAPH_DEPICTIONS, vocab::GRAPH_NEAR_DUPLICATES] {
                    removal.n_triples += forget(transaction, graph, document.as_str())?;
                }
            }
            for entity in candidates {
                if !is_supported(transaction, &entity)? {
                    let n = forget(transaction, vocab::GRAPH_ENTITIES, &entity)?;
                    removal.n_triples += n;
                    removal.n_entities += usize::from(n > 0);
                }
            }
            erasures.apply(transaction);
            insert(transaction, NamedNodeRef::new_unchecked(vocab::GRAPH_GOVERNANCE), record);
            Ok(removal)
        })
    }

    /// Answer records whose evidence comes from one of these documents, ordered.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn answers_about(&self, documents: &[DocumentId]) -> Result<Vec<AnswerId>, GraphError> {
        let mut answers = BTreeSet::new();
        for document in documents {
            let quads = self.inner.quads_for_pattern(
                None,
                Some(NamedNodeRef::new_unchecked(dcterms::REFERENCES)),
                Some(NamedNodeRef::new_unchecked(document.as_str()).into()),
                None,
            );
            for quad in quads {
                let subject = iri(&Term::from(quad?.subject));
                if let Some(name) = subject.strip_prefix(vocab::ANSWER_PREFIX) {
                    answers.extend(AnswerId::from_name(name));
                }
            }
        }
        Ok(answers.into_iter().collect())
    }

    /// Earlier versions of a document that are known from records of answers alone, with
    /// the digests of their bytes.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn answered_versions(
        &self,
        document: &DocumentId,
    ) -> Result<Vec<(VersionId, Digest)>, GraphError> {
        let mut found = BTreeSet::new();
        for answer in self.answers_about(std::slice::from_ref(document))? {
            let triples = self.graph(answer.as_str())?;
            let used = |predicate: &str| -> BTreeSet<String> {
                let of = triples.iter().filter(|triple| triple.predicate.as_str() == predicate);
                of.map(|triple| iri(&triple.object)).collect()
            };
            let versions = used(prov::WAS_DERIVED_FROM);
            for bytes in used(prov::USED) {
                let digest = bytes.strip_prefix(vocab::BYTES_PREFIX).and_then(|d| d.parse().ok());
                let Some(digest) = digest else { continue };
                let version = VersionId::new(document, &digest);
                if versions.contains(version.as_str()) {
                    found.insert((version, digest));
                }
            }
        }
        Ok(found.into_iter().collect())
    }

    /// Versions that deletions of this document recorded.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn deleted_versions(&self, document: &DocumentId) -> Result<Vec<VersionId>, GraphError> {
        let deletions = self.inner.quads_for_pattern(
            None,
            Some(NamedNodeRef::new_unchecked(vt::DELETED_DOCUMENT)),
            Some(NamedNodeRef::new_unchecked(document.as_str()).into()),
            None,
        );
        let mut versions = BTreeSet::new();
        for deletion in deletions {
            let deletion = deletion?.subject;
            let named = self.inner.quads_for_pattern(
                Some(deletion.as_ref()),
                Some(NamedNodeRef::new_unchecked(vt::DELETED_VERSION)),
                None,
                None,
            );
            for version in named {
                versions.insert(VersionId::from_iri(iri(&version?.object)));
            }
        }
        Ok(versions.into_iter().collect())
    }

    /// Subjects and objects in graphs other than governance and answers that still
    /// speak of a document or of one of its versions, at most `most`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn traces(
        &self,
        document: &DocumentId,
        versions: &[VersionId],
        most: usize,
    ) -> Result<Vec<String>, GraphError> {
        let hashes: Vec<&str> = versions.iter().map(VersionId::hash).collect();
        let speaks = |term: &str| {
            term == document.as_str()
                || (term.starts_with("urn:veritrail:") && hashes.iter().any(|h| term.contains(h)))
        };
        let mut found = Vec::new();
        for quad in self.inner.iter() {
            let quad = quad?;
            let graph = match &quad.graph_name {
                GraphName::NamedNode(graph) => graph.as_str(),
                GraphName::BlankNode(_) | GraphName::DefaultGraph => "",
            };
            if graph == vocab::GRAPH_GOVERNANCE || graph.starts_with(vocab::ANSWER_PREFIX) {
                continue;
            }
            // Links of other documents lead to what is no longer there: their words, not
            // this document's.
            let links = [dcterms::REFERENCES, vt::LINKS_TO, vt::PICTURE_FILE];
            let of_others = links.contains(&quad.predicate.as_str())
                && !speaks(graph)
                && !speaks(&iri(&Term::from(quad.subject.clone())));
            let object = match &quad.object {
                Term::NamedNode(node) => node.as_str(),
                Term::BlankNode(_) | Term::Literal(_) => "",
            };
            let subject = iri(&Term::from(quad.subject.clone()));
            if !of_others && (speaks(graph) || speaks(&subject) || speaks(object)) {
                found.push(format!("{subject} {} in <{graph}>", quad.predicate.as_str()));
                if found.len() == most {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Rewrites the files of the store without what was removed.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn compact(&self) -> Result<(), GraphError> {
        {
            let _alone = self.alone_flushing();
            self.inner.optimize().map_err(|source| self.not_written(source))?;
        }
        // Copies for queries share the files of before.
        self.pool.retire();
        Ok(())
    }
}

fn graph_quads(transaction: &Transaction<'_>, graph: &str) -> Result<Vec<Quad>, GraphError> {
    let graph = GraphName::from(NamedNode::new_unchecked(graph));
    let quads = transaction.quads_for_pattern(None, None, None, Some(graph.as_ref()));
    Ok(quads.collect::<Result<_, _>>()?)
}

fn n_quads(transaction: &Transaction<'_>, graph: &str) -> Result<usize, GraphError> {
    Ok(graph_quads(transaction, graph)?.len())
}

/// Properties by which the graph of a version names entities.
pub(super) const NAMING: [&str; 4] = [schema::MENTIONS, schema::ABOUT, rdf::SUBJECT, rdf::OBJECT];

/// Entities that a graph mentions, is about, relates or describes.
fn supported(transaction: &Transaction<'_>, graph: &str) -> Result<BTreeSet<String>, GraphError> {
    let imported = graph.starts_with(vocab::GRAPH_IMPORTED_PREFIX);
    let mut entities = BTreeSet::new();
    for quad in graph_quads(transaction, graph)? {
        if imported {
            entities.insert(iri(&Term::from(quad.subject)));
        } else if NAMING.contains(&quad.predicate.as_str())
            && matches!(quad.object, Term::NamedNode(_))
        {
            entities.insert(iri(&quad.object));
        }
    }
    Ok(entities)
}

/// Whether a document mentions an entity, is about it, or describes it.
fn is_supported(transaction: &Transaction<'_>, entity: &str) -> Result<bool, GraphError> {
    let node = NamedNodeRef::new_unchecked(entity);
    for predicate in NAMING {
        let predicate = NamedNodeRef::new_unchecked(predicate);
        let mut named =
            transaction.quads_for_pattern(None, Some(predicate), Some(node.into()), None);
        if named.next().transpose()?.is_some() {
            return Ok(true);
        }
    }
    for quad in transaction.quads_for_pattern(Some(node.into()), None, None, None) {
        if let GraphName::NamedNode(graph) = quad?.graph_name
            && graph.as_str().starts_with(vocab::GRAPH_IMPORTED_PREFIX)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Removes from a graph every resource that is or names `about`, and what hangs on it.
fn forget(
    transaction: &mut Transaction<'_>,
    graph: &str,
    about: &str,
) -> Result<usize, GraphError> {
    let name = NamedNode::new_unchecked(graph);
    let name = GraphName::from(name);
    let node = NamedNode::new_unchecked(about);
    let naming =
        transaction.quads_for_pattern(None, None, Some(node.as_ref().into()), Some(name.as_ref()));
    let mut gone: Vec<Quad> = naming.collect::<Result<_, _>>()?;
    let claims: BTreeSet<String> = gone
        .iter()
        .map(|quad| iri(&Term::from(quad.subject.clone())))
        // An entity that is like this one stays; the likeness goes.
        .filter(|subject| subject.starts_with(vocab::DEPICTION_PREFIX))
        .collect();
    for subject in claims.iter().map(String::as_str).chain([about]) {
        let subject = NamedNodeRef::new_unchecked(subject);
        let own =
            transaction.quads_for_pattern(Some(subject.into()), None, None, Some(name.as_ref()));
        gone.extend(own.collect::<Result<Vec<_>, _>>()?);
    }
    let gone: BTreeSet<String> = gone
        .iter()
        .map(|quad| {
            transaction.remove(quad.as_ref());
            quad.to_string()
        })
        .collect();
    Ok(gone.len())
}
