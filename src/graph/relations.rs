//! Writing and reading relations.
//!
//! A relation is reified as RDF does it (`rdf:subject`, `rdf:predicate`, `rdf:object`),
//! with the words that say it under the selectors of Web Annotation, and stands beside
//! it as a plain triple, so that ordinary queries find it.

use super::error::GraphError;
use super::mentions::has_digest;
use super::read::iri;
use super::store::{Store, insert};
use super::triples::Triples;
use crate::model::{
    Digest, EntityId, FragmentId, Predicate, Relation, RelationObject, Span, VersionId,
};
use crate::vocab::{self, oa, rdf, rdfs, vt};
use oxigraph::model::{NamedNodeRef, Quad, QuadRef, Term, Triple};
use oxigraph::store::Transaction;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Versions whose relations are written in one transaction.
const VERSIONS_PER_TRANSACTION: usize = 32;

/// The relations of one document version.
#[derive(Debug)]
pub struct RelationsWrite<'a> {
    /// The version.
    pub version: &'a VersionId,
    /// All its relations.
    pub relations: &'a [Relation],
    /// Digest of the relations, kept to see whether they are current.
    pub digest: Digest,
}

impl Store {
    /// Replaces the relations of each listed version, several versions in one
    /// transaction.
    ///
    /// # Errors
    /// When the store cannot be written; versions of earlier transactions keep their
    /// new relations.
    pub fn set_relations(&self, writes: &[RelationsWrite<'_>]) -> Result<(), GraphError> {
        for batch in writes.chunks(VERSIONS_PER_TRANSACTION) {
            let n_triples = self.write(|transaction| {
                let mut n_triples = 0;
                for write in batch {
                    clear(transaction, write.version)?;
                    let graph = NamedNodeRef::new_unchecked(write.version.as_str());
                    let triples = triples(write);
                    insert(transaction, graph, &triples);
                    n_triples += triples.len();
                }
                Ok(n_triples)
            })?;
            self.wrote(n_triples)?;
        }
        Ok(())
    }

    /// Every relation, ordered by fragment and place.
    ///
    /// # Errors
    /// When the store cannot be read or a relation is incomplete.
    pub fn relations(&self) -> Result<Vec<Relation>, GraphError> {
        let ids = self.pairs(rdf::SUBJECT)?.into_iter().map(|(id, _)| id);
        self.read_relations(ids.filter(|id| id.starts_with(vocab::RELATION_PREFIX)).collect())
    }

    /// Relations with one of these entities at one end, ordered by fragment and place.
    ///
    /// # Errors
    /// When the store cannot be read or a relation is incomplete.
    pub fn relations_of(&self, entities: &[EntityId]) -> Result<Vec<Relation>, GraphError> {
        let mut ids = BTreeSet::new();
        for entity in entities {
            let node = NamedNodeRef::new_unchecked(entity.as_str());
            for end in [rdf::SUBJECT, rdf::OBJECT] {
                let end = NamedNodeRef::new_unchecked(end);
                for quad in self.inner.quads_for_pattern(None, Some(end), Some(node.into()), None) {
                    let id = iri(&quad?.subject.into());
                    if id.starts_with(vocab::RELATION_PREFIX) {
                        ids.insert(id);
                    }
                }
            }
        }
        self.read_relations(ids.into_iter().collect())
    }

    /// Pairs of entities that a relation of a document ties together, each once, the
    /// smaller one first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn related_entities(&self) -> Result<Vec<(EntityId, EntityId)>, GraphError> {
        let subjects = self.column(rdf::SUBJECT)?;
        let objects = NamedNodeRef::new_unchecked(rdf::OBJECT);
        let mut pairs = BTreeSet::new();
        for quad in self.inner.quads_for_pattern(None, Some(objects), None, None) {
            let quad = quad?;
            let id = iri(&quad.subject.into());
            let (Term::NamedNode(object), Some(subject)) = (quad.object, subjects.get(&id)) else {
                continue;
            };
            let (a, b) = (subject.clone(), object.into_string());
            if id.starts_with(vocab::RELATION_PREFIX) && a != b {
                let (a, b) = (EntityId::from_iri(a), EntityId::from_iri(b));
                pairs.insert((a.clone().min(b.clone()), a.max(b)));
            }
        }
        Ok(pairs.into_iter().collect())
    }

