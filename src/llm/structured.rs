//! Output that follows a JSON schema, and what it cost.

use super::openai::{OpenAiGenerator, Piece};
use super::{ChatPrompt, GenerateError};
use async_openai::types::chat::{ResponseFormat, ResponseFormatJsonSchema};
use futures::StreamExt;
use std::pin::pin;

/// Bytes of text that count as one token where a server counts none: more tokens
/// than the common tokenizers make of European languages.
pub(super) const BYTES_PER_TOKEN: usize = 3;

/// What a request and its output cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenUsage {
    /// Tokens of the prompt.
    pub n_prompt: u64,
    /// Tokens of the output.
    pub n_output: u64,
    /// Whether they were estimated, because the server gave no count.
    pub estimated: bool,
}

impl TokenUsage {
    /// Prompt and output together.
    pub fn total(&self) -> u64 {
        self.n_prompt.saturating_add(self.n_output)
    }

    /// What this output costs by the length of the texts alone.
    fn of_lengths(n_prompt_bytes: usize, n_output_bytes: usize) -> Self {
        let n_tokens = |bytes: usize| bytes.div_ceil(BYTES_PER_TOKEN) as u64;
        Self {
            n_prompt: n_tokens(n_prompt_bytes),
            n_output: n_tokens(n_output_bytes),
            estimated: true,
        }
    }
}

/// A JSON schema that an output must follow.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputSchema {
    /// Name: letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// The schema.
    pub schema: serde_json::Value,
}

/// How the form of an output is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OutputForm<'a> {
    /// The server constrains the output by a schema (`response_format`).
    Schema(&'a OutputSchema),
    /// Only the words of the prompt say it, for servers that know no schemas.
    InWords,
}

/// A whole output.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// The text.
    pub text: String,
    /// What it cost.
    pub usage: TokenUsage,
    /// Whether it ended at its longest length and not at its end.
    pub cut_short: bool,
}

impl OpenAiGenerator {
    /// Asks for one whole output. Dropping the future ends the request; waiting is
    /// bounded as for text that streams.
    ///
    /// # Errors
    /// When the server cannot be reached, refuses, or stops answering. One that does
    /// not know schemas refuses with [`GenerateError::Rejected`].
    pub async fn complete(
        &self,
        prompt: ChatPrompt,
        form: OutputForm<'_>,
    ) -> Result<Completion, GenerateError> {
        let n_prompt_bytes = prompt.n_bytes();
        let mut request = self.request(prompt);
        if let OutputForm::Schema(output) = form {
            request.response_format = Some(ResponseFormat::JsonSchema {
                json_schema: ResponseFormatJsonSchema {
                    description: None,
                    name: output.name.clone(),
                    schema: output.schema.clone(),
                    strict: Some(true),
                },
            });
        }
        let mut pieces = pin!(self.pieces(request, n_prompt_bytes));
        let (mut text, mut usage, mut cut_short) = (String::new(), None, false);
        while let Some(piece) = pieces.next().await {
            match piece? {
                Piece::Text(more) => text.push_str(&more),
                // Some servers send a growing count with every piece.
                Piece::Usage(counted) => usage = Some(counted),
                Piece::CutShort => cut_short = true,
            }
        }
        let estimate = || TokenUsage::of_lengths(n_prompt_bytes, text.len());
        let usage = usage.filter(|counted| counted.n_prompt > 0).unwrap_or_else(estimate);
        Ok(Completion { text, usage, cut_short })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::scripted_server::{Act, counted_chat, serve};
    use crate::llm::{Config, Message, Role};

    fn generator(base_url: &str) -> OpenAiGenerator {
        let config = Config { base_url: Some(base_url.into()), ..Config::default() };
        OpenAiGenerator::new(&config).unwrap().unwrap().with_model("tiny")
    }

    fn prompt() -> ChatPrompt {
        ChatPrompt {
            system: "123456".into(),
            messages: vec![Message { role: Role::User, text: "123".into() }],
            temperature: 0.0,
            max_tokens: 7,
        }
    }

    #[tokio::test]
    async fn a_schema_is_sent_and_the_count_of_the_server_is_kept() {
        let server = serve(counted_chat(&["{\"a\"", ":1}"], Some((41, 5)))).await;
        let output =
            OutputSchema { name: "facts".into(), schema: serde_json::json!({"type": "object"}) };
        let completion = generator(&server.base_url)
            .complete(prompt(), OutputForm::Schema(&output))
            .await
            .unwrap();
        assert_eq!(completion.text, "{\"a\":1}");
        let counted = TokenUsage { n_prompt: 41, n_output: 5, estimated: false };
        assert_eq!(completion.usage, counted);
        assert_eq!(counted.total(), 46);
        let request = server.requests.lock().unwrap().join("");
        for part in [
            r#""model":"tiny""#,
            r#""stream_options":{"include_usage":true}"#,
            r#""type":"json_schema""#,
            r#""strict":true"#,
            r#""name":"facts""#,
        ] {
            assert!(request.contains(part), "{part} in {request}");
        }
    }

    #[tokio::test]
    async fn without_a_count_the_cost_is_estimated_and_says_so() {
        let server = serve(counted_chat(&["1234567"], None)).await;
        let completion =
            generator(&server.base_url).complete(prompt(), OutputForm::InWords).await.unwrap();
        assert_eq!(completion.usage, TokenUsage { n_prompt: 3, n_output: 3, estimated: true });
        assert!(!server.requests.lock().unwrap().join("").contains("response_format"));
    }

    #[tokio::test]
    async fn a_server_that_knows_no_schemas_rejects() {
        let body = r#"{"error":{"message":"no response_format","type":"x","code":400}}"#;
        let server = serve(vec![Act::refusal("400 Bad Request", body)]).await;
        let error = generator(&server.base_url).complete(prompt(), OutputForm::InWords).await;
        assert!(matches!(error, Err(GenerateError::Rejected { status: 400, .. })), "{error:?}");
    }
}
