//! Records with their seals, written and found again.

use super::changes::Changes;
use super::error::GraphError;
use super::read::iri;
use super::store::Store;
use crate::model::{AnswerId, Digest, DocumentId};
use crate::vocab::{self, dcterms, prov, rdf, vt};
use oxigraph::model::{LiteralRef, NamedNode, NamedNodeRef, Quad, Term, TermRef, Triple};
use oxigraph::store::Transaction;
use std::collections::HashSet;
use std::sync::PoisonError;

/// What changes in several graphs at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rewrite {
    /// Quads that go.
    pub removed: Vec<Quad>,
    /// Quads that come.
    pub inserted: Vec<Quad>,
}

impl Rewrite {
    /// Adds triples to a graph.
    pub fn insert(&mut self, graph: &str, triples: impl IntoIterator<Item = Triple>) {
        let graph = NamedNode::new_unchecked(graph);
        self.inserted.extend(triples.into_iter().map(|triple| triple.in_graph(graph.clone())));
    }

    /// Takes triples out of a graph.
    pub fn remove(&mut self, graph: &str, triples: impl IntoIterator<Item = Triple>) {
        let graph = NamedNode::new_unchecked(graph);
        self.removed.extend(triples.into_iter().map(|triple| triple.in_graph(graph.clone())));
    }

    /// Makes the changes within a transaction.
    pub(super) fn apply(&self, transaction: &mut Transaction<'_>) {
        for quad in &self.removed {
            transaction.remove(quad.as_ref());
        }
        transaction.extend(self.inserted.iter().map(Quad::as_ref));
    }
}

impl Store {
    /// Changes several graphs in one transaction; `new` is a graph that must not be there
    /// yet.
    ///
    /// # Errors
    /// When it is there, or the store cannot be written. Then nothing has changed.
    pub fn rewrite(&self, new: Option<&str>, rewrite: Rewrite) -> Result<(), GraphError> {
        let guard = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = new
            && self.inner.contains_named_graph(NamedNodeRef::new_unchecked(name))?
        {
            return Err(GraphError::GraphExists(name.to_owned()));
        }
        let Rewrite { removed, inserted } = rewrite;
        let n_triples = removed.len() + inserted.len();
        self.write_changes(&guard, Changes { removed, inserted, ..Changes::default() })?;
        drop(guard);
        self.wrote_in_passing(n_triples);
        Ok(())
    }

    /// What a graph says about one subject.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn about(&self, graph: &str, subject: &str) -> Result<Vec<Triple>, GraphError> {
        let quads = self.inner.quads_for_pattern(
            Some(NamedNodeRef::new_unchecked(subject).into()),
            None,
            None,
            Some(NamedNodeRef::new_unchecked(graph).into()),
        );
        Ok(quads.map(|quad| quad.map(Triple::from)).collect::<Result<_, _>>()?)
    }

    /// What a graph says by one property.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn said_by(&self, graph: &str, predicate: &str) -> Result<Vec<Triple>, GraphError> {
        let quads = self.inner.quads_for_pattern(
            None,
            Some(NamedNodeRef::new_unchecked(predicate)),
            None,
            Some(NamedNodeRef::new_unchecked(graph).into()),
        );
        Ok(quads.map(|quad| quad.map(Triple::from)).collect::<Result<_, _>>()?)
    }

    /// The first value of a property of a subject in a graph.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn value_in(
        &self,
        graph: &str,
        subject: &str,
        predicate: &str,
    ) -> Result<Option<String>, GraphError> {
        let mut quads = self.inner.quads_for_pattern(
            Some(NamedNodeRef::new_unchecked(subject).into()),
            Some(NamedNodeRef::new_unchecked(predicate)),
            None,
            Some(NamedNodeRef::new_unchecked(graph).into()),
        );
        Ok(quads.next().transpose()?.map(|quad| iri(&quad.object)))
    }

    /// Spaces of an embedding model, by its name.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn spaces_of_model(&self, name: &str) -> Result<Vec<String>, GraphError> {
        let name = LiteralRef::new_simple_literal(name);
        let mut spaces = self.subjects(vt::MODEL, name.into(), vocab::GRAPH_GOVERNANCE)?;
        spaces.retain(|iri| iri.starts_with(vocab::SPACE_PREFIX));
        Ok(spaces)
    }

    /// Whether a document has a version.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn has_document(&self, document: &DocumentId) -> Result<bool, GraphError> {
        let predicate = NamedNodeRef::new_unchecked(dcterms::IS_VERSION_OF);
        let document = NamedNodeRef::new_unchecked(document.as_str());
        let mut versions =
            self.inner.quads_for_pattern(None, Some(predicate), Some(document.into()), None);
        Ok(versions.next().transpose()?.is_some())
    }

    /// IRI of the seal of a record.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn seal_of(&self, record: &str) -> Result<Option<String>, GraphError> {
        let found = self.named_subjects(vt::SEALS, record, vocab::GRAPH_AUDIT)?;
        Ok(found.into_iter().next())
    }

    /// IRIs of all seals.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn seals(&self) -> Result<Vec<String>, GraphError> {
        self.named_subjects(rdf::TYPE, vt::SEAL, vocab::GRAPH_AUDIT)
    }

    /// IRIs of the acts that took words from the record of an answer, ordered.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn erasures_of(&self, answer: &AnswerId) -> Result<Vec<String>, GraphError> {
        self.named_subjects(vt::ERASED_ANSWER, answer.as_str(), vocab::GRAPH_GOVERNANCE)
    }

    /// What has this IRI as the value of a property in the governance graph, ordered.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn subjects_in_governance(
        &self,
        predicate: &str,
        object: &str,
    ) -> Result<Vec<String>, GraphError> {
        self.named_subjects(predicate, object, vocab::GRAPH_GOVERNANCE)
    }

    fn named_subjects(
        &self,
        predicate: &str,
        object: &str,
        graph: &str,
    ) -> Result<Vec<String>, GraphError> {
        self.subjects(predicate, NamedNodeRef::new_unchecked(object).into(), graph)
    }

    fn subjects(
        &self,
        predicate: &str,
        object: TermRef<'_>,
        graph: &str,
    ) -> Result<Vec<String>, GraphError> {
        let quads = self.inner.quads_for_pattern(
            None,
            Some(NamedNodeRef::new_unchecked(predicate)),
            Some(object),
            Some(NamedNodeRef::new_unchecked(graph).into()),
        );
        let found = quads.map(|quad| Ok(iri(&Term::from(quad?.subject))));
        let mut found: Vec<String> = found.collect::<Result<_, GraphError>>()?;
        found.sort();
        Ok(found)
    }

    /// Digests of bytes that deletions took away.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn invalidated_bytes(&self) -> Result<HashSet<Digest>, GraphError> {
        let pairs = self.pairs(prov::WAS_INVALIDATED_BY)?.into_iter();
        Ok(pairs
            .filter_map(|(bytes, _)| bytes.strip_prefix(vocab::BYTES_PREFIX)?.parse().ok())
            .collect())
    }

    /// Every answer that has a graph, ordered.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn answers(&self) -> Result<Vec<AnswerId>, GraphError> {
        let names = self.graph_names()?;
        let answers = names.iter().filter_map(|name| name.strip_prefix(vocab::ANSWER_PREFIX));
        Ok(answers.filter_map(AnswerId::from_name).collect())
    }
}
