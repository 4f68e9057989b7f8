//! What is compared: a thing as its sources describe it.

use std::collections::{BTreeMap, BTreeSet};

/// A description of one thing. Names of attributes mean nothing here but that
/// values under the same name are compared with each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// Identity, for example an IRI.
    pub id: String,
    /// Names, the preferred one first.
    pub labels: Vec<String>,
    /// IRIs of its classes; empty when nothing is known.
    pub classes: BTreeSet<String>,
    /// Numbers and codes that were given to it to tell it from others, by what the
    /// source calls them.
    pub identifiers: BTreeMap<String, BTreeSet<String>>,
    /// Other literal values by the name of their attribute.
    pub attributes: BTreeMap<String, BTreeSet<String>>,
    /// Identities of what it is tied to.
    pub neighbours: BTreeSet<String>,
}

impl Record {
    /// All words about it, labels first, as one text.
    pub fn text(&self) -> String {
        let mut parts: Vec<&str> = self.labels.iter().map(String::as_str).collect();
        parts.extend(self.attributes.values().flatten().map(String::as_str));
        parts.extend(self.identifiers.values().flatten().map(String::as_str));
        parts.join(" ")
    }
}

/// A code in the form in which two spellings of it are equal: letters and digits in
/// capitals, nothing between them.
pub fn compact_code(code: &str) -> String {
    code.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_code_have_one_form() {
        assert_eq!(compact_code("f8n044-SLV"), compact_code("F8N044 slv"));
        assert_ne!(compact_code("SP-3117"), compact_code("SP-3118"));
    }
}
