//! ZIP archives, read as if they were folders.

use super::error::LoadError;
use super::source::{Place, has_known_ending};
use std::cell::Cell;
use std::io::{Read, Seek};
use zip::ZipArchive;
use zip::result::ZipError;

/// Most entries of an archive.
const MAX_ENTRIES: usize = 50_000;
/// Most bytes of all entries of an archive together, those within archives in it
/// included.
pub(super) const MAX_TOTAL_BYTES: u64 = 2 << 30;
/// Largest ratio of the bytes of an entry to those that it takes up.
const MAX_RATIO: u64 = 250;
/// Entries up to this size may have any ratio.
const SMALL_BYTES: u64 = 1 << 20;
/// Archives may stand in an archive, but no others in those.
const MAX_LEVEL: usize = 1;

/// An open archive.
pub(super) struct Archive<'b, R> {
    source: String,
    level: usize,
    inner: ZipArchive<R>,
    /// What entries may still take, shared with the archive in which it stands.
    n_bytes_left: &'b Cell<u64>,
}

impl<'b, R: Read + Seek> Archive<'b, R> {
    /// Opens an archive; `level` is 0 unless it stands in another one.
    pub(super) fn open(
        source: &str,
        reader: R,
        level: usize,
        n_bytes_left: &'b Cell<u64>,
    ) -> Result<Self, LoadError> {
        let refused = |reason| refusal(source, reason);
        if level > MAX_LEVEL {
            return Err(refused(
                "expected at most one archive within another, found a third; unpack it".to_owned(),
            ));
        }
        let inner = ZipArchive::new(reader)
            .map_err(|error| refused(format!("{}; is it cut off?", reason(&error))))?;
        if inner.len() > MAX_ENTRIES {
            return Err(refused(format!(
                "expected at most {MAX_ENTRIES} entries, found {}; split it",
                inner.len()
            )));
        }
        Ok(Self { source: source.to_owned(), level, inner, n_bytes_left })
    }

    /// The files that are looked at, by name: path in the archive and index.
    ///
    /// Hidden files and those of other endings are left out, as in a folder. A path
    /// that leads out of the archive is an error.
    pub(super) fn files(&self) -> Vec<Result<(String, usize), LoadError>> {
        let mut files: Vec<Result<(String, usize), LoadError>> = Vec::new();
        for i in 0..self.inner.len() {
            let name = match self.inner.name_for_index(i) {
                Some(Ok(name)) => {
                    let name = name.replace('\\', "/");
                    name.strip_prefix("./").map(str::to_owned).unwrap_or(name)
                }
                Some(Err(error)) => {
                    files.push(Err(refusal(&self.source, format!("entry {i}: {error}"))));
                    continue;
                }
                None => continue,
            };
            let parts = || name.split('/');
            let leads_out =
                parts().any(|part| part == "..") || name.starts_with('/') || name.contains('\0');
            let is_hidden = parts().any(|part| part.starts_with('.') || part == "__MACOSX");
            if leads_out {
                files.push(Err(refusal(
                    &format!("{}/{}", self.source, name.escape_debug()),
                    "expected a path within the archive, found one that leads out of it".to_owned(),
                )));
            } else if !is_hidden && has_known_ending(name.as_ref()) {
                files.push(Ok((name, i)));
            }
        }
        files.sort_by(|a, b| match (a, b) {
            (Ok(a), Ok(b)) => a.cmp(b),
            (a, b) => a.is_err().cmp(&b.is_err()),
        });
        files
    }

