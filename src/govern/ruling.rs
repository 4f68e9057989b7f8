//! What the policy says about one question.

use super::policy::{Policy, Rule, Sources};
use super::policy_terms::{FoldedWords, Phrase};
use crate::model::{AccessLabel, Principal, normalise_label};
use std::sync::Arc;

/// Something that a question names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NamedThing {
    /// Its IRI.
    pub iri: String,
    /// Its labels.
    pub labels: Vec<String>,
}

/// A question and who asks it.
#[derive(Clone, Copy, Debug)]
pub struct AskedFor<'a> {
    /// The question as asked and as it stands alone: a rule that is for one of them is for
    /// the question.
    pub texts: &'a [&'a str],
    /// What it names; needed where [`Policy::names_entities`].
    pub named: &'a [NamedThing],
    /// Who asks.
    pub principal: &'a Principal,
}

/// What rules look at in a document.
#[derive(Clone, Copy, Debug)]
pub struct SourceFacts<'a> {
    /// Source path.
    pub source: &'a str,
    /// Access label.
    pub label: &'a AccessLabel,
    /// Language tag, when known.
    pub language: Option<&'a str>,
}

/// The rules that are for one question.
#[derive(Clone, Debug)]
pub struct Ruling {
    policy: Arc<Policy>,
    /// Places of the rules.
    rules: Vec<usize>,
}

impl Ruling {
    /// The rules of a policy that are for a question.
    pub fn of(policy: &Arc<Policy>, asked: AskedFor<'_>) -> Self {
        let texts: Vec<FoldedWords> =
            asked.texts.iter().map(|text| FoldedWords::of(text)).collect();
        let rules = policy.rules().iter().enumerate();
        let rules = rules.filter(|(_, rule)| is_for(rule, &texts, asked)).map(|(place, _)| place);
        Self { rules: rules.collect(), policy: Arc::clone(policy) }
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter_map(|place| self.policy.rules().get(*place))
    }

    /// The first rule that refuses the question, and what it says.
    pub fn refusal(&self) -> Option<(&str, &str)> {
        self.rules().find_map(|rule| Some((rule.name.as_str(), rule.refuse.as_deref()?)))
    }

    /// Whether some documents may not count.
    pub fn chooses_sources(&self) -> bool {
        self.rules().any(|rule| rule.count.is_some() || rule.ignore.is_some())
    }

    /// The rule by which a document does not count, when there is one.
    pub fn left_out_by(&self, document: SourceFacts<'_>) -> Option<&str> {
        let leaves_out = |rule: &&Rule| {
            rule.count.as_ref().is_some_and(|sources| !sources.fit(document))
                || rule.ignore.as_ref().is_some_and(|sources| sources.fit(document))
        };
        self.rules().find(leaves_out).map(|rule| rule.name.as_str())
    }

    /// Rules that require a picture space, each with its name.
    pub fn required_spaces(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rules().filter_map(|rule| Some((rule.name.as_str(), rule.require_space.as_deref()?)))
    }

    /// Rules with words that must stand below the answer.
    pub fn disclaimers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rules().filter_map(|rule| Some((rule.name.as_str(), rule.disclaimer.as_deref()?)))
    }

    /// The rule that bans a text, when one does.
    pub fn banned_by(&self, text: &str) -> Option<&str> {
        let mut words = None;
        for rule in self.rules().filter(|rule| !rule.ban.is_empty()) {
            let words = words.get_or_insert_with(|| FoldedWords::of(text));
            if rule.ban.iter().any(|phrase| words.hold(phrase)) {
                return Some(&rule.name);
            }
        }
        None
    }

    /// The first rule by which the answer waits for approval.
    pub fn held_by(&self) -> Option<&str> {
        self.rules().find(|rule| rule.approval).map(|rule| rule.name.as_str())
    }
}

fn is_for(rule: &Rule, texts: &[FoldedWords], asked: AskedFor<'_>) -> bool {
    let role = asked.principal.role;
    let sees = |label: &AccessLabel| asked.principal.sees(label);
    (rule.roles.is_empty() || rule.roles.contains(&role))
        && !rule.except_roles.contains(&role)
        && (rule.labels.is_empty() || rule.labels.iter().any(sees))
        && !rule.except_labels.iter().any(sees)
        && is_about(rule, texts, asked.named)
}

fn is_about(rule: &Rule, texts: &[FoldedWords], named: &[NamedThing]) -> bool {
    if rule.topics.is_empty() && rule.entities.is_empty() {
        return true;
    }
    let says = |phrase: &Phrase| texts.iter().any(|words| words.hold(phrase));
    rule.topics.iter().any(says)
        || rule.entities.iter().any(|entity| {
            let label = normalise_label(entity);
            let is_it = |thing: &NamedThing| {
                thing.iri == *entity
                    || thing.labels.iter().any(|known| normalise_label(known) == label)
            };
            let phrase = Phrase::new(entity);
            named.iter().any(is_it) || (!phrase.is_empty() && says(&phrase))
        })
}

