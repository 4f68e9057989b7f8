//! What is loaded, embedded and written together. A batch is written while the next one is
//! embedded.

use super::build::{IngestOutcome, Progress, embedding_text, now, software};
use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use super::pictures::{EmbeddedPicture, embedded_pictures};
use super::text_spaces::TextSpace;
use crate::embed::TextRole;
use crate::graph::{DocumentWrite, IngestActivity};
use crate::index::{IndexWrite, VectorStore};
use crate::ingest::{SourceItem, load_picture};
use crate::model::{
    Digest, Document, DocumentId, Embedding, EntityId, Fragment, FragmentId, FragmentLink, Loaded,
    Region, SpaceId, Span, normalise_label,
};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

/// Fragments embedded and committed together: enough that texts of similar
/// length meet, few enough that a crash costs seconds of work.
const BATCH_FRAGMENTS: usize = 256;

/// Bytes of encoded pictures that wait to be committed together.
const BATCH_PICTURE_BYTES: usize = 64 << 20;

/// What waits to be committed together.
pub(super) struct Batch {
    pub(super) taken_from: String,
    /// The text model in force.
    pub(super) text: Arc<TextSpace>,
    pub(super) loaded: Vec<Pending>,
    /// Pictures that are not decoded yet, with their recipes.
    pub(super) pictures: Vec<(SourceItem, Digest)>,
}

impl Batch {
    pub(super) fn is_full(&self) -> bool {
        let n: usize = self.loaded.iter().map(|p| p.fragments.len()).sum();
        let n_bytes: usize = self.pictures.iter().map(|(item, _)| item.bytes.len()).sum();
        n + self.pictures.len() >= BATCH_FRAGMENTS || n_bytes >= BATCH_PICTURE_BYTES
    }
}

/// What is embedded and waits to be written.
pub(super) struct Embedded {
    text: Arc<TextSpace>,
    loaded: Vec<Pending>,
    /// Vectors of texts.
    vectors: Vec<Embedding>,
    activity: IngestActivity,
}

pub(super) struct Pending {
    pub(super) item: SourceItem,
    pub(super) loaded: Loaded,
    pub(super) document: Document,
    pub(super) fragments: Vec<Fragment>,
    pub(super) recipe: Digest,
    /// Parts of a large picture that have vectors of their own.
    pub(super) regions: Vec<Region>,
    /// Vectors of a picture file, of the whole and of its parts, for each space of
    /// pictures.
    pub(super) vectors: Vec<Vec<Vec<f32>>>,
}

impl KnowledgeBase {
    /// Decodes and embeds the pictures of a batch and puts them beside its other
    /// documents; those that fail are reported.
    fn take_pictures(
        &self,
        batch: &mut Batch,
        outcome: &mut IngestOutcome,
        progress: &mut dyn FnMut(usize),
    ) {
        let pictures = std::mem::take(&mut batch.pictures);
        let items: Vec<&SourceItem> = pictures.iter().map(|(item, _)| item).collect();
        let config = self.config.ingest.clone();
        let load = |item: &SourceItem| load_picture(item, config.picture_location);
        let taken =
            embedded_pictures(&self.models, &items, &load, config.picture_regions, progress);
        for ((item, recipe), picture) in pictures.into_iter().zip(taken) {
            match picture {
                Ok(mut picture) => {
                    let loaded = (picture.media_type, std::mem::take(&mut picture.loaded));
                    let pending = self.pending(item, recipe, loaded, &config);
                    let EmbeddedPicture { regions, vectors, .. } = picture;
                    batch.loaded.push(Pending { regions, vectors, ..pending });
                }
                Err(error) => outcome.failed.push(error),
            }
        }
    }

    /// Keeps the vectors of picture files.
    fn add_picture_vectors(&self, pending: &[Pending]) -> Result<(), EngineError> {
        for (n, store) in self.picture_vectors.iter().enumerate() {
            let space = store.space();
            let embeddings: Vec<Embedding> = pending
                .iter()
                .flat_map(|p| {
                    picture_keys(p).into_iter().zip(p.vectors.get(n).into_iter().flatten())
                })
                .map(|(target, vector)| Embedding { target, space, vector: vector.clone() })
                .collect();
            store.add(&embeddings)?;
        }
        Ok(())
    }

    /// Embeds what was loaded, and writes the batch before it at the same time.
    pub(super) fn turn(
        &self,
        batch: &mut Batch,
        waiting: &mut Option<Embedded>,
        outcome: &mut IngestOutcome,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), EngineError> {
        let before = waiting.take();
        let n_waiting = before.as_ref().map_or(0, |before| before.loaded.len());
        let (embedded, written) = thread::scope(|scope| {
            let writer = before.map(|before| scope.spawn(|| self.write(before)));
            let embedded = self.embed_batch(batch, n_waiting, outcome, progress);
            let begin = Instant::now();
            let written = writer.map(|writer| writer.join().unwrap_or_else(|e| resume_unwind(e)));
            outcome.stages.write += begin.elapsed().as_secs_f64();
            (embedded, written)
        });
        for (source, n_fragments) in written.transpose()?.unwrap_or_default() {
            outcome.n_committed += 1;
            outcome.n_fragments += n_fragments;
            let n_documents = outcome.n_committed + outcome.n_unchanged;
            let n_total = outcome.n_total.max(n_documents);
            progress(Progress::Ingesting { n_documents, n_total, source: &source });
        }
        *waiting = embedded?;
        Ok(())
    }

