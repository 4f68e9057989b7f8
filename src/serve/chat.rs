//! `POST /v1/chat/completions`.

use super::app::App;
use super::asking::{self, Prepared};
use super::caller::Caller;
use super::chat_models::mode;
use super::chat_request::ChatRequest;
use super::chat_wire::{ChatCompletion, Completion};
use super::error::ApiError;
use super::observe::Observed;
use crate::engine::AskOptions;
use crate::model::{AnswerMode, Permission, Sentence};
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::UnboundedReceiverStream;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Hits that evidence is made of.
pub(super) const N_HITS: usize = 20;
/// Header with the identity of the answer's record.
pub(super) const ANSWER_ID: HeaderName = HeaderName::from_static("x-veritrail-answer-id");
/// A stream says that it lives, when it has nothing else to say.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(completions))
}

/// Answer the last question of a conversation
///
/// OpenAI's wire format, whole or as server-sent events. `citations`, `answer_id` and what
/// the answer came from are added; in streams they stand in the last piece with a choice.
#[utoipa::path(
    post,
    path = "/v1/chat/completions",
    tag = "answers",
    request_body = ChatRequest,
    responses(
        (
            status = 200,
            description = "The answer; with `stream` pieces of it as events, the last being `[DONE]`",
            headers(("x-veritrail-answer-id" = String, description = "Name of the record")),
            content((ChatCompletion = "application/json"), (String = "text/event-stream"))
        ),
        (status = 400, description = "The request asks for what is not there"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not ask, or a rule of the policy refuses the question"),
        (status = 404, description = "There is no such model"),
        (status = 413, description = "The request is too large"),
        (status = 415, description = "The request is no JSON"),
        (status = 422, description = "The request has another form"),
        (status = 429, description = "Too many requests"),
        (status = 500, description = "The server failed")
    )
)]
async fn completions(
    State(app): State<Arc<App>>,
    caller: Caller,
    observed: Observed,
    request: Result<Json<ChatRequest>, JsonRejection>,
) -> Result<Response, ApiError> {
    caller.require(Permission::Ask)?;
    let Json(request) = request?;
    let mode = mode(&request.model)?;
    request.refuse_unknown()?;
    let asked = request.conversation()?;
    let mut query = asked.query(N_HITS);
    query.allowed_labels = caller.0.labels().cloned();
    let options = AskOptions {
        use_llm: mode.use_llm,
        strict: mode.strict,
        temperature: request.temperature,
        max_tokens: request.max_completion_tokens.or(request.max_tokens),
        end_user: request.user,
        earlier: asked.earlier,
        style: asked.style,
        ..AskOptions::of(caller.0)
    };
    let created = OffsetDateTime::now_utc();
    let prepared = asking::prepare(&app, query, options).await?;
    let id = prepared.id();
    let completion = Completion {
        id: format!("chatcmpl-{}", id.name()),
        model: request.model,
        created: created.unix_timestamp(),
    };
    let mut response = if request.stream == Some(true) {
        let usage_wanted = request.stream_options.and_then(|options| options.include_usage);
        streamed(app, observed, prepared, completion, usage_wanted == Some(true))
    } else {
        // Whoever goes takes this future along, and with it the language model's.
        let recorded = asking::answer(&app, prepared, &mut |_| {}, pending()).await?;
        let body = recorded.map(|recorded| {
            observed.answered(&recorded.record, &recorded.stopwatch);
            completion.whole(&recorded)
        });
        Json(body).into_response()
    };
    if let Ok(id) = HeaderValue::from_str(id.name()) {
        response.headers_mut().insert(ANSWER_ID, id);
    }
    Ok(response)
}

/// Each sentence as soon as it is checked, then what is missing, the citations
/// and the end mark.
fn streamed(
    app: Arc<App>,
    observed: Observed,
    prepared: Prepared,
    completion: Completion,
    usage_wanted: bool,
) -> Response {
    let (events, receiver) = mpsc::unbounded_channel::<String>();
    tokio::spawn(async move {
        // Nobody hears what is sent after the client has gone.
        let send = |text: String| drop(events.send(text));
        send(completion.chunk(&json!({ "role": "assistant", "content": "" })).to_string());
        let mut n_sent = 0;
        let mut on_sentence = |sentence: &Sentence| {
            let space = if n_sent > 0 { " " } else { "" };
            n_sent += 1;
            let text = format!("{space}{}", sentence.marked());
            send(completion.chunk(&json!({ "content": text })).to_string());
        };
        let gone = events.closed();
        match asking::answer(&app, prepared, &mut on_sentence, gone).await {
            Err(error) => send(error.body().to_string()),
            Ok(None) => {}
            Ok(Some(recorded)) => {
                observed.answered(&recorded.record, &recorded.stopwatch);
                if n_sent == 0 || recorded.record.answer.mode != AnswerMode::Generated {
                    let parting = if n_sent > 0 { "\n\n" } else { "" };
                    let text = format!("{parting}{}", recorded.text);
                    send(completion.chunk(&json!({ "content": text })).to_string());
                }
                let below = recorded.below();
                if !below.is_empty() {
                    send(completion.chunk(&json!({ "content": below })).to_string());
                }
                send(completion.last_chunk(&recorded).to_string());
                if usage_wanted {
                    send(completion.usage_chunk(&recorded).to_string());
                }
            }
        }
        send("[DONE]".to_owned());
    });
    let events = UnboundedReceiverStream::new(receiver)
        .map(|text| Ok::<_, Infallible>(Event::default().data(text)));
    let alive = KeepAlive::new().interval(KEEP_ALIVE);
    Sse::new(events).keep_alive(alive).into_response()
}
