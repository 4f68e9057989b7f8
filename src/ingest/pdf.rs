//! PDF: text page by page, title, language and pictures.

use super::error::LoadError;
use super::loader::{Loader, clean_heading};
use super::pdf_text::{PageText, TooMuch};
use super::source::SourceItem;
use crate::model::{Figure, Loaded, Section, Span};
use crate::picture::media_type;
use flate2::read::{DeflateDecoder, ZlibDecoder};
use hayro_interpret::hayro_syntax::object::{Dict, Object, Stream, String as PdfString};
use hayro_interpret::hayro_syntax::{Filter, LoadPdfError, Pdf};
use hayro_interpret::kurbo::{Affine, Rect};
use hayro_interpret::{Context, InterpreterCache, InterpreterSettings, interpret_page};
use std::collections::HashSet;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Name of this kind of document in messages.
const KIND: &str = "PDF document";
/// The header stands within these bytes.
const HEAD_BYTES: usize = 1024;
/// Longest stream after inflating.
const MAX_STREAM_BYTES: u64 = 128 << 20;
/// All streams together after inflating.
const MAX_INFLATED_BYTES: u64 = 2 << 30;
/// Most filters on one stream.
const MAX_FILTERS: usize = 4;
/// Bound on the length of a stream whose length is not measured.
const MAX_ESTIMATED_BYTES: u64 = 1 << 30;
/// Shortest side of a picture that is taken in, in pixels; smaller ones are
/// bullets, rules and logos.
const MIN_PICTURE_SIDE: u32 = 64;

/// Loads PDF; spans point into the extracted text, and every page is a section.
/// Drawings are left out; text is read in the order in which it was written.
pub(super) struct PdfLoader;

impl Loader for PdfLoader {
    fn load(&self, source: &str, bytes: &[u8]) -> Result<Loaded, LoadError> {
        let pdf = open(source, bytes)?;
        let cache = InterpreterCache::new();
        let (mut text, mut n_chars) = (String::new(), 0);
        let (mut pages, mut figures, mut shown) = (Vec::new(), Vec::new(), HashSet::new());
        let (mut n_known, mut n_unknown) = (0, 0);
        let mut reader = PageText::default();
        for page in pdf.pages().iter() {
            let settings = InterpreterSettings::default();
            let unit = Rect::new(0.0, 0.0, 1.0, 1.0);
            let mut context = Context::new(Affine::IDENTITY, unit, &cache, pdf.xref(), settings);
            let read = AssertUnwindSafe(|| interpret_page(page, &mut context, &mut reader));
            if let Err(payload) = catch_unwind(read) {
                let Ok(too_much) = payload.downcast::<TooMuch>() else {
                    return Err(damaged(
                        source,
                        format!("page {}, on which the reader fails", pages.len() + 1),
                    ));
                };
                return Err(limit(source, too_much.expected(), "more".to_owned()));
            }
            let read = reader.take();
            n_known += read.n_known;
            n_unknown += read.n_unknown;
            let span = Span::new(n_chars, n_chars + read.text.chars().count());
            for object in read.pictures.into_iter().filter(|object| shown.insert(*object)) {
                figures.push(Figure {
                    span: Span::new(n_chars, n_chars),
                    target: picture_source(source, object),
                    alt: String::new(),
                    caption: None,
                    surrounding: read
                        .text
                        .split_whitespace()
                        .take(50)
                        .collect::<Vec<_>>()
                        .join(" "),
                });
            }
            n_chars = span.end();
            text.push_str(&read.text);
            pages.push(span);
        }
        if n_unknown > n_known {
            return Err(damaged(
                source,
                "fonts that do not say which letters they draw\nhint: print it to a new PDF, or take in its pages as pictures".to_owned(),
            ));
        }
        if text.trim().is_empty() && figures.is_empty() {
            return Err(damaged(
                source,
                format!(
                    "{} pages without text\nhint: take in scanned pages as pictures, whose text is read",
                    pages.len()
                ),
            ));
        }
        let sections = pages.iter().map(|span| Section { heading_path: Vec::new(), span: *span });
        let sections = sections.collect();
        let title = pdf.metadata().title.as_deref().map(words).map(|title| clean_heading(&title));
        let title = title.filter(|title| title.chars().any(char::is_alphabetic));
        let language = language(&pdf);
        Ok(Loaded { title, text, sections, pages, figures, language, ..Loaded::default() })
    }
}

/// The photos inside of a PDF document, as documents of their own below its path.
/// Pictures that are not stored as JPEG are left out.
pub(super) fn pictures(source: &str, bytes: &[u8]) -> Vec<SourceItem> {
    // The document itself reports what is wrong.
    let Ok(pdf) = open(source, bytes) else { return Vec::new() };
    let photos = pdf.objects().into_iter().filter_map(|object| {
        let Object::Stream(stream) = object else { return None };
        let object = photo(&stream)?;
        let bytes = stream.raw_data().into_owned();
        media_type(&bytes)?;
        Some(SourceItem { source: picture_source(source, object), bytes, ..SourceItem::default() })
    });
    let mut photos: Vec<SourceItem> = photos.collect();
    photos.sort_by(|a, b| a.source.cmp(&b.source));
    photos.dedup_by(|a, b| a.source == b.source);
    photos
}

/// The object number of a picture that is a JPEG file as it stands.
pub(super) fn photo(stream: &Stream<'_>) -> Option<u32> {
    let side = |name: &str| stream.dict().get::<u32>(name).unwrap_or(0);
    let large = side("Width") >= MIN_PICTURE_SIDE && side("Height") >= MIN_PICTURE_SIDE;
    let is_jpeg = stream.filters().as_slice() == [Filter::DctDecode];
    (large && is_jpeg).then(|| stream.obj_id().obj_number)
}

