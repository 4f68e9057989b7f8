//! What is asked for in the OpenAI wire format.
//!
//! Source: the OpenAI API reference, "Create chat completion". What shapes the answer is
//! honoured or refused; other fields (`seed`, `top_p`, `metadata`, ...) are ignored, as
//! other servers do.

use super::asking::DEGRADED;
use super::error::ApiError;
use super::picture_part::picture_bytes;
use crate::answer::{MAX_TURNS, Turn, is_abstention};
use crate::model::Query;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Longest text of one message, in bytes; documents are taken in, not asked with.
const MAX_TEXT_BYTES: usize = 32_000;

/// The body of `POST /v1/chat/completions`.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ChatRequest {
    /// A mode of answering, as `/v1/models` lists them.
    #[schema(example = "veritrail")]
    pub(super) model: String,
    /// The conversation. The last message of the user is the question; earlier ones say
    /// what it leans on. System messages are wishes about language, length and tone.
    messages: Vec<ChatMessage>,
    /// Whether the answer comes as server-sent events.
    #[serde(default)]
    pub(super) stream: Option<bool>,
    #[serde(default)]
    pub(super) stream_options: Option<StreamOptions>,
    /// How freely a language model chooses words, 0 to 2.
    #[serde(default)]
    pub(super) temperature: Option<f32>,
    /// Longest answer in tokens, from 1.
    #[serde(default)]
    pub(super) max_tokens: Option<u32>,
    /// The same under its newer name.
    #[serde(default)]
    pub(super) max_completion_tokens: Option<u32>,
    /// For whom the caller asks; kept in the record beside the caller.
    #[serde(default)]
    pub(super) user: Option<String>,
    /// Number of answers: 1.
    #[serde(default)]
    n: Option<u32>,
    /// Not supported; nothing but null or an empty list.
    #[serde(default)]
    stop: Option<Value>,
    /// `{"type": "text"}` or nothing.
    #[serde(default)]
    response_format: Option<Value>,
    /// Not supported; nothing but false.
    #[serde(default)]
    logprobs: Option<bool>,
    /// Tools are never called; to insist on one is refused.
    #[serde(default)]
    tool_choice: Option<Value>,
    /// `["text"]` or nothing.
    #[serde(default)]
    modalities: Option<Vec<String>>,
}

/// What a stream holds.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct StreamOptions {
    /// Whether the last piece counts tokens.
    #[serde(default)]
    pub(super) include_usage: Option<bool>,
}

/// One message.
#[derive(Debug, Deserialize, ToSchema)]
struct ChatMessage {
    /// `system`, `developer`, `user` or `assistant`.
    #[schema(example = "user")]
    role: String,
    #[serde(default)]
    content: Option<Content>,
}

/// A text, or parts of text and one picture.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

/// A part of a message.
#[derive(Debug, Deserialize, ToSchema)]
struct Part {
    /// `text` or `image_url`.
    #[serde(rename = "type")]
    #[schema(example = "text")]
    kind: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    image_url: Option<ImageUrl>,
}

/// A picture.
#[derive(Debug, Deserialize, ToSchema)]
struct ImageUrl {
    /// The picture itself as a data: address in base64; others are not fetched.
    #[schema(example = "data:image/png;base64,iVBORw0KGgo=")]
    url: String,
}

/// A conversation, taken apart.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    question: String,
    picture: Option<Vec<u8>>,
    /// Turns before the question, oldest first.
    pub(super) earlier: Vec<Turn>,
    /// What system messages wish.
    pub(super) style: Option<String>,
}

impl Conversation {
    /// The question with its picture.
    pub(super) fn query(&self, k: usize) -> Query {
        Query { picture: self.picture.clone(), ..Query::text(&self.question, k) }
    }
}

