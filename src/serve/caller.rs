//! Who makes a request.

use super::error::ApiError;
use crate::model::{Permission, Principal};
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

/// The authenticated principal of a request, whom the authentication layer has put
/// into its extensions. Every handler takes one: a route that no layer guards refuses
/// everybody.
#[derive(Clone, Debug)]
pub(super) struct Caller(pub(super) Principal);

impl Caller {
    /// Refuses who may not do something.
    pub(super) fn require(&self, permission: Permission) -> Result<(), ApiError> {
        if self.0.role.may(permission) {
            return Ok(());
        }
        let message = format!("the role {} may not {}", self.0.role, permission.as_str());
        Err(ApiError::refused(StatusCode::FORBIDDEN, "forbidden", &message))
    }

    /// Refuses who does not see every label, for what shows or takes everything.
    pub(super) fn require_all_labels(&self) -> Result<(), ApiError> {
        if self.0.labels().is_none() {
            return Ok(());
        }
        let message = "this is for whoever sees every label";
        Err(ApiError::refused(StatusCode::FORBIDDEN, "forbidden", message))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let principal = parts.extensions.get::<Principal>().cloned();
        principal.map(Self).ok_or_else(ApiError::unauthenticated)
    }
}
