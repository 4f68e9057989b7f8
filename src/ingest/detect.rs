//! What kind of document these bytes are.

use super::error::LoadError;
use crate::model::MediaType;
use crate::picture::media_type;

/// Endings under which nobody writes text.
const PICTURE_ENDINGS: [&str; 8] = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"];

/// The kind of a document: pictures and HTML by content, Markdown, Turtle and
/// plain text by content and, where the content is silent, by the path's ending.
pub(super) fn detect(bytes: &[u8], source: &str) -> Result<MediaType, LoadError> {
    if let Some(kind) = media_type(bytes) {
        return Ok(kind);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| LoadError::Kind {
        source_path: source.to_owned(),
        found: format!("bytes that are not UTF-8 from byte {}", error.valid_up_to()),
    })?;
    let ending = source.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
    let ending = ending.as_deref().unwrap_or_default();
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
        "ttl" => MediaType::Turtle,
        _ => MediaType::PlainText,
    })
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
