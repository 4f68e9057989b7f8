//! Which answers used what: a file beside the log, in the order of the seals.
//!
//! The graph knows it, too, but finding every answer there that used something takes as
//! many reads all over its files as there are such answers. The file holds a few bytes for
//! each use and is read from beginning to end: 100,000 answers in some tens of
//! milliseconds. It is made of the graph, proves nothing, and is made anew when it is
//! missing, damaged or of another chain. It holds no words: what was used is 64 bits of a
//! digest of its IRI, which two things share by chance once in 2^64 pairs.
//!
//! ```text
//! veritrail-uses 1
//! length  sequence  seal  n  name of the answer  used...  crc  length
//! ```
//!
//! Each number is little-endian; the length stands at both ends, so that the last entry is
//! found from the end of the file.

use super::commitment::subject_of;
use super::error::SealError;
use crate::model::Digest;
use crate::vocab::{dcterms, prov, vt};
use oxigraph::model::{Term, Triple};
use std::fs::{File, OpenOptions};
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// How the file begins.
const HEAD: &[u8; 16] = b"veritrail-uses 1";
/// Place, seal and length of the name, which every entry has.
const FIXED: usize = 17;
/// Checksum and length behind an entry.
const TAIL: usize = 8;
/// No entry is longer; what claims to be is damage.
const MOST_BYTES: usize = 1 << 24;
/// Properties whose values an answer used.
pub const USE_PROPERTIES: [&str; 4] =
    [prov::USED, dcterms::REFERENCES, prov::WAS_DERIVED_FROM, vt::MODEL];

/// Something that answers use: a document, a version, an entity, a generation, a space,
/// settings, bytes, or a language model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Used(u64);

impl Used {
    /// What has this IRI.
    pub fn iri(iri: &str) -> Self {
        Self::of("iri", iri)
    }

    /// The language model of this name.
    pub fn model(name: &str) -> Self {
        Self::of("model", name)
    }

    fn of(kind: &str, name: &str) -> Self {
        let digest = Digest::of_parts([kind.as_bytes(), name.as_bytes()]);
        let first = digest.as_bytes().first_chunk::<8>().copied().unwrap_or_default();
        Self(u64::from_le_bytes(first))
    }
}

/// What a sealed record used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uses {
    /// Place of its seal.
    pub sequence: u64,
    /// Digest of its seal.
    pub seal: Digest,
    /// Name of the answer; empty for an act.
    pub answer: String,
    /// Ordered, each once.
    pub used: Vec<Used>,
}

/// What an answer used, by the triples of its record; those of [`USE_PROPERTIES`] do.
pub fn used_by(answer: &str, record: &[Triple]) -> Vec<Used> {
    let mut used: Vec<Used> = record
        .iter()
        .filter(|triple| USE_PROPERTIES.contains(&triple.predicate.as_str()))
        .filter_map(|triple| match &triple.object {
            // Question and evidence are parts of the record itself.
            Term::NamedNode(node) if node.as_str().starts_with(answer) => None,
            Term::NamedNode(node) => Some(Used::iri(node.as_str())),
            Term::Literal(name) if subject_of(triple).starts_with(answer) => {
                Some(Used::model(name.value()))
            }
            Term::Literal(_) | Term::BlankNode(_) => None,
        })
        .collect();
    used.sort_unstable();
    used.dedup();
    used
}

/// The last entry: its place, and the beginning of the digest of its seal.
type Last = (u64, [u8; 8]);

/// Up to where a file is sound.
struct End {
    at: u64,
    last: Option<Last>,
}

/// The file.
#[derive(Debug)]
pub struct UseIndex {
    path: PathBuf,
    /// Up to where it is sound.
    end: u64,
    last: Option<Last>,
}

