//! Documents and what a loader finds in their bytes.

use super::{Digest, DocumentId, PictureFacts, PlacedLine, Span, VersionId};
use serde::{Deserialize, Serialize};

/// One version of a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Stable identity, the same for every version.
    pub id: DocumentId,
    /// This version: the digest of the bytes under the document's id.
    pub version: VersionId,
    /// Digest of the original bytes; also the name of the blob that keeps them.
    pub digest: Digest,
    /// Digest of the extracted text into which fragment spans point.
    pub text_digest: Digest,
    /// Path relative to the source folder, or the given id.
    pub source: String,
    /// Kind of content, decided by the bytes.
    pub media_type: MediaType,
    /// Title for people.
    pub title: String,
    /// Other names of what it is about.
    pub aliases: Vec<String>,
    /// Whether it is an entry of a glossary: what it is about is a term.
    pub is_term: bool,
    /// Who may see it.
    pub access_label: AccessLabel,
    /// BCP 47 language tag, when known.
    pub language: Option<String>,
    /// Size of the original.
    pub size_bytes: u64,
    /// Facts about the pixels, for pictures only.
    pub picture: Option<PictureFacts>,
}

/// The label that decides who may see a document. `public` is for everyone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccessLabel(pub String);

impl Default for AccessLabel {
    fn default() -> Self {
        Self("public".to_owned())
    }
}

/// What the bytes of a document are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum MediaType {
    /// `text/markdown`
    #[serde(rename = "text/markdown")]
    Markdown,
    /// `text/html`
    #[serde(rename = "text/html")]
    Html,
    /// `text/plain`
    #[serde(rename = "text/plain")]
    PlainText,
    /// `text/turtle`
    #[serde(rename = "text/turtle")]
    Turtle,
    /// `application/trig`
    #[serde(rename = "application/trig")]
    TriG,
    /// `application/n-triples`
    #[serde(rename = "application/n-triples")]
    NTriples,
    /// `application/n-quads`
    #[serde(rename = "application/n-quads")]
    NQuads,
    /// `application/rdf+xml`
    #[serde(rename = "application/rdf+xml")]
    RdfXml,
    /// `application/ld+json`
    #[serde(rename = "application/ld+json")]
    JsonLd,
    /// `text/csv`
    #[serde(rename = "text/csv")]
    Csv,
    /// `text/tab-separated-values`
    #[serde(rename = "text/tab-separated-values")]
    Tsv,
    /// `application/json`
    #[serde(rename = "application/json")]
    Json,
    /// `text/x-rst`
    #[serde(rename = "text/x-rst")]
    ReStructuredText,
    /// `application/pdf`
    #[serde(rename = "application/pdf")]
    Pdf,
    /// `application/vnd.openxmlformats-officedocument.wordprocessingml.document`
    #[serde(rename = "application/vnd.openxmlformats-officedocument.wordprocessingml.document")]
    Docx,
    /// `message/rfc822`
    #[serde(rename = "message/rfc822")]
    Email,
    /// `image/png`
    #[serde(rename = "image/png")]
    Png,
    /// `image/jpeg`
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// `image/webp`
    #[serde(rename = "image/webp")]
    WebP,
    /// `image/gif`
    #[serde(rename = "image/gif")]
    Gif,
    /// `image/bmp`
    #[serde(rename = "image/bmp")]
    Bmp,
    /// `image/tiff`
    #[serde(rename = "image/tiff")]
    Tiff,
}

impl MediaType {
    /// The registered media type name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Markdown => "text/markdown",
            Self::Html => "text/html",
            Self::PlainText => "text/plain",
            Self::Turtle => "text/turtle",
            Self::TriG => "application/trig",
            Self::NTriples => "application/n-triples",
            Self::NQuads => "application/n-quads",
            Self::RdfXml => "application/rdf+xml",
            Self::JsonLd => "application/ld+json",
            Self::Csv => "text/csv",
            Self::Tsv => "text/tab-separated-values",
            Self::Json => "application/json",
            Self::ReStructuredText => "text/x-rst",
            Self::Pdf => "application/pdf",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Email => "message/rfc822",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
        }
    }

    /// The media type with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Markdown,
            Self::Html,
            Self::PlainText,
            Self::Turtle,
            Self::TriG,
            Self::NTriples,
            Self::NQuads,
            Self::RdfXml,
            Self::JsonLd,
            Self::Csv,
            Self::Tsv,
            Self::Json,
            Self::ReStructuredText,
            Self::Pdf,
            Self::Docx,
            Self::Email,
            Self::Png,
            Self::Jpeg,
            Self::WebP,
            Self::Gif,
            Self::Bmp,
            Self::Tiff,
        ]
        .into_iter()
        .find(|media_type| media_type.as_str() == name)
    }

    /// Whether this is a picture.
    pub fn is_picture(self) -> bool {
        self.as_str().starts_with("image/")
    }
}

/// What a loader makes of the bytes of one document, before chunking.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Title found in the document; `None` lets the caller use the file name.
    pub title: Option<String>,
    /// Extracted text, line ends as `\n`. For Markdown, reStructuredText and plain
    /// text this is the original itself; for all others it is a rendering.
    pub text: String,
    /// Sections in reading order; their spans do not overlap.
    pub sections: Vec<Section>,
    /// The text of each page in order, the first being page 1; empty where the
    /// document has no pages.
    pub pages: Vec<Span>,
    /// Other names of what the document is about.
    pub aliases: Vec<String>,
    /// Whether it is an entry of a glossary.
    pub is_term: bool,
    /// Links to other documents.
    pub links: Vec<Link>,
    /// Pictures that the document shows.
    pub figures: Vec<Figure>,
    /// BCP 47 language tag, when the document states one.
    pub language: Option<String>,
    /// Facts about the pixels, for pictures only.
    pub picture: Option<PictureFacts>,
    /// Lines read in a picture, each with its place in `text`.
    pub lines: Vec<PlacedLine>,
    /// Triples of an RDF document, or those to which a table or JSON is mapped.
    pub triples: Vec<oxigraph::model::Triple>,
    /// What was odd but did not stop the loading, in words for people.
    pub warnings: Vec<String>,
}

impl Loaded {
    /// The page, from 1, on which a code point of the text stands.
    pub fn page(&self, code_point: usize) -> Option<u32> {
        let page = self.pages.iter().rposition(|page| page.start() <= code_point)?;
        u32::try_from(page + 1).ok()
    }
}

/// A stretch of text under one heading, up to the next heading of any level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Headings from the outermost to this section's own; empty before the first.
    pub heading_path: Vec<String>,
    /// The text of the section, its heading line included.
    pub span: Span,
}

/// A link from one document to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Where the link's text stands.
    pub span: Span,
    /// The visible text.
    pub anchor: String,
    /// Target as a source path or given id, already resolved against the
    /// linking document; or an absolute IRI.
    pub target: String,
}

/// A picture shown by a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// Where the reference stands.
    pub span: Span,
    /// Source path of the picture, resolved against the document; or an absolute IRI.
    pub target: String,
    /// Alternative text.
    pub alt: String,
    /// Caption, when there is one.
    pub caption: Option<String>,
    /// Text right before and after, at most a few hundred characters.
    pub surrounding: String,
}
