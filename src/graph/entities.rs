//! Entities and what imported RDF says about resources.

use super::error::GraphError;
use super::store::Store;
use super::triples::Triples;
use crate::model::{Entity, EntityClass, EntityId};
use crate::vocab::{self, dcterms, rdf, rdfs, schema, skos};
use oxigraph::model::{GraphName, LiteralRef, NamedNodeRef, Quad, Term, Triple};
use oxigraph::store::StorageError;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Predicates whose values name a resource, the preferred ones first.
const LABEL_PREDICATES: [&str; 7] = [
    skos::PREF_LABEL,
    rdfs::LABEL,
    schema::NAME,
    vocab::SCHEMA_HTTP_NAME,
    dcterms::TITLE,
    skos::ALT_LABEL,
    schema::ALTERNATE_NAME,
];

/// What imported RDF states about a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResourceStatement {
    /// The resource.
    pub resource: EntityId,
    /// IRI of the property.
    pub property: String,
    /// A literal's text, or the IRI of another resource.
    pub value: String,
    /// Whether the value is a literal.
    pub is_literal: bool,
}

impl ResourceStatement {
    /// Whether the value names the resource.
    pub fn is_label(&self) -> bool {
        LABEL_PREDICATES.contains(&self.property.as_str())
    }
}

