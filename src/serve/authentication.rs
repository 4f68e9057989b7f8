//! What every request passes before a handler sees it.
//!
//! In this order: the names and origins that it may come under, who makes it, how many
//! requests that is, a place among those that compute, and the time it may take. What
//! is public is listed here; everything else needs a credential, whether its handler
//! looks at the caller or not.

use super::app::App;
use super::error::ApiError;
use super::headers::{add_origin, add_usual, allowed_origin, preflight};
use super::limits::Limits;
use super::observe::Observed;
use crate::access::{AccessError, Authenticated, Authenticator, OidcError, Sessions};
use crate::config::{Authentication, ServeConfig};
use crate::model::{Principal, Role};
use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{ACCEPT, AUTHORIZATION, COOKIE, HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use futures::StreamExt;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

/// Name of the cookie that holds the identity of a session.
pub(super) const SESSION_COOKIE: &str = "veritrail_session";

/// What decides who is let in, and how often.
pub(super) struct Gate {
    pub(super) config: ServeConfig,
    pub(super) authenticator: Authenticator,
    pub(super) sessions: Sessions,
    pub(super) limits: Limits,
}

impl Gate {
    /// For the knowledge base in `root`.
    pub(super) fn new(root: &Path, config: ServeConfig) -> Result<Self, OidcError> {
        let minutes = i64::try_from(config.session_minutes).unwrap_or(i64::from(u32::MAX));
        Ok(Self {
            authenticator: Authenticator::new(root, config.oidc.as_ref())?,
            sessions: Sessions::new(Duration::minutes(minutes.min(i64::from(u32::MAX)))),
            limits: Limits::new(&config),
            config,
        })
    }

    /// Whether clients speak TLS, with this server or with the proxy before it.
    pub(super) fn over_tls(&self) -> bool {
        self.config.tls.is_some() || self.config.behind_proxy
    }

    /// The address that a request comes from.
    pub(super) fn address(&self, request: &Request) -> IpAddr {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        if !self.config.behind_proxy {
            return peer;
        }
        // The last one was added by our proxy; those before it can be invented.
        let all = request.headers().get_all("x-forwarded-for").iter();
        let last = all.filter_map(|value| value.to_str().ok()).next_back();
        let last = last.and_then(|list| list.rsplit(',').next()?.trim().parse().ok());
        last.unwrap_or(peer)
    }

    /// Whose credential this is, counting those that are not accepted.
    pub(super) async fn identify(
        &self,
        credential: &str,
        address: IpAddr,
    ) -> Result<Authenticated, ApiError> {
        let found = self.authenticator.authenticate(credential, OffsetDateTime::now_utc()).await;
        found.map_err(|error| self.refused(&error, address))
    }

    fn refused(&self, error: &AccessError, address: IpAddr) -> ApiError {
        if error.is_ours() {
            return ApiError::internal(error);
        }
        if let Err(too_many) = self.limits.count_failure(address) {
            return too_many;
        }
        tracing::info!(client.address = %address, reason = %error, "a credential was refused");
        ApiError::refused(StatusCode::UNAUTHORIZED, "invalid_credential", error.to_string())
    }

    /// Who makes a request; `None` when it shows no credential.
    async fn principal(
        &self,
        headers: &HeaderMap,
        address: IpAddr,
    ) -> Result<Option<Principal>, ApiError> {
        if self.config.authentication == Authentication::None {
            return Ok(Some(Principal::local()));
        }
        if let Some(credential) = credential(headers)? {
            return Ok(Some(self.identify(credential, address).await?.principal));
        }
        let Some(id) = session_of(headers) else { return Ok(None) };
        let now = OffsetDateTime::now_utc();
        match self.authenticator.of_session(&self.sessions, id, now) {
            Ok(found) => Ok(Some(found.principal)),
            // Browsers keep the cookies of ended sessions: nothing was tried.
            Err(AccessError::NoSession) => Ok(None),
            Err(error) => Err(self.refused(&error, address)),
        }
    }

    /// Refuses names of hosts that are none of this server's. A page of another site can
    /// make a browser send requests here under a name of its own that resolves to this
    /// machine (DNS rebinding); such requests carry that name.
    fn check_host(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let trusted = &self.config.trusted_hosts;
        if trusted.iter().any(|trusted| trusted.eq_ignore_ascii_case(host)) {
            return Ok(());
        }
        let on_loopback = self.config.listen.ip().is_loopback();
        if (!on_loopback && trusted.is_empty()) || (on_loopback && is_loopback_name(host)) {
            return Ok(());
        }
        let message = match trusted.is_empty() {
            true => "expected a Host header with localhost or a loopback address",
            false => "expected a Host header with one of the names in serve.trusted_hosts",
        };
        Err(ApiError::refused(StatusCode::FORBIDDEN, "foreign_host", message))
    }

    /// Refuses requests that pages of other sites make a browser send: those that change
    /// something, on the strength of a cookie or of the place where the browser runs. A
    /// key or token in a header is never sent by a browser on its own.
    fn check_origin(&self, method: &Method, headers: &HeaderMap) -> Result<(), ApiError> {
        let changes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        if !changes || headers.contains_key(AUTHORIZATION) || headers.contains_key("x-api-key") {
            return Ok(());
        }
        let own = match headers.get(ORIGIN) {
            // Programs that are no browsers send none, and no cookie that they did not get.
            None => session_of(headers).is_none(),
            Some(_) if allowed_origin(&self.config, headers).is_some() => true,
            Some(origin) => {
                let host = headers.get(HOST).map_or(&b""[..], |host| host.as_bytes());
                let origin = origin.as_bytes();
                let name = origin
                    .strip_prefix(b"https://")
                    .or_else(|| origin.strip_prefix(b"http://").filter(|_| !self.over_tls()));
                name.is_some_and(|name| !name.is_empty() && name.eq_ignore_ascii_case(host))
            }
        };
        if own {
            return Ok(());
        }
        let message = "expected an Origin header that names this server";
        Err(ApiError::refused(StatusCode::FORBIDDEN, "foreign_origin", message))
    }

    /// What needs no credential: nothing of it tells anything of the knowledge base.
    fn is_public(&self, path: &str) -> bool {
        matches!(path, "/healthz" | "/readyz" | "/sign-in" | "/api/session" | "/favicon.ico")
            || path.starts_with("/assets/")
            || (self.config.open_metrics && path == "/metrics")
    }
}

/// Requests that compute nothing, or that stay open while nothing happens.
fn is_cheap(method: &Method, path: &str) -> bool {
    path == "/api/me"
        || path == "/metrics"
        || path.ends_with("/events")
        || (path == "/mcp" && *method == Method::GET)
}

/// Lets a request through to its handler, or answers it.
pub(super) async fn guard(
    State(app): State<Arc<App>>,
    observed: Observed,
    request: Request,
    next: Next,
) -> Response {
    let gate = &app.gate;
    let origin = allowed_origin(&gate.config, request.headers());
    let mut response = match preflight(request.method(), request.headers()) {
        Some(answer) => answer,
        None => match passed(gate, &observed, request, next).await {
            Ok(response) => response,
            Err(error) => error.into_response(),
        },
    };
    add_usual(response.headers_mut(), gate.over_tls());
    if let Some(origin) = origin {
        add_origin(response.headers_mut(), origin);
    }
    response
}

async fn passed(
    gate: &Gate,
    observed: &Observed,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    gate.check_host(request.headers())?;
    gate.check_origin(request.method(), request.headers())?;
    let path = request.uri().path();
    let is_public = gate.is_public(path);
    let address = gate.address(&request);
    let principal = match gate.principal(request.headers(), address).await {
        Ok(principal) => principal,
        Err(_) if is_public => None,
        Err(error) => return Err(error),
    };
    match &principal {
        Some(_) if gate.config.authentication == Authentication::None => {}
        Some(principal) => gate.limits.count_principal(&principal.name)?,
        None => gate.limits.count_address(address)?,
    }
    if principal.is_none() && !is_public {
        return Ok(sign_in_first(&request));
    }
    let reads_metrics = path == "/metrics" && is_public;
    let principal = principal.or_else(|| reads_metrics.then(metrics_reader));
    let place = match is_public || is_cheap(request.method(), path) {
        true => None,
        false => Some(gate.limits.admit()?),
    };
    if let Some(principal) = principal {
        observed.principal(&principal);
        request.extensions_mut().insert(principal);
    }
    let response = gate.limits.in_time(request, |request| next.run(request)).await;
    let is_stream = response.body().size_hint().exact().is_none();
    Ok(match place.filter(|_| is_stream) {
        None => response,
        // A streamed answer has its place until its end.
        Some(place) => response.map(|body| {
            let parts = body.into_data_stream().map(move |part| {
                let _place = &place;
                part
            });
            Body::from_stream(parts)
        }),
    })
}

/// Whoever reads metrics where they are open.
fn metrics_reader() -> Principal {
    Principal::new("metrics", Role::Auditor, Some(BTreeSet::new()))
}

/// Browsers are led to the page on which people sign in.
fn sign_in_first(request: &Request) -> Response {
    let headers = request.headers();
    let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if *request.method() == Method::GET && accepts.contains("text/html") {
        let page = request.uri().path_and_query().map_or("/", |page| page.as_str());
        let page: String = form_urlencoded::byte_serialize(page.as_bytes()).collect();
        return Redirect::to(&format!("/sign-in?next={page}")).into_response();
    }
    ApiError::unauthenticated().into_response()
}

/// The key or token in the headers of a request.
fn credential(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let damaged = || {
        let message = "expected `Authorization: Bearer ...` or `X-API-Key: ...`";
        ApiError::refused(StatusCode::UNAUTHORIZED, "invalid_credential", message)
    };
    if let Some(value) = headers.get(AUTHORIZATION) {
        let (scheme, credential) =
            value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or_else(damaged)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(damaged());
        }
        return Ok(Some(credential.trim()));
    }
    let key = headers.get("x-api-key").map(|value| value.to_str().map_err(|_| damaged()));
    Ok(key.transpose()?.map(str::trim))
}

