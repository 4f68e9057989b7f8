//! A data set through the ordinary path: ingest, publish, search or ask, score.

use super::ask::AskOptions;
use super::build::Progress;
use super::error::{EngineError, io_error};
use super::knowledge_base::KnowledgeBase;
use super::models::Models;
use crate::eval::{
    AnswerReport, AnsweredQuestion, Dataset, EvalQuery, IngestReport, Latency, RankedDocument,
    Report, Run, measure, measure_answers, percentile,
};
use crate::model::{AnswerMode, Query, Space};
use crate::retrieve::RetrievalMode;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

/// Fragments fetched for each question; a document's rank is that of its best.
const FRAGMENTS_PER_QUERY: usize = 400;
/// Documents kept in a run.
const DOCUMENTS_PER_QUERY: usize = 100;
/// Hits that an answer is made of.
const HITS_PER_ANSWER: usize = 20;

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
    dataset: &'d Dataset,
    knowledge_base: KnowledgeBase,
    spaces: Vec<String>,
    generation: String,
    n_docs: usize,
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

    /// Asks the questions that have gold answers, and those without an answer in
    /// the documents, and scores what is answered.
    ///
    /// # Errors
    /// When answering fails.
    pub fn answers(&self, mode: RetrievalMode) -> Result<AnswerReport, EngineError> {
        let session = self.knowledge_base.session()?;
        let options = AskOptions { mode, ..AskOptions::for_principal("evaluation") };
        let answerable = self.dataset.queries.iter().filter(|query| !query.answers.is_empty());
        let mut answers = Vec::new();
        let mut latencies = Vec::new();
        for query in answerable.chain(&self.dataset.unanswerable) {
            let asked = Instant::now();
            let question = Query::text(&query.text, HITS_PER_ANSWER);
            let record = session.ask(&question, &options, &mut |_| {})?;
            latencies.push(asked.elapsed().as_secs_f64() * 1e3);
            let cited = record.answer.cited_numbers();
            let cited = record.evidence.iter().filter(|item| cited.contains(&item.number));
            let sentences: Vec<&str> =
                record.answer.sentences.iter().map(|sentence| sentence.text.as_str()).collect();
            answers.push(AnsweredQuestion {
                text: sentences.join(" "),
                abstained: matches!(record.answer.mode, AnswerMode::Abstained { .. }),
                cited: cited.map(|item| item.source.clone()).collect(),
                gold: query.answers.clone(),
                relevant: self.relevant(query),
            });
        }
        Ok(AnswerReport {
            dataset: self.dataset.name.clone(),
            task: "answer".to_owned(),
            mode: mode.as_str().to_owned(),
            n_queries: answers.len(),
            n_docs: self.n_docs,
            measures: measure_answers(&answers),
            latency_ms: latency(latencies),
            generation: self.generation.clone(),
        })
    }

    fn relevant(&self, query: &EvalQuery) -> BTreeSet<String> {
        let judged = self.dataset.qrels.get(&query.id).into_iter().flatten();
        judged.filter(|(_, grade)| **grade > 0).map(|(document, _)| document.clone()).collect()
    }
}

pub(super) fn latency(mut milliseconds: Vec<f64>) -> Latency {
    milliseconds.sort_by(f64::total_cmp);
    let at = |share| percentile(&milliseconds, share);
    Latency { p50: at(0.50), p95: at(0.95), p99: at(0.99) }
}
