//! A generator for every server with the OpenAI chat API.

use super::counts::{Call, CallTotals, Counts};
use super::{
    ChatPrompt, Config, Delta, DeltaStream, GenerateError, Generator, Role, SetupError, Stage,
    Timeouts, TokenUsage,
};
use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::types::chat::{
    ChatCompletionRequestAssistantMessage, ChatCompletionRequestMessage,
    ChatCompletionRequestSystemMessage, ChatCompletionRequestUserMessage,
    ChatCompletionResponseStream, ChatCompletionStreamOptions, CreateChatCompletionRequest,
    FinishReason,
};
use futures::{Stream, StreamExt, stream};
use std::sync::Arc;
use std::time::Duration;

/// Asks a server that speaks the OpenAI chat API, streaming.
#[derive(Clone, Debug)]
pub struct OpenAiGenerator {
    client: Client<OpenAIConfig>,
    http: reqwest::Client,
    model: String,
    base_url: String,
    timeouts: Timeouts,
    /// OpenAI's own service refuses `max_tokens` for its newer models; other
    /// servers often know nothing else.
    counts_completion_tokens: bool,
    counts: Arc<Counts>,
}

impl OpenAiGenerator {
    /// The generator of these settings; `None` when they name no address.
    ///
    /// # Errors
    /// When the address is no http(s) URL or the key cannot stand in a header.
    pub fn new(config: &Config) -> Result<Option<Self>, SetupError> {
        let Some(address) = config.base_url.as_deref().map(str::trim).filter(|a| !a.is_empty())
        else {
            return Ok(None);
        };
        let unusable = || SetupError::BaseUrl { found: without_credentials(address) };
        let mut url = reqwest::Url::parse(address).map_err(|_| unusable())?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(unusable());
        }
        url.set_username("").map_err(|()| unusable())?;
        url.set_password(None).map_err(|()| unusable())?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let base_url = url.as_str().trim_end_matches('/').to_owned();
        let key = config.api_key.as_ref().map_or("", |key| key.expose());
        if key.chars().any(|c| c.is_control() || !c.is_ascii()) {
            return Err(SetupError::ApiKey);
        }
        // Fails only when a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(Duration::from_millis(config.timeouts.connect_ms))
            .redirect(reqwest::redirect::Policy::none());
        if is_loopback(&host) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| SetupError::Client(Box::new(error)))?;
        // Every field is set, so that the library reads none from the environment
        // into the request.
        let api = OpenAIConfig::new()
            .with_api_base(base_url.clone())
            .with_api_key(key)
            .with_org_id("")
            .with_project_id("");
        Ok(Some(Self {
            client: Client::build(http.clone(), api),
            http,
            model: config.model.clone(),
            counts_completion_tokens: host.ends_with("openai.com"),
            base_url,
            timeouts: config.timeouts,
            counts: Arc::default(),
        }))
    }

    /// Whether anything answers at the address, whatever it says. The key is not sent.
    pub async fn is_reachable(&self) -> bool {
        self.http.get(format!("{}/models", self.base_url)).send().await.is_ok()
    }

    /// What was asked since this generator was made, by it and by those made of it.
    pub fn totals(&self) -> CallTotals {
        self.counts.totals()
    }

    /// The same server, asked for another model; what it is asked is counted together.
    #[must_use]
    pub fn with_model(mut self, model: &str) -> Self {
        self.model = model.to_owned();
        self
    }

    pub(super) fn request(&self, prompt: ChatPrompt) -> CreateChatCompletionRequest {
        let mut messages: Vec<ChatCompletionRequestMessage> =
            vec![ChatCompletionRequestSystemMessage::from(prompt.system).into()];
        messages.extend(prompt.messages.into_iter().map(|message| match message.role {
            Role::User => ChatCompletionRequestUserMessage::from(message.text).into(),
            Role::Assistant => ChatCompletionRequestAssistantMessage::from(message.text).into(),
        }));
        let mut request = CreateChatCompletionRequest {
            messages,
            model: self.model.clone(),
            temperature: Some(prompt.temperature),
            stream: Some(true),
            stream_options: Some(ChatCompletionStreamOptions {
                include_usage: Some(true),
                include_obfuscation: None,
            }),
            ..Default::default()
        };
        if self.counts_completion_tokens {
            request.max_completion_tokens = Some(prompt.max_tokens);
        } else {
            #[expect(deprecated, reason = "most compatible servers know only this field")]
            {
                request.max_tokens = Some(prompt.max_tokens);
            }
        }
        request
    }
}

