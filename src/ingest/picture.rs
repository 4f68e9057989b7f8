//! Pictures as documents of their own.

use super::detect::detect;
use super::error::LoadError;
use super::loader::Loader;
use super::source::SourceItem;
use crate::model::{Loaded, MediaType, Section, Span};
use crate::picture::{Picture, RgbPixels, media_type};

/// Loads pictures; the text is the file name in words.
pub(super) struct PictureLoader;

impl Loader for PictureLoader {
    fn load(&self, source: &str, bytes: &[u8]) -> Result<Loaded, LoadError> {
        Ok(decoded(source, bytes, false)?.0)
    }
}

/// A picture that was decoded once for all its uses.
#[derive(Clone, Debug)]
pub struct LoadedPicture {
    /// Kind of content.
    pub media_type: MediaType,
    /// Text and facts.
    pub loaded: Loaded,
    /// The pixels on white paper.
    pub pixels: RgbPixels,
}

/// Whether the bytes of a document are a picture.
pub fn is_picture(item: &SourceItem) -> bool {
    item.record.is_none() && media_type(&item.bytes).is_some()
}

/// Loads a picture and keeps its pixels. The place where it was taken is read only
/// `with_location`.
///
/// # Errors
/// When the bytes are no picture, damaged, or too many.
pub fn load_picture(item: &SourceItem, with_location: bool) -> Result<LoadedPicture, LoadError> {
    let media_type = detect(&item.bytes, &item.source)?;
    let (loaded, pixels) = decoded(&item.source, &item.bytes, with_location)?;
    Ok(LoadedPicture { media_type, loaded, pixels })
}

fn decoded(
    source: &str,
    bytes: &[u8],
    with_location: bool,
) -> Result<(Loaded, RgbPixels), LoadError> {
    let picture = Picture::decode(bytes)
        .map_err(|error| LoadError::Picture { source_path: source.to_owned(), source: error })?;
    let (facts, pixels) = picture.into_facts(with_location);
    let text = words_of(source);
    let span = Span::new(0, text.chars().count());
    let loaded = Loaded {
        title: Some(text.clone()),
        text,
        sections: vec![Section { heading_path: Vec::new(), span }],
        picture: Some(facts),
        ..Loaded::default()
    };
    Ok((loaded, pixels))
}

/// `pictures/hx-200_front.png` as `hx-200 front`.
fn words_of(source: &str) -> String {
    let name = source.rsplit('/').next().unwrap_or(source);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.replace(['_', '-'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_picture_is_refused_by_name() {
        let error = PictureLoader.load("p/a_b.png", b"\x89PNG\r\n\x1a\nno").unwrap_err();
        assert!(error.to_string().contains("p/a_b.png is a damaged"), "{error}");
    }

    #[test]
    fn the_file_name_is_the_text() {
        assert_eq!(words_of("pictures/hx-200_front.png"), "hx 200 front");
    }
}
