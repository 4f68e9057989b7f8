//! The policy of a knowledge base: rules about what is asked and what is answered.
//!
//! Reads and validates the text of `policy.toml`. Whom and what a rule is for, and what it
//! does, is decided by [`Ruling`](super::Ruling); nothing is applied here.

use super::policy_terms::{Glob, Phrase};
use crate::model::{AccessLabel, Digest, Role};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Rules in force together, in the order of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    rules: Vec<Rule>,
    digest: Digest,
    text: String,
}

/// A policy that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It is no TOML.
    #[error("{file} is no TOML: {reason}")]
    Syntax {
        /// The file.
        file: PathBuf,
        /// What the parser says, with line and column.
        reason: String,
    },
    /// Something beside the rules.
    #[error("{file}: key `{key}`: {reason}")]
    File {
        /// The file.
        file: PathBuf,
        /// The key.
        key: String,
        /// What was expected.
        reason: String,
    },
    /// A rule.
    #[error("{file}: rule {rule}: {reason}")]
    Rule {
        /// The file.
        file: PathBuf,
        /// Its name, or its place where it has none.
        rule: String,
        /// The key, and what was expected.
        reason: String,
    },
}

/// One rule. All conditions that are given must hold; of a list one member is enough.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Name, unique; it stands in records of answers.
    pub name: String,
    /// Words and phrases of the question, as whole words in any case.
    #[serde(default)]
    pub(super) topics: Vec<Phrase>,
    /// Labels or IRIs of what the question names; beside `topics`, either is enough.
    #[serde(default)]
    pub(super) entities: Vec<String>,
    /// Roles of the caller; every role when empty.
    #[serde(default)]
    pub(super) roles: Vec<Role>,
    /// Roles for which the rule is not.
    #[serde(default)]
    pub(super) except_roles: Vec<Role>,
    /// Labels of which the caller sees one; all callers when empty.
    #[serde(default)]
    pub(super) labels: Vec<AccessLabel>,
    /// Whoever sees one of these labels is exempt.
    #[serde(default)]
    pub(super) except_labels: Vec<AccessLabel>,
    /// What is said instead of an answer.
    pub(super) refuse: Option<String>,
    /// Nothing but these documents counts.
    pub(super) count: Option<Sources>,
    /// These documents do not count.
    pub(super) ignore: Option<Sources>,
    /// Name of a picture space without which the answer says that it is missing.
    pub(super) require_space: Option<String>,
    /// What stands below the answer.
    pub(super) disclaimer: Option<String>,
    /// Words and phrases; no sentence that has one is given.
    #[serde(default)]
    pub(super) ban: Vec<Phrase>,
    /// Whether a person must approve the answer first.
    #[serde(default)]
    pub(super) approval: bool,
}

/// Which documents. All conditions that are given must hold.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sources {
    /// Beginnings of source paths, or patterns: `*` is within a folder, `**` across folders.
    #[serde(default)]
    pub(super) sources: Vec<Glob>,
    /// Access labels.
    #[serde(default)]
    pub(super) labels: Vec<AccessLabel>,
    /// Language tags; `en` is for `en-GB` as well.
    #[serde(default)]
    pub(super) languages: Vec<String>,
}

