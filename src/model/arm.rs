//! Which of two generations answers.

use serde::{Deserialize, Serialize};

/// Which of two generations a question goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arm {
    /// The generation that answers the rest.
    Current,
    /// The one that is tried.
    Canary,
}

impl Arm {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Current, Self::Canary];

    /// Name in output and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Canary => "canary",
        }
    }
}

/// The canary during which a question is answered, and by which side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedArm {
    /// Name of the canary.
    pub canary: String,
    /// Which generation answers.
    pub arm: Arm,
}