    fn read_relations(&self, ids: Vec<String>) -> Result<Vec<Relation>, GraphError> {
        let mut relations = Vec::with_capacity(ids.len());
        for id in ids {
            relations.push(self.read_relation(&id)?);
        }
        relations.sort_by(|a, b| order(a).cmp(&order(b)));
        Ok(relations)
    }

    fn read_relation(&self, id: &str) -> Result<Relation, GraphError> {
        let mut stated = self.stated(id)?;
        for part in ["target", "selector"] {
            stated.extend(self.stated(&format!("{id}/{part}"))?);
        }
        let missing =
            |property| GraphError::Damaged { what: "relation", iri: id.to_owned(), property };
        let text =
            |property: &'static str| stated.get(property).map(iri).ok_or_else(|| missing(property));
        let number = |property| text(property)?.parse::<usize>().map_err(|_| missing(property));
        let object = match stated.get(rdf::OBJECT).ok_or_else(|| missing(rdf::OBJECT))? {
            Term::NamedNode(node) => RelationObject::Entity(EntityId::from_iri(node.as_str())),
            other => RelationObject::Value(iri(other)),
        };
        Ok(Relation {
            fragment: FragmentId::from_iri(text(oa::HAS_SOURCE)?),
            span: Span::new(number(oa::START)?, number(oa::END)?),
            quote: text(oa::EXACT)?,
            subject: EntityId::from_iri(text(rdf::SUBJECT)?),
            predicate: Predicate::from_iri(text(rdf::PREDICATE)?),
            object,
            confidence: text(vt::CONFIDENCE)?.parse().map_err(|_| missing(vt::CONFIDENCE))?,
            rule: text(vt::RULE)?,
        })
    }

    /// What is stated of a resource, by property.
    fn stated(&self, id: &str) -> Result<HashMap<String, Term>, GraphError> {
        let node = NamedNodeRef::new_unchecked(id);
        let quads = self.inner.quads_for_pattern(Some(node.into()), None, None, None);
        quads
            .map(|quad| quad.map(|q| (q.predicate.into_string(), q.object)))
            .map(|r| Ok(r?))
            .collect()
    }
}

/// The order in which relations are kept: by fragment, place and content.
fn order(relation: &Relation) -> (&FragmentId, Span, &EntityId, &Predicate, &RelationObject) {
    (&relation.fragment, relation.span, &relation.subject, &relation.predicate, &relation.object)
}

/// Whether a statement about a resource may stand in the graph of a version as a plain
/// triple: documents, versions and fragments are described by Veritrail alone, whatever
/// imported RDF names and texts say.
fn may_be_stated(subject: &str) -> bool {
    let own = subject.starts_with("urn:veritrail:");
    !own || [vocab::ENTITY_PREFIX, vocab::RECORD_PREFIX].iter().any(|p| subject.starts_with(p))
}

/// Removes the relations of a version: everything under a relation's IRI, the plain
/// triples, and the names of keys.
fn clear(transaction: &mut Transaction<'_>, version: &VersionId) -> Result<(), GraphError> {
    if !has_digest(transaction, version, vt::RELATIONS_SHA256)? {
        return Ok(());
    }
    let graph = NamedNodeRef::new_unchecked(version.as_str());
    let mut ends: BTreeMap<String, [Option<Term>; 3]> = BTreeMap::new();
    let mut gone: Vec<Quad> = Vec::new();
    for quad in transaction.quads_for_pattern(None, None, None, Some(graph.into())) {
        let quad = quad?;
        let subject = iri(&Term::from(quad.subject.clone()));
        if subject.starts_with(vocab::RELATION_PREFIX) {
            let place = [rdf::SUBJECT, rdf::PREDICATE, rdf::OBJECT]
                .iter()
                .position(|property| *property == quad.predicate.as_str());
            if let Some(end) = place.and_then(|n| ends.entry(subject).or_default().get_mut(n)) {
                *end = Some(quad.object.clone());
            }
            gone.push(quad);
        } else if subject.starts_with(vocab::PROPERTY_PREFIX)
            || quad.predicate.as_str() == vt::RELATIONS_SHA256
        {
            gone.push(quad);
        }
    }
    gone.iter().for_each(|quad| transaction.remove(quad.as_ref()));
    let plain = ends
        .into_values()
        .filter_map(|[s, p, o]| Some((iri(s.as_ref()?), iri(p.as_ref()?), o?)))
        .filter(|(subject, _, _)| may_be_stated(subject));
    for (subject, predicate, object) in plain {
        let (subject, predicate) =
            (NamedNodeRef::new_unchecked(&subject), NamedNodeRef::new_unchecked(&predicate));
        transaction.remove(QuadRef::new(subject, predicate, object.as_ref(), graph));
    }
    Ok(())
}