impl ChatRequest {
    /// Refuses what would be answered otherwise than it is asked for.
    pub(super) fn refuse_unknown(&self) -> Result<(), ApiError> {
        let refuse = |param, message: &str| Err(ApiError::bad_request(param, message));
        let empty = |value: &Value| match value {
            Value::Null => true,
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
        if self.temperature.is_some_and(|t| !(0.0..=2.0).contains(&t)) {
            return refuse("temperature", "expected a number from 0 to 2");
        }
        for (param, most) in
            [("max_tokens", self.max_tokens), ("max_completion_tokens", self.max_completion_tokens)]
        {
            if most == Some(0) {
                return refuse(param, "expected a number from 1");
            }
        }
        if self.n.is_some_and(|n| n != 1) {
            return refuse("n", "expected 1: a question has one answer");
        }
        if self.stop.as_ref().is_some_and(|stop| !empty(stop)) {
            return refuse(
                "stop",
                "`stop` is not supported: an answer is recorded as it is shown, and ends by itself after a few sentences",
            );
        }
        let format = self.response_format.as_ref().filter(|format| !format.is_null());
        if format.is_some_and(|format| format.get("type") != Some(&Value::from("text"))) {
            return refuse(
                "response_format",
                "expected {\"type\": \"text\"}: answers are sentences with citations; JSON with both is in `citations` and at /api/answers",
            );
        }
        if self.logprobs == Some(true) {
            return refuse("logprobs", "`logprobs` is not supported");
        }
        let insists = |choice: &Value| choice.is_object() || choice == "required";
        if self.tool_choice.as_ref().is_some_and(insists) {
            return refuse("tool_choice", "tools are not called; expected `none` or `auto`");
        }
        if self.modalities.iter().flatten().any(|modality| modality != "text") {
            return refuse("modalities", "expected [\"text\"]");
        }
        Ok(())
    }

    /// The question and what was said before it.
    pub(super) fn conversation(&self) -> Result<Conversation, ApiError> {
        let last = self.messages.iter().rposition(|message| message.role == "user");
        let Some(last) = last else {
            return Err(ApiError::bad_request("messages", "expected a message with role `user`"));
        };
        let mut found = Conversation::default();
        let mut wishes: Vec<String> = Vec::new();
        for message in self.messages.iter().take(last) {
            let text = message.text()?;
            match message.role.as_str() {
                "system" | "developer" => wishes.push(text),
                "user" => found.earlier.push(Turn { question: text, answer: String::new() }),
                "assistant" => {
                    if let Some(turn) = found.earlier.last_mut() {
                        turn.answer.push_str(answered(&text));
                    }
                }
                "tool" | "function" => {}
                other => return Err(unknown_role(other)),
            }
        }
        for message in self.messages.iter().skip(last + 1) {
            match message.role.as_str() {
                "system" | "developer" => wishes.push(message.text()?),
                "assistant" | "tool" | "function" => {}
                other => return Err(unknown_role(other)),
            }
        }
        let first = found.earlier.len().saturating_sub(MAX_TURNS);
        found.earlier.drain(..first);
        found.style = (!wishes.is_empty()).then(|| wishes.join("\n"));
        if let Some(message) = self.messages.get(last) {
            found.question = message.text()?;
            found.picture = message.picture()?;
        }
        if found.question.trim().is_empty() && found.picture.is_none() {
            return Err(ApiError::bad_request("messages", "the last user message is empty"));
        }
        Ok(found)
    }
}

fn unknown_role(role: &str) -> ApiError {
    let role: String = role.chars().take(40).collect();
    let message = format!("expected a role system, developer, user or assistant, found `{role}`");
    ApiError::bad_request("messages", message)
}

/// What an earlier answer said; nothing when it only said that there is none.
fn answered(text: &str) -> &str {
    let text = text.strip_prefix(DEGRADED.trim_end()).unwrap_or(text);
    if is_abstention(text) { "" } else { text }
}

impl ChatMessage {
    fn text(&self) -> Result<String, ApiError> {
        let text = match &self.content {
            None => String::new(),
            Some(Content::Text(text)) => text.clone(),
            Some(Content::Parts(parts)) => {
                let mut texts = Vec::new();
                for part in parts {
                    match part.kind.as_str() {
                        "text" | "refusal" => texts.push(part.text.as_deref().unwrap_or_default()),
                        "image_url" => {}
                        other => {
                            let other: String = other.chars().take(40).collect();
                            let message = format!(
                                "expected parts of type text or image_url, found `{other}`"
                            );
                            return Err(ApiError::bad_request("messages", message));
                        }
                    }
                }
                texts.join("\n")
            }
        };
        if text.len() > MAX_TEXT_BYTES {
            let message = format!(
                "expected at most {MAX_TEXT_BYTES} bytes of text in a message, found {}",
                text.len()
            );
            return Err(ApiError::bad_request("messages", message));
        }
        Ok(text)
    }

