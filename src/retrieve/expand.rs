//! From seeds over the graph to fragments that no similarity finds.

use super::config::RetrieveConfig;
use super::view::View;
use crate::extract::names_in;
use crate::graph::{NodeKey, PageRankOptions};
use crate::index::LexicalError;
use crate::model::{EntityId, FragmentId, GraphPath, GraphStep};

/// Fragments reached by the walk, best first, and the nodes it started from.
pub(super) struct Expansion {
    pub(super) hits: Vec<(FragmentId, f32)>,
    pub(super) seeds: Vec<u32>,
}

/// Entities that the question names, in its order, each with its weight: the share
/// that an ambiguous label leaves to it, times the square of what the words of the
/// label tell (their inverse fragment frequencies, in nats), so that "country" counts
/// little beside "Bubye River". Labels that are not seen name nothing.
///
/// # Errors
/// When the word index is damaged.
pub(super) fn entities_of(
    view: &View<'_>,
    question: &str,
) -> Result<Vec<(EntityId, f32)>, LexicalError> {
    let mut entities: Vec<(EntityId, f32)> = Vec::new();
    for named in names_in(question, view.gazetteer(), true) {
        if view.sees_entity(&named.entity)
            && !entities.iter().any(|(known, _)| *known == named.entity)
        {
            let name = question.get(named.range).unwrap_or_default();
            let words = view.snapshot().lexical.weighted_words(name)?;
            let tells: f32 = words.iter().map(|(_, weight)| weight).sum();
            entities.push((named.entity, named.confidence * tells * tells));
        }
    }
    Ok(entities)
}

/// Walks from the best fused hits and the named entities, over what is seen.
pub(super) fn expand(
    view: &View<'_>,
    fused: &[(FragmentId, f32)],
    entities: &[(EntityId, f32)],
    config: &RetrieveConfig,
) -> Expansion {
    let projection = view.projection();
    let mut seeds: Vec<(u32, f32)> = Vec::new();
    for (fragment, score) in fused.iter().take(config.n_seeds) {
        if let Some(node) = projection.number(&NodeKey::Fragment(fragment.clone())) {
            seeds.push((node, score.max(0.0).powf(config.seed_power)));
        }
    }
    let total: f32 = seeds.iter().map(|(_, weight)| weight).sum::<f32>().max(1e-6);
    let share: f32 = entities.iter().map(|(_, share)| share).sum::<f32>().max(1e-6);
    for (entity, confidence) in entities {
        // From an entity without edges no walk goes anywhere.
        if let Some(node) = projection.number(&NodeKey::Entity(entity.clone()))
            && projection.degree(node) > 0
        {
            seeds.push((node, total * config.entity_share * confidence / share));
        }
    }
    let options = PageRankOptions { damping: config.damping, epsilon: config.epsilon };
    let walk = projection.personalised_pagerank(&seeds, options);
    let fragments = walk.mass.iter().filter_map(|(node, mass)| match projection.key(*node) {
        Some(NodeKey::Fragment(fragment)) => Some((fragment.clone(), *mass)),
        _ => None,
    });
    let hits = fragments.take(config.n_candidates).collect();
    Expansion { hits, seeds: seeds.into_iter().map(|(node, _)| node).collect() }
}

/// How the graph leads from the seeds to a fragment, in labels for people.
pub(super) fn explain(view: &View<'_>, seeds: &[u32], fragment: &FragmentId) -> Option<GraphPath> {
    let projection = view.projection();
    let target = projection.number(&NodeKey::Fragment(fragment.clone()))?;
    let others: Vec<u32> = seeds.iter().copied().filter(|seed| *seed != target).collect();
    Some(path_of(view, &projection.path(&others, target, 4)?))
}

/// Nodes as a path in labels for people.
pub(super) fn path_of(view: &View<'_>, nodes: &[u32]) -> GraphPath {
    let (snapshot, projection) = (view.snapshot(), view.projection());
    let steps = nodes.iter().filter_map(|node| match projection.key(*node)? {
        NodeKey::Fragment(id) => {
            let fragment = snapshot.fragments.get(id)?;
            let title = snapshot.documents.get(&fragment.document).map(|d| d.title.as_str());
            let label = match fragment.section() {
                section if section.is_empty() => title.unwrap_or_default().to_owned(),
                section => format!("{} ({section})", title.unwrap_or_default()),
            };
            Some(GraphStep::Fragment { id: id.clone(), label })
        }
        NodeKey::Entity(id) => {
            let label = view.labels_of(id).first()?.clone();
            Some(GraphStep::Entity { id: id.clone(), label })
        }
        NodeKey::Document(_) => None,
    });
    GraphPath { steps: steps.collect() }
}
