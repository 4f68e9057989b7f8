//! Documents out for good: from graph, vectors, words, bytes and earlier generations.

use super::build::{Progress, now, software};
use super::error::{EngineError, io_error};
use super::knowledge_base::KnowledgeBase;
use super::promotions::Publishing;
use super::records::Records;
use super::setup::SetupChange;
use super::sweep::Writing;
use crate::audit::ErasedBy;
use crate::graph::{DocumentSummary, Rewrite, Triples};
use crate::index::LexicalIndex;
use crate::model::{AnswerId, Digest, DocumentId, FragmentId, VersionId};
use crate::vocab::{self, prov, rdfs, vt};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;

const FORMAT: &str = "veritrail-receipt 1";
/// Traces named at most when something is left.
const MAX_TRACES: usize = 20;

/// Who deletes, why and how.
#[derive(Clone, Debug)]
pub struct DeleteOptions {
    /// Who asked for it.
    pub principal: String,
    /// Why.
    pub reason: Option<String>,
    /// Whether words of the documents are erased from the records of earlier answers.
    pub erase_quotes: bool,
}

/// What was deleted, to be kept by whoever asked for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Name and version of this form.
    pub format: String,
    /// The documents.
    pub documents: Vec<DeletedDocument>,
    /// Triples that left the graph.
    pub n_triples: usize,
    /// Entities that nothing else supported.
    pub n_entities: usize,
    /// Vectors removed, replaced ones of earlier versions included.
    pub n_vectors: usize,
    /// Files of bytes and extracted texts removed.
    pub n_blobs: usize,
    /// Earlier generations, whose word indexes held the documents, removed.
    pub n_generations: usize,
    /// Records of answers that quote the documents.
    pub answers: Vec<String>,
    /// Whether their words were erased from these records.
    pub quotes_erased: bool,
    /// Generation before.
    pub generation_before: Option<String>,
    /// Generation after.
    pub generation_after: String,
    /// Who asked for it.
    pub principal: String,
    /// Why.
    pub reason: Option<String>,
    /// When it began, RFC 3339.
    pub deleted_at: String,
    /// Name and version of the program.
    pub software: String,
    /// SHA-256 over this receipt as JSON with an empty `sha256`; the governance graph
    /// holds it too.
    pub sha256: String,
}

/// A document that was deleted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeletedDocument {
    /// Source path or given id.
    pub source: String,
    /// Its IRI.
    pub document: String,
    /// The version that was there.
    pub version: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Number of its fragments.
    pub n_fragments: usize,
}

impl Receipt {
    /// The digest that the receipt should have.
    pub fn digest(&self) -> Digest {
        let unsigned = Self { sha256: String::new(), ..self.clone() };
        Digest::of(&serde_json::to_vec(&unsigned).unwrap_or_default())
    }
}

/// What is left of a deleted document.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Residue {
    /// The document.
    pub document: String,
    /// Deletions of it that were recorded.
    pub n_deletions: usize,
    /// Subjects and predicates that still speak of it, at most twenty.
    pub triples: Vec<String>,
    /// Vectors of its fragments.
    pub n_vectors: usize,
    /// Fragments in the word index.
    pub n_words: usize,
    /// Generations other than the current one, whose word indexes may hold it.
    pub n_generations: usize,
    /// Vectors and files of bytes that nothing names, in all.
    pub n_unnamed: usize,
    /// Whether its words may still stand in files of the graph, where no query reaches
    /// them: until the knowledge base is opened the next time.
    pub in_files_of_graph: bool,
    /// Records of answers that rest on it. They are no residue: they say why an answer
    /// was given, and lose their words when the deletion asks for it.
    pub answers: Vec<String>,
}

impl Residue {
    /// Whether nothing is left.
    pub fn is_clean(&self) -> bool {
        self.triples.is_empty()
            && !self.in_files_of_graph
            && self.n_vectors + self.n_words + self.n_generations + self.n_unnamed == 0
    }
}

impl Records {
    /// The document that a person names: by source path, given id or IRI.
    ///
    /// # Errors
    /// When there is none, or the graph cannot be read.
    pub fn find_document(&self, name: &str) -> Result<DocumentId, EngineError> {
        let id = if name.starts_with(vocab::DOCUMENT_PREFIX) {
            DocumentId::from_iri(name)
        } else {
            DocumentId::from_source(name)
        };
        let known = self.graph.documents()?;
        if known.iter().any(|document| document.id == id) {
            return Ok(id);
        }
        let lower = name.to_lowercase();
        let near = known.iter().filter(|d| d.source.to_lowercase().contains(&lower));
        let near: Vec<String> = near.take(3).map(|document| document.source.clone()).collect();
        Err(EngineError::NoDocument { name: name.to_owned(), near: near.join(", ") })
    }
}

