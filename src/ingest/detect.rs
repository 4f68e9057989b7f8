//! What kind of document these bytes are.

use super::archive;
use super::docx::MAIN_PART;
use super::email::is_email;
use super::error::LoadError;
use crate::model::MediaType;
use crate::picture::media_type;

/// Endings under which nobody writes text.
const PICTURE_ENDINGS: [&str; 8] = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"];

/// How Word 97 to 2003 and other compound files begin.
const COMPOUND_FILE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// The kind of a document: pictures, PDF, DOCX, e-mail and HTML by content,
/// Markdown, Turtle and plain text by content and, where the content is silent, by
/// the path's ending.
pub(super) fn detect(bytes: &[u8], source: &str) -> Result<MediaType, LoadError> {
    if let Some(kind) = media_type(bytes) {
        return Ok(kind);
    }
    let ending = source.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
    let ending = ending.as_deref().unwrap_or_default();
    if let Some(kind) = document_kind(bytes, ending) {
        return Ok(kind);
    }
    if bytes.starts_with(COMPOUND_FILE) {
        return Err(LoadError::Kind {
            source_path: source.to_owned(),
            found: "a document of Word 97-2003 or the like\nhint: save it as DOCX or PDF"
                .to_owned(),
        });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| LoadError::Kind {
        source_path: source.to_owned(),
        found: format!("bytes that are not UTF-8 from byte {}", error.valid_up_to()),
    })?;
    if PICTURE_ENDINGS.contains(&ending) {
        return Err(LoadError::Kind {
            source_path: source.to_owned(),
            found: "text under the name of a picture".to_owned(),
        });
    }
    let head = text.trim_start_matches('\u{feff}').trim_start();
    let lower: String = head.chars().take(200).flat_map(char::to_lowercase).collect();
    if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        return Ok(MediaType::Html);
    }
    Ok(match ending {
        "md" | "markdown" => MediaType::Markdown,
        "html" | "htm" => MediaType::Html,
        "rst" => MediaType::ReStructuredText,
        "ttl" => MediaType::Turtle,
        _ => MediaType::PlainText,
    })
}

/// PDF, DOCX and e-mail: by content where it is sure, by the ending where the
/// content is damaged so that the loader can say what is wrong.
fn document_kind(bytes: &[u8], ending: &str) -> Option<MediaType> {
    if bytes.trim_ascii_start().starts_with(b"%PDF-") {
        return Some(MediaType::Pdf);
    }
    if archive::has_part(bytes, MAIN_PART) {
        return Some(MediaType::Docx);
    }
    if is_email(bytes) {
        return Some(MediaType::Email);
    }
    let head: String = bytes.iter().take(200).map(|byte| char::from(*byte)).collect();
    let head = head.trim_start().to_lowercase();
    let is_html = head.starts_with("<!doctype html") || head.starts_with("<html");
    match ending {
        _ if is_html => None,
        "pdf" => Some(MediaType::Pdf),
        "docx" if !bytes.starts_with(COMPOUND_FILE) => Some(MediaType::Docx),
        "eml" => Some(MediaType::Email),
        _ => None,
    }
}

/// Whether the text of a record is written in Markdown: it has an ATX heading,
/// a fenced block or a link.
pub(super) fn looks_like_markdown(text: &str) -> bool {
    text.contains("](")
        || text.lines().any(|line| {
            let hashes = line.bytes().take_while(|byte| *byte == b'#').count();
            line.starts_with("```")
                || ((1..=6).contains(&hashes) && line.get(hashes..hashes + 1) == Some(" "))
        })
}
