//! Changes of others: made through the one lock of writers, and recorded with them.

use super::changes::{Changes, Changing};
use super::error::QueryError;
use super::frames::Job;
use super::rdf_parts::{RdfPart, parse_parts};
use super::result_format::ResultFormat;
use super::service::VectorSearch;
use super::sparql::{QueryOptions, QueryRequest};
use super::store::Store;
use super::triples::Triples;
use super::update::UpdateRequest;
use super::view::Viewer;
use crate::model::Digest;
use crate::vocab::{self, prov, rdfs, vt};
use oxigraph::model::{NamedNode, Triple};
use std::io::Write;
use std::sync::{MutexGuard, PoisonError};

/// Longest text of an update that is kept; of a longer one, its digest is.
const MAX_TEXT_BYTES: usize = 10_000;
/// How often an update is evaluated beside other writers before they have to wait.
const N_TRIES_BESIDE: usize = 3;

/// Who changes the graph.
#[derive(Clone, Debug)]
pub struct ChangeAuthor {
    /// Name of the person or program.
    pub name: String,
    /// In which role.
    pub role: String,
    /// When it began, RFC 3339.
    pub began_at: String,
}

/// A change that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeReceipt {
    /// IRI of the record; `None` when nothing changed.
    pub record: Option<String>,
    /// Quads that are new.
    pub n_inserted: usize,
    /// Quads that are gone.
    pub n_removed: usize,
    /// Graphs that changed, ordered.
    pub graphs: Vec<String>,
    /// Named graphs that were not there before.
    pub created: Vec<String>,
}

/// How one whole graph changes, as the Graph Store HTTP Protocol has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The graph holds exactly the given triples.
    Replace,
    /// The given triples are added.
    Add,
    /// The graph goes.
    Delete,
}

impl ChangeKind {
    fn method(self) -> &'static str {
        match self {
            Self::Replace => "PUT",
            Self::Add => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// A change of one whole graph.
#[derive(Debug)]
pub struct GraphChange<'a> {
    /// Name of the graph; none for the unnamed one.
    pub graph: Option<&'a str>,
    /// How it changes.
    pub kind: ChangeKind,
    /// Documents with the triples.
    pub parts: &'a [RdfPart],
    /// What relative IRIs in them are relative to.
    pub base: &'a str,
}

impl Store {
    /// Answers a query of others in a process of its own, which is ended when the time
    /// is up or it wants too much memory.
    ///
    /// # Errors
    /// As [`Store::query`], and when too many wait or no process can be started.
    pub fn query_bounded(
        &self,
        request: QueryRequest,
        search: Option<&VectorSearch<'_>>,
        output: &mut dyn Write,
    ) -> Result<ResultFormat, QueryError> {
        let job = Job::Query(request);
        let (format, _) = self.pool.place()?.run(self, false, job, search, output)?;
        format.ok_or(QueryError::Ended)
    }

    /// Writes what the caller sees of a graph, the unnamed one when there is no name.
    ///
    /// # Errors
    /// When the caller sees no such graph, or as [`Store::query_bounded`].
    pub fn read_graph(
        &self,
        name: Option<&str>,
        options: &QueryOptions,
        viewer: &Viewer,
        output: &mut dyn Write,
    ) -> Result<ResultFormat, QueryError> {
        let job = Job::Graph {
            name: name.map(str::to_owned),
            options: options.clone(),
            viewer: viewer.clone(),
        };
        let (format, _) = self.pool.place()?.run(self, false, job, None, output)?;
        format.ok_or(QueryError::Ended)
    }

    /// Makes a SPARQL update of others and records it, in one transaction. It is
    /// evaluated in a process of its own, like queries; what it changes is written here.
    ///
    /// # Errors
    /// When it is no update, touches graphs that the caller may not write, or as
    /// [`Store::query_bounded`]. Then nothing has changed.
    pub fn update(
        &self,
        request: &UpdateRequest,
        author: &ChangeAuthor,
        search: Option<&VectorSearch<'_>>,
    ) -> Result<ChangeReceipt, QueryError> {
        let place = self.pool.place()?;
        let job = || Job::Update(request.clone());
        let made = |guard: &MutexGuard<'_, ()>, bytes: &[u8]| {
            let changes = Changes::from_bytes(bytes)?;
            self.commit_change(guard, changes, author, &request.text)
        };
        for _ in 0..N_TRIES_BESIDE {
            let mut bytes = Vec::new();
            let (_, n_writes) = place.run(self, false, job(), search, &mut bytes)?;
            let guard = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            if self.history.n_writes() == n_writes {
                return made(&guard, &bytes);
            }
        }
        let guard = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = Vec::new();
        place.run(self, true, job(), search, &mut bytes)?;
        made(&guard, &bytes)
    }

