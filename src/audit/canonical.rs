//! The one text of a graph.

use super::error::SealError;
use crate::model::Digest;
use oxigraph::model::{NamedNode, NamedOrBlankNode, Term, Triple};

/// The graph as canonical N-Quads.
///
/// [RDFC-1.0](https://www.w3.org/TR/rdf-canon/) gives names to blank nodes and then
/// writes all quads in canonical form, sorted by code point. Records have no blank
/// nodes, so that the second half is all of it; a graph that has one is refused.
///
/// # Errors
/// When there is a blank node.
pub fn canonical(graph: &str, triples: &[Triple]) -> Result<String, SealError> {
    let name = NamedNode::new_unchecked(graph);
    let mut lines = Vec::with_capacity(triples.len());
    for triple in triples {
        let blank = matches!(triple.subject, NamedOrBlankNode::BlankNode(_))
            || matches!(triple.object, Term::BlankNode(_));
        if blank {
            return Err(SealError::BlankNode(graph.to_owned()));
        }
        lines.push(format!("{} {} {} {name} .\n", triple.subject, triple.predicate, triple.object));
    }
    lines.sort_unstable();
    lines.dedup();
    Ok(lines.concat())
}

/// SHA-256 of the canonical text.
///
/// # Errors
/// When there is a blank node.
pub fn canonical_digest(graph: &str, triples: &[Triple]) -> Result<Digest, SealError> {
    Ok(Digest::of(canonical(graph, triples)?.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Triples;
    use oxigraph::model::BlankNode;

    #[test]
    fn order_and_repetition_do_not_matter_and_characters_are_written_in_one_way() {
        let mut triples = Triples::new();
        triples.text("urn:b", "urn:p", "tab\tquote\"\\line\nbell\u{7}é");
        triples.count("urn:a", "urn:p", 7);
        triples.text("urn:b", "urn:p", "tab\tquote\"\\line\nbell\u{7}é");
        let mut triples = triples.into_vec();
        let text = canonical("urn:g", &triples).unwrap();
        assert_eq!(
            text,
            "<urn:a> <urn:p> \"7\"^^<http://www.w3.org/2001/XMLSchema#integer> <urn:g> .\n\
             <urn:b> <urn:p> \"tab\\tquote\\\"\\\\line\\nbell\\u0007é\" <urn:g> .\n"
        );
        triples.reverse();
        assert_eq!(canonical("urn:g", &triples).unwrap(), text);
    }

    #[test]
    fn a_blank_node_is_refused() {
        let node = NamedNode::new_unchecked("urn:a");
        let triple = Triple::new(node.clone(), node, BlankNode::default());
        assert!(matches!(canonical("urn:g", &[triple]), Err(SealError::BlankNode(_))));
    }
}
