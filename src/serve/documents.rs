//! `/api/documents`: what is in the knowledge base, and taking it out.

use super::app::App;
use super::caller::Caller;
use super::error::ApiError;
use super::jobs_http::{Accepted, accepted};
use super::jobs_work::name;
use crate::engine::{EngineError, JobOrder, JobWork};
use crate::graph::DocumentSummary;
use crate::model::{DocumentId, Fragment, Permission};
use crate::retrieve::Snapshot;
use crate::vocab;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Documents listed at most, and unless asked otherwise.
const MAX_LISTED: usize = 500;
const N_LISTED: usize = 50;
/// Longest reason for a deletion in characters.
const MAX_REASON_CHARS: usize = 1000;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get)).routes(routes!(delete))
}

/// A document in a list.
#[derive(Debug, Serialize, ToSchema)]
struct DocumentView {
    /// Its name in this interface: the part of its IRI after the prefix.
    id: String,
    /// Source path or given id.
    source: String,
    title: String,
    media_type: &'static str,
    /// Name of its version.
    version: String,
    access_label: String,
    /// BCP 47 language tag.
    language: Option<String>,
    size_bytes: Option<u64>,
    n_fragments: usize,
    /// RFC 3339.
    ingested_at: Option<String>,
}

/// Documents.
#[derive(Debug, Serialize, ToSchema)]
struct DocumentList {
    /// The generation that is served.
    generation: String,
    /// How many fit in all.
    total: usize,
    /// Those of this page, by source path.
    documents: Vec<DocumentView>,
}

/// A document with its fragments.
#[derive(Debug, Serialize, ToSchema)]
struct DocumentDetails {
    #[serde(flatten)]
    document: DocumentView,
    fragments: Vec<FragmentView>,
}

/// A fragment and its place.
#[derive(Debug, Serialize, ToSchema)]
struct FragmentView {
    id: String,
    section: String,
    page: Option<u32>,
    /// First code point in the text of the document.
    start: usize,
    /// The code point after the last.
    end: usize,
    /// Name of the document that is the picture.
    picture: Option<String>,
}

/// Which documents.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct ListParameters {
    /// Words that the source path or the title holds.
    query: Option<String>,
    /// Access label.
    label: Option<String>,
    /// Media type, or its beginning, such as `image/`.
    media_type: Option<String>,
    /// How many at most: 50 unless given, 500 at most.
    limit: Option<usize>,
    /// How many are passed over.
    offset: Option<usize>,
}

/// How a document is deleted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct DeleteParameters {
    /// Whether its words are erased from the records of earlier answers.
    erase_quotes: bool,
    /// Why; part of the receipt.
    reason: Option<String>,
}

/// The documents that the caller may see.
#[utoipa::path(
    get,
    path = "/api/documents",
    tag = "documents",
    params(ListParameters),
    responses(
        (status = 200, body = DocumentList),
        (status = 400, description = "A parameter cannot be read"),
        (status = 401, description = "Nobody knows who asks")
    )
)]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Result<Query<ListParameters>, QueryRejection>,
) -> Result<Json<DocumentList>, ApiError> {
    caller.require(Permission::ReadDocuments)?;
    let Query(parameters) = parameters?;
    let listed = tokio::task::spawn_blocking(move || {
        let snapshot = app.snapshot();
        let mut found: Vec<&DocumentSummary> = snapshot
            .documents()
            .filter(|document| caller.0.sees(&document.access_label) && parameters.fit(document))
            .filter(|document| !snapshot.is_withdrawn(&document.id))
            .collect();
        found.sort_by(|a, b| a.source.cmp(&b.source));
        let limit = parameters.limit.unwrap_or(N_LISTED).min(MAX_LISTED);
        let page = found.iter().skip(parameters.offset.unwrap_or(0)).take(limit);
        let documents: Result<_, EngineError> =
            page.map(|document| view(&app, &snapshot, document)).collect();
        Ok::<_, ApiError>(DocumentList {
            generation: snapshot.generation().name().to_owned(),
            total: found.len(),
            documents: documents?,
        })
    });
    Ok(Json(listed.await??))
}

impl ListParameters {
    fn fit(&self, document: &DocumentSummary) -> bool {
        let of = |wish: &Option<String>, fits: &dyn Fn(&str) -> bool| {
            wish.as_deref().is_none_or(|wish| wish.is_empty() || fits(wish))
        };
        of(&self.label, &|label| document.access_label.0 == label)
            && of(&self.media_type, &|kind| document.media_type.as_str().starts_with(kind))
            && of(&self.query, &|query| {
                let known = format!("{}\n{}", document.source, document.title).to_lowercase();
                query.to_lowercase().split_whitespace().all(|word| known.contains(word))
            })
    }
}

