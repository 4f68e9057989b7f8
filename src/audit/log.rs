//! The log beside the graph: every seal once more, and the checkpoints.
//!
//! It is the witness of the graph. Whoever takes records out of the graph leaves their
//! seals here, and the other way round.

use super::error::SealError;
use super::seal::{Checkpoint, Seal};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// How much of the end of a log is read to go on with it.
const TAIL_BYTES: u64 = 1 << 20;

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogEntry {
    /// A record was sealed.
    Seal(Seal),
    /// The chain was signed up to a place.
    Checkpoint(Checkpoint),
}

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Number of the line, from 1.
    pub number: usize,
    /// What it says; `None` when that cannot be read.
    pub entry: Option<LogEntry>,
}

/// The log of a knowledge base.
#[derive(Debug)]
pub struct AuditLog {
    path: PathBuf,
}

impl AuditLog {
    /// The log in `folder`, whether it exists or not.
    pub fn of(folder: &Path) -> Self {
        Self { path: folder.join("log.jsonl") }
    }

    fn disk(&self, doing: &'static str) -> impl Fn(std::io::Error) -> SealError {
        SealError::disk(doing, &self.path)
    }

    fn open(&self) -> Result<Option<File>, SealError> {
        match File::open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            opened => Ok(Some(opened.map_err(self.disk("read"))?)),
        }
    }

    /// Every complete line, and whether one that was cut off follows, as a crash leaves
    /// it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn read(&self) -> Result<(Vec<LogLine>, bool), SealError> {
        let Some(file) = self.open()? else { return Ok((Vec::new(), false)) };
        let mut reader = BufReader::new(file);
        let (mut lines, mut line) = (Vec::new(), Vec::new());
        loop {
            line.clear();
            if reader.read_until(b'\n', &mut line).map_err(self.disk("read"))? == 0 {
                return Ok((lines, false));
            }
            let Some(text) = line.strip_suffix(b"\n") else { return Ok((lines, true)) };
            let entry = serde_json::from_slice(text).ok();
            lines.push(LogLine { number: lines.len() + 1, entry });
        }
    }

    /// The last seal and the last checkpoint, as far as the end of the log has them. What
    /// a crash cut off is removed.
    pub(super) fn resume(&self) -> Result<(Option<Seal>, Option<Checkpoint>), SealError> {
        let Some(mut file) = self.open()? else { return Ok((None, None)) };
        let size = file.metadata().map_err(self.disk("read"))?.len();
        let begin = size.saturating_sub(TAIL_BYTES);
        file.seek(SeekFrom::Start(begin)).map_err(self.disk("read"))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(self.disk("read"))?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole < bytes.len() {
            let writable = OpenOptions::new().write(true).open(&self.path);
            let writable = writable.map_err(self.disk("open"))?;
            let end = begin + u64::try_from(whole).unwrap_or_default();
            writable.set_len(end).map_err(self.disk("cut"))?;
        }
        let (mut seal, mut checkpoint) = (None, None);
        for line in bytes.split(|byte| *byte == b'\n') {
            match serde_json::from_slice(line) {
                Ok(LogEntry::Seal(found)) => seal = Some(found),
                Ok(LogEntry::Checkpoint(found)) => checkpoint = Some(found),
                Err(_) => {}
            }
        }
        Ok((seal, checkpoint))
    }

    /// Adds lines; `sync` makes all so far last through a power loss.
    pub(super) fn append(&self, entries: &[LogEntry], sync: bool) -> Result<(), SealError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(SealError::disk("create", folder))?;
        let mut bytes = Vec::new();
        for entry in entries {
            let text = serde_json::to_vec(entry);
            bytes.extend(text.map_err(|error| self.disk("write")(error.into()))?);
            bytes.push(b'\n');
        }
        let file = OpenOptions::new().create(true).append(true).open(&self.path);
        let mut file = file.map_err(self.disk("open"))?;
        // One write, so that a crash leaves whole lines, and one that is cut off at most.
        file.write_all(&bytes).map_err(self.disk("write"))?;
        if sync {
            file.sync_all().map_err(self.disk("sync"))?;
        }
        Ok(())
    }
}
