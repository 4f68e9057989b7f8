//! Finding source files below a folder.

use super::archive::{Archive, MAX_TOTAL_BYTES};
use super::csvw::{TableMetadata, is_metadata, metadata_names};
use super::error::{LoadError, ScanError};
use super::jsonl;
use super::loader::inner_pictures;
use std::cell::{Cell, RefCell};
use std::fs;
use std::io::{BufReader, Cursor};
use std::path::Path;
use walkdir::WalkDir;

/// Endings of files that are looked at; content decides what they are.
const ENDINGS: [&str; 31] = [
    // Data and archives.
    "trig", "nt", "nq", "rdf", "owl", "jsonld", "json", "csv", "tsv", "tab", "zip",
    // Text and pictures.
    "pdf", "docx", "eml", "md", "markdown", "html", "htm", "txt", "text", "rst", "jsonl", "ttl",
    "png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff",
];

/// One document's bytes and where they came from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceItem {
    /// Path relative to the source folder with `/`, `file.jsonl#id`,
    /// `archive.zip/path`, or a given id.
    pub source: String,
    /// The original bytes.
    pub bytes: Vec<u8>,
    /// Text already taken out of the bytes, for lines of JSONL.
    pub record: Option<SourceText>,
    /// Metadata that stands beside a table.
    pub metadata: Option<TableMetadata>,
}

/// What a record of JSONL says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceText {
    /// Title, when the record has one.
    pub title: Option<String>,
    /// Text.
    pub text: String,
    /// Other names of its subject; a record that lists them, or that calls its text a
    /// definition, is an entry of a glossary.
    pub aliases: Option<Vec<String>>,
    /// Pictures that it shows.
    pub pictures: Vec<RecordPicture>,
    /// Source paths or ids of documents to which it links.
    pub links: Vec<String>,
}

/// A picture that a record of JSONL shows.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordPicture {
    /// Source path of the picture.
    pub file: String,
    /// Alternative text; empty when there is none.
    pub alt: String,
    /// Caption, when there is one.
    pub caption: Option<String>,
}

/// Reads every document below `root`, a folder or a single file, in the order
/// of paths. `visit` gets each document, or the reason why one cannot be read;
/// neither stops the scan. Hidden files and files of other endings are skipped,
/// links out of the folder are not followed. A ZIP archive is read as if it were a
/// folder of its name. A single JSONL file given as `root` names its documents by
/// their ids alone.
///
/// # Errors
/// When `root` does not exist or cannot be read at all.
pub fn scan(
    root: &Path,
    max_file_bytes: u64,
    visit: &mut dyn FnMut(Result<SourceItem, LoadError>),
) -> Result<(), ScanError> {
    let metadata = fs::metadata(root).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => ScanError::Missing(root.to_owned()),
        _ => ScanError::Io { path: root.to_owned(), source },
    })?;
    if metadata.is_file() {
        let name = file_name(root);
        let prefix = if has_ending(root, "jsonl") { String::new() } else { name };
        read_file(root, prefix, max_file_bytes, visit);
        return Ok(());
    }
    fs::read_dir(root).map_err(|source| ScanError::Io { path: root.to_owned(), source })?;
    let visible = |entry: &walkdir::DirEntry| {
        entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.')
    };
    for entry in WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(visible) {
        match entry {
            Ok(entry) if entry.file_type().is_file() && has_known_ending(entry.path()) => {
                let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
                let parts: Vec<String> =
                    relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
                read_file(entry.path(), parts.join("/"), max_file_bytes, visit);
            }
            Ok(_) => {}
            Err(error) => {
                let path = error.path().unwrap_or(root).to_owned();
                let source = error.into_io_error().unwrap_or_else(|| {
                    std::io::Error::other("a link leads back into its own folder")
                });
                visit(Err(LoadError::Io { path, source }));
            }
        }
    }
    Ok(())
}

/// How many documents a scan would find, for progress: files of known endings, the
/// lines of JSONL, and the entries of archives. Nothing is checked.
pub fn count(root: &Path) -> usize {
    WalkDir::new(root)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file() && has_known_ending(entry.path()))
        .map(|entry| count_in(entry.path()).unwrap_or(1))
        .sum()
}

