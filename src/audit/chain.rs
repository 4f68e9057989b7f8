//! The end of the chain, to which the next record is added.

use super::error::SealError;
use super::log::{AuditLog, LogEntry};
use super::seal::{Checkpoint, Seal, Unsealed};
use super::site_key::{PublicKey, SiteKey, write_whole};
use crate::model::Digest;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Settings of sealing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditConfig {
    /// File of the site's key; `audit/key` of the knowledge base when it is empty. A
    /// place elsewhere keeps the key out of copies of the knowledge base.
    pub key_file: PathBuf,
    /// Records after which the chain is signed, synced and written to the log.
    pub checkpoint_every: u64,
    /// Share of the sentences of a language model, 0 to 1, that its sources do not carry
    /// from which on an answer waits for review; above 1 for never.
    pub review_unsupported: f64,
    /// How long records keep their words.
    pub retention: Retention,
}

impl Default for AuditConfig {
    fn default() -> Self {
        let retention = Retention::default();
        Self { key_file: PathBuf::new(), checkpoint_every: 100, review_unsupported: 0.5, retention }
    }
}

/// How long records keep their words. The records themselves stay: a chain without its
/// beginning would prove nothing about what was cut off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Days after which question, answer and evidence are erased; 0 keeps them.
    pub keep_texts_days: u64,
    /// Whether the names of who asked are erased with them.
    pub erase_names: bool,
    /// Hours between two looks for such records while serving, from 1.
    pub every_hours: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { keep_texts_days: 0, erase_names: false, every_hours: 24 }
    }
}

/// The end of the chain. One at a time adds to it.
#[derive(Debug)]
pub struct Chain {
    key: SiteKey,
    log: AuditLog,
    sequence: u64,
    last: Digest,
    checkpoint: Option<Digest>,
    /// Place of the last seal that a checkpoint signs.
    signed: u64,
    /// Whether somebody makes what is sealed last through a power loss, to sign it then.
    signing: bool,
    checkpoint_every: u64,
}

/// The folder of the log and of the public key.
fn folder(root: &Path) -> PathBuf {
    root.join("audit")
}

fn public_path(root: &Path) -> PathBuf {
    folder(root).join("public-key")
}

/// The public half of the site's key, where there is one.
///
/// # Errors
/// When the file cannot be read or is no key.
pub fn site_public_key(root: &Path) -> Result<Option<PublicKey>, SealError> {
    let path = public_path(root);
    match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        read => {
            let text = read.map_err(SealError::disk("read", &path))?;
            let damaged = || SealError::Damaged { what: "public key", path: path.clone() };
            PublicKey::from_text(&text).map(Some).ok_or_else(damaged)
        }
    }
}

/// The log of the knowledge base in `root`.
pub fn audit_log(root: &Path) -> AuditLog {
    AuditLog::of(&folder(root))
}

