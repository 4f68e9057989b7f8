//! Layers point one way, and each outside technology has one home.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use regex::Regex;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Modules by layer; a module may use modules of earlier lines only.
const LAYERS: &[&[&str]] = &[
    &["vocab"],
    &["model"],
    &["picture"],
    &["ingest", "embed", "index", "graph", "llm", "shapes", "access", "backup"],
    &["extract", "resolve", "retrieve", "answer", "audit", "eval", "adapt"],
    &["govern"],
    &["config"],
    &["engine"],
    &["serve"],
    &["cli"],
];

/// Pairs on one line that are meant: the ranking stage reads names in a
/// question exactly as ingest reads them in documents.
const ALLOWED: &[(&str, &str)] = &[("retrieve", "extract")];

/// Outside crates that only these modules may name.
const HOMES: &[(&str, &[&str])] = &[
    ("ort", &["embed"]),
    ("tokenizers", &["embed"]),
    ("hnsw_rs", &["index"]),
    ("tantivy", &["index"]),
    ("pulp", &["index"]),
    ("petgraph", &["graph"]),
    ("spargebra", &["graph"]),
    ("spareval", &["graph"]),
    // Processes for queries bound their memory.
    ("rlimit", &["graph"]),
    // RDF terms may travel; the store may not.
    ("hayro_interpret", &["ingest"]),
    ("quick_xml", &["ingest"]),
    ("mail_parser", &["ingest"]),
    ("oxigraph", &["graph", "model", "ingest", "audit", "engine", "shapes"]),
    ("oxsdatatypes", &["shapes"]),
    // The command line draws pictures on the terminal.
    ("image", &["picture", "cli"]),
    // A vocabulary has the same name.
    ("csv", &["ingest"]),
    // Archives hold documents, packages hold models, and a backup can be one.
    ("zip", &["ingest", "embed", "backup"]),
    ("exif", &["picture", "vocab"]),
    ("fast_image_resize", &["embed"]),
    ("viuer", &["cli"]),
    ("async_openai", &["llm"]),
    // A language model is asked, models are downloaded, and so are the keys of token
    // providers; TLS is spoken, and traces are sent.
    ("reqwest", &["llm", "embed", "access"]),
    ("rustls", &["llm", "embed", "access", "serve"]),
    ("jsonwebtoken", &["access"]),
    ("getrandom", &["access", "serve", "engine"]),
    // Records are signed.
    ("ed25519_dalek", &["audit"]),
    ("axum_server", &["serve"]),
    ("governor", &["serve"]),
    ("axum", &["serve"]),
    ("prometheus_client", &["serve"]),
    ("opentelemetry", &["serve"]),
    ("opentelemetry_otlp", &["serve"]),
    ("opentelemetry_sdk", &["serve"]),
    ("utoipa", &["serve"]),
    ("utoipa_axum", &["serve"]),
    ("rustix", &["serve"]),
    ("tokio_stream", &["serve"]),
    ("utoipa", &["serve"]),
    ("utoipa_axum", &["serve"]),
    ("axum_server", &["serve"]),
    ("askama", &["serve"]),
    ("rmcp", &["serve"]),
    ("tower_http", &["serve"]),
    ("clap", &["cli", "main"]),
    ("indicatif", &["cli"]),
    ("anyhow", &["cli"]),
    ("figment", &["config"]),
    ("quick_cache", &["engine"]),
];

const MAX_LINES: usize = 600;

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|line| line.contains(&module))
}

/// What is wrong with one file of `module`.
fn violations(module: &str, text: &str) -> Vec<String> {
    let uses = Regex::new(r"\b(?:crate|veritrail)::([a-z_]+)").unwrap();
    let outside = Regex::new(r"(?:^|[^:\w])([a-z_0-9]+)::").unwrap();
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for used in uses.captures_iter(line).map(|captures| captures[1].to_owned()) {
            let (Some(own), Some(other)) = (layer(module), layer(&used)) else { continue };
            let same = used == module || ALLOWED.contains(&(module, used.as_str()));
            if !same && other >= own {
                found.push(format!("{module} uses {used}: `{}`", line.trim()));
            }
        }
        for name in outside.captures_iter(line).map(|captures| captures[1].to_owned()) {
            let home = HOMES.iter().find(|(outside, _)| *outside == name);
            if home.is_some_and(|(_, homes)| !homes.contains(&module)) {
                found.push(format!("{module} names {name}: `{}`", line.trim()));
            }
        }
    }
    if text.lines().count() > MAX_LINES {
        found.push(format!("a file of {module} has more than {MAX_LINES} lines"));
    }
    found
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn modules_use_only_lower_layers_and_their_own_technology() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files {
        let relative = file.strip_prefix(&root).unwrap();
        let first = relative.iter().next().unwrap().to_string_lossy().into_owned();
        let module = first.trim_end_matches(".rs");
        if module == "lib" {
            continue;
        }
        assert!(module == "main" || layer(module).is_some(), "{module} has no layer");
        let found = violations(module, &fs::read_to_string(&file).unwrap());
        if !found.is_empty() {
            all.insert(relative.display().to_string(), found);
        }
    }
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn a_violation_is_found() {
    assert_eq!(violations("graph", "use crate::engine::KnowledgeBase;").len(), 1);
    assert_eq!(violations("graph", "use crate::index::dot;").len(), 1);
    assert_eq!(violations("retrieve", "use tantivy::Index;").len(), 1);
    assert!(violations("graph", "// use crate::engine::X;\nuse crate::model::Space;").is_empty());
    assert_eq!(violations("model", &"\n".repeat(601)).len(), 1);
}
