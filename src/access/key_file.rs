//! The keys of a knowledge base on disk: `access/keys.json`.
//!
//! Commands change it while a server reads it: each change is made under a lock on a
//! file beside it and becomes visible by one rename.

use super::key::{ApiKey, KeyRecord, random_text};
use crate::model::{AccessLabel, Role};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

/// Version of the format.
const FORMAT: u32 = 1;
/// Longest name of a principal and of a label, in bytes.
const MAX_NAME_BYTES: usize = 128;

/// A file of keys that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The disk refuses.
    #[error("cannot {action} {}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The file is no file of keys.
    #[error("{} is no file of keys", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where it goes wrong.
        #[source]
        source: serde_json::Error,
    },
    /// A later program wrote it.
    #[error("{} has format {found}, this program reads format {FORMAT}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// The system has no randomness.
    #[error("the system gives no randomness for a key")]
    Randomness(#[source] getrandom::Error),
    /// A name or label is not usable.
    #[error("expected {what} of 1 to {MAX_NAME_BYTES} bytes without control characters")]
    Name {
        /// What it names.
        what: &'static str,
    },
    /// No key has this identity.
    #[error("there is no key `{0}`\nhint: `veritrail keys list` shows them")]
    Unknown(String),
}

#[derive(Debug, Serialize, Deserialize)]
struct Contents {
    format: u32,
    keys: Vec<KeyRecord>,
}

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Name of the principal.
    pub name: String,
    /// What the principal is here for.
    pub role: Role,
    /// Labels beside `public`; `None` sees everything.
    pub labels: Option<BTreeSet<AccessLabel>>,
    /// When it ends by itself.
    pub expires: Option<OffsetDateTime>,
}

/// What tells one state of the file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: Option<std::time::SystemTime>,
    size_bytes: u64,
    inode: u64,
}

/// The keys of one knowledge base.
#[derive(Clone, Debug)]
pub struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    /// The file of the knowledge base in `root`, whether it exists or not.
    pub fn of(root: &Path) -> Self {
        Self { path: root.join("access").join("keys.json") }
    }

    /// Every key, in the order in which they were made; none when there is no file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn list(&self) -> Result<Vec<KeyRecord>, KeyFileError> {
        let bytes = match fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            read => read.map_err(self.disk("read"))?,
        };
        let damaged = |source| KeyFileError::Damaged { path: self.path.clone(), source };
        // The format first: what else a later one holds is not known.
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let head: Head = serde_json::from_slice(&bytes).map_err(damaged)?;
        if head.format != FORMAT {
            return Err(KeyFileError::Format { path: self.path.clone(), found: head.format });
        }
        let contents: Contents = serde_json::from_slice(&bytes).map_err(damaged)?;
        Ok(contents.keys)
    }

    /// Makes a key. It is shown once: nothing that opens anything is kept.
    ///
    /// # Errors
    /// When a name is not usable, or the file cannot be read or written.
    pub fn create(
        &self,
        new: NewKey,
        now: OffsetDateTime,
    ) -> Result<(KeyRecord, ApiKey), KeyFileError> {
        check_name(&new.name, "a name")?;
        for label in new.labels.iter().flatten() {
            check_name(&label.0, "labels")?;
        }
        let key = ApiKey::generate().map_err(KeyFileError::Randomness)?;
        let id = loop {
            // An identity is an argument of commands and must not look like an option.
            let id = random_text::<9>().map_err(KeyFileError::Randomness)?;
            if id.chars().all(|c| c.is_ascii_alphanumeric()) {
                break id;
            }
        };
        let record = KeyRecord {
            id,
            name: new.name,
            role: new.role,
            labels: new.labels,
            sha256: key.digest(),
            created: now,
            expires: new.expires,
            revoked: None,
        };
        self.change(|keys| {
            keys.push(record.clone());
            Ok(())
        })?;
        Ok((record, key))
    }

    /// Takes a key back; one that was taken back stays as it is.
    ///
    /// # Errors
    /// When there is no such key, or the file cannot be read or written.
    pub fn revoke(&self, id: &str, now: OffsetDateTime) -> Result<KeyRecord, KeyFileError> {
        self.change(|keys| {
            let found = keys.iter_mut().find(|key| key.id == id);
            let key = found.ok_or_else(|| KeyFileError::Unknown(id.to_owned()))?;
            key.revoked.get_or_insert(now);
            Ok(key.clone())
        })
    }

    /// The state of the file, without reading it; `None` when there is none.
    pub(super) fn stamp(&self) -> Result<Option<Stamp>, KeyFileError> {
        let known = match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(self.disk("read"))?,
        };
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&known);
        #[cfg(not(unix))]
        let inode = 0;
        let stamp = Stamp { modified: known.modified().ok(), size_bytes: known.len(), inode };
        Ok(Some(stamp))
    }

    /// Reads, changes and writes under the lock.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Vec<KeyRecord>) -> Result<T, KeyFileError>,
    ) -> Result<T, KeyFileError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(self.disk("create the folder of"))?;
        let lock = File::create(folder.join("keys.lock")).map_err(self.disk("lock"))?;
        // Released when the file is closed, also when this process dies.
        lock.lock().map_err(self.disk("lock"))?;
        let mut keys = self.list()?;
        let changed = change(&mut keys)?;
        self.write(folder, keys)?;
        Ok(changed)
    }

    /// Writes aside, syncs, renames. Files made aside can be read by their owner alone.
    fn write(&self, folder: &Path, keys: Vec<KeyRecord>) -> Result<(), KeyFileError> {
        let contents = Contents { format: FORMAT, keys };
        let text = serde_json::to_vec_pretty(&contents).map_err(|source| {
            // Strings and times only: nothing that JSON cannot say.
            KeyFileError::Damaged { path: self.path.clone(), source }
        })?;
        let mut aside = tempfile::Builder::new()
            .prefix(".part-")
            .tempfile_in(folder)
            .map_err(self.disk("write"))?;
        aside.write_all(&text).map_err(self.disk("write"))?;
        aside.as_file().sync_all().map_err(self.disk("sync"))?;
        aside.persist(&self.path).map_err(|error| self.disk("write")(error.error))?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(self.disk("sync"))
    }

    fn disk(&self, action: &'static str) -> impl Fn(io::Error) -> KeyFileError + use<> {
        let path = self.path.clone();
        move |source| KeyFileError::Disk { action, path: path.clone(), source }
    }
}

