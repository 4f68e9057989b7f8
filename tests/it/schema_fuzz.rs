//! Schemathesis, which `.ci/schemathesis` installs, sends the server what its own
//! document describes and what it does not: nothing may fail on our side.

use crate::access::key;
use crate::fixtures::{ingest, init_with_text_alone, open, pump_documents, pump_knowledge_base};
use crate::server::{Running, get, http, serve_on};
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use veritrail::embed::cache_dir_from_env;

/// Time of the run with each role, in seconds.
const MAX_SECONDS: &str = "15";

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
        .args(["--phases", "examples,coverage,fuzzing", "--workers", "1", "--no-shrink"])
        .args(["--suppress-health-check", "all"])
        .args(["--request-timeout", "30", "--warnings", "off", "--no-color"]);
    for header in headers {
        command.args(["--header", header]);
    }
    command.output().unwrap()
}

/// Runs it with a key of `role`, and says how many requests were sent. The tool may
/// stumble over what it makes up itself, so that its exit code says nothing.
fn checked(server: &Running, role: &str, key: &str) -> usize {
    let output = run(server, &[&format!("X-API-Key: {key}")]);
    let said = String::from_utf8_lossy(&output.stdout);
    let count = Regex::new(r"(\d+) generated, (\d+) passed").unwrap();
    let counted = count.captures(&said).map(|found| (found[1].to_owned(), found[2].to_owned()));
    let (generated, passed) = counted.unwrap_or_else(|| (said.to_string(), String::new()));
    assert_eq!(generated, passed, "{role}: {said}\n{}", String::from_utf8_lossy(&output.stderr));
    passed.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_the_document_allows_or_forbids_makes_the_server_fail() {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    init_with_text_alone(root.path());
    ingest(&open(root.path()), source.path());
    let file = root.path().join("veritrail.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let settings = "[serve]\nauthentication = \"required\"\nrequests_per_minute = 1000000\n";
    std::fs::write(&file, text + settings).unwrap();
    let keys = ["agent", "engineer", "auditor", "admin"]
        .map(|role| (role, key(root.path(), &["--name", role, "--role", role]).1));
    let admin = keys[3].1.clone();
    let knowledge_base = open(root.path());
    let server = serve_on(root, knowledge_base).await;
    let base = server.base.clone();
    let runs = tokio::task::spawn_blocking(move || {
        let n_sent = keys.map(|(role, key)| checked(&server, role, &key));
        (server, n_sent)
    });
    let (_server, n_sent) = runs.await.unwrap();
    assert!(n_sent.iter().all(|n| *n > 50), "{n_sent:?}");
    let metrics = http().get(format!("{base}/metrics")).bearer_auth(admin).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.contains("veritrail_http_errors_total"), "{metrics}");
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
    "/docs",
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
        // `/sparql` is another name of `/query`, which the document has.
        let page = page || path == "/sparql";
        assert!(page || paths.contains_key(&path), "{path} is not in the document");
    }
    let client = http();
    let parameter = Regex::new(r"\{[^}]+\}").unwrap();
    for (path, item) in paths {
        let filled = parameter.replace_all(path, "x").into_owned();
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
