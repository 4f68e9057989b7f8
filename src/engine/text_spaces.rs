//! Text models side by side, each with the vectors of its own space.
//!
//! The one that the settings name is always open. Another one is opened when a generation
//! is built with it or answers with it, and stays open. A question is embedded with the
//! model of the generation that answers it, so that vectors of two spaces never meet.

use super::build::embedding_text;
use super::corpus_file::CorpusFile;
use super::error::{EngineError, io_error};
use super::frozen;
use super::generations::first;
use super::knowledge_base::KnowledgeBase;
use super::question_models::QuestionModels;
use super::setup::Setup;
use crate::embed::{Embedder, TextRole};
use crate::graph::DocumentSummary;
use crate::index::{IndexWrite, VectorStore};
use crate::model::{Embedding, Fragment, FragmentId, GenerationId, SpaceId};
use crate::vocab::{self, vt};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// Marks the folder of vectors of a text model; which one, is in the graph.
const MARKER: &str = "TEXT";
/// Fragments that are embedded while whoever else changes the knowledge base waits.
const BATCH_FRAGMENTS: usize = 64;
/// Between two batches, so that who waits gets a turn.
const TURN: Duration = Duration::from_millis(2);

/// A text model with its vectors.
pub(super) struct TextSpace {
    pub(super) model: Arc<dyn Embedder>,
    /// The model as questions use it.
    pub(super) questions: Arc<dyn Embedder>,
    pub(super) vectors: VectorStore,
}

impl TextSpace {
    /// Opens the vectors of a model below `root`.
    pub(super) fn open(
        root: &Path,
        model: &Arc<dyn Embedder>,
        questions: &QuestionModels,
    ) -> Result<Self, EngineError> {
        let vectors = VectorStore::open(root, model.space())?;
        mark(&root.join(vectors.space().0.to_string()))?;
        let questions = questions.text_questions(model);
        Ok(Self { model: Arc::clone(model), questions, vectors })
    }

    /// Its space.
    pub(super) fn id(&self) -> SpaceId {
        self.vectors.space()
    }
}