impl Policy {
    /// Reads and validates a policy; `file` is named in errors.
    ///
    /// # Errors
    /// When it is no TOML, has an unknown key, or a rule cannot be what it says. The
    /// message names the file, the rule, the key and what was expected.
    pub fn parse(file: &Path, text: &str) -> Result<Self, PolicyError> {
        let table: toml::Table = toml::from_str(text).map_err(|error| PolicyError::Syntax {
            file: file.to_owned(),
            reason: error.to_string().trim().to_owned(),
        })?;
        let other = |key: &str, reason: &str| PolicyError::File {
            file: file.to_owned(),
            key: key.to_owned(),
            reason: reason.to_owned(),
        };
        let mut rules = Vec::new();
        for (key, value) in table {
            let expected = "expected nothing but `[[rule]]` tables";
            if key != "rule" {
                return Err(other(&key, expected));
            }
            let toml::Value::Array(values) = value else { return Err(other(&key, expected)) };
            for (place, value) in values.into_iter().enumerate() {
                let name = value.get("name").and_then(toml::Value::as_str);
                let rule = name.map_or_else(|| format!("number {}", place + 1), quoted);
                let wrong = |reason: String| PolicyError::Rule {
                    file: file.to_owned(),
                    rule: rule.clone(),
                    reason,
                };
                let read: Result<Rule, _> = value.try_into();
                let read = read.map_err(|error| wrong(on_one_line(&error.to_string())))?;
                if let Some(problem) = read.problem() {
                    return Err(wrong(problem));
                }
                rules.push(read);
            }
        }
        let mut names = BTreeSet::new();
        if let Some(twice) = rules.iter().find(|rule| !names.insert(rule.name.as_str())) {
            return Err(PolicyError::Rule {
                file: file.to_owned(),
                rule: quoted(&twice.name),
                reason: "key `name`: expected another name for each rule, found it twice"
                    .to_owned(),
            });
        }
        Ok(Self { rules, digest: Digest::of(text.as_bytes()), text: text.to_owned() })
    }

    /// The rules.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// SHA-256 of the text.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The text as it stands in the file.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a rule is for something that the question names, so that names in questions
    /// must be looked for.
    pub fn names_entities(&self) -> bool {
        self.rules.iter().any(|rule| !rule.entities.is_empty())
    }

    /// Spaces that rules require, each with the rule.
    pub fn required_spaces(&self) -> impl Iterator<Item = (&str, &str)> {
        let required = |rule: &'_ Rule| rule.require_space.is_some();
        self.rules
            .iter()
            .filter(move |rule| required(rule))
            .map(|rule| (rule.name.as_str(), rule.require_space.as_deref().unwrap_or_default()))
    }
}

impl Rule {
    /// What is wrong with it, when something is.
    fn problem(&self) -> Option<String> {
        let is_blank = |text: &Option<String>| text.as_ref().is_some_and(|t| t.trim().is_empty());
        if self.name.trim().is_empty() {
            return Some("key `name`: expected words, found none".to_owned());
        }
        let texts = [
            ("refuse", &self.refuse),
            ("disclaimer", &self.disclaimer),
            ("require_space", &self.require_space),
        ];
        if let Some((key, _)) = texts.into_iter().find(|(_, text)| is_blank(text)) {
            return Some(format!("key `{key}`: expected words, found none"));
        }
        if self.entities.iter().any(|entity| entity.trim().is_empty()) {
            return Some("key `entities`: expected labels or IRIs, found an empty one".to_owned());
        }
        for (key, sources) in [("count", &self.count), ("ignore", &self.ignore)] {
            if sources.as_ref().is_some_and(Sources::is_empty) {
                return Some(format!(
                    "key `{key}`: expected `sources`, `labels` or `languages`, found none of them"
                ));
            }
        }
        if self.what_it_does().is_empty() {
            return Some(
                "expected something to do: `refuse`, `count`, `ignore`, `require_space`, `disclaimer`, `ban` or `approval = true`"
                    .to_owned(),
            );
        }
        if self.refuse.is_some() && self.what_it_does().len() > 1 {
            return Some(
                "key `refuse`: expected to stand alone, since nothing else can happen to a question that is refused"
                    .to_owned(),
            );
        }
        None
    }

    /// Keys of what it does.
    pub fn what_it_does(&self) -> Vec<&'static str> {
        let all = [
            ("refuse", self.refuse.is_some()),
            ("count", self.count.is_some()),
            ("ignore", self.ignore.is_some()),
            ("require_space", self.require_space.is_some()),
            ("disclaimer", self.disclaimer.is_some()),
            ("ban", !self.ban.is_empty()),
            ("approval", self.approval),
        ];
        all.into_iter().filter(|(_, does)| *does).map(|(key, _)| key).collect()
    }

    /// Questions and callers that it is for, in words.
    pub fn whom_it_is_for(&self) -> String {
        let mut words = Vec::new();
        let topics = self.topics.iter().map(Phrase::as_str);
        let topics: Vec<&str> = topics.chain(self.entities.iter().map(String::as_str)).collect();
        words.push(match topics.is_empty() {
            true => "every question".to_owned(),
            false => format!("questions about {}", topics.join(", ")),
        });
        let list = |items: Vec<&str>| items.join(", ");
        let roles = |roles: &[Role]| list(roles.iter().map(|role| role.as_str()).collect());
        let labels =
            |labels: &[AccessLabel]| list(labels.iter().map(|label| label.0.as_str()).collect());
        if !self.roles.is_empty() {
            words.push(format!("by the roles {}", roles(&self.roles)));
        }
        if !self.except_roles.is_empty() {
            words.push(format!("not by the roles {}", roles(&self.except_roles)));
        }
        if !self.labels.is_empty() {
            words.push(format!("by who sees {}", labels(&self.labels)));
        }
        if !self.except_labels.is_empty() {
            words.push(format!("not by who sees {}", labels(&self.except_labels)));
        }
        words.join(", ")
    }
}

