//! API keys.

use crate::model::{AccessLabel, Digest, Principal, Role};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use time::OffsetDateTime;

/// How every key begins, so that scanners for leaked secrets find it.
pub(super) const KEY_PREFIX: &str = "vt_";
/// 256 bits: nobody guesses a key, whatever the hash costs.
const KEY_BYTES: usize = 32;

/// A key as it is shown once. It prints as `***`; only [`ApiKey::expose`] gives it away.
pub struct ApiKey(String);

impl ApiKey {
    /// A new key out of the system's randomness.
    ///
    /// # Errors
    /// When the system has none.
    pub fn generate() -> Result<Self, getrandom::Error> {
        Ok(Self(format!("{KEY_PREFIX}{}", random_text::<KEY_BYTES>()?)))
    }

    /// The key itself, for the one place that shows it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it. One round of SHA-256 suffices for 256 bits of randomness:
    /// slow hashes make guessing costly where secrets are chosen by people (OWASP
    /// "Password Storage Cheat Sheet"; NIST SP 800-63B, section 5.1.2.2, asks for salted
    /// slow hashes only of look-up secrets with less than 112 bits of entropy).
    pub(super) fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// `N` random bytes as text for URLs and headers.
pub(super) fn random_text<const N: usize>() -> Result<String, getrandom::Error> {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What is kept of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRecord {
    /// Identity, for lists and for revoking. It opens nothing.
    pub id: String,
    /// Name of the principal, for records.
    pub name: String,
    /// What the principal is here for.
    pub role: Role,
    /// Labels of what the principal may see, beside what is public; `None` sees
    /// everything.
    pub labels: Option<BTreeSet<AccessLabel>>,
    /// SHA-256 of the key.
    pub sha256: Digest,
    /// When it was made.
    #[serde(with = "super::moment")]
    pub created: OffsetDateTime,
    /// When it ends by itself.
    #[serde(default, with = "super::moment::option")]
    pub expires: Option<OffsetDateTime>,
    /// When it was taken back.
    #[serde(default, with = "super::moment::option")]
    pub revoked: Option<OffsetDateTime>,
}

impl KeyRecord {
    /// Whom the key stands for.
    pub fn principal(&self) -> Principal {
        Principal::new(self.name.clone(), self.role, self.labels.clone())
    }

    /// Whether the key has ended by itself.
    pub fn is_expired(&self, now: OffsetDateTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_long_and_different_and_do_not_print() {
        let (a, b) = (ApiKey::generate().unwrap(), ApiKey::generate().unwrap());
        assert_ne!(a.expose(), b.expose());
        assert_eq!(a.expose().len(), KEY_PREFIX.len() + 43);
        assert_eq!(format!("{a:?}"), "***");
        assert_ne!(a.digest(), b.digest());
    }
}
