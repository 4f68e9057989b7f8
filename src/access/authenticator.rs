//! From a credential to a principal.

use super::error::AccessError;
use super::key::KEY_PREFIX;
use super::key_file::KeyFile;
use super::keys::KnownKeys;
use super::oidc::{Oidc, OidcConfig, OidcError};
use super::session::Sessions;
use crate::model::Principal;
use std::path::Path;
use time::OffsetDateTime;

/// What a principal has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The API key with this identity.
    Key {
        /// Its identity.
        id: String,
    },
    /// A token that ends by itself.
    Token {
        /// When.
        expires: OffsetDateTime,
    },
}

/// A principal, and what it has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticated {
    /// Who it is.
    pub principal: Principal,
    /// What it has shown.
    pub origin: Origin,
}

/// Knows whose credential is whose.
pub struct Authenticator {
    keys: KnownKeys,
    oidc: Option<Oidc>,
}

impl Authenticator {
    /// Accepts the keys of the knowledge base in `root`, and the tokens of a provider
    /// when one is configured.
    ///
    /// # Errors
    /// When the settings of the provider cannot work.
    pub fn new(root: &Path, oidc: Option<&OidcConfig>) -> Result<Self, OidcError> {
        let oidc = oidc.map(|config| Oidc::new(config, root)).transpose()?;
        Ok(Self { keys: KnownKeys::new(KeyFile::of(root)), oidc })
    }

    /// Whose key or token this is.
    ///
    /// # Errors
    /// When it is not accepted; the error says why.
    pub async fn authenticate(
        &self,
        credential: &str,
        now: OffsetDateTime,
    ) -> Result<Authenticated, AccessError> {
        if credential.starts_with(KEY_PREFIX) {
            let key = self.keys.of_secret(credential, now)?;
            let origin = Origin::Key { id: key.id.clone() };
            return Ok(Authenticated { principal: key.principal(), origin });
        }
        // A token has three parts; everything else is a damaged key.
        match (&self.oidc, credential.split('.').count() == 3) {
            (Some(oidc), true) => oidc.authenticate(credential, now).await,
            (None, true) => Err(AccessError::NoProvider),
            (_, false) => Err(AccessError::UnknownKey),
        }
    }

    /// Whose session this is. A session of a key ends when the key does.
    ///
    /// # Errors
    /// When it has ended.
    pub fn of_session(
        &self,
        sessions: &Sessions,
        id: &str,
        now: OffsetDateTime,
    ) -> Result<Authenticated, AccessError> {
        let session = sessions.get(id, now).ok_or(AccessError::NoSession)?;
        let principal = match &session.origin {
            Origin::Key { id: key } => match self.keys.of_id(key, now) {
                Ok(record) => record.principal(),
                Err(error) if error.is_ours() => return Err(error),
                Err(_) => {
                    sessions.end(id);
                    return Err(AccessError::NoSession);
                }
            },
            Origin::Token { .. } => session.principal,
        };
        Ok(Authenticated { principal, origin: session.origin })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{KeyRecord, NewKey};
    use crate::model::Role;
    use tempfile::TempDir;
    use time::Duration;

    struct Fixture {
        folder: TempDir,
        authenticator: Authenticator,
    }

    impl Fixture {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let authenticator = Authenticator::new(folder.path(), None).unwrap();
            Self { folder, authenticator }
        }

        fn key(&self, expires: Option<OffsetDateTime>) -> (KeyRecord, String) {
            let new = NewKey { name: "anna".into(), role: Role::Agent, labels: None, expires };
            let file = KeyFile::of(self.folder.path());
            let (record, key) = file.create(new, OffsetDateTime::UNIX_EPOCH).unwrap();
            (record, key.expose().to_owned())
        }

        fn ask(&self, key: &str, now: OffsetDateTime) -> Result<Authenticated, AccessError> {
            futures::executor::block_on(self.authenticator.authenticate(key, now))
        }
    }

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Duration::seconds(seconds)
    }

    #[test]
    fn a_key_works_until_it_is_revoked() {
        let fixture = Fixture::new();
        let (record, key) = fixture.key(None);
        assert_eq!(fixture.ask(&key, at(0)).unwrap().principal, record.principal());
        KeyFile::of(fixture.folder.path()).revoke(&record.id, at(1)).unwrap();
        assert!(matches!(fixture.ask(&key, at(2)), Err(AccessError::RevokedKey)));
    }

    #[test]
    fn a_key_made_while_the_server_runs_is_known_a_second_later() {
        let fixture = Fixture::new();
        assert!(matches!(fixture.ask("vt_x", at(0)), Err(AccessError::UnknownKey)));
        let (_, key) = fixture.key(None);
        assert!(fixture.ask(&key, at(1)).is_ok());
    }

    #[test]
    fn a_key_ends_at_its_time() {
        let fixture = Fixture::new();
        let (_, key) = fixture.key(Some(at(60)));
        assert!(fixture.ask(&key, at(59)).is_ok());
        assert!(matches!(fixture.ask(&key, at(60)), Err(AccessError::ExpiredKey)));
    }

    #[test]
    fn what_is_no_key_opens_nothing() {
        let fixture = Fixture::new();
        let (record, key) = fixture.key(None);
        let cut = &key[..key.len() - 1];
        for wrong in ["", "vt_", cut, &record.id, &record.sha256.to_string(), "a.b"] {
            assert!(matches!(fixture.ask(wrong, at(9)), Err(AccessError::UnknownKey)), "{wrong}");
        }
        assert!(matches!(fixture.ask("a.b.c", at(9)), Err(AccessError::NoProvider)));
    }

    #[test]
    fn an_unreadable_file_lets_nobody_in() {
        let fixture = Fixture::new();
        let (_, key) = fixture.key(None);
        assert!(fixture.ask(&key, at(0)).is_ok());
        std::fs::write(fixture.folder.path().join("access/keys.json"), "{").unwrap();
        for second in [5, 6, 7] {
            assert!(matches!(fixture.ask(&key, at(second)), Err(AccessError::KeyFile(_))));
        }
    }

    #[test]
    fn a_session_ends_with_its_time_its_key_and_by_signing_out() {
        let fixture = Fixture::new();
        let sessions = Sessions::new(Duration::minutes(10));
        let (record, key) = fixture.key(None);
        let who = fixture.ask(&key, at(0)).unwrap();
        let id = sessions.begin(&who, at(0)).unwrap();
        let ask = |id: &str, second| fixture.authenticator.of_session(&sessions, id, at(second));
        assert_eq!(ask(id.expose(), 599).unwrap(), who);
        assert!(matches!(ask(id.expose(), 600), Err(AccessError::NoSession)));
        let id = sessions.begin(&who, at(0)).unwrap();
        assert!(sessions.end(id.expose()));
        assert!(matches!(ask(id.expose(), 1), Err(AccessError::NoSession)));
        let id = sessions.begin(&who, at(0)).unwrap();
        KeyFile::of(fixture.folder.path()).revoke(&record.id, at(1)).unwrap();
        assert!(matches!(ask(id.expose(), 2), Err(AccessError::NoSession)));
        let token = Authenticated { origin: Origin::Token { expires: at(30) }, ..who };
        let id = sessions.begin(&token, at(0)).unwrap();
        assert!(ask(id.expose(), 29).is_ok());
        assert!(matches!(ask(id.expose(), 30), Err(AccessError::NoSession)));
    }
}
