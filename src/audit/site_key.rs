//! The key of a site, with which records are signed.

use super::error::SealError;
use crate::model::Digest;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use std::fmt;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// How the file begins.
const FORMAT: &str = "veritrail-key 1";

/// The secret half. It prints as `***`.
pub struct SiteKey(SigningKey);

impl fmt::Debug for SiteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The public half: 64 hexadecimal digits as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl SiteKey {
    /// The key of these secret bytes.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }

    /// Reads a key; `None` when there is no such file.
    ///
    /// # Errors
    /// When the file cannot be read or is no key.
    pub fn load(path: &Path) -> Result<Option<Self>, SealError> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.map_err(SealError::disk("read", path))?,
        };
        let damaged = || SealError::Damaged { what: "key of a site", path: path.to_owned() };
        let secret = text.strip_prefix(FORMAT).map(str::trim).ok_or_else(damaged)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(secret, &mut bytes).map_err(|_| damaged())?;
        Ok(Some(Self::new(&bytes)))
    }

    /// Writes the key into a file that its owner alone can read.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn save(&self, path: &Path) -> Result<(), SealError> {
        let text = format!("{FORMAT}\n{}\n", hex::encode(self.0.to_bytes()));
        write_whole(path, text.as_bytes())
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs a digest; 128 hexadecimal digits.
    pub(super) fn sign(&self, digest: &Digest) -> String {
        hex::encode(self.0.sign(digest.as_bytes()).to_bytes())
    }
}

impl PublicKey {
    /// The key from its text form.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.trim(), &mut bytes).ok()?;
        VerifyingKey::from_bytes(&bytes).ok().map(Self)
    }

    /// Whether this key signed a digest.
    pub(super) fn signed(&self, digest: &Digest, signature: &str) -> bool {
        let mut bytes = [0; 64];
        hex::decode_to_slice(signature, &mut bytes).is_ok()
            && self.0.verify_strict(digest.as_bytes(), &Signature::from_bytes(&bytes)).is_ok()
    }

    /// What the first seal of this key's records names as the one before.
    pub(super) fn beginning(&self) -> Digest {
        Digest::of_parts([b"veritrail-chain 1".as_slice(), self.0.as_bytes()])
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0.as_bytes()))
    }
}

/// Writes aside, syncs, renames; the owner alone can read it.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), SealError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(SealError::disk("create", folder))?;
    let mut aside = tempfile::Builder::new()
        .prefix(".part-")
        .tempfile_in(folder)
        .map_err(SealError::disk("create a file in", folder))?;
    aside.write_all(bytes).map_err(SealError::disk("write", path))?;
    aside.as_file().sync_all().map_err(SealError::disk("sync", path))?;
    aside.persist(path).map_err(|error| SealError::disk("write", path)(error.error))?;
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(SealError::disk("sync", folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_kept_for_its_owner_and_signs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit/key");
        assert!(SiteKey::load(&path).unwrap().is_none());
        SiteKey::new(&[3; 32]).save(&path).unwrap();
        let key = SiteKey::load(&path).unwrap().unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(format!("{key:?}"), "***");
        let (digest, other) = (Digest::of(b"a"), Digest::of(b"b"));
        let public = PublicKey::from_text(&key.public().to_string()).unwrap();
        let signature = key.sign(&digest);
        assert!(public.signed(&digest, &signature) && !public.signed(&other, &signature));
        assert!(!public.signed(&digest, "00"));
        fs::write(&path, "key").unwrap();
        assert!(matches!(SiteKey::load(&path), Err(SealError::Damaged { .. })));
    }
}
