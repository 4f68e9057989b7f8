//! Fragments: what is embedded, retrieved and cited.

use super::{DocumentId, FragmentId, Span, VersionId};
use serde::{Deserialize, Serialize};

/// A chunk of text or a picture, as part of one document version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fragment {
    /// Identity: document version and position.
    pub id: FragmentId,
    /// The document it belongs to.
    pub document: DocumentId,
    /// The version it belongs to.
    pub version: VersionId,
    /// Position among the fragments of the version, from 0.
    pub ordinal: u32,
    /// Headings from the outermost to the innermost above it.
    pub heading_path: Vec<String>,
    /// Where it stands in the document's text. For pictures: where they are
    /// shown; the empty span at 0 in a picture file of its own.
    pub span: Span,
    /// The page, from 1, on which it begins, in documents that have pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// Chunk: exactly the text under the span. Picture: alternative text,
    /// caption and surrounding text, one per line.
    pub text: String,
    /// Chunk or picture.
    pub kind: FragmentKind,
}

/// Chunk of text, or picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FragmentKind {
    /// Consecutive text.
    Chunk,
    /// A picture, shown by a page or in a file of its own.
    Picture {
        /// The document that holds the pixels: the picture file.
        picture: DocumentId,
        /// Alternative text; empty when the page gives none.
        alt: String,
        /// Caption, when the page gives one.
        caption: Option<String>,
    },
}

/// A link in the text of a fragment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FragmentLink {
    /// The fragment.
    pub fragment: FragmentId,
    /// The link's visible text, in code points of the fragment's text.
    pub span: Span,
    /// The document to which it leads; it need not be known.
    pub target: DocumentId,
}

impl Fragment {
    /// The picture file's document when this is a picture.
    pub fn picture(&self) -> Option<&DocumentId> {
        match &self.kind {
            FragmentKind::Picture { picture, .. } => Some(picture),
            FragmentKind::Chunk => None,
        }
    }

    /// The heading path as people read it: `Install > Wiring`.
    pub fn section(&self) -> String {
        self.heading_path.join(" > ")
    }
}
