//! Who asks, and what they may do.

use super::AccessLabel;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// What a person or program is here for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Asks questions and opens what answers cite.
    Agent,
    /// Maintains documents and the graph.
    Engineer,
    /// Reads the answers of everybody and what led to them.
    Auditor,
    /// May do everything.
    Admin,
}

/// Something that a role allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// Asking, searching and embedding.
    Ask,
    /// Listing and opening documents.
    ReadDocuments,
    /// Taking documents in and deleting them.
    WriteDocuments,
    /// Querying the graph.
    QueryGraph,
    /// Changing graphs that the program does not write itself.
    UpdateGraph,
    /// Reading answers that somebody else got.
    ReadAllAnswers,
    /// Deciding about claims that wait for a person.
    Review,
    /// Choosing which generation answers.
    Promote,
    /// Seeing how the service runs, and the jobs of others.
    Operate,
    /// Taking backups and erasing words from records.
    Administer,
}

/// A name that is no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of agent, engineer, auditor, admin, found `{0}`")]
pub struct RoleParseError(String);

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Agent, Self::Engineer, Self::Auditor, Self::Admin];

    /// Whether the role allows something.
    pub fn may(self, permission: Permission) -> bool {
        match permission {
            Permission::Ask | Permission::ReadDocuments | Permission::QueryGraph => true,
            Permission::WriteDocuments
            | Permission::UpdateGraph
            | Permission::Review
            | Permission::Promote => matches!(self, Self::Engineer | Self::Admin),
            Permission::ReadAllAnswers => matches!(self, Self::Auditor | Self::Admin),
            Permission::Operate => self != Self::Agent,
            Permission::Administer => self == Self::Admin,
        }
    }

    /// Name in settings, keys and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Engineer => "engineer",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = RoleParseError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == name);
        found.ok_or_else(|| RoleParseError(name.to_owned()))
    }
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 10] = [
        Self::Ask,
        Self::ReadDocuments,
        Self::WriteDocuments,
        Self::QueryGraph,
        Self::UpdateGraph,
        Self::ReadAllAnswers,
        Self::Review,
        Self::Promote,
        Self::Operate,
        Self::Administer,
    ];

    /// What it allows, for a sentence that begins with "may not".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::ReadDocuments => "read documents",
            Self::WriteDocuments => "take in or delete documents",
            Self::QueryGraph => "query the graph",
            Self::UpdateGraph => "change the graph",
            Self::ReadAllAnswers => "read the answers of others",
            Self::Review => "review",
            Self::Promote => "choose what answers",
            Self::Operate => "see how the service runs",
            Self::Administer => "take backups or erase words from records",
        }
    }
}

/// Somebody whose request is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Name in records.
    pub name: String,
    /// What they are here for.
    pub role: Role,
    /// Labels of what they may see, the default label among them; `None` sees
    /// everything.
    labels: Option<BTreeSet<AccessLabel>>,
}

impl Principal {
    /// Somebody who sees what has the default label or one of `labels`; `None` sees
    /// everything.
    pub fn new(name: impl Into<String>, role: Role, labels: Option<BTreeSet<AccessLabel>>) -> Self {
        let labels = labels.map(|mut labels| {
            labels.insert(AccessLabel::default());
            labels
        });
        Self { name: name.into(), role, labels }
    }

    /// Whoever works on this machine, where nobody is asked who they are.
    pub fn local() -> Self {
        Self::new("local", Role::Admin, None)
    }

    /// Labels of what they may see; `None` sees everything.
    pub fn labels(&self) -> Option<&BTreeSet<AccessLabel>> {
        self.labels.as_ref()
    }

    /// Whether they may see what has this label.
    pub fn sees(&self, label: &AccessLabel) -> bool {
        self.labels.as_ref().is_none_or(|labels| labels.contains(label))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_roles_read_back() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        let error = "root".parse::<Role>().unwrap_err().to_string();
        assert!(error.contains("engineer") && error.contains("`root`"), "{error}");
    }

    #[test]
    fn every_role_asks_and_only_admins_do_everything() {
        for role in Role::ALL {
            assert!(role.may(Permission::Ask));
            let all = Permission::ALL.into_iter().all(|permission| role.may(permission));
            assert_eq!(all, role == Role::Admin);
        }
        assert!(!Role::Engineer.may(Permission::ReadAllAnswers));
        assert!(!Role::Auditor.may(Permission::UpdateGraph));
    }

    #[test]
    fn what_is_public_is_seen_by_everybody() {
        let nobody = Principal::new("a", Role::Agent, Some(BTreeSet::new()));
        assert!(nobody.sees(&AccessLabel::default()));
        assert!(!nobody.sees(&AccessLabel("secret".into())));
        assert!(Principal::local().sees(&AccessLabel("secret".into())));
    }
}
