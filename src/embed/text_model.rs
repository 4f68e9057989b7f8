//! A text embedding model run by ONNX Runtime.

use super::embedder::{EmbedError, EmbeddedTexts, Embedder, TextRole, TokenCounter};
use super::install::InstallError;
use super::installed::{VerifiedModel, verify};
use super::registry::ModelEntry;
use super::runtime::Runtime;
use super::sessions::{Sessions, open_sessions};
use super::word_pieces::WordPieces;
use crate::model::Space;
use ort::value::Tensor;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, mpsc};
use tokenizers::{Encoding, Tokenizer, TruncationParams};

/// Token slots of one batch: 4 texts of 128 tokens, whose states stay in a core's cache
/// from one layer to the next. A batch of long texts holds fewer of them.
const BATCH_TOKENS: usize = 4 * 128;
/// Products take rows several at a time and the last ones in another way, which may round
/// otherwise. No row is ever the last of an odd number, so that a text has the same
/// vector, to the bit, alone and among others.
const ROWS_AT_ONCE: usize = 4;
/// Most texts in one batch.
const BATCH_TEXTS: usize = 32;
/// Texts that are in tokens at once: enough that texts of similar length meet.
const WINDOW_TEXTS: usize = 1_024;
/// The file of weights from which a model is converted.
const WEIGHTS: &str = "model.safetensors";

/// A loaded model of the registry.
pub struct TextModel {
    space: Space,
    entry: ModelEntry,
    tokenizer: Tokenizer,
    counter: TokenCounter,
    pooling: Pooling,
    sessions: Sessions,
    inputs: Vec<Input>,
    /// The weights as they were trained, where the model is converted from such a file.
    weights: Option<PathBuf>,
    /// Read by the first who asks.
    pieces: OnceLock<Option<Arc<WordPieces>>>,
}

#[derive(Clone, Copy)]
enum Pooling {
    Mean,
    Cls,
}

#[derive(Clone, Copy)]
enum Input {
    Ids,
    Mask,
    Types,
}

/// A model that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Files are missing or altered.
    #[error(transparent)]
    Install(Box<InstallError>),
    /// The files are as registered but cannot be used.
    #[error(transparent)]
    Embed(#[from] EmbedError),
}

impl From<InstallError> for OpenError {
    fn from(error: InstallError) -> Self {
        Self::Install(Box::new(error))
    }
}

impl TextModel {
    /// Verifies the files of `entry` under `cache_dir` and loads them.
    /// `n_threads` limits the threads of all runs together.
    ///
    /// # Errors
    /// When a file is missing or altered, or the runtime refuses the model.
    pub fn open(
        runtime: &Runtime,
        entry: &ModelEntry,
        cache_dir: &Path,
        n_threads: usize,
    ) -> Result<Self, OpenError> {
        let verified = verify(entry, cache_dir)?;
        let folder = &verified.folder;
        let tokenizer = tokenizer(entry, &folder.join("tokenizer.json"))?;
        let pooling = match entry.pooling.as_str() {
            "mean" => Pooling::Mean,
            "cls" => Pooling::Cls,
            other => {
                return Err(EmbedError::Pooling {
                    model: entry.name.clone(),
                    pooling: other.to_owned(),
                }
                .into());
            }
        };
        let weights = verified.digests.iter().find(|(name, _)| name == WEIGHTS);
        let weights = weights.map(|(name, _)| folder.join(name));
        let sessions = open_sessions(runtime, entry, folder, weights.as_deref(), n_threads)?;
        let inputs = sessions
            .inputs()
            .iter()
            .filter_map(|input| match input.as_str() {
                "input_ids" => Some(Input::Ids),
                "attention_mask" => Some(Input::Mask),
                "token_type_ids" => Some(Input::Types),
                _ => None,
            })
            .collect();
        let model = Self {
            weights,
            pieces: OnceLock::new(),
            space: space_of(entry, &verified),
            entry: entry.clone(),
            counter: TokenCounter::new(tokenizer.clone()),
            tokenizer,
            pooling,
            sessions,
            inputs,
        };
        Ok(model)
    }

    fn failed(&self, doing: &'static str) -> impl Fn(ort::Error) -> EmbedError {
        let model = self.entry.name.clone();
        move |source| EmbedError::Model { model: model.clone(), doing, source }
    }

