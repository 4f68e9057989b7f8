//! What tools of the Model Context Protocol take and give. Their schemas, with these
//! words, are what clients and their language models read.

use rmcp::schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
pub(super) struct SearchInput {
    /// The question, or words to look for.
    pub(super) query: String,
    /// How many hits: 10 unless given, 50 at most.
    #[serde(default)]
    pub(super) k: Option<usize>,
    /// `graph` (words, meaning and the knowledge graph; unless given), `hybrid` (without
    /// the graph), `dense` (meaning alone) or `lexical` (words alone).
    #[serde(default)]
    pub(super) mode: Option<SearchMode>,
    /// Whether nothing but pictures is wanted.
    #[serde(default)]
    pub(super) only_pictures: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(rename_all = "lowercase")]
pub(super) enum SearchMode {
    Lexical,
    Dense,
    Hybrid,
    Graph,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct SearchOutput {
    /// Name of the state of the knowledge base.
    pub(super) generation: String,
    /// Best first.
    pub(super) hits: Vec<HitOutput>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct HitOutput {
    /// IRI of the fragment.
    pub(super) fragment: String,
    /// Name of the document, for `get_document`.
    pub(super) document_id: String,
    pub(super) title: String,
    pub(super) section: String,
    /// Source path.
    pub(super) source: String,
    /// The words of the passage, or the words about the picture.
    pub(super) text: String,
    pub(super) page: Option<u32>,
    /// Where the passage begins and ends in the text of the document, in characters.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Name of the document that is the picture.
    pub(super) picture: Option<String>,
    pub(super) score: f32,
    /// Ways on which it was found.
    pub(super) routes: Vec<String>,
    /// The path through the knowledge graph, in words.
    pub(super) path: Vec<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
pub(super) struct AskInput {
    /// The question.
    pub(super) question: String,
    /// Whether the answer is made of quotes alone, without a language model.
    #[serde(default)]
    pub(super) extractive: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct AskOutput {
    /// Name of the record, for `explain_answer`.
    pub(super) answer_id: String,
    /// `generated`, `extractive`, `abstained`, or `waiting`: a person must approve the
    /// answer first, and `explain_answer` gives it then.
    pub(super) mode: String,
    /// The answer with `[n]` behind each sentence.
    pub(super) answer: String,
    /// Why a language model did not write it, although one is configured.
    pub(super) degraded_because: Option<String>,
    /// What it cites.
    pub(super) citations: Vec<CitationOutput>,
    /// What must be said below the answer, wherever it is given.
    pub(super) disclaimers: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct CitationOutput {
    pub(super) number: usize,
    pub(super) document_id: String,
    pub(super) title: String,
    pub(super) section: String,
    pub(super) source: String,
    pub(super) page: Option<u32>,
    /// The exact words.
    pub(super) quote: String,
    /// Where they stand in the text of the document, in characters.
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
pub(super) struct ExplainInput {
    /// The name that `ask` gave.
    pub(super) answer_id: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct ExplainOutput {
    /// The name of the answer.
    pub(super) answer_id: String,
    /// Question, evidence, sentences with citations and checks, and times.
    pub(super) record: Value,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
pub(super) struct SparqlInput {
    /// SPARQL 1.1.
    pub(super) query: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct SparqlOutput {
    /// Media type of the result.
    pub(super) format: String,
    /// SPARQL results as JSON; of CONSTRUCT and DESCRIBE a text in Turtle.
    pub(super) result: Value,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
pub(super) struct DocumentInput {
    /// Name of the document, or its source path.
    pub(super) document_id: String,
    /// First character; 0 unless given.
    #[serde(default)]
    pub(super) start: usize,
    /// How many characters: 20,000 unless given, 100,000 at most.
    #[serde(default)]
    pub(super) max_chars: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
pub(super) struct DocumentOutput {
    pub(super) document_id: String,
    pub(super) title: String,
    pub(super) source: String,
    pub(super) media_type: String,
    pub(super) language: Option<String>,
    /// Characters of the whole text.
    pub(super) n_chars: usize,
    /// First character of this part.
    pub(super) start: usize,
    /// The character behind this part; less than `n_chars` when there is more.
    pub(super) end: usize,
    pub(super) text: String,
}
