//! Properties and classes that imported RDF describes for people.

use super::error::GraphError;
use super::read::iri;
use super::store::Store;
use crate::model::{OntologyTerm, TermKind};
use crate::vocab::{owl, rdf, rdfs};
use oxigraph::model::Term;
use std::collections::BTreeMap;

impl Store {
    /// Properties and classes of imported RDF that have a label and a comment, ordered
    /// by IRI.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn ontology_terms(&self) -> Result<Vec<OntologyTerm>, GraphError> {
        let mut kinds: BTreeMap<String, TermKind> = BTreeMap::new();
        for quad in self.imported(rdf::TYPE)? {
            let kind = match iri(&quad.object).as_str() {
                rdf::PROPERTY => TermKind::Property,
                owl::OBJECT_PROPERTY => TermKind::ObjectProperty,
                owl::DATATYPE_PROPERTY => TermKind::DatatypeProperty,
                owl::CLASS | rdfs::CLASS => TermKind::Class,
                _ => continue,
            };
            // What OWL says of a property is more than that it is one.
            let known = kinds.entry(iri(&Term::from(quad.subject))).or_insert(kind);
            *known = (*known).max(kind);
        }
        let (labels, comments) = (self.texts(rdfs::LABEL)?, self.texts(rdfs::COMMENT)?);
        let mut domains = self.named_objects(rdfs::DOMAIN)?;
        let mut ranges = self.named_objects(rdfs::RANGE)?;
        let mut above = self.named_objects(rdfs::SUB_CLASS_OF)?;
        let described = kinds.into_iter().filter_map(|(iri, kind)| {
            let (label, comment) = (labels.get(&iri)?.clone(), comments.get(&iri)?.clone());
            Some(OntologyTerm {
                kind,
                label,
                comment,
                domains: domains.remove(&iri).unwrap_or_default(),
                ranges: ranges.remove(&iri).unwrap_or_default(),
                above: above.remove(&iri).unwrap_or_default(),
                iri,
            })
        });
        Ok(described.collect())
    }

    /// The text of a property of each subject in imported RDF: in English or without a
    /// language where there is one, and the first in order of those.
    fn texts(&self, predicate: &str) -> Result<BTreeMap<String, String>, GraphError> {
        let mut texts: BTreeMap<String, (bool, String)> = BTreeMap::new();
        for quad in self.imported(predicate)? {
            let Term::Literal(literal) = quad.object else { continue };
            let foreign = literal.language().is_some_and(|language| !language.starts_with("en"));
            let text = (foreign, literal.value().to_owned());
            let known = texts.entry(iri(&Term::from(quad.subject))).or_insert_with(|| text.clone());
            if text < *known {
                *known = text;
            }
        }
        Ok(texts.into_iter().map(|(subject, (_, text))| (subject, text)).collect())
    }

    /// IRIs to which a property of imported RDF leads from each subject, ordered.
    fn named_objects(&self, predicate: &str) -> Result<BTreeMap<String, Vec<String>>, GraphError> {
        let mut objects: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for quad in self.imported(predicate)? {
            if let Term::NamedNode(object) = quad.object {
                let known = objects.entry(iri(&Term::from(quad.subject))).or_default();
                known.push(object.into_string());
            }
        }
        for known in objects.values_mut() {
            known.sort();
            known.dedup();
        }
        Ok(objects)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Triples;
    use crate::model::VersionId;

    #[test]
    fn terms_without_a_label_or_comment_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let mut triples = Triples::new();
        for (term, class) in [
            ("urn:x:fits", owl::OBJECT_PROPERTY),
            ("urn:x:fits", rdf::PROPERTY),
            ("urn:x:Seal", owl::CLASS),
            ("urn:x:bare", rdf::PROPERTY),
        ] {
            triples.class(term, class);
        }
        for term in ["urn:x:fits", "urn:x:Seal"] {
            triples.text(term, rdfs::LABEL, "b label");
            triples.text(term, rdfs::LABEL, "a label");
            triples.text(term, rdfs::COMMENT, "About it.");
        }
        triples.link("urn:x:fits", rdfs::RANGE, "urn:x:Seal");
        triples.link("urn:x:Seal", rdfs::SUB_CLASS_OF, "urn:x:Part");
        let version = VersionId::from_iri("urn:veritrail:version:0");
        store.insert_graph(&Store::imported_graph_name(&version), triples.into_vec()).unwrap();
        let terms = store.ontology_terms().unwrap();
        assert_eq!(terms.len(), 2);
        assert_eq!(
            (terms[0].iri.as_str(), terms[0].above[0].as_str()),
            ("urn:x:Seal", "urn:x:Part")
        );
        assert_eq!((terms[1].kind, terms[1].label.as_str()), (TermKind::ObjectProperty, "a label"));
        assert_eq!(terms[1].ranges, ["urn:x:Seal"]);
    }
}
