//! Answers, their evidence and the record of both.

use super::{
    AnswerAccess, AnswerId, Digest, DocumentId, EntityId, Fragment, GenerationId, GraphPath,
    PolicyApplied, Region, RouteScore, ServedArm, Space, Span,
};
use serde::{Deserialize, Serialize};

/// A fragment that was put before the answerer, under its citation number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Citation number, from 1.
    pub number: usize,
    /// The fragment, with its exact text.
    pub fragment: Fragment,
    /// Title of its document.
    pub title: String,
    /// Source path of its document.
    pub source: String,
    /// Source path of the picture file, for pictures.
    pub picture_source: Option<String>,
    /// Fused score.
    pub score: f32,
    /// Every route that found it.
    pub routes: Vec<RouteScore>,
    /// The walk that reached it, when the graph did.
    pub path: Option<GraphPath>,
    /// The part of its picture that is nearer to the question than the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
}

/// A quoted stretch of one evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Citation {
    /// The evidence's number.
    pub number: usize,
    /// The quoted words, exactly as they stand in the evidence.
    pub quote: String,
    /// Where they stand, in code points of the fragment's text.
    pub span: Span,
}

/// Whether the cited evidence carries a sentence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verdict", content = "reason")]
pub enum Support {
    /// Names, numbers, negation and words agree with the cited evidence.
    Supported,
    /// They do not; the text says what is missing.
    Unsupported(String),
    /// A rule of the policy with this name lets nobody say it.
    Banned(String),
}

/// One sentence of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sentence {
    /// The sentence without its citation marks.
    pub text: String,
    /// What it cites, each with a quoted span.
    pub citations: Vec<Citation>,
    /// Outcome of the check.
    pub support: Support,
}

impl Sentence {
    /// The sentence with `[n]` behind it for each citation.
    pub fn marked(&self) -> String {
        let mut text = self.text.clone();
        for citation in &self.citations {
            text.push_str(&format!(" [{}]", citation.number));
        }
        text
    }
}

/// How an answer came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "mode")]
pub enum AnswerMode {
    /// Written by a language model, then checked.
    Generated,
    /// The best supporting sentences of the evidence, quoted.
    Extractive {
        /// Why no language model wrote it, when one was configured.
        degraded_because: Option<String>,
    },
    /// Nothing in the evidence carries an answer.
    Abstained {
        /// What was searched and why it is not enough, for the asking person.
        reason: String,
    },
    /// A rule of the policy refuses the question; nothing was looked for.
    Refused {
        /// What the rule says to the asking person.
        reason: String,
    },
    /// The answer is recorded, and whoever asked may not read it yet.
    Waiting {
        /// For what, for the asking person.
        reason: String,
    },
}

impl AnswerMode {
    /// Name in output and records.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Generated => "generated",
            Self::Extractive { .. } => "extractive",
            Self::Abstained { .. } => "abstained",
            Self::Refused { .. } => "refused",
            Self::Waiting { .. } => "waiting",
        }
    }
}

/// What is said to the person who asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The fact that was asked for, in a few words: a name, a number, a date, yes or
    /// no. The sentences carry it; `None` when the question asks for more than a fact
    /// or the evidence does not tell which one it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_answer: Option<String>,
    /// Sentences that are part of the answer.
    pub sentences: Vec<Sentence>,
    /// Sentences of the language model that were left out because their
    /// citations do not carry them.
    pub dropped: Vec<Sentence>,
    /// How it came about.
    pub mode: AnswerMode,
    /// The language model's part in it; `None` when none was asked.
    pub llm: Option<LlmRecord>,
}

