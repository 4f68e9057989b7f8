//! `POST /api/search`: retrieval without an answer.

use super::app::App;
use super::caller::Caller;
use super::citations::{document_link, document_name, picture_link};
use super::error::ApiError;
use super::observe::Observed;
use super::picture_part::picture_bytes;
use crate::config::Authentication;
use crate::model::{Hit, Permission, Query, RouteScore, Stopwatch};
use crate::retrieve::{RetrievalMode, Snapshot};
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const DEFAULT_K: usize = 10;
const MAX_K: usize = 100;
/// Longest question, in bytes.
const MAX_QUERY_BYTES: usize = 32_000;

/// The body of `POST /api/search`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SearchRequest {
    /// What to look for; may be left out when a picture is given.
    #[serde(default)]
    #[schema(example = "shaft seal")]
    query: Option<String>,
    /// A picture to look for, as a data: address in base64.
    #[serde(default)]
    image: Option<String>,
    /// Hits wanted, 1 to 100; 10 unless it is said.
    #[serde(default)]
    k: Option<usize>,
    /// Stages of retrieval; all (`graph`) unless it is said.
    #[serde(default)]
    mode: Option<SearchMode>,
    /// Whether nothing but pictures is wanted.
    #[serde(default)]
    only_pictures: bool,
}

/// Stages of retrieval; each adds to the one before, but for `dense`, which searches
/// vectors alone.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum SearchMode {
    Lexical,
    Dense,
    Hybrid,
    Graph,
}

impl From<SearchMode> for RetrievalMode {
    fn from(mode: SearchMode) -> Self {
        match mode {
            SearchMode::Lexical => Self::Lexical,
            SearchMode::Dense => Self::Dense,
            SearchMode::Hybrid => Self::Hybrid,
            SearchMode::Graph => Self::Graph,
        }
    }
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
struct SearchResult {
    /// The state of the knowledge base that was searched.
    generation: String,
    /// Best first.
    hits: Vec<HitBody>,
    /// Things that the question names.
    entities: Vec<String>,
    /// Milliseconds by stage, and `total`.
    timings_ms: BTreeMap<String, f64>,
}

/// A fragment that was found.
#[derive(Debug, Serialize, ToSchema)]
struct HitBody {
    /// IRI of the fragment.
    fragment: String,
    /// Name of the document for `/api/documents/{id}`.
    document_id: String,
    /// IRI of the version that was read.
    version: String,
    title: String,
    /// Headings above it, outermost first: `Install > Wiring`.
    section: String,
    /// Path of the file.
    source: String,
    text: String,
    /// Code points of the document's text.
    start: usize,
    end: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    /// Path of the picture file, for pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<String>,
    /// The part of the picture that is nearest, as a W3C media fragment.
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    /// Fused score; it orders the hits of one search.
    score: f32,
    routes: Vec<RouteBody>,
    /// The walk through the graph that reached it, in words.
    path: Vec<String>,
    /// Page of the document with the fragment marked.
    link: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture_link: Option<String>,
}

/// A route that found a fragment.
#[derive(Debug, Serialize, ToSchema)]
struct RouteBody {
    /// `dense`, `lexical`, `graph`, `bridge`, `visual`, `picture` or `near-picture`.
    route: &'static str,
    /// Raw score; not comparable across routes.
    score: f32,
    /// Position on that route, from 1.
    rank: usize,
}

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(search))
}

