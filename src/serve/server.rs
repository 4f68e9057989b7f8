//! Listening, and what every request passes.

use super::app::App;
use super::error::ApiError;
use super::{answers, chat, sparql};
use crate::engine::{EngineError, KnowledgeBase};
use crate::model::Principal;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::HOST;
use axum::http::{StatusCode, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Largest request; a question with a photo fits.
const MAX_REQUEST_BYTES: usize = 32 << 20;

/// A server that cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is reachable from elsewhere.
    #[error(
        "expected a loopback address such as 127.0.0.1:8080, found {0}: whoever reaches the address may ask everything\nhint: put a proxy that authenticates before it"
    )]
    NotLoopback(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The network failed.
    #[error("the network failed")]
    Network(#[source] io::Error),
    /// Nothing to serve.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// A knowledge base bound to an address.
pub struct Server {
    listener: TcpListener,
    app: Arc<App>,
}

impl Server {
    /// Reads the current generation and binds the address; port 0 takes any free
    /// one.
    ///
    /// # Errors
    /// When the address is not a loopback one or is taken, or nothing was
    /// published.
    pub async fn bind(
        knowledge_base: KnowledgeBase,
        address: SocketAddr,
    ) -> Result<Self, ServeError> {
        if !address.ip().is_loopback() {
            return Err(ServeError::NotLoopback(address));
        }
        let app = Arc::new(App::new(knowledge_base)?);
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| ServeError::Listen { address, source })?;
        Ok(Self { listener, app })
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn address(&self) -> Result<SocketAddr, ServeError> {
        self.listener.local_addr().map_err(ServeError::Network)
    }

    /// Serves until `shutdown` is over, then lets running requests end.
    ///
    /// # Errors
    /// When the network fails.
    pub async fn run(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        axum::serve(self.listener, router(self.app))
            .with_graceful_shutdown(shutdown)
            .await
            .map_err(ServeError::Network)
    }
}

fn router(app: Arc<App>) -> Router {
    let (routes, _document) = OpenApiRouter::new()
        .merge(chat::routes())
        .merge(sparql::routes())
        .merge(answers::routes())
        .routes(routes!(healthz))
        .split_for_parts();
    routes
        .fallback(|uri: Uri| async move {
            ApiError::not_found("not_found", "path", format!("there is nothing at {}", uri.path()))
        })
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
        .layer(from_fn(authenticate))
        .layer(from_fn(own_host_only))
        .with_state(app)
}

/// Whether it serves, and which generation.
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200)))]
async fn healthz(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({ "status": "ok", "generation": app.snapshot().generation().name() }))
}

/// Names the principal of a request. Only this machine is served, so it is whoever
/// works here.
async fn authenticate(mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(Principal::local());
    next.run(request).await
}

/// A page of another site can make a browser send requests here under a name of
/// its own that resolves to this machine (DNS rebinding); such requests carry
/// that name.
async fn own_host_only(request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let authority = host.parse::<axum::http::uri::Authority>();
    let own = authority.is_ok_and(|authority| {
        let name = authority.host().trim_matches(['[', ']']);
        name.eq_ignore_ascii_case("localhost")
            || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    });
    if own {
        return next.run(request).await;
    }
    let message = "expected a Host header with localhost or a loopback address";
    ApiError::refused(StatusCode::FORBIDDEN, "foreign_host", message).into_response()
}
