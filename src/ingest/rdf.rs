//! RDF in every common syntax: the triples themselves, and one card of text for
//! each resource.
//!
//! The triples of named graphs are kept with the others; the names of the graphs
//! are not, because a knowledge base files what a document says under the document.
//! Blank nodes get names that are the same at each loading of a file and differ
//! between files. Nothing outside of the file is read: a context that JSON-LD names
//! by its address is refused.

use super::damage::{check_depth, check_entities, refuse_empty};
use super::error::LoadError;
use super::loader::{Loader, clean_heading};
use crate::model::{Digest, DocumentId, Loaded, MediaType, Section, Span};
use crate::vocab::{self, rdf, rdfs, schema, skos};
use oxigraph::io::{JsonLdProfileSet, RdfFormat, RdfParseError, RdfParser};
use oxigraph::model::{BlankNode, NamedOrBlankNode, Quad, Term, Triple};
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::io::Read;

const LABELS: [&str; 4] = [skos::PREF_LABEL, rdfs::LABEL, schema::NAME, vocab::SCHEMA_HTTP_NAME];

/// Loads RDF of one syntax; spans point into the cards.
pub(super) struct RdfLoader(pub(super) MediaType);

impl Loader for RdfLoader {
    fn load(&self, source: &str, bytes: &[u8]) -> Result<Loaded, LoadError> {
        let triples = parse(self.0, source, bytes)?;
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
        let mut warnings = Vec::new();
        if triples.is_empty() {
            warnings.push("no triples were found in it".to_owned());
        }
        Ok(Loaded { text, sections, triples, warnings, ..Loaded::default() })
    }
}

/// The syntax of a media type, with its name for people.
fn format(kind: MediaType) -> (RdfFormat, &'static str) {
    match kind {
        MediaType::TriG => (RdfFormat::TriG, "TriG"),
        MediaType::NTriples => (RdfFormat::NTriples, "N-Triples"),
        MediaType::NQuads => (RdfFormat::NQuads, "N-Quads"),
        MediaType::RdfXml => (RdfFormat::RdfXml, "RDF/XML"),
        MediaType::JsonLd => (RdfFormat::JsonLd { profile: JsonLdProfileSet::empty() }, "JSON-LD"),
        _ => (RdfFormat::Turtle, "Turtle"),
    }
}

/// The triples of a file, in its order.
pub(super) fn parse(kind: MediaType, source: &str, bytes: &[u8]) -> Result<Vec<Triple>, LoadError> {
    let (format, name) = format(kind);
    let refused =
        |reason: String| LoadError::Data { source_path: source.to_owned(), format: name, reason };
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    refuse_empty(bytes).map_err(refused)?;
    let base = DocumentId::from_source(source);
    let parser = RdfParser::from_format(format)
        .with_base_iri(base.as_str())
        .map_err(|error| refused(error.to_string()))?;
    let mut names = BlankNames::new(source);
    let mut triples = Vec::new();
    let mut take = |quad: Quad| triples.push(names.rename(Triple::from(quad)));
    if kind == MediaType::RdfXml {
        check_entities(bytes).map_err(refused)?;
        // The parser does not say where it stands, but it reads no further than
        // it has understood.
        let place = Cell::new((1, 1));
        let pieces = Pieces { bytes, place: &place };
        for quad in parser.for_reader(pieces) {
            take(quad.map_err(|error| {
                let (line, column) = place.get();
                refused(format!("{error} before line {line}, column {column}"))
            })?);
        }
    } else {
        if kind == MediaType::JsonLd {
            check_depth(bytes).map_err(refused)?;
        }
        let parser = parser.for_slice(bytes).with_document_loader(|address| {
            Err(format!(
                "the context {address} stands outside of the file and is not fetched; \
                 write the context into the file"
            )
            .into())
        });
        for quad in parser {
            take(quad.map_err(|error| refused(with_place(&RdfParseError::from(error))))?);
        }
    }
    Ok(triples)
}

/// The message of a parser with line and column, from 1, each once.
fn with_place(error: &RdfParseError) -> String {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let inner_message = inner.to_string();
        if !message.contains(&inner_message) {
            message = format!("{message}: {inner_message}");
        }
        cause = inner.source();
    }
    let place = match error {
        RdfParseError::Syntax(error) => error.location(),
        RdfParseError::Io(_) => None,
    };
    match place {
        Some(place) if !message.contains(" line ") => {
            format!("{message} at line {}, column {}", place.start.line + 1, place.start.column + 1)
        }
        _ => message,
    }
}

/// Gives out bytes up to the end of each tag, and remembers how far that was.
struct Pieces<'b, 'p> {
    bytes: &'b [u8],
    place: &'p Cell<(usize, usize)>,
}

