//! A data set through the ordinary path: ingest, publish, search or ask, score.

use super::build::Progress;
use super::error::{EngineError, io_error};
use super::knowledge_base::KnowledgeBase;
use super::models::Models;
use crate::eval::{
    Dataset, EvalQuery, IngestReport, Latency, RankedDocument, Report, Run, measure, percentile,
};
use crate::model::{Hit, Query, Space};
use crate::retrieve::RetrievalMode;
use std::collections::HashSet;
use std::path::Path;
use std::time::Instant;

/// Fragments fetched for each question; a document's rank is that of its best.
pub(super) const FRAGMENTS_PER_QUERY: usize = 400;
/// Documents kept in a run.
const DOCUMENTS_PER_QUERY: usize = 100;

/// What is evaluated.
#[derive(Clone, Debug)]
pub struct EvaluateOptions {
    /// Modes, each giving a report.
    pub modes: Vec<RetrievalMode>,
    /// Settings as TOML, put into the temporary knowledge base.
    pub settings: String,
}

/// A data set in a knowledge base, ready for its questions.
pub struct Evaluation<'d> {
    pub(super) dataset: &'d Dataset,
    pub(super) knowledge_base: KnowledgeBase,
    spaces: Vec<String>,
    pub(super) generation: String,
    pub(super) n_docs: usize,
    seconds: f64,
}

impl<'d> Evaluation<'d> {
    /// Takes a data set into the knowledge base in `folder`, which is made when
    /// there is none.
    ///
    /// # Errors
    /// When the data set cannot be read or the knowledge base fails.
    pub fn prepare(
        dataset: &'d Dataset,
        models: &Models,
        folder: &Path,
        options: &EvaluateOptions,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Self, EngineError> {
        let start = Instant::now();
        if !folder.join("FORMAT").exists() {
            KnowledgeBase::init(folder)?;
        }
        let settings = folder.join("veritrail.toml");
        std::fs::write(&settings, &options.settings).map_err(io_error("write", &settings))?;
        let knowledge_base = KnowledgeBase::open(folder, models.clone())?;
        let outcome = knowledge_base.ingest(&dataset.corpus, progress)?;
        let published = knowledge_base.publish(progress)?;
        Ok(Self {
            dataset,
            knowledge_base,
            spaces: models.spaces().iter().map(Space::display_name).collect(),
            generation: published.generation.name().to_owned(),
            n_docs: outcome.n_committed + outcome.n_unchanged,
            seconds: start.elapsed().as_secs_f64(),
        })
    }

    /// The generation that is asked.
    pub fn generation(&self) -> &str {
        &self.generation
    }

    /// Asks for documents in one mode and scores the rankings.
    ///
    /// # Errors
    /// When retrieval fails.
    pub fn retrieval(&self, mode: RetrievalMode) -> Result<(Report, Run), EngineError> {
        let session = self.knowledge_base.session()?;
        let mut run = Run::new();
        let mut latencies = Vec::new();
        for query in &self.dataset.queries {
            let asked = Instant::now();
            let found = session.search(&Query::text(&query.text, FRAGMENTS_PER_QUERY), mode)?;
            latencies.push(asked.elapsed().as_secs_f64() * 1e3);
            let ranking = ranking_of(&found.hits, query);
            run.insert(query.id.clone(), ranking);
        }
        let report = Report {
            dataset: self.dataset.name.clone(),
            mode: mode.as_str().to_owned(),
            n_queries: self.dataset.queries.len(),
            n_docs: self.n_docs,
            metrics: measure(&run, &self.dataset.qrels),
            latency_ms: latency(latencies),
            ingest: IngestReport {
                docs_per_s: self.n_docs as f64 / self.seconds,
                seconds: self.seconds,
            },
            spaces: self.spaces.clone(),
            generation: self.generation.clone(),
        };
        Ok((report, run))
    }
}

/// Documents in the order of their best fragments, without those that must not count.
pub(super) fn ranking_of(hits: &[Hit], query: &EvalQuery) -> Vec<RankedDocument> {
    let mut ranking: Vec<RankedDocument> = Vec::new();
    let mut known = HashSet::new();
    for hit in hits {
        let id = hit.document.source();
        if !query.excluded.contains(&id) && known.insert(id.clone()) {
            ranking.push(RankedDocument { id, score: hit.score });
        }
    }
    ranking.truncate(DOCUMENTS_PER_QUERY);
    ranking
}

pub(super) fn latency(mut milliseconds: Vec<f64>) -> Latency {
    milliseconds.sort_by(f64::total_cmp);
    let at = |share| percentile(&milliseconds, share);
    Latency { p50: at(0.50), p95: at(0.95), p99: at(0.99) }
}
