//! One more hop: fragments that share a rare name with a good hit and say what it lacks.
//!
//! A question of several hops ("the main airport in the birthplace of the director of
//! X") is near to its first passage alone; the passage of the next hop is tied to it by
//! a name that the question does not know, and holds the words of the question that the
//! first passage lacks. Reading the best hits for such names and searching again with
//! what is left of the question is what iterative retrievers do with a language model
//! (Trivedi et al., "Interleaving Retrieval with Chain-of-Thought Reasoning", 2023); here
//! names and words are counted.

use super::config::RetrieveConfig;
use super::fragments::Map;
use super::held_words::HeldWords;
use super::view::View;
use crate::graph::NodeKey;
use crate::index::{WeightedWord, dot};
use crate::model::{EntityId, FragmentId};
use std::collections::HashSet;

/// Most fragments that a name may stand in and still tie two of them.
const MAX_NAMING: usize = 200;
/// Names that are in fewer fragments than this are rare in any corpus.
const MIN_NAMING: usize = 20;
/// Names that are in a larger share of all fragments than one in this are not rare.
const COMMON_SHARE: usize = 50;
/// Fragments that a hit may lead to, those with the rarest names first.
const MAX_LINKED: usize = 300;
/// Fragments of one document that a name of its topic leads to.
const MAX_OF_TOPIC: usize = 20;
/// How much a name counts that both fragments merely hold, beside one that the second
/// is about.
const MERELY_NAMED: f32 = 0.5;
/// Shared information, in nats, from which on two fragments are surely tied.
const SURELY_TIED: f32 = 5.0;

/// What is known of the question.
pub(super) struct Asked<'a> {
    /// Its words.
    pub(super) words: &'a [WeightedWord],
    /// Its vector.
    pub(super) vector: &'a [f32],
    /// The cosine of the nearest fragment.
    pub(super) best_cosine: f32,
    /// The entities that it names.
    pub(super) named: &'a [(EntityId, f32)],
}

/// A way from a good hit over a name to a fragment, by numbers of the projection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bridge {
    from: u32,
    over: u32,
    to: u32,
    /// From 0 to `1 + bridge_similarity`.
    pub(super) strength: f32,
}

/// The strongest bridge to each fragment that one leads to, strongest first. With `F`
/// the fused score of a hit `p`, `S` what names that the question does not know tell
/// of `p` and `c` together, `R` the share of the question's words, by weight, that
/// `p` lacks and `c` holds:
///
/// `strength(c) = max over p of (F(p) / F(best))^2 * min(1, S / 5) * (R + l * cos(c) / cos(nearest))`
///
/// `S` sums `ln(n / n_e)` over names `e` that `c` is about, or half of it over names
/// that both hold, whichever is more. Only what the view sees is counted in it.
pub(super) fn bridges(
    view: &View<'_>,
    asked: &Asked<'_>,
    fused: &[(FragmentId, f32)],
    config: &RetrieveConfig,
) -> Vec<Bridge> {
    let mut words = HeldWords::of(view, asked.words);
    let (snapshot, projection) = (view.snapshot(), view.projection());
    let named = asked.named.iter();
    let named: HashSet<u32> = named
        .filter_map(|(entity, _)| projection.number(&NodeKey::Entity(entity.clone())))
        .collect();
    let best = fused.first().map_or(0.0, |(_, score)| *score);
    let mut strongest: Map<u32, Bridge> = Map::default();
    let is_text = |n: &u32| view.fragment_at(*n).is_some_and(|found| found.picture().is_none());
    let hits = fused.iter().filter(|(_, score)| *score > 0.0).filter_map(|(id, score)| {
        let number = projection.number(&NodeKey::Fragment(id.clone())).filter(is_text)?;
        Some((number, score))
    });
    for (from, score) in hits.take(config.n_bridge_hits) {
        let trust = (score / best).powi(2);
        let missing = !words.held_by(from);
        let most_said = words.share(missing);
        for link in links(view, from, &named).iter().filter(|link| is_text(&link.to)) {
            let row = snapshot.fragments.row(link.to);
            let cosine = row.and_then(|row| snapshot.dense.vector_at(row));
            let cosine = cosine.map_or(0.0, |vector| dot(asked.vector, vector)).max(0.0);
            let near = config.bridge_similarity * cosine / asked.best_cosine.max(1e-6);
            let tied = trust * (link.shared() / SURELY_TIED).min(1.0);
            let known = strongest.get(&link.to).map_or(0.0, |bridge| bridge.strength);
            // Reading a text takes longest.
            if tied * (most_said + near) <= known {
                continue;
            }
            let added = missing & words.held_by(link.to);
            let strength = tied * (words.share(added) + near);
            if strength > known {
                let (over, to) = (link.over, link.to);
                strongest.insert(to, Bridge { from, over, to, strength });
            }
        }
    }
    let mut bridges: Vec<Bridge> = strongest.into_values().collect();
    bridges.sort_by(|a, b| b.strength.total_cmp(&a.strength).then(a.to.cmp(&b.to)));
    bridges.truncate(config.n_candidates);
    bridges
}