fn count_in(path: &Path) -> std::io::Result<usize> {
    if has_ending(path, "jsonl") {
        return Ok(jsonl::count(BufReader::new(fs::File::open(path)?)));
    }
    if has_ending(path, "zip") {
        let reader = BufReader::new(fs::File::open(path)?);
        let n_bytes_left = Cell::new(0);
        let archive = Archive::open("", reader, 0, &n_bytes_left);
        return Ok(archive.map_or(1, |archive| archive.files().len()));
    }
    Ok(1)
}

/// Where a document was found.
pub(super) struct Place<'p> {
    /// Reads the file of this name in the same folder.
    pub(super) beside: &'p mut dyn FnMut(&str) -> Option<Vec<u8>>,
    /// How many archives it stands in.
    pub(super) level: usize,
    /// What the entries of these archives may still take.
    pub(super) n_bytes_left: &'p Cell<u64>,
}

fn read_file(
    path: &Path,
    source: String,
    limit: u64,
    visit: &mut dyn FnMut(Result<SourceItem, LoadError>),
) {
    let n_bytes_left = &Cell::new(MAX_TOTAL_BYTES);
    let mut beside = |name: &str| {
        let sibling = path.with_file_name(name);
        sibling.is_file().then(|| read_limited(&sibling, limit).ok()).flatten()
    };
    let mut place = Place { beside: &mut beside, level: 0, n_bytes_left };
    if has_ending(path, "zip") {
        // Not all of an archive is in memory at once, so it may be larger.
        return match fs::File::open(path) {
            Ok(file) => scan_archive(&place, &source, BufReader::new(file), limit, visit),
            Err(source) => visit(Err(LoadError::Io { path: path.to_owned(), source })),
        };
    }
    match read_limited(path, limit) {
        Err(error) => visit(Err(error)),
        Ok(bytes) => take(&mut place, source, &file_name(path), bytes, limit, visit),
    }
}

/// Hands on what the bytes of one file hold.
fn take(
    place: &mut Place<'_>,
    source: String,
    name: &str,
    bytes: Vec<u8>,
    limit: u64,
    visit: &mut dyn FnMut(Result<SourceItem, LoadError>),
) {
    let file = Path::new(name);
    if has_ending(file, "jsonl") {
        jsonl::records(name, &source, &bytes, visit);
    } else if has_ending(file, "zip") {
        scan_archive(place, &source, Cursor::new(bytes), limit, visit);
    } else {
        let is_table = ["csv", "tsv", "tab"].iter().any(|ending| has_ending(file, ending));
        let found = is_table.then(|| {
            metadata_names(name).into_iter().find_map(|name| Some(((place.beside)(&name)?, name)))
        });
        let folder = source.rsplit_once('/').map(|(folder, _)| format!("{folder}/"));
        let metadata = found.flatten().map(|(bytes, name)| TableMetadata {
            source: folder.unwrap_or_default() + &name,
            bytes,
        });
        let pictures = inner_pictures(&source, &bytes);
        visit(Ok(SourceItem { source, bytes, record: None, metadata }));
        pictures.into_iter().for_each(visit);
    }
}

fn scan_archive(
    place: &Place<'_>,
    source: &str,
    reader: impl std::io::Read + std::io::Seek,
    limit: u64,
    visit: &mut dyn FnMut(Result<SourceItem, LoadError>),
) {
    let mut archive = match Archive::open(source, reader, place.level, place.n_bytes_left) {
        Ok(archive) => archive,
        Err(error) => return visit(Err(error)),
    };
    // Both kinds of results go to the same place.
    let visit = RefCell::new(visit);
    archive.scan(
        limit,
        &mut |place, source, bytes| {
            let name = source.rsplit('/').next().unwrap_or_default().to_owned();
            take(place, source, &name, bytes, limit, &mut **visit.borrow_mut());
        },
        &mut |error| (visit.borrow_mut())(Err(error)),
    );
}

fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, LoadError> {
    let io = |source| LoadError::Io { path: path.to_owned(), source };
    let found = fs::metadata(path).map_err(io)?.len();
    if found > limit {
        return Err(LoadError::TooLarge { path: path.to_owned(), limit, found });
    }
    fs::read(path).map_err(io)
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

/// Whether a file is looked at. Metadata belongs to its table and is no document.
pub(super) fn has_known_ending(path: &Path) -> bool {
    let is_known = path
        .extension()
        .and_then(|ending| ending.to_str())
        .is_some_and(|ending| ENDINGS.contains(&ending.to_lowercase().as_str()));
    is_known && !is_metadata(&file_name(path))
}

/// Whether a file of this name is read: as a document, or as metadata of a table.
pub fn is_looked_at(path: &Path) -> bool {
    has_known_ending(path) || is_metadata(&file_name(path))
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Resolves a link of the document `from` to a source path; `None` for links
/// within the document.
pub(super) fn resolve(from: &str, link: &str) -> Option<String> {
    let link = link.split(['#', '?']).next().unwrap_or_default();
    if link.is_empty() {
        return None;
    }
    let scheme = link.split_once(':').map(|(scheme, _)| scheme);
    if scheme.is_some_and(|s| s.len() > 1 && s.chars().all(|c| c.is_ascii_alphanumeric())) {
        return Some(link.to_owned());
    }
    if link.starts_with('/') {
        return Some(link.to_owned());
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan_all(root: &Path, limit: u64) -> Vec<Result<SourceItem, LoadError>> {
        let mut items = Vec::new();
        scan(root, limit, &mut |item| items.push(item)).unwrap();
        items
    }

    #[test]
    fn links_resolve_against_their_document() {
        let check = |link, expected: Option<&str>| {
            assert_eq!(resolve("docs/a/b.md", link).as_deref(), expected, "{link}");
        };
        check("c.md#x", Some("docs/a/c.md"));
        check("../../pictures/p.png", Some("pictures/p.png"));
        check("https://x.test/y", Some("https://x.test/y"));
        check("#here", None);
    }

    #[test]
    fn files_come_in_order_and_large_ones_are_refused_unread() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("b.md"), "b").unwrap();
        fs::write(root.path().join("a.txt"), "aaaa").unwrap();
        fs::write(root.path().join(".hidden.md"), "h").unwrap();
        fs::write(root.path().join("draw.py"), "p").unwrap();
        let items = scan_all(root.path(), 3);
        assert_eq!((items.len(), count(root.path())), (2, 3));
        let error = items[0].as_ref().unwrap_err().to_string();
        assert!(error.contains("at most 3 bytes, found 4"), "{error}");
        assert_eq!(items[1].as_ref().unwrap().source, "b.md");
    }

    #[test]
    fn a_missing_folder_says_so() {
        let error = scan(Path::new("/no/such"), 1, &mut |_| {}).unwrap_err();
        assert!(error.to_string().contains("/no/such does not exist"));
    }

    #[test]
    fn a_record_may_show_pictures_and_link_to_others() {
        let root = tempfile::tempdir().unwrap();
        let line = r#"{"id":"a/b","text":"x","pictures":[{"file":"p/1.png"}],"links":["c"]}"#;
        fs::create_dir(root.path().join("sets")).unwrap();
        fs::write(root.path().join("sets/t.jsonl"), line).unwrap();
        let items = scan_all(root.path(), 1000);
        let record = items[0].as_ref().unwrap().record.as_ref().unwrap();
        assert_eq!(record.pictures[0].file, "sets/p/1.png");
        assert_eq!(record.links, ["sets/t.jsonl#c"]);
    }

    #[test]
    fn a_bad_line_of_jsonl_is_named_and_the_others_are_read() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("t.jsonl");
        fs::write(
            &file,
            "{\"id\":7,\"text\":\"x\"}\nnot json\n{\"id\":\"b\",\"title\":\"B\",\"text\":\"y\"}\n",
        )
        .unwrap();
        let items = scan_all(root.path(), 1000);
        assert_eq!(items[0].as_ref().unwrap().source, "t.jsonl#7");
        assert!(items[1].as_ref().unwrap_err().to_string().contains("line 2"));
        assert_eq!(scan_all(&file, 1000)[2].as_ref().unwrap().source, "b");
    }
}
