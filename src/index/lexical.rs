//! Search by words: BM25 by tantivy.

use super::words::{ANALYZER, analyzer};
use crate::model::{AccessLabel, FragmentId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tantivy::collector::{DocSetCollector, TopDocs};
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, Occur, Query, TermQuery,
};
use tantivy::schema::{
    Field, FieldType, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
    Value,
};
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{
    DocAddress, Index, IndexReader, IndexWriter, ReloadPolicy, Searcher, TantivyDocument, Term,
};

const WRITER_BYTES: usize = 64 << 20;

/// Settings of word search: how much a match in each field counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LexicalConfig {
    /// Document title.
    pub title_boost: f32,
    /// Headings above the fragment.
    pub headings_boost: f32,
    /// The fragment itself, its title and headings included.
    pub body_boost: f32,
}

impl Default for LexicalConfig {
    fn default() -> Self {
        Self { title_boost: 0.3, headings_boost: 0.2, body_boost: 1.0 }
    }
}

/// A fragment as word search sees it.
#[derive(Clone, Debug)]
pub struct LexicalDocument<'a> {
    /// The fragment.
    pub id: &'a FragmentId,
    /// Who may see it.
    pub label: &'a AccessLabel,
    /// Title of its document.
    pub title: &'a str,
    /// Headings above it.
    pub headings: &'a str,
    /// Its text.
    pub body: &'a str,
}

/// A fragment found by words.
#[derive(Clone, Debug, PartialEq)]
pub struct LexicalHit {
    /// The fragment.
    pub fragment: FragmentId,
    /// BM25 score (k1 = 1.2, b = 0.75), summed over fields with their boosts.
    pub score: f32,
}

/// An index that cannot be built or searched.
#[derive(Debug, thiserror::Error)]
pub enum LexicalError {
    /// The library failed.
    #[error("the word index in {path} failed")]
    Index {
        /// Its folder.
        path: PathBuf,
        /// What the library says.
        #[source]
        source: tantivy::TantivyError,
    },
    /// The folder cannot be made.
    #[error("cannot create {path}")]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}

/// A word index under construction.
pub struct LexicalWriter {
    path: PathBuf,
    writer: IndexWriter,
    fields: Fields,
}

/// An immutable word index.
pub struct LexicalIndex {
    pub(super) path: PathBuf,
    pub(super) reader: IndexReader,
    pub(super) analyzer: TextAnalyzer,
    pub(super) fields: Fields,
    /// The fragment of each document of each segment, once it was found: reading it from
    /// the index takes longer than finding it.
    known: Vec<Vec<OnceLock<FragmentId>>>,
    config: LexicalConfig,
}

#[derive(Clone, Copy)]
pub(super) struct Fields {
    id: Field,
    label: Field,
    title: Field,
    headings: Field,
    pub(super) body: Field,
}

impl LexicalWriter {
    /// An empty index in `folder`. One thread writes, so that the same fragments in the
    /// same order give the same ranking.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn create(folder: &Path) -> Result<Self, LexicalError> {
        std::fs::create_dir_all(folder)
            .map_err(|source| LexicalError::Io { path: folder.to_owned(), source })?;
        let failed = |source| LexicalError::Index { path: folder.to_owned(), source };
        let (schema, fields) = schema();
        let index = Index::create_in_dir(folder, schema).map_err(failed)?;
        if let Some(analyzer) = analyzer(ANALYZER) {
            index.tokenizers().register(ANALYZER, analyzer);
        }
        let writer = index.writer_with_num_threads(1, WRITER_BYTES).map_err(failed)?;
        Ok(Self { path: folder.to_owned(), writer, fields })
    }

    /// Adds a fragment.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn add(&mut self, document: &LexicalDocument<'_>) -> Result<(), LexicalError> {
        let fields = self.fields;
        let mut entry = TantivyDocument::new();
        entry.add_text(fields.id, document.id.as_str());
        entry.add_text(fields.label, &document.label.0);
        entry.add_text(fields.title, document.title);
        entry.add_text(fields.headings, document.headings);
        let body = format!("{}\n{}\n{}", document.title, document.headings, document.body);
        entry.add_text(fields.body, body);
        self.writer.add_document(entry).map_err(|source| self.failed(source))?;
        Ok(())
    }

    /// Makes the index whole.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn finish(mut self) -> Result<(), LexicalError> {
        self.writer.commit().map_err(|source| self.failed(source))?;
        let path = self.path;
        let failed = |source| LexicalError::Index { path, source };
        self.writer.wait_merging_threads().map_err(failed)
    }

    fn failed(&self, source: tantivy::TantivyError) -> LexicalError {
        LexicalError::Index { path: self.path.clone(), source }
    }
}

