//! Pictures as questions and as what is looked for.

use super::fuse::RouteHits;
use super::route::Plan;
use super::search::{Embedders, RetrieveError};
use super::snapshot::Snapshot;
use super::view::View;
use crate::embed::{PictureEmbedder, TextRole};
use crate::index::IndexRead;
use crate::model::{Calibration, FragmentId, FragmentKind, Query, Region, Route, Stage, Stopwatch};
use crate::picture::RgbPixels;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A question to the spaces that pictures share with texts.
pub(super) struct VisualQuery<'a> {
    pub(super) picture: Option<&'a RgbPixels>,
    pub(super) words: &'a str,
    pub(super) n: usize,
    /// What the asking principal sees.
    pub(super) view: &'a View<'a>,
    /// How much the words count beside a picture.
    pub(super) words_share: f32,
    /// Least probable picture that is found, where probabilities are known.
    pub(super) min_probability: f32,
}

/// Vectors looked at for each fragment that is wanted: a large picture has up to
/// ten.
const VECTORS_EACH: usize = 4;

/// What the spaces of pictures found.
pub(super) struct VisualHits {
    /// One ranking, or one for each space.
    pub(super) routes: Vec<RouteHits>,
    /// The part of a picture that is nearer than the whole, where there is one.
    pub(super) regions: HashMap<FragmentId, Region>,
}

/// What shows the pictures that are near the question's picture or, without one, near
/// its words.
///
/// A question in words gives one ranking by probability where every space that is
/// looked in has a calibration: the weighted mean over the spaces `s` that the picture
/// is looked for in, `sum(w_s * p_s) / sum(w_s)`, where `p_s` is the calibrated
/// probability in `s`, 0 beyond the first `n` there. What is less probable than
/// `min_probability` is left out. Otherwise each space gives a ranking of its own by
/// cosine; calibrations are learned from texts and say nothing about two pictures.
pub(super) fn visual(
    snapshot: &Snapshot,
    embedders: &Embedders<'_>,
    query: &VisualQuery<'_>,
    plan: &Plan<'_>,
    stopwatch: &mut Stopwatch,
) -> Result<VisualHits, RetrieveError> {
    let view = query.view;
    let mut rankings: Vec<SpaceHits> = Vec::new();
    let mut parts: HashMap<FragmentId, Region> = HashMap::new();
    for index in &snapshot.visual {
        let embedder = embedders.pictures.iter().find(|e| e.space().id() == index.space());
        let Some(embedder) = embedder else { continue };
        let name = embedder.space().model.as_str();
        let Some(vector) = question_vector(*embedder, query)? else { continue };
        stopwatch.lap(Stage::Embed);
        let allowed = |key: &str| {
            let (file, _) = FragmentId::from_iri(key).split_region();
            view.sees_fragment(&file) && plan.weight(snapshot, &file, name) > 0.0
        };
        let n_vectors = VECTORS_EACH * query.n;
        let (mut hits, mut seen) = (Vec::new(), HashSet::new());
        for found in index.search(index.space(), &vector, n_vectors, Some(&index.rows(&allowed)))? {
            let (file, region) = FragmentId::from_iri(found.key).split_region();
            if seen.insert(file.clone()) {
                if let Some(region) = region {
                    parts.entry(file.clone()).or_insert(region);
                }
                hits.push((file, found.score));
            }
        }
        hits.truncate(query.n);
        stopwatch.lap(Stage::Dense);
        rankings.push(SpaceHits {
            space: name.to_owned(),
            calibration: snapshot.calibrations.get(&index.space()),
            hits,
        });
    }
    let mut regions = HashMap::new();
    let mut shown = |hits: Vec<(FragmentId, f32)>| {
        let mut shown: Vec<(FragmentId, f32)> = Vec::new();
        for (file, score) in hits {
            for fragment in snapshot.showing(&file, view) {
                if !shown.iter().any(|(known, _)| *known == fragment) {
                    if let Some(region) = parts.get(&file) {
                        regions.entry(fragment.clone()).or_insert(*region);
                    }
                    shown.push((fragment, score));
                }
            }
        }
        (Route::Visual, shown)
    };
    let calibrated = rankings.iter().all(|ranking| ranking.calibration.is_some());
    if query.picture.is_some() || !calibrated || rankings.is_empty() {
        let routes = rankings.into_iter().map(|ranking| shown(ranking.hits)).collect();
        return Ok(VisualHits { routes, regions });
    }
    let weight = |file: &FragmentId, space: &str| plan.weight(snapshot, file, space);
    let mut merged = by_probability(&rankings, &weight);
    merged.retain(|(_, probability)| *probability >= query.min_probability);
    let routes = vec![shown(merged)];
    Ok(VisualHits { routes, regions })
}

