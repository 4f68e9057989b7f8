//! Text that stands in pictures becomes text of their fragments.

use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use super::models::Models;
use crate::embed::EmbedError;
use crate::model::{FragmentId, Loaded, PlacedLine, Span};
use crate::picture::RgbPixels;

/// Lines of which the reader is less sure are left out: below it stand letters made
/// of lines, textures and logos (`docs/decisions/014-text-in-pictures.md`).
const MIN_CONFIDENCE: f32 = 0.7;

/// Appends the lines of a picture to the words of its file name.
///
/// # Errors
/// When the model fails.
pub(super) fn add_text(
    models: &Models,
    loaded: &mut Loaded,
    pixels: &RgbPixels,
) -> Result<(), EmbedError> {
    let Some(reader) = &models.ocr else { return Ok(()) };
    loaded.lines = reader.read(pixels)?.append_to(&mut loaded.text, MIN_CONFIDENCE);
    let whole = Span::new(0, loaded.text.chars().count());
    for section in &mut loaded.sections {
        section.span = whole;
    }
    Ok(())
}

impl KnowledgeBase {
    /// The lines that were read in a picture file, in reading order, each with its
    /// box. `fragment` is the picture's own fragment; others have none.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn text_lines(&self, fragment: &FragmentId) -> Result<Vec<PlacedLine>, EngineError> {
        Ok(self.graph.text_lines(fragment)?)
    }
}
