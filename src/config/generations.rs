//! Which generations are kept, and which one answers.

use crate::govern::{CanaryConfig, GateConfig};
use serde::{Deserialize, Serialize};

/// Generations of a knowledge base.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GenerationsConfig {
    /// What becomes of a generation that was built.
    pub publish: PublishRule,
    /// How many of the last generations are kept, besides the one that answers and the
    /// one that did before it; 1 at least.
    pub keep: usize,
    /// What a generation must reach on the golden sets before it may answer.
    pub gate: GateConfig,
    /// What a generation on trial must not do worse than the one that answers.
    pub canary: CanaryConfig,
}

/// What becomes of a generation that was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PublishRule {
    /// It answers from then on, unless a person has gone back to an earlier one.
    #[default]
    AtOnce,
    /// It waits until a person promotes it.
    ByHand,
}

impl Default for GenerationsConfig {
    fn default() -> Self {
        Self {
            publish: PublishRule::AtOnce,
            keep: 3,
            gate: GateConfig::default(),
            canary: CanaryConfig::default(),
        }
    }
}
