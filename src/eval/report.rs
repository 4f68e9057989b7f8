//! Reports and run files.

use super::answers::AnswerMeasures;
use super::metrics::{Metrics, Run};
use serde::Serialize;
use std::io::{self, Write};

/// The outcome of one evaluation, in the keys that tools read.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Name of the data set.
    pub dataset: String,
    /// Retrieval mode.
    pub mode: String,
    /// Questions with judgements.
    pub n_queries: usize,
    /// Documents.
    pub n_docs: usize,
    /// Measures.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// Time of a question.
    pub latency_ms: Latency,
    /// Time of taking in the documents.
    pub ingest: IngestReport,
    /// Spaces that were searched.
    pub spaces: Vec<String>,
    /// The generation that was searched.
    pub generation: String,
}

/// The outcome of one evaluation of answers.
#[derive(Clone, Debug, Serialize)]
pub struct AnswerReport {
    /// Name of the data set.
    pub dataset: String,
    /// `answer`.
    pub task: String,
    /// Retrieval mode.
    pub mode: String,
    /// Questions asked.
    pub n_queries: usize,
    /// Documents.
    pub n_docs: usize,
    /// Measures.
    #[serde(flatten)]
    pub measures: AnswerMeasures,
    /// Time of an answer.
    pub latency_ms: Latency,
    /// The generation that was asked.
    pub generation: String,
}

/// What is asked of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureTask {
    /// Words are asked, pictures are ranked.
    TextToImage,
    /// A picture is asked, texts are ranked. With class names as texts this is
    /// zero-shot classification, and recall@1 its accuracy.
    ImageToText,
    /// A picture is asked, the documents of a knowledge base are ranked.
    ImageToDoc,
}

impl PictureTask {
    /// Name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TextToImage => "text-to-image",
            Self::ImageToText => "image-to-text",
            Self::ImageToDoc => "image-to-doc",
        }
    }
}

/// The outcome of one evaluation of a picture space.
#[derive(Clone, Debug, Serialize)]
pub struct PictureReport {
    /// Name of the data set.
    pub dataset: String,
    /// `text-to-image` or `image-to-text`.
    pub task: String,
    /// The space.
    pub space: String,
    /// Questions with judgements.
    pub n_queries: usize,
    /// What is ranked for each of them.
    pub n_candidates: usize,
    /// Measures.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// Pictures read, decoded, resized and embedded in a second.
    pub pictures_per_s: f64,
    /// Time of a question, from words or the file of a picture to the ranking.
    pub latency_ms: Latency,
}

/// The outcome of one evaluation of a knowledge base with pictures.
#[derive(Clone, Debug, Serialize)]
pub struct PageReport {
    /// Name of the data set.
    pub dataset: String,
    /// `text-to-image` or `image-to-doc`.
    pub task: String,
    /// What was asked, and which pictures were in the knowledge base.
    pub asked: String,
    /// Retrieval mode.
    pub mode: String,
    /// Questions with judgements.
    pub n_queries: usize,
    /// Documents.
    pub n_docs: usize,
    /// Pictures of the data set.
    pub n_pictures: usize,
    /// Measures; a document's rank is that of its best fragment, be it a text or a
    /// picture that it shows.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// The same for documents where only their texts count: what can be quoted in an
    /// answer.
    pub passages: Option<Metrics>,
    /// Time of a question.
    pub latency_ms: Latency,
    /// Spaces that were searched.
    pub spaces: Vec<String>,
}

/// Percentiles in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latency {
    /// Median.
    pub p50: f64,
    /// 95 %.
    pub p95: f64,
    /// 99 %.
    pub p99: f64,
}

/// Speed of ingest.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct IngestReport {
    /// Documents in a second.
    pub docs_per_s: f64,
    /// Seconds from the first byte to the published generation.
    pub seconds: f64,
}

/// Writes a run in the format of TREC: `query_id Q0 doc_id rank score tag`.
///
/// # Errors
/// When the output cannot be written.
pub fn write_trec_run(run: &Run, tag: &str, output: &mut dyn Write) -> io::Result<()> {
    for (query, ranking) in run {
        for (i, document) in ranking.iter().enumerate() {
            writeln!(output, "{query} Q0 {} {} {} {tag}", document.id, i + 1, document.score)?;
        }
    }
    Ok(())
}
