//! Fetching model files from a hub over HTTP.
//!
//! The address of a file is `ENDPOINT/REPOSITORY/resolve/REVISION/FILE`, as on
//! the public hub and its mirrors. A download that was cut goes on where it
//! ended (RFC 9110, ranges with `If-Range`), redirects are followed, a server
//! that is busy is asked again, and the usual proxy variables hold.

use futures::StreamExt;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, ETAG, IF_RANGE, RANGE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};

/// The public hub.
const PUBLIC: &str = "https://huggingface.co";
/// How often a file is tried.
const ATTEMPTS: u32 = 5;
/// Longest wait that a server may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Where models come from, and how patiently.
#[derive(Clone, Debug)]
pub struct HubOptions {
    /// Address of the hub, without a slash at the end.
    pub endpoint: String,
    /// Sent as a bearer token, for models behind a consent.
    pub token: Option<String>,
    /// Longest silence before a connection counts as dead.
    pub silence_ms: u64,
    /// First wait between two attempts; each further one is twice as long.
    pub wait_ms: u64,
}

impl HubOptions {
    /// `HF_ENDPOINT` and `HF_TOKEN`, or the public hub.
    pub fn from_env() -> Self {
        let set = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let endpoint = set("HF_ENDPOINT").unwrap_or_else(|| PUBLIC.to_owned());
        Self {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            token: set("HF_TOKEN"),
            silence_ms: 30_000,
            wait_ms: 1_000,
        }
    }
}

/// A file that cannot be fetched.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The client cannot be made.
    #[error("the client for downloads cannot be made")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The hub does not have it, or not for everybody.
    #[error(
        "{url} answered {status}\nhint: check the name and revision; models behind a consent need HF_TOKEN"
    )]
    Refused {
        /// Address.
        url: String,
        /// Status.
        status: u16,
    },
    /// Tried several times without success.
    #[error(
        "{url} could not be fetched in {ATTEMPTS} attempts, the last one ended with: {reason}\nhint: run the command again to go on where it ended; set HF_ENDPOINT for a mirror, or use `--from DIR`"
    )]
    Unreachable {
        /// Address.
        url: String,
        /// What went wrong last.
        reason: String,
    },
    /// The disk refused.
    #[error("cannot write {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// A client of one hub.
pub(super) struct Hub {
    client: Client,
    runtime: Runtime,
    options: HubOptions,
}

/// How an attempt ended when it brought no whole file.
enum Failed {
    /// Another attempt may help, after this time at least.
    Again(String, Duration),
    /// No attempt will.
    Ended(HubError),
}

