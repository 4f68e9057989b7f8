//! RDF that a request brings.

use super::error::QueryError;
use oxigraph::io::{RdfFormat, RdfParser};
use oxigraph::model::{NamedNode, Triple};

/// A document with its media type.
#[derive(Clone, Debug)]
pub struct RdfPart {
    /// Media type, perhaps with parameters.
    pub media_type: String,
    /// The document.
    pub bytes: Vec<u8>,
}

/// Whether a text is an absolute IRI.
pub fn is_iri(text: &str) -> bool {
    NamedNode::new(text).is_ok()
}

/// The triples of documents, with relative IRIs resolved against `base`. Blank nodes of
/// two documents are never the same.
///
/// # Errors
/// When a document is in no format of RDF, is not valid, or has named graphs.
pub(super) fn parse_parts(parts: &[RdfPart], base: &str) -> Result<Vec<Triple>, QueryError> {
    let mut triples = Vec::new();
    for part in parts {
        let format = RdfFormat::from_media_type(&part.media_type)
            .ok_or_else(|| QueryError::MediaType(part.media_type.clone()))?;
        let parser = RdfParser::from_format(format).without_named_graphs().rename_blank_nodes();
        let parser = parser.with_base_iri(base);
        let parser = parser.map_err(|error| QueryError::Rdf(error.to_string()))?;
        for quad in parser.for_slice(&part.bytes) {
            triples.push(Triple::from(quad.map_err(|error| QueryError::Rdf(error.to_string()))?));
        }
    }
    Ok(triples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_keep_their_blank_nodes_apart() {
        let part = |media_type: &str, text: &str| RdfPart {
            media_type: media_type.to_owned(),
            bytes: text.as_bytes().to_vec(),
        };
        let turtle = part("text/turtle; charset=utf-8", "_:b <p> <o> .");
        let triples = parse_parts(&[turtle.clone(), turtle], "http://x.test/").unwrap();
        assert_ne!(triples[0].subject, triples[1].subject);
        assert_eq!(triples[0].predicate.as_str(), "http://x.test/p");
        let check = |media_type: &str, text: &str, expected: &str| {
            let error = parse_parts(&[part(media_type, text)], "http://x.test/").unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        };
        check("text/html", "", "text/html");
        check("text/turtle", "<a> <b>", "not valid RDF");
        check("application/trig", "<g> { <a> <b> <c> }", "not valid RDF");
    }
}
