//! Headers of every answer, and which pages of other sites may read answers.

use crate::config::ServeConfig;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ORIGIN, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

/// Pages are made of files of this server alone: no script or style inside of pages, no
/// frame around them, no form that goes elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// Headers that answers have, unless their handlers said otherwise. What is answered to
/// one caller is kept by nobody, since another one may see less.
const USUAL: [(HeaderName, &str); 8] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// Adds the usual headers to an answer.
pub(super) fn add_usual(headers: &mut HeaderMap, over_tls: bool) {
    for (name, value) in USUAL {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if over_tls {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(year);
    }
}

/// The origin of a request, when pages of it may read answers.
pub(super) fn allowed_origin(config: &ServeConfig, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    let allowed = config.cors_origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes());
    allowed.then(|| origin.clone())
}

/// The answer to a browser that asks whether a page of another site may send a request;
/// `None` for every other request.
pub(super) fn preflight(method: &Method, headers: &HeaderMap) -> Option<Response> {
    let asks = method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    asks.then(|| StatusCode::NO_CONTENT.into_response())
}

/// Lets pages of an allowed origin read an answer. Cookies are not let through: such
/// pages show a key or token of their own.
pub(super) fn add_origin(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(VARY, HeaderValue::from_static("origin"));
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, DELETE, PATCH"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "accept, authorization, content-type, x-api-key"),
        (ACCESS_CONTROL_EXPOSE_HEADERS, "retry-after, x-veritrail-answer-id"),
        (ACCESS_CONTROL_MAX_AGE, "600"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handlers_may_be_stricter() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
        add_usual(&mut headers, true);
        assert_eq!(headers[CONTENT_SECURITY_POLICY], "sandbox");
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert!(headers.contains_key(STRICT_TRANSPORT_SECURITY));
    }

    #[test]
    fn other_sites_read_nothing_unless_they_are_named() {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, HeaderValue::from_static("https://a.example"));
        let mut config = ServeConfig::default();
        assert_eq!(allowed_origin(&config, &headers), None);
        config.cors_origins = vec!["https://a.example".into()];
        assert!(allowed_origin(&config, &headers).is_some());
        headers.insert(ORIGIN, HeaderValue::from_static("https://a.example.evil"));
        assert_eq!(allowed_origin(&config, &headers), None);
    }
}
