//! Credentials that are not accepted.

use super::claims::ClaimsError;
use super::key_file::KeyFileError;

/// Why nobody is let in. Messages go to whoever holds the credential.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// No such key, or one that was cut off.
    #[error("the API key is not known")]
    UnknownKey,
    /// The key was taken back.
    #[error("the API key was revoked")]
    RevokedKey,
    /// The key is too old.
    #[error("the API key has expired")]
    ExpiredKey,
    /// The session has ended, or never began.
    #[error("the session has ended; sign in again")]
    NoSession,
    /// What was sent looks like a token, and no provider is configured.
    #[error("expected an API key; tokens are not accepted here")]
    NoProvider,
    /// The token is damaged, of another provider, or not valid now.
    #[error("the token is not accepted: {0}")]
    Token(&'static str),
    /// The token is valid and says too little of its bearer.
    #[error("the token is not accepted: {0}")]
    Claims(#[from] ClaimsError),
    /// The keys of the provider cannot be had.
    #[error("the provider's keys cannot be read; try again later")]
    ProviderKeys(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The file of keys is unreadable.
    #[error("the keys of this server cannot be read")]
    KeyFile(#[from] KeyFileError),
}

impl AccessError {
    /// Whether the failure is ours and not that of the one who asks.
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::ProviderKeys(_) | Self::KeyFile(_))
    }
}