    /// Runs one batch and pools it; one vector for each encoding.
    fn run(&self, batch: &[(usize, &Encoding)]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let n = batch.len();
        let longest = batch.iter().map(|(_, encoding)| encoding.len()).max().unwrap_or(0).max(1);
        let length = longest.next_multiple_of(ROWS_AT_ONCE);
        let padded = |values: fn(&Encoding) -> &[u32]| -> Vec<i64> {
            let mut flat = Vec::with_capacity(n * length);
            for (_, encoding) in batch {
                let row = values(encoding);
                flat.extend(row.iter().map(|value| i64::from(*value)));
                flat.extend(std::iter::repeat_n(0, length - row.len()));
            }
            flat
        };
        let mut feeds = Vec::with_capacity(self.inputs.len());
        for input in &self.inputs {
            let (name, values) = match input {
                Input::Ids => ("input_ids", padded(Encoding::get_ids)),
                Input::Mask => ("attention_mask", padded(Encoding::get_attention_mask)),
                Input::Types => ("token_type_ids", padded(Encoding::get_type_ids)),
            };
            let tensor = Tensor::from_array(([n, length], values))
                .map_err(self.failed("preparing input"))?;
            feeds.push((name, tensor.into_dyn()));
        }
        let mut session = self.sessions.take();
        let outputs = session.run(feeds).map_err(self.failed("embedding"))?;
        let (shape, states) = outputs
            .get("last_hidden_state")
            .ok_or_else(|| {
                self.failed("naming its output")(ort::Error::new("no last_hidden_state"))
            })?
            .try_extract_tensor::<f32>()
            .map_err(self.failed("reading output"))?;
        let found = shape.last().map_or(0, |size| usize::try_from(*size).unwrap_or(0));
        if found != self.space.dimension {
            return Err(EmbedError::Dimension {
                model: self.entry.name.clone(),
                expected: self.space.dimension,
                found,
            });
        }
        let rows = states.chunks_exact(length * found);
        Ok(rows.zip(batch).map(|(row, (_, encoding))| self.pool(row, encoding)).collect())
    }

    /// Mean of the token vectors that the mask keeps, or the first one; then
    /// scaled to unit length.
    fn pool(&self, states: &[f32], encoding: &Encoding) -> Vec<f32> {
        let mut vector = vec![0f32; self.space.dimension];
        let tokens = states.chunks_exact(self.space.dimension);
        match self.pooling {
            Pooling::Mean => {
                for (token, mask) in tokens.zip(encoding.get_attention_mask()) {
                    if *mask == 1 {
                        for (sum, value) in vector.iter_mut().zip(token) {
                            *sum += value;
                        }
                    }
                }
            }
            Pooling::Cls => {
                for (sum, value) in vector.iter_mut().zip(tokens.take(1).flatten()) {
                    *sum = *value;
                }
            }
        }
        let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt().max(1e-12);
        for value in &mut vector {
            *value /= length;
        }
        vector
    }

    /// Runs batches side by side, as many as there are sessions. `batches` hold each text
    /// once, with its place among `texts`; there is a vector for each place.
    fn run_batches(
        &self,
        texts: &[&str],
        batches: &[&[(usize, &Encoding)]],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut vectors = vec![Vec::new(); texts.len()];
        let mut done = 0;
        let mut place = |batch: &[(usize, &Encoding)], found: Vec<Vec<f32>>| {
            for ((index, _), vector) in batch.iter().zip(found) {
                if !vector.iter().all(|value| value.is_finite()) {
                    let text = texts.get(*index).copied().unwrap_or_default();
                    return Err(EmbedError::NotFinite {
                        model: self.entry.name.clone(),
                        text: text.chars().take(40).collect(),
                    });
                }
                if let Some(slot) = vectors.get_mut(*index) {
                    *slot = vector;
                }
            }
            done += batch.len();
            progress(done);
            Ok(())
        };
        let n_workers = self.sessions.size().min(batches.len());
        if n_workers < 2 {
            for batch in batches {
                place(batch, self.run(batch)?)?;
            }
            return Ok(vectors);
        }
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let (found, results) = mpsc::channel();
            for _ in 0..n_workers {
                let (found, next) = (found.clone(), &next);
                scope.spawn(move || {
                    // The longest texts, at the end, are begun first: no worker is left
                    // with one of them when the others are done.
                    let take = || batches.len().checked_sub(1 + next.fetch_add(1, Relaxed));
                    while let Some(batch) = take().and_then(|i| batches.get(i)) {
                        // Nobody listens any more after an error.
                        if found.send((*batch, self.run(batch))).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(found);
            results.into_iter().try_for_each(|(batch, found)| place(batch, found?))
        })?;
        Ok(vectors)
    }

    fn embed_window(
        &self,
        texts: &[&str],
        prefix: &str,
        progress: &mut dyn FnMut(usize),
    ) -> Result<EmbeddedTexts, EmbedError> {
        let prefixed: Vec<String> = texts.iter().map(|text| format!("{prefix}{text}")).collect();
        let encodings = self.tokenizer.encode_batch_fast(prefixed, true).map_err(|error| {
            EmbedError::Tokenizer { model: self.entry.name.clone(), reason: error.to_string() }
        })?;
        let n_truncated =
            encodings.iter().filter(|encoding| !encoding.get_overflowing().is_empty()).count();
        // Texts of similar length share a batch, so that little is padding.
        let mut order: Vec<(usize, &Encoding)> = encodings.iter().enumerate().collect();
        order.sort_by_key(|(i, encoding)| (encoding.len(), *i));
        let mut batches = Vec::new();
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let (batch, remaining) = rest.split_at(batch_size(rest));
            batches.push(batch);
            rest = remaining;
        }
        let vectors = self.run_batches(texts, &batches, progress)?;
        Ok(EmbeddedTexts { vectors, n_truncated })
    }
}

impl Embedder for TextModel {
    fn space(&self) -> &Space {
        &self.space
    }

