//! One value against the constraints that ask something of each value by itself.

use super::check::Node;
use super::constraint::{Bound, Constraint};
use super::findings::shown;
use super::path::short;
use super::values::{compare, is_well_formed};
use oxigraph::model::{LiteralRef, Term, TermRef};
use std::cmp::Ordering;

impl<'a> Node<'a, '_> {
    /// What is wrong with one value, for constraints on values one by one.
    pub(super) fn problem(
        &self,
        constraint: &'a Constraint,
        value: TermRef<'a>,
    ) -> Option<(&'static str, String)> {
        let literal = match value {
            TermRef::Literal(literal) => Some(literal),
            TermRef::NamedNode(_) | TermRef::BlankNode(_) => None,
        };
        let text = match value {
            TermRef::NamedNode(node) => Some(node.as_str()),
            TermRef::Literal(literal) => Some(literal.value()),
            TermRef::BlankNode(_) => None,
        };
        let meets = |shape: &usize| self.shapes.conforms(*shape, value, self.data);
        let n_chars = text.map(|text| text.chars().count());
        let (component, holds, expected) = match constraint {
            Constraint::Class(class) => (
                "ClassConstraintComponent",
                self.data.is_instance(value, class.as_ref()),
                format!("an instance of {}", short(class.as_str())),
            ),
            Constraint::Datatype(datatype) => (
                "DatatypeConstraintComponent",
                literal.is_some_and(|l| l.datatype() == datatype.as_ref() && is_well_formed(l)),
                format!("a valid {}", short(datatype.as_str())),
            ),
            Constraint::NodeKind(kinds) => {
                let holds = match value {
                    TermRef::NamedNode(_) => kinds.iri,
                    TermRef::BlankNode(_) => kinds.blank,
                    TermRef::Literal(_) => kinds.literal,
                };
                ("NodeKindConstraintComponent", holds, format!("sh:{}", kinds.name))
            }
            Constraint::Range(bound, limit) => {
                let (component, words, allowed): (_, _, &[Ordering]) = match bound {
                    Bound::Above => {
                        ("MinExclusiveConstraintComponent", "more than", &[Ordering::Greater])
                    }
                    Bound::AtLeast => (
                        "MinInclusiveConstraintComponent",
                        "at least",
                        &[Ordering::Greater, Ordering::Equal],
                    ),
                    Bound::Below => {
                        ("MaxExclusiveConstraintComponent", "less than", &[Ordering::Less])
                    }
                    Bound::AtMost => (
                        "MaxInclusiveConstraintComponent",
                        "at most",
                        &[Ordering::Less, Ordering::Equal],
                    ),
                };
                let order = literal.and_then(|literal| compare(literal, limit.as_ref()));
                let holds = order.is_some_and(|order| allowed.contains(&order));
                (component, holds, format!("{words} {}", limit.value()))
            }
            Constraint::MinLength(least) => (
                "MinLengthConstraintComponent",
                n_chars.is_some_and(|n| n >= *least),
                format!("at least {least} characters"),
            ),
            Constraint::MaxLength(most) => (
                "MaxLengthConstraintComponent",
                n_chars.is_some_and(|n| n <= *most),
                format!("at most {most} characters"),
            ),
            Constraint::Pattern(pattern) => (
                "PatternConstraintComponent",
                text.is_some_and(|text| pattern.is_match(text)),
                format!("text that matches {}", pattern.as_str()),
            ),
            Constraint::LanguageIn(ranges) => (
                "LanguageInConstraintComponent",
                literal.and_then(LiteralRef::language).is_some_and(|l| in_languages(l, ranges)),
                format!("text in one of the languages {}", ranges.join(", ")),
            ),
            Constraint::Disjoint(property) => (
                "DisjointConstraintComponent",
                !self.data.objects(self.focus, property.as_ref()).contains(&value),
                format!("no value of {}", short(property.as_str())),
            ),
            Constraint::Not(shape) => (
                "NotConstraintComponent",
                !meets(shape),
                format!("a node that does not meet {}", self.name(*shape)),
            ),
            Constraint::And(shapes) => (
                "AndConstraintComponent",
                shapes.iter().all(meets),
                "a node that meets every shape".to_owned(),
            ),
            Constraint::Or(shapes) => (
                "OrConstraintComponent",
                shapes.iter().any(meets),
                "a node that meets one of the shapes".to_owned(),
            ),
            Constraint::Xone(shapes) => (
                "XoneConstraintComponent",
                shapes.iter().filter(|shape| meets(shape)).count() == 1,
                "a node that meets exactly one of the shapes".to_owned(),
            ),
            Constraint::Node(shape) => (
                "NodeConstraintComponent",
                meets(shape),
                format!("a node that meets {}", self.name(*shape)),
            ),
            Constraint::In(allowed) => {
                let words: Vec<String> = allowed.iter().map(shown).collect();
                let holds = allowed.iter().any(|term| term.as_ref() == value);
                ("InConstraintComponent", holds, format!("one of {}", words.join(", ")))
            }
            Constraint::MinCount(_)
            | Constraint::MaxCount(_)
            | Constraint::UniqueLang
            | Constraint::Equals(_)
            | Constraint::LessThan(_)
            | Constraint::LessThanOrEquals(_)
            | Constraint::Property(_)
            | Constraint::Qualified { .. }
            | Constraint::Closed(_)
            | Constraint::HasValue(_) => return None,
        };
        (!holds).then(|| (component, format!("expected {expected}")))
    }

    fn name(&self, shape: usize) -> String {
        match self.shapes.shapes.get(shape).map(|shape| &shape.id) {
            Some(Term::NamedNode(node)) => short(node.as_str()),
            _ => "the nested shape".to_owned(),
        }
    }
}

/// Whether a language is in one of the ranges of RFC 4647, basic filtering.
fn in_languages(language: &str, ranges: &[String]) -> bool {
    ranges.iter().any(|range| {
        let (range, language) = (range.to_lowercase(), language.to_lowercase());
        range == "*"
            || language
                .strip_prefix(&range)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    })
}
