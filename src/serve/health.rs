//! `GET /healthz` and `GET /readyz`, for whatever starts and watches the service.
//! Nobody is asked who they are here, so nothing is said that is not needed.

use super::app::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The checks touch the disk and the network; more frequent questions get the answer
/// before.
const BETWEEN_CHECKS: Duration = Duration::from_secs(2);
/// Longest wait for the language model.
const MODEL_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz))
}

/// The process answers.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Health {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Whether requests can be answered, and what stands against it.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Readiness {
    ready: bool,
    /// Whether the graph can be read.
    store_readable: bool,
    /// Whether records of answers can be written.
    store_writable: bool,
    /// Whether there is more free room on the disk than `observe.min_free_disk_bytes`.
    disk_space: bool,
    /// Whether the language model can be reached; missing when none is configured.
    /// Answers are extractive without it, so that it is no condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    language_model: Option<bool>,
}

/// The last outcome, for a while.
#[derive(Default)]
pub(super) struct LastCheck(Mutex<Option<(Instant, Readiness)>>);

/// Whether the process lives
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "operations",
    security(()),
    responses((status = 200, description = "It does", body = Health)),
)]
async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether requests can be answered
///
/// Looked at again every two seconds at most.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operations",
    security(()),
    responses(
        (status = 200, description = "They can", body = Readiness),
        (status = 503, description = "They cannot", body = Readiness),
    ),
)]
async fn readyz(State(app): State<Arc<App>>) -> (StatusCode, Json<Readiness>) {
    let known = *app.last_check.0.lock().unwrap_or_else(PoisonError::into_inner);
    let readiness = match known.filter(|(at, _)| at.elapsed() < BETWEEN_CHECKS) {
        Some((_, readiness)) => readiness,
        None => {
            let readiness = check(&app).await;
            let mut last = app.last_check.0.lock().unwrap_or_else(PoisonError::into_inner);
            *last = Some((Instant::now(), readiness));
            readiness
        }
    };
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

async fn check(app: &Arc<App>) -> Readiness {
    let own = Arc::clone(app);
    let store = tokio::task::spawn_blocking(move || {
        let knowledge_base = own.knowledge_base();
        let floor = knowledge_base.config().observe.min_free_disk_bytes;
        let disk_space = free_bytes(knowledge_base.root()).is_none_or(|free| free >= floor);
        (knowledge_base.is_readable(), is_writable(knowledge_base.root()), disk_space)
    });
    let model = tokio::time::timeout(MODEL_TIMEOUT, app.knowledge_base().reach_language_model());
    let (store, model) = tokio::join!(store, model);
    let (store_readable, store_writable, disk_space) = store.unwrap_or((false, false, false));
    let readiness = Readiness {
        ready: store_readable && store_writable && disk_space,
        store_readable,
        store_writable,
        disk_space,
        language_model: model.unwrap_or(Some(false)),
    };
    if !readiness.ready {
        tracing::warn!(?readiness, "not ready");
    }
    readiness
}

/// Whether files can be made in the knowledge base. The graph writes where this does.
fn is_writable(root: &Path) -> bool {
    let written = tempfile::NamedTempFile::with_prefix_in(".ready", root)
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"ready"));
    written.is_ok()
}

/// Free bytes on the disk of a folder; `None` where the system does not tell.
#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_gone_is_not_writable() {
        let folder = tempfile::tempdir().unwrap();
        assert!(is_writable(folder.path()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(!is_writable(&folder.path().join("gone")));
    }

    #[cfg(unix)]
    #[test]
    fn the_disk_has_some_room() {
        assert!(free_bytes(&std::env::temp_dir()).unwrap() > 0);
    }
}