impl Hub {
    pub(super) fn new(options: HubOptions) -> Result<Self, HubError> {
        // Fails only when a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .build()
            .map_err(|error| HubError::Client(Box::new(error)))?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| HubError::Client(Box::new(error)))?;
        Ok(Self { client, runtime, options })
    }

    /// Brings a file to `path`. What an earlier call left in `path.part` is used.
    /// `progress` hears bytes so far and in all, when the server says.
    pub(super) fn fetch(
        &self,
        repository: &str,
        revision: &str,
        file: &str,
        path: &Path,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<(), HubError> {
        let url = format!("{}/{repository}/resolve/{revision}/{file}", self.options.endpoint);
        let part = Part::of(path);
        let mut wait = Duration::from_millis(self.options.wait_ms);
        let mut reason = String::new();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                self.runtime.block_on(sleep(wait));
                wait *= 2;
            }
            match self.runtime.block_on(self.attempt(&url, &part, progress)) {
                Ok(()) => {
                    return fs::rename(&part.path, path)
                        .map_err(|source| HubError::Io { path: path.to_owned(), source });
                }
                Err(Failed::Ended(error)) => return Err(error),
                Err(Failed::Again(why, at_least)) => {
                    reason = why;
                    wait = wait.max(at_least);
                }
            }
        }
        Err(HubError::Unreachable { url, reason })
    }

    async fn attempt(
        &self,
        url: &str,
        part: &Part,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<(), Failed> {
        let again = |error: &dyn std::error::Error| Failed::Again(causes(error), Duration::ZERO);
        let (have, etag) = part.state();
        let mut request = self.client.get(url);
        if let Some(token) = &self.options.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(etag) = etag.filter(|_| have > 0) {
            request = request.header(RANGE, format!("bytes={have}-")).header(IF_RANGE, etag);
        }
        let silence = Duration::from_millis(self.options.silence_ms);
        let response = match timeout(silence, request.send()).await {
            Ok(response) => response.map_err(|error| again(&error))?,
            Err(_) => return Err(Failed::Again("no answer".to_owned(), Duration::ZERO)),
        };
        let (mut file, mut n_bytes) = part.open(&response, have, url)?;
        let own = header(&response, CONTENT_LENGTH.as_str()).and_then(|text| text.parse().ok());
        let total = own.map(|own: u64| own + n_bytes);
        let io = |source| Failed::Ended(HubError::Io { path: part.path.clone(), source });
        let mut body = response.bytes_stream();
        loop {
            let piece = match timeout(silence, body.next()).await {
                Ok(None) => break,
                Ok(Some(piece)) => piece.map_err(|error| again(&error))?,
                Err(_) => {
                    return Err(Failed::Again("the server fell silent".to_owned(), Duration::ZERO));
                }
            };
            file.write_all(&piece).map_err(io)?;
            n_bytes += piece.len() as u64;
            progress(n_bytes, total);
        }
        if total.is_some_and(|total| n_bytes < total) {
            return Err(Failed::Again("the file ended early".to_owned(), Duration::ZERO));
        }
        file.sync_all().map_err(io)?;
        part.forget_etag();
        Ok(())
    }
}

/// A file that is not whole yet, and the ETag of what it is part of.
struct Part {
    path: PathBuf,
    etag: PathBuf,
}

impl Part {
    fn of(path: &Path) -> Self {
        let with = |ending: &str| {
            let mut name = path.file_name().unwrap_or_default().to_owned();
            name.push(ending);
            path.with_file_name(name)
        };
        Self { path: with(".part"), etag: with(".part.etag") }
    }

    /// Bytes that are there, and the ETag that they belong to.
    fn state(&self) -> (u64, Option<String>) {
        let have = fs::metadata(&self.path).map_or(0, |metadata| metadata.len());
        (have, fs::read_to_string(&self.etag).ok().filter(|etag| !etag.is_empty()))
    }

    /// The file to write to and where it stands, by what the server answered.
    fn open(&self, response: &Response, have: u64, url: &str) -> Result<(File, u64), Failed> {
        let io = |source| Failed::Ended(HubError::Io { path: self.path.clone(), source });
        let status = response.status();
        match status {
            StatusCode::PARTIAL_CONTENT => {
                let file = OpenOptions::new().append(true).open(&self.path).map_err(io)?;
                Ok((file, have))
            }
            StatusCode::OK => {
                let file = File::create(&self.path).map_err(io)?;
                let etag = header(response, ETAG.as_str()).unwrap_or_default();
                fs::write(&self.etag, etag).map_err(io)?;
                Ok((file, 0))
            }
            StatusCode::RANGE_NOT_SATISFIABLE => {
                fs::remove_file(&self.path).map_err(io)?;
                Err(Failed::Again("the part did not fit the file".to_owned(), Duration::ZERO))
            }
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                let asked = header(response, RETRY_AFTER.as_str());
                let seconds = asked.and_then(|text| text.parse().ok()).unwrap_or(0);
                let wait = Duration::from_secs(seconds).min(LONGEST_WAIT);
                Err(Failed::Again(format!("the server answered {status}"), wait))
            }
            status => Err(Failed::Ended(HubError::Refused {
                url: url.to_owned(),
                status: status.as_u16(),
            })),
        }
    }

    fn forget_etag(&self) {
        // A stale ETag is overwritten by the next download.
        let _ = fs::remove_file(&self.etag);
    }
}

fn header(response: &Response, name: &str) -> Option<String> {
    Some(response.headers().get(name)?.to_str().ok()?.to_owned())
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(&format!(": {next}"));
        cause = next.source();
    }
    text
}
