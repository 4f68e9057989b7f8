//! Documents in: bytes, vectors, then one transaction each.

use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use super::pictures::{EmbeddedPicture, embedded_pictures};
use super::source_folder::{has_vanished, taken_from};
use super::sweep::Writing;
use super::text_spaces::TextSpace;
use super::validate::{Gate, PlacedFinding};
use crate::embed::TextRole;
use crate::graph::{DocumentWrite, IngestActivity};
use crate::index::{IndexWrite, VectorStore};
use crate::ingest::{
    IngestConfig, LoadError, SourceItem, count, document, fragments, is_picture, load,
    load_picture, recipe, scan,
};
use crate::model::{
    Digest, Document, DocumentId, Embedding, EntityId, Fragment, FragmentId, FragmentLink, Loaded,
    MediaType, Region, SpaceId, Span, normalise_label,
};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Fragments embedded and committed together: enough that texts of similar
/// length meet, few enough that a crash costs seconds of work.
const BATCH_FRAGMENTS: usize = 256;

/// Bytes of encoded pictures that wait to be committed together.
const BATCH_PICTURE_BYTES: usize = 64 << 20;

/// Where a long operation is.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress<'a> {
    /// Documents taken in so far, and the last one.
    Ingesting {
        /// Count, unchanged ones included.
        n_documents: usize,
        /// How many there are, as far as a look at the files tells.
        n_total: usize,
        /// Source path of the last one.
        source: &'a str,
    },
    /// Documents being embedded.
    Embedding {
        /// Documents that are done, as a share of the work on those at hand.
        n_documents: usize,
        /// How many there are, as far as a look at the files tells.
        n_total: usize,
    },
    /// Documents whose texts are embedded in a further space.
    Filling {
        /// Documents that are done.
        n_documents: usize,
        /// How many there are.
        n_total: usize,
    },
    /// Fragments that a language model reads.
    Extracting {
        /// Fragments that are done.
        n_fragments: usize,
        /// How many there are to do.
        n_total: usize,
        /// Tokens of prompts and outputs so far.
        n_tokens: u64,
    },
    /// A stage of publishing.
    Publishing(&'a str),
}

/// What an ingest did.
#[derive(Debug, Default)]
pub struct IngestOutcome {
    /// Documents that a look at the files promised.
    pub n_total: usize,
    /// Documents that are new or changed.
    pub n_committed: usize,
    /// Those of them that were in already, with other bytes or settings.
    pub n_changed: usize,
    /// Seconds of reading and cutting texts, of decoding, reading and embedding
    /// pictures, of embedding texts, and of writing.
    pub stages: IngestStages,
    /// Documents that were in already, unchanged.
    pub n_unchanged: usize,
    /// Fragments of the committed documents.
    pub n_fragments: usize,
    /// Fragments longer than the model reads.
    pub n_truncated: usize,
    /// Documents that could not be taken in, each with its reason.
    pub failed: Vec<LoadError>,
    /// What documents that were taken in lack by the shapes of the knowledge base.
    pub findings: Vec<PlacedFinding>,
    /// Documents that came from the same folder or file before and are no longer there.
    pub vanished: Vec<DocumentId>,
    /// What was odd in documents that were taken in, each with its source path.
    pub warnings: Vec<String>,
}

/// Seconds of an ingest by stage.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct IngestStages {
    /// Reading files, making texts of them, and cutting these.
    pub load: f64,
    /// Decoding, reading and embedding pictures.
    pub pictures: f64,
    /// Embedding texts.
    pub embed: f64,
    /// Writing bytes, vectors and triples.
    pub write: f64,
}

/// What waits to be committed together.
struct Batch {
    taken_from: String,
    /// The text model in force.
    text: Arc<TextSpace>,
    loaded: Vec<Pending>,
    /// Pictures that are not decoded yet, with their recipes.
    pictures: Vec<(SourceItem, Digest)>,
}

impl Batch {
    fn is_full(&self) -> bool {
        let n: usize = self.loaded.iter().map(|p| p.fragments.len()).sum();
        let n_bytes: usize = self.pictures.iter().map(|(item, _)| item.bytes.len()).sum();
        n + self.pictures.len() >= BATCH_FRAGMENTS || n_bytes >= BATCH_PICTURE_BYTES
    }
}

