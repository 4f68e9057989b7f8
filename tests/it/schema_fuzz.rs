//! Schemathesis, which `.ci/schemathesis` installs, sends the server what its own
//! document describes and what it does not: nothing may fail on our side.

use crate::fixtures::pump_knowledge_base;
use crate::server::{Running, get, serve_on};
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use veritrail::embed::cache_dir_from_env;

/// Time of the run, in seconds.
const MAX_SECONDS: &str = "50";

fn schemathesis() -> PathBuf {
    let entries = std::fs::read_dir(cache_dir_from_env()).unwrap();
    let mut found = entries.map(|entry| entry.unwrap().path()).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with("schemathesis-")
    });
    found.next().expect("run `.ci/schemathesis` first").join("bin/schemathesis")
}

fn run(server: &Running, headers: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(schemathesis());
    command
        .current_dir(folder.path())
        .env("PYTHONPATH", Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_HOOKS", "schemathesis_hooks")
        .args(["run", &format!("{}/openapi.json", server.base), "--url", &server.base])
        .args(["--checks", "not_a_server_error", "--max-time", MAX_SECONDS, "--seed", "7"])
        .args(["--phases", "examples,coverage,fuzzing", "--workers", "2", "--no-shrink"])
        .args(["--request-timeout", "30", "--warnings", "off", "--no-color"]);
    for header in headers {
        command.args(["--header", header]);
    }
    command.output().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_the_document_allows_or_forbids_makes_the_server_fail() {
    let (root, knowledge_base) = pump_knowledge_base();
    let server = serve_on(root, knowledge_base).await;
    let (server, output) = tokio::task::spawn_blocking(move || {
        let output = run(&server, &[]);
        (server, output)
    })
    .await
    .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let (_, _, metrics) = get(format!("{}/metrics", server.base), "*/*").await;
    let failed: Vec<&str> =
        metrics.lines().filter(|line| line.contains("internal_error")).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

/// Paths that are served and are no part of the document: pages and what belongs to them,
/// and tools, which the Model Context Protocol describes itself.
const PAGES: &[&str] = &[
    "/graph",
    "/documents",
    "/audit",
    "/operations",
    "/sign-in",
    "/assets",
    "/favicon.ico",
    "/mcp",
];

/// Paths of plain routes in the source, which do not enter the document by themselves.
fn plain_routes() -> BTreeSet<String> {
    fn collect(folder: &Path, into: &mut BTreeSet<String>) {
        let route =
            Regex::new(r#"\.(?:route|route_service|nest|nest_service)\(\s*"([^"]+)""#).unwrap();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, into);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                into.extend(route.captures_iter(&text).map(|found| found[1].to_owned()));
            }
        }
    }
    let mut found = BTreeSet::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/serve"), &mut found);
    found
}

#[tokio::test]
async fn the_document_names_every_route_and_no_other() {
    let (root, knowledge_base) = pump_knowledge_base();
    let server = serve_on(root, knowledge_base).await;
    let (_, kind, document) = get(format!("{}/openapi.json", server.base), "*/*").await;
    assert_eq!(kind, "application/json");
    let document: Value = serde_json::from_str(&document).unwrap();
    let paths = document["paths"].as_object().unwrap();
    for path in plain_routes() {
        let page = path == "/" || PAGES.iter().any(|page| path.starts_with(page));
        assert!(page || paths.contains_key(&path), "{path} is not in the document");
    }
    let client = reqwest::Client::new();
    for (path, item) in paths {
        let filled = Regex::new(r"\{[^}]+\}").unwrap().replace_all(path, "x").into_owned();
        for method in ["get", "post", "put", "delete", "head", "patch"] {
            if item.get(method).is_none() {
                continue;
            }
            let verb = reqwest::Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let url = format!("{}{filled}", server.base);
            let response = client.request(verb, url).send().await.unwrap();
            assert_ne!(response.status().as_u16(), 405, "{method} {path}");
            let text = response.text().await.unwrap();
            assert!(!text.contains("there is nothing at"), "{method} {path}: {text}");
        }
    }
}
