//! The pages for people.
//!
//! A page is a frame without data; its scripts ask the HTTP interface as every other
//! client does, with the rights of whoever is signed in. So the pages themselves need no
//! permission and hold nothing to leak. All that they load is part of the program.

mod assets;
mod templates;

use super::app::App;
use axum::Router;
use axum::extract::Path;
use axum::http::header::{ACCEPT, CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;
use templates::Page;

/// The pages and what they load.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(|| async { shown(Page::Ask) }))
        .route("/graph", get(|| async { shown(Page::Graph) }))
        .route("/documents", get(|| async { shown(Page::Documents) }))
        .route("/documents/{*id}", get(|| async { shown(Page::Document) }))
        .route("/audit", get(|| async { shown(Page::Audit) }))
        .route("/operations", get(|| async { shown(Page::Operations) }))
        .route("/docs", get(|| async { shown(Page::Interface) }))
        .route("/sign-in", get(|| async { shown(Page::SignIn) }))
        .route("/assets/{digest}/{name}", get(asset))
        .route("/favicon.ico", get(|| async { file("mark.svg", &HeaderMap::new()) }))
}

/// The page for an address at which there is nothing; none for programs, which get the
/// error of the interface.
pub(super) fn missing(uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let interface = ["/api/", "/v1/", "/assets/"].iter().any(|start| uri.path().starts_with(start));
    (accepts.contains("text/html") && !interface)
        .then(|| (StatusCode::NOT_FOUND, shown(Page::Missing)).into_response())
}

fn shown(page: Page) -> Response {
    match page.render(&assets::folder()) {
        // Scripts, styles and the frame may change with the program; data is not in it.
        Ok(html) => ([(CACHE_CONTROL, "no-cache")], Html(html)).into_response(),
        Err(error) => super::error::ApiError::internal(&error).into_response(),
    }
}

/// A file of the folder that is named by the digest of all files: what has this address
/// never changes.
async fn asset(Path((digest, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    if digest != assets::digest() {
        return StatusCode::NOT_FOUND.into_response();
    }
    file(&name, &headers)
}

fn file(name: &str, headers: &HeaderMap) -> Response {
    let Some(asset) = assets::find(name) else { return StatusCode::NOT_FOUND.into_response() };
    let tag = format!("\"{}\"", assets::digest());
    let known = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([("content-type", asset.media_type)], asset.bytes).into_response()
    };
    let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
    response.headers_mut().insert(CACHE_CONTROL, kept);
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_names_only_what_the_program_holds() {
        for page in Page::ALL {
            let html = page.render(&assets::folder()).unwrap();
            assert!(!html.contains("style=") && !html.contains("onclick"), "{page:?}");
            let start = format!("{}/", assets::folder());
            let named: Vec<&str> = html.split(&start).skip(1).collect();
            assert!(named.len() > 3, "{page:?}");
            for rest in named {
                let end = rest.find(['"', '#']).unwrap();
                assert!(assets::find(&rest[..end]).is_some(), "{page:?}: {}", &rest[..end]);
            }
        }
    }

    #[test]
    fn a_file_is_kept_by_the_browser_and_not_sent_twice() {
        let first = file("ask.js", &HeaderMap::new());
        assert_eq!(first.status(), StatusCode::OK);
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, first.headers()[ETAG].clone());
        assert_eq!(file("ask.js", &headers).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(file("../mod.rs", &headers).status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn scripts_import_only_what_the_program_holds() {
        for asset in assets::ALL.iter().filter(|asset| asset.name.ends_with(".js")) {
            let text = std::str::from_utf8(asset.bytes).unwrap();
            assert!(!text.contains("innerHTML") && !text.contains("eval("), "{}", asset.name);
            for rest in text.split("from \"./").skip(1) {
                let name = &rest[..rest.find('"').unwrap()];
                assert!(assets::find(name).is_some(), "{} imports {name}", asset.name);
            }
        }
    }
}