/// The identity of the session in the cookies of a request.
pub(super) fn session_of(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|p| p.split_once('='));
    pairs.find(|(name, _)| name.trim() == SESSION_COOKIE).map(|(_, value)| value.trim())
}

fn is_loopback_name(host: &str) -> bool {
    host.parse::<Authority>().is_ok_and(|authority| {
        let name = authority.host().trim_matches(['[', ']']);
        name.eq_ignore_ascii_case("localhost")
            || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderName;

    fn gate(text: &str) -> Gate {
        Gate::new(Path::new("."), toml::from_str(text).unwrap()).unwrap()
    }

    fn headers(all: &[(&str, &str)]) -> HeaderMap {
        let all = all
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()));
        all.collect()
    }

    #[test]
    fn names_of_other_hosts_are_refused() {
        let check = |gate: &Gate, host: &str| gate.check_host(&headers(&[("host", host)])).is_ok();
        let local = gate("");
        for own in ["localhost:1", "127.0.0.1", "[::1]:8080", "LOCALHOST"] {
            assert!(check(&local, own), "{own}");
        }
        for foreign in ["evil.example", "localhost.evil.example", "", "127.0.0.1.evil.example"] {
            assert!(!check(&local, foreign), "{foreign}");
        }
        let named = gate("listen = '0.0.0.0:1'\ntrusted_hosts = ['kb.example:8443']");
        assert!(check(&named, "KB.example:8443"));
        assert!(!check(&named, "kb.example") && !check(&named, "localhost"));
        assert!(check(&gate("listen = '0.0.0.0:1'"), "any.example"));
    }

    #[test]
    fn pages_of_other_sites_change_nothing() {
        let local = gate("cors_origins = ['https://friend.example']");
        let check = |gate: &Gate, all: &[(&str, &str)]| {
            let mut all = all.to_vec();
            all.push(("host", "kb.example"));
            gate.check_origin(&Method::POST, &headers(&all)).is_ok()
        };
        let cookie = ("cookie", "a=b; veritrail_session=x");
        assert!(check(&local, &[]));
        assert!(check(&local, &[("origin", "http://kb.example")]));
        assert!(check(&local, &[("origin", "https://friend.example")]));
        assert!(!check(&local, &[("origin", "https://evil.example")]));
        assert!(!check(&local, &[("origin", "null")]));
        assert!(check(&local, &[("origin", "https://evil.example"), ("x-api-key", "vt_x")]));
        assert!(!check(&local, &[cookie]));
        assert!(check(&local, &[cookie, ("origin", "https://kb.example")]));
        assert!(!check(&local, &[cookie, ("origin", "https://kb.example:444")]));
        let proxied = gate("behind_proxy = true");
        assert!(!check(&proxied, &[cookie, ("origin", "http://kb.example")]));
        let get = headers(&[("origin", "https://evil.example")]);
        assert!(local.check_origin(&Method::GET, &get).is_ok());
    }

    #[test]
    fn credentials_are_read_from_headers_and_cookies() {
        let of = |name: &str, value: &str| {
            let headers = headers(&[(name, value)]);
            credential(&headers).map(|found| found.map(str::to_owned)).ok()
        };
        assert_eq!(of("authorization", "Bearer vt_x"), Some(Some("vt_x".into())));
        assert_eq!(of("authorization", "bearer  vt_x "), Some(Some("vt_x".into())));
        assert_eq!(of("x-api-key", "vt_x"), Some(Some("vt_x".into())));
        assert_eq!(of("accept", "x"), Some(None));
        assert_eq!(of("authorization", "Basic dTpw"), None);
        assert_eq!(of("authorization", "vt_x"), None);
        let cookies = headers(&[("cookie", "a=b; veritrail_session=x1; c=d")]);
        assert_eq!(session_of(&cookies), Some("x1"));
        assert_eq!(session_of(&headers(&[("cookie", "xveritrail_session=x1")])), None);
    }

    #[test]
    fn the_address_of_a_client_is_told_by_the_proxy_alone() {
        let request = |forwarded: &str| {
            let peer: SocketAddr = "192.0.2.9:1".parse().unwrap();
            let request = Request::builder().header("x-forwarded-for", forwarded);
            request.extension(ConnectInfo(peer)).body(Body::empty()).unwrap()
        };
        let address = |gate: &Gate, forwarded: &str| gate.address(&request(forwarded)).to_string();
        assert_eq!(address(&gate(""), "198.51.100.1"), "192.0.2.9");
        let proxied = gate("behind_proxy = true");
        assert_eq!(address(&proxied, "203.0.113.5, 198.51.100.1"), "198.51.100.1");
        assert_eq!(address(&proxied, "unknown"), "192.0.2.9");
    }
}