impl Bridge {
    /// The fragment that it leads to.
    pub(super) fn fragment<'v>(&self, view: &'v View<'_>) -> Option<&'v FragmentId> {
        match view.projection().key(self.to)? {
            NodeKey::Fragment(id) => Some(id),
            _ => None,
        }
    }

    /// Its nodes in walking order.
    pub(super) fn nodes(&self) -> [u32; 3] {
        [self.from, self.over, self.to]
    }
}

/// How a fragment is tied to another one.
#[derive(Clone, Copy, Debug, Default)]
struct Link {
    to: u32,
    /// The name that tells most.
    over: u32,
    told: f32,
    /// Sum over names that both hold.
    held: f32,
    /// Sum over names that the other one is about.
    about: f32,
}

impl Link {
    fn shared(&self) -> f32 {
        self.about.max(MERELY_NAMED * self.held)
    }
}

/// Fragments of other documents that rare names lead to from a fragment, those that
/// share most first.
fn links(view: &View<'_>, from: u32, named: &HashSet<u32>) -> Vec<Link> {
    let (snapshot, projection) = (view.snapshot(), view.projection());
    let n = view.n_fragments();
    let most = (n / COMMON_SHARE).clamp(MIN_NAMING, MAX_NAMING);
    let mut found: Map<u32, Link> = Map::default();
    for over in snapshot.entities_in(from).filter(|entity| !named.contains(entity)) {
        if !view.sees_number(over) {
            continue;
        }
        let seen = snapshot.numbers_naming(over).filter(|fragment| view.sees_number(*fragment));
        let naming: Vec<u32> = seen.take(most + 1).collect();
        if naming.len() > most {
            continue;
        }
        let tells = (n as f32 / naming.len().max(1) as f32).ln();
        let mut tie = |to: u32, is_about: bool| {
            let link = found.entry(to).or_insert(Link { to, over, ..Link::default() });
            if is_about {
                link.about += tells
            } else {
                link.held += tells
            }
            if tells > link.told {
                (link.over, link.told) = (over, tells);
            }
        };
        naming.iter().for_each(|to| tie(*to, false));
        for (document, _) in projection.neighbours(over) {
            if matches!(projection.key(document), Some(NodeKey::Document(_))) {
                let fragments = projection.neighbours(document).take(MAX_OF_TOPIC);
                fragments.for_each(|(to, _)| tie(to, true));
            }
        }
    }
    let is_of_another = |link: &Link| snapshot.fragments.of_two_documents(from, link.to);
    let mut links: Vec<Link> = found.into_values().filter(is_of_another).collect();
    let order = |a: &Link, b: &Link| b.shared().total_cmp(&a.shared()).then(a.to.cmp(&b.to));
    if links.len() > MAX_LINKED {
        links.select_nth_unstable_by(MAX_LINKED, order);
        links.truncate(MAX_LINKED);
    }
    links.sort_unstable_by(order);
    links
}
