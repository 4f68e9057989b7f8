//! Documents and the graph itself against shapes.
//!
//! Graphs are read one after the other, so that memory holds one of them at a time.

use super::build::IngestOutcome;
use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use super::shape_files::own_shapes;
use crate::graph::Store;
use crate::ingest::{LoadError, SourceItem, ValidateMode};
use crate::model::{Digest, DocumentId, VersionId};
use crate::shapes::{DataGraph, Finding, Severity, Shapes, Subclasses};
use crate::vocab;
use oxigraph::model::{Term, Triple};
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

/// Findings that the error about a refused document names.
const NAMED_IN_ERRORS: usize = 3;

/// A finding and where it was made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlacedFinding {
    /// Source path of the document, for graphs of documents.
    pub source: Option<String>,
    /// The named graph; none for nodes that no graph describes.
    pub graph: Option<String>,
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
}

/// The outcome of a validation.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Validation {
    /// Whether nothing was found.
    pub conforms: bool,
    /// Graphs that were checked.
    pub n_graphs: usize,
    /// Triples in them.
    pub n_triples: usize,
    /// What was found, graph by graph.
    pub findings: Vec<PlacedFinding>,
}

impl Validation {
    /// Number of findings of a severity.
    pub fn n_of(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|placed| placed.finding.severity == severity).count()
    }
}

impl KnowledgeBase {
    /// Checks every graph against the program's shapes, and imported RDF against the
    /// shapes of the knowledge base and of `further` files as well. Of these, shapes of
    /// classes apply to all graphs.
    ///
    /// # Errors
    /// When the graph or a file of shapes cannot be read, or a shape cannot be used.
    pub fn validate(&self, further: &[PathBuf]) -> Result<Validation, EngineError> {
        let (own, users) = (own_shapes()?, self.users_shapes(further)?);
        let sources = self.sources()?;
        let subclasses = self.subclasses()?;
        let mut undescribed: HashSet<Term> = users.named_nodes().cloned().collect();
        let mut seen = HashSet::new();
        let mut validation = Validation::default();
        for name in self.graph.graph_names()? {
            if name == vocab::GRAPH_ONTOLOGY {
                continue;
            }
            let triples = self.graph.graph(&name)?;
            validation.n_graphs += 1;
            validation.n_triples += triples.len();
            let findings = if name.starts_with(vocab::GRAPH_IMPORTED_PREFIX) {
                for triple in &triples {
                    undescribed.remove(&Term::from(triple.subject.clone()));
                }
                let around = self.graph.imported_around(&triples, &name)?;
                let data = DataGraph::new(&triples, &around, &subclasses);
                [own.check(&data), users.check(&data)].concat()
            } else {
                let data = DataGraph::new(&triples, &[], &subclasses);
                [own.check(&data), users.check_classes(&data)].concat()
            };
            for finding in findings {
                // A node that several files describe is the same in all of them.
                if seen.insert(finding.key()) {
                    let source = sources.get(&name).cloned();
                    let graph = Some(name.clone());
                    validation.findings.push(PlacedFinding { source, graph, finding });
                }
            }
        }
        let nodes: Vec<Term> = undescribed.into_iter().collect();
        let nothing = DataGraph::new(&[], &[], &subclasses);
        for finding in users.check_undescribed(&nodes, &nothing) {
            validation.findings.push(PlacedFinding { source: None, graph: None, finding });
        }
        validation.conforms = validation.findings.is_empty();
        Ok(validation)
    }

    /// Source path of the document by the name of its graphs.
    fn sources(&self) -> Result<HashMap<String, String>, EngineError> {
        let mut sources = HashMap::new();
        for document in self.graph.documents()? {
            let imported = Store::imported_graph_name(&document.version);
            sources.insert(imported, document.source.clone());
            sources.insert(document.version.as_str().to_owned(), document.source);
        }
        Ok(sources)
    }

    fn subclasses(&self) -> Result<Subclasses, EngineError> {
        Ok(Subclasses::new(self.graph.subclasses()?.iter()))
    }
}

/// Checks documents before they are committed.
pub(super) struct Gate {
    shapes: Shapes,
    mode: ValidateMode,
}

impl Gate {
    /// The shapes of a knowledge base, under its settings.
    ///
    /// # Errors
    /// When the shapes cannot be read.
    pub(super) fn new(knowledge_base: &KnowledgeBase) -> Result<Self, EngineError> {
        let mode = knowledge_base.config.ingest.validate;
        let shapes = match mode {
            ValidateMode::Off => Shapes::default(),
            ValidateMode::Report | ValidateMode::Reject => knowledge_base.users_shapes(&[])?,
        };
        Ok(Self { shapes, mode })
    }

    /// Checks the triples of a document before they are committed; whether it may come
    /// in. What is wrong with it goes to `outcome`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) fn pass(
        &self,
        graph: &Store,
        item: &SourceItem,
        triples: &[Triple],
        outcome: &mut IngestOutcome,
    ) -> Result<bool, EngineError> {
        if triples.is_empty() || self.shapes.is_empty() {
            return Ok(true);
        }
        let document = DocumentId::from_source(&item.source);
        // The version that this one replaces does not count.
        let before = graph.imported_graph_of(&document)?.unwrap_or_default();
        let around = graph.imported_around(triples, &before)?;
        let known = graph.subclasses()?;
        let subclasses = Subclasses::new(known.iter().chain(triples));
        let findings = self.shapes.check(&DataGraph::new(triples, &around, &subclasses));
        if let Some(error) = self.refusal(&item.source, &findings) {
            outcome.failed.push(error);
            return Ok(false);
        }
        let version = VersionId::new(&document, &Digest::of(&item.bytes));
        let name = Store::imported_graph_name(&version);
        outcome.findings.extend(findings.into_iter().map(|finding| PlacedFinding {
            source: Some(item.source.clone()),
            graph: Some(name.clone()),
            finding,
        }));
        Ok(true)
    }

    /// The error about a document that is refused; none when it may come in.
    fn refusal(&self, source: &str, findings: &[Finding]) -> Option<LoadError> {
        if self.mode != ValidateMode::Reject {
            return None;
        }
        let violations: Vec<String> = findings
            .iter()
            .filter(|finding| finding.severity == Severity::Violation)
            .map(Finding::to_string)
            .collect();
        let first: Vec<&str> =
            violations.iter().take(NAMED_IN_ERRORS).map(String::as_str).collect();
        (!violations.is_empty()).then(|| LoadError::Shapes {
            source_path: source.to_owned(),
            n_violations: violations.len(),
            first: first.join("\n  "),
        })
    }
}
