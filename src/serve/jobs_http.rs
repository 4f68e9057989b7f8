//! `/api/jobs`: what is being done, and how far it is.

use super::app::App;
use super::caller::Caller;
use super::error::ApiError;
use super::jobs::{Job, JobProgress, JobState, JobStatus};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde::Serialize;
use serde_json::Value;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Shortest time between two events of a stream.
const BETWEEN_EVENTS: Duration = Duration::from_millis(100);

/// A job as it is told about.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobView {
    /// Its name.
    id: String,
    /// `upload`, `delete` or `publish`.
    kind: &'static str,
    status: JobStatus,
    /// Who asked for it.
    principal: String,
    /// RFC 3339.
    created_at: String,
    started_at: Option<String>,
    ended_at: Option<String>,
    /// Jobs that are done before it, while it waits.
    n_before: Option<usize>,
    progress: Option<JobProgress>,
    /// What was done: of an upload what became of each file, of a deletion the receipt.
    #[schema(value_type = Option<Object>)]
    result: Option<Value>,
    /// Why it failed.
    error: Option<String>,
}

/// Jobs.
#[derive(Debug, Serialize, ToSchema)]
struct JobList {
    /// Those that the caller may see, the latest first.
    jobs: Vec<JobView>,
}

/// What was acknowledged.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accepted {
    /// Name of the job.
    job: String,
}

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get)).routes(routes!(events))
}

impl JobView {
    pub(super) fn new(app: &App, job: &Job, state: JobState) -> Self {
        Self {
            id: job.order.id.to_string(),
            kind: job.order.work.as_str(),
            status: state.status,
            principal: job.order.principal.clone(),
            created_at: job.order.created_at.clone(),
            started_at: state.started_at,
            ended_at: state.ended_at,
            n_before: app.jobs().n_before(job),
            progress: state.progress,
            result: state.result,
            error: state.error,
        }
    }
}

/// The answer to a request that became a job.
pub(super) fn accepted(job: &Job) -> Response {
    let id = job.order.id.to_string();
    let location = HeaderValue::from_str(&format!("/api/jobs/{id}"));
    let mut response = (StatusCode::ACCEPTED, Json(Accepted { job: id })).into_response();
    if let Ok(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// Jobs: one's own, and for those who operate the service those of others.
#[utoipa::path(
    get,
    path = "/api/jobs",
    tag = "documents",
    responses((status = 200, body = JobList), (status = 401, description = "Nobody knows who asks"))
)]
async fn list(State(app): State<Arc<App>>, Caller(principal): Caller) -> Json<JobList> {
    let jobs = app.jobs().list(&principal);
    let view = |job: &Arc<Job>| JobView { result: None, ..JobView::new(&app, job, job.state()) };
    Json(JobList { jobs: jobs.iter().map(view).collect() })
}

fn find(app: &App, caller: &Caller, name: &str) -> Result<Arc<Job>, ApiError> {
    let unknown = || ApiError::not_found("job_not_found", "id", "there is no such job");
    app.jobs().get(name, &caller.0).ok_or_else(unknown)
}

/// One job with its result.
#[utoipa::path(
    get,
    path = "/api/jobs/{id}",
    tag = "documents",
    params(("id" = String, Path, description = "Name of the job")),
    responses(
        (status = 200, body = JobView),
        (status = 401, description = "Nobody knows who asks"),
        (status = 404, description = "There is no such job for the caller")
    )
)]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<JobView>, ApiError> {
    let job = find(&app, &caller, &name)?;
    Ok(Json(JobView::new(&app, &job, job.state())))
}

/// The job as server-sent events: `progress` at once and at every change, `done` when it
/// ended, then the end of the stream. It ends without `done` when the server stops.
#[utoipa::path(
    get,
    path = "/api/jobs/{id}/events",
    tag = "documents",
    params(("id" = String, Path, description = "Name of the job")),
    responses(
        (status = 200, description = "Events with the job as data", content_type = "text/event-stream", body = JobView),
        (status = 401, description = "Nobody knows who asks"),
        (status = 404, description = "There is no such job for the caller")
    )
)]
async fn events(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    let job = find(&app, &caller, &name)?;
    let mut receiver = job.watch();
    receiver.mark_changed();
    let told = stream::unfold(Some((app, job, receiver)), |watched| async move {
        let (app, job, mut receiver) = watched?;
        tokio::select! {
            // The job holds the sender, so this never fails.
            changed = receiver.changed() => changed.ok()?,
            // Whoever listens asks again when the server is back.
            () = app.stopped() => return None,
        }
        let state = receiver.borrow_and_update().clone();
        let ended = state.ended();
        let view = JobView::new(&app, &job, state);
        let event = Event::default().event(if ended { "done" } else { "progress" });
        let event = event.json_data(&view).unwrap_or_default();
        if ended {
            return Some((Ok::<_, Infallible>(event), None));
        }
        tokio::time::sleep(BETWEEN_EVENTS).await;
        Some((Ok(event), Some((app, job, receiver))))
    });
    Ok(Sse::new(told).keep_alive(KeepAlive::default()).into_response())
}
