//! What a generation has of its own: settings of retrieval and answering, and a text model,
//! that hold for it instead of those of the knowledge base.
//!
//! `setup.json` lies in the folder of the generation and is part of its digest; the next
//! generation takes it over from the one that answers.

use super::blobs::write_atomically;
use super::error::{EngineError, io_error};
use super::knowledge_base::KnowledgeBase;
use crate::answer;
use crate::config::Config;
use crate::model::GenerationId;
use crate::retrieve::RetrieveConfig;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, PoisonError};

const FILE: &str = "setup.json";
const FORMAT: &str = "veritrail-setup 1";

/// What a generation has of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Setup {
    format: String,
    /// Settings by their path, as `answer.min_support`.
    #[serde(default)]
    pub(super) settings: BTreeMap<String, Value>,
    /// Its text model, when it is not that of the settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text_model: Option<String>,
}

impl Default for Setup {
    fn default() -> Self {
        Self { format: FORMAT.to_owned(), settings: BTreeMap::new(), text_model: None }
    }
}

/// How a generation that is to be built differs from what the next one would be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SetupChange {
    /// Whether nothing is taken over from the generation that answers.
    pub afresh: bool,
    /// Settings by their path.
    pub settings: BTreeMap<String, Value>,
    /// A text model of the registry.
    pub text_model: Option<String>,
}

/// The settings with which a generation is asked.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct InForce {
    pub(super) retrieve: RetrieveConfig,
    pub(super) answer: answer::Config,
}

impl InForce {
    /// Those of the knowledge base.
    pub(super) fn of(config: &Config) -> Self {
        Self { retrieve: config.retrieve.clone(), answer: config.answer.clone() }
    }

    /// Those of the knowledge base with a generation's own in their place.
    fn with(config: &Config, setup: &Setup) -> Result<Self, EngineError> {
        let mut all = json!({ "retrieve": config.retrieve, "answer": config.answer });
        for (path, value) in &setup.settings {
            let wrong = |reason: &str| EngineError::Setting {
                path: path.clone(),
                reason: reason.to_owned(),
            };
            let place = all.pointer_mut(&format!("/{}", path.replace('.', "/")));
            let place = place.ok_or_else(|| {
                wrong("a generation can have settings below `answer` and `retrieve` of its own, and there is none of this name")
            })?;
            if place.is_object() {
                return Err(wrong("expected the path of one setting"));
            }
            *place = value.clone();
        }
        let section = |name: &str| all.get(name).cloned().unwrap_or_default();
        let wrong = |error: serde_json::Error| EngineError::Setting {
            path: setup.settings.keys().cloned().collect::<Vec<_>>().join(", "),
            reason: error.to_string(),
        };
        Ok(Self {
            retrieve: serde_json::from_value(section("retrieve")).map_err(wrong)?,
            answer: serde_json::from_value(section("answer")).map_err(wrong)?,
        })
    }
}

impl Setup {
    /// What the generation in `folder` has of its own; nothing without a file.
    pub(super) fn read(folder: &Path) -> Result<Self, EngineError> {
        let path = folder.join(FILE);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            text => text.map_err(io_error("read", &path))?,
        };
        let damaged = |reason: String| EngineError::Frozen { path: path.clone(), reason };
        let setup: Self =
            serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        if setup.format != FORMAT {
            return Err(damaged(format!("its format is `{}`, not `{FORMAT}`", setup.format)));
        }
        Ok(setup)
    }

    /// Writes it into the folder of a generation; nothing when there is nothing to say.
    pub(super) fn write(&self, folder: &Path) -> Result<(), EngineError> {
        if *self == Self::default() {
            return Ok(());
        }
        write_atomically(&folder.join(FILE), self.to_text().as_bytes())
    }

    /// As JSON, always in the same order.
    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What tells generations apart; `None` when it has nothing of its own.
    pub(super) fn digested(&self) -> Option<String> {
        (*self != Self::default()).then(|| self.to_text())
    }
}

impl KnowledgeBase {
    /// What the next generation has of its own: what the one that answers has, changed.
    ///
    /// # Errors
    /// When the file of the one that answers cannot be read, or a setting does not exist
    /// or cannot have such a value.
    pub(super) fn next_setup(&self, change: &SetupChange) -> Result<Setup, EngineError> {
        let mut setup = match self.current()? {
            Some(current) if !change.afresh => Setup::read(&self.generation_folder(&current))?,
            _ => Setup::default(),
        };
        setup.settings.extend(change.settings.clone());
        if let Some(name) = &change.text_model {
            let is_home = *name == self.home.model.space().model;
            setup.text_model = (!is_home).then(|| name.clone());
        }
        InForce::with(&self.config, &setup)?;
        Ok(setup)
    }

    /// The settings with which a generation is asked.
    pub(super) fn in_force(&self, generation: &GenerationId) -> Arc<InForce> {
        let known = self.in_force.read().unwrap_or_else(PoisonError::into_inner);
        known.get(generation).map_or_else(|| Arc::clone(&self.common), Arc::clone)
    }

    /// Reads the settings of a generation that is about to be asked.
    pub(super) fn learn_setup(&self, generation: &GenerationId) -> Result<(), EngineError> {
        let setup = Setup::read(&self.generation_folder(generation))?;
        let mut known = self.in_force.write().unwrap_or_else(PoisonError::into_inner);
        if setup.settings.is_empty() {
            known.remove(generation);
        } else {
            let in_force = InForce::with(&self.config, &setup)?;
            known.insert(generation.clone(), Arc::new(in_force));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(path: &str, value: Value) -> Result<InForce, EngineError> {
        let setup =
            Setup { settings: BTreeMap::from([(path.to_owned(), value)]), ..Setup::default() };
        InForce::with(&Config::default(), &setup)
    }

    #[test]
    fn one_setting_is_changed_and_all_others_are_those_of_the_knowledge_base() {
        let common = InForce::of(&Config::default());
        assert_eq!(InForce::with(&Config::default(), &Setup::default()).unwrap(), common);
        let own = with("answer.max_sentences", json!(1)).unwrap();
        assert_eq!(own.answer.max_sentences, 1);
        assert_eq!(own.retrieve, common.retrieve);
    }

    #[test]
    fn settings_that_do_not_exist_or_do_not_fit_are_refused_by_name() {
        for (path, value) in [
            ("answer.max_sentence", json!(1)),
            ("answer.max_sentences", json!("many")),
            ("answer", json!({})),
            ("serve.listen", json!("0.0.0.0:1")),
        ] {
            let error = with(path, value).unwrap_err().to_string();
            assert!(error.contains(path), "{error}");
        }
    }
}
