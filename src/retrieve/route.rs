//! Which spaces a picture is looked for in.

use super::snapshot::Snapshot;
use super::view::View;
use crate::model::{AccessLabel, FragmentId};
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A rule: what a question must be like, which pictures it is about, and which spaces
/// these are looked for in. All conditions that are given must hold. The first rule
/// that fits a question and a picture counts; a picture without a rule is looked for
/// in every space.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteRule {
    /// Name, for explanations.
    pub name: String,
    /// Only pictures whose source path begins like this; all when empty.
    #[serde(default)]
    pub source_prefix: String,
    /// Only pictures of documents with this access label.
    pub access_label: Option<AccessLabel>,
    /// Only pictures that are known to show an instance of this class, or of a class
    /// below it. IRI of the class.
    pub class: Option<String>,
    /// Only questions that hold one of these words; all when empty.
    #[serde(default)]
    pub words: Vec<String>,
    /// Only questions that this regular expression matches somewhere.
    pub pattern: Option<String>,
    /// Only questions in one of these languages, as ISO 639-3 codes (`eng`, `deu`);
    /// all when empty. Questions too short to tell are in no language.
    #[serde(default)]
    pub languages: Vec<String>,
    /// Only questions with a picture, or only those without; all when not given.
    pub picture: Option<bool>,
    /// The spaces.
    pub spaces: Vec<RouteSpace>,
}

/// A space of a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteSpace {
    /// Name of the model, as in `models.pictures`.
    pub space: String,
    /// How much its probability counts beside those of the rule's other spaces.
    #[serde(default = "one")]
    pub weight: f32,
}

fn one() -> f32 {
    1.0
}

impl RouteRule {
    /// What is wrong with the rule, when its pattern or a language is.
    pub fn problem(&self) -> Option<String> {
        if let Some(pattern) = &self.pattern
            && let Err(error) = Regex::new(pattern)
        {
            return Some(format!("`pattern` is no regular expression: {error}"));
        }
        let unknown =
            self.languages.iter().find(|code| whatlang::Lang::from_code(code.as_str()).is_none());
        unknown.map(|code| {
            format!("`languages` names `{code}`; expected ISO 639-3 codes such as \"eng\"")
        })
    }

    fn fits(&self, question: &str, words: &BTreeSet<String>, has_picture: bool) -> bool {
        let matched = |pattern: &String| Regex::new(pattern).is_ok_and(|p| p.is_match(question));
        (self.words.is_empty() || self.words.iter().any(|w| words.contains(&w.to_lowercase())))
            && self.pattern.as_ref().is_none_or(matched)
            && self.picture.is_none_or(|picture| picture == has_picture)
            && (self.languages.is_empty() || language(question).is_some_and(|l| self.speaks(l)))
    }

    fn speaks(&self, language: &str) -> bool {
        self.languages.iter().any(|known| known == language)
    }

    /// The whole rule, in words.
    fn in_words(&self) -> String {
        let weighed = |space: &RouteSpace| format!("{} (weight {})", space.space, space.weight);
        let spaces: Vec<String> = self.spaces.iter().map(weighed).collect();
        format!("rule {}: {} in {}", self.name, self.about(), spaces.join(", "))
    }

    /// What the rule says about pictures, in words.
    fn about(&self) -> String {
        let mut about = vec![match self.source_prefix.as_str() {
            "" => "all pictures".to_owned(),
            prefix => format!("pictures of {prefix}"),
        }];
        about.extend(self.class.as_ref().map(|class| format!("that show a <{class}>")));
        about.extend(self.access_label.as_ref().map(|label| format!("labelled {}", label.0)));
        about.join(" ")
    }
}

/// ISO 639-3 code of the language of a text, where that can be told.
fn language(text: &str) -> Option<&'static str> {
    let found = whatlang::detect(text)?;
    found.is_reliable().then(|| found.lang().code())
}

/// The rules that fit a question.
pub(super) struct Plan<'a> {
    rules: Vec<&'a RouteRule>,
}

impl<'a> Plan<'a> {
    pub(super) fn of(rules: &'a [RouteRule], question: &str, has_picture: bool) -> Self {
        let words: BTreeSet<String> = question
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        let fits = |rule: &&RouteRule| rule.fits(question, &words, has_picture);
        Self { rules: rules.iter().filter(fits).collect() }
    }