impl KnowledgeBase {
    /// Every text space that is open, that of the settings first.
    pub(super) fn text_spaces(&self) -> Vec<Arc<TextSpace>> {
        self.texts.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The text space that is open and has this identity.
    pub(super) fn open_space(&self, space: SpaceId) -> Option<Arc<TextSpace>> {
        self.text_spaces().into_iter().find(|text| text.id() == space)
    }

    /// Opens a text model of the registry beside those that are open.
    pub(super) fn open_text_model(&self, name: &str) -> Result<Arc<TextSpace>, EngineError> {
        if let Some(known) = self.text_spaces().into_iter().find(|t| t.model.space().model == name)
        {
            return Ok(known);
        }
        let failed = |source| EngineError::TextModel { name: name.to_owned(), source };
        let opener = self.models.opener.as_ref();
        let opener = opener.ok_or_else(|| failed("no other models can be opened here".into()))?;
        let model = opener(name).map_err(failed)?;
        if let Some(known) = self.open_space(model.space().id()) {
            return Ok(known);
        }
        let text = Arc::new(TextSpace::open(&self.root.join("vectors"), &model, &self.questions)?);
        self.texts.write().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&text));
        Ok(text)
    }

    /// The text space of a generation, opened when it is not.
    ///
    /// # Errors
    /// When its model cannot be had.
    pub(super) fn space_of(
        &self,
        generation: &GenerationId,
        spaces: &[SpaceId],
    ) -> Result<Arc<TextSpace>, EngineError> {
        let other = || EngineError::OtherSpaces {
            generation: generation.name().to_owned(),
            spaces: spaces.iter().map(SpaceId::to_string).collect::<Vec<_>>().join(", "),
        };
        let space = *spaces.first().ok_or_else(other)?;
        if let Some(open) = self.open_space(space) {
            return Ok(open);
        }
        let iri = format!("{}{}", vocab::SPACE_PREFIX, space.0);
        let about = self.graph.about(vocab::GRAPH_GOVERNANCE, &iri)?;
        let name = first(&about, vt::MODEL).ok_or_else(other)?;
        match self.open_text_model(&name) {
            Ok(text) if text.id() == space => Ok(text),
            Ok(_) => Err(other()),
            Err(error) => {
                tracing::warn!(%error, "the text model of a generation cannot be opened");
                Err(other())
            }
        }
    }

    /// The text space in which documents are embedded when they are taken in: that of the
    /// generation that answers.
    pub(super) fn text_in_force(&self) -> Result<Arc<TextSpace>, EngineError> {
        let Some(current) = self.current()? else { return Ok(Arc::clone(&self.home)) };
        let spaces = frozen::spaces(&self.generation_folder(&current));
        let found = spaces.and_then(|spaces| self.space_of(&current, &spaces));
        Ok(found.unwrap_or_else(|_| Arc::clone(&self.home)))
    }

    /// The text space of a generation that is to be built.
    pub(super) fn text_of(&self, setup: &Setup) -> Result<Arc<TextSpace>, EngineError> {
        match &setup.text_model {
            Some(name) => self.open_text_model(name),
            None => Ok(Arc::clone(&self.home)),
        }
    }

    /// Embeds what has no vector in a space yet, some fragments at a time: in between,
    /// whoever else changes the knowledge base has a turn. What is taken in or deleted
    /// meanwhile is seen to when the generation is built.
    pub(super) fn fill_ahead(
        &self,
        text: &TextSpace,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<(), EngineError> {
        let documents = self.graph.documents()?;
        let n_total = documents.len();
        let mut n_done = 0;
        let mut rest = documents.as_slice();
        while !rest.is_empty() {
            let (mut missing, mut n_taken) = (Vec::new(), 0);
            {
                let _writer = self.sole_writer();
                for document in rest {
                    if missing.len() >= BATCH_FRAGMENTS {
                        break;
                    }
                    // Nothing of a document that is gone by now.
                    let fragments = self.graph.fragments_of(&document.version)?;
                    missing.extend(missing_in(text, &document.title, fragments));
                    n_taken += 1;
                }
                embed_into(text, &missing)?;
            }
            std::thread::sleep(TURN);
            n_done += n_taken;
            rest = rest.get(n_taken..).unwrap_or_default();
            progress(n_done, n_total);
        }
        Ok(())
    }

    /// Embeds what has no vector in a space yet, for one who is the sole writer.
    pub(super) fn fill(
        &self,
        text: &TextSpace,
        documents: &[DocumentSummary],
        corpus: &CorpusFile,
    ) -> Result<(), EngineError> {
        let mut missing = Vec::new();
        for read in corpus.texts()? {
            let read = read?;
            let Some(document) = documents.get(read.place) else { continue };
            missing.extend(missing_in(text, &document.title, read.fragments));
            if missing.len() >= BATCH_FRAGMENTS {
                embed_into(text, &missing)?;
                missing.clear();
            }
        }
        embed_into(text, &missing)
    }

    /// Removes the vectors of text models that neither the settings nor any generation
    /// that is kept need; how many spaces.
    pub(super) fn drop_unused_texts(&self) -> Result<usize, EngineError> {
        let mut needed: BTreeSet<String> = BTreeSet::new();
        needed.insert(self.home.id().0.to_string());
        for name in self.generation_names()? {
            let folder = self.generation_folder(&super::generations::named(&name));
            if folder.join(frozen::FILE).exists() {
                let spaces = frozen::spaces(&folder)?;
                needed.extend(spaces.first().map(|space| space.0.to_string()));
            }
        }
        let mut n_dropped = 0;
        for folder in self.folders_of_texts()? {
            let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
            if name.is_none_or(|name| needed.contains(&name)) {
                continue;
            }
            fs::remove_dir_all(&folder).map_err(io_error("remove", &folder))?;
            n_dropped += 1;
        }
        let mut texts = self.texts.write().unwrap_or_else(PoisonError::into_inner);
        texts.retain(|text| needed.contains(&text.id().0.to_string()));
        Ok(n_dropped)
    }

    fn folders_of_texts(&self) -> Result<Vec<PathBuf>, EngineError> {
        let root = self.root.join("vectors");
        let mut folders = Vec::new();
        for entry in fs::read_dir(&root).map_err(io_error("list", &root))? {
            let path = entry.map_err(io_error("list", &root))?.path();
            if path.join(MARKER).exists() {
                folders.push(path);
            }
        }
        Ok(folders)
    }
}

/// Says of a folder of vectors that they are those of a text model.
fn mark(folder: &Path) -> Result<(), EngineError> {
    let path = folder.join(MARKER);
    if path.exists() {
        return Ok(());
    }
    fs::write(&path, b"").map_err(io_error("write", &path))
}

/// Fragments of a document without a vector in a space, with what is embedded of them.
fn missing_in(
    text: &TextSpace,
    title: &str,
    fragments: Vec<Fragment>,
) -> Vec<(FragmentId, String)> {
    let vectors = text.vectors.vectors();
    let missing = fragments.into_iter().filter(|f| vectors.row(f.id.as_str()).is_none());
    missing
        .map(|fragment| {
            let embedded = embedding_text(title, &fragment);
            (fragment.id, embedded)
        })
        .collect()
}

fn embed_into(text: &TextSpace, missing: &[(FragmentId, String)]) -> Result<(), EngineError> {
    if missing.is_empty() {
        return Ok(());
    }
    let words: Vec<&str> = missing.iter().map(|(_, words)| words.as_str()).collect();
    let vectors = text.model.embed(&words, TextRole::Passage, &mut |_| {})?.vectors;
    let space = text.id();
    let keys = missing.iter().map(|(key, _)| key.clone());
    let embeddings: Vec<Embedding> =
        keys.zip(vectors).map(|(target, vector)| Embedding { target, space, vector }).collect();
    Ok(text.vectors.add(&embeddings)?)
}
