//! The keys as a server knows them.

use super::error::AccessError;
use super::key::KeyRecord;
use super::key_file::{KeyFile, KeyFileError, Stamp};
use crate::model::Digest;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use time::{Duration, OffsetDateTime};

/// How long a revoked key may go on working.
const LOOKED_AT_EVERY: Duration = Duration::SECOND;

/// The keys of a knowledge base, read again when their file has changed.
pub(super) struct KnownKeys {
    file: KeyFile,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    looked_at: Option<OffsetDateTime>,
    stamp: Option<Stamp>,
    keys: Arc<Keys>,
}

/// The keys by the digest of the secret, and by identity.
#[derive(Default)]
struct Keys {
    by_digest: HashMap<Digest, Arc<KeyRecord>>,
    by_id: HashMap<String, Arc<KeyRecord>>,
}

impl KnownKeys {
    pub(super) fn new(file: KeyFile) -> Self {
        Self { file, state: Mutex::default() }
    }

    /// The record of a key that may be used now. Looking a digest up in a table tells
    /// by its time nothing of use: whoever asks does not choose digests.
    pub(super) fn of_secret(
        &self,
        secret: &str,
        now: OffsetDateTime,
    ) -> Result<Arc<KeyRecord>, AccessError> {
        let keys = self.current(now)?;
        let digest = Digest::of(secret.as_bytes());
        usable(keys.by_digest.get(&digest), now)
    }

    /// The record of the key with this identity, when it may be used now.
    pub(super) fn of_id(
        &self,
        id: &str,
        now: OffsetDateTime,
    ) -> Result<Arc<KeyRecord>, AccessError> {
        let keys = self.current(now)?;
        usable(keys.by_id.get(id), now)
    }

    /// A file that cannot be read lets nobody in: an old copy could hold a key that was
    /// taken back.
    fn current(&self, now: OffsetDateTime) -> Result<Arc<Keys>, KeyFileError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was put back counts as time that has passed.
        let fresh = |looked_at: OffsetDateTime| {
            (Duration::ZERO..LOOKED_AT_EVERY).contains(&(now - looked_at))
        };
        if state.looked_at.is_some_and(fresh) {
            return Ok(Arc::clone(&state.keys));
        }
        let stamp = self.file.stamp()?;
        if state.looked_at.is_none() || stamp != state.stamp {
            state.looked_at = None;
            let mut keys = Keys::default();
            for record in self.file.list()?.into_iter().map(Arc::new) {
                keys.by_digest.insert(record.sha256, Arc::clone(&record));
                keys.by_id.insert(record.id.clone(), record);
            }
            state.keys = Arc::new(keys);
            // Of before the reading, so that a change during it is seen next time.
            state.stamp = stamp;
        }
        state.looked_at = Some(now);
        Ok(Arc::clone(&state.keys))
    }
}

fn usable(
    found: Option<&Arc<KeyRecord>>,
    now: OffsetDateTime,
) -> Result<Arc<KeyRecord>, AccessError> {
    match found {
        None => Err(AccessError::UnknownKey),
        Some(key) if key.revoked.is_some() => Err(AccessError::RevokedKey),
        Some(key) if key.is_expired(now) => Err(AccessError::ExpiredKey),
        Some(key) => Ok(Arc::clone(key)),
    }
}
