//! Weighing what was found by what a question does not want.

use super::config::RetrieveConfig;
use super::exclusion::Exclusion;
use super::expand::entities_of;
use super::held_words::HeldWords;
use super::view::View;
use crate::graph::NodeKey;
use crate::index::{LexicalError, WeightedWord, dot};
use crate::model::FragmentId;
use std::collections::HashSet;

/// Hits that are weighed, best first; further ones come behind them as they are.
const N_WEIGHED: usize = 100;
/// How much a name counts that a fragment holds and the question does not want, how much
/// words do, and how much nearness does.
const NAMES: f32 = 0.2;
const WORDS: f32 = 0.4;
const NEARNESS: f32 = 0.4;

/// One part that a question does not want.
pub(super) struct Unwanted {
    /// Its words that the wanted part does not have.
    words: Vec<WeightedWord>,
    /// Its vector; empty where vectors are not searched.
    vector: Vec<f32>,
    /// Numbers of the entities that it names and the wanted part does not.
    names: HashSet<u32>,
}

/// Reads the parts that are not wanted, with the vector of each. Without vectors, words
/// and names decide.
///
/// # Errors
/// When the word index is damaged.
pub(super) fn unwanted(
    view: &View<'_>,
    exclusion: &Exclusion,
    vectors: Vec<Vec<f32>>,
) -> Result<Vec<Unwanted>, LexicalError> {
    let words_of = |text: &str| view.snapshot().lexical.placed_words(text);
    let names_of = |text: &str| -> Result<HashSet<u32>, LexicalError> {
        let named = entities_of(view, text)?.into_iter();
        let number = |id| view.projection().number(&NodeKey::Entity(id));
        Ok(named.filter_map(|(id, _)| number(id)).collect())
    };
    let wanted: HashSet<String> =
        words_of(&exclusion.wanted)?.into_iter().map(|word| word.stem).collect();
    let wanted_names = names_of(&exclusion.wanted)?;
    let mut vectors = vectors.into_iter();
    let part = |text: &String| {
        let mut words = words_of(text)?;
        words.retain(|word| !wanted.contains(&word.stem));
        let names = names_of(text)?.difference(&wanted_names).copied().collect();
        Ok(Unwanted { words, vector: vectors.next().unwrap_or_default(), names })
    };
    exclusion.unwanted.iter().map(part).collect()
}

/// Takes from the score of each hit, by how much it is like a part that is not wanted,
/// the most over all parts `x`, with `F` the fused score:
///
/// `F(d) - exclusion_weight * F(best) * max over x of (0.2 N + 0.4 H + 0.4 S)`
///
/// `N` is 1 when `d` holds a name of `x`; `H` the share of the words of `x`, by weight,
/// that it holds; `S` how near it is to `x`, from 0 for the farthest to 1 for the nearest
/// of the hits, less the same for the wanted part, 0 at least.
pub(super) fn demote(
    view: &View<'_>,
    fused: &mut [(FragmentId, f32)],
    unwanted: &[Unwanted],
    wanted: &[f32],
    config: &RetrieveConfig,
) {
    let best = fused.first().map_or(0.0, |(_, score)| *score);
    let n = fused.len().min(N_WEIGHED);
    let Some(weighed) = fused.get_mut(..n) else { return };
    let ids: Vec<FragmentId> = weighed.iter().map(|(id, _)| id.clone()).collect();
    let wanted = nearness(view, &ids, wanted);
    let mut likeness = vec![0.0f32; n];
    for part in unwanted {
        let mut words = HeldWords::of(view, &part.words);
        let near = nearness(view, &ids, &part.vector);
        for (((id, like), near), wanted) in ids.iter().zip(&mut likeness).zip(near).zip(&wanted) {
            let number = view.projection().number(&NodeKey::Fragment(id.clone()));
            let held = number.map_or(0, |number| words.held_by(number));
            let mut names = number.into_iter().flat_map(|n| view.snapshot().entities_in(n));
            let named = names.any(|name| part.names.contains(&name));
            let sum = NAMES * f32::from(u8::from(named))
                + WORDS * words.share(held)
                + NEARNESS * (near - wanted).max(0.0);
            *like = like.max(sum);
        }
    }
    for ((_, score), like) in weighed.iter_mut().zip(likeness) {
        *score -= config.exclusion_weight * best * like;
    }
    fused.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
}

/// How near fragments are to a vector: 1 for the nearest of them, 0 for the farthest, and
/// for all where there are no vectors.
fn nearness(view: &View<'_>, ids: &[FragmentId], vector: &[f32]) -> Vec<f32> {
    let dense = &view.snapshot().dense;
    let cosine = |id: &FragmentId| dense.vector(id.as_str()).map_or(0.0, |v| dot(vector, v));
    let all: Vec<f32> =
        if vector.is_empty() { vec![0.0; ids.len()] } else { ids.iter().map(cosine).collect() };
    let most = all.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let least = all.iter().copied().fold(f32::INFINITY, f32::min);
    let range = (most - least).max(1e-6);
    all.into_iter().map(|cosine| (cosine - least) / range).collect()
}