impl Answer {
    /// The answer as text with `[n]` after each sentence.
    pub fn text(&self) -> String {
        match &self.mode {
            AnswerMode::Abstained { reason }
            | AnswerMode::Refused { reason }
            | AnswerMode::Waiting { reason } => return reason.clone(),
            AnswerMode::Generated | AnswerMode::Extractive { .. } => {}
        }
        let mut text = String::new();
        for sentence in &self.sentences {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&sentence.marked());
        }
        text
    }

    /// Share of the sentences of a language model that their sources do not carry, of
    /// those that were left out, too; `None` when none wrote any.
    pub fn unsupported_share(&self) -> Option<f64> {
        self.llm.as_ref()?;
        let checked = || self.sentences.iter().chain(&self.dropped);
        let is_bad = |sentence: &&Sentence| matches!(sentence.support, Support::Unsupported(_));
        let (n_bad, n_all) = (checked().filter(is_bad).count(), checked().count());
        (n_all > 0).then(|| n_bad as f64 / n_all as f64)
    }

    /// Citation numbers used by the answer, ascending, each once.
    pub fn cited_numbers(&self) -> Vec<usize> {
        let mut numbers: Vec<usize> = self
            .sentences
            .iter()
            .flat_map(|sentence| sentence.citations.iter().map(|citation| citation.number))
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }
}

/// What was asked of a language model and what came back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LlmRecord {
    /// Name of the model as sent.
    pub model: String,
    /// Address of the API, without credentials.
    pub base_url: String,
    /// Version of the prompt template.
    pub prompt_template: String,
    /// Digest of the whole prompt.
    pub prompt_digest: Digest,
    /// Sampling temperature.
    pub temperature: f32,
    /// The raw output.
    pub output: String,
    /// Tokens of the prompt as the server counted them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n_prompt_tokens: Option<u64>,
    /// Tokens of the output as the server counted them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n_output_tokens: Option<u64>,
    /// Why it did not finish, in one word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// Time spent in one stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageTiming {
    /// Name of the stage, as in [`Stage`](super::Stage).
    pub stage: String,
    /// Milliseconds.
    pub duration_ms: f64,
}

/// A follow-up question as it stands alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedQuestion {
    /// The question that was looked for and answered.
    pub question: String,
    /// What made it.
    pub by: ResolvedBy,
}

/// What made a follow-up question stand alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResolvedBy {
    /// Rules of grammar and the names in the conversation.
    Rules,
    /// The language model, which kept to the words of the conversation.
    LanguageModel,
}

impl ResolvedBy {
    /// Name in output and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::LanguageModel => "language-model",
        }
    }
}

/// Everything needed to see, later, why an answer said what it said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerRecord {
    /// Identity; also the graph of its provenance.
    pub id: AnswerId,
    /// The question as asked.
    pub question: String,
    /// The question as it stands alone, when it leaned on earlier ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<ResolvedQuestion>,
    /// Digest of the question's picture, when one was asked with.
    pub question_picture: Option<Digest>,
    /// Who asked, and who may read this.
    #[serde(flatten)]
    pub access: AnswerAccess,
    /// For whom they asked, as their client said; nobody checked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_user: Option<String>,
    /// The canary during which it was asked, and the side that answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<ServedArm>,
    /// When the asking began, RFC 3339 in UTC.
    pub started_at: String,
    /// When the answer was complete, RFC 3339 in UTC.
    pub ended_at: String,
    /// The state of the knowledge base that answered.
    pub generation: GenerationId,
    /// Spaces that were searched.
    pub spaces: Vec<Space>,
    /// Rules that chose the spaces in which pictures were looked for, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub picture_routes: Vec<String>,
    /// What was put before the answerer, in order.
    pub evidence: Vec<Evidence>,
    /// Documents of the evidence with their byte digests.
    pub documents: Vec<(DocumentId, Digest)>,
    /// Entities that the evidence names or its paths pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<EntityId>,
    /// Stages of retrieval that the question went through.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub retrieval_mode: String,
    /// Number of hits that were looked for.
    #[serde(default)]
    pub n_hits_wanted: usize,
    /// Digest of the settings of retrieval and answering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Digest>,
    /// The policy in force and what its rules did; `None` when there is no policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyApplied>,
    /// What was answered.
    pub answer: Answer,
    /// Time per stage.
    pub timings: Vec<StageTiming>,
    /// Version of the program.
    pub software: String,
}

impl AnswerRecord {
    /// What stands below the answer.
    pub fn disclaimers(&self) -> &[String] {
        self.policy.as_ref().map_or(&[], |policy| &policy.disclaimers)
    }

    /// The disclaimers as paragraphs, to be set below the answer; empty without them.
    pub fn below(&self) -> String {
        self.disclaimers().iter().map(|words| format!("\n\n{words}")).collect()
    }
}