impl Read for Pieces<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let stops = |byte: &u8| matches!(byte, b'>' | b'\n');
        let n = self.bytes.iter().position(stops).map_or(self.bytes.len(), |stop| stop + 1);
        let n = n.min(buffer.len());
        let (piece, rest) = self.bytes.split_at(n);
        for (to, from) in buffer.iter_mut().zip(piece) {
            *to = *from;
        }
        let (mut line, mut column) = self.place.get();
        for byte in piece {
            match byte {
                b'\n' => (line, column) = (line + 1, 1),
                // Bytes that go on with a character are no column of their own.
                0x80..0xc0 => {}
                _ => column += 1,
            }
        }
        self.place.set((line, column));
        self.bytes = rest;
        Ok(n)
    }
}

/// Names for the blank nodes of one file, by the order in which they occur.
struct BlankNames {
    prefix: String,
    names: HashMap<BlankNode, BlankNode>,
}

impl BlankNames {
    fn new(source: &str) -> Self {
        let digest = Digest::of(source.as_bytes()).to_string();
        let prefix = format!("f{}n", digest.get(..16).unwrap_or_default());
        Self { prefix, names: HashMap::new() }
    }

    fn rename(&mut self, triple: Triple) -> Triple {
        let subject = match triple.subject {
            NamedOrBlankNode::BlankNode(node) => self.name(node).into(),
            node => node,
        };
        let object = match triple.object {
            Term::BlankNode(node) => self.name(node).into(),
            term => term,
        };
        Triple::new(subject, triple.predicate, object)
    }

    fn name(&mut self, node: BlankNode) -> BlankNode {
        let n = self.names.len();
        let fresh = || BlankNode::new_unchecked(format!("{}{n}", self.prefix));
        self.names.entry(node).or_insert_with(fresh).clone()
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
        let loaded = RdfLoader(MediaType::Turtle).load("c.ttl", turtle.as_bytes()).unwrap();
        assert_eq!(loaded.text, "Pump\nis related to: Seal\nsku: P-1\n\nSeal\n\n");
        assert_eq!(loaded.sections[1].span.of(&loaded.text), Some("Seal\n\n"));
        assert_eq!(loaded.triples.len(), 4);
    }

    fn refusal(kind: MediaType, text: &str) -> String {
        RdfLoader(kind).load("c.rdf", text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_syntax_error_names_the_file_the_line_and_the_column() {
        let check = |kind, text, expected: [&str; 2]| {
            let error = refusal(kind, text);
            assert!(expected.iter().all(|part| error.contains(part)), "{error}");
        };
        check(MediaType::Turtle, "\n<a> <b> .", ["c.rdf is not valid Turtle", "line 2"]);
        check(MediaType::NTriples, "<urn:a> x", ["not valid N-Triples", "line 1"]);
        check(MediaType::NQuads, "<urn:a> x", ["not valid N-Quads", "line 1"]);
        check(MediaType::TriG, "\n\n{ <a> }", ["not valid TriG", "line 3"]);
        check(MediaType::JsonLd, "{\n\"@id\": ,}", ["not valid JSON-LD", "line 2"]);
        let xml = "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n<a>\n</b>";
        check(MediaType::RdfXml, xml, ["not valid RDF/XML", "before line 2, column 4"]);
    }

    #[test]
    fn every_syntax_says_the_same() {
        let nt = "<urn:s> <urn:p> \"v\" .\n";
        let xml = "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" \
            xmlns=\"urn:\"><rdf:Description rdf:about=\"urn:s\"><p>v</p></rdf:Description></rdf:RDF>";
        let expected = RdfLoader(MediaType::Turtle).load("c", nt.as_bytes()).unwrap().triples;
        for (kind, text) in [
            (MediaType::NTriples, nt),
            (MediaType::NQuads, "<urn:s> <urn:p> \"v\" <urn:g> .\n"),
            (MediaType::TriG, "<urn:g> { <urn:s> <urn:p> \"v\" }"),
            (MediaType::JsonLd, r#"{"@id": "urn:s", "urn:p": "v"}"#),
            (MediaType::RdfXml, xml),
        ] {
            let loaded = RdfLoader(kind).load("c", text.as_bytes()).unwrap();
            assert_eq!(loaded.triples, expected, "{kind:?}");
        }
    }

    #[test]
    fn blank_nodes_are_stable_and_differ_between_files() {
        let turtle = b"_:a <urn:p> [ <urn:q> _:a ] .";
        let load = |source| RdfLoader(MediaType::Turtle).load(source, turtle).unwrap().triples;
        assert_eq!(load("a.ttl"), load("a.ttl"));
        let (a, b) = (load("a.ttl"), load("b.ttl"));
        assert!(a.iter().all(|triple| b.iter().all(|other| other.subject != triple.subject)));
        let subjects: Vec<_> = a.iter().map(|triple| triple.subject.clone()).collect();
        assert!(a.iter().any(|triple| triple.object == subjects[0].clone().into()), "{a:?}");
    }

    #[test]
    fn a_context_outside_of_the_file_is_refused() {
        let text = r#"{"@context": "https://example.org/context", "@id": "urn:s", "name": "v"}"#;
        let error = refusal(MediaType::JsonLd, text);
        assert!(error.contains("https://example.org/context"), "{error}");
        assert!(error.contains("write the context into the file"), "{error}");
    }
}
