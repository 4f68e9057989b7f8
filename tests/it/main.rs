//! Behaviour through the public interface, the command line and HTTP, with the
//! installed model (`make models`).

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod access;
mod adapt;
mod audit;
mod audit_crash;
mod audit_http;
mod audit_tamper;
mod audit_uses;
mod backup;
mod bad_input;
mod bridges;
mod browser;
mod canary;
mod chat;
mod clients;
mod closed_output;
mod crash;
mod data_loaders;
mod delete;
mod depictions;
mod document_files;
mod documents_api;
mod documents_labels;
mod drift;
mod drift_served;
mod embedding_reference;
mod entities;
mod entity_resolution;
mod examples;
mod exclusions;
mod extraction;
mod failing_disk;
mod fixtures;
mod fuzz;
mod generations;
mod glossary;
mod golden;
mod hub;
mod knowledge_base;
mod leak_probes;
mod leaks;
mod llama;
mod loaders;
mod loaders_damaged;
mod mcp;
mod observe;
mod old_formats;
mod pages;
mod picture_facts;
mod picture_parity;
mod picture_regions;
mod picture_routes;
mod picture_text;
mod pictures;
mod policy;
mod policy_served;
mod relations;
mod retention;
mod retrieval_api;
mod schema_fuzz;
#[path = "../../src/llm/scripted_server.rs"]
mod scripted_server;
mod server;
mod shacl_suite;
mod shapes;
mod sparql_limits;
mod sparql_protocol;
mod sparql_suite;
mod sparql_views;
mod sweeps;
mod text_models;
mod vector_search;
