//! A reading of the graph in which entities that are one thing are one.

use super::frozen::Beyond;
use crate::model::{Entity, EntityId};
use crate::resolve::Groups;
use std::collections::{BTreeMap, BTreeSet};

/// Lets the representative of each group stand for all its members: their topics, ties
/// and pictures become its own. Ties between entities that a person keeps apart are cut.
pub(super) fn apply(parts: &mut Beyond, groups: &Groups, apart: &BTreeSet<(EntityId, EntityId)>) {
    parts.ties.retain(|(a, b)| !apart.contains(&(a.min(b).clone(), a.max(b).clone())));
    if groups.representative.is_empty() {
        return;
    }
    let of = |id: &EntityId| EntityId::from_iri(groups.of(id.as_str()));
    let stand = |(member, of): (&String, &String)| {
        (EntityId::from_iri(member.clone()), EntityId::from_iri(of.clone()))
    };
    parts.representatives = groups.representative.iter().map(stand).collect();
    parts.topics.iter_mut().for_each(|(_, entity)| *entity = of(entity));
    parts.topics.sort();
    parts.topics.dedup();
    parts.not_depicted.iter_mut().for_each(|(_, entity)| *entity = of(entity));
    parts.depictions.iter_mut().for_each(|(_, entity, _)| *entity = of(entity));
    parts.depicted_by.iter_mut().for_each(|(_, entity, _)| *entity = of(entity));
    parts.stated_labels.iter_mut().for_each(|(entity, ..)| *entity = of(entity));
    parts.stated_ties.iter_mut().for_each(|(a, b, _)| (*a, *b) = (of(a), of(b)));
    let mut ties: BTreeSet<(EntityId, EntityId)> = BTreeSet::new();
    for (a, b) in std::mem::take(&mut parts.ties) {
        let (a, b) = (of(&a), of(&b));
        if a != b && !ties.contains(&(b.clone(), a.clone())) {
            ties.insert((a, b));
        }
    }
    parts.ties = ties.into_iter().collect();
}

/// The representatives of all groups, each with the labels of its members.
pub(super) fn one_each(entities: Vec<Entity>, groups: &Groups) -> Vec<Entity> {
    let (stays, goes): (Vec<Entity>, Vec<Entity>) = entities
        .into_iter()
        .partition(|entity| groups.of(entity.id.as_str()) == entity.id.as_str());
    let mut stays: BTreeMap<String, Entity> =
        stays.into_iter().map(|entity| (entity.id.as_str().to_owned(), entity)).collect();
    for entity in goes {
        if let Some(representative) = stays.get_mut(groups.of(entity.id.as_str())) {
            for label in entity.labels {
                if !representative.labels.contains(&label) {
                    representative.labels.push(label);
                }
            }
        }
    }
    stays.into_values().collect()
}
