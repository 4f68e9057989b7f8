//! The OpenAI wire format, and what is added to it.
//!
//! Source: the OpenAI API reference, "Create chat completion" and its stream
//! chunks. Unknown fields of requests are ignored, as other servers do.

use super::error::ApiError;
use super::picture_part::picture_bytes;
use crate::model::{AnswerMode, AnswerRecord, Query};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// The body of `POST /v1/chat/completions`.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ChatRequest {
    pub(super) model: String,
    pub(super) messages: Vec<ChatMessage>,
    #[serde(default)]
    pub(super) stream: bool,
    #[serde(default)]
    pub(super) stream_options: Option<StreamOptions>,
    #[serde(default)]
    pub(super) temperature: Option<f32>,
    #[serde(default)]
    pub(super) max_tokens: Option<u32>,
    #[serde(default)]
    pub(super) max_completion_tokens: Option<u32>,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct StreamOptions {
    #[serde(default)]
    pub(super) include_usage: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ChatMessage {
    role: String,
    #[serde(default)]
    content: Option<Content>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part {
    Text { text: String },
    ImageUrl { image_url: ImageUrl },
}

#[derive(Debug, Deserialize, ToSchema)]
struct ImageUrl {
    url: String,
}

impl ChatRequest {
    /// The question: the last message of the user.
    pub(super) fn query(&self, k: usize) -> Result<Query, ApiError> {
        let Some(message) = self.messages.iter().rfind(|message| message.role == "user") else {
            return Err(ApiError::bad_request("messages", "expected a message with role `user`"));
        };
        let mut query = Query::text("", k);
        match &message.content {
            None => {}
            Some(Content::Text(text)) => query.text.clone_from(text),
            Some(Content::Parts(parts)) => {
                let mut texts = Vec::new();
                for part in parts {
                    match part {
                        Part::Text { text } => texts.push(text.as_str()),
                        Part::ImageUrl { image_url } if query.picture.is_none() => {
                            query.picture = Some(picture_bytes(&image_url.url)?);
                        }
                        Part::ImageUrl { .. } => {
                            let message = "expected at most one picture in a question";
                            return Err(ApiError::bad_request("messages", message));
                        }
                    }
                }
                query.text = texts.join("\n");
            }
        }
        if query.text.trim().is_empty() && query.picture.is_none() {
            return Err(ApiError::bad_request("messages", "the last user message is empty"));
        }
        if self.temperature.is_some_and(|t| !(0.0..=2.0).contains(&t)) {
            return Err(ApiError::bad_request("temperature", "expected a number from 0 to 2"));
        }
        Ok(query)
    }
}

/// One citation beside an answer.
#[derive(Debug, Serialize)]
struct CitationBody<'a> {
    number: usize,
    document: &'a str,
    version: &'a str,
    title: &'a str,
    section: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<&'a str>,
    /// The part of the picture, as a W3C media fragment.
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    quote: &'a str,
    /// Code points of the document's text, for chunks.
    start: usize,
    end: usize,
    score: f32,
    routes: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    path: Vec<&'a str>,
}

/// The fields that are added to the OpenAI format.
pub(super) fn additions(record: &AnswerRecord) -> Value {
    let mut citations = Vec::new();
    for sentence in &record.answer.sentences {
        for citation in &sentence.citations {
            let found = record.evidence.iter().find(|item| item.number == citation.number);
            let Some(item) = found else { continue };
            let offset = item.fragment.span.start();
            citations.push(CitationBody {
                number: citation.number,
                document: item.fragment.document.as_str(),
                version: item.fragment.version.as_str(),
                title: &item.title,
                section: item.fragment.section(),
                page: item.fragment.page,
                source: &item.source,
                picture: item.picture_source.as_deref(),
                region: item.region.map(|region| region.to_string()),
                quote: &citation.quote,
                start: offset + citation.span.start(),
                end: offset + citation.span.end(),
                score: item.score,
                routes: item.routes.iter().map(|route| route.route.as_str()).collect(),
                path: item
                    .path
                    .iter()
                    .flat_map(|path| path.steps.iter().map(|step| step.label()))
                    .collect(),
            });
        }
    }
    let degraded = match &record.answer.mode {
        AnswerMode::Extractive { degraded_because } => degraded_because.as_deref(),
        _ => None,
    };
    json!({
        "answer_id": record.id.name(),
        "mode": record.answer.mode.as_str(),
        "degraded_because": degraded,
        "generation": record.generation.name(),
        "citations": citations,
    })
}

/// Tokens as the text model counts them; an API cannot leave them out.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Usage {
    prompt_tokens: usize,
    completion_tokens: usize,
    total_tokens: usize,
}

impl Usage {
    pub(super) fn new(prompt_tokens: usize, completion_tokens: usize) -> Self {
        let total_tokens = prompt_tokens + completion_tokens;
        Self { prompt_tokens, completion_tokens, total_tokens }
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

impl Completion {
    /// The whole answer.
    pub(super) fn whole(&self, record: &AnswerRecord, text: &str, usage: Usage) -> Value {
        let mut body = json!({
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": [{
                "index": 0,
                "message": { "role": "assistant", "content": text },
                "finish_reason": "stop",
            }],
            "usage": usage,
        });
        add(&mut body, additions(record));
        body
    }

    /// A piece of a streamed answer.
    pub(super) fn chunk(&self, delta: Value) -> Value {
        json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": [{ "index": 0, "delta": delta, "finish_reason": null }],
        })
    }

    /// The last piece, with the citations.
    pub(super) fn last_chunk(&self, record: &AnswerRecord) -> Value {
        let mut body = json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }],
        });
        add(&mut body, additions(record));
        body
    }

    /// The token counts that a client asked for, without choices.
    pub(super) fn usage_chunk(&self, usage: Usage) -> Value {
        json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": [],
            "usage": usage,
        })
    }
}

fn add(body: &mut Value, additions: Value) {
    if let (Some(body), Value::Object(additions)) = (body.as_object_mut(), additions) {
        body.extend(additions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(messages: Value) -> Result<Query, ApiError> {
        let body = json!({ "model": "veritrail", "messages": messages, "n": 1, "logprobs": false });
        serde_json::from_value::<ChatRequest>(body).unwrap().query(5)
    }

    #[test]
    fn the_last_user_message_is_the_question() {
        let found = query(json!([
            { "role": "system", "content": "Be short." },
            { "role": "user", "content": "First?" },
            { "role": "assistant", "content": "Yes." },
            { "role": "user", "content": [
                { "type": "text", "text": "And this?" },
                { "type": "image_url", "image_url": { "url": "data:image/png;base64,aGk=" } },
            ] },
        ]))
        .unwrap();
        assert_eq!(
            (found.text.as_str(), found.picture.as_deref()),
            ("And this?", Some(&b"hi"[..]))
        );
    }

    #[test]
    fn a_request_without_a_question_is_refused() {
        assert!(query(json!([])).is_err());
        assert!(query(json!([{ "role": "user", "content": " " }])).is_err());
        assert!(query(json!([{ "role": "assistant", "content": "x" }])).is_err());
    }
}
