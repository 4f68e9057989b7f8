//! Answers in the OpenAI wire format, and what is added to it.
//!
//! Source: the OpenAI API reference, "Chat completion object" and "Chat completion
//! chunk object".

use super::asking::Recorded;
use super::citations::{CitationBody, citations};
use crate::model::{AnswerMode, AnswerRecord, ResolvedQuestion};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// A whole answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChatCompletion {
    id: String,
    object: &'static str,
    /// Seconds since 1970.
    created: i64,
    model: String,
    choices: Vec<Choice>,
    usage: Usage,
    #[serde(flatten)]
    additions: Additions,
}

/// The one answer.
#[derive(Debug, Serialize, ToSchema)]
struct Choice {
    index: u32,
    message: Message,
    /// `length` when sentences were left out because of `max_tokens`, else `stop`.
    finish_reason: &'static str,
    /// Always null.
    logprobs: Option<bool>,
}

/// What is said.
#[derive(Debug, Serialize, ToSchema)]
struct Message {
    role: &'static str,
    /// Sentences, each with `[n]` for what it cites.
    content: String,
    /// Always null: an abstention is an answer.
    refusal: Option<String>,
}

/// Tokens as the text model counts them; an API cannot leave them out.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(super) struct Usage {
    prompt_tokens: usize,
    completion_tokens: usize,
    total_tokens: usize,
}

impl Usage {
    fn of(recorded: &Recorded) -> Self {
        let (prompt_tokens, completion_tokens) = recorded.n_tokens;
        let total_tokens = prompt_tokens + completion_tokens;
        Self { prompt_tokens, completion_tokens, total_tokens }
    }
}

/// The fields that are added to the OpenAI format.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Additions {
    /// Name of the record at `/api/answers/{id}`.
    answer_id: String,
    /// `generated`, `extractive`, `abstained`, or `waiting` for the approval of a person.
    mode: &'static str,
    /// Why quotes stand in the place of what a language model should have written.
    degraded_because: Option<String>,
    /// The state of the knowledge base that answered.
    generation: String,
    /// The question as it stands alone, when it leaned on earlier ones.
    resolved_question: Option<String>,
    /// What made it: `rules` or `language-model`.
    resolved_by: Option<&'static str>,
    citations: Vec<CitationBody>,
    /// What the policy puts below the answer; the content ends with it.
    disclaimers: Vec<String>,
}

/// What an answer adds to the OpenAI format.
pub(super) fn additions(record: &AnswerRecord) -> Additions {
    let degraded = match &record.answer.mode {
        AnswerMode::Extractive { degraded_because } => degraded_because.clone(),
        _ => None,
    };
    let resolved: Option<&ResolvedQuestion> = record.resolved.as_ref();
    Additions {
        answer_id: record.id.name().to_owned(),
        mode: record.answer.mode.as_str(),
        degraded_because: degraded,
        generation: record.generation.name().to_owned(),
        resolved_question: resolved.map(|resolved| resolved.question.clone()),
        resolved_by: resolved.map(|resolved| resolved.by.as_str()),
        citations: citations(record),
        disclaimers: record.disclaimers().to_vec(),
    }
}

/// What is the same in every message about one completion.
#[derive(Clone, Debug)]
pub(super) struct Completion {
    pub(super) id: String,
    pub(super) model: String,
    /// Seconds since 1970.
    pub(super) created: i64,
}

fn finish_reason(recorded: &Recorded) -> &'static str {
    if recorded.cut_short { "length" } else { "stop" }
}

impl Completion {
    /// The whole answer.
    pub(super) fn whole(&self, recorded: &Recorded) -> ChatCompletion {
        let content = format!("{}{}", recorded.text, recorded.below());
        let message = Message { role: "assistant", content, refusal: None };
        let finish_reason = finish_reason(recorded);
        ChatCompletion {
            id: self.id.clone(),
            object: "chat.completion",
            created: self.created,
            model: self.model.clone(),
            choices: vec![Choice { index: 0, message, finish_reason, logprobs: None }],
            usage: Usage::of(recorded),
            additions: additions(&recorded.record),
        }
    }

    fn piece(&self, choices: &Value) -> Value {
        json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        })
    }

    /// A piece of a streamed answer.
    pub(super) fn chunk(&self, delta: &Value) -> Value {
        self.piece(&json!([{ "index": 0, "delta": delta, "finish_reason": null }]))
    }

    /// The last piece, with the citations.
    pub(super) fn last_chunk(&self, recorded: &Recorded) -> Value {
        let reason = finish_reason(recorded);
        let mut body = self.piece(&json!([{ "index": 0, "delta": {}, "finish_reason": reason }]));
        let additions = serde_json::to_value(additions(&recorded.record));
        if let (Some(body), Ok(Value::Object(additions))) = (body.as_object_mut(), additions) {
            body.extend(additions);
        }
        body
    }

    /// The token counts that a client asked for, without choices.
    pub(super) fn usage_chunk(&self, recorded: &Recorded) -> Value {
        let mut body = self.piece(&json!([]));
        if let (Some(body), Ok(usage)) =
            (body.as_object_mut(), serde_json::to_value(Usage::of(recorded)))
        {
            body.insert("usage".to_owned(), usage);
        }
        body
    }
}