    fn embed(
        &self,
        texts: &[&str],
        role: TextRole,
        progress: &mut dyn FnMut(usize),
    ) -> Result<EmbeddedTexts, EmbedError> {
        let prefix = match role {
            TextRole::Query => &self.entry.query_prefix,
            TextRole::Passage => &self.entry.passage_prefix,
        };
        let mut all = EmbeddedTexts { vectors: Vec::with_capacity(texts.len()), n_truncated: 0 };
        for window in texts.chunks(WINDOW_TEXTS) {
            let n_before = all.vectors.len();
            let embedded = self.embed_window(window, prefix, &mut |n| progress(n_before + n))?;
            all.vectors.extend(embedded.vectors);
            all.n_truncated += embedded.n_truncated;
        }
        Ok(all)
    }

    fn token_counter(&self) -> TokenCounter {
        self.counter.clone()
    }

    fn word_pieces(&self) -> Option<Arc<WordPieces>> {
        let read = || {
            let pieces = WordPieces::read(self.counter.clone(), self.weights.as_ref()?);
            pieces.map_err(|error| {
                let model = &self.entry.name;
                tracing::warn!(%model, %error, "pieces of words cannot be read; they are left out");
            })
            .ok()?
            .map(Arc::new)
        };
        self.pieces.get_or_init(read).clone()
    }
}

/// How many of the next texts, sorted by ascending length, fit in one batch.
fn batch_size(rest: &[(usize, &Encoding)]) -> usize {
    rest.iter()
        .take(BATCH_TEXTS)
        .enumerate()
        .take_while(|(i, (_, encoding))| *i == 0 || (i + 1) * encoding.len() <= BATCH_TOKENS)
        .count()
}

fn tokenizer(entry: &ModelEntry, path: &Path) -> Result<Tokenizer, EmbedError> {
    let refused = |error: tokenizers::Error| EmbedError::Tokenizer {
        model: entry.name.clone(),
        reason: error.to_string(),
    };
    let mut tokenizer = Tokenizer::from_file(path).map_err(refused)?;
    // The file may fix its own padding and truncation; the registry decides.
    tokenizer.with_padding(None);
    let truncation = TruncationParams { max_length: entry.max_tokens, ..Default::default() };
    tokenizer.with_truncation(Some(truncation)).map_err(refused)?;
    Ok(tokenizer)
}

fn space_of(entry: &ModelEntry, verified: &VerifiedModel) -> Space {
    let mut files: Vec<_> = verified
        .digests
        .iter()
        .filter(|(name, _)| matches!(name.as_str(), "model.onnx" | "tokenizer.json"))
        .cloned()
        .collect();
    files.sort();
    Space {
        model: entry.name.clone(),
        files,
        preprocessing: format!(
            "max_tokens={}; query_prefix={:?}; passage_prefix={:?}",
            entry.max_tokens, entry.query_prefix, entry.passage_prefix
        ),
        pooling: entry.pooling.clone(),
        dimension: entry.dimension,
        normalised: true,
    }
}
