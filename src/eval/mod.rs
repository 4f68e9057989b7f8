//! How good is retrieval, in figures that others can compute too?
//!
//! Reads data sets of documents, questions and judgements, scores rankings by
//! the measures of TREC and answers by those of SQuAD, and writes runs and
//! reports. Retrieval and answering happen elsewhere.

mod answers;
mod dataset;
mod entity_pairs;
mod injection;
mod mentions;
mod metrics;
mod pages;
mod paired;
mod pictures;
mod question_report;
mod report;
mod support;
mod sweep;

pub use answers::{AnswerMeasures, AnsweredQuestion, PutBefore, ScoredAnswer, measure_answers};
pub use dataset::{Dataset, DatasetError, EvalQuery, Judged, Qrels};
pub use entity_pairs::{Attributes, BandMeasures, LabelledPair, PairMeasures};
pub use injection::{InjectedAnswers, InjectionCase, InjectionDataset, InjectionOutcome};
pub use mentions::{MarkedText, MentionDataset, MentionReport};
pub use metrics::{Metrics, RankedDocument, Run, mean, measure, measure_one, percentile};
pub use pages::{PageDataset, PageDocument, PagePicture};
pub use paired::{Paired, paired, paired_sets};
pub use pictures::PictureDataset;
pub use question_report::{GoldReport, Lost, QuestionReport, write_questions};
pub use report::{
    AnswerReport, IngestReport, Latency, PageReport, PictureReport, PictureTask, Report,
    write_trec_run,
};
pub use support::{JudgedSupport, SupportCase, SupportDataset, SupportReport};
pub use sweep::{Against, SweepRow, SweptSet, sweep_rows, sweep_table};