    /// Changes a graph of users and records it, in one transaction.
    ///
    /// # Errors
    /// When the documents are not RDF, the caller may not write the graph, or there is
    /// none that could be deleted. Then nothing has changed.
    pub fn change_graph(
        &self,
        change: &GraphChange<'_>,
        author: &ChangeAuthor,
        viewer: &Viewer,
    ) -> Result<ChangeReceipt, QueryError> {
        let triples = parse_parts(change.parts, change.base)?;
        let name = change.graph;
        let text = format!("{} <{}>", change.kind.method(), name.unwrap_or(vocab::GRAPH_UNNAMED));
        let guard = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut transaction = self.inner.start_transaction()?;
        let mut changing = Changing::new(&mut transaction, viewer);
        match change.kind {
            ChangeKind::Delete => match name {
                Some(name) if !super::view::is_open(name) => {
                    return Err(QueryError::NotWritable(name.to_owned()));
                }
                Some(name) if !changing.sees_graph(name)? => {
                    return Err(QueryError::NoGraph(name.to_owned()));
                }
                name => changing.clear(name, true)?,
            },
            ChangeKind::Replace => {
                changing.clear(name, false)?;
                changing.insert_all(name, triples)?;
            }
            ChangeKind::Add => changing.insert_all(name, triples)?,
        }
        let changes = changing.finish()?;
        drop(transaction);
        self.commit_change(&guard, changes, author, &text)
    }

    /// Writes changes and the record of them.
    fn commit_change(
        &self,
        guard: &MutexGuard<'_, ()>,
        mut changes: Changes,
        author: &ChangeAuthor,
        text: &str,
    ) -> Result<ChangeReceipt, QueryError> {
        let graphs: Vec<String> = changes.graphs().into_iter().collect();
        let names = changes.created.iter().map(|name| name.as_str().to_owned());
        let mut receipt = ChangeReceipt {
            record: None,
            n_inserted: changes.inserted.len(),
            n_removed: changes.removed.len(),
            graphs,
            created: names.collect(),
        };
        if changes.is_empty() {
            return Ok(receipt);
        }
        let n_writes = self.history.n_writes().to_string();
        let parts = [text, &author.name, &author.began_at, &n_writes];
        let id = Digest::of_parts(parts.map(str::as_bytes));
        let id = format!("{}update:{}", vocab::ACTIVITY_PREFIX, id.short());
        let governance = NamedNode::new_unchecked(vocab::GRAPH_GOVERNANCE);
        let record = describe(&id, &receipt, author, text);
        changes
            .inserted
            .extend(record.into_iter().map(|triple| triple.in_graph(governance.clone())));
        let n_quads = changes.inserted.len() + changes.removed.len();
        self.write_changes(guard, changes)?;
        self.wrote(n_quads)?;
        receipt.record = Some(id);
        Ok(receipt)
    }
}

fn describe(id: &str, receipt: &ChangeReceipt, author: &ChangeAuthor, text: &str) -> Vec<Triple> {
    let mut triples = Triples::new();
    let agent = format!("{}{}", vocab::AGENT_PREFIX, Digest::of(author.name.as_bytes()).short());
    triples.class(id, vt::GRAPH_UPDATE);
    triples.class(id, prov::ACTIVITY);
    triples.time(id, prov::STARTED_AT_TIME, &author.began_at);
    triples.link(id, prov::WAS_ASSOCIATED_WITH, &agent);
    triples.class(&agent, prov::AGENT);
    triples.text(&agent, rdfs::LABEL, &author.name);
    triples.text(id, vt::ROLE, &author.role);
    triples.text(id, vt::UPDATE_SHA256, &Digest::of(text.as_bytes()).to_string());
    if text.len() <= MAX_TEXT_BYTES {
        triples.text(id, vt::UPDATE_TEXT, text);
    }
    for graph in &receipt.graphs {
        triples.link(id, vt::CHANGED_GRAPH, graph);
    }
    triples.count(id, vt::N_INSERTED, receipt.n_inserted);
    triples.count(id, vt::N_REMOVED, receipt.n_removed);
    triples.into_vec()
}
