//! A picture model with a learned head on top: a space of its own, side by side with
//! the one it was learned in.

use super::embedder::{EmbedError, EmbeddedTexts, Embedder, TextRole, TokenCounter};
use super::head::{Head, HeadError};
use super::picture_model::{PictureEmbedder, PictureReading};
use super::word_pieces::WordPieces;
use crate::model::{Calibration, Digest, Space};
use crate::picture::RgbPixels;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What stands between the name of a model and that of what was learned on top of it:
/// `veritrail-lite+products`.
pub const ADAPTED_MARK: char = '+';
const FORMAT: &str = "veritrail-space 1";
const MANIFEST: &str = "space.json";
const HEAD: &str = "head.bin";

/// What is known of an adapted space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdaptedSpace {
    /// Format of the folder.
    format: String,
    /// Its name: that of the base, the mark, and a word.
    pub name: String,
    /// The model below.
    pub base: String,
    /// The space in which the head was learned.
    pub base_space: Digest,
    /// Digest of the head.
    pub head: Digest,
    /// What a cosine means in it.
    pub calibration: Option<Calibration>,
    /// When it was made, RFC 3339.
    pub made_at: String,
    /// From what it was learned and what that changed, for people and programs.
    pub report: serde_json::Value,
}

/// An adapted space that cannot be written, read or used.
#[derive(Debug, thiserror::Error)]
pub enum AdaptedError {
    /// There is none.
    #[error(
        "{0} holds no adapted space\nhint: make one with `veritrail adapt`, and name the knowledge base with --kb"
    )]
    Missing(PathBuf),
    /// The file system refused.
    #[error("cannot {doing} {path}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The manifest is of another form.
    #[error("{path} is not a manifest of the format `veritrail-space 1`")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// Written by another version of the program.
    #[error("{path}: expected the format `veritrail-space 1`, found `{found}`")]
    Format {
        /// The file.
        path: PathBuf,
        /// Format found.
        found: String,
    },
    /// The head is not the one that was learned.
    #[error("{path} was altered: expected SHA-256 {expected}, found {found}")]
    Altered {
        /// The file.
        path: PathBuf,
        /// By the manifest.
        expected: Digest,
        /// Found.
        found: Digest,
    },
    /// The head cannot be used.
    #[error("the head of `{name}` cannot be used")]
    Head {
        /// Name of the space.
        name: String,
        /// What is wrong.
        #[source]
        source: HeadError,
    },
    /// The model below is another one than at the time of learning.
    #[error(
        "`{name}` was learned in the space {expected} of `{base}`, which is now {found}\nhint: run `veritrail adapt` again"
    )]
    Base {
        /// Name of the adapted space.
        name: String,
        /// Name of the model below.
        base: String,
        /// Space at the time of learning.
        expected: String,
        /// Space now.
        found: String,
    },
}

impl AdaptedSpace {
    /// What is known of a space that `head` makes of that of `base`.
    pub fn new(name: &str, base: &Space, head: &Head, made_at: String) -> Self {
        Self {
            format: FORMAT.to_owned(),
            name: name.to_owned(),
            base: base.model.clone(),
            base_space: base.id().0,
            head: Digest::of(&head.to_bytes()),
            calibration: None,
            made_at,
            report: serde_json::Value::Null,
        }
    }
}

/// Writes an adapted space into a new folder, which appears whole or not at all.
///
/// # Errors
/// When the folder is there already or cannot be written.
pub fn write_adapted(folder: &Path, space: &AdaptedSpace, head: &Head) -> Result<(), AdaptedError> {
    let parent = folder.parent().unwrap_or(Path::new("."));
    let failed = |doing, path: &Path| {
        let path = path.to_owned();
        move |source| AdaptedError::Io { doing, path, source }
    };
    fs::create_dir_all(parent).map_err(failed("create", parent))?;
    let aside = tempfile::Builder::new()
        .prefix(".unfinished-")
        .tempdir_in(parent)
        .map_err(failed("create a folder in", parent))?;
    let manifest = serde_json::to_vec_pretty(space)
        .map_err(|source| AdaptedError::Manifest { path: folder.join(MANIFEST), source })?;
    for (name, bytes) in [(HEAD, head.to_bytes()), (MANIFEST, manifest)] {
        let path = aside.path().join(name);
        fs::write(&path, bytes).map_err(failed("write", &path))?;
        fs::File::open(&path).and_then(|file| file.sync_all()).map_err(failed("sync", &path))?;
    }
    let aside = aside.keep();
    fs::rename(&aside, folder).map_err(failed("create", folder))?;
    fs::File::open(parent).and_then(|file| file.sync_all()).map_err(failed("sync", parent))
}

