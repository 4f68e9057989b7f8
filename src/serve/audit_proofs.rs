//! `/api/audit/verify`, `/api/audit/export`, `/api/audit/checkpoint`: proofs about all
//! records, for callers who see every label.

use super::app::App;
use super::audit::told;
use super::caller::Caller;
use super::document_files::blocks;
use super::error::ApiError;
use crate::audit::{Checkpoint, PublicKey};
use crate::model::Permission;
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufWriter, IntoInnerError};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(verify)).routes(routes!(export)).routes(routes!(checkpoint))
}

/// What was kept elsewhere.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct VerifyRequest {
    /// The public key as it was kept elsewhere, 64 hexadecimal digits; the one beside the
    /// records proves less.
    public_key: Option<String>,
    /// Checkpoints that were kept elsewhere.
    #[schema(value_type = Vec<Object>)]
    checkpoints: Vec<Checkpoint>,
}

/// Does something that reads all records, one such thing at a time.
fn alone<T>(app: &App, work: impl FnOnce() -> Result<T, ApiError>) -> Result<T, ApiError> {
    let _sole = app.sole_reader.try_lock().map_err(|_| {
        let message = "all records are being read by somebody else; ask again later";
        ApiError::refused(StatusCode::CONFLICT, "records_busy", message)
    })?;
    work()
}

/// Compares every record with its seal, the seals with the log and the checkpoints, and
/// the bytes that records name with their digests. `findings` is empty when all is as it
/// was sealed; the first broken record comes first.
#[utoipa::path(
    post,
    path = "/api/audit/verify",
    tag = "audit",
    request_body = VerifyRequest,
    responses(
        (status = 200, body = Object),
        (status = 400, description = "The public key is none, or the body is no JSON"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not read the answers of others, or does not see every label"),
        (status = 409, description = "All records are being read for somebody else"),
        (status = 415, description = "The body is not declared as JSON"),
        (status = 422, description = "A field is wrong")
    )
)]
async fn verify(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Result<Json<VerifyRequest>, JsonRejection>,
) -> Result<Json<Value>, ApiError> {
    caller.require(Permission::ReadAllAnswers)?;
    caller.require_all_labels()?;
    let Json(VerifyRequest { public_key, checkpoints }) = request?;
    let no_key = || ApiError::bad_request("public_key", "expected 64 hexadecimal digits");
    let key = public_key.as_deref().map(|text| PublicKey::from_text(text).ok_or_else(no_key));
    let key = key.transpose()?;
    let verified = tokio::task::spawn_blocking(move || {
        let verification =
            alone(&app, || Ok(app.knowledge_base().verify_audit(key.as_ref(), &checkpoints)?))?;
        if !verification.is_sound() {
            let n_findings = verification.findings.len();
            tracing::error!(n_findings, "records are not as they were sealed");
        }
        let mut body = json!(verification);
        if let Some(body) = body.as_object_mut() {
            body.insert("is_sound".into(), json!(verification.is_sound()));
        }
        Ok::<_, ApiError>(Json(body))
    });
    verified.await?
}

/// How records are exported.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExportParameters {
    /// Leave out all words that could be erased; the file can be verified all the same.
    #[serde(default)]
    without_words: bool,
}

/// Records, seals, checkpoints, the public key and the documents' digests in one file,
/// one JSON object in each line. `veritrail audit verify --file` checks it without the
/// knowledge base.
#[utoipa::path(
    get,
    path = "/api/audit/export",
    tag = "audit",
    params(ExportParameters),
    responses(
        (status = 200, content_type = "application/x-ndjson", body = String),
        (status = 400, description = "A parameter cannot be read"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not read the answers of others, or does not see every label"),
        (status = 409, description = "All records are being read for somebody else")
    )
)]
async fn export(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Result<Query<ExportParameters>, QueryRejection>,
) -> Result<Response, ApiError> {
    caller.require(Permission::ReadAllAnswers)?;
    caller.require_all_labels()?;
    let Query(parameters) = parameters?;
    let written = tokio::task::spawn_blocking(move || {
        let failed = |error: std::io::Error| ApiError::internal(&error);
        // Written first, so that no client that reads slowly holds anything up.
        let file = tempfile::tempfile_in(app.knowledge_base().root()).map_err(failed)?;
        let mut output = BufWriter::new(file);
        alone(&app, || {
            let kept = app.knowledge_base();
            kept.export_audit(parameters.without_words, &mut output).map_err(told)
        })?;
        let file: File = output.into_inner().map_err(IntoInnerError::into_error).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        Ok::<_, ApiError>((file, size))
    });
    let (file, size) = written.await??;
    let mut response = Body::from_stream(blocks(file, 0..size)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
    let name = "attachment; filename=\"veritrail-audit.jsonl\"";
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(name));
    Ok(response)
}

/// Signs the chain as it is, for keeping the checkpoint elsewhere; `null` when nothing
/// was recorded since the last one.
#[utoipa::path(
    post,
    path = "/api/audit/checkpoint",
    tag = "audit",
    responses(
        (status = 200, body = Object),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not read the answers of others, or does not see every label")
    )
)]
async fn checkpoint(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Value>, ApiError> {
    caller.require(Permission::ReadAllAnswers)?;
    caller.require_all_labels()?;
    let signed =
        tokio::task::spawn_blocking(move || app.knowledge_base().audit_checkpoint().map_err(told));
    Ok(Json(json!(signed.await??)))
}
