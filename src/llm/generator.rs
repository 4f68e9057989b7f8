//! The border to whatever writes text.

use super::{GenerateError, TokenUsage};
use futures::Stream;
use std::pin::Pin;

/// An output that arrives piece by piece. After an error nothing more comes.
pub type DeltaStream = Pin<Box<dyn Stream<Item = Result<Delta, GenerateError>> + Send>>;

/// A piece of an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delta {
    /// More text.
    Text(String),
    /// What the request cost until now, from servers that count.
    Usage(TokenUsage),
}

/// A language model that continues a conversation.
pub trait Generator: Send + Sync {
    /// Starts the answer to `prompt`. Nothing is sent before the stream is polled;
    /// dropping the stream ends the request.
    fn generate(&self, prompt: ChatPrompt) -> DeltaStream;

    /// Name of the model as it is sent.
    fn model(&self) -> &str;

    /// Address of the API, without credentials.
    fn base_url(&self) -> &str;
}

/// All that a model is told.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatPrompt {
    /// Rules that stand above the conversation.
    pub system: String,
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
    /// Sampling temperature, 0 to 2.
    pub temperature: f32,
    /// Longest output in tokens.
    pub max_tokens: u32,
}

impl ChatPrompt {
    /// Bytes of all its texts.
    pub fn n_bytes(&self) -> usize {
        self.system.len() + self.messages.iter().map(|message| message.text.len()).sum::<usize>()
    }
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub text: String,
}

/// Who speaks in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The person who asks.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// Name on the wire and in digests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}
