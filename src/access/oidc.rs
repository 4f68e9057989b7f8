//! Tokens of an OpenID Connect provider.

use super::authenticator::{Authenticated, Origin};
use super::claims::ClaimNames;
use super::error::AccessError;
use super::provider_keys::{Place, ProviderKeys};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

/// Longest token, in bytes; they travel in a header.
const MAX_TOKEN_BYTES: usize = 16 << 10;

/// How tokens may be signed: with key pairs only. A shared secret would let whoever
/// checks tokens make them, and a server that takes both can be made to take a public
/// key for a secret (RFC 8725, section 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of RFC 7518, section 3.1")]
pub enum TokenAlgorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
}

impl TokenAlgorithm {
    pub(super) fn algorithm(self) -> Algorithm {
        match self {
            Self::RS256 => Algorithm::RS256,
            Self::RS384 => Algorithm::RS384,
            Self::RS512 => Algorithm::RS512,
            Self::PS256 => Algorithm::PS256,
            Self::PS384 => Algorithm::PS384,
            Self::PS512 => Algorithm::PS512,
            Self::ES256 => Algorithm::ES256,
            Self::ES384 => Algorithm::ES384,
            Self::EdDSA => Algorithm::EdDSA,
        }
    }
}

/// A provider whose tokens are accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// What `iss` must be, letter for letter.
    pub issuer: String,
    /// What `aud` must hold: tokens for other services are refused.
    pub audience: String,
    /// Address of the provider's keys (JWKS); https, or http on this machine.
    #[serde(default)]
    pub jwks_url: Option<String>,
    /// File with the provider's keys, instead of an address; relative to the knowledge
    /// base.
    #[serde(default)]
    pub jwks_file: Option<PathBuf>,
    /// Accepted algorithms.
    #[serde(default = "usual_algorithms")]
    pub algorithms: Vec<TokenAlgorithm>,
    /// By how many seconds clocks may differ.
    #[serde(default = "usual_leeway")]
    pub leeway_s: u64,
    /// What stands where.
    #[serde(default)]
    pub claims: ClaimNames,
}

fn usual_algorithms() -> Vec<TokenAlgorithm> {
    vec![TokenAlgorithm::RS256, TokenAlgorithm::ES256, TokenAlgorithm::EdDSA]
}

fn usual_leeway() -> u64 {
    30
}

/// Settings of a provider that cannot work.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// None or two places of keys.
    #[error("expected one of serve.oidc.jwks_url and serve.oidc.jwks_file")]
    Keys,
    /// Whoever stands between could give keys of their own.
    #[error("expected an https address in serve.oidc.jwks_url, found `{0}`")]
    Address(String),
    /// Something is empty.
    #[error("expected serve.oidc.{0} not to be empty")]
    Empty(&'static str),
    /// The client for the provider's keys cannot be made.
    #[error("cannot make a client for the keys of the token provider")]
    Client(#[source] reqwest::Error),
}

/// Checks tokens.
pub(super) struct Oidc {
    config: OidcConfig,
    keys: ProviderKeys,
}

impl Oidc {
    pub(super) fn new(config: &OidcConfig, root: &Path) -> Result<Self, OidcError> {
        for (name, empty) in [
            ("issuer", config.issuer.is_empty()),
            ("audience", config.audience.is_empty()),
            ("algorithms", config.algorithms.is_empty()),
        ] {
            if empty {
                return Err(OidcError::Empty(name));
            }
        }
        let place = match (&config.jwks_url, &config.jwks_file) {
            (Some(address), None) => address_of_keys(address)?,
            (None, Some(file)) => Place::File(root.join(file)),
            _ => return Err(OidcError::Keys),
        };
        Ok(Self { config: config.clone(), keys: ProviderKeys::new(place) })
    }

    pub(super) async fn authenticate(
        &self,
        token: &str,
        now: OffsetDateTime,
    ) -> Result<Authenticated, AccessError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(AccessError::Token("it is too long"));
        }
        let header = decode_header(token).map_err(|_| {
            AccessError::Token("it is damaged, or signed in a way that is not known")
        })?;
        let algorithm = self.config.algorithms.iter().find(|a| a.algorithm() == header.alg);
        let algorithm = *algorithm.ok_or(AccessError::Token("its algorithm is not accepted"))?;
        // RFC 7515, section 4.1.11: extensions that are not understood are refused.
        if header.crit.is_some() {
            return Err(AccessError::Token("it asks for extensions that are not known"));
        }
        let keys = self.keys.find(header.kid.as_deref(), algorithm, now).await?;
        if keys.is_empty() {
            return Err(AccessError::Token("its key is none of the provider's"));
        }
        let mut validation = Validation::new(algorithm.algorithm());
        validation.leeway = self.config.leeway_s;
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.config.issuer]);
        validation.set_audience(&[&self.config.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        let mut refused = AccessError::Token("its signature is wrong");
        for key in keys {
            match decode::<Value>(token, &key, &validation) {
                Ok(token) => {
                    let principal = self.config.claims.principal(&token.claims)?;
                    let expires = token.claims.get("exp").and_then(Value::as_f64).unwrap_or(0.0);
                    // Checked above; beyond the calendar it ends with the session.
                    let expires = OffsetDateTime::from_unix_timestamp(expires as i64)
                        .unwrap_or(now + time::Duration::days(1));
                    let origin = Origin::Token { expires };
                    return Ok(Authenticated { principal, origin });
                }
                Err(error) => refused = AccessError::Token(reason(error.kind())),
            }
        }
        Err(refused)
    }
}

