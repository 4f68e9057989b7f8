//! What kind of document these bytes are.

use super::container;
use super::docx::MAIN_PART;
use super::email::is_email;
use super::error::LoadError;
use super::loader::clean_text;
use crate::model::MediaType;
use crate::picture::media_type;

/// Endings under which nobody writes text.
const PICTURE_ENDINGS: [&str; 8] = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"];

/// How Word 97 to 2003 and other compound files begin.
const COMPOUND_FILE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// The kind of a document: pictures, PDF, DOCX, e-mail, HTML and RDF/XML by content, the
/// others by content and, where the content is silent, by the path's ending.
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
        found: not_utf8(bytes, error.valid_up_to()),
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
    if let Some(kind) = data_kind(ending, text, &lower) {
        return Ok(kind);
    }
    Ok(match ending {
        "md" | "markdown" => MediaType::Markdown,
        "html" | "htm" => MediaType::Html,
        "rst" => MediaType::ReStructuredText,
        _ => MediaType::PlainText,
    })
}

/// The kind of a file of data, by its ending and by what is sure in its text.
fn data_kind(ending: &str, text: &str, head: &str) -> Option<MediaType> {
    let is_xml = head.starts_with("<?xml") || head.starts_with("<!doctype rdf");
    let is_turtle = head.starts_with("@prefix ") || head.starts_with("@base ");
    let may_be_rdf = matches!(ending, "ttl" | "rdf" | "owl" | "txt" | "text" | "");
    if may_be_rdf && (head.starts_with("<rdf:rdf") || (is_xml && text.contains("<rdf:RDF"))) {
        return Some(MediaType::RdfXml);
    }
    if may_be_rdf && is_turtle {
        return Some(MediaType::Turtle);
    }
    Some(match ending {
        "ttl" => MediaType::Turtle,
        "trig" => MediaType::TriG,
        "nt" => MediaType::NTriples,
        "nq" => MediaType::NQuads,
        "rdf" | "owl" => MediaType::RdfXml,
        "jsonld" => MediaType::JsonLd,
        "json" if json_has_context(text) => MediaType::JsonLd,
        "json" => MediaType::Json,
        "csv" => MediaType::Csv,
        "tsv" | "tab" => MediaType::Tsv,
        _ => return None,
    })
}

/// Whether an object of the outermost level of JSON has a context of JSON-LD.
fn json_has_context(text: &str) -> bool {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Top {
        One(Object),
        Many(Vec<Object>),
    }
    #[derive(serde::Deserialize)]
    struct Object {
        #[serde(rename = "@context")]
        context: Option<serde::de::IgnoredAny>,
    }
    // The search is cheap and spares most files the parsing.
    text.contains("\"@context\"")
        && match serde_json::from_str(&clean_text(text.as_bytes())) {
            Ok(Top::One(object)) => object.context.is_some(),
            Ok(Top::Many(objects)) => objects.iter().any(|object| object.context.is_some()),
            Err(_) => false,
        }
}

/// What bytes are that are not UTF-8, with the line.
fn not_utf8(bytes: &[u8], valid_up_to: usize) -> String {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return "text in UTF-16; save it as UTF-8".to_owned();
    }
    let before = bytes.get(..valid_up_to).unwrap_or_default();
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    format!("bytes that are not UTF-8 from byte {valid_up_to} (line {line}); save it as UTF-8")
}

/// PDF, DOCX and e-mail: by content where it is sure, by the ending where the
/// content is damaged so that the loader can say what is wrong.
fn document_kind(bytes: &[u8], ending: &str) -> Option<MediaType> {
    if bytes.trim_ascii_start().starts_with(b"%PDF-") {
        return Some(MediaType::Pdf);
    }
    if container::has_part(bytes, MAIN_PART) {
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