impl Generator for OpenAiGenerator {
    fn generate(&self, prompt: ChatPrompt) -> DeltaStream {
        let n_bytes = prompt.n_bytes();
        Box::pin(self.pieces(self.request(prompt), n_bytes).filter_map(|piece| async {
            match piece {
                Ok(Piece::Text(text)) => Some(Ok(Delta::Text(text))),
                Ok(Piece::Usage(usage)) => Some(Ok(Delta::Usage(usage))),
                Ok(Piece::CutShort) => None,
                Err(error) => Some(Err(error)),
            }
        }))
    }

    fn model(&self) -> &str {
        &self.model
    }

    fn base_url(&self) -> &str {
        &self.base_url
    }
}

/// What a running request gives.
pub(super) enum Piece {
    /// Text of the output.
    Text(String),
    /// What the request cost, as the server counts.
    Usage(TokenUsage),
    /// The output ended at its longest length and not at its end.
    CutShort,
}

/// Where a running request stands.
enum State {
    Start { generator: OpenAiGenerator, request: Box<CreateChatCompletionRequest> },
    Running { generator: OpenAiGenerator, chunks: ChatCompletionResponseStream, progress: Progress },
    End,
}

#[derive(Clone, Copy, Default)]
struct Progress {
    any_chunk: bool,
    complete: bool,
}

type Step = (Vec<Result<Piece, GenerateError>>, State);

/// One step: `None` ends the stream; no piece means "go on".
async fn step(state: State) -> Option<Step> {
    match state {
        State::End => None,
        State::Start { generator, request } => {
            let wait = Duration::from_millis(generator.timeouts.first_token_ms);
            let opened =
                tokio::time::timeout(wait, generator.client.chat().create_stream(*request)).await;
            Some(match opened {
                Ok(Ok(chunks)) => (
                    Vec::new(),
                    State::Running { generator, chunks, progress: Progress::default() },
                ),
                Ok(Err(error)) => (vec![Err(generator.opening_error(error))], State::End),
                Err(_) => (vec![Err(generator.too_slow(Stage::FirstToken))], State::End),
            })
        }
        State::Running { generator, mut chunks, mut progress } => {
            let (stage, wait_ms) = if progress.any_chunk {
                (Stage::NextToken, generator.timeouts.between_tokens_ms)
            } else {
                (Stage::FirstToken, generator.timeouts.first_token_ms)
            };
            let chunk = tokio::time::timeout(Duration::from_millis(wait_ms), chunks.next()).await;
            match chunk {
                Err(_) => Some((vec![Err(generator.too_slow(stage))], State::End)),
                Ok(None) if progress.complete => None,
                Ok(None) => Some((vec![Err(generator.interrupted(None))], State::End)),
                Ok(Some(Err(_))) if progress.complete => None,
                Ok(Some(Err(error))) => {
                    let error = match error {
                        OpenAIError::JSONDeserialize(..) if !progress.any_chunk => {
                            generator.opening_error(error)
                        }
                        other => generator.interrupted(Some(Box::new(other))),
                    };
                    Some((vec![Err(error)], State::End))
                }
                Ok(Some(Ok(chunk))) => {
                    progress.any_chunk = true;
                    let (mut delta, mut pieces) = (String::new(), Vec::new());
                    for choice in chunk.choices {
                        progress.complete |= choice.finish_reason.is_some();
                        if choice.finish_reason == Some(FinishReason::Length) {
                            pieces.push(Ok(Piece::CutShort));
                        }
                        delta.push_str(choice.delta.content.as_deref().unwrap_or_default());
                    }
                    if !delta.is_empty() {
                        pieces.push(Ok(Piece::Text(delta)));
                    }
                    if let Some(usage) = chunk.usage {
                        pieces.push(Ok(Piece::Usage(TokenUsage {
                            n_prompt: u64::from(usage.prompt_tokens),
                            n_output: u64::from(usage.completion_tokens),
                            estimated: false,
                        })));
                    }
                    Some((pieces, State::Running { generator, chunks, progress }))
                }
            }
        }
    }
}

