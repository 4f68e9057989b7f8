//! Something that drifted, until a person has decided about it.

use super::{ClaimStatus, DriftAlertId};
use serde::Serialize;

/// An alert.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DriftAlert {
    /// Identity: what drifted, by what, and when it was found.
    pub id: DriftAlertId,
    /// What drifted: `questions`, `documents`, `documents of FOLDER`, `answers` or `index`.
    pub of: String,
    /// By what.
    pub measure: String,
    /// The statistic, or a number of findings.
    pub statistic: f64,
    /// Probability by chance, of what was tested.
    pub p_value: Option<f64>,
    /// What is seen, for people.
    pub seen: String,
    /// When it was found, RFC 3339.
    pub found_at: String,
    /// What was decided; none while it is open.
    pub decided: Option<DriftDecision>,
}

/// What was decided about an alert.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DriftDecision {
    /// Accepted: it is so. Rejected: a false alarm.
    pub status: ClaimStatus,
    /// Who decided.
    pub principal: String,
    /// When, RFC 3339.
    pub decided_at: String,
    /// Why.
    pub reason: Option<String>,
}
