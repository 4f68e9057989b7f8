//! `/api/documents/{id}/...`: the bytes, the text and the picture of a document.
//!
//! Bytes come from whoever made the document, so nothing of them runs in a browser: only
//! plain texts, PDF and pictures are shown, everything else is saved, and no type is
//! guessed.

use super::app::App;
use super::caller::Caller;
use super::documents::find;
use super::error::ApiError;
use crate::graph::DocumentSummary;
use crate::model::{Digest, MediaType, Permission, Region};
use crate::picture::Picture;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde::Deserialize;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Bytes read at once.
const BLOCK_BYTES: u64 = 256 << 10;
/// Longest side of a picture that is shown.
const MAX_SIDE_PX: u32 = 2048;
/// No script, no form, no frame of another site.
const SANDBOX: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'";
/// Browsers show no PDF in a sandbox; a PDF has no access to this site anyway.
const PDF_POLICY: &str = "default-src 'none'; object-src 'self'; frame-ancestors 'self'";

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(original)).routes(routes!(text)).routes(routes!(picture))
}

/// Which part of a picture.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PictureParameters {
    /// `xywh=pixel:left,top,width,height` (W3C Media Fragments); the whole without it.
    region: Option<String>,
    /// Longest side in pixels, at most 2048.
    max_side_px: Option<u32>,
}

/// The extracted text, into which citations point by code points.
#[utoipa::path(
    get,
    path = "/api/documents/{id}/text",
    tag = "documents",
    params(("id" = String, Path, description = "Name of the document, percent-encoded")),
    responses(
        (status = 200, content_type = "text/plain", body = String),
        (status = 304, description = "It is the one that If-None-Match names"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 404, description = "There is no such document for the caller")
    )
)]
async fn text(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    caller.require(Permission::ReadDocuments)?;
    let document = find(&app.snapshot(), &caller, &name)?.clone();
    let served = Served {
        digest: document.text_digest,
        media_type: HeaderValue::from_static("text/plain; charset=utf-8"),
        disposition: "inline",
        name: "",
        policy: SANDBOX,
    };
    served.answer(app, headers).await
}

/// The original bytes. Ranges are served.
#[utoipa::path(
    get,
    path = "/api/documents/{id}/original",
    tag = "documents",
    params(("id" = String, Path, description = "Name of the document, percent-encoded")),
    responses(
        (status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, description = "The range that was asked for"),
        (status = 304, description = "It is the one that If-None-Match names"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 404, description = "There is no such document for the caller"),
        (status = 416, description = "The range is not within the file")
    )
)]
async fn original(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    caller.require(Permission::ReadDocuments)?;
    let document = find(&app.snapshot(), &caller, &name)?.clone();
    let media_type = document.media_type;
    let served = Served {
        digest: document.digest,
        media_type: HeaderValue::from_static(content_type(media_type)),
        disposition: if is_shown(media_type) { "inline" } else { "attachment" },
        name: &file_name(&document),
        policy: if media_type == MediaType::Pdf { PDF_POLICY } else { SANDBOX },
    };
    served.answer(app, headers).await
}

/// The upright picture, or a part of it, as PNG.
#[utoipa::path(
    get,
    path = "/api/documents/{id}/picture",
    tag = "documents",
    params(
        ("id" = String, Path, description = "Name of the document, percent-encoded"),
        PictureParameters
    ),
    responses(
        (status = 200, content_type = "image/png", body = Vec<u8>),
        (status = 304, description = "It is the one that If-None-Match names"),
        (status = 400, description = "The region is no region, or not within the picture"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 404, description = "There is no such document for the caller, or it is no picture")
    )
)]
async fn picture(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
    parameters: Result<Query<PictureParameters>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    caller.require(Permission::ReadDocuments)?;
    let Query(parameters) = parameters?;
    let document = find(&app.snapshot(), &caller, &name)?.clone();
    if !document.media_type.is_picture() {
        let message = "the document is no picture";
        return Err(ApiError::not_found("picture_not_found", "id", message));
    }
    let region: Option<Region> = match parameters.region.as_deref() {
        None | Some("") => None,
        Some(text) => {
            let wrong = |error: crate::model::RegionParseError| {
                ApiError::bad_request("region", error.to_string())
            };
            Some(text.parse().map_err(wrong)?)
        }
    };
    let max_side_px = parameters.max_side_px.unwrap_or(MAX_SIDE_PX).clamp(1, MAX_SIDE_PX);
    let of_region = region.map_or_else(String::new, |region| region.to_string());
    let etag = etag(&format!("{}-{of_region}-{max_side_px}", document.digest));
    if is_known(&headers, &etag) {
        return Ok(not_modified(&etag));
    }
    let permit = Arc::clone(&app.pictures).acquire_owned().await;
    let shown = move || {
        let _permit = permit;
        let Some(mut file) = app.knowledge_base().open_bytes(&document.digest)? else {
            return Err(gone());
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| ApiError::internal(&error))?;
        let picture = Picture::decode(&bytes).map_err(|error| ApiError::internal(&error))?;
        let shown = picture.shown(region.as_ref(), max_side_px);
        shown
            .map_err(|error| ApiError::internal(&error))?
            .ok_or_else(|| ApiError::bad_request("region", "expected a region within the picture"))
    };
    let bytes = tokio::task::spawn_blocking(shown).await??;
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    guard(headers, &etag, SANDBOX);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("image/png"));
    Ok(response)
}

