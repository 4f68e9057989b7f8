//! Who is asking?
//!
//! Turns a credential into a [`Principal`](crate::model::Principal): an API key of the
//! knowledge base ([`KeyFile`]), a token of an OpenID Connect provider ([`OidcConfig`]),
//! or a session that one of both began ([`Sessions`]). [`Authenticator`] asks all three.
//!
//! HTTP is not known here, and neither is what a principal may do: that is decided by
//! its role and labels. Keys and the identities of sessions are kept as SHA-256 digests
//! alone.

mod authenticator;
mod claims;
mod error;
mod key;
mod key_file;
mod keys;
mod moment;
mod oidc;
mod provider_keys;
mod session;

pub use authenticator::{Authenticated, Authenticator, Origin};
pub use claims::{ClaimNames, ClaimsError};
pub use error::AccessError;
pub use key::{ApiKey, KeyRecord};
pub use key_file::{KeyFile, KeyFileError, NewKey};
pub use oidc::{OidcConfig, OidcError, TokenAlgorithm};
pub use session::{SessionId, Sessions};