impl Chain {
    /// Opens the chain of the knowledge base in `root`; `secret` makes a key when there
    /// never was one. `sealed` says which seal the graph has at a place: what a crash kept
    /// out of the log enters it now.
    ///
    /// # Errors
    /// When key or log cannot be read or written, or the key is not that of the records.
    pub fn open(
        root: &Path,
        config: &AuditConfig,
        secret: &mut dyn FnMut() -> Result<[u8; 32], SealError>,
        sealed: &dyn Fn(u64) -> Option<Seal>,
    ) -> Result<Self, SealError> {
        let key_path = match config.key_file.as_os_str().is_empty() {
            true => folder(root).join("key"),
            false => root.join(&config.key_file),
        };
        let known = site_public_key(root)?;
        let key = match (SiteKey::load(&key_path)?, &known) {
            (Some(key), _) => key,
            (None, Some(_)) => return Err(SealError::KeyGone(key_path)),
            (None, None) => {
                let key = SiteKey::new(&secret()?);
                key.save(&key_path)?;
                key
            }
        };
        let public = key.public();
        match known {
            Some(known) if known != public => {
                return Err(SealError::OtherKey {
                    path: key_path,
                    found: public.to_string(),
                    expected: known.to_string(),
                });
            }
            Some(_) => {}
            None => write_whole(&public_path(root), format!("{public}\n").as_bytes())?,
        }
        let log = audit_log(root);
        let (seal, checkpoint) = log.resume()?;
        let mut chain = Self {
            sequence: seal.as_ref().map_or(0, |seal| seal.sequence),
            last: seal.as_ref().map_or_else(|| public.beginning(), |seal| seal.sha256),
            signed: checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.sequence),
            signing: false,
            checkpoint: checkpoint.as_ref().map(|checkpoint| checkpoint.sha256),
            checkpoint_every: config.checkpoint_every.max(1),
            key,
            log,
        };
        chain.catch_up(sealed)?;
        Ok(chain)
    }

    fn catch_up(&mut self, sealed: &dyn Fn(u64) -> Option<Seal>) -> Result<(), SealError> {
        let mut missing = Vec::new();
        while let Some(seal) = sealed(self.sequence + 1) {
            self.sequence = seal.sequence;
            self.last = seal.sha256;
            self.checkpoint = seal.checkpoint.or(self.checkpoint);
            missing.push(LogEntry::Seal(seal));
        }
        if missing.is_empty() { Ok(()) } else { self.log.append(&missing, true) }
    }

    /// The public half of the key.
    pub fn public_key(&self) -> PublicKey {
        self.key.public()
    }

    /// Place of the last seal; 0 when there is none.
    pub fn last_sequence(&self) -> u64 {
        self.sequence
    }

    /// Whether nothing was ever sealed.
    pub fn is_new(&self) -> bool {
        self.sequence == 0
    }

    /// Seals for records in their order, to be added once they are in the graph.
    pub fn seal(&self, records: &[(&str, Digest)], adopted: bool) -> Vec<Seal> {
        let (mut sequence, mut previous) = (self.sequence, self.last);
        let seal = |(of, content): &(&str, Digest)| {
            sequence += 1;
            let checkpoint = self.checkpoint;
            let unsealed =
                Unsealed { sequence, of, content: *content, previous, checkpoint, adopted };
            let seal = unsealed.seal(&self.key);
            previous = seal.sha256;
            seal
        };
        records.iter().map(seal).collect()
    }

    /// Adds seals that are in the graph now.
    ///
    /// # Errors
    /// When the log cannot be written; the next start adds them.
    pub fn add(&mut self, seals: Vec<Seal>) -> Result<(), SealError> {
        if let Some(last) = seals.last() {
            self.sequence = last.sequence;
            self.last = last.sha256;
        }
        let entries: Vec<LogEntry> = seals.into_iter().map(LogEntry::Seal).collect();
        self.log.append(&entries, false)
    }

    /// Where the chain is to be signed, when so many records were sealed and nobody is about
    /// to; the caller is from then on.
    pub fn due_checkpoint(&mut self) -> Option<(u64, Digest)> {
        let is_due = self.sequence.saturating_sub(self.signed) >= self.checkpoint_every;
        if is_due && !self.signing { self.begin_checkpoint() } else { None }
    }

    /// Where the chain ends, for signing it there; `None` when that is signed already.
    pub fn begin_checkpoint(&mut self) -> Option<(u64, Digest)> {
        let is_new = self.sequence > self.signed;
        self.signing |= is_new;
        is_new.then_some((self.sequence, self.last))
    }

    /// Says that whoever was about to sign is not any more.
    pub fn end_checkpoint(&mut self) {
        self.signing = false;
    }

    /// Signs the chain up to a place, once what it seals lasts through a power loss;
    /// `None` when somebody else signed that far meanwhile.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub fn sign(
        &mut self,
        place: (u64, Digest),
        signed_at: String,
    ) -> Result<Option<Checkpoint>, SealError> {
        if place.0 <= self.signed {
            return Ok(None);
        }
        let checkpoint = Checkpoint::sign(place, self.checkpoint, signed_at, &self.key);
        self.log.append(&[LogEntry::Checkpoint(checkpoint.clone())], true)?;
        self.checkpoint = Some(checkpoint.sha256);
        self.signed = place.0;
        Ok(Some(checkpoint))
    }
}
