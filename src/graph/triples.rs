//! Building triples about resources of Veritrail's own making.

use crate::vocab::{rdf, xsd};
use oxigraph::model::{Literal, NamedNode, Term, Triple};

/// Triples under construction. Subjects and objects are IRIs made by the id
/// types or vocabulary constants, so they are valid by construction.
#[derive(Debug, Default)]
pub struct Triples(Vec<Triple>);

impl Triples {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// `subject rdf:type class`.
    pub fn class(&mut self, subject: &str, class: &str) {
        self.link(subject, rdf::TYPE, class);
    }

    /// A link to another resource.
    pub fn link(&mut self, subject: &str, predicate: &str, object: &str) {
        self.push(subject, predicate, NamedNode::new_unchecked(object));
    }

    /// A text.
    pub fn text(&mut self, subject: &str, predicate: &str, value: &str) {
        self.push(subject, predicate, Literal::new_simple_literal(value));
    }

    /// A whole number.
    pub fn count(&mut self, subject: &str, predicate: &str, value: usize) {
        self.push(subject, predicate, Literal::from(i64::try_from(value).unwrap_or(i64::MAX)));
    }

    /// A number.
    pub fn number(&mut self, subject: &str, predicate: &str, value: f64) {
        self.push(subject, predicate, Literal::from(value));
    }

    /// A number of single precision, as the shortest decimal that reads back to it.
    pub fn single(&mut self, subject: &str, predicate: &str, value: f32) {
        let shortest = value.to_string().parse().unwrap_or_else(|_| f64::from(value));
        self.number(subject, predicate, shortest);
    }

    /// A time in RFC 3339.
    pub fn time(&mut self, subject: &str, predicate: &str, value: &str) {
        let date_time = NamedNode::new_unchecked(xsd::DATE_TIME);
        self.push(subject, predicate, Literal::new_typed_literal(value, date_time));
    }

    /// A day as `YYYY-MM-DD`.
    pub fn date(&mut self, subject: &str, predicate: &str, value: &str) {
        let date = NamedNode::new_unchecked(xsd::DATE);
        self.push(subject, predicate, Literal::new_typed_literal(value, date));
    }

    fn push(&mut self, subject: &str, predicate: &str, object: impl Into<Term>) {
        self.0.push(Triple::new(
            NamedNode::new_unchecked(subject),
            NamedNode::new_unchecked(predicate),
            object,
        ));
    }

    /// The triples, in the order in which they were added.
    pub fn into_vec(self) -> Vec<Triple> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_is_as_short_as_it_can_be_and_reads_back() {
        for (value, expected) in
            [(0.8f32, "0.8"), (0.1, "0.1"), (1.0, "1"), (1.0 / 3.0, "0.33333334")]
        {
            let mut triples = Triples::new();
            triples.single("urn:a", "urn:p", value);
            let Term::Literal(literal) = triples.into_vec().remove(0).object else {
                panic!("a number is a literal")
            };
            assert_eq!(literal.value(), expected);
            assert_eq!(literal.value().parse::<f32>().unwrap(), value);
        }
    }
}
