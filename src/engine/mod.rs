//! The only place that wires the parts together.
//!
//! [`KnowledgeBase`] is one data directory: documents go in through
//! [`KnowledgeBase::ingest`], a generation comes out of
//! [`KnowledgeBase::publish`], and a [`Session`] answers questions on it.

mod adapt;
mod ask;
mod blobs;
mod build;
mod calibrate;
mod delete;
mod depict;
mod described_pictures;
mod document_files;
mod embedded_once;
mod entity_report;
mod error;
mod evaluate;
mod evaluate_entities;
mod evaluate_mentions;
mod evaluate_pages;
mod evaluate_pictures;
mod extract;
mod extract_calls;
mod extract_outcome;
mod feedback;
mod health;
mod knowledge_base;
mod language_model;
mod match_model;
mod matching;
mod merged;
mod models;
mod picture_report;
mod picture_text;
mod pictures;
mod publish;
mod relate;
mod same;
mod service;
mod shape_files;
mod source_folder;
mod sparql;
mod spool;
mod stated;
mod stated_by;
mod sweep;
mod token_budget;
mod upload;
mod validate;

pub use adapt::{AdaptOptions, AdaptReport, adapt, adapted_model, adapted_space};
pub use ask::{AskOptions, Session};
pub use build::{IngestOutcome, IngestStages, Progress};
pub use calibrate::LearnedCalibration;
pub use delete::{DeleteOptions, DeletedDocument, Receipt, Residue};
pub use described_pictures::{DescribedPicture, read_pairs};
pub use entity_report::{DecidedBy, EntityMember, EntityStory, MergeStory, RelationStory};
pub use error::EngineError;
pub use evaluate::{EvaluateOptions, Evaluation};
pub use evaluate_entities::{EntityReport, LabelledPairs, evaluate_entities, learn_matching};
pub use evaluate_mentions::evaluate_mentions;
pub use evaluate_pages::{AskedPictures, EvaluatePagesOptions, evaluate_pages};
pub use evaluate_pictures::evaluate_pictures;
pub use extract_outcome::{ExtractOutcome, Unasked};
pub use feedback::FeedbackStory;
pub use knowledge_base::{KnowledgeBase, Status};
pub use models::Models;
pub use picture_report::{NearDuplicate, PictureReport};
pub use publish::Published;
pub use service::put_into_service;
pub use spool::{FailedFile, Incoming, JobEnd, JobId, JobOrder, JobWork, Spool, SpooledJob};
pub use sweep::Swept;
pub use upload::{UploadPath, UploadPathError, failed_file};
pub use validate::{PlacedFinding, Validation};