impl UseIndex {
    /// The file in the folder of the log, which is made when it is missing. An entry that
    /// a crash cut off is taken off; what is no such file is begun anew.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn open(root: &Path) -> Result<Self, SealError> {
        let path = root.join("audit/uses");
        let mut index = Self { path, end: 0, last: None };
        match index.find_end()? {
            Some(end) => (index.end, index.last) = (end.at, end.last),
            None => index.begin_anew()?,
        }
        Ok(index)
    }

    fn disk(&self, doing: &'static str) -> impl Fn(std::io::Error) -> SealError {
        SealError::disk(doing, &self.path)
    }

    /// Where the file ends, and its last entry; `None` when it has to be made anew.
    fn find_end(&self) -> Result<Option<End>, SealError> {
        let read = self.disk("read");
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(&read)?,
        };
        let size = file.metadata().map_err(&read)?.len();
        let mut head = [0; HEAD.len()];
        if file.read_exact(&mut head).is_err() || &head != HEAD {
            return Ok(None);
        }
        if size == HEAD.len() as u64 {
            return Ok(Some(End { at: size, last: None }));
        }
        if let Some(last) = last_entry(&mut file, size).map_err(&read)? {
            return Ok(Some(End { at: size, last: Some(last) }));
        }
        // Cut off by a crash: what is whole before it stays.
        let mut reader = Entries::of(file).map_err(&read)?;
        let mut last = None;
        while let Some(entry) = reader.next().map_err(&read)? {
            last = Some((entry.sequence(), entry.seal()));
        }
        let end = reader.end;
        let writable =
            OpenOptions::new().write(true).open(&self.path).map_err(self.disk("open"))?;
        writable.set_len(end).map_err(self.disk("cut"))?;
        Ok(Some(End { at: end, last }))
    }

    /// Forgets all entries.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn begin_anew(&mut self) -> Result<(), SealError> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(SealError::disk("create", folder))?;
        }
        std::fs::write(&self.path, HEAD).map_err(self.disk("write"))?;
        (self.end, self.last) = (HEAD.len() as u64, None);
        Ok(())
    }

    /// The error about a file that is damaged.
    pub fn damaged(&self) -> SealError {
        SealError::Damaged { what: "index of what answers used", path: self.path.clone() }
    }

    /// Place of the last entry; 0 when there is none.
    pub fn last_sequence(&self) -> u64 {
        self.last.map_or(0, |(sequence, _)| sequence)
    }

    /// Whether the last entry is about the seal of this digest. Since each seal names the
    /// one before, all entries are of the same chain then.
    pub fn ends_with(&self, seal: &Digest) -> bool {
        self.last.is_some_and(|(_, known)| known == beginning(seal))
    }

    /// Adds entries that follow the last one.
    ///
    /// # Errors
    /// When the disk refuses; then the file is to be opened again.
    pub fn add(&mut self, uses: &[Uses]) -> Result<(), SealError> {
        let Some(last) = uses.last() else { return Ok(()) };
        let mut bytes = Vec::new();
        for one in uses {
            write_entry(one, &mut bytes);
        }
        let file = OpenOptions::new().append(true).open(&self.path);
        file.and_then(|mut file| file.write_all(&bytes)).map_err(self.disk("write"))?;
        self.end += bytes.len() as u64;
        self.last = Some((last.sequence, beginning(&last.seal)));
        Ok(())
    }

    /// For each group of things, the answers that used one of them, the latest first;
    /// `None` when the file is damaged and has to be made anew.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn find(&self, groups: &[Vec<Used>]) -> Result<Option<Vec<Vec<String>>>, SealError> {
        let read = self.disk("read");
        let file = File::open(&self.path).map_err(&read)?;
        let mut entries = Entries::of(file).map_err(&read)?;
        let mut found = vec![Vec::new(); groups.len()];
        while let Some(entry) = entries.next().map_err(&read)? {
            for (group, found) in groups.iter().zip(&mut found) {
                if group.iter().any(|wanted| entry.has(*wanted)) {
                    found.push(entry.answer());
                }
            }
        }
        found.iter_mut().for_each(|answers: &mut Vec<String>| answers.reverse());
        Ok((entries.end == self.end).then_some(found))
    }
}

/// Enough of the digest of a seal to tell chains apart.
fn beginning(seal: &Digest) -> [u8; 8] {
    seal.as_bytes().first_chunk::<8>().copied().unwrap_or_default()
}

fn write_entry(uses: &Uses, bytes: &mut Vec<u8>) {
    let mut body = Vec::with_capacity(FIXED + uses.answer.len() + 8 * uses.used.len());
    body.extend(uses.sequence.to_le_bytes());
    body.extend(beginning(&uses.seal));
    let name = uses.answer.as_bytes();
    let name = name.get(..usize::from(u8::MAX)).unwrap_or(name);
    body.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    body.extend(name);
    uses.used.iter().for_each(|used| body.extend(used.0.to_le_bytes()));
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes();
    bytes.extend(length);
    bytes.extend(&body);
    bytes.extend(crc32fast::hash(&body).to_le_bytes());
    bytes.extend(length);
}

