//! What a language model says that a text states, and the terms it may say it in.

use super::{Digest, FragmentId, Span};
use serde::{Deserialize, Serialize};

/// Words of a fragment, as they stand there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// Where, in code points of the fragment's text.
    pub span: Span,
    /// The words.
    pub text: String,
}

/// One statement of a text, in the text's own words. Which entities its words name is
/// decided at publish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The words that state it.
    pub quote: Words,
    /// Words of the quote that name the subject.
    pub subject: Words,
    /// IRI of the class that the subject is said to have.
    pub subject_class: Option<String>,
    /// IRI of the property.
    pub predicate: String,
    /// Words of the quote that name the object, or are it.
    pub object: StatedObject,
}

/// What a statement says of its subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StatedObject {
    /// A thing that the words name.
    Thing {
        /// The words.
        words: Words,
        /// IRI of the class that the thing is said to have.
        class: Option<String>,
    },
    /// A number, code, date or text.
    Value(Words),
}

impl StatedObject {
    /// Its words.
    pub fn words(&self) -> &Words {
        match self {
            Self::Thing { words, .. } | Self::Value(words) => words,
        }
    }
}

/// One asking of a language model about one fragment, and what was kept of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extraction {
    /// The fragment.
    pub fragment: FragmentId,
    /// What it states.
    pub statements: Vec<Statement>,
    /// How often which reason kept a statement out, in words.
    pub rejected: Vec<(String, usize)>,
    /// Name of the model.
    pub model: String,
    /// Name of the rule: `llm:MODEL@VERSION OF THE PROMPT`.
    pub rule: String,
    /// Digest of all that shapes an extraction but the text.
    pub recipe: Digest,
    /// Digest of the whole prompt.
    pub prompt: Digest,
    /// Tokens of the prompts that were sent.
    pub n_prompt_tokens: u64,
    /// Tokens of the outputs.
    pub n_output_tokens: u64,
    /// Whether tokens were estimated, because the server gave no count.
    pub tokens_estimated: bool,
    /// RFC 3339.
    pub started_at: String,
    /// RFC 3339.
    pub ended_at: String,
}

/// A property or class that imported RDF describes for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OntologyTerm {
    /// Its IRI.
    pub iri: String,
    /// What it is.
    pub kind: TermKind,
    /// Its name for people.
    pub label: String,
    /// What it means.
    pub comment: String,
    /// Classes of the subjects of a property.
    pub domains: Vec<String>,
    /// Classes or datatypes of the objects of a property.
    pub ranges: Vec<String>,
    /// Classes above a class.
    pub above: Vec<String>,
}

/// What a term of an ontology is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TermKind {
    /// A property of things or values.
    Property,
    /// A property whose objects are things.
    ObjectProperty,
    /// A property whose objects are values.
    DatatypeProperty,
    /// A class.
    Class,
}