impl OpenAiGenerator {
    /// The pieces of a request; after an error nothing more comes.
    pub(super) fn pieces(
        &self,
        request: CreateChatCompletionRequest,
        n_prompt_bytes: usize,
    ) -> impl Stream<Item = Result<Piece, GenerateError>> + Send + use<> {
        let mut call = Call::begin(Arc::clone(&self.counts), n_prompt_bytes);
        let start = State::Start { generator: self.clone(), request: Box::new(request) };
        stream::unfold(start, |state| async move {
            let (pieces, next) = step(state).await?;
            Some((stream::iter(pieces), next))
        })
        .flatten()
        .inspect(move |piece| call.hear(piece))
    }

    fn too_slow(&self, stage: Stage) -> GenerateError {
        let waited_ms = match stage {
            Stage::FirstToken => self.timeouts.first_token_ms,
            Stage::NextToken => self.timeouts.between_tokens_ms,
        };
        GenerateError::TooSlow { base_url: self.base_url.clone(), stage, waited_ms }
    }

    fn interrupted(&self, source: Option<Box<OpenAIError>>) -> GenerateError {
        GenerateError::Interrupted {
            base_url: self.base_url.clone(),
            source: source.map(|error| error as Box<dyn std::error::Error + Send + Sync>),
        }
    }

    fn opening_error(&self, error: OpenAIError) -> GenerateError {
        let base_url = self.base_url.clone();
        match error {
            OpenAIError::ApiError(answer) => {
                self.refusal(answer.status_code.as_u16(), answer.api_error.message)
            }
            // llama.cpp and others send the status as a number where the library
            // expects a text; the answer is an error object all the same.
            OpenAIError::JSONDeserialize(source, body) => match error_object(&body) {
                Some((status, message)) => self.refusal(status, message),
                None => GenerateError::Protocol { base_url, source: Box::new(source) },
            },
            other => GenerateError::Unreachable { base_url, source: Box::new(other) },
        }
    }

    fn refusal(&self, status: u16, message: String) -> GenerateError {
        let base_url = self.base_url.clone();
        match status {
            401 | 403 => GenerateError::Unauthorised { base_url, status },
            404 => GenerateError::NotFound { base_url, model: self.model.clone(), message },
            408 | 429 | 500.. => GenerateError::Overloaded { base_url, status },
            _ => GenerateError::Rejected { base_url, status, message },
        }
    }
}

/// Status and message of `{"error": {"code": 401, "message": ".."}}`.
fn error_object(body: &str) -> Option<(u16, String)> {
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    let error = body.get("error")?;
    let status = error.get("code")?.as_u64()?;
    let message = error.get("message").and_then(|m| m.as_str()).unwrap_or_default();
    Some((u16::try_from(status).ok()?, message.to_owned()))
}