/// Find passages and pictures, without an answer
#[utoipa::path(
    post,
    path = "/api/search",
    tag = "answers",
    request_body = SearchRequest,
    responses(
        (status = 200, body = SearchResult),
        (status = 400, description = "Nothing is asked for, or it cannot be read"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not ask"),
        (status = 413, description = "The request is too large"),
        (status = 415, description = "The request is no JSON"),
        (status = 422, description = "The request has another form"),
        (status = 429, description = "Too many requests"),
        (status = 500, description = "The server failed")
    )
)]
async fn search(
    State(app): State<Arc<App>>,
    caller: Caller,
    observed: Observed,
    request: Result<Json<SearchRequest>, JsonRejection>,
) -> Result<Json<SearchResult>, ApiError> {
    caller.require(Permission::Ask)?;
    let Json(request) = request?;
    let mode = request.mode.map_or(RetrievalMode::Graph, RetrievalMode::from);
    let mut query = query(&request)?;
    query.allowed_labels = caller.0.labels().cloned();
    let permit = Arc::clone(&app.places).acquire_owned().await;
    let work = move || {
        let _permit = permit;
        let start = Instant::now();
        let mut stopwatch = Stopwatch::new(Instant::now);
        let key = match app.gate.config.authentication {
            Authentication::None => &query.text,
            Authentication::Required => &caller.0.name,
        };
        let (snapshot, _) = app.route(key);
        let session = app.knowledge_base().session_on(Arc::clone(&snapshot));
        let found = session.find(&query, mode, &mut stopwatch)?;
        observed.stages(&stopwatch);
        let stages = stopwatch.timings().into_iter();
        let mut timings_ms: BTreeMap<String, f64> =
            stages.map(|timing| (timing.stage, timing.duration_ms)).collect();
        timings_ms.insert("total".to_owned(), start.elapsed().as_secs_f64() * 1e3);
        Ok(SearchResult {
            generation: snapshot.generation().name().to_owned(),
            hits: found.hits.iter().filter_map(|hit| hit_body(&snapshot, hit)).collect(),
            entities: found.entities.clone(),
            timings_ms,
        })
    };
    tokio::task::spawn_blocking(work).await?.map(Json)
}

fn query(request: &SearchRequest) -> Result<Query, ApiError> {
    let k = request.k.unwrap_or(DEFAULT_K);
    if !(1..=MAX_K).contains(&k) {
        return Err(ApiError::bad_request("k", format!("expected a number from 1 to {MAX_K}")));
    }
    let text = request.query.as_deref().unwrap_or_default();
    if text.len() > MAX_QUERY_BYTES {
        let message = format!("expected at most {MAX_QUERY_BYTES} bytes, found {}", text.len());
        return Err(ApiError::bad_request("query", message));
    }
    let picture = request.image.as_deref().map(picture_bytes).transpose()?;
    if text.trim().is_empty() && picture.is_none() {
        return Err(ApiError::bad_request("query", "expected words, a picture, or both"));
    }
    let only_pictures = request.only_pictures;
    Ok(Query { picture, only_pictures, ..Query::text(text, k) })
}

fn hit_body(snapshot: &Snapshot, hit: &Hit) -> Option<HitBody> {
    let fragment = snapshot.fragment(&hit.fragment)?;
    let document = snapshot.document(&hit.document)?;
    let document_id = document_name(&hit.document).to_owned();
    let (start, end) = (fragment.span.start(), fragment.span.end());
    let picture = fragment.picture();
    let route = |found: &RouteScore| RouteBody {
        route: found.route.as_str(),
        score: found.score,
        rank: found.rank,
    };
    Some(HitBody {
        fragment: hit.fragment.as_str().to_owned(),
        link: document_link(&document_id, start, end),
        document_id,
        version: fragment.version.as_str().to_owned(),
        title: document.title.clone(),
        section: fragment.section(),
        source: document.source.clone(),
        text: fragment.text.clone(),
        start,
        end,
        page: fragment.page,
        picture: picture.map(|picture| picture.source()),
        region: hit.region.map(|region| region.to_string()),
        score: hit.score,
        routes: hit.routes.iter().map(route).collect(),
        path: hit
            .path
            .iter()
            .flat_map(|path| path.steps.iter().map(|step| step.label().to_owned()))
            .collect(),
        picture_link: picture.map(picture_link),
    })
}
