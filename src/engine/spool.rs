//! Work that was acknowledged, on disk until it is done.
//!
//! Each job is a folder below `spool`, made aside and renamed when all of it is synced:
//! `job.json` says what is to be done, `files` holds what was uploaded, each file under
//! its source path, and `ended.json` says what came of it. A job without `ended.json` is
//! done again by the next start: taking in and deleting give the same result however
//! often they are begun.

use super::blobs::write_atomically;
use super::build::now;
use super::error::{EngineError, io_error};
use super::knowledge_base::KnowledgeBase;
use super::setup::SetupChange;
use super::upload::UploadPath;
use crate::model::{AccessLabel, Digest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use time::OffsetDateTime;

/// What `format` of an order says.
const FORMAT: &str = "veritrail-job 1";
/// How folders begin that are not acknowledged yet.
pub(super) const INCOMING_PREFIX: &str = ".incoming-";
const ORDER: &str = "job.json";
pub(super) const END: &str = "ended.json";
const FILES: &str = "files";

/// Names a job; later jobs have greater names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(String);

impl JobId {
    /// A name that no other job has.
    pub fn unused() -> Self {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let time = OffsetDateTime::now_utc().unix_timestamp_nanos();
        let n = COUNTER.fetch_add(1, Ordering::Relaxed);
        let unique = Digest::of(format!("{time} {n} {}", std::process::id()).as_bytes()).short();
        let unique: String = unique.chars().take(8).collect();
        Self(format!("{:012x}{unique}", time / 1_000_000))
    }

    /// The job that a person or program names; `None` when it cannot be the name of any.
    pub fn from_name(name: &str) -> Option<Self> {
        let plausible = name.len() == 20 && name.chars().all(|c| c.is_ascii_hexdigit());
        plausible.then(|| Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What a job is to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum JobWork {
    /// To take in uploaded files and publish them.
    Upload {
        /// Their source paths.
        files: Vec<String>,
        /// Files that were not accepted, each with its reason.
        refused: Vec<FailedFile>,
        /// Whether documents are deleted that an earlier file of the same name held and
        /// this one does not.
        prune: bool,
    },
    /// To delete documents for good.
    Delete {
        /// Their IRIs.
        documents: Vec<String>,
        /// Whether their words are erased from the records of earlier answers.
        erase_quotes: bool,
        /// Why.
        reason: Option<String>,
    },
    /// To publish what was decided.
    Publish,
    /// To build a generation aside.
    Build {
        /// How it differs from what the next one would be.
        change: SetupChange,
    },
}

impl JobWork {
    /// Name in output.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Upload { .. } => "upload",
            Self::Delete { .. } => "delete",
            Self::Publish => "publish",
            Self::Build { .. } => "build",
        }
    }
}

/// A file that was not taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedFile {
    /// Its source path.
    pub source: String,
    /// Why.
    pub reason: String,
}

/// A job as it was acknowledged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobOrder {
    /// Name and version of this form.
    format: String,
    /// The job.
    pub id: JobId,
    /// What is to be done.
    pub work: JobWork,
    /// Who asked for it.
    pub principal: String,
    /// Access labels of the documents concerned.
    pub labels: BTreeSet<AccessLabel>,
    /// When, RFC 3339.
    pub created_at: String,
    /// How often it was begun.
    pub n_starts: u32,
}

impl JobOrder {
    /// A new job.
    pub fn new(work: JobWork, principal: &str, labels: BTreeSet<AccessLabel>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            id: JobId::unused(),
            work,
            principal: principal.to_owned(),
            labels,
            created_at: now(),
            n_starts: 0,
        }
    }
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobEnd {
    /// When it was begun, RFC 3339.
    pub started_at: Option<String>,
    /// When it ended, RFC 3339.
    pub ended_at: String,
    /// What was done.
    pub result: Option<serde_json::Value>,
    /// Why it failed; none when it did not.
    pub error: Option<String>,
}

/// A job on disk.
#[derive(Clone, Debug)]
pub struct SpooledJob {
    /// The order.
    pub order: JobOrder,
    /// What came of it; none while it is to be done.
    pub end: Option<JobEnd>,
}

/// The folder of jobs.
#[derive(Clone, Debug)]
pub struct Spool {
    root: PathBuf,
}