/// `user:password@` taken out, even of what is no URL.
fn without_credentials(address: &str) -> String {
    match (address.split_once("://"), address.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        (None, Some((_, host))) => host.to_owned(),
        (_, None) => address.to_owned(),
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generator(base_url: &str) -> Result<Option<OpenAiGenerator>, SetupError> {
        OpenAiGenerator::new(&Config { base_url: Some(base_url.into()), ..Config::default() })
    }

    #[test]
    fn credentials_in_the_address_are_not_kept() {
        let generator = generator("http://me:secret@localhost:1/v1/").unwrap().unwrap();
        assert_eq!(generator.base_url(), "http://localhost:1/v1");
        assert!(!format!("{generator:?}").contains("secret"));
    }

    #[test]
    fn an_address_that_is_none_is_refused_without_showing_its_password() {
        let error = generator("ftp://me:secret@host").unwrap_err().to_string();
        assert!(error.contains("ftp://host") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn error_objects_with_numeric_codes_are_understood() {
        let body = r#"{"error":{"code":401,"message":"Invalid API Key","type":"x"}}"#;
        assert_eq!(error_object(body), Some((401, "Invalid API Key".into())));
        assert_eq!(error_object("<html>"), None);
    }

    mod wire {
        use super::super::*;
        use crate::llm::scripted_server::{Act, chat, event, serve};
        use crate::llm::{Message, Secret};

        fn prompt() -> ChatPrompt {
            ChatPrompt {
                system: "Rules".into(),
                messages: vec![Message { role: Role::User, text: "Question".into() }],
                temperature: 0.5,
                max_tokens: 7,
            }
        }

        fn generator(base_url: &str) -> OpenAiGenerator {
            let config = Config {
                base_url: Some(base_url.into()),
                model: "tiny".into(),
                api_key: Some(Secret::new("sk-1234")),
                timeouts: Timeouts {
                    connect_ms: 500,
                    first_token_ms: 1_000,
                    between_tokens_ms: 200,
                },
                ..Config::default()
            };
            OpenAiGenerator::new(&config).unwrap().unwrap()
        }

        async fn ask(base_url: &str) -> (String, Option<GenerateError>) {
            let mut text = String::new();
            let mut deltas = generator(base_url).generate(prompt());
            while let Some(delta) = deltas.next().await {
                match delta {
                    Ok(Delta::Text(delta)) => text.push_str(&delta),
                    Ok(Delta::Usage(_)) => {}
                    Err(error) => {
                        assert!(deltas.next().await.is_none());
                        return (text, Some(error));
                    }
                }
            }
            (text, None)
        }

        #[tokio::test]
        async fn a_stream_arrives_whole_and_the_request_says_what_was_asked() {
            let server = serve(chat(&["Hold ", "it [1]."])).await;
            let (text, error) = ask(&server.base_url).await;
            assert_eq!(text, "Hold it [1].");
            assert!(error.is_none(), "{error:?}");
            let request = server.requests.lock().unwrap().join("");
            for part in [
                "POST /v1/chat/completions",
                "Bearer sk-1234",
                r#""model":"tiny""#,
                r#""max_tokens":7"#,
                r#""temperature":0.5"#,
                r#""stream":true"#,
                "Rules",
            ] {
                assert!(request.contains(part), "{part} in {request}");
            }
        }

        #[tokio::test]
        async fn refusals_are_the_users_mistake() {
            for (status, code, expected) in
                [("401 Unauthorized", 401, "API key"), ("404 Not Found", 404, "`tiny`")]
            {
                // The code as a text, as OpenAI sends it, and as a number, as
                // llama.cpp does.
                for code in [format!("{code}"), format!("\"{code}\"")] {
                    let body = format!(
                        r#"{{"error":{{"message":"no","type":"x","param":null,"code":{code}}}}}"#
                    );
                    let server = serve(vec![Act::refusal(status, &body)]).await;
                    let error = ask(&server.base_url).await.1.unwrap();
                    assert!(error.is_users_mistake(), "{error:?}");
                    let shown = format!("{error} {error:?}");
                    assert!(shown.contains(expected) && !shown.contains("1234"), "{shown}");
                }
            }
        }

        #[tokio::test]
        async fn something_else_at_the_address_is_named_so() {
            let server = serve(vec![Act::refusal("404 Not Found", "<html>nothing</html>")]).await;
            let error = ask(&server.base_url).await.1.unwrap();
            assert!(matches!(error, GenerateError::Protocol { .. }), "{error:?}");
        }

        #[tokio::test]
        async fn a_cut_in_the_middle_is_an_interruption() {
            for ending in [vec![], vec![Act::Send("zz-not-a-chunk".into())]] {
                let mut script = vec![Act::head(), event("Hold ")];
                script.extend(ending);
                let server = serve(script).await;
                let (text, error) = ask(&server.base_url).await;
                assert_eq!(text, "Hold ");
                assert!(matches!(error, Some(GenerateError::Interrupted { .. })), "{error:?}");
            }
        }

        #[tokio::test]
        async fn a_stall_ends_after_the_time_between_tokens() {
            let server = serve(vec![Act::head(), event("Hold "), Act::Hang]).await;
            let (text, error) = ask(&server.base_url).await;
            assert_eq!(text, "Hold ");
            let stage = match error {
                Some(GenerateError::TooSlow { stage, waited_ms: 200, .. }) => stage,
                other => panic!("{other:?}"),
            };
            assert_eq!(stage, Stage::NextToken);
        }

        #[tokio::test]
        async fn a_server_that_says_nothing_is_too_slow() {
            let server = serve(vec![Act::Hang]).await;
            let error = ask(&server.base_url).await.1;
            let first = Stage::FirstToken;
            assert!(matches!(error, Some(GenerateError::TooSlow { stage, .. }) if stage == first));
        }

        #[tokio::test]
        async fn a_closed_port_is_unreachable() {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            drop(listener);
            let error = ask(&format!("http://{address}/v1")).await.1.unwrap();
            assert!(!error.is_users_mistake(), "{error:?}");
        }
    }
}