fn gone() -> ApiError {
    ApiError::not_found("document_not_found", "id", "there is no such document")
}

/// Whether a browser shows it beside pages of this site, rather than saving it.
fn is_shown(media_type: MediaType) -> bool {
    use MediaType::{Gif, Jpeg, Pdf, PlainText, Png, WebP};
    matches!(media_type, Png | Jpeg | WebP | Gif | Pdf | PlainText)
}

fn content_type(media_type: MediaType) -> &'static str {
    match media_type {
        MediaType::PlainText => "text/plain; charset=utf-8",
        MediaType::Markdown => "text/markdown; charset=utf-8",
        other => other.as_str(),
    }
}

/// The last part of the source path: of `list.jsonl#7` the whole list is what is served.
fn file_name(document: &DocumentSummary) -> String {
    let file = document.source.split('#').next().unwrap_or_default();
    let name = file.rsplit('/').next().unwrap_or_default();
    if name.is_empty() { "document".to_owned() } else { name.to_owned() }
}

/// A file that is served, and how.
struct Served<'a> {
    digest: Digest,
    media_type: HeaderValue,
    disposition: &'static str,
    name: &'a str,
    policy: &'static str,
}

impl Served<'_> {
    async fn answer(self, app: Arc<App>, asked: HeaderMap) -> Result<Response, ApiError> {
        let etag = etag(&self.digest.to_string());
        if is_known(&asked, &etag) {
            return Ok(not_modified(&etag));
        }
        let digest = self.digest;
        let opened = tokio::task::spawn_blocking(move || {
            let file = app.knowledge_base().open_bytes(&digest)?.ok_or_else(gone)?;
            let size = file.metadata().map_err(|error| ApiError::internal(&error))?.len();
            Ok::<_, ApiError>((file, size))
        });
        let (file, size) = opened.await??;
        let range = match wanted(&asked, &etag, size) {
            Wanted::All => None,
            Wanted::Part(range) => Some(range),
            Wanted::Outside => {
                let status = StatusCode::RANGE_NOT_SATISFIABLE;
                let message = format!("expected a range within {size} bytes");
                let mut response =
                    ApiError::refused(status, "invalid_range", &message).into_response();
                insert(response.headers_mut(), CONTENT_RANGE, &format!("bytes */{size}"));
                return Ok(response);
            }
        };
        let sent = range.clone().unwrap_or(0..size);
        let mut response = Body::from_stream(blocks(file, sent.clone())).into_response();
        if range.is_some() {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        let headers = response.headers_mut();
        guard(headers, &etag, self.policy);
        headers.insert(CONTENT_TYPE, self.media_type);
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        insert(headers, CONTENT_LENGTH, &(sent.end - sent.start).to_string());
        if range.is_some() {
            let last = sent.end.saturating_sub(1);
            insert(headers, CONTENT_RANGE, &format!("bytes {}-{last}/{size}", sent.start));
        }
        if !self.name.is_empty() {
            insert(headers, CONTENT_DISPOSITION, &disposition(self.disposition, self.name));
        }
        Ok(response)
    }
}

/// What is said of everything that documents hold.
fn guard(headers: &mut HeaderMap, etag: &str, policy: &'static str) {
    insert(headers, ETAG, etag);
    // Whoever lost the right to see it asks again and is refused.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn etag(text: &str) -> String {
    format!("\"{text}\"")
}

