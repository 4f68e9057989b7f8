//! Veritrail: documents and pictures in, cited and recorded answers out.
//!
//! # Layout
//!
//! A module may use only modules of an earlier line; `tests/architecture.rs`
//! checks it.
//!
//! ```text
//! 0 vocab      every IRI and prefix
//! 1 model      the types that flow
//! 2 picture    bytes -> upright pixels
//! 3 ingest     bytes -> documents -> fragments     embed   texts and pictures -> vectors
//!   index      vectors and words -> hits           graph   Oxigraph, SPARQL, projection and walks
//!   llm        OpenAI-compatible client              shapes  SHACL: triples -> findings
//!   access     keys, tokens, sessions -> principals
//!   backup     files -> a folder or archive with their digests, and back
//! 4 extract    fragments -> mentions, links        resolve   mentions -> entities
//!   retrieve   query + snapshot -> context         answer    context -> checked answer
//!   audit      answer -> provenance bundle         eval      data sets, metrics, reports
//!   adapt      pictures with texts -> a head for their space, and calibrations
//! 5 govern     figures of two generations or windows -> may it answer, what drifted
//!              rules -> what they mean for one question
//! 6 config     one struct of every module's settings
//! 7 engine     wires the parts: ingest, publish, ask
//! 8 serve      HTTP
//! 9 cli        one file per subcommand
//! ```
//!
//! # Path of data
//!
//! ```text
//! build:  bytes -> Document -> Fragment -> Mention -> Entity -> triples
//!                                      \-> Embedding -> index => generation
//! ask:    Query -> seeds (dense, lexical, entities) -> expanded hits -> Evidence -> Answer -> AnswerRecord
//! ```

#![forbid(unsafe_code)]

pub mod access;
pub mod adapt;
pub mod answer;
pub mod audit;
pub mod backup;
pub mod config;
pub mod embed;
pub mod engine;
pub mod eval;
pub mod extract;
pub mod govern;
pub mod graph;
pub mod index;
pub mod ingest;
pub mod llm;
pub mod model;
pub mod picture;
pub mod resolve;
pub mod retrieve;
pub mod serve;
pub mod shapes;
pub mod vocab;
