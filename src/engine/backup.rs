//! A copy of everything, of one moment, while questions are answered.
//!
//! What changes documents or generations waits until all is copied. Graph and log are
//! copied while no record is written, so that they end with the same seal: the graph by
//! links to its files, which takes milliseconds.

use super::blobs::ASIDE_PREFIX;
use super::build::{now, software};
use super::error::{EngineError, io_error};
use super::knowledge_base::KnowledgeBase;
use super::spool::{END, INCOMING_PREFIX};
use super::sweep::UNFINISHED_PREFIX;
use crate::audit::site_public_key;
use crate::backup::{BackupHead, BackupWriter, Manifest};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

/// How the folder is named that holds still what moves.
const STAGING_PREFIX: &str = ".still-";
/// Keys of callers.
const API_KEYS: &str = "access/keys.json";
/// What `BackupWriter` makes aside.
const ASIDE_BACKUP: &str = ".backup-";
const LOG: &str = "audit/log.jsonl";
const USES: &str = "audit/uses";
const SPOOL: &str = "spool/";
const ORDER_IN_JOB: &str = "/job.json";
const END_IN_JOB: &str = "/ended.json";

/// What a backup holds beside documents, graph and records.
#[derive(Clone, Copy, Debug, Default)]
pub struct BackupOptions {
    /// Digests of API keys. Restoring them brings back keys that were revoked since.
    pub api_keys: bool,
}

/// Graph and log as they were at one moment.
struct Still {
    folder: tempfile::TempDir,
    last: Option<crate::audit::Seal>,
}

impl KnowledgeBase {
    /// Writes everything into a backup, as it is at one moment. Questions are answered
    /// meanwhile; what changes documents waits. The private key of the site is never in
    /// it, nor the private key of TLS.
    ///
    /// # Errors
    /// When something cannot be read, or the backup cannot be written. For a nameless
    /// archive, its file.
    pub fn backup(
        &self,
        mut writer: BackupWriter,
        options: BackupOptions,
    ) -> Result<(Manifest, Option<File>), EngineError> {
        let _writer = self.sole_writer();
        self.remove_old_staging()?;
        let public_key = site_public_key(&self.root)?;
        let still = self.hold_still()?;
        let mut left_out = vec![
            "audit/key: whoever has the private key of the site can make another history; keep it elsewhere".to_owned(),
        ];
        if !options.api_keys && self.root.join(API_KEYS).exists() {
            left_out.push(format!(
                "{API_KEYS}: an older copy would bring back keys that were revoked since"
            ));
        }
        for (name, path) in self.files_to_back_up(still.folder.path(), options, &mut left_out)? {
            match File::open(&path) {
                // A job that ended meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound && name.starts_with(SPOOL) => {}
                opened => {
                    let mut file = opened.map_err(io_error("read", &path))?;
                    writer.add(&name, &mut file)?;
                }
            }
        }
        let head = BackupHead {
            made_at: now(),
            software: software(),
            generation: self.current()?.map(|generation| generation.name().to_owned()),
            last_sequence: still.last.as_ref().map(|seal| seal.sequence),
            last_seal: still.last.as_ref().map(|seal| seal.sha256),
            public_key: public_key.map(|key| key.to_string()),
            left_out,
        };
        Ok(writer.finish(head)?)
    }

    /// Copies graph and log while no record is written.
    fn hold_still(&self) -> Result<Still, EngineError> {
        let folder = tempfile::Builder::new()
            .prefix(STAGING_PREFIX)
            .tempdir_in(&self.root)
            .map_err(io_error("create a folder in", &self.root))?;
        // Signed now, so that the backup proves as much as it can; without a key it
        // proves what was signed before.
        if site_public_key(&self.root)?.is_some()
            && let Err(error) = self.audit_checkpoint()
        {
            tracing::warn!(%error, "the records are not signed anew for the backup");
        }
        let held = self.chain.lock().unwrap_or_else(PoisonError::into_inner);
        self.graph.copy_store(&folder.path().join("store"))?;
        let log = self.root.join(LOG);
        if log.exists() {
            let copy = folder.path().join("log.jsonl");
            fs::copy(&log, &copy).map_err(io_error("copy", &log))?;
        }
        let uses = self.root.join(USES);
        if uses.exists() {
            let copy = folder.path().join("uses");
            fs::copy(&uses, &copy).map_err(io_error("copy", &uses))?;
        }
        drop(held);
        let copied = crate::audit::AuditLog::of(folder.path());
        let lines = copied.read()?.0;
        let seals = lines.into_iter().rev().filter_map(|line| match line.entry {
            Some(crate::audit::LogEntry::Seal(seal)) => Some(seal),
            _ => None,
        });
        let last = seals.into_iter().next();
        Ok(Still { folder, last })
    }