fn address_of_keys(address: &str) -> Result<Place, OidcError> {
    let wrong = || OidcError::Address(address.to_owned());
    let url = reqwest::Url::parse(address).map_err(|_| wrong())?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let own = host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if url.scheme() != "https" && !(url.scheme() == "http" && own) {
        return Err(wrong());
    }
    // Fails only when a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    if own {
        builder = builder.no_proxy();
    }
    Ok(Place::Address(url, builder.build().map_err(OidcError::Client)?))
}

fn reason(error: &ErrorKind) -> &'static str {
    match error {
        ErrorKind::ExpiredSignature => "it has expired",
        ErrorKind::ImmatureSignature => "it is not valid yet",
        ErrorKind::InvalidIssuer => "it is of another issuer",
        ErrorKind::InvalidAudience => "it is for another audience",
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::InvalidClaimFormat(_) => {
            "expected the claims exp, iss and aud"
        }
        ErrorKind::InvalidSignature => "its signature is wrong",
        _ => "it is damaged",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Result<Oidc, OidcError> {
        let config: OidcConfig = toml::from_str(text).unwrap();
        Oidc::new(&config, Path::new("."))
    }

    #[test]
    fn a_provider_has_one_place_of_keys_that_nobody_can_replace() {
        let with = |line: &str| config(&format!("issuer = 'i'\naudience = 'a'\n{line}"));
        assert!(with("jwks_file = 'keys.json'").is_ok());
        assert!(with("jwks_url = 'https://x.test/keys'").is_ok());
        assert!(with("jwks_url = 'http://127.0.0.1:9/keys'").is_ok());
        assert!(matches!(with(""), Err(OidcError::Keys)));
        assert!(matches!(with("jwks_url = 'http://x.test/keys'"), Err(OidcError::Address(_))));
        assert!(matches!(with("jwks_url = 'ftp://x.test/keys'"), Err(OidcError::Address(_))));
        let both = "jwks_file = 'k'\njwks_url = 'https://x.test/keys'";
        assert!(matches!(with(both), Err(OidcError::Keys)));
        let none = with("jwks_file = 'k'\nalgorithms = []");
        assert!(matches!(none, Err(OidcError::Empty("algorithms"))));
    }

    #[test]
    fn shared_secrets_cannot_be_configured() {
        let text = "issuer = 'i'\naudience = 'a'\njwks_file = 'k'\nalgorithms = ['HS256']";
        assert!(toml::from_str::<OidcConfig>(text).is_err());
    }
}
