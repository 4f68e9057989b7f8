//! Does everything that the graph names exist, and hang together?

use super::error::GraphError;
use super::store::Store;
use crate::model::{Digest, FragmentId, SpaceId};
use crate::vocab::{self, dcterms, oa, rdf, schema, vt};
use std::collections::{BTreeMap, HashSet};

/// What is wrong; empty lists when nothing is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IntegrityReport {
    /// Every finding as a line for people.
    pub findings: Vec<String>,
}

impl IntegrityReport {
    /// Whether nothing was found.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}

impl Store {
    /// Reads everything that is on disk and compares it with its checksums and indexes.
    ///
    /// # Errors
    /// With the file that is damaged, as far as the store knows it.
    pub fn check_storage(&self) -> Result<(), GraphError> {
        Ok(self.inner.validate()?)
    }

    /// Checks that every fragment belongs to a version, every version to one
    /// document, every mention and relation to a fragment and its entities, and that every
    /// vector and original that the graph names is known to the caller.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn check_integrity(
        &self,
        has_vector: &dyn Fn(SpaceId, &FragmentId) -> bool,
        has_blob: &dyn Fn(&Digest) -> bool,
    ) -> Result<IntegrityReport, GraphError> {
        let mut findings = Vec::new();
        let versions = self.column(dcterms::IS_VERSION_OF)?;
        let mut by_document: BTreeMap<&str, usize> = BTreeMap::new();
        for document in versions.values() {
            *by_document.entry(document).or_default() += 1;
        }
        for (document, n) in by_document.iter().filter(|(_, n)| **n > 1) {
            findings.push(format!("document {document} has {n} versions at once"));
        }
        let fragments = self.column(dcterms::IS_PART_OF)?;
        let is_fragment = |(id, _): &(&String, &String)| id.starts_with(vocab::FRAGMENT_PREFIX);
        for (fragment, version) in fragments.iter().filter(is_fragment) {
            if !versions.contains_key(version) {
                findings.push(format!("fragment {fragment} belongs to no version"));
            }
        }
        for property in [vt::SHA256, vt::TEXT_SHA256] {
            for (version, digest) in self.column(property)? {
                let known = digest.parse().is_ok_and(|digest| has_blob(&digest));
                if versions.contains_key(&version) && !known {
                    findings.push(format!("bytes {digest} of {version} are missing"));
                }
            }
        }
        for (fragment, space) in self.pairs(vt::EMBEDDED_IN)? {
            let id = space.strip_prefix(vocab::SPACE_PREFIX).and_then(|hex| hex.parse().ok());
            let target = FragmentId::from_iri(fragment.clone());
            if !id.is_some_and(|digest| has_vector(SpaceId(digest), &target)) {
                findings.push(format!("the vector of {fragment} in {space} is missing"));
            }
        }
        let entities: HashSet<String> =
            self.entities()?.into_iter().map(|entity| entity.id.as_str().to_owned()).collect();
        for (fragment, entity) in self.pairs(schema::MENTIONS)? {
            if fragment.starts_with(vocab::FRAGMENT_PREFIX) && !entities.contains(&entity) {
                findings.push(format!("fragment {fragment} mentions unknown entity {entity}"));
            }
        }
        for (relation, entity) in self.pairs(rdf::SUBJECT)? {
            if relation.starts_with(vocab::RELATION_PREFIX) && !entities.contains(&entity) {
                findings.push(format!("relation {relation} is about unknown entity {entity}"));
            }
        }
        for (target, fragment) in self.pairs(oa::HAS_SOURCE)? {
            if !fragments.contains_key(&fragment) {
                findings.push(format!("target {target} points at no fragment"));
            }
        }
        findings.sort();
        Ok(IntegrityReport { findings })
    }
}
