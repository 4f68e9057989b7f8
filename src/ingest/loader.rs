//! The border between kinds of documents and the rest.

use super::bounded::{MAX_LOAD_TIME, bounded};
use super::detect::{detect, looks_like_markdown};
use super::error::LoadError;
use super::source::SourceItem;
use super::{docx, email, json, pdf, rdf, rst, table};
use super::{html, markdown, picture, plain};
use crate::model::{Figure, Link, Loaded, MediaType, Span};

/// Makes text, sections, links and pictures of the bytes of one kind of document.
pub trait Loader: Sync {
    /// Loads `bytes`; `source` is the path against which links are resolved.
    ///
    /// # Errors
    /// When the bytes are damaged; the message names `source`.
    fn load(&self, source: &str, bytes: &[u8]) -> Result<Loaded, LoadError>;
}

/// Detects the kind of a document and loads it.
///
/// # Errors
/// When the kind is unknown or the bytes are damaged.
pub fn load(item: &SourceItem) -> Result<(MediaType, Loaded), LoadError> {
    if let Some(record) = &item.record {
        let text = record.text.as_bytes();
        let (kind, mut loaded) = if looks_like_markdown(&record.text) {
            (MediaType::Markdown, markdown::MarkdownLoader.load(&item.source, text)?)
        } else {
            (MediaType::PlainText, plain::PlainLoader.load(&item.source, text)?)
        };
        loaded.aliases.clone_from(record.aliases.as_ref().unwrap_or(&Vec::new()));
        loaded.is_term = record.aliases.is_some();
        if record.title.is_some() {
            loaded.title.clone_from(&record.title);
        }
        // The record says that, but not where.
        let span = Span::new(0, 0);
        loaded.links.extend(record.links.iter().map(|target| Link {
            span,
            anchor: String::new(),
            target: target.clone(),
        }));
        loaded.figures.extend(record.pictures.iter().map(|shown| Figure {
            span,
            target: shown.file.clone(),
            alt: shown.alt.clone(),
            caption: shown.caption.clone(),
            surrounding: String::new(),
        }));
        return Ok((kind, loaded));
    }
    let kind = detect(&item.bytes, &item.source)?;
    if let Some(loader) = foreign(kind) {
        let (source, bytes) = (item.source.clone(), item.bytes.clone());
        let load = move || loader.load(&source, &bytes);
        return Ok((kind, bounded(&item.source, MAX_LOAD_TIME, load)?));
    }
    let loader: &dyn Loader = match kind {
        MediaType::Markdown => &markdown::MarkdownLoader,
        MediaType::ReStructuredText => &rst::RstLoader,
        MediaType::Turtle
        | MediaType::TriG
        | MediaType::NTriples
        | MediaType::NQuads
        | MediaType::RdfXml
        | MediaType::JsonLd => &rdf::RdfLoader(kind),
        MediaType::Csv | MediaType::Tsv => &table::TableLoader { metadata: item.metadata.as_ref() },
        MediaType::Json => &json::JsonLoader,
        kind if kind.is_picture() => &picture::PictureLoader,
        _ => &plain::PlainLoader,
    };
    Ok((kind, loader.load(&item.source, &item.bytes)?))
}

/// The loaders whose parsers are not ours: they run bounded.
fn foreign(kind: MediaType) -> Option<&'static dyn Loader> {
    Some(match kind {
        MediaType::Html => &html::HtmlLoader,
        MediaType::Pdf => &pdf::PdfLoader,
        MediaType::Docx => &docx::DocxLoader,
        MediaType::Email => &email::EmailLoader,
        _ => return None,
    })
}

/// The pictures inside of a PDF or DOCX document, as documents of their own whose
/// paths begin with that of the document.
pub(super) fn inner_pictures(source: &str, bytes: &[u8]) -> Vec<Result<SourceItem, LoadError>> {
    let kind = match detect(bytes, source) {
        Ok(kind @ (MediaType::Pdf | MediaType::Docx)) => kind,
        // The document itself reports what is wrong.
        _ => return Vec::new(),
    };
    let (from, bytes) = (source.to_owned(), bytes.to_vec());
    let pictures = bounded(source, MAX_LOAD_TIME, move || {
        Ok(match kind {
            MediaType::Pdf => pdf::pictures(&from, &bytes).into_iter().map(Ok).collect(),
            _ => docx::pictures(&from, &bytes),
        })
    });
    pictures.unwrap_or_default()
}

/// Text with `\n` line ends and without a byte order mark.
pub(super) fn clean_text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// A heading in the form in which paths of headings are joined.
pub(super) fn clean_heading(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace(" > ", " / ")
}
