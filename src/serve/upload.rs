//! `POST /api/documents`: files in, streamed to disk, and a job that takes them in.

use super::app::App;
use super::caller::Caller;
use super::error::ApiError;
use super::jobs_http::{Accepted, accepted};
use crate::engine::{FailedFile, Incoming, JobOrder, JobWork, UploadPath, UploadPathError};
use crate::model::Permission;
use axum::extract::multipart::{Field, MultipartError, MultipartRejection};
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::StatusCode;
use axum::response::Response;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Largest upload, all files together.
const MAX_UPLOAD_BYTES: usize = 1 << 30;
/// Most files of an upload.
const MAX_FILES: usize = 1000;
/// Bytes of a file that are held before they are written.
const BUFFER_BYTES: usize = 1 << 20;
/// Longest value of a field that is no file.
const MAX_VALUE_BYTES: usize = 4096;

/// The form of an upload.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the form for the API document")]
struct UploadForm {
    /// Files; the name of each becomes its source path.
    #[schema(content_media_type = "application/octet-stream")]
    file: Vec<String>,
    /// Folder before the names.
    folder: Option<String>,
    /// `true` deletes documents that an earlier archive or list of the same name held and
    /// this one does not.
    prune: Option<String>,
}

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(upload)).layer(DefaultBodyLimit::max(MAX_UPLOAD_BYTES))
}

/// Files of an upload as they come in.
struct Received {
    incoming: Incoming,
    /// Number in `incoming` and name.
    files: Vec<(usize, String)>,
    folder: String,
    prune: bool,
}

/// Takes files in. The answer names a job; when it arrives, the files are safe.
#[utoipa::path(
    post,
    path = "/api/documents",
    tag = "documents",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 202, description = "The job that takes them in", body = Accepted),
        (status = 400, description = "No files, or a name that cannot be used"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not take in documents, or none of their access label"),
        (status = 413, description = "A file or all of them are too large"),
        (status = 415, description = "No multipart form"),
        (status = 429, description = "Too many uploads or jobs; try again later"),
        (status = 507, description = "The disk is full")
    )
)]
async fn upload(
    State(app): State<Arc<App>>,
    caller: Caller,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, ApiError> {
    caller.require(Permission::WriteDocuments)?;
    let form = form.map_err(|rejection| {
        let status = match rejection.status() {
            // A form without a boundary, or none at all.
            StatusCode::BAD_REQUEST => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            status => status,
        };
        ApiError::refused(status, "invalid_request", rejection.body_text())
    })?;
    let place = app.jobs().place()?;
    let receiving = app.jobs().upload_place()?;
    let received = receive(&app, form).await?;
    drop(receiving);
    let queued = move || {
        let principal = &caller.0;
        let Received { incoming, files, folder, prune } = received;
        let (paths, refused) = placed(&incoming, &files, &folder)?;
        let labels = app.knowledge_base().labels_of_upload(&app.snapshot(), &paths);
        if !labels.iter().all(|label| principal.sees(label)) {
            // Without the name of the label, which is not theirs to know.
            let message =
                "documents of these names have an access label that is not among the caller's";
            return Err(ApiError::refused(StatusCode::FORBIDDEN, "foreign_label", message));
        }
        let files = paths.iter().map(|path| path.as_str().to_owned()).collect();
        let work = JobWork::Upload { files, refused, prune };
        let order = JobOrder::new(work, &principal.name, labels);
        Ok::<_, ApiError>(app.jobs().submit(place, order, incoming)?)
    };
    let job = tokio::task::spawn_blocking(queued).await??;
    Ok(accepted(&job))
}

/// Reads the form; files go to disk as they come.
async fn receive(app: &Arc<App>, mut form: Multipart) -> Result<Received, ApiError> {
    let opened = Arc::clone(app);
    let incoming = tokio::task::spawn_blocking(move || opened.jobs().spool.incoming()).await??;
    let mut received =
        Received { incoming, files: Vec::new(), folder: String::new(), prune: false };
    let max_file_bytes = app.knowledge_base().config().ingest.max_file_bytes;
    while let Some(field) = form.next_field().await? {
        match field.name().unwrap_or_default() {
            "file" => {
                let name = field.file_name().unwrap_or_default().to_owned();
                if received.files.len() == MAX_FILES {
                    let message = format!("expected at most {MAX_FILES} files at once");
                    return Err(ApiError::bad_request("file", message));
                }
                // Archives may be larger than the documents in them.
                let is_archive = name.to_lowercase().ends_with(".zip");
                let limit = if is_archive { u64::MAX } else { max_file_bytes };
                let (n, file) = received.incoming.create()?;
                write(field, file, limit).await?;
                received.files.push((n, name));
            }
            "folder" => received.folder = value(field, "folder").await?,
            "prune" => {
                received.prune = match value(field, "prune").await?.as_str() {
                    "true" => true,
                    "false" | "" => false,
                    _ => return Err(ApiError::bad_request("prune", "expected true or false")),
                }
            }
            _ => {
                let message = "expected the fields file, folder and prune, found another one";
                return Err(ApiError::bad_request("file", message));
            }
        }
    }
    Ok(received)
}

async fn value(mut field: Field<'_>, param: &'static str) -> Result<String, ApiError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_VALUE_BYTES {
            let message = format!("expected at most {MAX_VALUE_BYTES} bytes");
            return Err(ApiError::bad_request(param, message));
        }
    }
    String::from_utf8(bytes).map_err(|_| ApiError::bad_request(param, "expected UTF-8"))
}

