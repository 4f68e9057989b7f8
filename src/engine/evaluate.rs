//! A data set through the ordinary path: ingest, publish, search, score.

use super::build::Progress;
use super::error::{EngineError, io_error};
use super::knowledge_base::KnowledgeBase;
use crate::embed::Embedder;
use crate::eval::{
    Dataset, IngestReport, Latency, RankedDocument, Report, Run, measure, percentile,
};
use crate::model::Query;
use crate::retrieve::RetrievalMode;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Fragments fetched for each question; a document's rank is that of its best.
const FRAGMENTS_PER_QUERY: usize = 400;
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

/// Takes a data set in, asks its questions in each mode and scores the rankings.
/// `finished` gets each report and run.
///
/// # Errors
/// When the data set cannot be read or the knowledge base fails.
pub fn evaluate(
    dataset: &Dataset,
    embedder: &Arc<dyn Embedder>,
    folder: &Path,
    options: &EvaluateOptions,
    progress: &mut dyn FnMut(Progress<'_>),
    finished: &mut dyn FnMut(&Report, &Run),
) -> Result<(), EngineError> {
    let start = Instant::now();
    if !folder.join("FORMAT").exists() {
        KnowledgeBase::init(folder)?;
    }
    let settings = folder.join("veritrail.toml");
    std::fs::write(&settings, &options.settings).map_err(io_error("write", &settings))?;
    let mut knowledge_base = KnowledgeBase::open(folder, Arc::clone(embedder))?;
    let outcome = knowledge_base.ingest(&dataset.corpus, progress)?;
    let published = knowledge_base.publish(progress)?;
    let seconds = start.elapsed().as_secs_f64();
    let n_docs = outcome.n_committed + outcome.n_unchanged;
    let session = knowledge_base.session()?;
    for mode in &options.modes {
        let mut run = Run::new();
        let mut latencies = Vec::new();
        for query in &dataset.queries {
            let asked = Instant::now();
            let found = session.search(&Query::text(&query.text, FRAGMENTS_PER_QUERY), *mode)?;
            latencies.push(asked.elapsed().as_secs_f64() * 1e3);
            let mut ranking: Vec<RankedDocument> = Vec::new();
            for hit in found.hits {
                let id = hit.document.source();
                if !query.excluded.contains(&id) && !ranking.iter().any(|known| known.id == id) {
                    ranking.push(RankedDocument { id, score: hit.score });
                }
            }
            ranking.truncate(DOCUMENTS_PER_QUERY);
            run.insert(query.id.clone(), ranking);
        }
        latencies.sort_by(f64::total_cmp);
        let report = Report {
            dataset: dataset.name.clone(),
            mode: mode.as_str().to_owned(),
            n_queries: dataset.queries.len(),
            n_docs,
            metrics: measure(&run, &dataset.qrels),
            latency_ms: Latency {
                p50: percentile(&latencies, 0.50),
                p95: percentile(&latencies, 0.95),
                p99: percentile(&latencies, 0.99),
            },
            ingest: IngestReport { docs_per_s: n_docs as f64 / seconds, seconds },
            spaces: vec![embedder.space().display_name()],
            generation: published.generation.name().to_owned(),
        };
        finished(&report, &run);
    }
    Ok(())
}
