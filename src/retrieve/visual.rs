//! Pictures as questions and as what is looked for.

use super::fuse::RouteHits;
use super::search::{Embedders, RetrieveError};
use super::snapshot::Snapshot;
use crate::embed::TextRole;
use crate::index::IndexRead;
use crate::model::{AccessLabel, FragmentId, FragmentKind, Query, Route};
use crate::picture::RgbPixels;
use std::collections::BTreeSet;

/// A question to the spaces that pictures share with texts.
pub(super) struct VisualQuery<'a> {
    pub(super) picture: Option<&'a RgbPixels>,
    pub(super) words: &'a str,
    pub(super) n: usize,
    pub(super) labels: Option<&'a BTreeSet<AccessLabel>>,
}

/// One ranking for each space: what shows the pictures that are near the
/// question's picture or, without one, near its words.
pub(super) fn visual(
    snapshot: &Snapshot,
    embedders: &Embedders<'_>,
    query: &VisualQuery<'_>,
) -> Result<Vec<RouteHits>, RetrieveError> {
    let visible = |fragment: &FragmentId| {
        let fragment = snapshot.fragments.get(fragment);
        fragment.is_some_and(|fragment| snapshot.may_see(&fragment.document, query.labels))
    };
    let allowed = |key: &str| visible(&FragmentId::from_iri(key));
    let filter: Option<&dyn Fn(&str) -> bool> =
        if query.labels.is_some() { Some(&allowed) } else { None };
    let mut routes = Vec::new();
    for index in &snapshot.visual {
        let embedder = embedders.pictures.iter().find(|e| e.space().id() == index.space());
        let Some(embedder) = embedder else { continue };
        let vectors = match query.picture {
            Some(picture) => embedder.embed_pictures(&[picture])?,
            None if query.words.is_empty() => continue,
            None => embedder.embed(&[query.words], TextRole::Query, &mut |_| {})?.vectors,
        };
        let vector = vectors.into_iter().next().unwrap_or_default();
        let mut hits: Vec<(FragmentId, f32)> = Vec::new();
        for found in index.search(index.space(), &vector, query.n, filter)? {
            for fragment in snapshot.showing(&FragmentId::from_iri(found.key)) {
                if visible(&fragment) && !hits.iter().any(|(known, _)| *known == fragment) {
                    hits.push((fragment, found.score));
                }
            }
        }
        routes.push((Route::Visual, hits));
    }
    Ok(routes)
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
