//! Listening, and what every request passes.

use super::app::App;
use super::error::ApiError;
use super::observe::{Observed, TraceSetupError, observe};
use super::{
    answers, chat, document_files, documents, feedback, health, jobs_http, jobs_work, mcp, metrics,
    openapi, review, sparql, upload,
};
use crate::engine::{EngineError, KnowledgeBase};
use crate::model::Principal;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::HOST;
use axum::http::{StatusCode, Uri};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use utoipa_axum::router::OpenApiRouter;

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
    /// Traces have nowhere to go.
    #[error(transparent)]
    Traces(#[from] TraceSetupError),
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
        let app = Arc::clone(&self.app);
        let jobs = Arc::clone(self.app.jobs());
        let worker = tokio::spawn(jobs_work::work(jobs, Arc::downgrade(&self.app)));
        let served = axum::serve(self.listener, router(self.app))
            .with_graceful_shutdown(shutdown)
            .await
            .map_err(ServeError::Network);
        // A job under way goes on to its end; others wait for the next start.
        worker.abort();
        // Only a runtime that ends cancels it, and then nobody waits for traces.
        let _ = tokio::task::spawn_blocking(move || app.observer().flush()).await;
        served
    }
}

fn router(app: Arc<App>) -> Router {
    let (routes, mut document) = OpenApiRouter::with_openapi(openapi::base())
        .merge(chat::routes())
        .merge(sparql::routes())
        .merge(answers::routes())
        .merge(health::routes())
        .merge(metrics::routes())
        .merge(openapi::routes())
        .merge(documents::routes())
        .merge(document_files::routes())
        .merge(upload::routes())
        .merge(jobs_http::routes())
        .merge(feedback::routes())
        .merge(review::routes())
        .split_for_parts();
    openapi::complete(&mut document);
    // Set once for each application; its only failure is that it is set.
    let _ = app.document.set(document.to_json().unwrap_or_default());
    routes
        .merge(mcp::routes(&app))
        .fallback(|uri: Uri| async move {
            ApiError::not_found("not_found", "path", format!("there is nothing at {}", uri.path()))
        })
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
        .layer(from_fn(authenticate))
        .layer(from_fn(own_host_only))
        .layer(from_fn_with_state(Arc::clone(&app), observe))
        .with_state(app)
}

/// Names the principal of a request. Only this machine is served, so it is whoever
/// works here.
async fn authenticate(observed: Observed, mut request: Request, next: Next) -> Response {
    let principal = Principal::local();
    observed.principal(&principal);
    request.extensions_mut().insert(principal);
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
