//! How good is retrieval, in figures that others can compute too?
//!
//! Reads data sets of documents, questions and judgements, scores rankings by
//! the measures of TREC, and writes runs and reports. Retrieval itself happens
//! elsewhere.

mod dataset;
mod metrics;
mod report;

pub use dataset::{Dataset, DatasetError, EvalQuery, Qrels};
pub use metrics::{Metrics, RankedDocument, Run, measure, percentile};
pub use report::{IngestReport, Latency, Report, write_trec_run};
