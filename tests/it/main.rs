//! Behaviour through the public interface, the command line and HTTP, with the
//! installed model (`make models`).

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod adapt;
mod bad_input;
mod crash;
mod data_loaders;
mod delete;
mod depictions;
mod document_files;
mod embedding_reference;
mod entity_resolution;
mod examples;
mod fixtures;
mod glossary;
mod hub;
mod knowledge_base;
mod llama;
mod loaders;
mod loaders_damaged;
mod old_formats;
mod picture_facts;
mod picture_parity;
mod picture_regions;
mod picture_routes;
mod picture_text;
mod pictures;
mod relations;
mod server;
mod shapes;
mod vector_search;