/// Whether `If-None-Match` names this version (RFC 9110, section 13.1.2).
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    known
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag)
}

fn not_modified(etag: &str) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    insert(response.headers_mut(), ETAG, etag);
    let policy = HeaderValue::from_static("private, no-cache");
    response.headers_mut().insert(CACHE_CONTROL, policy);
    response
}

/// Which bytes are asked for.
#[derive(Debug, PartialEq)]
enum Wanted {
    All,
    Part(Range<u64>),
    Outside,
}

/// One range of bytes (RFC 9110, section 14); several, other units and what cannot be
/// read are passed over, as the standard allows.
fn wanted(headers: &HeaderMap, etag: &str, size: u64) -> Wanted {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if text(IF_RANGE).is_some_and(|version| version != etag) {
        return Wanted::All;
    }
    let range = text(RANGE).and_then(|range| range.strip_prefix("bytes="));
    let Some((first, last)) = range.and_then(|range| range.split_once('-')) else {
        return Wanted::All;
    };
    let (start, end) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if last < first => return Wanted::All,
        (Ok(first), Ok(last)) => (first, last.saturating_add(1).min(size)),
        (Ok(first), Err(_)) if last.is_empty() => (first, size),
        (Err(_), Ok(n_last)) if first.is_empty() => (size.saturating_sub(n_last), size),
        _ => return Wanted::All,
    };
    if start < end { Wanted::Part(start..end) } else { Wanted::Outside }
}

/// The bytes of a file, block by block, each read on a thread for blocking work.
pub(super) fn blocks(
    file: File,
    range: Range<u64>,
) -> impl futures::Stream<Item = Result<Bytes, std::io::Error>> + Send {
    stream::unfold(Some((file, range)), |state| async move {
        let (mut file, range) = state?;
        if range.is_empty() {
            return None;
        }
        let n_bytes = (range.end - range.start).min(BLOCK_BYTES);
        let rest = range.start + n_bytes..range.end;
        let read = tokio::task::spawn_blocking(move || {
            file.seek(SeekFrom::Start(range.start))?;
            let mut block = vec![0; usize::try_from(n_bytes).unwrap_or_default()];
            file.read_exact(&mut block)?;
            Ok::<_, std::io::Error>((file, Bytes::from(block)))
        });
        match read.await {
            Ok(Ok((file, block))) => Some((Ok(block), Some((file, rest)))),
            Ok(Err(error)) => Some((Err(error), None)),
            Err(error) => Some((Err(std::io::Error::other(error)), None)),
        }
    })
}

/// `Content-Disposition` with a name in ASCII and the whole name (RFC 6266).
fn disposition(kind: &str, name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_. ".contains(c);
    let ascii: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("{kind}; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn one_range_is_served_and_others_are_passed_over() {
        let check = |range: &'static str, expected: Wanted| {
            assert_eq!(wanted(&headers(&[(RANGE, range)]), "\"a\"", 10), expected, "{range}");
        };
        check("bytes=0-3", Wanted::Part(0..4));
        check("bytes=4-", Wanted::Part(4..10));
        check("bytes=-3", Wanted::Part(7..10));
        check("bytes=-30", Wanted::Part(0..10));
        check("bytes=5-99", Wanted::Part(5..10));
        check("bytes=10-", Wanted::Outside);
        check("bytes=-0", Wanted::Outside);
        for passed in ["bytes=0-1,3-4", "lines=1-2", "bytes=a-b", "bytes=5-2", "bytes=-"] {
            check(passed, Wanted::All);
        }
        let other = headers(&[(RANGE, "bytes=0-3"), (IF_RANGE, "\"b\"")]);
        assert_eq!(wanted(&other, "\"a\"", 10), Wanted::All);
    }

    #[test]
    fn a_known_version_is_told_by_its_tag() {
        let known = |value| is_known(&headers(&[(IF_NONE_MATCH, value)]), "\"a\"");
        assert!(known("\"a\"") && known("\"b\", W/\"a\"") && known("*"));
        assert!(!known("\"b\"") && !known("a"));
    }

    #[test]
    fn names_cannot_break_out_of_their_header() {
        assert_eq!(
            disposition("attachment", "a\"; x=\r\nÜ.html"),
            "attachment; filename=\"a__ x___Ü.html\"; filename*=UTF-8''a%22%3B%20x%3D%0D%0A%C3%9C.html"
                .replace('Ü', "_")
        );
    }
}