/// The last entry, read from the end; `None` when that is none.
fn last_entry(file: &mut File, size: u64) -> std::io::Result<Option<Last>> {
    let mut tail = [0; TAIL];
    file.seek(SeekFrom::Start(size.saturating_sub(TAIL as u64)))?;
    file.read_exact(&mut tail)?;
    let [_, _, _, _, length @ ..] = tail;
    let length = u64::from(u32::from_le_bytes(length));
    let all = length + 4 + TAIL as u64;
    if length > MOST_BYTES as u64 || all + HEAD.len() as u64 > size {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(size - all))?;
    let mut entries = Entries { file: BufReader::new(file), end: 0, body: Vec::new() };
    let last = entries.next()?.map(|entry| (entry.sequence(), entry.seal()));
    Ok(last.filter(|_| entries.end == all))
}

/// Reads entry after entry, up to the first one that is not whole.
struct Entries<F> {
    file: BufReader<F>,
    /// Behind the last whole entry.
    end: u64,
    body: Vec<u8>,
}

impl Entries<File> {
    fn of(mut file: File) -> std::io::Result<Self> {
        file.seek(SeekFrom::Start(HEAD.len() as u64))?;
        let file = BufReader::with_capacity(1 << 20, file);
        Ok(Self { file, end: HEAD.len() as u64, body: Vec::new() })
    }
}

impl<F: Read> Entries<F> {
    fn next(&mut self) -> std::io::Result<Option<Entry<'_>>> {
        let mut length = [0; 4];
        if !filled(&mut self.file, &mut length)? {
            return Ok(None);
        }
        let n = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        if !(FIXED..=MOST_BYTES).contains(&n) {
            return Ok(None);
        }
        self.body.resize(n, 0);
        let mut tail = [0; TAIL];
        if !filled(&mut self.file, &mut self.body)? || !filled(&mut self.file, &mut tail)? {
            return Ok(None);
        }
        let [a, b, c, d, again @ ..] = tail;
        if again != length || crc32fast::hash(&self.body) != u32::from_le_bytes([a, b, c, d]) {
            return Ok(None);
        }
        self.end += (4 + n + TAIL) as u64;
        Ok(Some(Entry(&self.body)))
    }
}

/// Reads until `into` is full; whether there was enough.
fn filled(file: &mut impl Read, into: &mut [u8]) -> std::io::Result<bool> {
    match file.read_exact(into) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}

/// An entry as it stands in the file, at least its fixed part.
struct Entry<'a>(&'a [u8]);

