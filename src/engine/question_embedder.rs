//! Vectors of questions: remembered, and made together when several are asked at once.

use super::batch::Batch;
use super::cache::Cache;
use crate::embed::{
    EmbedError, EmbeddedTexts, Embedder, PictureEmbedder, PictureReading, TextRole, TokenCounter,
    WordPieces,
};
use crate::model::{Calibration, Space, SpaceId};
use crate::picture::RgbPixels;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// Texts that are asked for at once go to the model themselves; they are a batch.
const ALONE: usize = 4;

/// Remembered vectors of all spaces, by space and text.
pub(super) type VectorCache = Cache<(SpaceId, Box<str>), Arc<[f32]>>;

/// A cache of so many MiB.
pub(super) fn vector_cache(capacity_mib: u64) -> VectorCache {
    Cache::new("embedding", capacity_mib, |(_, text), vector| {
        (text.len() + vector.len() * size_of::<f32>() + 64) as u64
    })
}

/// A text model as questions use it. Passages go to the model unchanged: they are seen
/// once.
///
/// A text in a batch is padded to the length of the longest beside it, which may change
/// the last bits of its vector: the components agree with those of a run alone to
/// within 1e-5 (`batched_vectors_are_those_of_single_runs` in the tests). What is
/// remembered is the vector of the first run.
pub(super) struct QuestionEmbedder {
    model: Arc<dyn Embedder>,
    space: SpaceId,
    known: Arc<VectorCache>,
    batch_texts: usize,
    /// Started by the first question.
    batch: OnceLock<Batch>,
}

impl QuestionEmbedder {
    pub(super) fn new(
        model: Arc<dyn Embedder>,
        known: Arc<VectorCache>,
        batch_texts: usize,
    ) -> Self {
        let space = model.space().id();
        Self { model, space, known, batch_texts, batch: OnceLock::new() }
    }

    /// Vectors of texts that are all different.
    fn embed_new(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        if texts.len() <= ALONE && self.batch_texts > 1 {
            let start = || Batch::start(Arc::clone(&self.model), self.batch_texts);
            let batch = self.batch.get_or_init(start);
            if let Some(vectors) = batch.embed(texts) {
                return Ok(vectors);
            }
        }
        Ok(self.model.embed(texts, TextRole::Query, &mut |_| {})?.vectors)
    }
}

impl Embedder for QuestionEmbedder {
    fn space(&self) -> &Space {
        self.model.space()
    }

    fn embed(
        &self,
        texts: &[&str],
        role: TextRole,
        progress: &mut dyn FnMut(usize),
    ) -> Result<EmbeddedTexts, EmbedError> {
        if role != TextRole::Query {
            return self.model.embed(texts, role, progress);
        }
        let key = |text: &str| (self.space, Box::<str>::from(text));
        let mut found: Vec<Option<Arc<[f32]>>> =
            texts.iter().map(|text| self.known.get(&key(text))).collect();
        let missing = texts.iter().zip(&found).filter(|(_, found)| found.is_none());
        let missing: BTreeSet<&str> = missing.map(|(text, _)| *text).collect();
        let missing: Vec<&str> = missing.into_iter().collect();
        if !missing.is_empty() {
            let vectors = self.embed_new(&missing)?;
            for (text, vector) in missing.iter().zip(vectors) {
                let vector: Arc<[f32]> = vector.into();
                self.known.insert(key(text), Arc::clone(&vector));
                for (asked, slot) in texts.iter().zip(&mut found) {
                    if asked == text {
                        *slot = Some(Arc::clone(&vector));
                    }
                }
            }
        }
        progress(texts.len());
        let vectors = found.into_iter().flatten().map(|vector| vector.to_vec()).collect();
        Ok(EmbeddedTexts { vectors, n_truncated: 0 })
    }

    fn token_counter(&self) -> TokenCounter {
        self.model.token_counter()
    }

    fn word_pieces(&self) -> Option<Arc<WordPieces>> {
        self.model.word_pieces()
    }
}

/// A picture model as questions use it: their words are remembered.
pub(super) struct QuestionPictureEmbedder {
    model: Arc<dyn PictureEmbedder>,
    words: QuestionEmbedder,
}

impl QuestionPictureEmbedder {
    pub(super) fn new(
        model: Arc<dyn PictureEmbedder>,
        known: Arc<VectorCache>,
        batch_texts: usize,
    ) -> Self {
        let words = QuestionEmbedder::new(Arc::clone(&model) as _, known, batch_texts);
        Self { model, words }
    }
}

impl Embedder for QuestionPictureEmbedder {
    fn space(&self) -> &Space {
        self.words.space()
    }

    fn embed(
        &self,
        texts: &[&str],
        role: TextRole,
        progress: &mut dyn FnMut(usize),
    ) -> Result<EmbeddedTexts, EmbedError> {
        self.words.embed(texts, role, progress)
    }

    fn token_counter(&self) -> TokenCounter {
        self.words.token_counter()
    }

    fn word_pieces(&self) -> Option<Arc<WordPieces>> {
        self.words.word_pieces()
    }
}

impl PictureEmbedder for QuestionPictureEmbedder {
    fn embed_pictures(&self, pictures: &[&RgbPixels]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.model.embed_pictures(pictures)
    }

    fn read_pictures(&self, pictures: &[&RgbPixels]) -> Result<Vec<PictureReading>, EmbedError> {
        self.model.read_pictures(pictures)
    }

    fn calibration(&self) -> Option<&Calibration> {
        self.model.calibration()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::batch::tests::Lengths;

    #[test]
    fn a_text_is_embedded_once_and_every_place_gets_its_vector() {
        let model = Arc::new(Lengths::new());
        let known = Arc::new(vector_cache(1));
        let embedder = QuestionEmbedder::new(Arc::clone(&model) as _, Arc::clone(&known), 32);
        let embed = |texts: &[&str]| {
            let embedded = embedder.embed(texts, TextRole::Query, &mut |_| {}).unwrap();
            embedded.vectors.concat()
        };
        assert_eq!(embed(&["a", "bb", "a"]), [1.0, 2.0, 1.0]);
        assert_eq!(embed(&["bb", "ccc"]), [2.0, 3.0]);
        let runs = model.runs.lock().unwrap().concat();
        assert_eq!(runs, ["a", "bb", "ccc"]);
        let stats = known.stats();
        assert_eq!((stats.n_hits, stats.n_misses, stats.n_entries), (1, 4, 3));
        assert!(embedder.embed(&["bad"], TextRole::Query, &mut |_| {}).is_err());
    }

    #[test]
    fn passages_are_not_remembered() {
        let known = Arc::new(vector_cache(1));
        let embedder = QuestionEmbedder::new(Arc::new(Lengths::new()), Arc::clone(&known), 32);
        embedder.embed(&["a"], TextRole::Passage, &mut |_| {}).unwrap();
        assert_eq!(known.stats().n_entries, 0);
    }
}
