//! `GET /metrics`: counts and sizes for Prometheus.

use super::app::App;
use super::caller::Caller;
use super::error::ApiError;
use super::observe::{Observer, state_of};
use crate::model::Permission;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::{prometheus_text, text};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(metrics))
}

/// Metrics of the service
///
/// In the text format of Prometheus, or in OpenMetrics where `Accept` names it.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operations",
    responses(
        (status = 200, description = "The metrics", body = String, content_type = "text/plain"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The role may not see how the service runs"),
    ),
)]
async fn metrics(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    caller.require(Permission::Operate)?;
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let open_metrics = accept.contains("application/openmetrics-text");
    let counted = Arc::clone(&app);
    tokio::task::spawn_blocking(move || Observer::count_quads(&counted));
    let written = tokio::task::spawn_blocking(move || {
        let (counts, state) = (app.observer().metrics.registry(), state_of(&app));
        let mut text = String::new();
        let written = if open_metrics {
            text::encode_registry(&mut text, counts)
                .and_then(|()| text::encode_registry(&mut text, &state))
                .and_then(|()| text::encode_eof(&mut text))
        } else {
            prometheus_text::encode(&mut text, counts)
                .and_then(|()| prometheus_text::encode(&mut text, &state))
        };
        written.map(|()| text)
    });
    let text = written.await?.map_err(|error| ApiError::internal(&error))?;
    let kind = if open_metrics { OPEN_METRICS } else { PROMETHEUS };
    Ok(([(CONTENT_TYPE, kind)], text).into_response())
}
