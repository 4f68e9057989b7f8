//! What a request can name as its model: modes of answering, and spaces of vectors.

use super::app::App;
use super::caller::Caller;
use super::error::ApiError;
use crate::model::Permission;
use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A way of answering.
#[derive(Debug)]
pub(super) struct Mode {
    pub(super) name: &'static str,
    /// Whether the language model may write, when there is one.
    pub(super) use_llm: bool,
    /// Whether a doubtful answer is withheld.
    pub(super) strict: bool,
    description: &'static str,
}

/// The first one is what clients take that know nothing.
const MODES: [Mode; 3] = [
    Mode {
        name: "veritrail",
        use_llm: true,
        strict: false,
        description: "Written by the configured language model from the evidence, each sentence checked; without one, quotes of the evidence",
    },
    Mode {
        name: "veritrail:extractive",
        use_llm: false,
        strict: false,
        description: "Quotes of the evidence; no language model is asked",
    },
    Mode {
        name: "veritrail:strict",
        use_llm: true,
        strict: true,
        description: "As `veritrail`, with higher thresholds; one sentence that its evidence does not carry withholds the answer",
    },
];

/// A mode of answering or a space of vectors, as the OpenAI API lists models.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Model {
    id: String,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
    /// `chat` for modes of answering, `embedding` for spaces.
    kind: &'static str,
    description: String,
    /// Components of a vector, for spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<usize>,
}

/// All that can be named.
#[derive(Debug, Serialize, ToSchema)]
struct ModelList {
    object: &'static str,
    data: Vec<Model>,
}

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get))
}

/// The mode with this name.
pub(super) fn mode(name: &str) -> Result<&'static Mode, ApiError> {
    MODES.iter().find(|mode| mode.name == name).ok_or_else(|| {
        let names: Vec<&str> = MODES.iter().map(|mode| mode.name).collect();
        unknown(format!("expected model {}, found `{name}`", names.join(" or ")))
    })
}

fn unknown(message: String) -> ApiError {
    ApiError::not_found("model_not_found", "model", message)
}

fn models(app: &App) -> Vec<Model> {
    let model = |id: &str, kind, description: String, dimensions| Model {
        id: id.to_owned(),
        object: "model",
        created: 0,
        owned_by: "veritrail",
        kind,
        description,
        dimensions,
    };
    let modes =
        MODES.iter().map(|mode| model(mode.name, "chat", mode.description.to_owned(), None));
    let spaces = app.knowledge_base().spaces().into_iter().map(|space| {
        let description = format!("Vectors of the space {}", space.display_name());
        model(&space.model, "embedding", description, Some(space.dimension))
    });
    modes.chain(spaces).collect()
}

/// Modes of answering, and spaces of vectors
#[utoipa::path(
    get,
    path = "/v1/models",
    tag = "answers",
    responses(
        (status = 200, body = ModelList),
        (status = 401, description = "Nobody knows who asks"),
        (status = 429, description = "Too many requests")
    )
)]
async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<ModelList>, ApiError> {
    caller.require(Permission::Ask)?;
    Ok(Json(ModelList { object: "list", data: models(&app) }))
}

/// One mode or space
#[utoipa::path(
    get,
    path = "/v1/models/{id}",
    tag = "answers",
    params(("id" = String, Path, description = "Name, as listed")),
    responses(
        (status = 200, body = Model),
        (status = 401, description = "Nobody knows who asks"),
        (status = 404, description = "There is no such model"),
        (status = 429, description = "Too many requests")
    )
)]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Model>, ApiError> {
    caller.require(Permission::Ask)?;
    let found = models(&app).into_iter().find(|model| model.id == id);
    found.map(Json).ok_or_else(|| unknown(format!("there is no model `{id}`")))
}
