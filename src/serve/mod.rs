//! The knowledge base over HTTP.
//!
//! | path | what it does |
//! |---|---|
//! | `POST /v1/chat/completions` | answers in the OpenAI wire format, whole or as server-sent events |
//! | `GET /v1/models` | the modes in which it answers, and the spaces of vectors, as models |
//! | `POST /v1/embeddings` | vectors of texts in every space |
//! | `POST /api/search` | what is found for a question, without an answer |
//! | `GET, POST /query` (also `/sparql`) | SPARQL 1.1 Protocol, queries |
//! | `POST /update` | SPARQL 1.1 Protocol, updates of graphs of users |
//! | `GET, PUT, POST, DELETE /store` | SPARQL 1.1 Graph Store HTTP Protocol |
//! | `GET /api/answers/{id}` | the record of an answer as JSON or RDF |
//! | `GET /api/me`, `POST, DELETE /api/session` | who the caller is; signing in and out |
//! | `GET /healthz`, `GET /readyz` | whether it lives, and whether it can answer |
//! | `GET /metrics` | counts and sizes for Prometheus |
//! | `GET /openapi.json` | the document of all this |
//! | `/api/documents` | lists documents, hands them out, takes them in and deletes them |
//! | `/api/jobs` | how far that is |
//! | `POST /api/feedback`, `/api/review` | what people think of answers, and what waits for a person |
//! | `/api/audit` | records of answers: found, told, verified, done again, exported, erased |
//! | `GET /api/backup` | everything, as one archive |
//! | `/mcp` | tools of the Model Context Protocol |
//!
//! Every request passes `authentication::guard`: on loopback, where nobody need be asked
//! who they are, or by key, token or session. Handlers read and convert; what takes time
//! runs on threads for blocking work, never on those that wait for the network. Errors
//! become HTTP in one file.

mod accept;
mod answers;
mod app;
mod asking;
mod audit;
mod audit_proofs;
mod authentication;
mod backup;
mod caller;
mod canary;
mod chat;
mod chat_models;
mod chat_request;
mod chat_wire;
mod citations;
mod document_files;
mod documents;
mod drift;
mod embeddings;
mod entities;
mod error;
mod evaluations;
mod feedback;
mod generations;
mod graph_store;
mod headers;
mod health;
mod jobs;
mod jobs_http;
mod jobs_work;
mod limits;
mod mcp;
mod mcp_tools;
mod mcp_types;
mod metrics;
mod observe;
mod openapi;
mod pages;
mod picture_part;
mod retention;
mod review;
mod review_answers;
mod search;
mod seen;
mod server;
mod sign_in;
mod sparql;
mod sparql_request;
mod tls;
mod upload;
mod watch;

pub use observe::TraceSetupError;
pub use server::{ServeError, Server};
