//! The public keys of a provider (RFC 7517), from a file or an address.

use super::error::AccessError;
use super::oidc::TokenAlgorithm;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;

/// Unknown keys are looked for at the provider at most this often.
const ASKED_AT_MOST_EVERY: Duration = Duration::MINUTE;
/// Keys are asked for again after this time, so that withdrawn ones stop working.
const KEPT_FOR: Duration = Duration::HOUR;
/// Time for one request.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);
/// Largest set of keys.
const MAX_BYTES: usize = 1 << 20;

/// Where the keys are.
pub(super) enum Place {
    File(PathBuf),
    Address(reqwest::Url, reqwest::Client),
}

/// One key, with the algorithms that it may be used for.
struct ProviderKey {
    id: Option<String>,
    algorithms: Vec<TokenAlgorithm>,
    key: Arc<DecodingKey>,
}

/// The keys of a provider.
pub(super) struct ProviderKeys {
    place: Place,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    keys: Vec<ProviderKey>,
    /// When the provider was asked last, with or without success.
    asked_at: Option<OffsetDateTime>,
    /// When the keys were read.
    read_at: Option<OffsetDateTime>,
}

impl ProviderKeys {
    pub(super) fn new(place: Place) -> Self {
        Self { place, state: Mutex::default() }
    }

    /// The keys that may have signed a token with this header. While the provider
    /// cannot be reached, the keys of before stand.
    pub(super) async fn find(
        &self,
        id: Option<&str>,
        algorithm: TokenAlgorithm,
        now: OffsetDateTime,
    ) -> Result<Vec<Arc<DecodingKey>>, AccessError> {
        // Held while the provider is asked, so that many tokens at once ask it once.
        let mut state = self.state.lock().await;
        let old = state.read_at.is_none_or(|read_at| now - read_at >= KEPT_FOR);
        let found = state.find(id, algorithm);
        let asked_long_ago =
            state.asked_at.is_none_or(|asked_at| now - asked_at >= ASKED_AT_MOST_EVERY);
        if (!found.is_empty() && !old) || !asked_long_ago {
            if found.is_empty() && state.read_at.is_none() {
                return Err(AccessError::ProviderKeys("asked less than a minute ago".into()));
            }
            return Ok(found);
        }
        state.asked_at = Some(now);
        match self.read().await {
            Ok(keys) => {
                state.keys = keys;
                state.read_at = Some(now);
            }
            Err(error) if state.read_at.is_none() => return Err(AccessError::ProviderKeys(error)),
            Err(error) => {
                tracing::warn!(%error, "the keys of the token provider could not be read again");
            }
        }
        Ok(state.find(id, algorithm))
    }

    async fn read(&self) -> Result<Vec<ProviderKey>, Box<dyn std::error::Error + Send + Sync>> {
        let bytes = match &self.place {
            Place::File(path) => {
                let path = path.clone();
                tokio::task::spawn_blocking(move || std::fs::read(path)).await??
            }
            Place::Address(url, client) => {
                let request = client.get(url.clone()).timeout(TIMEOUT);
                let mut response = request.send().await?.error_for_status()?;
                let mut bytes = Vec::new();
                while let Some(chunk) = response.chunk().await? {
                    if bytes.len() + chunk.len() > MAX_BYTES {
                        return Err("the set of keys is larger than 1 MiB".into());
                    }
                    bytes.extend_from_slice(&chunk);
                }
                bytes
            }
        };
        Ok(parse(&bytes)?)
    }
}

impl State {
    fn find(&self, id: Option<&str>, algorithm: TokenAlgorithm) -> Vec<Arc<DecodingKey>> {
        let fits = |key: &&ProviderKey| {
            key.algorithms.contains(&algorithm) && (id.is_none() || key.id.as_deref() == id)
        };
        self.keys.iter().filter(fits).map(|key| Arc::clone(&key.key)).collect()
    }
}

/// The usable keys of a set. Secrets shared with the provider, keys for encryption and
/// kinds that are not known are left out, as RFC 7517, section 5, asks.
fn parse(bytes: &[u8]) -> Result<Vec<ProviderKey>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let set: Set = serde_json::from_slice(bytes)?;
    let keys = set.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
    Ok(keys.filter_map(|key| usable(&key)).collect())
}

fn usable(key: &Jwk) -> Option<ProviderKey> {
    use TokenAlgorithm as A;
    if !matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    let mut algorithms = match &key.algorithm {
        AlgorithmParameters::RSA(_) => {
            vec![A::RS256, A::RS384, A::RS512, A::PS256, A::PS384, A::PS512]
        }
        AlgorithmParameters::EllipticCurve(parameters) => match parameters.curve {
            EllipticCurve::P256 => vec![A::ES256],
            EllipticCurve::P384 => vec![A::ES384],
            _ => return None,
        },
        AlgorithmParameters::OctetKeyPair(parameters)
            if parameters.curve == EllipticCurve::Ed25519 =>
        {
            vec![A::EdDSA]
        }
        _ => return None,
    };
    if let Some(stated) = key.common.key_algorithm {
        let stated = Algorithm::try_from(stated).ok()?;
        algorithms.retain(|algorithm| algorithm.algorithm() == stated);
    }
    let decoding = DecodingKey::from_jwk(key).ok()?;
    Some(ProviderKey { id: key.common.key_id.clone(), algorithms, key: Arc::new(decoding) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn shared_secrets_and_keys_for_encryption_are_left_out() {
        let ed = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "a",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        let mut encryption = ed.clone();
        encryption["use"] = json!("enc");
        let set = json!({ "keys": [
            { "kty": "oct", "kid": "s", "k": "c2VjcmV0", "alg": "HS256" },
            encryption,
            { "kty": "later", "kid": "z" },
            ed,
        ]});
        let keys = parse(set.to_string().as_bytes()).unwrap();
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0].algorithms, [TokenAlgorithm::EdDSA]);
        assert!(parse(b"[]").is_err());
    }
}