/// Writes a file as it comes, and syncs it.
async fn write(mut field: Field<'_>, mut file: File, limit: u64) -> Result<(), ApiError> {
    let mut buffer = Vec::new();
    let mut n_bytes = 0u64;
    loop {
        let chunk = field.chunk().await?;
        let ended = chunk.is_none();
        if let Some(chunk) = chunk {
            n_bytes += chunk.len() as u64;
            buffer.extend_from_slice(&chunk);
        }
        if n_bytes > limit {
            let message = format!("expected files of at most {limit} bytes, found a larger one");
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            return Err(ApiError::refused(status, "too_large", &message));
        }
        if !ended && buffer.len() < BUFFER_BYTES {
            continue;
        }
        let full = std::mem::take(&mut buffer);
        let written = tokio::task::spawn_blocking(move || {
            file.write_all(&full)?;
            if ended {
                file.sync_all()?;
            }
            Ok::<_, std::io::Error>(file)
        });
        file = written.await?.map_err(disk)?;
        if ended {
            return Ok(());
        }
    }
}

/// Gives the files their source paths. Those that no loader reads are left out, each with
/// its reason, unless there are no others.
fn placed(
    incoming: &Incoming,
    files: &[(usize, String)],
    folder: &str,
) -> Result<(Vec<UploadPath>, Vec<FailedFile>), ApiError> {
    let (mut paths, mut refused) = (BTreeSet::new(), Vec::new());
    for (n, name) in files {
        let path = match UploadPath::new(folder, name) {
            Ok(path) => path,
            Err(error @ UploadPathError::Ending(_)) => {
                incoming.discard(*n)?;
                refused.push(FailedFile { source: name.clone(), reason: error.to_string() });
                continue;
            }
            Err(error) => return Err(ApiError::bad_request("file", error.to_string())),
        };
        if paths.contains(&path) {
            let message = format!("expected each name once, found `{}` twice", path.as_str());
            return Err(ApiError::bad_request("file", message));
        }
        let below = |other: &UploadPath| {
            let (a, b) = (other.as_str(), path.as_str());
            a.strip_prefix(b).or(b.strip_prefix(a)).is_some_and(|rest| rest.starts_with('/'))
        };
        if paths.iter().any(below) {
            let message = format!("`{}` is a file and a folder", path.as_str());
            return Err(ApiError::bad_request("file", message));
        }
        incoming.place(*n, &path)?;
        paths.insert(path);
    }
    match (paths.is_empty(), refused.first()) {
        (false, _) => Ok((paths.into_iter().collect(), refused)),
        (true, Some(first)) => Err(ApiError::bad_request("file", first.reason.clone())),
        (true, None) => Err(ApiError::bad_request("file", "expected at least one file")),
    }
}

/// A disk that refuses; that it is full is for whoever uploads to know.
fn disk(error: std::io::Error) -> ApiError {
    if error.kind() == std::io::ErrorKind::StorageFull {
        let status = StatusCode::INSUFFICIENT_STORAGE;
        return ApiError::refused(status, "disk_full", "the disk of the server is full");
    }
    ApiError::internal(&error)
}

impl From<MultipartError> for ApiError {
    fn from(error: MultipartError) -> Self {
        let code = if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            "too_large"
        } else {
            "invalid_request"
        };
        Self::refused(error.status(), code, error.body_text())
    }
}