    /// Every file by its name in the backup.
    fn files_to_back_up(
        &self,
        still: &Path,
        options: BackupOptions,
        left_out: &mut Vec<String>,
    ) -> Result<Vec<(String, PathBuf)>, EngineError> {
        let mut files = BTreeMap::new();
        collect(&self.root, "", &mut files)?;
        let secrets = self.secret_files();
        files.retain(|name, path| {
            if secrets.contains(path) && name != "audit/key" {
                left_out.push(format!("{name}: a private key"));
            }
            !secrets.contains(path)
                && !["LOCK", LOG, USES].contains(&name.as_str())
                && !["graph/store/", "graph/queries/"].iter().any(|own| name.starts_with(own))
                && (options.api_keys || !name.starts_with("access/"))
        });
        collect(&still.join("store"), "graph/store/", &mut files)?;
        for (name, still) in [(LOG, still.join("log.jsonl")), (USES, still.join("uses"))] {
            if still.exists() {
                files.insert(name.to_owned(), still);
            }
        }
        // The ends of jobs are read last: a job whose files were gone has ended then.
        let ends: Vec<(String, PathBuf)> = files
            .iter()
            .filter(|(name, _)| name.starts_with(SPOOL) && name.ends_with(ORDER_IN_JOB))
            .map(|(name, path)| (name.replace(ORDER_IN_JOB, END_IN_JOB), path.with_file_name(END)))
            .collect();
        files.retain(|name, _| !(name.starts_with(SPOOL) && name.ends_with(END_IN_JOB)));
        Ok(files.into_iter().chain(ends).collect())
    }

    /// Private keys that lie in the knowledge base.
    fn secret_files(&self) -> Vec<PathBuf> {
        let mut secrets = vec![self.root.join("audit/key")];
        let audit_key = &self.config.audit.key_file;
        if !audit_key.as_os_str().is_empty() {
            secrets.push(self.root.join(audit_key));
        }
        secrets.extend(self.config.serve.tls.as_ref().map(|tls| self.root.join(&tls.key)));
        secrets
    }

    /// Removes what a crash left of earlier backups.
    fn remove_old_staging(&self) -> Result<(), EngineError> {
        for entry in fs::read_dir(&self.root).map_err(io_error("list", &self.root))? {
            let entry = entry.map_err(io_error("list", &self.root))?;
            if entry.file_name().to_string_lossy().starts_with(STAGING_PREFIX) {
                let path = entry.path();
                fs::remove_dir_all(&path).map_err(io_error("remove", &path))?;
            }
        }
        Ok(())
    }
}

/// Files below a folder, but for those that are not whole yet.
fn collect(
    folder: &Path,
    above: &str,
    files: &mut BTreeMap<String, PathBuf>,
) -> Result<(), EngineError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound && above.starts_with(SPOOL) => {
            return Ok(());
        }
        entries => entries.map_err(io_error("list", folder))?,
    };
    for entry in entries {
        let entry = entry.map_err(io_error("list", folder))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let unfinished =
            [ASIDE_PREFIX, STAGING_PREFIX, ASIDE_BACKUP, INCOMING_PREFIX, UNFINISHED_PREFIX];
        if unfinished.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        let (path, name) = (entry.path(), format!("{above}{name}"));
        if path.is_dir() {
            if name != "graph/store" && name != "graph/queries" {
                collect(&path, &format!("{name}/"), files)?;
            }
        } else {
            files.insert(name, path);
        }
    }
    Ok(())
}
