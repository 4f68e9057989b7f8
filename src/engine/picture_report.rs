//! What is known of one picture.

use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use crate::model::{MediaType, PictureFacts};

/// A picture of the knowledge base.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct PictureReport {
    /// Source path of the file.
    pub source: String,
    /// Kind of content.
    pub media_type: MediaType,
    /// Pixels, colours, and what the camera wrote.
    pub facts: PictureFacts,
    /// Source paths of the documents that show the file.
    pub shown_by: Vec<String>,
    /// Pictures that look nearly the same, nearest first.
    pub near_duplicates: Vec<NearDuplicate>,
}

/// A picture that looks nearly like another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct NearDuplicate {
    /// Bits by which the hashes differ.
    pub n_bits: u32,
    /// Source path.
    pub source: String,
}

impl KnowledgeBase {
    /// What is known of a picture, named by the source path of its file or by the
    /// IRI of its document, version or fragment; none when there is no such picture.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn picture(&self, name: &str) -> Result<Option<PictureReport>, EngineError> {
        let documents = self.graph.documents()?;
        let fragments = self.graph.fragments()?;
        let shown = fragments.iter().find(|f| f.id.as_str() == name).and_then(|f| f.picture());
        let found = documents.iter().find(|document| {
            shown == Some(&document.id)
                || [document.source.as_str(), document.id.as_str(), document.version.as_str()]
                    .contains(&name)
        });
        let Some((document, facts)) = found.and_then(|d| Some((d, d.picture.as_ref()?))) else {
            return Ok(None);
        };
        let showing = fragments.iter().filter(|fragment| {
            fragment.picture() == Some(&document.id) && fragment.document != document.id
        });
        let mut shown_by: Vec<String> =
            showing.map(|fragment| fragment.document.source()).collect();
        shown_by.sort();
        shown_by.dedup();
        let others = documents.iter().filter(|other| other.id != document.id);
        let mut near_duplicates: Vec<NearDuplicate> = others
            .filter_map(|other| {
                let n_bits = facts.near(other.picture.as_ref()?)?;
                Some(NearDuplicate { n_bits, source: other.source.clone() })
            })
            .collect();
        near_duplicates.sort();
        Ok(Some(PictureReport {
            source: document.source.clone(),
            media_type: document.media_type,
            facts: facts.clone(),
            shown_by,
            near_duplicates,
        }))
    }
}