/// What is looked for in one space; nothing where the question has neither a picture
/// nor words. A picture with words is the sum of both vectors, so that a candidate is
/// ranked by `cos(picture) + words_share * cos(words)`: what looks alike and is
/// described by the words comes before what only looks alike.
fn question_vector(
    embedder: &dyn PictureEmbedder,
    query: &VisualQuery<'_>,
) -> Result<Option<Vec<f32>>, RetrieveError> {
    let words = match query.words {
        "" => None,
        words => embedder.embed(&[words], TextRole::Query, &mut |_| {})?.vectors.pop(),
    };
    let Some(picture) = query.picture else { return Ok(words) };
    let Some(mut vector) = embedder.embed_pictures(&[picture])?.pop() else { return Ok(words) };
    if let Some(words) = words.filter(|_| query.words_share > 0.0) {
        vector.iter_mut().zip(words).for_each(|(x, word)| *x += query.words_share * word);
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        vector.iter_mut().for_each(|x| *x /= length);
    }
    Ok(Some(vector))
}

/// What one space found: picture files with cosines.
struct SpaceHits<'a> {
    space: String,
    calibration: Option<&'a Calibration>,
    hits: Vec<(FragmentId, f32)>,
}

fn by_probability(
    rankings: &[SpaceHits<'_>],
    weight: &dyn Fn(&FragmentId, &str) -> f32,
) -> Vec<(FragmentId, f32)> {
    let mut sums: BTreeMap<&FragmentId, f32> = BTreeMap::new();
    for ranking in rankings {
        for (file, cosine) in &ranking.hits {
            let probability = ranking.calibration.map_or(0.0, |c| c.probability(*cosine));
            *sums.entry(file).or_default() += weight(file, &ranking.space) * probability;
        }
    }
    let mut merged: Vec<(FragmentId, f32)> = sums
        .into_iter()
        .map(|(file, sum)| {
            let weights: f32 = rankings.iter().map(|r| weight(file, &r.space)).sum();
            (file.clone(), sum / weights.max(f32::MIN_POSITIVE))
        })
        .collect();
    merged.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    merged
}

/// The words of the question, and those of the picture that it comes with when
/// the same one is known.
pub(super) fn question_in_words(
    snapshot: &Snapshot,
    query: &Query,
    routes: &[RouteHits],
) -> String {
    if query.picture.is_none() {
        return query.text.clone();
    }
    let asked = match query.text.trim() {
        "" => "What does this picture show?",
        text => text,
    };
    let first_of = |wanted: Route| {
        let (_, hits) = routes.iter().find(|(route, _)| *route == wanted)?;
        snapshot.fragment(&hits.first()?.0)
    };
    let known = first_of(Route::Picture).or_else(|| first_of(Route::NearPicture));
    match known.map(|fragment| &fragment.kind) {
        Some(FragmentKind::Picture { alt, caption, .. }) => {
            let words = caption.as_deref().filter(|_| alt.is_empty()).unwrap_or(alt);
            format!("{asked} (picture: {words})")
        }
        _ => asked.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_judged_by_the_spaces_it_is_looked_for_in() {
        let sigmoid = |bias| Calibration::Sigmoid { scale: 10.0, bias };
        let (strict, mild) = (sigmoid(-8.0), sigmoid(-2.0));
        let id = |name: &str| FragmentId::from_iri(name);
        let hits = |found: &[(&str, f32)]| found.iter().map(|(n, c)| (id(n), *c)).collect();
        let rankings = [
            SpaceHits {
                space: "a".into(),
                calibration: Some(&strict),
                hits: hits(&[("x", 0.9), ("z", 0.5)]),
            },
            SpaceHits {
                space: "b".into(),
                calibration: Some(&mild),
                hits: hits(&[("y", 0.3), ("z", 0.2)]),
            },
        ];
        // `x` is looked for in `a`, `y` in `b`, `z` in both.
        let weight = |file: &FragmentId, space: &str| match (file.as_str(), space) {
            ("x", "b") | ("y", "a") => 0.0,
            _ => 1.0,
        };
        let merged = by_probability(&rankings, &weight);
        let expected = [
            ("x", strict.probability(0.9)),
            ("y", mild.probability(0.3)),
            ("z", (strict.probability(0.5) + mild.probability(0.2)) / 2.0),
        ];
        for (name, probability) in expected {
            let (_, found) = merged.iter().find(|(file, _)| *file == id(name)).unwrap();
            assert!((found - probability).abs() < 1e-6, "{name}");
        }
        assert!(merged.is_sorted_by(|a, b| a.1 >= b.1));
    }
}
