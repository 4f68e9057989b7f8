//! Which entity a name is of, and which entities are one thing.

use super::error::EngineError;
use super::records::Records;
use crate::model::{ClaimStatus, Entity, EntityClass, EntityId, Merge, normalise_label};
use crate::resolve::{Groups, merge_groups};
use std::collections::{BTreeSet, HashMap};

impl Records {
    /// The entity of this IRI, or the only one of this label; a resource of imported
    /// RDF before what is known by the label alone.
    ///
    /// # Errors
    /// When no entity or several have the label, or the graph cannot be read.
    pub fn entity_named(&self, name: &str) -> Result<EntityId, EngineError> {
        let id = EntityId::from_iri(name);
        if self.graph.entity(&id)?.is_some() {
            return Ok(id);
        }
        let mut found = self.labelled_as_written(name)?;
        if found.is_empty() {
            found = self.labelled_alike(name)?;
        }
        let groups = self.groups()?;
        let groups: BTreeSet<&str> = found.iter().map(|id| groups.of(id.as_str())).collect();
        match (groups.len(), found.as_slice(), groups.first()) {
            (0, _, _) => Err(EngineError::NoEntity(name.to_owned())),
            (1, [only], _) => Ok(only.clone()),
            (1, _, Some(representative)) => Ok(EntityId::from_iri(*representative)),
            _ => {
                let iris: Vec<&str> = found.iter().map(EntityId::as_str).collect();
                let found = iris.join(", ");
                Err(EngineError::SeveralEntities { name: name.to_owned(), found })
            }
        }
    }

    /// Entities with a label in a spelling that is known of the name: as it is given, or
    /// as the entity writes it that the name makes. By the indexes of the graph.
    fn labelled_as_written(&self, name: &str) -> Result<Vec<EntityId>, EngineError> {
        let wanted = normalise_label(name);
        let made = self.graph.entity(&EntityId::from_label(&wanted))?;
        let mut spellings: BTreeSet<String> = BTreeSet::from([name.to_owned(), wanted.clone()]);
        let known = made.iter().flat_map(|entity| &entity.labels);
        spellings.extend(known.filter(|label| normalise_label(label) == wanted).cloned());
        let mut found: BTreeSet<EntityId> = BTreeSet::new();
        for spelling in &spellings {
            found.extend(self.graph.entities_labelled(spelling)?);
        }
        Ok(found.into_iter().collect())
    }

    /// Entities with a label that is the same but for case, quotes and white space. Reads
    /// all of them.
    fn labelled_alike(&self, name: &str) -> Result<Vec<EntityId>, EngineError> {
        let wanted = normalise_label(name);
        let bears =
            |entity: &Entity| entity.labels.iter().any(|label| normalise_label(label) == wanted);
        let entities = self.graph.entities()?.into_iter();
        Ok(entities.filter(bears).map(|entity| entity.id).collect())
    }

    /// An entity and all that is one thing with it.
    pub(super) fn entity_iris(&self, name: &str) -> Result<Vec<String>, EngineError> {
        let id = self.entity_named(name)?;
        let mut iris = self.groups()?.members(id.as_str());
        iris.push(id.as_str().to_owned());
        iris.sort();
        iris.dedup();
        Ok(iris)
    }

    /// The groups of the claims that the graph holds.
    pub(super) fn groups(&self) -> Result<Groups, EngineError> {
        let merges = self.graph.merges()?;
        let mut classes: HashMap<&str, Option<EntityClass>> = HashMap::new();
        for merge in &merges {
            for member in [&merge.left, &merge.right] {
                if !classes.contains_key(member.as_str()) {
                    let known = self.graph.entity(member)?.map(|entity| entity.class);
                    classes.insert(member.as_str(), known);
                }
            }
        }
        let class = |id: &str| classes.get(id).copied().flatten();
        let pair = |merge: &Merge| (merge.left.to_string(), merge.right.to_string());
        let accepted: Vec<(String, String, f64)> = merges
            .iter()
            .filter(|merge| merge.status == ClaimStatus::Accepted)
            .filter(|merge| {
                class(merge.left.as_str()).is_some() && class(merge.right.as_str()).is_some()
            })
            .map(|merge| {
                let (a, b) = pair(merge);
                (a, b, merge.probability)
            })
            .collect();
        let rejected: Vec<(String, String)> =
            merges.iter().filter(|m| m.status == ClaimStatus::Rejected).map(pair).collect();
        let rank = |id: &str| u32::from(class(id) != Some(EntityClass::Resource));
        Ok(merge_groups(&accepted, &rejected, &rank))
    }
}
