//! Entities and where they are mentioned.

use super::{EntityId, FragmentId, Span};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// A node of the knowledge graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entity {
    /// IRI: its own for RDF resources, made from the label otherwise.
    pub id: EntityId,
    /// Preferred label first, then alternatives.
    pub labels: Vec<String>,
    /// What kind of thing it is.
    pub class: EntityClass,
}

/// What kind of thing an entity is, as far as extraction can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EntityClass {
    /// What a document is about: its title.
    Topic,
    /// A term that a glossary defines.
    Term,
    /// A heading inside a document.
    Heading,
    /// A resource of imported RDF.
    Resource,
    /// A part number, error code, version or similar.
    Identifier,
    /// A proper name that no list knows.
    ProperName,
    /// Words that keep standing together: a technical term that no list knows.
    Phrase,
    /// The address of a page or a mailbox.
    Address,
    /// A line for a shell.
    Command,
}

impl EntityClass {
    /// Every class.
    pub const ALL: [Self; 9] = [
        Self::Topic,
        Self::Term,
        Self::Heading,
        Self::Resource,
        Self::Identifier,
        Self::ProperName,
        Self::Phrase,
        Self::Address,
        Self::Command,
    ];

    /// Whether walks of retrieval pass entities of this class, and questions name them.
    pub fn is_walked(self) -> bool {
        !matches!(self, Self::Phrase | Self::Address | Self::Command)
    }

    /// Local name in the ontology.
    pub fn local_name(self) -> &'static str {
        match self {
            Self::Topic => "Topic",
            Self::Term => "Term",
            Self::Heading => "Heading",
            Self::Resource => "Resource",
            Self::Identifier => "Identifier",
            Self::ProperName => "ProperName",
            Self::Phrase => "Phrase",
            Self::Address => "Address",
            Self::Command => "Command",
        }
    }
}

/// One place where a fragment names an entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mention {
    /// The fragment that names it.
    pub fragment: FragmentId,
    /// Where, in code points of the fragment's text.
    pub span: Span,
    /// The words as they stand there.
    pub surface: String,
    /// The entity that is meant.
    pub entity: EntityId,
    /// How sure the extractor is, in `0..=1`.
    pub confidence: f32,
    /// Name of the rule that found it.
    pub rule: String,
}

/// The form of a label under which spellings count as the same: NFKC, lower
/// case, one space between words, no quotation marks or punctuation around it.
pub fn normalise_label(label: &str) -> String {
    let folded: String = label.nfkc().flat_map(char::to_lowercase).collect();
    let words: Vec<&str> = folded.split_whitespace().collect();
    words
        .join(" ")
        .trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '+' | '#' | ')' | '('))
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_variants_share_a_normal_form() {
        assert_eq!(normalise_label("  \"HX\u{2011}200  Pump\" "), normalise_label("hx‑200 pump"));
        assert_eq!(normalise_label("C++"), "c++");
        assert_eq!(normalise_label("Straße,"), "straße");
    }
}
