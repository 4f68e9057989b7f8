//! `GET /api/backup`: everything, as one archive.

use super::app::App;
use super::caller::Caller;
use super::document_files::blocks;
use super::error::ApiError;
use crate::backup::BackupWriter;
use crate::engine::{BackupOptions, EngineError};
use crate::model::Permission;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get))
}

/// What the backup holds beside documents, graph and records.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct BackupParameters {
    /// Whether it holds the digests of API keys; restoring it brings back keys that were
    /// revoked since.
    #[serde(default)]
    with_api_keys: bool,
}

/// A backup of one moment, as a ZIP archive
///
/// For admins who see every label. Questions are answered meanwhile; what changes
/// documents waits until everything is copied, which needs as much room on the disk as
/// the knowledge base takes. `veritrail check` verifies it, `veritrail restore` makes a
/// knowledge base of it.
#[utoipa::path(
    get,
    path = "/api/backup",
    tag = "operations",
    params(BackupParameters),
    responses(
        (status = 200, content_type = "application/zip", body = Vec<u8>),
        (status = 400, description = "A parameter cannot be read"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not take backups, or does not see every label"),
        (status = 409, description = "Another backup is being made")
    )
)]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Result<Query<BackupParameters>, QueryRejection>,
) -> Result<Response, ApiError> {
    caller.require(Permission::Administer)?;
    caller.require_all_labels()?;
    let Query(parameters) = parameters?;
    let made = tokio::task::spawn_blocking(move || {
        let _sole = app.backup.try_lock().map_err(|_| {
            let message = "another backup is being made; ask again when it is done";
            ApiError::refused(StatusCode::CONFLICT, "backup_running", message)
        })?;
        let knowledge_base = app.knowledge_base();
        let writer = BackupWriter::nameless(knowledge_base.root()).map_err(EngineError::from)?;
        let options = BackupOptions { api_keys: parameters.with_api_keys };
        let (manifest, file) = knowledge_base.backup(writer, options)?;
        let file = file.ok_or_else(|| ApiError::internal(&std::io::Error::other("no archive")))?;
        let size = file.metadata().map_err(|error| ApiError::internal(&error))?.len();
        tracing::info!(
            backup.size_bytes = size,
            backup.sha256 = manifest.sha256,
            "a backup was made"
        );
        Ok::<_, ApiError>((manifest, file, size))
    });
    let (manifest, file, size) = made.await??;
    let mut response = Body::from_stream(blocks(file, 0..size)).into_response();
    let day = manifest.head.made_at.get(..10).unwrap_or("backup");
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in [
        (CONTENT_LENGTH, size.to_string()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"veritrail-{day}.zip\"")),
        (HeaderName::from_static("x-veritrail-backup-sha256"), manifest.sha256),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    Ok(response)
}
