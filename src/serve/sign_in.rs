//! `/api/me` and `/api/session`: who the caller is, and signing in and out.

use super::app::App;
use super::authentication::{SESSION_COOKIE, session_of};
use super::caller::Caller;
use super::error::ApiError;
use crate::access::Authenticated;
use crate::config::Authentication;
use crate::model::{AccessLabel, Permission, Role};
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request, State};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use time::OffsetDateTime;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(me)).routes(routes!(sign_in, sign_out))
}

/// The caller.
#[derive(Serialize, ToSchema)]
struct Me {
    /// Name in records.
    name: String,
    /// agent, engineer, auditor or admin.
    #[schema(value_type = String)]
    role: Role,
    /// Access labels of what the caller sees; null for everything.
    #[schema(value_type = Option<Vec<String>>)]
    labels: Option<BTreeSet<AccessLabel>>,
    /// What the role allows.
    #[schema(value_type = Vec<String>)]
    permissions: Vec<Permission>,
    /// Whether the server asks for credentials at all.
    signs_in: bool,
}

/// A key or token that begins a session.
#[derive(Deserialize, ToSchema)]
struct SignIn {
    /// An API key, or a token of the configured provider.
    key: String,
}

/// Who the caller is, and what the caller may do.
#[utoipa::path(
    get,
    path = "/api/me",
    tag = "access",
    responses((status = 200, body = Me), (status = 401, description = "No credential"))
)]
async fn me(State(app): State<Arc<App>>, Caller(principal): Caller) -> Json<Me> {
    let all = Permission::ALL.into_iter();
    Json(Me {
        permissions: all.filter(|permission| principal.role.may(*permission)).collect(),
        labels: principal.labels().cloned(),
        role: principal.role,
        name: principal.name,
        signs_in: app.gate.config.authentication == Authentication::Required,
    })
}

/// Begins a session of a browser: the answer sets its cookie.
#[utoipa::path(
    post,
    path = "/api/session",
    tag = "access",
    request_body = SignIn,
    responses(
        (status = 204, description = "Signed in"),
        (status = 401, description = "The key is not accepted"),
        (status = 422, description = "No key"),
        (status = 429, description = "Too many keys that are not accepted")
    )
)]
async fn sign_in(State(app): State<Arc<App>>, request: Request) -> Result<Response, ApiError> {
    let gate = &app.gate;
    let address = gate.address(&request);
    let read: Result<Json<SignIn>, JsonRejection> = Json::from_request(request, &()).await;
    let who: Authenticated = gate.identify(read?.0.key.trim(), address).await?;
    let now = OffsetDateTime::now_utc();
    let id = gate.sessions.begin(&who, now).map_err(|error| ApiError::internal(&error))?;
    let seconds = gate.sessions.lifetime().whole_seconds();
    Ok((StatusCode::NO_CONTENT, cookie(id.expose(), seconds, gate.over_tls())).into_response())
}

/// Ends the session of a browser and takes its cookie back.
#[utoipa::path(
    delete,
    path = "/api/session",
    tag = "access",
    responses((status = 204, description = "Signed out"))
)]
async fn sign_out(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    if let Some(id) = session_of(&headers) {
        app.gate.sessions.end(id);
    }
    let taken_back = headers.contains_key(COOKIE).then(|| cookie("", 0, app.gate.over_tls()));
    (StatusCode::NO_CONTENT, taken_back.unwrap_or_default()).into_response()
}

/// A cookie that scripts cannot read and other sites cannot make a browser send.
fn cookie(id: &str, seconds: i64, over_tls: bool) -> HeaderMap {
    let secure = if over_tls { "; Secure" } else { "" };
    let text = format!(
        "{SESSION_COOKIE}={id}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    );
    let value = HeaderValue::from_str(&text).ok();
    value.into_iter().map(|value| (SET_COOKIE, value)).collect()
}
