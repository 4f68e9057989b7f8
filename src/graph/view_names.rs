//! Which entities, and which of their names, the documents support that a caller sees.

use super::read::iri;
use super::view::{GraphKind, View};
use crate::model::{EntityId, normalise_label};
use crate::vocab::{self, dcterms, rdf, schema, skos, vt};
use oxigraph::model::{Quad, Term};
use oxigraph::store::StorageError;

impl View<'_, '_> {
    /// Whether the caller sees an entity: a visible document names it by the label that
    /// its IRI spells, or visible imported RDF describes it.
    pub(super) fn sees_entity(&self, entity: &str) -> Result<bool, StorageError> {
        if let Some(known) = self.entities.borrow().get(entity) {
            return Ok(*known);
        }
        let seen = if entity.starts_with(vocab::ENTITY_PREFIX) {
            self.is_named_by_its_iri(entity)?
        } else {
            self.is_described(entity)?
        };
        self.entities.borrow_mut().insert(entity.to_owned(), seen);
        Ok(seen)
    }

    fn is_named_by_its_iri(&self, entity: &str) -> Result<bool, StorageError> {
        for predicate in [skos::PREF_LABEL, skos::ALT_LABEL] {
            let graph = Some(vocab::GRAPH_ENTITIES);
            for quad in self.quads(Some(entity), Some(predicate), None, graph) {
                let label = iri(&quad?.object);
                if EntityId::from_label(&normalise_label(&label)).as_str() == entity
                    && self.is_named(entity, &label)?
                {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Whether visible imported RDF speaks of a resource.
    fn is_described(&self, resource: &str) -> Result<bool, StorageError> {
        let about = self.quads(Some(resource), None, None, None);
        let to = self.quads(None, None, Some(resource), None);
        for quad in about.chain(to) {
            if self.is_in_visible(&quad?, GraphKind::Imported)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a document that the caller sees calls an entity by this name.
    pub(super) fn is_named(&self, entity: &str, label: &str) -> Result<bool, StorageError> {
        let key = (entity.to_owned(), normalise_label(label));
        if let Some(known) = self.names.borrow().get(&key) {
            return Ok(*known);
        }
        let named = self.is_topic(entity, &key.1)?
            || self.is_mentioned(entity, &key.1)?
            || self.is_stated(entity, &key.1)?
            || self.is_imported_name(entity, &key.1)?;
        self.names.borrow_mut().insert(key, named);
        Ok(named)
    }

    /// A visible document with this title or other name is about the entity.
    fn is_topic(&self, entity: &str, label: &str) -> Result<bool, StorageError> {
        for quad in self.quads(None, Some(schema::ABOUT), Some(entity), None) {
            let quad = quad?;
            if !self.is_in_visible_version(&quad)? {
                continue;
            }
            for title in [dcterms::TITLE, dcterms::ALTERNATIVE] {
                for value in self.values(&quad, title)? {
                    if normalise_label(&value) == label {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    /// A visible fragment that mentions the entity has the name in its words or in the
    /// headings above it.
    fn is_mentioned(&self, entity: &str, label: &str) -> Result<bool, StorageError> {
        for quad in self.quads(None, Some(schema::MENTIONS), Some(entity), None) {
            let quad = quad?;
            if !self.is_in_visible_version(&quad)? {
                continue;
            }
            for words in [vt::TEXT, vt::SECTION] {
                for value in self.values(&quad, words)? {
                    if normalise_label(&value).contains(label) {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    /// A visible relation about the entity stands in words that have the name.
    fn is_stated(&self, entity: &str, label: &str) -> Result<bool, StorageError> {
        for end in [rdf::SUBJECT, rdf::OBJECT] {
            for quad in self.quads(None, Some(end), Some(entity), None) {
                let quad = quad?;
                if !self.is_in_visible_version(&quad)? {
                    continue;
                }
                let target = format!("{}/target", iri(&Term::from(quad.subject.clone())));
                let graph = super::view::name_of(quad.graph_name.as_ref());
                let source = crate::vocab::oa::HAS_SOURCE;
                for fragment in self.quads(Some(&target), Some(source), None, graph) {
                    let fragment = iri(&fragment?.object);
                    for words in [vt::TEXT, vt::SECTION] {
                        for value in self.quads(Some(&fragment), Some(words), None, graph) {
                            if normalise_label(&iri(&value?.object)).contains(label) {
                                return Ok(true);
                            }
                        }
                    }
                }
            }
        }
        Ok(false)
    }

    /// Visible imported RDF gives the resource this name.
    fn is_imported_name(&self, entity: &str, label: &str) -> Result<bool, StorageError> {
        for quad in self.quads(Some(entity), None, None, None) {
            let quad = quad?;
            if let Term::Literal(value) = &quad.object
                && normalise_label(value.value()) == label
                && self.is_in_visible(&quad, GraphKind::Imported)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a visible fragment mentions two entities that are both seen.
    pub(super) fn together(&self, left: &str, right: &str) -> Result<bool, StorageError> {
        if !self.sees_entity(left)? || !self.sees_entity(right)? {
            return Ok(false);
        }
        let key = (left.min(right).to_owned(), left.max(right).to_owned());
        if let Some(known) = self.pairs.borrow().get(&key) {
            return Ok(*known);
        }
        let mut seen = false;
        for quad in self.quads(None, Some(schema::MENTIONS), Some(left), None) {
            let quad = quad?;
            let fragment = iri(&Term::from(quad.subject.clone()));
            let graph = super::view::name_of(quad.graph_name.as_ref());
            let both = self.quads(Some(&fragment), Some(schema::MENTIONS), Some(right), graph);
            if both.take(1).next().transpose()?.is_some() && self.is_in_visible_version(&quad)? {
                seen = true;
                break;
            }
        }
        self.pairs.borrow_mut().insert(key, seen);
        Ok(seen)
    }

    /// Values of a property of the subject of a quad, in the same graph.
    fn values(&self, quad: &Quad, predicate: &str) -> Result<Vec<String>, StorageError> {
        let subject = iri(&Term::from(quad.subject.clone()));
        let graph = super::view::name_of(quad.graph_name.as_ref());
        let quads = self.quads(Some(&subject), Some(predicate), None, graph);
        quads.map(|quad| Ok(iri(&quad?.object))).collect()
    }
}
