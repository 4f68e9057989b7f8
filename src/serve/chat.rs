//! `POST /v1/chat/completions` and `GET /v1/models`.

use super::app::App;
use super::caller::Caller;
use super::chat_wire::{ChatRequest, Completion, Usage};
use super::error::ApiError;
use super::observe::Observed;
use crate::engine::AskOptions;
use crate::model::{AnswerMode, AnswerRecord, Permission, Query, Sentence, Stopwatch};
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::UnboundedReceiverStream;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Names of models, and whether the language model may write.
const MODELS: [(&str, bool); 2] = [("veritrail", true), ("veritrail:extractive", false)];
/// Hits that evidence is made of.
const N_HITS: usize = 20;
/// Header with the identity of the answer's record.
const ANSWER_ID: HeaderName = HeaderName::from_static("x-veritrail-answer-id");

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(completions)).routes(routes!(models))
}

/// The modes of answering as models.
#[utoipa::path(get, path = "/v1/models", tag = "chat", responses((status = 200)))]
async fn models() -> Json<Value> {
    let models: Vec<Value> = MODELS
        .iter()
        .map(
            |(id, _)| json!({ "id": id, "object": "model", "created": 0, "owned_by": "veritrail" }),
        )
        .collect();
    Json(json!({ "object": "list", "data": models }))
}

/// Answers the last question of a conversation.
#[utoipa::path(post, path = "/v1/chat/completions", tag = "chat", responses((status = 200)))]
async fn completions(
    State(app): State<Arc<App>>,
    caller: Caller,
    observed: Observed,
    request: Result<Json<ChatRequest>, JsonRejection>,
) -> Result<Response, ApiError> {
    caller.require(Permission::Ask)?;
    let Json(request) = request?;
    let Some((_, use_llm)) = MODELS.iter().find(|(name, _)| *name == request.model) else {
        let names: Vec<&str> = MODELS.iter().map(|(name, _)| *name).collect();
        let message = format!("expected model {}, found `{}`", names.join(" or "), request.model);
        return Err(ApiError::not_found("model_not_found", "model", message));
    };
    let mut query = request.query(N_HITS)?;
    query.allowed_labels = caller.0.labels().cloned();
    let options = AskOptions {
        use_llm: *use_llm,
        temperature: request.temperature,
        max_tokens: request.max_completion_tokens.or(request.max_tokens),
        ..AskOptions::of(caller.0)
    };
    let created = OffsetDateTime::now_utc();
    let completion = Completion {
        id: format!("chatcmpl-{:x}", created.unix_timestamp_nanos()),
        model: request.model.clone(),
        created: created.unix_timestamp(),
    };
    if request.stream {
        let usage_wanted = request.stream_options.is_some_and(|options| options.include_usage);
        return Ok(streamed(app, observed, query, options, completion, usage_wanted));
    }
    let permit = Arc::clone(&app.places).acquire_owned().await;
    let answered = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let mut stopwatch = Stopwatch::new(Instant::now);
        let record = app.session().ask_timed(&query, &options, &mut |_| {}, &mut stopwatch)?;
        observed.answered(&record, &stopwatch);
        let text = text_of(&record);
        let usage = usage(&app, &query, &text);
        Ok::<_, ApiError>((completion.whole(&record, &text, usage), record.id.name().to_owned()))
    });
    let (body, id) = answered.await??;
    let mut response = Json(body).into_response();
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(ANSWER_ID, id);
    }
    Ok(response)
}

/// Each sentence as soon as it is checked, then what is missing, the citations
/// and the end mark.
fn streamed(
    app: Arc<App>,
    observed: Observed,
    query: Query,
    options: AskOptions,
    completion: Completion,
    usage_wanted: bool,
) -> Response {
    let (events, receiver) = mpsc::unbounded_channel::<String>();
    // An answer whose client has gone is still recorded.
    let send = move |text: String| drop(events.send(text));
    tokio::spawn(async move {
        let permit = Arc::clone(&app.places).acquire_owned().await;
        let work = move || {
            let _permit = permit;
            send(completion.chunk(json!({ "role": "assistant", "content": "" })).to_string());
            let mut n_sent = 0;
            let mut on_sentence = |sentence: &Sentence| {
                let space = if n_sent > 0 { " " } else { "" };
                n_sent += 1;
                let text = format!("{space}{}", sentence.marked());
                send(completion.chunk(json!({ "content": text })).to_string());
            };
            let mut stopwatch = Stopwatch::new(Instant::now);
            match app.session().ask_timed(&query, &options, &mut on_sentence, &mut stopwatch) {
                Err(error) => send(ApiError::from(error).body().to_string()),
                Ok(record) => {
                    observed.answered(&record, &stopwatch);
                    let text = text_of(&record);
                    if n_sent == 0 || record.answer.mode != AnswerMode::Generated {
                        let parted = if n_sent > 0 { format!("\n\n{text}") } else { text.clone() };
                        send(completion.chunk(json!({ "content": parted })).to_string());
                    }
                    send(completion.last_chunk(&record).to_string());
                    if usage_wanted {
                        let usage = usage(&app, &query, &text);
                        send(completion.usage_chunk(usage).to_string());
                    }
                }
            }
            send("[DONE]".to_owned());
        };
        if let Err(error) = tokio::task::spawn_blocking(work).await {
            tracing::error!(%error, "an answer ended in the middle");
        }
    });
    let events = UnboundedReceiverStream::new(receiver)
        .map(|text| Ok::<_, Infallible>(Event::default().data(text)));
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

/// The answer as it is shown: a degraded one says that it is.
fn text_of(record: &AnswerRecord) -> String {
    match &record.answer.mode {
        AnswerMode::Extractive { degraded_because: Some(_) } => format!(
            "The language model could not answer; these are quotes of the evidence. {}",
            record.answer.text()
        ),
        _ => record.answer.text(),
    }
}

fn usage(app: &App, query: &Query, text: &str) -> Usage {
    let count = |text: &str| app.knowledge_base().count_tokens(text);
    Usage::new(count(&query.text), count(text))
}