impl Store {
    /// Makes the entities graph hold exactly these entities and proposals, beside the
    /// merges that it holds.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn set_entities(
        &self,
        entities: &[Entity],
        close_matches: &[(EntityId, EntityId)],
    ) -> Result<(), GraphError> {
        let is_own = |quad: &Quad| {
            let subject = super::read::iri(&Term::from(quad.subject.clone()));
            !super::merges::is_of_merges(&subject, quad.predicate.as_str())
        };
        self.settle(vocab::GRAPH_ENTITIES, triples(entities, close_matches), &is_own)
    }

    /// Adds to the entities graph what it does not hold of these entities and proposals.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn add_entities(
        &self,
        entities: &[Entity],
        close_matches: &[(EntityId, EntityId)],
    ) -> Result<(), GraphError> {
        self.supply(vocab::GRAPH_ENTITIES, triples(entities, close_matches))
    }

    /// Every entity, ordered by id.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn entities(&self) -> Result<Vec<Entity>, GraphError> {
        let graph = NamedNodeRef::new_unchecked(vocab::GRAPH_ENTITIES);
        entities_of(self.inner.quads_for_pattern(None, None, None, Some(graph.into())))
    }

    /// One entity; `None` when there is none of this id.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn entity(&self, id: &EntityId) -> Result<Option<Entity>, GraphError> {
        let graph = NamedNodeRef::new_unchecked(vocab::GRAPH_ENTITIES);
        let Ok(id) = NamedNodeRef::new(id.as_str()) else { return Ok(None) };
        let quads = self.inner.quads_for_pattern(Some(id.into()), None, None, Some(graph.into()));
        Ok(entities_of(quads)?.into_iter().next())
    }

    /// Entities that have exactly this label, ordered.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn entities_labelled(&self, label: &str) -> Result<Vec<EntityId>, GraphError> {
        let graph = NamedNodeRef::new_unchecked(vocab::GRAPH_ENTITIES);
        let label = LiteralRef::new_simple_literal(label);
        let mut found = BTreeSet::new();
        for predicate in [skos::PREF_LABEL, skos::ALT_LABEL] {
            let predicate = NamedNodeRef::new_unchecked(predicate);
            let quads = self.inner.quads_for_pattern(
                None,
                Some(predicate),
                Some(label.into()),
                Some(graph.into()),
            );
            for quad in quads {
                let id = super::read::iri(&Term::from(quad?.subject));
                if !super::merges::is_of_merges(&id, predicate.as_str()) {
                    found.insert(EntityId::from_iri(id));
                }
            }
        }
        Ok(found.into_iter().collect())
    }

    /// Pairs of entities proposed as the same.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn close_matches(&self) -> Result<Vec<(EntityId, EntityId)>, GraphError> {
        let mut pairs: Vec<_> = self
            .pairs(skos::CLOSE_MATCH)?
            .into_iter()
            .map(|(a, b)| (EntityId::from_iri(a), EntityId::from_iri(b)))
            .collect();
        pairs.sort();
        Ok(pairs)
    }

    /// Labels of the resources that imported RDF describes, preferred labels first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn resource_labels(&self) -> Result<Vec<(EntityId, String)>, GraphError> {
        let mut labels = Vec::new();
        for predicate in LABEL_PREDICATES {
            let mut found: Vec<(EntityId, String)> = Vec::new();
            for quad in self.imported(predicate)? {
                if let Term::Literal(label) = &quad.object {
                    let id = super::read::iri(&Term::from(quad.subject));
                    found.push((EntityId::from_iri(id), label.value().to_owned()));
                }
            }
            found.sort();
            labels.append(&mut found);
        }
        Ok(labels)
    }

    /// Labels of the classes that have instances in imported RDF, wherever the class
    /// is described.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn class_labels(&self) -> Result<Vec<(EntityId, String)>, GraphError> {
        let mut classes = BTreeSet::new();
        for quad in self.imported(rdf::TYPE)? {
            if let Term::NamedNode(class) = quad.object {
                classes.insert(class.into_string());
            }
        }
        let labels = self.pairs(rdfs::LABEL)?.into_iter();
        let mut labels: Vec<(EntityId, String)> = labels
            .filter(|(class, _)| classes.contains(class))
            .map(|(class, label)| (EntityId::from_iri(class), label))
            .collect();
        labels.sort();
        labels.dedup();
        Ok(labels)
    }

    /// Classes of each resource of imported RDF, those above them included
    /// (`rdf:type/rdfs:subClassOf*`). A class counts as its own instance, so that a
    /// picture tagged with a class is one of that class.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn classes_of_resources(&self) -> Result<HashMap<EntityId, BTreeSet<String>>, GraphError> {
        let mut above: HashMap<String, Vec<String>> = HashMap::new();
        for (class, parent) in self.pairs(rdfs::SUB_CLASS_OF)? {
            above.entry(class).or_default().push(parent);
        }
        let with_above = |class: String| {
            let (mut found, mut open) = (BTreeSet::new(), vec![class]);
            while let Some(class) = open.pop() {
                open.extend(above.get(&class).into_iter().flatten().cloned());
                if !found.insert(class) {
                    // Circles of classes are legal RDF.
                    open.retain(|class| !found.contains(class));
                }
            }
            found
        };
        let mut classes: HashMap<EntityId, BTreeSet<String>> = HashMap::new();
        for quad in self.imported(rdf::TYPE)? {
            let Term::NamedNode(class) = quad.object else { continue };
            let all = with_above(class.into_string());
            for class in &all {
                let known = classes.entry(EntityId::from_iri(class.clone())).or_default();
                known.extend(with_above(class.clone()));
            }
            let id = super::read::iri(&Term::from(quad.subject));
            classes.entry(EntityId::from_iri(id)).or_default().extend(all);
        }
        Ok(classes)
    }

    /// Labels of resources as imported RDF states them, each with the graph that does.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn stated_labels(&self) -> Result<Vec<(EntityId, String, String)>, GraphError> {
        let mut stated = BTreeSet::new();
        for predicate in LABEL_PREDICATES {
            for quad in self.imported(predicate)? {
                if let (Term::Literal(label), GraphName::NamedNode(graph)) =
                    (&quad.object, quad.graph_name)
                {
                    let id = EntityId::from_iri(super::read::iri(&Term::from(quad.subject)));
                    stated.insert((id, label.value().to_owned(), graph.into_string()));
                }
            }
        }
        Ok(stated.into_iter().collect())
    }

    /// Pairs of labelled resources that an imported triple ties together, each with the
    /// graphs that hold such a triple.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn resource_links(&self) -> Result<Vec<(EntityId, EntityId, Vec<String>)>, GraphError> {
        let labelled: BTreeSet<EntityId> =
            self.resource_labels()?.into_iter().map(|(id, _)| id).collect();
        let mut links: BTreeMap<(EntityId, EntityId), Vec<String>> = BTreeMap::new();
        for graph in self.inner.named_graphs() {
            let graph = graph?;
            let name = super::read::iri(&Term::from(graph));
            if !name.starts_with(vocab::GRAPH_IMPORTED_PREFIX) {
                continue;
            }
            for triple in self.graph(&name)? {
                let from = EntityId::from_iri(super::read::iri(&Term::from(triple.subject)));
                let Term::NamedNode(to) = triple.object else { continue };
                let to = EntityId::from_iri(to.into_string());
                if from != to && labelled.contains(&from) && labelled.contains(&to) {
                    let graphs = links.entry((from, to)).or_default();
                    if graphs.last() != Some(&name) {
                        graphs.push(name.clone());
                    }
                }
            }
        }
        Ok(links.into_iter().map(|((from, to), graphs)| (from, to, graphs)).collect())
    }

    /// All that imported RDF states about labelled resources: resource, IRI of the
    /// property, value, and whether the value is a literal. Ordered.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn resource_statements(&self) -> Result<Vec<ResourceStatement>, GraphError> {
        let labelled: BTreeSet<EntityId> =
            self.resource_labels()?.into_iter().map(|(id, _)| id).collect();
        let mut statements = BTreeSet::new();
        for graph in self.inner.named_graphs() {
            let name = super::read::iri(&Term::from(graph?));
            if !name.starts_with(vocab::GRAPH_IMPORTED_PREFIX) {
                continue;
            }
            for triple in self.graph(&name)? {
                let resource = EntityId::from_iri(super::read::iri(&Term::from(triple.subject)));
                let is_literal = matches!(triple.object, Term::Literal(_));
                if labelled.contains(&resource) && !matches!(triple.object, Term::BlankNode(_)) {
                    statements.insert(ResourceStatement {
                        resource,
                        property: triple.predicate.into_string(),
                        value: super::read::iri(&triple.object),
                        is_literal,
                    });
                }
            }
        }
        Ok(statements.into_iter().collect())
    }

    pub(super) fn imported(&self, predicate: &str) -> Result<Vec<Quad>, GraphError> {
        let predicate = NamedNodeRef::new_unchecked(predicate);
        let quads = self.inner.quads_for_pattern(None, Some(predicate), None, None);
        let mut imported = Vec::new();
        for quad in quads {
            let quad = quad?;
            let named = matches!(&quad.graph_name, GraphName::NamedNode(graph)
                if graph.as_str().starts_with(vocab::GRAPH_IMPORTED_PREFIX));
            if named && matches!(&quad.subject, oxigraph::model::NamedOrBlankNode::NamedNode(_)) {
                imported.push(quad);
            }
        }
        Ok(imported)
    }
}

