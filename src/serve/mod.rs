//! The knowledge base over HTTP, for programs on this machine.
//!
//! | path | what it does |
//! |---|---|
//! | `POST /v1/chat/completions` | answers in the OpenAI wire format, whole or as server-sent events |
//! | `GET /v1/models` | the modes in which it answers, as models |
//! | `GET, POST /sparql` | SPARQL 1.1 Protocol, queries only |
//! | `GET /api/answers/{id}` | the record of an answer as RDF |
//! | `GET /healthz`, `GET /readyz` | whether it lives, and whether it can answer |
//! | `GET /metrics` | counts and sizes for Prometheus |
//! | `GET /openapi.json` | the document of all this |
//!
//! It listens on loopback addresses only and refuses requests for other host
//! names, since it asks nobody who they are. Handlers read and convert; what
//! takes time runs on threads for blocking work, never on those that wait for
//! the network. Errors become HTTP in one file.

mod answers;
mod app;
mod caller;
mod chat;
mod chat_wire;
mod error;
mod health;
mod metrics;
mod observe;
mod openapi;
mod picture_part;
mod server;
mod sparql;

pub use observe::TraceSetupError;
pub use server::{ServeError, Server};
