//! The policy of a knowledge base: read at opening, recorded when it changed.

use super::build::now;
use super::error::{EngineError, io_error};
use super::knowledge_base::KnowledgeBase;
use crate::govern::Policy;
use crate::model::{Digest, PolicyChange};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the policy of a knowledge base stands.
pub fn policy_file(root: &Path) -> PathBuf {
    root.join("policy.toml")
}

/// Reads a policy; `None` when there is no such file.
///
/// # Errors
/// When it cannot be read, or is no policy.
pub fn read_policy(file: &Path) -> Result<Option<Policy>, EngineError> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(Policy::parse(file, &text)?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error("read", file)(error)),
    }
}

impl KnowledgeBase {
    /// The policy in force, as it was when the knowledge base was opened.
    pub fn policy(&self) -> Option<&Arc<Policy>> {
        self.policy.as_ref()
    }

    /// Every change of the policy, the earliest first.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn policy_changes(&self) -> Result<Vec<PolicyChange>, EngineError> {
        Ok(self.graph.policy_changes()?)
    }

    /// The text of a policy that was in force once.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn policy_text(&self, policy: &Digest) -> Result<Option<String>, EngineError> {
        Ok(self.graph.policy_text(policy)?)
    }

    /// Records that another policy is in force than at the last opening, under the name of
    /// whoever runs the program.
    pub(super) fn record_policy(&self) -> Result<(), EngineError> {
        let policy = self.policy.as_ref().map(|policy| policy.digest());
        let last = self.graph.policy_changes()?.pop().and_then(|change| change.policy);
        if policy == last {
            return Ok(());
        }
        let change = PolicyChange {
            policy,
            replaced: last,
            changed_at: now(),
            principal: system_user_from_env(),
        };
        self.graph.record_policy_change(&change, self.policy.as_ref().map(|p| p.text()))?;
        self.graph.flush()?;
        let digest = |digest: Option<Digest>| digest.map(|digest| digest.to_string());
        tracing::info!(
            policy.digest = digest(change.policy),
            policy.replaced = digest(change.replaced),
            "another policy is in force"
        );
        Ok(())
    }
}

/// The user of the system under whom the program runs.
fn system_user_from_env() -> String {
    let known = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    known.unwrap_or_else(|| "local user".to_owned())
}
