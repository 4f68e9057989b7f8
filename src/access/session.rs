//! Sessions of browsers.

use super::authenticator::{Authenticated, Origin};
use super::key::random_text;
use crate::model::{Digest, Principal};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use time::{Duration, OffsetDateTime};

/// Sessions that one server keeps at most; the ones nearest to their end go first.
const MAX_SESSIONS: usize = 10_000;

/// The identity of a session as its bearer holds it: 256 bits of randomness. It prints
/// as `***`; only [`SessionId::expose`] gives it away.
pub struct SessionId(String);

impl SessionId {
    /// The identity itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What is kept of a session.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) origin: Origin,
    pub(super) principal: Principal,
    ends: OffsetDateTime,
}

/// Sessions in memory, under the digests of their identities. A restart ends them all.
pub struct Sessions {
    lifetime: Duration,
    sessions: Mutex<HashMap<Digest, Session>>,
}

impl Sessions {
    /// No session yet; each will last `lifetime`.
    pub fn new(lifetime: Duration) -> Self {
        Self { lifetime, sessions: Mutex::default() }
    }

    /// Begins a session of somebody who has shown a credential. It ends with its
    /// lifetime, and with the credential.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn begin(
        &self,
        who: &Authenticated,
        now: OffsetDateTime,
    ) -> Result<SessionId, getrandom::Error> {
        let id = SessionId(random_text::<32>()?);
        let mut ends = now + self.lifetime;
        if let Origin::Token { expires } = who.origin {
            ends = ends.min(expires);
        }
        let session =
            Session { origin: who.origin.clone(), principal: who.principal.clone(), ends };
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= MAX_SESSIONS {
            sessions.retain(|_, session| session.ends > now);
        }
        if sessions.len() >= MAX_SESSIONS
            && let Some(oldest) =
                sessions.iter().min_by_key(|(_, session)| session.ends).map(|(id, _)| *id)
        {
            sessions.remove(&oldest);
        }
        sessions.insert(digest(&id.0), session);
        Ok(id)
    }

    /// Ends a session; `false` when there was none.
    pub fn end(&self, id: &str) -> bool {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.remove(&digest(id)).is_some()
    }

    /// How long a session lasts at most.
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    pub(super) fn get(&self, id: &str, now: OffsetDateTime) -> Option<Session> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let digest = digest(id);
        let session = sessions.get(&digest)?.clone();
        if session.ends > now {
            return Some(session);
        }
        sessions.remove(&digest);
        None
    }
}

fn digest(id: &str) -> Digest {
    Digest::of(id.as_bytes())
}