impl Sources {
    fn fit(&self, document: SourceFacts<'_>) -> bool {
        let speaks = |known: &String| {
            document.language.is_some_and(|language| {
                let (known, language) = (known.to_lowercase(), language.to_lowercase());
                let rest = language.strip_prefix(&known);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            })
        };
        (self.sources.is_empty() || self.sources.iter().any(|glob| glob.fits(document.source)))
            && (self.labels.is_empty() || self.labels.contains(document.label))
            && (self.languages.is_empty() || self.languages.iter().any(speaks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Role;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn policy(text: &str) -> Arc<Policy> {
        Arc::new(Policy::parse(Path::new("policy.toml"), text).unwrap())
    }

    fn agent(labels: &[&str]) -> Principal {
        let labels: BTreeSet<AccessLabel> =
            labels.iter().map(|label| AccessLabel((*label).to_owned())).collect();
        Principal::new("anna", Role::Agent, Some(labels))
    }

    fn asked<'a>(texts: &'a [&'a str], principal: &'a Principal) -> AskedFor<'a> {
        AskedFor { texts, named: &[], principal }
    }

    #[test]
    fn rules_are_for_topics_roles_and_labels() {
        let policy = policy(
            "[[rule]]\nname = 'a'\ntopics = ['dose']\nroles = ['agent']\n\
             except_labels = ['medical']\nrefuse = 'no'\n",
        );
        let check = |text: &str, principal: Principal, expected: bool| {
            let ruling = Ruling::of(&policy, asked(&[text], &principal));
            assert_eq!(ruling.refusal().is_some(), expected, "{text} {principal:?}");
        };
        check("Which dose?", agent(&["staff"]), true);
        check("Which pump?", agent(&["staff"]), false);
        check("Which dose?", agent(&["medical"]), false);
        check("Which dose?", Principal::new("otto", Role::Auditor, None), false);
        // Whoever sees every label sees this one.
        check("Which dose?", Principal::new("anna", Role::Agent, None), false);
        let anna = agent(&[]);
        let ruling = Ruling::of(&policy, asked(&["And how much?", "Which dose of X?"], &anna));
        assert_eq!(ruling.refusal(), Some(("a", "no")));
    }

    #[test]
    fn entities_are_known_by_iri_by_another_label_and_by_their_words() {
        let policy =
            policy("[[rule]]\nname = 'a'\nentities = ['urn:x:1', 'Pump X-10']\napproval = true\n");
        let anna = agent(&[]);
        let held = |text: &str, iri: &str, label: &str| {
            let named = [NamedThing { iri: iri.into(), labels: vec![label.into()] }];
            let asked = AskedFor { texts: &[text], named: &named, principal: &anna };
            Ruling::of(&policy, asked).held_by().is_some()
        };
        assert!(held("about it", "urn:x:1", "valve"));
        assert!(held("about the old pump", "urn:x:2", "pump x-10"));
        assert!(held("about the Pump X-10", "urn:x:2", "valve"));
        assert!(!held("about the pump", "urn:x:2", "valve"));
    }

    #[test]
    fn documents_count_or_do_not() {
        let policy = policy(
            "[[rule]]\nname = 'only'\ncount = { sources = ['docs/**'], languages = ['en'] }\n\
             [[rule]]\nname = 'not'\nignore = { labels = ['secret'] }\n",
        );
        let anna = agent(&[]);
        let ruling = Ruling::of(&policy, asked(&["x"], &anna));
        assert!(ruling.chooses_sources());
        let by = |source: &str, label: &str, language: Option<&str>| {
            let label = AccessLabel(label.to_owned());
            let facts = SourceFacts { source, label: &label, language };
            ruling.left_out_by(facts).map(str::to_owned)
        };
        assert_eq!(by("docs/a.md", "public", Some("en-GB")), None);
        assert_eq!(by("docs/a.md", "public", Some("enm")).as_deref(), Some("only"));
        assert_eq!(by("docs/a.md", "public", None).as_deref(), Some("only"));
        assert_eq!(by("other/a.md", "public", Some("en")).as_deref(), Some("only"));
        assert_eq!(by("docs/a.md", "secret", Some("en")).as_deref(), Some("not"));
    }

    #[test]
    fn sentences_are_banned_by_their_words() {
        let policy = policy("[[rule]]\nname = 'b'\nban = ['recall', 'law suit']\n");
        let anna = agent(&[]);
        let ruling = Ruling::of(&policy, asked(&["x"], &anna));
        assert_eq!(ruling.banned_by("There was a Recall."), Some("b"));
        assert_eq!(ruling.banned_by("A law-suit is open."), Some("b"));
        assert_eq!(ruling.banned_by("Nothing was recalled."), None);
    }
}
