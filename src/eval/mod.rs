//! How good is retrieval, in figures that others can compute too?
//!
//! Reads data sets of documents, questions and judgements, scores rankings by
//! the measures of TREC and answers by those of SQuAD, and writes runs and
//! reports. Retrieval and answering happen elsewhere.

mod answers;
mod dataset;
mod entity_pairs;
mod mentions;
mod metrics;
mod pages;
mod pictures;
mod report;
mod support;

pub use answers::{AnswerMeasures, AnsweredQuestion, PutBefore, ScoredAnswer, measure_answers};
pub use dataset::{Dataset, DatasetError, EvalQuery, Qrels};
pub use entity_pairs::{Attributes, BandMeasures, LabelledPair, PairMeasures};
pub use mentions::{MarkedText, MentionDataset, MentionReport};
pub use metrics::{Metrics, RankedDocument, Run, measure, percentile};
pub use pages::{PageDataset, PageDocument, PagePicture};
pub use pictures::PictureDataset;
pub use report::{
    AnswerReport, IngestReport, Latency, PageReport, PictureReport, PictureTask, Report,
    write_trec_run,
};
pub use support::{JudgedSupport, SupportCase, SupportDataset, SupportReport};