impl KnowledgeBase {
    /// Deletes documents: one transaction takes them out of the graph, with what only
    /// they support, and records the deletion; then a generation without them is
    /// published, and vectors, bytes and earlier generations are removed. From the
    /// transaction on no reader sees them; after a crash the next start does the rest.
    /// Out of reach of readers, words stay in the files of the graph until it is opened
    /// the next time; see [`KnowledgeBase::close`].
    ///
    /// # Errors
    /// When the knowledge base cannot be read or written.
    pub fn delete(
        &self,
        documents: &[DocumentId],
        options: &DeleteOptions,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Receipt, EngineError> {
        let _writer = self.sole_writer();
        let wanted: HashSet<&DocumentId> = documents.iter().collect();
        let mut known = self.graph.documents()?;
        known.retain(|document| wanted.contains(&document.id));
        let deleted = self.described(&known)?;
        let gone = self.gone(&known)?;
        let ids: Vec<DocumentId> = known.iter().map(|document| document.id.clone()).collect();
        let deleted_at = now();
        let generation_before = self.current()?.map(|generation| generation.name().to_owned());
        let answers = self.graph.answers_about(&ids)?;
        let writing = Writing::begin_deletion(&self.root)?;
        let names: Vec<String> =
            known.iter().map(|document| deletion_iri(&document.id, &deleted_at)).collect();
        let record = record(&gone, &names, options, &deleted_at);
        let versions: Vec<VersionId> =
            gone.iter().flat_map(|gone| gone.versions.iter().cloned()).collect();
        let reason = format!("deletion {}", names.join(" "));
        let by = ErasedBy { principal: &options.principal, reason: Some(&reason), at: &deleted_at };
        let quoting: &[AnswerId] = if options.erase_quotes { &answers } else { &[] };
        self.graph.forget_at_next_opening()?;
        let removal = if quoting.is_empty() {
            self.graph.delete_documents(&ids, &Rewrite::default(), &record)?
        } else {
            self.delete_with_quotes(quoting, &versions, by, |erasures| {
                self.graph.delete_documents(&ids, erasures, &record)
            })?
        };
        self.graph.flush()?;
        // No earlier generation may answer any more, so that nothing holds this one.
        let published =
            self.build_generation(Publishing::AtOnce, &SetupChange::default(), progress)?;
        self.release()?;
        progress(Progress::Publishing("removing what is left"));
        let n_generations = self.remove_other_generations()?;
        let swept = self.sweep()?;
        self.graph.compact()?;
        let mut receipt = Receipt {
            format: FORMAT.to_owned(),
            documents: deleted,
            n_triples: removal.n_triples,
            n_entities: removal.n_entities,
            n_vectors: swept.n_vectors,
            n_blobs: swept.n_blobs,
            n_generations,
            answers: answers.iter().map(|answer| answer.name().to_owned()).collect(),
            quotes_erased: options.erase_quotes,
            generation_before,
            generation_after: published.generation.name().to_owned(),
            principal: options.principal.clone(),
            reason: options.reason.clone(),
            deleted_at,
            software: software(),
            sha256: String::new(),
        };
        receipt.sha256 = receipt.digest().to_string();
        let mut triples = Triples::new();
        for name in &names {
            triples.text(name, vt::RECEIPT_SHA256, &receipt.sha256);
            triples.time(name, prov::ENDED_AT_TIME, &now());
        }
        self.graph.add_to_graph(vocab::GRAPH_GOVERNANCE, &triples.into_vec())?;
        self.graph.flush()?;
        writing.finish()?;
        Ok(receipt)
    }

    /// Everything of documents that goes: with what answers still name of versions that
    /// were replaced before.
    fn gone(&self, known: &[DocumentSummary]) -> Result<Vec<Gone>, EngineError> {
        let gone = known.iter().map(|document| {
            let mut versions = vec![document.version.clone()];
            let mut bytes = vec![document.digest, document.text_digest];
            for (version, digest) in self.graph.answered_versions(&document.id)? {
                versions.push(version);
                bytes.push(digest);
            }
            Ok(Gone { document: document.id.clone(), versions, bytes })
        });
        // Bytes that another document shares stay; nobody else loses them.
        let mut gone = gone.collect::<Result<Vec<_>, EngineError>>()?;
        let going: HashSet<&DocumentId> = known.iter().map(|document| &document.id).collect();
        let stays = |document: &&DocumentSummary| !going.contains(&document.id);
        let shared: HashSet<Digest> = self
            .graph
            .documents()?
            .iter()
            .filter(stays)
            .flat_map(|document| [document.digest, document.text_digest])
            .collect();
        for gone in &mut gone {
            gone.bytes.retain(|digest| !shared.contains(digest));
        }
        Ok(gone)
    }

    fn described(&self, known: &[DocumentSummary]) -> Result<Vec<DeletedDocument>, EngineError> {
        let mut n_fragments: BTreeMap<VersionId, usize> = BTreeMap::new();
        for fragment in self.graph.fragments()? {
            *n_fragments.entry(fragment.version).or_default() += 1;
        }
        let described = known.iter().map(|document| DeletedDocument {
            source: document.source.clone(),
            document: document.id.to_string(),
            version: document.version.to_string(),
            sha256: document.digest.to_string(),
            n_fragments: n_fragments.get(&document.version).copied().unwrap_or_default(),
        });
        Ok(described.collect())
    }

    /// Finishes a deletion that a crash interrupted after its transaction.
    pub(super) fn finish_deletion(&self) -> Result<(), EngineError> {
        if self.current()?.is_some() {
            self.build_generation(Publishing::AtOnce, &SetupChange::default(), &mut |_| {})?;
            self.release()?;
        }
        self.remove_other_generations()?;
        self.graph.compact()?;
        Ok(())
    }

    /// Removes every generation but the current one.
    fn remove_other_generations(&self) -> Result<usize, EngineError> {
        let others = self.other_generations()?;
        for path in &others {
            fs::remove_dir_all(path).map_err(io_error("remove", path))?;
        }
        self.drop_unused_texts()?;
        Ok(others.len())
    }

    /// Folders of all generations but the current one.
    pub(super) fn other_generations(&self) -> Result<Vec<std::path::PathBuf>, EngineError> {
        let current = self.current()?;
        let folder = self.root.join("generations");
        let mut others = Vec::new();
        for entry in fs::read_dir(&folder).map_err(io_error("list", &folder))? {
            let path = entry.map_err(io_error("list", &folder))?.path();
            let is_current = current.as_ref().is_some_and(|c| path.ends_with(Path::new(c.name())));
            if !is_current {
                others.push(path);
            }
        }
        Ok(others)
    }

    /// Looks for whatever is left of a document that was deleted.
    ///
    /// # Errors
    /// When the knowledge base cannot be read, or never recorded a deletion of such a
    /// document.
    pub fn residue(&self, name: &str) -> Result<Residue, EngineError> {
        let document = if name.starts_with(vocab::DOCUMENT_PREFIX) {
            DocumentId::from_iri(name)
        } else {
            DocumentId::from_source(name)
        };
        let versions = self.graph.deleted_versions(&document)?;
        if self.graph.documents()?.iter().any(|known| known.id == document) {
            return Err(EngineError::Present(name.to_owned()));
        }
        if versions.is_empty() {
            return Err(EngineError::NeverDeleted(name.to_owned()));
        }
        let of_document = |key: &str| {
            let (whole, _) = FragmentId::from_iri(key).split_region();
            let of = |version: &VersionId| {
                whole
                    .as_str()
                    .strip_prefix(vocab::FRAGMENT_PREFIX)
                    .and_then(|rest| rest.strip_prefix(version.hash()))
                    .is_some_and(|rest| rest.starts_with(':'))
            };
            versions.iter().any(of)
        };
        let mut n_vectors = 0;
        self.with_stores(|stores| {
            for store in stores {
                let vectors = store.vectors();
                let keys = (0..vectors.len()).filter_map(|row| vectors.key(row));
                n_vectors += keys.filter(|key| of_document(key)).count();
            }
        });
        let mut n_words = 0;
        if let Some(generation) = self.current()? {
            let folder = self.root.join("generations").join(generation.name()).join("lexical");
            let index = LexicalIndex::open(&folder, self.config.lexical)?;
            n_words = index.fragments()?.iter().filter(|id| of_document(id.as_str())).count();
        }
        let answers = self.graph.answers_about(std::slice::from_ref(&document))?;
        Ok(Residue {
            document: document.to_string(),
            n_deletions: versions.len(),
            triples: self.graph.traces(&document, &versions, MAX_TRACES)?,
            n_vectors,
            n_words,
            n_generations: self.other_generations()?.len(),
            n_unnamed: self.n_unnamed()?,
            in_files_of_graph: self.graph.is_to_be_written_anew(),
            answers: answers.iter().map(|answer| answer.name().to_owned()).collect(),
        })
    }
}

fn deletion_iri(document: &DocumentId, at: &str) -> String {
    let digest = Digest::of_parts([document.as_str().as_bytes(), at.as_bytes()]);
    format!("{}delete:{}", vocab::ACTIVITY_PREFIX, digest.short())
}

/// What goes with a document.
struct Gone {
    document: DocumentId,
    versions: Vec<VersionId>,
    bytes: Vec<Digest>,
}

/// The deletions as triples of the governance graph.
fn record(
    documents: &[Gone],
    names: &[String],
    options: &DeleteOptions,
    at: &str,
) -> Vec<oxigraph::model::Triple> {
    let mut triples = Triples::new();
    for (gone, id) in documents.iter().zip(names) {
        triples.class(id, vt::DELETION);
        triples.class(id, prov::ACTIVITY);
        triples.link(id, vt::DELETED_DOCUMENT, gone.document.as_str());
        for version in &gone.versions {
            triples.link(id, vt::DELETED_VERSION, version.as_str());
        }
        for digest in &gone.bytes {
            let bytes = format!("{}{digest}", vocab::BYTES_PREFIX);
            triples.link(&bytes, prov::WAS_INVALIDATED_BY, id);
        }
        triples.time(id, prov::STARTED_AT_TIME, at);
        let principal = format!("{id}/principal");
        triples.link(id, prov::WAS_ASSOCIATED_WITH, &principal);
        triples.class(&principal, prov::AGENT);
        triples.text(&principal, rdfs::LABEL, &options.principal);
        if let Some(reason) = &options.reason {
            triples.text(id, vt::REASON, reason);
        }
    }
    triples.into_vec()
}
