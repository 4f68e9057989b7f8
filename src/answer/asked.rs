//! What is to be answered, from what, and with which help.

use super::Config;
use super::coverage::Rarity;
use crate::model::Evidence;

/// Why sentences could not be embedded.
pub type EmbedFailure = Box<dyn std::error::Error + Send + Sync>;

/// Unit-length vectors of sentences, in their order.
pub type Embed<'a> = dyn Fn(&[&str]) -> Result<Vec<Vec<f32>>, EmbedFailure> + Sync + 'a;

/// A question with the evidence before it.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The question as asked.
    pub question: &'a str,
    /// What retrieval found, best first, numbered.
    pub evidence: &'a [Evidence],
    /// Embeds sentences; without it words alone decide.
    pub embed: Option<&'a Embed<'a>>,
    /// How rare the words of the question are in all that is searched; without it they
    /// weigh the same.
    pub rarity: Option<&'a Rarity>,
    /// Thresholds and policy.
    pub options: &'a Config,
}

impl Asked<'_> {
    /// Embeds `sentences`, or gives `None` when that is not possible. Vectors of
    /// the wrong count are not used.
    pub(super) fn vectors(&self, sentences: &[&str]) -> Option<Vec<Vec<f32>>> {
        let embed = self.embed?;
        if sentences.is_empty() {
            return Some(Vec::new());
        }
        match embed(sentences) {
            Ok(vectors) if vectors.len() == sentences.len() => Some(vectors),
            Ok(vectors) => {
                tracing::warn!(
                    expected = sentences.len(),
                    found = vectors.len(),
                    "sentence embeddings do not match their sentences; words alone decide"
                );
                None
            }
            Err(error) => {
                tracing::warn!(%error, "sentences cannot be embedded; words alone decide");
                None
            }
        }
    }
}

/// Cosine of two vectors; 0 when one has no length or the dimensions differ.
pub(super) fn cosine(a: &[f32], b: &[f32]) -> f32 {
    if a.len() != b.len() {
        return 0.0;
    }
    let dot: f32 = a.iter().zip(b).map(|(x, y)| x * y).sum();
    let norm = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
    let length = norm(a) * norm(b);
    if length > 0.0 { dot / length } else { 0.0 }
}

/// Evidence for tests of this module.
#[cfg(test)]
pub(super) mod samples {
    use crate::model::{
        Digest, DocumentId, Evidence, Fragment, FragmentId, FragmentKind, Span, VersionId,
    };

    /// A chunk of the document `title`.
    pub(crate) fn chunk(number: usize, title: &str, text: &str) -> Evidence {
        let document = DocumentId::from_source(&format!("{title}.md"));
        let version = VersionId::new(&document, &Digest::of(text.as_bytes()));
        Evidence {
            number,
            fragment: Fragment {
                id: FragmentId::new(&version, 0),
                document,
                version,
                ordinal: 0,
                heading_path: Vec::new(),
                span: Span::new(0, text.chars().count()),
                page: None,
                text: text.to_owned(),
                kind: FragmentKind::Chunk,
            },
            title: title.to_owned(),
            source: format!("{title}.md"),
            picture_source: None,
            score: 1.0 / number as f32,
            routes: Vec::new(),
            path: None,
            region: None,
        }
    }

    /// A picture in the document `title`.
    pub(crate) fn picture(
        number: usize,
        title: &str,
        alt: &str,
        caption: Option<&str>,
    ) -> Evidence {
        let text = [Some(alt), caption, Some("Text around it.")];
        let text: Vec<&str> = text.into_iter().flatten().collect();
        let mut evidence = chunk(number, title, &text.join("\n"));
        evidence.fragment.kind = FragmentKind::Picture {
            picture: DocumentId::from_source("images/p.png"),
            alt: alt.to_owned(),
            caption: caption.map(str::to_owned),
        };
        evidence.picture_source = Some("images/p.png".to_owned());
        evidence
    }
}