/// Files on their way in; they vanish when it is dropped before it is accepted.
pub struct Incoming {
    folder: TempDir,
    n_files: usize,
}

impl KnowledgeBase {
    /// The jobs of this knowledge base.
    ///
    /// # Errors
    /// When the folder cannot be made or cleaned of what was never acknowledged.
    pub fn spool(&self) -> Result<Spool, EngineError> {
        Spool::open(self.root.join("spool"))
    }
}

impl Spool {
    fn open(root: PathBuf) -> Result<Self, EngineError> {
        fs::create_dir_all(&root).map_err(io_error("create", &root))?;
        for path in folders(&root)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(INCOMING_PREFIX) {
                fs::remove_dir_all(&path).map_err(io_error("remove", &path))?;
            }
        }
        Ok(Self { root })
    }

    /// A place for files on their way in.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn incoming(&self) -> Result<Incoming, EngineError> {
        let folder = tempfile::Builder::new()
            .prefix(INCOMING_PREFIX)
            .tempdir_in(&self.root)
            .map_err(io_error("create a folder in", &self.root))?;
        Ok(Incoming { folder, n_files: 0 })
    }

    /// Makes a job durable: after it returns, no crash loses it.
    ///
    /// # Errors
    /// When the disk refuses; then there is no job.
    pub fn accept(&self, order: &JobOrder, incoming: Incoming) -> Result<(), EngineError> {
        let aside = incoming.folder.path();
        sync_folders(aside)?;
        write_order(aside, order)?;
        let target = self.folder(&order.id);
        fs::rename(aside, &target).map_err(io_error("rename", aside))?;
        // What is dropped here is a name that is there no more.
        drop(incoming);
        sync_folder(&self.root)
    }

    /// Every job, the earliest first. One that cannot be read is logged and left alone.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn jobs(&self) -> Result<Vec<SpooledJob>, EngineError> {
        let mut jobs = Vec::new();
        for path in folders(&self.root)? {
            match read(&path) {
                Ok(Some(job)) => jobs.push(job),
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(path = %path.display(), %error, "a job cannot be read");
                }
            }
        }
        jobs.sort_by(|a, b| a.order.id.cmp(&b.order.id));
        Ok(jobs)
    }

    /// Where the files of a job are, each under its source path.
    pub fn files(&self, id: &JobId) -> PathBuf {
        self.folder(id).join(FILES)
    }

    /// Notes that a job is begun.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn begin(&self, order: &JobOrder) -> Result<(), EngineError> {
        write_order(&self.folder(&order.id), order)
    }

    /// Notes what came of a job, and removes its files.
    ///
    /// # Errors
    /// When the disk refuses; then the next start does the job again.
    pub fn end(&self, id: &JobId, end: &JobEnd) -> Result<(), EngineError> {
        let folder = self.folder(id);
        let bytes = serde_json::to_vec(end).unwrap_or_default();
        write_atomically(&folder.join(END), &bytes)?;
        let files = folder.join(FILES);
        match fs::remove_dir_all(&files) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(io_error("remove", &files)(error))
            }
            _ => Ok(()),
        }
    }

    /// Forgets a job that ended.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn forget(&self, id: &JobId) -> Result<(), EngineError> {
        let folder = self.folder(id);
        fs::remove_dir_all(&folder).map_err(io_error("remove", &folder))
    }

    fn folder(&self, id: &JobId) -> PathBuf {
        self.root.join(id.as_str())
    }
}

impl Incoming {
    /// A new file, known by its number until its source path is.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn create(&mut self) -> Result<(usize, File), EngineError> {
        let n = self.n_files;
        self.n_files += 1;
        let path = self.part(n);
        let file = File::create_new(&path).map_err(io_error("create", &path))?;
        Ok((n, file))
    }

    /// Gives a file its source path.
    ///
    /// # Errors
    /// When the disk refuses, or the path is taken by a file where it needs a folder.
    pub fn place(&self, n: usize, source: &UploadPath) -> Result<(), EngineError> {
        let target = self.folder.path().join(FILES).join(source.as_str());
        let folder = target.parent().unwrap_or(&target);
        fs::create_dir_all(folder).map_err(io_error("create", folder))?;
        let part = self.part(n);
        fs::rename(&part, &target).map_err(io_error("rename", &part))
    }

    /// Drops a file that gets no source path.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn discard(&self, n: usize) -> Result<(), EngineError> {
        let part = self.part(n);
        fs::remove_file(&part).map_err(io_error("remove", &part))
    }

    fn part(&self, n: usize) -> PathBuf {
        self.folder.path().join(format!("part-{n}"))
    }
}