struct Pending {
    item: SourceItem,
    loaded: Loaded,
    document: Document,
    fragments: Vec<Fragment>,
    recipe: Digest,
    /// Parts of a large picture that have vectors of their own.
    regions: Vec<Region>,
    /// Vectors of a picture file, of the whole and of its parts, for each space of
    /// pictures.
    vectors: Vec<Vec<Vec<f32>>>,
}

/// The present in RFC 3339.
pub(super) fn now() -> String {
    OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default()
}

/// Name and version of the program.
pub(super) fn software() -> String {
    format!("veritrail {}", env!("CARGO_PKG_VERSION"))
}

impl KnowledgeBase {
    /// Takes in every document below `root`. Unchanged documents cost a digest.
    /// A document that cannot be loaded is reported and the others go on; each
    /// document is durable as soon as its transaction is.
    ///
    /// # Errors
    /// When `root` cannot be read, or the knowledge base cannot be written.
    pub fn ingest(
        &self,
        root: &Path,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<IngestOutcome, EngineError> {
        self.ingest_as(root, &taken_from(root), progress)
    }

    /// As [`KnowledgeBase::ingest`], under another name of where documents are taken
    /// from.
    pub(super) fn ingest_as(
        &self,
        root: &Path,
        taken_from: &str,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<IngestOutcome, EngineError> {
        let _writer = self.sole_writer();
        let known: HashMap<DocumentId, (Digest, Digest)> = self
            .graph
            .documents()?
            .into_iter()
            .map(|document| (document.id, (document.digest, document.recipe)))
            .collect();
        let begin = Instant::now();
        let gate = Gate::new(self)?;
        let writing = Writing::begin(&self.root)?;
        let mut seen: HashSet<DocumentId> = HashSet::new();
        let picture_spaces = self.models.picture_identities();
        let config = self.config.ingest.clone();
        let mut outcome = IngestOutcome { n_total: count(root), ..IngestOutcome::default() };
        let mut batch = Batch {
            taken_from: taken_from.to_owned(),
            text: self.text_in_force()?,
            loaded: Vec::new(),
            pictures: Vec::new(),
        };
        let mut failure = None;
        scan(root, config.max_file_bytes, &mut |item| {
            if failure.is_some() {
                return;
            }
            let item = match item {
                Ok(item) => item,
                Err(error) => return outcome.failed.push(error),
            };
            let id = DocumentId::from_source(&item.source);
            seen.insert(id.clone());
            let recipe = with_spaces(recipe(&item, &config), &item, &picture_spaces);
            if known.get(&id) == Some(&(Digest::of(&item.bytes), recipe)) {
                outcome.n_unchanged += 1;
                return;
            }
            outcome.n_changed += usize::from(known.contains_key(&id));
            if is_picture(&item) {
                batch.pictures.push((item, recipe));
            } else {
                let loaded = match load(&item) {
                    Ok(loaded) => loaded,
                    Err(error) => return outcome.failed.push(error),
                };
                let warnings = loaded.1.warnings.iter();
                let named = warnings.map(|warning| format!("{}: {warning}", item.source));
                outcome.warnings.extend(named);
                match gate.pass(&self.graph, &item, &loaded.1.triples, &mut outcome) {
                    Ok(true) => batch.loaded.push(self.pending(item, recipe, loaded, &config)),
                    Ok(false) => return,
                    Err(error) => return failure = Some(error),
                }
            }
            if batch.is_full()
                && let Err(error) = self.commit(&mut batch, &mut outcome, progress)
            {
                failure = Some(error);
            }
        })?;
        match failure {
            Some(error) => return Err(error),
            None => self.commit(&mut batch, &mut outcome, progress)?,
        }
        let before = self.graph.documents_taken_from(taken_from)?.into_iter();
        outcome.vanished = before
            .filter(|document| !seen.contains(document))
            .filter(|document| has_vanished(root, &document.source(), &outcome.failed))
            .collect();
        writing.finish()?;
        let IngestStages { pictures, embed, write, .. } = outcome.stages;
        outcome.stages.load = begin.elapsed().as_secs_f64() - pictures - embed - write;
        Ok(outcome)
    }

    /// Cuts a loaded document into fragments.
    fn pending(
        &self,
        item: SourceItem,
        recipe: Digest,
        (kind, loaded): (MediaType, Loaded),
        config: &IngestConfig,
    ) -> Pending {
        let document = document(&item, kind, &loaded, config);
        let counter = self.home.model.token_counter();
        let n_tokens = |text: &str| counter.count(text);
        let fragments = fragments(&loaded, &document, &n_tokens, &config.chunk);
        Pending {
            item,
            loaded,
            document,
            fragments,
            recipe,
            regions: Vec::new(),
            vectors: Vec::new(),
        }
    }

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

    /// Blobs, then vectors, then one transaction for each document: what no
    /// transaction names does not exist.
    fn commit(
        &self,
        batch: &mut Batch,
        outcome: &mut IngestOutcome,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), EngineError> {
        let started_at = now();
        let begin = Instant::now();
        let (n_before, n_total) = (outcome.n_committed + outcome.n_unchanged, outcome.n_total);
        self.take_pictures(batch, outcome, &mut |n_done| {
            let n_documents = n_before + n_done;
            progress(Progress::Embedding { n_documents, n_total: n_total.max(n_documents) });
        });
        outcome.stages.pictures += begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        let text = Arc::clone(&batch.text);
        let pending = &mut batch.loaded;
        let texts: Vec<(FragmentId, String)> = pending.iter().flat_map(embedding_texts).collect();
        let words: Vec<&str> = texts.iter().map(|(_, text)| text.as_str()).collect();
        let n_pending = pending.len();
        let mut embedding = |n_done: usize| {
            let n_documents = n_before + n_pending * n_done / words.len().max(1);
            let n_total = outcome.n_total.max(n_documents);
            progress(Progress::Embedding { n_documents, n_total });
        };
        let embedded = text.model.embed(&words, TextRole::Passage, &mut embedding)?;
        outcome.n_truncated += embedded.n_truncated;
        outcome.stages.embed += begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        let space = text.id();
        let embeddings: Vec<Embedding> = texts
            .into_iter()
            .zip(embedded.vectors)
            .map(|((target, _), vector)| Embedding { target, space, vector })
            .collect();
        for Pending { item, loaded, document, .. } in pending.iter() {
            self.blobs.put(&document.digest, &item.bytes)?;
            self.blobs.put(&document.text_digest, loaded.text.as_bytes())?;
        }
        text.vectors.add(&embeddings)?;
        self.add_picture_vectors(pending)?;
        let picture_spaces: Vec<SpaceId> =
            self.picture_vectors.iter().map(VectorStore::space).collect();
        let taken_from = batch.taken_from.clone();
        let activity =
            IngestActivity { started_at, ended_at: now(), software: software(), taken_from };
        for pending in pending.drain(..) {
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
            outcome.n_committed += 1;
            outcome.n_fragments += fragments.len();
            let n_documents = outcome.n_committed + outcome.n_unchanged;
            let n_total = outcome.n_total.max(n_documents);
            progress(Progress::Ingesting { n_documents, n_total, source: &document.source });
        }
        outcome.stages.write += begin.elapsed().as_secs_f64();
        Ok(())
    }
}

/// A picture is taken in anew when it lacks a vector in one of the spaces, or when
/// its text was read by other means.
fn with_spaces(recipe: Digest, item: &SourceItem, spaces: &[Digest]) -> Digest {
    if spaces.is_empty() || !is_picture(item) {
        return recipe;
    }
    let parts = std::iter::once(&recipe).chain(spaces).map(|digest| digest.as_bytes().as_slice());
    Digest::of_parts(parts)
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

/// What is embedded of a fragment of a document with this title.
pub(super) fn embedding_text(title: &str, fragment: &Fragment) -> String {
    let section = fragment.heading_path.iter().filter(|heading| *heading != title);
    let mut parts = vec![title];
    parts.extend(section.map(String::as_str));
    format!("{}\n{}", parts.join(" > "), fragment.text)
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