impl LexicalIndex {
    /// Builds an index in `folder` of all `documents`.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn build<'a>(
        folder: &Path,
        documents: impl IntoIterator<Item = LexicalDocument<'a>>,
    ) -> Result<(), LexicalError> {
        let mut writer = LexicalWriter::create(folder)?;
        for document in documents {
            writer.add(&document)?;
        }
        writer.finish()
    }

    /// Opens an index that a [`LexicalWriter`] made.
    ///
    /// # Errors
    /// When it is missing or damaged.
    pub fn open(folder: &Path, config: LexicalConfig) -> Result<Self, LexicalError> {
        let failed = |source| LexicalError::Index { path: folder.to_owned(), source };
        let index = Index::open_in_dir(folder).map_err(failed)?;
        let (_, fields) = schema();
        let name = analyzer_of(&index, fields.body);
        let Some(analyzer) = name.as_deref().and_then(analyzer) else {
            let reason = format!("words of a kind that this version does not know ({name:?})");
            return Err(failed(tantivy::TantivyError::SchemaError(reason)));
        };
        index.tokenizers().register(name.as_deref().unwrap_or_default(), analyzer.clone());
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()
            .map_err(failed)?;
        let searcher = reader.searcher();
        let n_documents = searcher.segment_readers().iter().map(|segment| segment.max_doc());
        let known = n_documents.map(|n| (0..n).map(|_| OnceLock::new()).collect()).collect();
        Ok(Self { path: folder.to_owned(), reader, analyzer, fields, known, config })
    }

    /// The `k` best fragments that share a word with `text`, best first; ties go
    /// to the lower id. Only fragments of the allowed labels are looked at; the
    /// text is taken as words, never as query syntax.
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn search(
        &self,
        text: &str,
        k: usize,
        labels: Option<&BTreeSet<AccessLabel>>,
    ) -> Result<Vec<LexicalHit>, LexicalError> {
        let words = self.words(text);
        if words.is_empty() || k == 0 {
            return Ok(Vec::new());
        }
        let failed = |source| LexicalError::Index { path: self.path.clone(), source };
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        for (field, boost) in [
            (self.fields.title, self.config.title_boost),
            (self.fields.headings, self.config.headings_boost),
            (self.fields.body, self.config.body_boost),
        ] {
            if boost <= 0.0 {
                continue;
            }
            for word in &words {
                let term = Term::from_field_text(field, word);
                let query = TermQuery::new(term, IndexRecordOption::WithFreqs);
                clauses.push((Occur::Should, Box::new(BoostQuery::new(Box::new(query), boost))));
            }
        }
        // As a clause that must hold, words are summed up over windows of fragments. On its
        // own the library would skip through them by block-max WAND, which for as many words
        // as a question has takes two to seven times as long; docs/decisions/046.
        let words: Box<dyn Query> = Box::new(BooleanQuery::new(clauses));
        let mut required = vec![(Occur::Must, words)];
        if let Some(labels) = labels {
            let allowed = labels.iter().map(|label| {
                let term = Term::from_field_text(self.fields.label, &label.0);
                let query = TermQuery::new(term, IndexRecordOption::Basic);
                (Occur::Should, Box::new(query) as Box<dyn Query>)
            });
            let allowed = BooleanQuery::new(allowed.collect());
            required.push((Occur::Must, Box::new(ConstScoreQuery::new(Box::new(allowed), 0.0))));
        }
        let query = BooleanQuery::new(required);
        let searcher = self.reader.searcher();
        let found =
            searcher.search(&query, &TopDocs::with_limit(k).order_by_score()).map_err(failed)?;
        let mut hits = Vec::with_capacity(found.len());
        for (score, address) in found {
            if let Some(fragment) = self.fragment_at(&searcher, address).map_err(failed)? {
                hits.push(LexicalHit { fragment, score });
            }
        }
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.fragment.cmp(&b.fragment)));
        Ok(hits)
    }

    /// Every fragment in it, in no order.
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn fragments(&self) -> Result<Vec<FragmentId>, LexicalError> {
        let failed = |source| LexicalError::Index { path: self.path.clone(), source };
        let searcher = self.reader.searcher();
        let all = searcher.search(&AllQuery, &DocSetCollector).map_err(failed)?;
        let mut fragments = Vec::with_capacity(all.len());
        for address in all {
            fragments.extend(self.fragment_at(&searcher, address).map_err(failed)?);
        }
        Ok(fragments)
    }

    fn fragment_at(
        &self,
        searcher: &Searcher,
        address: DocAddress,
    ) -> Result<Option<FragmentId>, tantivy::TantivyError> {
        let segment = self.known.get(address.segment_ord as usize);
        let known = segment.and_then(|segment| segment.get(address.doc_id as usize));
        if let Some(found) = known.and_then(OnceLock::get) {
            return Ok(Some(found.clone()));
        }
        let document: TantivyDocument = searcher.doc(address)?;
        let id = document.get_first(self.fields.id).and_then(|value| value.as_str());
        let found = id.map(FragmentId::from_iri);
        Ok(match (found, known) {
            (Some(found), Some(known)) => Some(known.get_or_init(|| found).clone()),
            (found, _) => found,
        })
    }

    /// Names of files of the index in `folder` whose checksums are not those of their
    /// bytes; it need not be fit to be opened.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn damage(folder: &Path) -> Result<BTreeSet<PathBuf>, LexicalError> {
        let failed = |source| LexicalError::Index { path: folder.to_owned(), source };
        let damaged = Index::open_in_dir(folder).and_then(|index| index.validate_checksum());
        Ok(damaged.map_err(failed)?.into_iter().collect())
    }

    /// Number of fragments.
    pub fn len(&self) -> usize {
        usize::try_from(self.reader.searcher().num_docs()).unwrap_or(usize::MAX)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The name of the analyzer that made the words of a field.
fn analyzer_of(index: &Index, field: Field) -> Option<String> {
    let schema = index.schema();
    // A schema of another version has fewer fields.
    let entry = schema.fields().find(|(known, _)| *known == field).map(|(_, entry)| entry)?;
    match entry.field_type() {
        FieldType::Str(options) => {
            options.get_indexing_options().map(|options| options.tokenizer().to_owned())
        }
        _ => None,
    }
}

fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(ANALYZER)
        .set_index_option(IndexRecordOption::WithFreqs);
    let text = TextOptions::default().set_indexing_options(indexing);
    let fields = Fields {
        id: builder.add_text_field("id", STRING | STORED),
        label: builder.add_text_field("label", STRING),
        title: builder.add_text_field("title", text.clone()),
        headings: builder.add_text_field("headings", text.clone()),
        body: builder.add_text_field("body", text),
    };
    (builder.build(), fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(entries: &[(&str, &str, &str)]) -> (tempfile::TempDir, LexicalIndex) {
        let folder = tempfile::tempdir().unwrap();
        let owned: Vec<(FragmentId, AccessLabel, &str)> = entries
            .iter()
            .map(|(id, label, body)| {
                (FragmentId::from_iri(*id), AccessLabel((*label).to_owned()), *body)
            })
            .collect();
        LexicalIndex::build(
            folder.path(),
            owned.iter().map(|(id, label, body)| LexicalDocument {
                id,
                label,
                title: "",
                headings: "",
                body,
            }),
        )
        .unwrap();
        let index = LexicalIndex::open(folder.path(), LexicalConfig::default()).unwrap();
        (folder, index)
    }

    fn check(index: &LexicalIndex, text: &str, labels: Option<&[&str]>, expected: &[&str]) {
        let labels = labels
            .map(|labels| labels.iter().map(|label| AccessLabel((*label).to_owned())).collect());
        let found = index.search(text, 10, labels.as_ref()).unwrap();
        let found: Vec<&str> = found.iter().map(|hit| hit.fragment.as_str()).collect();
        assert_eq!(found, expected, "for `{text}`");
    }

    #[test]
    fn words_are_stemmed_and_syntax_is_harmless() {
        let (_folder, index) = index(&[
            ("f:1", "public", "Replacing the pump seals"),
            ("f:2", "public", "A wiring diagram for the Größenregler"),
        ]);
        check(&index, "replace seal", None, &["f:1"]);
        check(&index, "größenregler", None, &["f:2"]);
        check(&index, "seal AND -pump \"(", None, &["f:1"]);
        check(&index, "title:* ~ ^ ?!", None, &[]);
    }

    #[test]
    fn a_version_finds_itself_and_what_it_begins() {
        let (_folder, index) = index(&[
            ("f:1", "public", "Fixed in 8.5.5.3"),
            ("f:2", "public", "Fixed in 8.5.5.4"),
            ("f:3", "public", "Chapter 3 lists 5 or 8 errors"),
        ]);
        check(&index, "8.5.5.4", None, &["f:2", "f:1"]);
        check(&index, "v8.5.5", None, &["f:1", "f:2"]);
        check(&index, "9.3.5.8", None, &[]);
    }

    #[test]
    fn labels_are_applied_inside_the_search() {
        let (_folder, index) =
            index(&[("f:1", "public", "pump seal"), ("f:2", "secret", "pump seal pump")]);
        check(&index, "pump", Some(&["public"]), &["f:1"]);
        check(&index, "pump", Some(&[]), &[]);
        let hits =
            |labels: Option<&BTreeSet<AccessLabel>>| index.search("pump", 5, labels).unwrap();
        let all: BTreeSet<AccessLabel> =
            ["public", "secret"].iter().map(|label| AccessLabel((*label).into())).collect();
        assert_eq!(hits(Some(&all)).len(), hits(None).len());
    }
}