fn write_order(folder: &Path, order: &JobOrder) -> Result<(), EngineError> {
    let bytes = serde_json::to_vec(order).unwrap_or_default();
    write_atomically(&folder.join(ORDER), &bytes)
}

/// The job of a folder; none when the folder holds none that this program knows.
fn read(folder: &Path) -> Result<Option<SpooledJob>, EngineError> {
    let path = folder.join(ORDER);
    let bytes = fs::read(&path).map_err(io_error("read", &path))?;
    let invalid = |error: serde_json::Error| {
        io_error("read", &path)(std::io::Error::new(ErrorKind::InvalidData, error))
    };
    let order: JobOrder = serde_json::from_slice(&bytes).map_err(invalid)?;
    if order.format != FORMAT {
        tracing::warn!(path = %path.display(), "a job of another version is left alone");
        return Ok(None);
    }
    let path = folder.join(END);
    let end = match fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).map_err(invalid)?),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(io_error("read", &path)(error)),
    };
    Ok(Some(SpooledJob { order, end }))
}

fn folders(root: &Path) -> Result<Vec<PathBuf>, EngineError> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(root).map_err(io_error("list", root))? {
        let path = entry.map_err(io_error("list", root))?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    Ok(folders)
}

fn sync_folder(folder: &Path) -> Result<(), EngineError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io_error("sync", folder))
}

/// Syncs a folder and those below it; the files in them were synced when written.
fn sync_folders(root: &Path) -> Result<(), EngineError> {
    for folder in folders(root)? {
        sync_folders(&folder)?;
    }
    sync_folder(root)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn spool() -> (TempDir, Spool) {
        let root = tempfile::tempdir().unwrap();
        let spool = Spool::open(root.path().join("spool")).unwrap();
        (root, spool)
    }

    #[test]
    fn an_accepted_job_is_found_again_and_an_abandoned_one_is_not() {
        let (_root, spool) = spool();
        let mut incoming = spool.incoming().unwrap();
        let (n, mut file) = incoming.create().unwrap();
        file.write_all(b"words").unwrap();
        let source = UploadPath::new("manuals/x", "a b.md").unwrap();
        incoming.place(n, &source).unwrap();
        let work = JobWork::Upload {
            files: vec![source.as_str().to_owned()],
            refused: Vec::new(),
            prune: false,
        };
        let mut order = JobOrder::new(work, "tester", BTreeSet::from([AccessLabel::default()]));
        spool.accept(&order, incoming).unwrap();
        let abandoned = spool.incoming().unwrap().folder.keep();
        let spool = Spool::open(spool.root).unwrap();
        assert!(!abandoned.exists());
        let found = spool.jobs().unwrap();
        assert!(found.len() == 1 && found[0].order == order && found[0].end.is_none());
        let file = spool.files(&order.id).join("manuals/x/a b.md");
        assert_eq!(fs::read(&file).unwrap(), b"words");
        order.n_starts = 1;
        spool.begin(&order).unwrap();
        let end = JobEnd { started_at: None, ended_at: now(), result: None, error: None };
        spool.end(&order.id, &end).unwrap();
        let found = spool.jobs().unwrap();
        assert_eq!((found[0].order.n_starts, found[0].end.as_ref()), (1, Some(&end)));
        assert!(!file.exists());
        spool.forget(&order.id).unwrap();
        assert!(spool.jobs().unwrap().is_empty());
    }

    #[test]
    fn later_jobs_have_greater_names() {
        let names: Vec<JobId> = (0..3).map(|_| JobId::unused()).collect();
        assert!(names.iter().all(|name| JobId::from_name(name.as_str()).as_ref() == Some(name)));
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 3);
        assert_eq!(JobId::from_name("../../etc/passwd....."), None);
    }
}
