//! `/api/entities`: the things that documents name, found by name, and one of them with
//! what stands around it.

use super::app::App;
use super::caller::Caller;
use super::error::ApiError;
use crate::engine::SeenRelation;
use crate::graph::DocumentSummary;
use crate::model::{DocumentId, EntityId, Permission, Span};
use crate::retrieve::{EntitySurroundings, Naming, RetrieveError, Snapshot};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Entities in one answer.
const MAX_LIMIT: usize = 200;
/// Longest text that is looked for, in bytes.
const MAX_QUERY_BYTES: usize = 1_000;
/// Mentions, neighbours and pictures of one entity.
const MAX_AROUND: usize = 48;
/// Relations of one entity.
const MAX_RELATIONS: usize = 100;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(one))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParameters {
    /// Words of a label; without them the entities that are named most come first.
    #[serde(default)]
    query: String,
    /// How many are wanted, at most 200.
    #[serde(default = "default_limit")]
    limit: usize,
}

fn default_limit() -> usize {
    20
}

#[derive(Debug, Serialize, ToSchema)]
struct EntityList {
    /// How many there are in all.
    total: usize,
    entities: Vec<EntityItem>,
}

#[derive(Debug, Serialize, ToSchema)]
struct EntityItem {
    /// IRI of the entity.
    id: String,
    label: String,
    class: &'static str,
    n_mentions: usize,
}

#[derive(Debug, Serialize, ToSchema)]
struct EntityBody {
    /// IRI of the entity.
    id: String,
    /// The preferred one first.
    labels: Vec<String>,
    class: &'static str,
    n_mentions: usize,
    mentions: Vec<MentionBody>,
    relations: Vec<RelationBody>,
    neighbours: Vec<NeighbourBody>,
    documents: Vec<DocumentItem>,
    pictures: Vec<DocumentItem>,
}

#[derive(Debug, Serialize, ToSchema)]
struct MentionBody {
    fragment: String,
    document_id: String,
    title: String,
    section: String,
    /// The name with the words around it.
    quote: String,
    /// The name as it stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    surface: Option<String>,
    /// Code points of the document's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<usize>,
    /// The page that shows it.
    link: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct RelationBody {
    subject: String,
    subject_label: String,
    /// IRI of the property.
    predicate: String,
    /// The property in words.
    name: String,
    /// IRI of the object; none when the object is words.
    object: Option<String>,
    object_label: String,
    /// The words that say it.
    quote: String,
    confidence: f32,
    document_id: String,
    title: String,
    link: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct NeighbourBody {
    id: String,
    label: String,
    /// `tie`, `mention`, or `relation`.
    kind: &'static str,
    /// What ties it to the entity, in words, when a relation does.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// From 0 to 1.
    weight: f32,
}

#[derive(Debug, Serialize, ToSchema)]
struct DocumentItem {
    document_id: String,
    title: String,
    source: String,
}

/// Entities that somebody sees, found by the words of their labels.
#[utoipa::path(
    get,
    path = "/api/entities",
    tag = "graph",
    params(ListParameters),
    responses((status = 200, body = EntityList), (status = 400), (status = 401), (status = 403))
)]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Result<Query<ListParameters>, QueryRejection>,
) -> Result<Json<EntityList>, ApiError> {
    caller.require(Permission::QueryGraph)?;
    let Query(ListParameters { query, limit }) =
        parameters.map_err(|rejection| ApiError::bad_request("query", rejection.body_text()))?;
    if query.len() > MAX_QUERY_BYTES {
        let message = format!("expected at most {MAX_QUERY_BYTES} bytes, found {}", query.len());
        return Err(ApiError::bad_request("query", message));
    }
    let found = tokio::task::spawn_blocking(move || {
        let snapshot = app.snapshot();
        let view = snapshot.view(caller.0.labels()).map_err(RetrieveError::from)?;
        let (found, total) = view.find_entities(&query, limit.min(MAX_LIMIT));
        let entities = found.into_iter().map(|entity| EntityItem {
            id: entity.id.as_str().to_owned(),
            label: entity.label,
            class: entity.class.local_name(),
            n_mentions: entity.n_mentions,
        });
        Ok::<_, RetrieveError>(EntityList { total, entities: entities.collect() })
    });
    Ok(Json(found.await?.map_err(|error| ApiError::internal(&error))?))
}