impl Entry<'_> {
    fn eight(&self, at: usize) -> [u8; 8] {
        let bytes = self.0.get(at..).and_then(<[u8]>::first_chunk::<8>);
        bytes.copied().unwrap_or_default()
    }

    fn sequence(&self) -> u64 {
        u64::from_le_bytes(self.eight(0))
    }

    fn seal(&self) -> [u8; 8] {
        self.eight(8)
    }

    /// The name, and what follows it.
    fn parts(&self) -> (&[u8], &[u8]) {
        let rest = self.0.get(FIXED..).unwrap_or_default();
        let n = self.0.get(FIXED - 1).copied().unwrap_or_default();
        rest.split_at_checked(usize::from(n)).unwrap_or_default()
    }

    fn answer(&self) -> String {
        String::from_utf8_lossy(self.parts().0).into_owned()
    }

    /// Whether it is about an answer that used this.
    fn has(&self, wanted: Used) -> bool {
        let (used, _) = self.parts().1.as_chunks::<8>();
        used.binary_search_by_key(&wanted.0, |bytes| u64::from_le_bytes(*bytes)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Triples;

    fn uses(sequence: u64, used: &[&str]) -> Uses {
        let mut used: Vec<Used> = used.iter().map(|iri| Used::iri(iri)).collect();
        used.sort_unstable();
        let answer = if used.is_empty() { String::new() } else { format!("{sequence:016x}") };
        Uses { sequence, seal: Digest::of(&sequence.to_le_bytes()), answer, used }
    }

    fn found(index: &UseIndex, iri: &str) -> Vec<u64> {
        let found = index.find(&[vec![Used::iri(iri)]]).unwrap().unwrap();
        found[0].iter().map(|name| u64::from_str_radix(name, 16).unwrap()).collect()
    }

    fn filled() -> (tempfile::TempDir, UseIndex) {
        let root = tempfile::tempdir().unwrap();
        let mut index = UseIndex::open(root.path()).unwrap();
        index.add(&[uses(1, &["urn:a", "urn:b"]), uses(2, &[])]).unwrap();
        index.add(&[uses(3, &["urn:b"])]).unwrap();
        (root, index)
    }

    #[test]
    fn answers_are_found_by_each_thing_that_they_used_the_latest_first() {
        let (root, index) = filled();
        for index in [index, UseIndex::open(root.path()).unwrap()] {
            assert_eq!(found(&index, "urn:a"), [1]);
            assert_eq!(found(&index, "urn:b"), [3, 1]);
            assert_eq!(found(&index, "urn:c"), [0; 0]);
            assert_eq!(index.last_sequence(), 3);
            assert!(index.ends_with(&Digest::of(&3u64.to_le_bytes())));
            assert!(!index.ends_with(&Digest::of(&2u64.to_le_bytes())));
            let groups = [vec![Used::iri("urn:a"), Used::iri("urn:b")], vec![Used::iri("urn:a")]];
            let both = index.find(&groups).unwrap().unwrap();
            assert_eq!((both[0].len(), both[1].len()), (2, 1));
        }
    }

    #[test]
    fn an_entry_cut_off_at_any_byte_costs_only_itself() {
        let (root, index) = filled();
        let bytes = std::fs::read(&index.path).unwrap();
        let mut shorter = UseIndex::open(root.path()).unwrap();
        shorter.begin_anew().unwrap();
        shorter.add(&[uses(1, &["urn:a", "urn:b"]), uses(2, &[])]).unwrap();
        let two = usize::try_from(shorter.end).unwrap();
        for end in two + 1..bytes.len() {
            std::fs::write(&index.path, &bytes[..end]).unwrap();
            let mut opened = UseIndex::open(root.path()).unwrap();
            assert_eq!(opened.last_sequence(), 2, "cut at {end}");
            opened.add(&[uses(3, &["urn:b"])]).unwrap();
            assert_eq!(found(&opened, "urn:b"), [3, 1]);
        }
    }

    #[test]
    fn damage_is_noticed_and_another_file_is_begun_anew() {
        let (root, index) = filled();
        let mut bytes = std::fs::read(&index.path).unwrap();
        bytes[30] ^= 1;
        std::fs::write(&index.path, &bytes).unwrap();
        // The end is whole, so that opening sees nothing.
        let opened = UseIndex::open(root.path()).unwrap();
        assert_eq!(opened.last_sequence(), 3);
        assert_eq!(opened.find(&[vec![Used::iri("urn:b")]]).unwrap(), None);
        std::fs::write(&index.path, b"something else entirely").unwrap();
        assert_eq!(UseIndex::open(root.path()).unwrap().last_sequence(), 0);
    }

    #[test]
    fn a_record_uses_what_it_names_and_nothing_of_its_own() {
        let answer = "urn:veritrail:answer:0a";
        let mut triples = Triples::new();
        let activity = format!("{answer}/answering");
        triples.link(&activity, prov::USED, &format!("{answer}/question"));
        triples.link(&activity, prov::USED, "urn:entity");
        triples.link(answer, dcterms::REFERENCES, "urn:document");
        triples.link(&format!("{answer}/evidence/1"), prov::WAS_DERIVED_FROM, "urn:version");
        triples.link(&format!("{answer}/evidence/2"), prov::WAS_DERIVED_FROM, "urn:version");
        triples.text(&format!("{answer}/software"), vt::MODEL, "llama");
        triples.text(answer, vt::MODE, "generated");
        let mut expected = vec![
            Used::iri("urn:entity"),
            Used::iri("urn:document"),
            Used::iri("urn:version"),
            Used::model("llama"),
        ];
        expected.sort_unstable();
        assert_eq!(used_by(answer, &triples.into_vec()), expected);
    }
}
