//! Which spaces a picture is looked for in.

use serde::{Deserialize, Serialize};

/// A rule: what a question must be like, which pictures it is about, and which spaces
/// these are looked for in. The first rule that fits a question and a picture counts;
/// a picture without a rule is looked for in every space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteRule {
    /// Name, for explanations.
    pub name: String,
    /// Only pictures whose source path begins like this; all when empty.
    #[serde(default)]
    pub source_prefix: String,
    /// Only questions that hold one of these words; all when empty.
    #[serde(default)]
    pub words: Vec<String>,
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

/// The rules that fit a question.
pub(super) struct Plan<'a> {
    rules: Vec<&'a RouteRule>,
}

impl<'a> Plan<'a> {
    pub(super) fn of(rules: &'a [RouteRule], question: &str, has_picture: bool) -> Self {
        let words: Vec<String> = question
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        let fits = |rule: &&RouteRule| {
            let named = |word: &String| words.contains(&word.to_lowercase());
            (rule.words.is_empty() || rule.words.iter().any(named))
                && rule.picture.is_none_or(|picture| picture == has_picture)
        };
        Self { rules: rules.iter().filter(fits).collect() }
    }

    fn rule_of(&self, source: &str) -> Option<&'a RouteRule> {
        self.rules.iter().copied().find(|rule| source.starts_with(&rule.source_prefix))
    }

    /// How much a space counts for the picture with this source: 0 when it is not
    /// looked for there.
    pub(super) fn weight(&self, source: &str, space: &str) -> f32 {
        let Some(rule) = self.rule_of(source) else { return 1.0 };
        let named = rule.spaces.iter().find(|named| named.space == space);
        named.map_or(0.0, |named| named.weight.max(0.0))
    }

    /// What fits, in words.
    pub(super) fn explained(&self) -> Vec<String> {
        let rules = self.rules.iter().map(|rule| {
            let spaces: Vec<String> = rule
                .spaces
                .iter()
                .map(|space| format!("{} (weight {})", space.space, space.weight))
                .collect();
            let about = match rule.source_prefix.as_str() {
                "" => "all pictures".to_owned(),
                prefix => format!("pictures of {prefix}"),
            };
            format!("rule {}: {about} in {}", rule.name, spaces.join(", "))
        });
        rules.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Vec<RouteRule> {
        #[derive(Deserialize)]
        struct Rules {
            routes: Vec<RouteRule>,
        }
        let text = "
            [[routes]]
            name = 'signs'
            words = ['Sign', 'symbol']
            spaces = [{ space = 'b', weight = 2.0 }, { space = 'a' }]
            [[routes]]
            name = 'products'
            source_prefix = 'products/'
            spaces = [{ space = 'a' }]
        ";
        toml::from_str::<Rules>(text).unwrap().routes
    }

    #[test]
    fn the_first_rule_that_fits_question_and_picture_counts() {
        let rules = rules();
        let plan = Plan::of(&rules, "which symbol is this?", false);
        assert_eq!((plan.weight("products/1.png", "b"), plan.weight("x/1.png", "a")), (2.0, 1.0));
        let plan = Plan::of(&rules, "milk", false);
        assert_eq!(
            (plan.weight("products/1.png", "a"), plan.weight("products/1.png", "b")),
            (1.0, 0.0)
        );
    }

    #[test]
    fn a_picture_without_a_rule_is_looked_for_in_every_space() {
        let rules = rules();
        let plan = Plan::of(&rules, "milk", true);
        assert_eq!((plan.weight("x/1.png", "a"), plan.weight("x/1.png", "b")), (1.0, 1.0));
    }

    #[test]
    fn the_plan_is_explained() {
        let rules = rules();
        let plan = Plan::of(&rules, "milk", false);
        assert_eq!(plan.explained(), ["rule products: pictures of products/ in a (weight 1)"]);
    }
}
