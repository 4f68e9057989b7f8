//! Turtle: the triples themselves, and one card of text for each resource.

use super::error::LoadError;
use super::loader::{Loader, clean_heading};
use crate::model::{DocumentId, Loaded, Section, Span};
use crate::vocab::{rdf, rdfs, schema, skos};
use oxigraph::io::{RdfFormat, RdfParser};
use oxigraph::model::{NamedOrBlankNode, Term, Triple};
use std::collections::BTreeMap;

const LABELS: [&str; 4] = [skos::PREF_LABEL, rdfs::LABEL, schema::NAME, "http://schema.org/name"];

/// Loads Turtle; spans point into the cards.
pub(super) struct TurtleLoader;

impl Loader for TurtleLoader {
    fn load(&self, source: &str, bytes: &[u8]) -> Result<Loaded, LoadError> {
        let base = DocumentId::from_source(source);
        let refused = |reason: String| LoadError::Turtle { source_path: source.to_owned(), reason };
        let parser = RdfParser::from_format(RdfFormat::Turtle)
            .with_base_iri(base.as_str())
            .map_err(|error| refused(error.to_string()))?;
        let triples: Vec<Triple> = parser
            .for_slice(bytes)
            .map(|quad| quad.map(Triple::from))
            .collect::<Result<_, _>>()
            .map_err(|error| refused(error.to_string()))?;
        let mut labels: BTreeMap<String, String> = BTreeMap::new();
        for predicate in LABELS {
            for triple in &triples {
                if let (true, Term::Literal(label)) =
                    (triple.predicate.as_str() == predicate, &triple.object)
                {
                    labels.entry(subject(triple)).or_insert_with(|| label.value().to_owned());
                }
            }
        }
        let mut cards: BTreeMap<String, Vec<&Triple>> = BTreeMap::new();
        for triple in &triples {
            if matches!(triple.subject, NamedOrBlankNode::NamedNode(_)) {
                cards.entry(subject(triple)).or_default().push(triple);
            }
        }
        let mut text = String::new();
        let mut sections = Vec::new();
        let mut n_chars = 0;
        for (subject, triples) in cards {
            let name = labels.get(&subject).cloned().unwrap_or_else(|| local_name(&subject));
            let card = card(&name, &triples, &labels);
            let end = n_chars + card.chars().count();
            sections.push(Section {
                heading_path: vec![clean_heading(&name)],
                span: Span::new(n_chars, end),
            });
            n_chars = end;
            text.push_str(&card);
        }
        Ok(Loaded { text, sections, triples, ..Loaded::default() })
    }
}

fn card(name: &str, triples: &[&Triple], labels: &BTreeMap<String, String>) -> String {
    let mut card = format!("{name}\n");
    let mut lines: Vec<String> = Vec::new();
    for triple in triples {
        let value = match &triple.object {
            Term::NamedNode(node) => {
                labels.get(node.as_str()).cloned().unwrap_or_else(|| local_name(node.as_str()))
            }
            Term::Literal(literal) => literal.value().to_owned(),
            _ => continue,
        };
        let property = match triple.predicate.as_str() {
            rdf::TYPE => "type".to_owned(),
            other => local_name(other),
        };
        if value != name {
            lines.push(format!("{property}: {value}\n"));
        }
    }
    lines.sort();
    lines.dedup();
    card.extend(lines);
    card.push('\n');
    card
}

fn subject(triple: &Triple) -> String {
    match &triple.subject {
        NamedOrBlankNode::NamedNode(node) => node.as_str().to_owned(),
        NamedOrBlankNode::BlankNode(node) => format!("_:{}", node.as_str()),
    }
}

/// The last part of an IRI, camel case split into words.
fn local_name(iri: &str) -> String {
    let last = iri.rsplit(['#', '/', ':']).next().unwrap_or(iri);
    let mut words = String::new();
    let mut before = ' ';
    for c in last.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            words.push(' ');
            words.extend(c.to_lowercase());
        } else {
            words.push(if c == '_' { ' ' } else { c });
        }
        before = c;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_becomes_a_card() {
        let turtle = "@prefix s: <https://schema.org/> . @prefix e: <https://e.test/> .\n\
            e:p s:name \"Pump\" ; s:isRelatedTo e:s ; s:sku \"P-1\" . e:s s:name \"Seal\" .";
        let loaded = TurtleLoader.load("c.ttl", turtle.as_bytes()).unwrap();
        assert_eq!(loaded.text, "Pump\nis related to: Seal\nsku: P-1\n\nSeal\n\n");
        assert_eq!(loaded.sections[1].span.of(&loaded.text), Some("Seal\n\n"));
        assert_eq!(loaded.triples.len(), 4);
    }

    #[test]
    fn a_syntax_error_names_the_file() {
        let error = TurtleLoader.load("c.ttl", b"<a> <b> .").unwrap_err().to_string();
        assert!(error.contains("c.ttl is not valid Turtle"), "{error}");
    }
}
