//! Models are pulled from a hub that behaves as real ones do: it redirects, is
//! busy, and cuts connections.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use futures::StreamExt;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use veritrail::embed::{
    HubOptions, InstallError, InstallSource, ModelEntry, Registry, install, verify,
};
use veritrail::model::Digest;

const ETAG: &str = "\"v1\"";
/// Where a connection is cut.
const CUT: usize = 100_000;

/// A hub with the layout `REPOSITORY/resolve/REVISION/FILE`.
#[derive(Clone, Default)]
struct Hub {
    n_asked: Arc<Mutex<HashMap<String, usize>>>,
    /// The `Range` headers seen.
    ranges: Arc<Mutex<Vec<String>>>,
}

fn content(name: &str) -> Vec<u8> {
    (0..300_000u32).map(|n| (n % 251) as u8 ^ name.len() as u8).collect()
}

impl Hub {
    fn asked(&self, name: &str) -> usize {
        let mut n_asked = self.n_asked.lock().unwrap();
        let n = n_asked.entry(name.to_owned()).or_default();
        *n += 1;
        *n
    }
}

async fn resolve(
    State(hub): State<Hub>,
    Path((_, _, revision, file)): Path<(String, String, String, String)>,
) -> Response {
    if revision != "r1" || file == "missing.bin" {
        return StatusCode::NOT_FOUND.into_response();
    }
    if file == "busy.bin" && hub.asked("busy.bin") < 3 {
        let busy = (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "0")]);
        return busy.into_response();
    }
    Redirect::temporary(&format!("/store/{file}")).into_response()
}

async fn store(State(hub): State<Hub>, Path(file): Path<String>, headers: HeaderMap) -> Response {
    let whole = content(&file);
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let range = text(header::RANGE).filter(|_| text(header::IF_RANGE).as_deref() == Some(ETAG));
    if let Some(range) = range {
        let from = range.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap();
        let from: usize = from.parse().unwrap();
        hub.ranges.lock().unwrap().push(range);
        return (StatusCode::PARTIAL_CONTENT, whole[from..].to_vec()).into_response();
    }
    let n_bytes = whole.len();
    let body = if file == "cut.bin" && hub.asked("store/cut.bin") == 1 {
        let begin = Bytes::from(whole[..CUT].to_vec());
        let cut = futures::stream::once(async {
            // What was written before goes out while this waits.
            tokio::task::yield_now().await;
            Err(std::io::Error::other("the line is cut"))
        });
        Body::from_stream(futures::stream::once(async { Ok(begin) }).chain(cut))
    } else {
        Body::from(whole)
    };
    let headers = [(header::ETAG, ETAG.to_owned()), (header::CONTENT_LENGTH, n_bytes.to_string())];
    (headers, body).into_response()
}

async fn serve() -> (Hub, HubOptions) {
    let hub = Hub::default();
    let router = Router::new()
        .route("/{owner}/{name}/resolve/{revision}/{*file}", get(resolve))
        .route("/store/{*file}", get(store))
        .with_state(hub.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (hub, HubOptions { endpoint, token: None, silence_ms: 5_000, wait_ms: 1 })
}

fn entry(files: &[(&str, Option<Digest>)]) -> ModelEntry {
    let mut text = "[[model]]\nname='m'\ntask='pictures'\nlicence='MIT'\nsummary='s'\n\
        hub = { repository = 'owner/m', revision = 'r1' }\n"
        .to_owned();
    for (name, digest) in files {
        text.push_str(&format!("[[model.file]]\nname='{name}'\n"));
        if let Some(digest) = digest {
            text.push_str(&format!("sha256='{digest}'\n"));
        }
    }
    let registry = Registry::builtin().unwrap().with_extension(&text, "test").unwrap();
    registry.find("m").unwrap().clone()
}

/// What was said, and the outcome.
async fn pull(
    entry: &ModelEntry,
    cache: &TempDir,
    options: &HubOptions,
) -> (Vec<String>, Result<(), InstallError>) {
    let (entry, cache, options) = (entry.clone(), cache.path().to_owned(), options.clone());
    tokio::task::spawn_blocking(move || {
        let mut said = Vec::new();
        let mut report = |line: &str| said.push(line.to_owned());
        let mut last = 0;
        let mut progress = |_: &str, done: u64, _: Option<u64>| last = done;
        let source = InstallSource::Hub(options);
        let outcome = install(&entry, &cache, &source, &mut report, &mut progress);
        assert!(outcome.is_err() || last > 0, "progress was shown");
        (said, outcome.map(drop))
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_cut_download_goes_on_where_it_ended_and_a_busy_hub_is_asked_again() {
    let (hub, options) = serve().await;
    let cache = tempfile::tempdir().unwrap();
    let digest = |name: &str| Some(Digest::of(&content(name)));
    let entry = entry(&[
        ("cut.bin", digest("cut.bin")),
        ("busy.bin", digest("busy.bin")),
        ("onnx/vision_model.onnx", digest("onnx/vision_model.onnx")),
    ]);
    let (_, outcome) = pull(&entry, &cache, &options).await;
    outcome.unwrap();
    assert_eq!(*hub.ranges.lock().unwrap(), [format!("bytes={CUT}-")]);
    assert_eq!(verify(&entry, cache.path()).unwrap().digests.len(), 3);
    let left: Vec<_> = std::fs::read_dir(cache.path().join("models/m")).unwrap().collect();
    assert_eq!(left.len(), 3, "nothing but the files is left: {left:?}");
}

#[tokio::test]
async fn an_unknown_digest_is_recorded_said_and_checked_from_then_on() {
    let (_hub, options) = serve().await;
    let cache = tempfile::tempdir().unwrap();
    let entry = entry(&[("config.json", None)]);
    assert!(matches!(verify(&entry, cache.path()), Err(InstallError::Missing { .. })));
    let (said, outcome) = pull(&entry, &cache, &options).await;
    outcome.unwrap();
    let digest = Digest::of(&content("config.json")).to_string();
    assert!(said.iter().any(|line| line.contains(&digest)), "{said:?}");
    verify(&entry, cache.path()).unwrap();
    std::fs::write(cache.path().join("models/m/config.json"), b"altered").unwrap();
    assert!(matches!(verify(&entry, cache.path()), Err(InstallError::Altered { .. })));
}

#[tokio::test]
async fn wrong_and_missing_files_are_refused_with_their_address() {
    let (_hub, options) = serve().await;
    let cache = tempfile::tempdir().unwrap();
    let wrong = entry(&[("wrong.bin", Some(Digest::of(b"other")))]);
    let (_, outcome) = pull(&wrong, &cache, &options).await;
    assert!(matches!(outcome, Err(InstallError::Mismatch { .. })));
    assert!(!cache.path().join("models/m/wrong.bin").exists());
    let missing = entry(&[("missing.bin", None)]);
    let (_, outcome) = pull(&missing, &cache, &options).await;
    let error = outcome.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("owner/m/resolve/r1/missing.bin answered 404"), "{cause}");
    let nobody = HubOptions { endpoint: "http://127.0.0.1:1".to_owned(), ..options };
    let (_, outcome) = pull(&missing, &cache, &nobody).await;
    let cause = std::error::Error::source(&outcome.unwrap_err()).unwrap().to_string();
    assert!(cause.contains("5 attempts") && cause.contains("HF_ENDPOINT"), "{cause}");
}