/// What the graph says of entities, one after the other.
fn triples<'a>(
    entities: &'a [Entity],
    close_matches: &'a [(EntityId, EntityId)],
) -> impl Iterator<Item = Triple> + 'a {
    let described = entities.iter().flat_map(|entity| {
        let mut triples = Triples::new();
        let id = entity.id.as_str();
        triples.class(id, &format!("{}{}", vocab::NAMESPACE, entity.class.local_name()));
        for (i, label) in entity.labels.iter().enumerate() {
            let predicate = if i == 0 { skos::PREF_LABEL } else { skos::ALT_LABEL };
            triples.text(id, predicate, label);
        }
        triples.into_vec()
    });
    let proposed = close_matches.iter().flat_map(|(a, b)| {
        let mut triples = Triples::new();
        triples.link(a.as_str(), skos::CLOSE_MATCH, b.as_str());
        triples.into_vec()
    });
    described.chain(proposed)
}

/// The entities that these quads describe, ordered by id.
fn entities_of(
    quads: impl Iterator<Item = Result<Quad, StorageError>>,
) -> Result<Vec<Entity>, GraphError> {
    let mut entities: BTreeMap<String, Entity> = BTreeMap::new();
    let mut alternatives = Vec::new();
    for quad in quads {
        let triple = quad?;
        let id = super::read::iri(&Term::from(triple.subject));
        if super::merges::is_of_merges(&id, triple.predicate.as_str()) {
            continue;
        }
        let entity = entities.entry(id.clone()).or_insert_with(|| Entity {
            id: EntityId::from_iri(id.clone()),
            labels: Vec::new(),
            class: EntityClass::ProperName,
        });
        let value = super::read::iri(&triple.object);
        match triple.predicate.as_str() {
            rdf::TYPE => {
                let local = value.strip_prefix(vocab::NAMESPACE).unwrap_or_default();
                if let Some(class) =
                    EntityClass::ALL.into_iter().find(|class| class.local_name() == local)
                {
                    entity.class = class;
                }
            }
            skos::PREF_LABEL => entity.labels.insert(0, value),
            skos::ALT_LABEL => alternatives.push((id, value)),
            _ => {}
        }
    }
    alternatives.sort();
    for (id, label) in alternatives {
        if let Some(entity) = entities.get_mut(&id) {
            entity.labels.push(label);
        }
    }
    Ok(entities.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let entity = |label: &str, class| Entity {
            id: EntityId::from_label(label),
            labels: vec![label.to_owned(), format!("{label} two")],
            class,
        };
        let (a, b) = (entity("alpha", EntityClass::Topic), entity("beta", EntityClass::Identifier));
        store.set_entities(&[a.clone(), b.clone()], &[(a.id.clone(), b.id.clone())]).unwrap();
        assert_eq!(store.entities().unwrap(), [a, b.clone()]);
        store.set_entities(std::slice::from_ref(&b), &[]).unwrap();
        assert_eq!(store.entities().unwrap(), [b]);
        assert_eq!(store.n_quads().unwrap(), 3);
    }
}
