//! The weights by which a knowledge base says which entities are the same.

use super::blobs::write_atomically;
use super::error::{EngineError, io_error};
use super::evaluate_entities::{LabelledPairs, learn_matching};
use super::knowledge_base::KnowledgeBase;
use crate::resolve::MatchModel;
use std::io::ErrorKind;

const FILE: &str = "match-model.json";

impl KnowledgeBase {
    /// The weights in force: what was learned here, or what comes with the program.
    ///
    /// # Errors
    /// When the file of learned weights cannot be read or is malformed.
    pub fn match_model(&self) -> Result<MatchModel, EngineError> {
        let path = self.root.join(FILE);
        match std::fs::read(&path) {
            Ok(json) => MatchModel::from_json(&json)
                .map_err(|source| EngineError::MatchModelFile { path, source }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(MatchModel::builtin()?),
            Err(error) => Err(io_error("read", &path)(error)),
        }
    }

    /// Learns weights from judged pairs and keeps them; they count from the next
    /// publish.
    ///
    /// # Errors
    /// When the text model fails, there are too few pairs, or the file cannot be
    /// written.
    pub fn learn_match_model(
        &self,
        pairs: &LabelledPairs,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<MatchModel, EngineError> {
        let _writer = self.sole_writer();
        let model = learn_matching(pairs, self.models.text.as_ref(), progress)?;
        write_atomically(&self.root.join(FILE), &model.to_json()?)?;
        Ok(model)
    }
}
