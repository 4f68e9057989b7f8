//! The official OpenAI clients for Python and JavaScript, installed by `make test`.

use crate::fixtures::{embedder, example, ingest, open, pump_documents, write};
use crate::server::{Running, serve_on};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;
use veritrail::embed::cache_dir_from_env;
use veritrail::engine::KnowledgeBase;

const PICTURE: &str = "pictures/leds-fell-400-low-supply.png";

async fn serve() -> Running {
    let (root, source) = (tempfile::tempdir().unwrap(), pump_documents());
    let picture = std::fs::read(example().join(PICTURE)).unwrap();
    write(source.path(), "pictures/front.png", &picture);
    write(source.path(), "docs/front.md", "# Front\n\n![PWR is amber](../pictures/front.png)\n");
    KnowledgeBase::init(root.path()).unwrap();
    let knowledge_base = open(root.path());
    ingest(&knowledge_base, source.path());
    serve_on(root, knowledge_base).await
}

/// Where `.ci/clients` has installed a client.
fn installed(language: &str) -> PathBuf {
    let folder = cache_dir_from_env().join("clients");
    let entries = std::fs::read_dir(folder).expect("run `.ci/clients` first");
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(language))
        .collect();
    found.sort_by_key(|path| path.metadata().unwrap().modified().unwrap());
    found.pop().expect("run `.ci/clients` first")
}

/// Runs a script against a server, and says what it printed.
async fn run(mut command: Command, script: &str, server: &Running) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/clients");
    for name in ["OPENAI_API_KEY", "OPENAI_BASE_URL", "HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    let output = command
        .arg(folder.join(script))
        .arg(format!("{}/v1", server.base))
        .arg(example().join(PICTURE))
        .arg(&embedder().space().model)
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
    said
}

#[tokio::test]
async fn the_official_python_client_works_unchanged() {
    let server = serve().await;
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", installed("python")).env("PYTHONDONTWRITEBYTECODE", "1");
    let said = run(python, "client.py", &server).await;
    assert_eq!(said.lines().count(), 7, "{said}");
}

#[tokio::test]
async fn the_official_javascript_client_works_unchanged() {
    let server = serve().await;
    let mut node = Command::new("node");
    node.env("NODE_PATH", installed("javascript").join("node_modules"));
    let said = run(node, "client.cjs", &server).await;
    assert_eq!(said.lines().count(), 8, "{said}");
}
