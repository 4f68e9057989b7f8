//! Serving over HTTP: to whom, and how much.

use crate::access::OidcConfig;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Who is asked for a credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Authentication {
    /// Nobody: whoever reaches the address may do everything. On loopback only.
    #[default]
    None,
    /// Everybody, by API key, token or session.
    Required,
}

/// Certificate and key of the server, as PEM files; relative to the knowledge base.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The certificate, followed by those between it and the root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Settings of the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServeConfig {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Who is asked for a credential.
    pub authentication: Authentication,
    /// A provider whose tokens are accepted beside API keys.
    pub oidc: Option<OidcConfig>,
    /// Certificate and key; without them, plain HTTP is spoken.
    pub tls: Option<TlsConfig>,
    /// Whether a proxy before the server speaks TLS with clients: plain HTTP is then
    /// allowed beyond loopback, and addresses are read from `Forwarded` headers.
    pub behind_proxy: bool,
    /// Names under which the server is reached, with port where it is not the usual
    /// one. Requests for others are refused; loopback names always work on loopback.
    /// Empty beyond loopback: every name.
    pub trusted_hosts: Vec<String>,
    /// Origins whose pages may read answers, such as `https://intranet.example`.
    pub cors_origins: Vec<String>,
    /// Largest request body.
    pub max_request_bytes: usize,
    /// Requests a minute of one principal; a tenth of them, or ten, may come at once.
    pub requests_per_minute: u32,
    /// The same for one address that shows no credential.
    pub requests_per_minute_without_credential: u32,
    /// Failed attempts to sign in from one address, a minute.
    pub failed_sign_ins_per_minute: u32,
    /// Requests that compute at the same time.
    pub max_concurrent: usize,
    /// Requests that wait for that; further ones are sent away with status 429.
    pub max_queued: usize,
    /// Longest time until an answer begins, ms.
    pub request_timeout_ms: u64,
    /// Longest time to send the head of a request, ms.
    pub header_timeout_ms: u64,
    /// Longest pause between two parts of a request body, ms.
    pub body_pause_ms: u64,
    /// Least rate at which a request body comes in, after the first pause.
    pub min_body_bytes_per_s: u64,
    /// How long somebody who signed in stays so, minutes.
    pub session_minutes: u64,
    /// How long running answers may go on when the server stops, ms.
    pub shutdown_timeout_ms: u64,
    /// Whether `/metrics` asks for no credential.
    pub open_metrics: bool,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            authentication: Authentication::None,
            oidc: None,
            tls: None,
            behind_proxy: false,
            trusted_hosts: Vec::new(),
            cors_origins: Vec::new(),
            max_request_bytes: 32 << 20,
            requests_per_minute: 6_000,
            requests_per_minute_without_credential: 600,
            failed_sign_ins_per_minute: 30,
            max_concurrent: 16,
            max_queued: 64,
            request_timeout_ms: 300_000,
            header_timeout_ms: 10_000,
            body_pause_ms: 15_000,
            min_body_bytes_per_s: 1_024,
            session_minutes: 12 * 60,
            shutdown_timeout_ms: 30_000,
            open_metrics: false,
        }
    }
}

/// Settings of the server that do not go together.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServeConfigError {
    /// Anybody could reach everything.
    #[error(
        "expected a loopback address such as 127.0.0.1:8080, found {0}: whoever reaches it may ask everything\nhint: set serve.authentication = \"required\" in veritrail.toml and make keys by `veritrail keys create`"
    )]
    OpenToAll(SocketAddr),
    /// Keys would travel in clear.
    #[error(
        "listening on {0} without TLS would send keys and answers in clear\nhint: set serve.tls.certificate and serve.tls.key, or serve.behind_proxy = true when a proxy before the server speaks TLS"
    )]
    InClear(SocketAddr),
    /// A number that would let nothing through.
    #[error("expected serve.{0} to be at least 1")]
    Zero(&'static str),
    /// An origin that no browser sends.
    #[error("expected origins such as https://intranet.example in serve.cors_origins, found `{0}`")]
    CorsOrigin(String),
}

impl ServeConfig {
    /// Whether the settings can be served with.
    ///
    /// # Errors
    /// When they would open the knowledge base to whom it should not be open, or
    /// cannot work; the error says what to set.
    pub fn check(&self) -> Result<(), ServeConfigError> {
        let beyond = !self.listen.ip().is_loopback();
        if beyond && self.authentication == Authentication::None {
            return Err(ServeConfigError::OpenToAll(self.listen));
        }
        if beyond && self.tls.is_none() && !self.behind_proxy {
            return Err(ServeConfigError::InClear(self.listen));
        }
        for (name, value) in [
            ("max_request_bytes", self.max_request_bytes as u64),
            ("requests_per_minute", u64::from(self.requests_per_minute)),
            (
                "requests_per_minute_without_credential",
                u64::from(self.requests_per_minute_without_credential),
            ),
            ("failed_sign_ins_per_minute", u64::from(self.failed_sign_ins_per_minute)),
            ("max_concurrent", self.max_concurrent as u64),
            ("request_timeout_ms", self.request_timeout_ms),
            ("header_timeout_ms", self.header_timeout_ms),
            ("body_pause_ms", self.body_pause_ms),
            ("session_minutes", self.session_minutes),
        ] {
            if value == 0 {
                return Err(ServeConfigError::Zero(name));
            }
        }
        let is_origin = |origin: &&String| {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', ' ']))
        };
        match self.cors_origins.iter().find(|origin| !is_origin(origin)) {
            Some(wrong) => Err(ServeConfigError::CorsOrigin(wrong.clone())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), ServeConfigError> {
        toml::from_str::<ServeConfig>(text).unwrap().check()
    }

    #[test]
    fn beyond_loopback_keys_are_asked_for_and_do_not_travel_in_clear() {
        let beyond = "listen = '0.0.0.0:8080'\n";
        assert_eq!(check(""), Ok(()));
        let open = check(beyond).unwrap_err();
        assert!(matches!(open, ServeConfigError::OpenToAll(_)));
        assert!(open.to_string().contains("serve.authentication"), "{open}");
        let keys = format!("{beyond}authentication = 'required'\n");
        let clear = check(&keys).unwrap_err();
        assert!(clear.to_string().contains("serve.tls.certificate"), "{clear}");
        assert_eq!(check(&format!("{keys}behind_proxy = true")), Ok(()));
        assert_eq!(check(&format!("{keys}tls = {{ certificate = 'c', key = 'k' }}")), Ok(()));
        assert_eq!(check("listen = '[::1]:1'\nauthentication = 'required'"), Ok(()));
    }

    #[test]
    fn settings_that_let_nothing_through_are_refused() {
        assert_eq!(check("max_concurrent = 0"), Err(ServeConfigError::Zero("max_concurrent")));
        for origin in ["*", "https://", "https://a/b", "a.example"] {
            assert!(check(&format!("cors_origins = ['{origin}']")).is_err(), "{origin}");
        }
        assert_eq!(check("cors_origins = ['https://a.example:8443']"), Ok(()));
    }
}
