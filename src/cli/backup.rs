//! `veritrail backup`, `veritrail restore` and `veritrail check`

use super::Arguments;
use super::ask::FormatArgument;
use super::output::{ExitCode, causes};
use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use veritrail::backup::{BackupReader, BackupWriter, Manifest};
use veritrail::engine::{BackupOptions, Checked};

/// Example: `veritrail backup /backups/2026-11-27.zip`
///
/// While a server has the knowledge base open, ask it: `GET /api/backup`.
#[derive(Debug, Args)]
pub(super) struct BackupArguments {
    /// Where it goes: one archive when the name ends in `.zip`, else a folder. Nothing is
    /// overwritten.
    target: PathBuf,
    /// Take the digests of API keys with it; restoring brings back keys that were revoked
    /// since.
    #[arg(long)]
    with_api_keys: bool,
    /// Text for people or JSON for programs.
    #[arg(long, value_enum, default_value = "text")]
    format: FormatArgument,
}

/// Example: `veritrail restore /backups/2026-11-27.zip --kb new-kb --site-key key`
#[derive(Debug, Args)]
pub(super) struct RestoreArguments {
    /// The backup. `--kb` says where it goes: a folder that is not there yet, or empty.
    backup: PathBuf,
    /// The private key of the site as it was kept elsewhere: `audit/key`. Without it the
    /// knowledge base can be read and verified, and answers nothing.
    #[arg(long)]
    site_key: Option<PathBuf>,
}

/// Example: `veritrail check /backups/2026-11-27.zip`
#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// A knowledge base or a backup; without it, the one that `--kb` names.
    path: Option<PathBuf>,
    /// Of a backup compare the digests only; else it is also unpacked beside itself, and
    /// checked as a knowledge base.
    #[arg(long)]
    digests_only: bool,
    /// Text for people or JSON for programs.
    #[arg(long, value_enum, default_value = "text")]
    format: FormatArgument,
}

pub(super) fn backup(arguments: &Arguments, backup: &BackupArguments) -> anyhow::Result<ExitCode> {
    let knowledge_base = arguments.open()?;
    if is_within(&backup.target, arguments.kb()) {
        bail!(
            "{} is in the knowledge base itself; a backup belongs elsewhere",
            backup.target.display()
        );
    }
    let writer = BackupWriter::create(&backup.target)?;
    let options = BackupOptions { api_keys: backup.with_api_keys };
    let (manifest, _) = knowledge_base.backup(writer, options)?;
    if backup.format == FormatArgument::Json {
        println!("{}", serde_json::to_string_pretty(&summary(&manifest))?);
        return Ok(ExitCode::Success);
    }
    println!("{} written", backup.target.display());
    print_manifest(&manifest);
    manifest.head.left_out.iter().for_each(|left_out| println!("left out    {left_out}"));
    println!("keep the SHA-256 elsewhere: it proves the whole backup");
    Ok(ExitCode::Success)
}

/// Whether a place that may not be there yet is in a folder.
fn is_within(place: &Path, folder: &Path) -> bool {
    let Ok(folder) = folder.canonicalize() else { return false };
    let absolute = std::path::absolute(place).unwrap_or_else(|_| place.to_owned());
    let known = absolute.ancestors().find_map(|above| above.canonicalize().ok());
    known.is_some_and(|known| known.starts_with(&folder))
}

fn summary(manifest: &Manifest) -> serde_json::Value {
    json!({
        "backup": manifest.head,
        "n_files": manifest.files.len(),
        "size_bytes": manifest.size_bytes(),
        "sha256": manifest.sha256,
    })
}

fn print_manifest(manifest: &Manifest) {
    let head = &manifest.head;
    println!("made        {} by {}", head.made_at, head.software);
    println!("generation  {}", head.generation.as_deref().unwrap_or("none published"));
    if let (Some(sequence), Some(seal)) = (head.last_sequence, &head.last_seal) {
        println!("last seal   {sequence}, SHA-256 {seal}");
    }
    println!("files       {} of {} bytes", manifest.files.len(), manifest.size_bytes());
    println!("SHA-256     {}", manifest.sha256);
}

