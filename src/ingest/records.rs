//! Names in the graph for rows and objects that no mapping names.

use crate::model::{DocumentId, Predicate};
use crate::vocab;
use oxigraph::model::NamedNode;

/// Headers and keys whose values are names for people, the preferred ones first.
const LABEL_NAMES: [&str; 3] = ["name", "title", "label"];

/// The row or object with this key in the document `source`.
pub(super) fn record(source: &str, key: &str) -> NamedNode {
    let document = DocumentId::from_source(source);
    let path = document.as_str().strip_prefix(vocab::DOCUMENT_PREFIX).unwrap_or_default();
    let path = path.replace('#', "%23");
    NamedNode::new_unchecked(format!("{}{path}#{}", vocab::RECORD_PREFIX, encode(key)))
}

/// The property of this header or key, the same in all documents.
pub(super) fn property(name: &str) -> NamedNode {
    NamedNode::new_unchecked(Predicate::from_key(name).as_str())
}

/// The class of the rows or objects of a table or member of this name.
pub(super) fn class(name: &str) -> NamedNode {
    NamedNode::new_unchecked(format!("{}{}", vocab::CLASS_PREFIX, words(name)))
}

/// How well the values of a header or key serve as names: lower is better, none for
/// those that are no names.
pub(super) fn label_rank(name: &str) -> Option<usize> {
    let name = name.trim().to_lowercase();
    LABEL_NAMES.iter().position(|label| *label == name)
}

/// The name of a file without folder and ending.
pub(super) fn stem(source: &str) -> &str {
    let name = source.rsplit('/').next().unwrap_or(source);
    name.split_once('.').map_or(name, |(stem, _)| stem)
}

/// Letters and digits, joined by `_` where something else stood.
pub(super) fn words(name: &str) -> String {
    let parts = name.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    let words = parts.collect::<Vec<_>>().join("_");
    if words.is_empty() { "unnamed".to_owned() } else { words }
}

/// Percent-encodes what may not stand in an IRI, but for `/`.
pub(super) fn encode(text: &str) -> String {
    encode_but(text, "-._~/")
}

/// Percent-encodes all but letters, digits and the characters of `kept`.
pub(super) fn encode_but(text: &str, kept: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() || kept.contains(c) {
            encoded.push(c);
        } else {
            let mut buffer = [0u8; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                encoded.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_valid_whatever_stands_in_the_file() {
        for name in ["a b", "Größe (mm)", "<x>\"\\^`{|}", "#", "", "日本"] {
            for node in [record("a#b/c d.csv", name), property(name), class(name)] {
                assert!(NamedNode::new(node.as_str()).is_ok(), "{node}");
            }
        }
        assert_eq!(property("Unit price (EUR)").as_str(), "urn:veritrail:property:Unit_price_EUR");
        assert_eq!(record("d/a.csv", "x 1").as_str(), "urn:veritrail:record:d/a.csv#x%201");
        assert_eq!(stem("d/people.en.csv"), "people");
    }
}
