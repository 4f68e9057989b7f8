//! Citations, as every interface shows them.

use crate::model::{AnswerRecord, DocumentId, Evidence, Sentence};
use crate::vocab;
use serde::Serialize;
use utoipa::ToSchema;

/// One citation: where the quoted words stand, how they were found, and where to look.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct CitationBody {
    /// The `n` of `[n]` in the answer.
    pub(super) number: usize,
    /// IRI of the document.
    pub(super) document: String,
    /// Name of the document for `/api/documents/{id}`.
    pub(super) document_id: String,
    /// IRI of the version that was read.
    pub(super) version: String,
    pub(super) title: String,
    /// Headings above it, outermost first: `Install > Wiring`.
    pub(super) section: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) page: Option<u32>,
    /// Path of the file.
    pub(super) source: String,
    /// Path of the picture, when a picture is cited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) picture: Option<String>,
    /// The part of the picture, as a W3C media fragment: `xywh=10,20,300,200`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) region: Option<String>,
    /// The quoted words, exactly as they stand there.
    pub(super) quote: String,
    /// Code points of the document's text, for chunks.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Fused score of retrieval; it orders the evidence of one answer.
    pub(super) score: f32,
    /// Routes that found it.
    pub(super) routes: Vec<&'static str>,
    /// The walk through the graph that reached it, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) path: Vec<String>,
    /// Page of the document with the quoted words marked.
    pub(super) link: String,
    /// The picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) picture_link: Option<String>,
}

/// The citations of an answer, in the order of its marks.
pub(super) fn citations(record: &AnswerRecord) -> Vec<CitationBody> {
    let of_sentence = |sentence: &Sentence| {
        let cited = sentence.citations.iter().filter_map(|citation| {
            let item = record.evidence.iter().find(|item| item.number == citation.number)?;
            let place = item.fragment.span.start();
            let (start, end) = (place + citation.span.start(), place + citation.span.end());
            Some(citation_body(item, &citation.quote, start, end))
        });
        cited.collect::<Vec<_>>()
    };
    record.answer.sentences.iter().flat_map(of_sentence).collect()
}

fn citation_body(item: &Evidence, quote: &str, start: usize, end: usize) -> CitationBody {
    let document_id = document_name(&item.fragment.document).to_owned();
    let link = document_link(&document_id, start, end);
    CitationBody {
        number: item.number,
        document: item.fragment.document.as_str().to_owned(),
        document_id,
        version: item.fragment.version.as_str().to_owned(),
        title: item.title.clone(),
        section: item.fragment.section(),
        page: item.fragment.page,
        source: item.source.clone(),
        picture: item.picture_source.clone(),
        region: item.region.map(|region| region.to_string()),
        quote: quote.to_owned(),
        start,
        end,
        score: item.score,
        routes: item.routes.iter().map(|route| route.route.as_str()).collect(),
        path: item
            .path
            .iter()
            .flat_map(|path| path.steps.iter().map(|step| step.label().to_owned()))
            .collect(),
        link,
        picture_link: item.fragment.picture().map(picture_link),
    }
}

/// The part of a document's IRI that names it in addresses.
pub(super) fn document_name(document: &DocumentId) -> &str {
    document.as_str().strip_prefix(vocab::DOCUMENT_PREFIX).unwrap_or(document.as_str())
}

/// Address of a document's page, with a stretch of its text marked.
pub(super) fn document_link(document_id: &str, start: usize, end: usize) -> String {
    format!("/documents/{}?start={start}&end={end}", path_segment(document_id))
}

/// Address of a picture file.
pub(super) fn picture_link(picture: &DocumentId) -> String {
    format!("/api/documents/{}/picture", path_segment(document_name(picture)))
}

/// A text as one segment of a path: everything but unreserved characters is
/// percent-encoded (RFC 3986, section 2.3).
pub(super) fn path_segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_one_segment_of_its_address() {
        let document = DocumentId::from_source("docs/a b.md#T-1");
        assert_eq!(
            document_link(document_name(&document), 3, 9),
            "/documents/docs%2Fa%2520b.md%23T-1?start=3&end=9"
        );
        assert_eq!(picture_link(&DocumentId::from_source("p.png")), "/api/documents/p.png/picture");
    }
}