pub(super) fn restore(
    arguments: &Arguments,
    restore: &RestoreArguments,
) -> anyhow::Result<ExitCode> {
    let site_key = restore.site_key.as_deref();
    let restored = veritrail::engine::restore(&restore.backup, arguments.kb(), site_key)?;
    println!("{} restored", arguments.kb().display());
    print_manifest(&restored.manifest);
    let is_sealed = restored.manifest.head.public_key.is_some();
    if is_sealed && !restored.has_site_key {
        println!(
            "the private key of the site is not in a backup: put it back as {} (or where `audit.key_file` says) before questions are asked",
            arguments.kb().join("audit/key").display()
        );
    }
    let has_keys = restored.manifest.files.iter().any(|file| file.path.starts_with("access/"));
    if has_keys {
        println!("API keys are those of then: look through `veritrail keys list`");
    } else {
        println!("API keys are not in it: make new ones by `veritrail keys create`");
    }
    Ok(ExitCode::Success)
}

pub(super) fn check(arguments: &Arguments, check: &CheckArguments) -> anyhow::Result<ExitCode> {
    let path = check.path.as_deref().unwrap_or(arguments.kb());
    if !BackupReader::is_backup(path) {
        return Ok(shown(&checked(arguments, path), None, check.format));
    }
    let mut reader = match BackupReader::open(path) {
        Ok(reader) => reader,
        Err(error) => {
            let found = Checked { findings: vec![causes(&error)], ..Checked::default() };
            return Ok(shown(&found, None, check.format));
        }
    };
    let findings = reader.verify();
    let mut found = Checked { findings, ..Checked::default() };
    let manifest = reader.manifest().clone();
    if found.findings.is_empty() && !check.digests_only {
        let beside = std::path::absolute(path)?;
        let beside = beside.parent().context("a backup stands in a folder")?;
        let unpacked = tempfile::Builder::new().prefix(".checking-").tempdir_in(beside);
        let unpacked = unpacked.with_context(|| {
            format!(
                "cannot unpack the backup in {}\nhint: --digests-only needs no room",
                beside.display()
            )
        })?;
        let kb = unpacked.path().join("kb");
        veritrail::engine::restore(path, &kb, None)?;
        found = checked(arguments, &kb);
        if found.generation != manifest.head.generation {
            found.findings.push("CURRENT names another generation than the list".to_owned());
        }
    }
    Ok(shown(&found, Some(&manifest), check.format))
}

/// What is found in a knowledge base. One that cannot be opened for what is in it is
/// damaged.
fn checked(arguments: &Arguments, kb: &Path) -> Checked {
    let found = arguments.open_at(kb).and_then(|opened| Ok(opened.check_all()?));
    found.unwrap_or_else(|error| {
        let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
        Checked { findings: vec![causes.join(": ")], ..Checked::default() }
    })
}

fn shown(found: &Checked, manifest: Option<&Manifest>, format: FormatArgument) -> ExitCode {
    if format == FormatArgument::Json {
        let body = json!({ "backup": manifest.map(summary), "checked": found });
        println!("{}", serde_json::to_string_pretty(&body).unwrap_or_default());
    } else {
        manifest.iter().for_each(|manifest| print_manifest(manifest));
        println!(
            "checked     {} quads, {} vectors, {} files of bytes, {} records",
            found.n_quads, found.n_vectors, found.n_blobs, found.n_records
        );
        found.notes.iter().for_each(|note| println!("note        {note}"));
        found.findings.iter().for_each(|finding| println!("BROKEN      {finding}"));
        match found.findings.len() {
            0 => println!("sound"),
            n => println!("{n} findings"),
        }
    }
    if found.findings.is_empty() { ExitCode::Success } else { ExitCode::Partial }
}
