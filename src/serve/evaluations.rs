//! `/api/generations/evaluations`: what generations reached on golden sets.

use super::app::App;
use super::caller::Caller;
use super::error::ApiError;
use crate::engine::GoldenEvaluation;
use crate::model::Permission;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use tokio::task::spawn_blocking;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Evaluations told of at most, the latest.
const MOST_EVALUATIONS: usize = 500;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list_evaluations))
}

/// Evaluations on golden sets.
#[derive(Debug, Serialize)]
struct Evaluations {
    /// The latest first, 500 at most.
    evaluations: Vec<GoldenEvaluation>,
}

/// What generations reached on golden sets whenever these were asked, the latest first,
/// and what the gate said.
#[utoipa::path(
    get,
    path = "/api/generations/evaluations",
    tag = "generations",
    responses(
        (status = 200, body = Object, description = "Each with the generation, the version of the set, recall@5, nDCG@10 and the verdict of the gate"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not see how the service runs")
    )
)]
async fn list_evaluations(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Json<Evaluations>, ApiError> {
    caller.require(Permission::Operate)?;
    let listed = spawn_blocking(move || app.knowledge_base().evaluations());
    let mut evaluations = listed.await??;
    evaluations.truncate(MOST_EVALUATIONS);
    Ok(Json(Evaluations { evaluations }))
}