impl Sources {
    fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.labels.is_empty() && self.languages.is_empty()
    }
}

fn quoted(name: &str) -> String {
    format!("`{name}`")
}

/// The parser says where on a line of its own: ``in `roles` ``.
fn on_one_line(message: &str) -> String {
    let mut lines = message.trim().lines();
    let what = lines.next().unwrap_or_default();
    let place = lines.find_map(|line| line.trim().strip_prefix("in "));
    place.map_or_else(|| what.to_owned(), |key| format!("key {key}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Policy, String> {
        Policy::parse(Path::new("policy.toml"), text).map_err(|error| error.to_string())
    }

    fn check(rule: &str, expected: &[&str]) {
        let error = parse(&format!("[[rule]]\n{rule}\n")).unwrap_err();
        assert!(error.starts_with("policy.toml: rule "), "{error}");
        for words in expected {
            assert!(error.contains(words), "{words} in {error}");
        }
    }

    #[test]
    fn rules_are_read_in_their_order_with_the_digest_of_the_text() {
        let text = "[[rule]]\nname = 'a'\ntopics = ['Dose']\nrefuse = 'Ask a pharmacist.'\n\
                    [[rule]]\nname = 'b'\nignore = { sources = ['drafts/**'] }\napproval = true\n";
        let policy = parse(text).unwrap();
        let names: Vec<&str> = policy.rules().iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(policy.rules()[1].what_it_does(), ["ignore", "approval"]);
        assert_eq!(policy.rules()[0].whom_it_is_for(), "questions about dose");
        assert_eq!(policy.digest(), Digest::of(text.as_bytes()));
        assert_eq!(parse("# nothing yet\n").unwrap().rules(), []);
    }

    #[test]
    fn what_is_wrong_is_said_with_file_rule_and_key() {
        check("name = 'a'\ntopcs = ['x']\nrefuse = 'no'", &["rule `a`", "topcs", "topics"]);
        check("name = 'a'\nroles = ['boss']\nrefuse = 'no'", &["key `roles`", "boss", "agent"]);
        check("name = 'a'\ncount = { folder = ['x'] }", &["key `count`", "folder", "sources"]);
        check("name = 'a'\ncount = {}", &["key `count`", "found none"]);
        check("name = 'a'\nban = ['?!']", &["key `ban`", "word"]);
        check("name = 'a'\ndisclaimer = ' '", &["key `disclaimer`", "expected words"]);
        check("name = 'a'\nrefuse = 3", &["key `refuse`", "expected a string"]);
        check("name = 'a'\ntopics = ['x']", &["rule `a`", "expected something to do"]);
        check("name = 'a'\nrefuse = 'no'\napproval = true", &["key `refuse`", "alone"]);
        check("refuse = 'no'", &["rule number 1", "missing field `name`"]);
        check("name = 'a'\nban = ['x']\n[[rule]]\nname = 'a'\nban = ['y']", &["`a`", "twice"]);
    }

    #[test]
    fn nothing_but_rules_stands_in_the_file() {
        let error = parse("version = 1\n").unwrap_err();
        assert_eq!(error, "policy.toml: key `version`: expected nothing but `[[rule]]` tables");
        assert!(parse("rule = 1\n").unwrap_err().contains("[[rule]]"));
        assert!(parse("[[rule\n").unwrap_err().starts_with("policy.toml is no TOML: "));
    }
}