fn picture_source(source: &str, object: u32) -> String {
    format!("{source}/picture-{object}.jpg")
}

fn damaged(source: &str, found: String) -> LoadError {
    LoadError::Damaged { source_path: source.to_owned(), kind: KIND, found }
}

fn limit(source: &str, expected: String, found: String) -> LoadError {
    LoadError::Limit { source_path: source.to_owned(), kind: KIND, expected, found }
}

/// Opens a PDF whose streams stay within bounds.
fn open(source: &str, bytes: &[u8]) -> Result<Pdf, LoadError> {
    let head = bytes.get(..bytes.len().min(HEAD_BYTES)).unwrap_or_default();
    if find(head, b"%PDF-").is_none() {
        return Err(damaged(source, "no `%PDF-` at its head".to_owned()));
    }
    measure_streams(source, bytes)?;
    let pdf = Pdf::new(bytes.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(_) => damaged(
            source,
            "a document that is locked by a password\nhint: save it without one".to_owned(),
        ),
        LoadPdfError::Invalid => damaged(source, "no page".to_owned()),
    })?;
    if pdf.pages().is_empty() {
        return Err(damaged(source, "no page".to_owned()));
    }
    let is_encrypted = find(bytes, b"/Encrypt").is_some();
    for object in pdf.objects() {
        let Object::Stream(stream) = object else { continue };
        let filters = stream.filters();
        let is_measured = filters.iter().all(|filter| *filter == Filter::FlateDecode);
        if is_measured && !is_encrypted {
            continue;
        }
        // The most that one byte can become.
        let growth = filters.iter().map(|filter| match filter {
            Filter::FlateDecode => 1032,
            Filter::LzwDecode => 2731,
            Filter::RunLengthDecode => 64,
            _ => 1,
        });
        let growth = growth.fold(1, u64::saturating_mul);
        let estimate = growth.saturating_mul(stream.raw_data().len() as u64);
        if growth > 1 && estimate > MAX_ESTIMATED_BYTES {
            let number = stream.obj_id().obj_number;
            let expected = format!("streams that cannot grow beyond {MAX_ESTIMATED_BYTES} bytes");
            return Err(limit(source, expected, format!("object {number}")));
        }
    }
    Ok(pdf)
}

/// Inflates every stream once, keeping nothing: what would not fit into memory is
/// refused before anything is read.
fn measure_streams(source: &str, bytes: &[u8]) -> Result<(), LoadError> {
    let (mut at, mut n_inflated) = (0, 0u64);
    while let Some(found) = bytes.get(at..).and_then(|rest| find(rest, b"stream")) {
        at += found + b"stream".len();
        let data = bytes.get(at..).unwrap_or_default().trim_ascii_start();
        // The word also ends a stream, and may stand in one.
        if data.starts_with(b"endobj") {
            continue;
        }
        let mut n_filters = 0;
        loop {
            let mut head = [0; 2];
            let has_head = inflated(data, n_filters).read_exact(&mut head).is_ok();
            if n_filters > 0 && !(has_head && is_zlib(head)) {
                break;
            }
            n_filters += 1;
            let n = drained(inflated(data, n_filters).take(MAX_STREAM_BYTES + 1));
            n_inflated += n;
            if n > MAX_STREAM_BYTES || n_inflated > MAX_INFLATED_BYTES || n_filters > MAX_FILTERS {
                let expected = format!(
                    "streams of at most {MAX_STREAM_BYTES} bytes each and {MAX_INFLATED_BYTES} together after inflating"
                );
                return Err(limit(source, expected, format!("more in the stream at byte {at}")));
            }
        }
    }
    Ok(())
}

/// A stream inflated `n_filters` times, the first time with or without a header as
/// the reader does.
fn inflated(data: &[u8], n_filters: usize) -> Box<dyn Read + '_> {
    let has_header = data.first_chunk().is_some_and(|head| is_zlib(*head));
    (0..n_filters).fold(Box::new(data), |reader: Box<dyn Read + '_>, n| {
        if n > 0 || has_header {
            Box::new(ZlibDecoder::new(reader))
        } else {
            Box::new(DeflateDecoder::new(reader))
        }
    })
}

/// Whether two bytes are the header of a zlib stream (RFC 1950, section 2.2).
fn is_zlib(head: [u8; 2]) -> bool {
    head[0] & 0x0f == 8 && u16::from_be_bytes(head).is_multiple_of(31)
}

/// How many bytes come out before the end or the first damage.
fn drained(mut reader: impl Read) -> u64 {
    let (mut buffer, mut n_bytes) = (vec![0; 1 << 16], 0);
    while let Ok(n) = reader.read(&mut buffer)
        && n > 0
    {
        n_bytes += n as u64;
    }
    n_bytes
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|window| window == word)
}

/// A text string of PDF: UTF-16 or UTF-8 with a mark, else bytes as Latin-1.
fn words(bytes: &[u8]) -> String {
    if let Some(wide) = bytes.strip_prefix(b"\xfe\xff") {
        let units = wide.chunks_exact(2).filter_map(|pair| pair.try_into().ok());
        let units: Vec<u16> = units.map(u16::from_be_bytes).collect();
        return String::from_utf16_lossy(&units);
    }
    if let Some(utf8) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return String::from_utf8_lossy(utf8).into_owned();
    }
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// The language that the catalogue names.
fn language(pdf: &Pdf) -> Option<String> {
    let xref = pdf.xref();
    let tag = xref.get::<Dict<'_>>(xref.root_id())?.get::<PdfString<'_>>("Lang")?;
    let tag = words(tag.as_bytes()).trim().to_owned();
    let plain = tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    (plain && !tag.is_empty()).then_some(tag)
}