    /// How much a space counts for the picture of a file: 0 when it is not looked for
    /// there.
    pub(super) fn weight(&self, snapshot: &Snapshot, file: &FragmentId, space: &str) -> f32 {
        let rule = self.rules.iter().find(|rule| is_about(rule, snapshot, file));
        rule.map_or(1.0, |rule| {
            let named = rule.spaces.iter().find(|named| named.space == space);
            named.map_or(0.0, |named| named.weight.max(0.0))
        })
    }

    /// What fits, in words; rules about labels and folders of which nothing is seen are
    /// left out.
    pub(super) fn explained(&self, view: &View<'_>) -> Vec<String> {
        let seen = self.rules.iter().filter(|rule| {
            rule.access_label.as_ref().is_none_or(|label| view.sees_label(label))
                && (rule.source_prefix.is_empty() || view.sees_source(&rule.source_prefix))
        });
        seen.map(|rule| rule.in_words()).collect()
    }
}

fn is_about(rule: &RouteRule, snapshot: &Snapshot, file: &FragmentId) -> bool {
    let Some(fragment) = snapshot.fragments.get(file) else { return false };
    let document = &fragment.document;
    let labelled = |label: &AccessLabel| {
        snapshot.documents.get(document).is_some_and(|known| known.access_label == *label)
    };
    let shows = |class: &String| {
        snapshot.picture_classes.get(document).is_some_and(|classes| classes.contains(class))
    };
    (rule.source_prefix.is_empty() || document.source().starts_with(&rule.source_prefix))
        && rule.access_label.as_ref().is_none_or(labelled)
        && rule.class.as_ref().is_none_or(shows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Vec<RouteRule> {
        #[derive(Deserialize)]
        struct Rules {
            routes: Vec<RouteRule>,
        }
        toml::from_str::<Rules>(text).unwrap().routes
    }

    fn fitting(text: &str, question: &str, has_picture: bool) -> Vec<String> {
        let rules = rules(text);
        let plan = Plan::of(&rules, question, has_picture);
        plan.rules.iter().map(|rule| rule.name.clone()).collect()
    }

    #[test]
    fn all_conditions_on_the_question_must_hold() {
        let text = "
            [[routes]]
            name = 'words'
            words = ['Sign', 'symbol']
            spaces = [{ space = 'a' }]
            [[routes]]
            name = 'pattern'
            pattern = '(?i)error +E\\d+'
            spaces = [{ space = 'a' }]
            [[routes]]
            name = 'german picture'
            languages = ['deu']
            picture = true
            spaces = [{ space = 'a' }]
        ";
        assert_eq!(fitting(text, "which symbol is this?", false), ["words"]);
        assert_eq!(fitting(text, "screen says Error  E17", true), ["pattern"]);
        let german = "Warum leuchtet an meiner Pumpe die rote Lampe neben dem Schalter?";
        assert_eq!(fitting(text, german, true), ["german picture"]);
        assert!(fitting(text, german, false).is_empty());
        assert!(fitting(text, "Lampe", true).is_empty(), "too short to tell");
    }

    #[test]
    fn a_rule_that_cannot_work_is_told() {
        let wrong = |line: &str| {
            let text = format!("[[routes]]\nname = 'x'\n{line}\nspaces = [{{ space = 'a' }}]");
            rules(&text).remove(0).problem()
        };
        assert!(wrong("pattern = '('").unwrap().contains("regular expression"));
        assert!(wrong("languages = ['german']").unwrap().contains("ISO 639-3"));
        assert_eq!(wrong("pattern = 'E[0-9]+'\nlanguages = ['deu']"), None);
    }

    #[test]
    fn rules_are_explained() {
        let text = "
            [[routes]]
            name = 'products'
            source_prefix = 'products/'
            class = 'https://schema.org/Product'
            spaces = [{ space = 'a' }]
        ";
        assert_eq!(
            rules(text).remove(0).in_words(),
            "rule products: pictures of products/ that show a <https://schema.org/Product> in a (weight 1)"
        );
    }
}
