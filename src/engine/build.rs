//! Documents in: bytes, vectors, then one transaction each.

use super::error::EngineError;
use super::ingest_batch::{Batch, Pending};
use super::knowledge_base::KnowledgeBase;
use super::source_folder::{has_vanished, taken_from};
use super::sweep::Writing;
use super::validate::{Gate, PlacedFinding};
use crate::ingest::{
    IngestConfig, LoadError, SourceItem, count, document, fragments, is_picture, load, recipe, scan,
};
use crate::model::{Digest, DocumentId, Fragment, Loaded, MediaType};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Instant;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

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
    /// Writing bytes, vectors and triples, as far as it took longer than the embedding of
    /// the next texts.
    pub write: f64,
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
        let (mut waiting, mut failure) = (None, None);
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
                && let Err(error) = self.turn(&mut batch, &mut waiting, &mut outcome, progress)
            {
                failure = Some(error);
            }
        })?;
        match failure {
            Some(error) => return Err(error),
            None => self.turn(&mut batch, &mut waiting, &mut outcome, progress)?,
        }
        // Nothing is left to embed; the last batch is written.
        self.turn(&mut batch, &mut waiting, &mut outcome, progress)?;
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
    pub(super) fn pending(
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

/// What is embedded of a fragment of a document with this title.
pub(super) fn embedding_text(title: &str, fragment: &Fragment) -> String {
    let section = fragment.heading_path.iter().filter(|heading| *heading != title);
    let mut parts = vec![title];
    parts.extend(section.map(String::as_str));
    format!("{}\n{}", parts.join(" > "), fragment.text)
}