    /// Visits every document of the archive. At most `limit` bytes of an entry are
    /// unpacked.
    pub(super) fn scan(
        &mut self,
        limit: u64,
        visit: &mut dyn FnMut(&mut Place<'_>, String, Vec<u8>),
        fail: &mut dyn FnMut(LoadError),
    ) {
        for file in self.files() {
            let bytes = file.and_then(|(name, i)| Ok((self.read(i, &name, limit)?, name)));
            match bytes {
                Ok((Some(bytes), name)) => {
                    let source = format!("{}/{name}", self.source);
                    let (level, n_bytes_left) = (self.level + 1, self.n_bytes_left);
                    let mut beside = |sibling: &str| self.sibling(&name, sibling, limit);
                    visit(&mut Place { beside: &mut beside, level, n_bytes_left }, source, bytes);
                }
                Ok((None, _)) => {}
                Err(error) => fail(error),
            }
        }
    }

    /// The bytes of a file that stands in the folder of `name`.
    fn sibling(&mut self, name: &str, sibling: &str, limit: u64) -> Option<Vec<u8>> {
        let path = match name.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{sibling}"),
            None => sibling.to_owned(),
        };
        let found = self.inner.index_for_name(&path);
        let i = found.or_else(|| self.inner.index_for_name(&format!("./{path}")))?;
        // What is wrong with it would be told again for each table.
        self.read(i, &path, limit).ok().flatten()
    }

    /// Unpacks an entry; none when it is no file.
    fn read(&mut self, i: usize, name: &str, limit: u64) -> Result<Option<Vec<u8>>, LoadError> {
        let source = format!("{}/{name}", self.source);
        let refused = |reason: String| refusal(&source, reason);
        let mut entry = self.inner.by_index(i).map_err(|error| refused(reason(&error)))?;
        if entry.is_dir() || entry.is_symlink() {
            return Ok(None);
        }
        let packed = entry.compressed_size();
        let by_ratio = packed.saturating_mul(MAX_RATIO).max(SMALL_BYTES);
        let allowed = limit.min(by_ratio).min(self.n_bytes_left.get());
        let mut bytes = Vec::new();
        // The size that the entry claims is not to be trusted, so one byte more than
        // is allowed tells a larger one.
        let read = (&mut entry).take(allowed.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|error| refused(error.to_string()))?;
        let found = bytes.len() as u64;
        if found > allowed {
            return Err(refused(if allowed == limit {
                format!(
                    "expected at most {limit} bytes, found more; raise `ingest.max_file_bytes` \
                     or split it"
                )
            } else if allowed == by_ratio {
                format!(
                    "expected at most {MAX_RATIO} times the {packed} bytes that it takes up, \
                     found more; unpack it yourself if it is meant"
                )
            } else {
                format!(
                    "expected at most {MAX_TOTAL_BYTES} bytes in all entries together, found more; \
                     split the archive"
                )
            }));
        }
        self.n_bytes_left.set(self.n_bytes_left.get() - found);
        Ok(Some(bytes))
    }
}

fn refusal(source: &str, reason: String) -> LoadError {
    LoadError::Archive { source_path: source.to_owned(), reason }
}

fn reason(error: &ZipError) -> String {
    match error {
        ZipError::UnsupportedArchive(what) if *what == ZipError::PASSWORD_REQUIRED => {
            "it is encrypted; unpack it and take in what is inside".to_owned()
        }
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    #[test]
    fn all_entries_share_one_limit() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for name in ["a.txt", "b.txt"] {
            writer.start_file(name, SimpleFileOptions::default()).unwrap();
            writer.write_all(b"sixty").unwrap();
        }
        let n_bytes_left = Cell::new(9);
        let file = writer.finish().unwrap();
        let mut archive = Archive::open("x.zip", file, 0, &n_bytes_left).unwrap();
        let (mut found, mut errors) = (Vec::new(), Vec::new());
        archive.scan(100, &mut |_, source, bytes| found.push((source, bytes)), &mut |error| {
            errors.push(error.to_string())
        });
        assert_eq!(found, [("x.zip/a.txt".to_owned(), b"sixty".to_vec())]);
        assert!(errors[0].starts_with("x.zip/b.txt cannot be unpacked"), "{errors:?}");
        assert!(errors[0].contains("in all entries together"), "{errors:?}");
    }
}
