//! Plan, seed, expand, fuse.

use super::bridge::{Asked, Bridge, bridges};
use super::config::{RetrievalMode, RetrieveConfig};
use super::exclusion::Exclusion;
use super::expand::{entities_of, expand, explain, path_of};
use super::fragments::{Map, Set};
use super::fuse::{Ranking, RouteHits, fuse};
use super::route::Plan;
use super::snapshot::Snapshot;
use super::text_evidence::{WordedQuestion, add_text_evidence};
use super::trust::{brevity, trust};
use super::unwanted::{demote, unwanted};
use super::visual::{VisualQuery, question_in_words, visual};
use crate::embed::{EmbedError, Embedder, PictureEmbedder, TextRole};
use crate::extract::GazetteerError;
use crate::index::{IndexRead, LexicalError, SearchError, dot};
use crate::model::{FragmentId, Hit, Query, Route, RouteScore, Stage, Stopwatch, asks_for_picture};
use crate::picture::{Picture, PictureError};
use std::collections::HashMap;

/// A retrieval that failed.
#[derive(Debug, thiserror::Error)]
pub enum RetrieveError {
    /// The question could not be embedded.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// Vectors could not be searched.
    #[error(transparent)]
    Dense(#[from] SearchError),
    /// Words could not be searched.
    #[error(transparent)]
    Lexical(#[from] LexicalError),
    /// What the asking principal sees cannot be told.
    #[error(transparent)]
    View(#[from] GazetteerError),
    /// The picture of the question cannot be decoded.
    #[error("the picture of the question cannot be read")]
    Picture(#[from] PictureError),
}

/// Hits that get their graph path; further ones are rarely looked at.
const N_EXPLAINED: usize = 20;

/// Hits and what the question named.
#[derive(Clone, Debug, PartialEq)]
pub struct Retrieval {
    /// Hits, best first.
    pub hits: Vec<Hit>,
    /// Labels of the entities that the question names.
    pub entities: Vec<String>,
    /// The question in words: with the words of the known picture that is asked
    /// about, when there is one.
    pub question: String,
    /// Rules that chose the spaces in which pictures were looked for, in words; empty
    /// when every space was looked in, or none.
    pub picture_routes: Vec<String>,
}

/// What embeds questions.
pub struct Embedders<'a> {
    /// Into the space of the chunks.
    pub text: &'a dyn Embedder,
    /// Into spaces that pictures share with texts.
    pub pictures: Vec<&'a dyn PictureEmbedder>,
}

/// Finds the `query.k` best fragments; `stopwatch` hears what each stage took.
///
/// # Errors
/// When an index or an embedder fails, or the question's picture is damaged.
pub fn search(
    snapshot: &Snapshot,
    embedders: &Embedders<'_>,
    query: &Query,
    mode: RetrievalMode,
    config: &RetrieveConfig,
    stopwatch: &mut Stopwatch,
) -> Result<Retrieval, RetrieveError> {
    let embedder = embedders.text;
    let labels = query.allowed_labels.as_ref();
    let view = snapshot.view(labels)?;
    let n = match mode {
        RetrievalMode::Lexical | RetrievalMode::Dense => config.n_candidates.max(query.k),
        RetrievalMode::Hybrid | RetrievalMode::Graph => config.n_similar,
    };
    let mut routes: Vec<RouteHits> = Vec::new();
    let mut regions = HashMap::new();
    let mut asked_vector: Vec<f32> = Vec::new();
    let mut unwanted_vectors: Vec<Vec<f32>> = Vec::new();
    let picture = query.picture.as_deref().map(Picture::decode).transpose()?;
    let picture = picture.map(|picture| picture.into_facts(false));
    if let Some((facts, _)) = &picture {
        let same = snapshot.pictures_of(&facts.pixels, &view).into_iter();
        routes.push((Route::Picture, same.map(|fragment| (fragment, 1.0)).collect()));
        let near = snapshot.near_pictures(facts, &view).into_iter();
        let near = near.map(|(fragment, bits)| (fragment, 1.0 - bits as f32 / 64.0));
        routes.push((Route::NearPicture, near.collect()));
    }
    let picture = picture.map(|(_, pixels)| pixels);
    let question = question_in_words(snapshot, query, &routes);
    // A picture without words that is not known has nothing to say to texts: words
    // put into its mouth would find what they happen to be near to.
    let known = routes.iter().any(|(route, hits)| *route == Route::Picture && !hits.is_empty());
    let has_words = question.chars().any(char::is_alphanumeric)
        && (picture.is_none() || known || query.text.chars().any(char::is_alphanumeric));
    // What the question does not want must not be looked for.
    let exclusion =
        if has_words && config.exclusion_weight > 0.0 { Exclusion::of(&question) } else { None };
    let wanted = exclusion.as_ref().map_or(question.as_str(), |parts| parts.wanted.as_str());
    stopwatch.lap(Stage::Plan);
    if mode != RetrievalMode::Dense && has_words {
        let found = snapshot.lexical.search(wanted, n, labels)?.into_iter();
        // The words of a picture have the label of its page, which may show a picture
        // that is not seen.
        let found = found.filter(|h| view.sees_fragment(&h.fragment));
        routes.push((Route::Lexical, found.map(|h| (h.fragment, h.score)).collect()));
        stopwatch.lap(Stage::Lexical);
    }
    if mode != RetrievalMode::Lexical && has_words {
        let parts = exclusion.iter().flat_map(|parts| &parts.unwanted).map(String::as_str);
        let texts: Vec<&str> = std::iter::once(wanted).chain(parts).collect();
        let mut vectors = embedder.embed(&texts, TextRole::Query, &mut |_| {})?.vectors.into_iter();
        let vector = vectors.next().unwrap_or_default();
        unwanted_vectors = vectors.collect();
        stopwatch.lap(Stage::Embed);
        let space = embedder.space().id();
        let found = snapshot.dense.search(space, &vector, n, view.text_rows())?;
        let found = found.into_iter().map(|h| (FragmentId::from_shared(h.key), h.score)).collect();
        routes.push((Route::Dense, found));
        asked_vector = vector;
        stopwatch.lap(Stage::Dense);
    }
    let mut picture_routes = Vec::new();
    let picture_wanted =
        query.only_pictures || query.picture.is_some() || asks_for_picture(&query.text);
    if mode != RetrievalMode::Lexical && (picture_wanted || snapshot.only_pictures()) {
        let wanted = VisualQuery {
            picture: picture.as_ref(),
            words: query.text.trim(),
            n: config.n_candidates,
            view: &view,
            words_share: config.words_beside_picture,
            min_probability: config.min_picture_probability,
        };
        let plan = Plan::of(&config.routes, &query.text, picture.is_some());
        let found = visual(snapshot, embedders, &wanted, &plan, stopwatch)?;
        routes.extend(found.routes);
        regions = found.regions;
        picture_routes = plan.explained(&view);
    }
    let beyond = cosines_beyond(snapshot, &routes, &asked_vector);
    let seeds = fuse(&rankings(&routes, &beyond, config, picture.is_some(), 0.0));
    stopwatch.lap(Stage::Fuse);
    let entities = entities_of(&view, wanted)?;
    stopwatch.lap(Stage::Plan);
    let mut walk_seeds = Vec::new();
    let mut bridged: Map<FragmentId, Bridge> = Map::default();
    let is_read = mode == RetrievalMode::Graph && has_words;
    let words = if is_read { snapshot.lexical.placed_words(wanted)? } else { Vec::new() };
    let fused = if mode == RetrievalMode::Graph {
        let mut expansion = expand(&view, &seeds, &entities, config);
        expansion.hits.retain(|(fragment, _)| view.sees_fragment(fragment));
        walk_seeds = expansion.seeds;
        routes.push((Route::Graph, expansion.hits));
        // A picture is as good a way into the graph as a rare name.
        let floor = if picture.is_some() { 1.0 } else { config.graph_trust_floor };
        let brevity = brevity(words.len(), config.graph_trust_words);
        let trust = trust(&view, &entities, floor) * brevity;
        let mut fused = fuse(&rankings(&routes, &beyond, config, picture.is_some(), trust));
        if has_words && config.bridge_weight > 0.0 {
            let best_cosine = best_of(&routes, Route::Dense);
            let named = &entities;
            let asked = Asked { words: &words, vector: &asked_vector, best_cosine, named };
            let found = bridges(&view, &asked, &fused, config);
            let found = found.iter().filter_map(|b| Some((b.fragment(&view)?.clone(), *b)));
            let found: Vec<(FragmentId, Bridge)> = found.collect();
            let strengths = found.iter().map(|(id, bridge)| (id.clone(), bridge.strength));
            let strengths: Vec<(FragmentId, f32)> = strengths.collect();
            fused = add(fused, &strengths, trust * config.bridge_weight);
            routes.push((Route::Bridge, strengths));
            bridged.extend(found);
        }
        stopwatch.lap(Stage::Expand);
        fused
    } else {
        seeds
    };
    let mut fused = fused;
    if let Some(exclusion) = &exclusion {
        let parts = unwanted(&view, exclusion, unwanted_vectors)?;
        demote(&view, &mut fused, &parts, &asked_vector, config);
        stopwatch.lap(Stage::Fuse);
    }
    weigh_pictures(snapshot, picture_wanted, &mut fused, config);
    if is_read {
        let question = WordedQuestion { text: wanted, words: &words, named: &entities, embedder };
        add_text_evidence(&view, &question, &mut fused, config)?;
        stopwatch.lap(Stage::Fuse);
    }
    let shown = |(id, _): &(FragmentId, f32)| {
        let fragment = snapshot.fragments.get(id);
        !query.only_pictures || fragment.is_some_and(|f| f.picture().is_some())
    };
    let shown: Vec<(FragmentId, f32)> = fused.into_iter().filter(shown).take(query.k).collect();
    let found_by = route_scores(&routes, shown.iter().map(|(id, _)| id));
    let hits = shown
        .into_iter()
        .enumerate()
        .filter_map(|(i, (id, score))| {
            let fragment = snapshot.fragments.get(&id)?;
            let routes = found_by.get(&id).cloned().unwrap_or_default();
            let by = |known: Route| routes.iter().any(|route| route.route == known);
            stopwatch.lap(Stage::Fuse);
            let walked = i < N_EXPLAINED && by(Route::Graph);
            let path = walked.then(|| explain(&view, &walk_seeds, &id)).flatten();
            let over = || bridged.get(&id).map(|bridge| path_of(&view, &bridge.nodes()));
            let path = path.or_else(|| if i < N_EXPLAINED { over() } else { None });
            stopwatch.lap(Stage::Expand);
            Some(Hit {
                document: fragment.document.clone(),
                score,
                path,
                region: regions.get(&id).copied(),
                fragment: id,
                routes,
            })
        })
        .collect();
    let labels =
        entities.iter().filter_map(|(id, _)| view.labels_of(id).first().cloned()).collect();
    stopwatch.lap(Stage::Fuse);
    Ok(Retrieval { hits, entities: labels, question, picture_routes })
}

/// A picture repeats words of its page; it comes before the page only when a
/// picture is asked for.
fn weigh_pictures(
    snapshot: &Snapshot,
    wanted: bool,
    fused: &mut [(FragmentId, f32)],
    config: &RetrieveConfig,
) {
    for (fragment, score) in fused.iter_mut() {
        let picture = snapshot.fragments.get(fragment).is_some_and(|f| f.picture().is_some());
        if picture != wanted {
            *score *= config.unwanted_kind_weight;
        }
    }
    fused.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
}

/// How near fragments are to the question that words found and vectors did not: where a
/// fragment has a vector that is known, however far down it would stand.
fn cosines_beyond(
    snapshot: &Snapshot,
    routes: &[RouteHits],
    asked: &[f32],
) -> Vec<(FragmentId, f32)> {
    let of = |wanted: Route| {
        let found = routes.iter().find(|(route, _)| *route == wanted);
        found.map_or(&[][..], |(_, hits)| hits.as_slice())
    };
    let near: Set<&FragmentId> = of(Route::Dense).iter().map(|(id, _)| id).collect();
    if near.is_empty() {
        return Vec::new();
    }
    let by_words = of(Route::Lexical).iter().filter(|(id, _)| !near.contains(id));
    let cosine = |id: &FragmentId| Some(dot(asked, snapshot.dense.vector(id.as_str())?));
    by_words.filter_map(|(id, _)| Some((id.clone(), cosine(id)?))).collect()
}

fn rankings<'a>(
    routes: &'a [RouteHits],
    beyond: &'a [(FragmentId, f32)],
    config: &RetrieveConfig,
    with_picture: bool,
    trust: f32,
) -> Vec<Ranking<'a>> {
    routes
        .iter()
        .map(|(route, hits)| Ranking {
            hits,
            beyond: if *route == Route::Dense { beyond } else { &[] },
            depth: match route {
                // There are more than were asked for.
                Route::Lexical | Route::Dense if hits.len() >= config.n_similar => {
                    config.n_candidates
                }
                _ => 0,
            },
            lift_weight: if *route == Route::Graph {
                trust * config.graph_lift_weight
            } else {
                0.0
            },
            weight: match route {
                Route::Lexical => config.lexical_weight,
                Route::Graph => trust * config.graph_weight,
                Route::Dense => config.dense_weight,
                // Added by its strength; see `add`.
                Route::Bridge => 0.0,
                Route::Visual if with_picture => config.visual_weight,
                Route::Visual => config.visual_words_weight,
                // The same pixels are no similarity but a fact.
                Route::Picture => 2.0,
                Route::NearPicture => 1.0,
            },
        })
        .collect()
}

/// The best score of a route, 0 when it found nothing.
fn best_of(routes: &[RouteHits], wanted: Route) -> f32 {
    let found = routes.iter().find(|(route, _)| *route == wanted);
    found.and_then(|(_, hits)| hits.first()).map_or(0.0, |(_, score)| *score)
}

/// A ranking with weighted scores added that are comparable as they are.
fn add(
    mut fused: Vec<(FragmentId, f32)>,
    more: &[(FragmentId, f32)],
    weight: f32,
) -> Vec<(FragmentId, f32)> {
    let mut sums: Map<&FragmentId, f32> = Map::default();
    for (fragment, score) in more {
        *sums.entry(fragment).or_default() += weight * score;
    }
    for (fragment, score) in &mut fused {
        *score += sums.remove(&*fragment).unwrap_or_default();
    }
    fused.extend(sums.into_iter().map(|(fragment, score)| (fragment.clone(), score)));
    fused.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    fused
}

/// What each route says of the fragments that are shown.
fn route_scores<'h>(
    routes: &[RouteHits],
    shown: impl Iterator<Item = &'h FragmentId>,
) -> Map<FragmentId, Vec<RouteScore>> {
    let mut scores: Map<FragmentId, Vec<RouteScore>> =
        shown.map(|fragment| (fragment.clone(), Vec::new())).collect();
    for (route, hits) in routes {
        for (i, (fragment, score)) in hits.iter().enumerate() {
            if let Some(found) = scores.get_mut(fragment) {
                found.push(RouteScore { route: *route, score: *score, rank: i + 1 });
            }
        }
    }
    scores
}