    /// Pictures decoded and texts embedded; `None` when there is nothing.
    fn embed_batch(
        &self,
        batch: &mut Batch,
        n_waiting: usize,
        outcome: &mut IngestOutcome,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Option<Embedded>, EngineError> {
        let started_at = now();
        let begin = Instant::now();
        let n_before = outcome.n_committed + outcome.n_unchanged + n_waiting;
        let n_total = outcome.n_total;
        let mut embedding = |n_done: usize| {
            let n_documents = n_before + n_done;
            progress(Progress::Embedding { n_documents, n_total: n_total.max(n_documents) });
        };
        self.take_pictures(batch, outcome, &mut embedding);
        outcome.stages.pictures += begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        let text = Arc::clone(&batch.text);
        let loaded = std::mem::take(&mut batch.loaded);
        if loaded.is_empty() {
            return Ok(None);
        }
        let texts: Vec<(FragmentId, String)> = loaded.iter().flat_map(embedding_texts).collect();
        let words: Vec<&str> = texts.iter().map(|(_, text)| text.as_str()).collect();
        let embedded = text.model.embed(&words, TextRole::Passage, &mut |n_done| {
            embedding(loaded.len() * n_done / words.len().max(1));
        })?;
        outcome.n_truncated += embedded.n_truncated;
        outcome.stages.embed += begin.elapsed().as_secs_f64();
        let space = text.id();
        let vectors = texts
            .into_iter()
            .zip(embedded.vectors)
            .map(|((target, _), vector)| Embedding { target, space, vector })
            .collect();
        let taken_from = batch.taken_from.clone();
        let activity =
            IngestActivity { started_at, ended_at: now(), software: software(), taken_from };
        Ok(Some(Embedded { text, loaded, vectors, activity }))
    }

    /// Blobs, then vectors, then one transaction for each document: what no
    /// transaction names does not exist. Gives source and number of fragments of each.
    fn write(&self, embedded: Embedded) -> Result<Vec<(String, usize)>, EngineError> {
        let Embedded { text, loaded, vectors, activity } = embedded;
        let space = text.id();
        for Pending { item, loaded, document, .. } in &loaded {
            self.blobs.put(&document.digest, &item.bytes)?;
            self.blobs.put(&document.text_digest, loaded.text.as_bytes())?;
        }
        text.vectors.add(&vectors)?;
        self.add_picture_vectors(&loaded)?;
        let picture_spaces: Vec<SpaceId> =
            self.picture_vectors.iter().map(VectorStore::space).collect();
        let mut written = Vec::with_capacity(loaded.len());
        for pending in loaded {
            let keys = picture_keys(&pending);
            let Pending { loaded, document, fragments, recipe, regions, .. } = pending;
            let mut embedded: Vec<(FragmentId, SpaceId)> =
                fragments.iter().map(|fragment| (fragment.id.clone(), space)).collect();
            if document.media_type.is_picture() {
                embedded.extend(
                    keys.iter().flat_map(|key| {
                        picture_spaces.iter().map(move |space| (key.clone(), *space))
                    }),
                );
            }
            let about = (!document.media_type.is_picture())
                .then(|| normalise_label(&document.title))
                .filter(|label| !label.is_empty())
                .map(|label| EntityId::from_label(&label));
            self.graph.commit_document(&DocumentWrite {
                document: &document,
                fragments: &fragments,
                lines: &loaded.lines,
                regions: &regions,
                links: &links(&loaded, &fragments),
                triples: &loaded.triples,
                embedded: &embedded,
                about: about.as_ref(),
                recipe: &recipe,
                activity: &activity,
            })?;
            written.push((document.source, fragments.len()));
        }
        Ok(written)
    }
}

/// The keys of the vectors of a picture file: the whole, then its parts.
fn picture_keys(pending: &Pending) -> Vec<FragmentId> {
    let Some(whole) = pending.fragments.first().map(|fragment| &fragment.id) else {
        return Vec::new();
    };
    let parts = pending.regions.iter().map(|region| whole.with_region(region));
    std::iter::once(whole.clone()).chain(parts).collect()
}

/// A fragment is embedded under its title and headings.
fn embedding_texts(pending: &Pending) -> Vec<(FragmentId, String)> {
    let title = &pending.document.title;
    let fragments = pending.fragments.iter();
    fragments.map(|fragment| (fragment.id.clone(), embedding_text(title, fragment))).collect()
}

/// Links, each in the first fragment in which it stands.
fn links(loaded: &Loaded, fragments: &[Fragment]) -> Vec<FragmentLink> {
    let internal = loaded.links.iter().filter(|link| !link.target.contains("://"));
    internal
        .filter_map(|link| {
            let holder = fragments.iter().find(|fragment| {
                fragment.picture().is_none()
                    && fragment.span.start() <= link.span.start()
                    && link.span.start() < fragment.span.end()
            })?;
            let offset = holder.span.start();
            let end = link.span.end().min(holder.span.end());
            Some(FragmentLink {
                fragment: holder.id.clone(),
                span: Span::new(link.span.start() - offset, end.max(link.span.start()) - offset),
                target: DocumentId::from_source(&link.target),
            })
        })
        .collect()
}