fn view(
    app: &App,
    snapshot: &Snapshot,
    document: &DocumentSummary,
) -> Result<DocumentView, EngineError> {
    let facts = app.knowledge_base().version_facts(&document.version)?;
    Ok(DocumentView {
        id: name(&document.id),
        source: document.source.clone(),
        title: document.title.clone(),
        media_type: document.media_type.as_str(),
        version: document.version.hash().to_owned(),
        access_label: document.access_label.0.clone(),
        language: document.language.clone(),
        size_bytes: facts.size_bytes,
        n_fragments: snapshot.fragments_of(&document.version).count(),
        ingested_at: facts.ingested_at,
    })
}

/// The document of this name, which may also be its IRI or its source path. One that the
/// caller may not see is not there.
pub(super) fn find<'s>(
    snapshot: &'s Snapshot,
    caller: &Caller,
    name: &str,
) -> Result<&'s DocumentSummary, ApiError> {
    let name = name.strip_prefix(vocab::DOCUMENT_PREFIX).unwrap_or(name);
    let id = DocumentId::from_iri(format!("{}{name}", vocab::DOCUMENT_PREFIX));
    let found = snapshot
        .document(&id)
        .or_else(|| snapshot.document(&DocumentId::from_source(name)))
        .filter(|document| caller.0.sees(&document.access_label))
        .filter(|document| !snapshot.is_withdrawn(&document.id));
    found
        .ok_or_else(|| ApiError::not_found("document_not_found", "id", "there is no such document"))
}

/// One document with its fragments.
#[utoipa::path(
    get,
    path = "/api/documents/{id}",
    tag = "documents",
    params(("id" = String, Path, description = "Name of the document, percent-encoded")),
    responses(
        (status = 200, body = DocumentDetails),
        (status = 401, description = "Nobody knows who asks"),
        (status = 404, description = "There is no such document for the caller")
    )
)]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<DocumentDetails>, ApiError> {
    caller.require(Permission::ReadDocuments)?;
    let details = tokio::task::spawn_blocking(move || {
        let snapshot = app.snapshot();
        let document = find(&snapshot, &caller, &name)?;
        let seen = |id: &DocumentId| {
            snapshot.document(id).is_some_and(|picture| caller.0.sees(&picture.access_label))
        };
        let fragments = snapshot.fragments_of(&document.version);
        let fragments = fragments.map(|fragment| FragmentView::new(fragment, &seen)).collect();
        let document = view(&app, &snapshot, document)?;
        Ok::<_, ApiError>(DocumentDetails { document, fragments })
    });
    Ok(Json(details.await??))
}

impl FragmentView {
    fn new(fragment: &Fragment, seen: &dyn Fn(&DocumentId) -> bool) -> Self {
        Self {
            id: fragment.id.to_string(),
            section: fragment.section(),
            page: fragment.page,
            start: fragment.span.start(),
            end: fragment.span.end(),
            picture: fragment.picture().filter(|picture| seen(picture)).map(name),
        }
    }
}

/// Deletes a document for good. Nobody is shown it from now on, and no new answer cites it;
/// the result of the job is the receipt.
#[utoipa::path(
    delete,
    path = "/api/documents/{id}",
    tag = "documents",
    params(
        ("id" = String, Path, description = "Name of the document, percent-encoded"),
        DeleteParameters
    ),
    responses(
        (status = 202, description = "The job that deletes it", body = Accepted),
        (status = 400, description = "A parameter cannot be read"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not delete documents"),
        (status = 404, description = "There is no such document for the caller"),
        (status = 429, description = "Too many jobs; try again later")
    )
)]
async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
    parameters: Result<Query<DeleteParameters>, QueryRejection>,
) -> Result<Response, ApiError> {
    caller.require(Permission::WriteDocuments)?;
    let Query(parameters) = parameters?;
    let reason = parameters.reason.filter(|reason| !reason.trim().is_empty());
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > MAX_REASON_CHARS) {
        let message = format!("expected at most {MAX_REASON_CHARS} characters");
        return Err(ApiError::bad_request("reason", message));
    }
    let document = find(&app.snapshot(), &caller, &name)?.clone();
    let place = app.jobs().place()?;
    let work = JobWork::Delete {
        documents: vec![document.id.to_string()],
        erase_quotes: parameters.erase_quotes,
        reason,
    };
    let order = JobOrder::new(work, &caller.0.name, BTreeSet::from([document.access_label]));
    let queued = move || {
        let job = app.jobs().submit(place, order, app.jobs().spool.incoming()?)?;
        app.withdraw();
        Ok::<_, ApiError>(job)
    };
    let job = tokio::task::spawn_blocking(queued).await??;
    Ok(accepted(&job))
}