/// Reads an adapted space and checks its head.
///
/// # Errors
/// When there is none, or a file was altered or is of another format.
pub fn read_adapted(folder: &Path) -> Result<(AdaptedSpace, Head), AdaptedError> {
    let path = folder.join(MANIFEST);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(AdaptedError::Missing(folder.to_owned()));
        }
        Err(source) => return Err(AdaptedError::Io { doing: "read", path, source }),
    };
    let space: AdaptedSpace = match serde_json::from_slice(&text) {
        Ok(space) => space,
        Err(source) => return Err(AdaptedError::Manifest { path, source }),
    };
    if space.format != FORMAT {
        return Err(AdaptedError::Format { path, found: space.format });
    }
    let path = folder.join(HEAD);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(source) => return Err(AdaptedError::Io { doing: "read", path, source }),
    };
    let (expected, found) = (space.head, Digest::of(&bytes));
    if found != expected {
        return Err(AdaptedError::Altered { path, expected, found });
    }
    let head = Head::from_bytes(&bytes)
        .map_err(|source| AdaptedError::Head { name: space.name.clone(), source })?;
    Ok((space, head))
}

/// A picture model whose vectors a head corrects; its texts are those of the model.
pub struct AdaptedPictureModel {
    space: Space,
    base: Arc<dyn PictureEmbedder>,
    head: Head,
    calibration: Option<Calibration>,
}

impl AdaptedPictureModel {
    /// Puts a head on the model in whose space it was learned.
    ///
    /// # Errors
    /// When the model has another space than at the time of learning.
    pub fn new(
        base: Arc<dyn PictureEmbedder>,
        adapted: &AdaptedSpace,
        head: Head,
    ) -> Result<Self, AdaptedError> {
        let below = base.space();
        if below.id().0 != adapted.base_space {
            return Err(AdaptedError::Base {
                name: adapted.name.clone(),
                base: adapted.base.clone(),
                expected: adapted.base_space.short(),
                found: below.id().to_string(),
            });
        }
        let mut space = below.clone();
        space.model.clone_from(&adapted.name);
        // The name tells heads on heads apart.
        space.files.push((format!("{}/{HEAD}", adapted.name), adapted.head));
        space.files.sort();
        Ok(Self { space, base, head, calibration: adapted.calibration.clone() })
    }

    fn moved(&self, reading: &PictureReading) -> Result<Vec<f32>, EmbedError> {
        self.head.apply(&reading.vector, &reading.features).map_err(|error| EmbedError::Layout {
            model: self.space.model.clone(),
            reason: error.to_string(),
        })
    }
}

impl Embedder for AdaptedPictureModel {
    fn space(&self) -> &Space {
        &self.space
    }

    fn embed(
        &self,
        texts: &[&str],
        role: TextRole,
        progress: &mut dyn FnMut(usize),
    ) -> Result<EmbeddedTexts, EmbedError> {
        self.base.embed(texts, role, progress)
    }

    fn token_counter(&self) -> TokenCounter {
        self.base.token_counter()
    }

    fn word_pieces(&self) -> Option<Arc<WordPieces>> {
        self.base.word_pieces()
    }
}

impl PictureEmbedder for AdaptedPictureModel {
    fn embed_pictures(&self, pictures: &[&RgbPixels]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.base.read_pictures(pictures)?.iter().map(|reading| self.moved(reading)).collect()
    }

    fn read_pictures(&self, pictures: &[&RgbPixels]) -> Result<Vec<PictureReading>, EmbedError> {
        let readings = self.base.read_pictures(pictures)?;
        readings
            .into_iter()
            .map(|reading| Ok(PictureReading { vector: self.moved(&reading)?, ..reading }))
            .collect()
    }

    fn calibration(&self) -> Option<&Calibration> {
        self.calibration.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::HeadParts;

    fn head() -> Head {
        Head::new(HeadParts {
            mean: vec![0.0; 2],
            deviation: vec![1.0; 2],
            weights: vec![1.0, 0.0, 0.0, 1.0],
            prototypes: vec![1.0, 0.0],
            others: Vec::new(),
            dimension: 2,
            share: 0.5,
            low: 0.1,
            high: 0.9,
        })
        .unwrap()
    }

    fn written(folder: &Path) -> PathBuf {
        let base = Space {
            model: "m".into(),
            files: Vec::new(),
            preprocessing: String::new(),
            pooling: String::new(),
            dimension: 2,
            normalised: true,
        };
        let folder = folder.join("m+x");
        let space = AdaptedSpace::new("m+x", &base, &head(), "2026-01-01T00:00:00Z".into());
        write_adapted(&folder, &space, &head()).unwrap();
        folder
    }

    #[test]
    fn an_adapted_space_survives_its_folder() {
        let root = tempfile::tempdir().unwrap();
        let (space, found) = read_adapted(&written(root.path())).unwrap();
        assert_eq!((space.name.as_str(), space.base.as_str(), found), ("m+x", "m", head()));
    }

    #[test]
    fn an_altered_head_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let folder = written(root.path());
        let mut bytes = fs::read(folder.join(HEAD)).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(folder.join(HEAD), bytes).unwrap();
        assert!(matches!(read_adapted(&folder), Err(AdaptedError::Altered { .. })));
        assert!(matches!(read_adapted(root.path()), Err(AdaptedError::Missing(_))));
    }

    #[test]
    fn another_format_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let path = written(root.path()).join(MANIFEST);
        let text = fs::read_to_string(&path).unwrap().replace(FORMAT, "veritrail-space 9");
        fs::write(&path, text).unwrap();
        let error = read_adapted(path.parent().unwrap()).unwrap_err().to_string();
        assert!(error.contains("veritrail-space 9"), "{error}");
    }
}