fn check_name(name: &str, what: &'static str) -> Result<(), KeyFileError> {
    let usable = !name.trim().is_empty()
        && name.len() <= MAX_NAME_BYTES
        && !name.chars().any(char::is_control);
    if usable { Ok(()) } else { Err(KeyFileError::Name { what }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(name: &str) -> NewKey {
        let labels = Some(BTreeSet::from([AccessLabel("support".into())]));
        NewKey { name: name.into(), role: Role::Agent, labels, expires: None }
    }

    #[test]
    fn keys_are_kept_as_digests_in_a_file_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::of(folder.path());
        assert_eq!(file.list().unwrap(), []);
        let (record, key) = file.create(agent("anna"), OffsetDateTime::UNIX_EPOCH).unwrap();
        assert_eq!(file.list().unwrap(), std::slice::from_ref(&record));
        let text = fs::read_to_string(folder.path().join("access/keys.json")).unwrap();
        assert!(!text.contains(key.expose()) && text.contains(&record.sha256.to_string()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join("access/keys.json")).unwrap().permissions();
            assert_eq!(mode.mode() & 0o777, 0o600);
        }
        let revoked = file.revoke(&record.id, OffsetDateTime::now_utc()).unwrap();
        assert_eq!(file.list().unwrap(), [revoked]);
        assert!(matches!(
            file.revoke("x", OffsetDateTime::now_utc()),
            Err(KeyFileError::Unknown(_))
        ));
    }

    #[test]
    fn commands_at_the_same_time_lose_no_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::of(folder.path());
        std::thread::scope(|scope| {
            for n in 0..8 {
                let file = file.clone();
                scope.spawn(move || {
                    file.create(agent(&n.to_string()), OffsetDateTime::UNIX_EPOCH).unwrap();
                });
            }
        });
        assert_eq!(file.list().unwrap().len(), 8);
    }

    #[test]
    fn a_file_of_another_format_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("access")).unwrap();
        let file = KeyFile::of(folder.path());
        fs::write(&file.path, r#"{"format": 2, "principals": []}"#).unwrap();
        assert!(matches!(file.list(), Err(KeyFileError::Format { found: 2, .. })));
        fs::write(&file.path, "{").unwrap();
        assert!(matches!(file.list(), Err(KeyFileError::Damaged { .. })));
        assert!(file.create(agent("anna"), OffsetDateTime::UNIX_EPOCH).is_err());
    }

    #[test]
    fn names_that_records_cannot_show_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::of(folder.path());
        for name in ["", "  ", "a\nb", &"x".repeat(129)] {
            let made = file.create(agent(name), OffsetDateTime::UNIX_EPOCH);
            assert!(matches!(made, Err(KeyFileError::Name { .. })), "{name:?}");
        }
    }
}