/// One entity: labels, mentions, relations, neighbours and pictures that somebody sees.
#[utoipa::path(
    get,
    path = "/api/entities/{id}",
    tag = "graph",
    params(("id" = String, Path, description = "IRI of the entity, percent-encoded")),
    responses((status = 200, body = EntityBody), (status = 401), (status = 403), (status = 404))
)]
async fn one(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<EntityBody>, ApiError> {
    caller.require(Permission::QueryGraph)?;
    let read = tokio::task::spawn_blocking(move || {
        let snapshot = app.snapshot();
        let view = snapshot
            .view(caller.0.labels())
            .map_err(|error| ApiError::internal(&RetrieveError::from(error)))?;
        let id = EntityId::from_iri(id);
        let Some(entity) = view.surroundings(&id, MAX_AROUND) else {
            return Err(ApiError::not_found("entity_not_found", "id", "there is no such entity"));
        };
        let relations = app.knowledge_base().seen_relations(&snapshot, &view, &entity.members)?;
        Ok(body(&snapshot, entity, relations))
    });
    Ok(Json(read.await??))
}

fn body(
    snapshot: &Snapshot,
    entity: EntitySurroundings<'_>,
    mut relations: Vec<SeenRelation>,
) -> EntityBody {
    relations.truncate(MAX_RELATIONS);
    EntityBody {
        id: entity.id.as_str().to_owned(),
        class: entity.class.local_name(),
        n_mentions: entity.n_mentions,
        mentions: entity.mentions.iter().map(|naming| mention(snapshot, naming)).collect(),
        neighbours: neighbours(&entity, &relations),
        relations: relations.into_iter().map(|seen| relation(snapshot, seen)).collect(),
        documents: entity.documents.into_iter().map(item).collect(),
        pictures: entity.pictures.into_iter().map(item).collect(),
        labels: entity.labels,
    }
}

/// Entities at the other end of relations, then the others.
fn neighbours(entity: &EntitySurroundings<'_>, relations: &[SeenRelation]) -> Vec<NeighbourBody> {
    let mut neighbours: Vec<NeighbourBody> = Vec::new();
    for seen in relations {
        let Some(object) = &seen.object else { continue };
        let (id, label) = match seen.subject == *entity.id {
            true => (object, &seen.object_label),
            false => (&seen.subject, &seen.subject_label),
        };
        if id != entity.id && neighbours.iter().all(|known| known.id != id.as_str()) {
            neighbours.push(NeighbourBody {
                id: id.as_str().to_owned(),
                label: label.clone(),
                kind: "relation",
                name: Some(seen.name.clone()),
                weight: seen.relation.confidence,
            });
        }
    }
    for other in &entity.neighbours {
        if neighbours.iter().all(|known| known.id != other.id.as_str()) {
            neighbours.push(NeighbourBody {
                id: other.id.as_str().to_owned(),
                label: other.label.clone(),
                kind: other.kind.as_str(),
                name: None,
                weight: other.weight,
            });
        }
    }
    neighbours.truncate(MAX_AROUND);
    neighbours
}

fn mention(snapshot: &Snapshot, naming: &Naming<'_>) -> MentionBody {
    let fragment = naming.fragment;
    MentionBody {
        fragment: fragment.id.as_str().to_owned(),
        document_id: name(&fragment.document),
        title: title(snapshot, &fragment.document),
        section: fragment.section(),
        quote: naming.quote.clone(),
        surface: naming.surface.clone(),
        start: naming.span.map(|span| span.start()),
        end: naming.span.map(|span| span.end()),
        link: link(&fragment.document, naming.span),
    }
}

fn relation(snapshot: &Snapshot, seen: SeenRelation) -> RelationBody {
    let document = snapshot.fragment(&seen.relation.fragment).map(|f| &f.document);
    RelationBody {
        subject: seen.subject.as_str().to_owned(),
        subject_label: seen.subject_label,
        predicate: seen.relation.predicate.as_str().to_owned(),
        name: seen.name,
        object: seen.object.map(|object| object.as_str().to_owned()),
        object_label: seen.object_label,
        quote: seen.relation.quote,
        confidence: seen.relation.confidence,
        document_id: document.map(name).unwrap_or_default(),
        title: document.map(|id| title(snapshot, id)).unwrap_or_default(),
        link: document.map(|id| link(id, Some(seen.span))).unwrap_or_default(),
    }
}

fn item(document: &DocumentSummary) -> DocumentItem {
    DocumentItem {
        document_id: name(&document.id),
        title: document.title.clone(),
        source: document.source.clone(),
    }
}

fn title(snapshot: &Snapshot, id: &DocumentId) -> String {
    snapshot.document(id).map(|document| document.title.clone()).unwrap_or_default()
}

/// The part of a document's IRI that names it in this interface.
fn name(id: &DocumentId) -> String {
    let prefix = crate::vocab::DOCUMENT_PREFIX;
    id.as_str().strip_prefix(prefix).unwrap_or(id.as_str()).to_owned()
}

/// The page of a document, with words of it marked.
fn link(id: &DocumentId, span: Option<Span>) -> String {
    let encoded: String = form_urlencoded::byte_serialize(name(id).as_bytes()).collect();
    match span {
        Some(span) => format!("/documents/{encoded}?start={}&end={}", span.start(), span.end()),
        None => format!("/documents/{encoded}"),
    }
}