    fn picture(&self) -> Result<Option<Vec<u8>>, ApiError> {
        let Some(Content::Parts(parts)) = &self.content else { return Ok(None) };
        let mut pictures = parts.iter().filter(|part| part.kind == "image_url");
        let Some(first) = pictures.next() else { return Ok(None) };
        if pictures.next().is_some() {
            let message = "expected at most one picture in a question";
            return Err(ApiError::bad_request("messages", message));
        }
        let Some(picture) = &first.image_url else {
            let message = "expected `image_url` with a `url` in a part of type image_url";
            return Err(ApiError::bad_request("messages", message));
        };
        picture_bytes(&picture.url).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request(body: Value) -> ChatRequest {
        serde_json::from_value(body).unwrap()
    }

    fn conversation(messages: Value) -> Result<Conversation, ApiError> {
        let body = json!({
            "model": "veritrail", "messages": messages, "n": 1, "logprobs": false, "seed": 7,
            "stream": null, "stop": null, "tool_choice": "auto",
        });
        let request = request(body);
        request.refuse_unknown()?;
        request.conversation()
    }

    #[test]
    fn the_last_user_message_is_the_question_and_the_others_are_what_it_leans_on() {
        let found = conversation(json!([
            { "role": "system", "content": "Be short." },
            { "role": "user", "content": "First?" },
            { "role": "assistant", "content": "Yes. [1]" },
            { "role": "user", "content": "Second?" },
            { "role": "assistant", "content": "I cannot answer this from what I found: no." },
            { "role": "user", "content": [
                { "type": "text", "text": "And this?" },
                { "type": "image_url", "image_url": { "url": "data:image/png;base64,aGk=" } },
            ] },
        ]))
        .unwrap();
        let query = found.query(5);
        assert_eq!(
            (query.text.as_str(), query.picture.as_deref()),
            ("And this?", Some(&b"hi"[..]))
        );
        let turn = |question: &str, answer: &str| Turn {
            question: question.to_owned(),
            answer: answer.to_owned(),
        };
        assert_eq!(found.earlier, [turn("First?", "Yes. [1]"), turn("Second?", "")]);
        assert_eq!(found.style.as_deref(), Some("Be short."));
    }

    #[test]
    fn a_request_without_a_question_is_refused() {
        for wrong in [
            json!([]),
            json!([{ "role": "user", "content": " " }]),
            json!([{ "role": "assistant", "content": "x" }]),
            json!([{ "role": "king", "content": "x" }, { "role": "user", "content": "x" }]),
            json!([{ "role": "user", "content": [{ "type": "input_audio" }] }]),
            json!([{ "role": "user", "content": [{ "type": "image_url" }] }]),
            json!([{ "role": "user", "content": "x".repeat(MAX_TEXT_BYTES + 1) }]),
        ] {
            assert!(conversation(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_cannot_be_done_is_refused_and_not_ignored() {
        for (field, value) in [
            ("n", json!(2)),
            ("stop", json!(["\n"])),
            ("stop", json!("\n")),
            ("temperature", json!(2.5)),
            ("max_tokens", json!(0)),
            ("response_format", json!({ "type": "json_object" })),
            ("logprobs", json!(true)),
            ("tool_choice", json!("required")),
            ("modalities", json!(["text", "audio"])),
        ] {
            let mut body = json!({ "model": "m", "messages": [] });
            body[field] = value;
            let error = request(body).refuse_unknown().unwrap_err().body();
            assert_eq!(error["error"]["param"], field, "{error}");
        }
    }

    #[test]
    fn a_long_conversation_is_cut_at_its_beginning() {
        let mut messages = vec![json!({ "role": "user", "content": "x" }); 50];
        messages.push(json!({ "role": "user", "content": "last" }));
        let found = conversation(Value::from(messages)).unwrap();
        assert_eq!((found.earlier.len(), found.question.as_str()), (MAX_TURNS, "last"));
    }
}
