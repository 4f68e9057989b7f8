//! The types that flow through Veritrail, from bytes to a recorded answer.
//!
//! There is no I/O here, no async and no clock: every value is made by a module
//! of a higher layer and handed on. Ids are newtypes, so that a fragment can
//! never be passed where a document is meant; their text form is the IRI under
//! which the same thing is found in the graph.
//!
//! Spans count Unicode code points, as Web Annotation's `TextPositionSelector`
//! does, never bytes.

mod answer;
mod answer_access;
mod arm;
mod calibration;
mod chance;
mod co_occurrence;
mod depiction;
mod digest;
mod document;
mod drift_alert;
mod entity;
mod feedback;
mod fragment;
mod hit;
mod ids;
mod merge;
mod picture_facts;
mod picture_text;
mod policy;
mod principal;
mod region;
mod relation;
mod space;
mod span;
mod statement;
mod stopwatch;
mod value;

pub use answer::{
    Answer, AnswerMode, AnswerRecord, Citation, Evidence, LlmRecord, ResolvedBy, ResolvedQuestion,
    Sentence, StageTiming, Support,
};
pub use answer_access::{AnswerAccess, Disclosure};
pub use arm::{Arm, ServedArm};
pub use calibration::{Calibration, CalibrationError, expected_calibration_error};
pub use chance::Chance;
pub use co_occurrence::CoOccurrence;
pub use depiction::{ClaimStatus, Depiction, DepictionMethod, DepictionStatus};
pub use digest::{Digest, DigestHasher, DigestParseError};
pub use document::{AccessLabel, Document, Figure, Link, Loaded, MediaType, Section};
pub use drift_alert::{DriftAlert, DriftDecision};
pub use entity::{Entity, EntityClass, Mention, normalise_label};
pub use feedback::{Feedback, FeedbackDecision, Opinion};
pub use fragment::{Fragment, FragmentKind, FragmentLink};
pub use hit::{GraphPath, GraphStep, Hit, Query, Route, RouteScore, asks_for_picture};
pub use ids::{
    AnswerId, DepictionId, DocumentId, DriftAlertId, EntityId, FeedbackId, FragmentId,
    GenerationId, MergeId, VersionId,
};
pub use merge::Merge;
pub use picture_facts::{
    ColourGrid, ColourGridParseError, ColourShare, ExifFacts, Location, NEAR_BITS, NEAR_LEVELS,
    PictureFacts, PictureHash, PictureHashParseError,
};
pub use picture_text::{PictureText, PlacedLine, TextLine};
pub use policy::{AppliedRule, ApprovalDecision, PolicyApplied, PolicyChange, PolicyEffect};
pub use principal::{Permission, Principal, Role, RoleParseError};
pub use region::{Region, RegionParseError};
pub use relation::{Predicate, Relation, RelationObject};
pub use space::{Embedding, Space, SpaceError, SpaceId};
pub use span::Span;
pub use statement::{Extraction, OntologyTerm, StatedObject, Statement, TermKind, Words};
pub use stopwatch::{Stage, StageTime, Stopwatch};
pub use value::{Value, ValueMention};