fn triples(write: &RelationsWrite<'_>) -> Vec<Triple> {
    let mut triples = Triples::new();
    triples.text(write.version.as_str(), vt::RELATIONS_SHA256, &write.digest.to_string());
    for (n, relation) in write.relations.iter().enumerate() {
        let id = format!("{}{}:{n}", vocab::RELATION_PREFIX, write.version.hash());
        let (target, selector) = (format!("{id}/target"), format!("{id}/selector"));
        let (subject, predicate) = (relation.subject.as_str(), relation.predicate.as_str());
        triples.class(&id, vt::RELATION);
        triples.link(&id, rdf::SUBJECT, subject);
        triples.link(&id, rdf::PREDICATE, predicate);
        let stated = may_be_stated(subject);
        match &relation.object {
            RelationObject::Entity(entity) => {
                triples.link(&id, rdf::OBJECT, entity.as_str());
                if stated {
                    triples.link(subject, predicate, entity.as_str());
                }
            }
            RelationObject::Value(value) => {
                triples.text(&id, rdf::OBJECT, value);
                if stated {
                    triples.text(subject, predicate, value);
                }
            }
        }
        if let Some(key) = relation.predicate.key() {
            triples.text(predicate, rdfs::LABEL, &key);
        }
        triples.single(&id, vt::CONFIDENCE, relation.confidence);
        triples.text(&id, vt::RULE, &relation.rule);
        triples.link(&id, oa::HAS_TARGET, &target);
        triples.link(&target, oa::HAS_SOURCE, relation.fragment.as_str());
        triples.link(&target, oa::HAS_SELECTOR, &selector);
        triples.class(&selector, oa::TEXT_POSITION_SELECTOR);
        triples.class(&selector, oa::TEXT_QUOTE_SELECTOR);
        triples.count(&selector, oa::START, relation.span.start());
        triples.count(&selector, oa::END, relation.span.end());
        triples.text(&selector, oa::EXACT, &relation.quote);
    }
    triples.into_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relation(version: &VersionId, predicate: Predicate, object: RelationObject) -> Relation {
        Relation {
            fragment: FragmentId::new(version, 0),
            span: Span::new(0, 11),
            quote: "X is a pump".to_owned(),
            subject: EntityId::from_label("x"),
            predicate,
            object,
            confidence: 0.75,
            rule: "is-a".to_owned(),
        }
    }

    #[test]
    fn relations_are_read_back_and_leave_nothing_when_they_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let version = VersionId::from_iri(format!("{}ab", vocab::VERSION_PREFIX));
        let pump = RelationObject::Entity(EntityId::from_label("pump"));
        let mut relations = vec![
            relation(&version, Predicate::is_a(), pump),
            relation(
                &version,
                Predicate::from_key("Supply voltage"),
                RelationObject::Value("24 V".to_owned()),
            ),
        ];
        relations.sort_by(|a, b| order(a).cmp(&order(b)));
        let digest = Digest::of(b"1");
        let write = |relations: &[Relation]| {
            store
                .set_relations(&[RelationsWrite { version: &version, relations, digest }])
                .unwrap();
        };
        write(&relations);
        assert_eq!(store.relations().unwrap(), relations);
        let x = EntityId::from_label("x");
        assert_eq!(store.relations_of(std::slice::from_ref(&x)).unwrap().len(), 2);
        assert_eq!(store.related_entities().unwrap().len(), 1);
        assert_eq!(store.pairs(vt::IS_A).unwrap().len(), 1);
        write(&[]);
        // The digest of the relations alone is left.
        assert_eq!(store.n_quads().unwrap(), 1);
    }

    #[test]
    fn a_text_states_nothing_about_a_document_of_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let version = VersionId::from_iri(format!("{}ab", vocab::VERSION_PREFIX));
        let mut forged = relation(
            &version,
            Predicate::is_part_of(),
            RelationObject::Entity(EntityId::from_label("pump")),
        );
        forged.subject = EntityId::from_iri(version.as_str());
        let digest = Digest::of(b"1");
        let relations = [forged];
        let write = RelationsWrite { version: &version, relations: &relations, digest };
        store.set_relations(&[write]).unwrap();
        assert_eq!(store.pairs(crate::vocab::dcterms::IS_PART_OF).unwrap(), []);
        assert_eq!(store.relations().unwrap(), relations);
    }
}
