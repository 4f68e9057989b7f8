//! Listening, and what every request passes.

use super::app::App;
use super::authentication::guard;
use super::error::ApiError;
use super::observe::{TraceSetupError, observe};
use super::tls::Tls;
use super::{
    answers, audit, audit_proofs, backup, canary, chat, chat_models, document_files, documents,
    drift, embeddings, entities, evaluations, feedback, generations, graph_store, health,
    jobs_http, jobs_work, mcp, metrics, openapi, pages, retention, review, search, sign_in, sparql,
    upload, watch,
};
use crate::access::OidcError;
use crate::config::{ServeConfig, ServeConfigError};
use crate::engine::{EngineError, KnowledgeBase};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum_server::Handle;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use utoipa_axum::router::OpenApiRouter;

/// Largest head of a request.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// A server that cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Settings that do not go together.
    #[error(transparent)]
    Config(#[from] ServeConfigError),
    /// Settings of the token provider that cannot work.
    #[error(transparent)]
    Oidc(#[from] OidcError),
    /// The certificate or its key cannot be used.
    #[error("cannot use the certificate {} with the key {}", certificate.display(), key.display())]
    Tls {
        /// File of the certificate.
        certificate: PathBuf,
        /// File of the key.
        key: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
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
    tls: Option<Tls>,
    app: Arc<App>,
}

impl Server {
    /// Reads the current generation and binds the address; port 0 takes any free
    /// one. All else is set under `serve` in the settings of the knowledge base.
    ///
    /// # Errors
    /// When the settings would open the knowledge base to whom it should not be open,
    /// the address is taken, or the current generation cannot be read.
    pub async fn bind(
        knowledge_base: KnowledgeBase,
        address: SocketAddr,
    ) -> Result<Self, ServeError> {
        let config = ServeConfig { listen: address, ..knowledge_base.config().serve.clone() };
        config.check()?;
        let tls = config.tls.as_ref().map(|tls| Tls::read(tls, knowledge_base.root()));
        let tls = tls.transpose()?;
        let app = Arc::new(App::new(knowledge_base, config)?);
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| ServeError::Listen { address, source })?;
        Ok(Self { listener, tls, app })
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn address(&self) -> Result<SocketAddr, ServeError> {
        self.listener.local_addr().map_err(ServeError::Network)
    }

    /// How addresses begin under which it is reached: `https` or `http`.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Serves until `shutdown` is over, then takes no new connection and lets running
    /// requests end, up to the time that the settings give them.
    ///
    /// # Errors
    /// When the network fails.
    pub async fn run(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        let config = &self.app.gate.config;
        let header_timeout = Duration::from_millis(config.header_timeout_ms);
        let shutdown_timeout = Duration::from_millis(config.shutdown_timeout_ms);
        let listener = self.listener.into_std().map_err(ServeError::Network)?;
        let handle = Handle::new();
        let mut server = axum_server::from_tcp(listener)
            .map_err(ServeError::Network)?
            .handle(handle.clone())
            .first_request_timeout(header_timeout)
            // The time limits of heads are those of HTTP/1.
            .http1_only();
        server
            .http_builder()
            .http1()
            .header_read_timeout(header_timeout)
            .max_buf_size(MAX_HEAD_BYTES);
        let app = Arc::clone(&self.app);
        let jobs = Arc::clone(self.app.jobs());
        let worker = tokio::spawn(jobs_work::work(jobs, Arc::downgrade(&self.app)));
        let every_minutes = app.knowledge_base().config().drift.every_minutes;
        let every = Duration::try_from_secs_f64(every_minutes * 60.0).unwrap_or_default();
        let watching = (!every.is_zero())
            .then(|| tokio::spawn(watch::watch(Arc::downgrade(&self.app), every)));
        let retaining = tokio::spawn(retention::watch(Arc::downgrade(&self.app)));
        let stopping = Arc::clone(&self.app);
        tokio::spawn(async move {
            shutdown.await;
            stopping.stop();
            handle.graceful_shutdown(Some(shutdown_timeout));
        });
        let service = router(self.app).into_make_service_with_connect_info::<SocketAddr>();
        let served = match self.tls {
            None => server.serve(service).await,
            Some(tls) => {
                let renewing = tokio::spawn(tls.clone().renew());
                let served = server.acceptor(tls.acceptor()).serve(service).await;
                renewing.abort();
                served
            }
        };
        // A job under way goes on to its end; others wait for the next start.
        worker.abort();
        retaining.abort();
        if let Some(watching) = watching {
            watching.abort();
        }
        // Only a runtime that ends cancels it, and then nobody waits for traces.
        let _ = tokio::task::spawn_blocking(move || app.observer().flush()).await;
        served.map_err(ServeError::Network)
    }
}

fn router(app: Arc<App>) -> Router {
    let (routes, mut document) = OpenApiRouter::with_openapi(openapi::base())
        .merge(chat::routes())
        .merge(chat_models::routes())
        .merge(embeddings::routes())
        .merge(search::routes())
        .merge(sparql::routes())
        .merge(graph_store::routes())
        .merge(answers::routes())
        .merge(entities::routes())
        .merge(health::routes())
        .merge(metrics::routes())
        .merge(openapi::routes())
        .merge(documents::routes())
        .merge(document_files::routes())
        .merge(upload::routes())
        .merge(jobs_http::routes())
        .merge(feedback::routes())
        .merge(review::routes())
        .merge(generations::routes())
        .merge(evaluations::routes())
        .merge(drift::routes())
        .merge(canary::routes())
        .merge(audit::routes())
        .merge(audit_proofs::routes())
        .merge(backup::routes())
        .merge(sign_in::routes())
        .split_for_parts();
    openapi::complete(&mut document);
    // Set once for each application; its only failure is that it is set.
    let _ = app.document.set(document.to_json().unwrap_or_default());
    routes
        .merge(mcp::routes(&app))
        .merge(pages::routes())
        .fallback(|uri: Uri, headers: HeaderMap| async move {
            pages::missing(&uri, &headers).unwrap_or_else(|| {
                let message = format!("there is nothing at {}", uri.path());
                ApiError::not_found("not_found", "path", message).into_response()
            })
        })
        .layer(DefaultBodyLimit::max(app.gate.config.max_request_bytes))
        .layer(from_fn_with_state(Arc::clone(&app), guard))
        .layer(from_fn_with_state(Arc::clone(&app), observe))
        .with_state(app)
}
