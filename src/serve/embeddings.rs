//! `POST /v1/embeddings`: vectors of texts in every space.

use super::app::App;
use super::caller::Caller;
use super::error::ApiError;
use crate::embed::TextRole;
use crate::model::Permission;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Texts in one request at most, as in the OpenAI API.
const MAX_TEXTS: usize = 2_048;
/// Bytes of all texts of a request at most.
const MAX_BYTES: usize = 4 << 20;

/// The body of `POST /v1/embeddings`.
#[derive(Debug, Deserialize, ToSchema)]
struct EmbeddingsRequest {
    /// A space, as `/v1/models` lists them.
    #[schema(example = "all-minilm-l6-v2")]
    model: String,
    input: Input,
    /// `float` or `base64`: little-endian 32-bit numbers.
    #[serde(default)]
    encoding_format: Option<String>,
    /// Components of a vector; those of the space or nothing.
    #[serde(default)]
    dimensions: Option<usize>,
    /// `query` or `passage`, for models that treat questions and documents differently.
    /// A passage unless it is said.
    #[serde(default)]
    input_type: Option<InputType>,
}

/// A text or several.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
enum Input {
    Text(String),
    Texts(Vec<String>),
    /// Numbers of tokens, which are refused: they belong to the tokenizer of another
    /// model.
    Tokens(Vec<serde_json::Value>),
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum InputType {
    Query,
    Passage,
}

/// Vectors, in the order of the texts.
#[derive(Debug, Serialize, ToSchema)]
struct Embeddings {
    object: &'static str,
    data: Vec<EmbeddingBody>,
    model: String,
    usage: EmbeddingUsage,
    /// Identity of the space: vectors of two spaces cannot be compared.
    space: String,
    /// Texts that were longer than the model reads and count with their beginning alone.
    n_truncated: usize,
}

/// One vector.
#[derive(Debug, Serialize, ToSchema)]
struct EmbeddingBody {
    object: &'static str,
    index: usize,
    embedding: Components,
}

/// Numbers, or their bytes in base64.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum Components {
    Numbers(Vec<f32>),
    Base64(String),
}

/// Tokens as the text model counts them.
#[derive(Debug, Serialize, ToSchema)]
struct EmbeddingUsage {
    prompt_tokens: usize,
    total_tokens: usize,
}

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(embeddings))
}

/// Vectors of texts
#[utoipa::path(
    post,
    path = "/v1/embeddings",
    tag = "answers",
    request_body = EmbeddingsRequest,
    responses(
        (status = 200, body = Embeddings),
        (status = 400, description = "The request asks for what is not there"),
        (status = 401, description = "Nobody knows who asks"),
        (status = 403, description = "The caller may not ask"),
        (status = 404, description = "There is no such space"),
        (status = 413, description = "The request is too large"),
        (status = 415, description = "The request is no JSON"),
        (status = 422, description = "The request has another form"),
        (status = 429, description = "Too many requests"),
        (status = 500, description = "The server failed")
    )
)]
async fn embeddings(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Result<Json<EmbeddingsRequest>, JsonRejection>,
) -> Result<Json<Embeddings>, ApiError> {
    caller.require(Permission::Ask)?;
    let Json(request) = request?;
    let spaces = app.knowledge_base().spaces();
    let Some(space) = spaces.iter().find(|space| space.model == request.model) else {
        let names: Vec<&str> = spaces.iter().map(|space| space.model.as_str()).collect();
        let message = format!("expected model {}, found `{}`", names.join(" or "), request.model);
        return Err(ApiError::not_found("model_not_found", "model", message));
    };
    let in_base64 = match request.encoding_format.as_deref() {
        None | Some("float") => false,
        Some("base64") => true,
        Some(_) => {
            let message = "expected encoding_format `float` or `base64`";
            return Err(ApiError::bad_request("encoding_format", message));
        }
    };
    if request.dimensions.is_some_and(|wanted| wanted != space.dimension) {
        let message = format!("vectors of {} have {} components", space.model, space.dimension);
        return Err(ApiError::bad_request("dimensions", message));
    }
    let texts = texts(request.input)?;
    let role = match request.input_type {
        Some(InputType::Query) => TextRole::Query,
        Some(InputType::Passage) | None => TextRole::Passage,
    };
    let (id, space_id, model) = (space.id(), space.id().0.to_string(), request.model);
    let permit = Arc::clone(&app.places).acquire_owned().await;
    let work = move || {
        let _permit = permit;
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let embedded = app.knowledge_base().embed(id, &texts, role)?;
        let counts = texts.iter().map(|text| app.knowledge_base().count_tokens(text));
        Ok::<_, ApiError>((embedded, counts.sum::<usize>()))
    };
    let (embedded, n_tokens) = tokio::task::spawn_blocking(work).await??;
    let body = |(index, vector): (usize, Vec<f32>)| {
        let embedding = if in_base64 {
            let bytes: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
            Components::Base64(STANDARD.encode(bytes))
        } else {
            Components::Numbers(vector)
        };
        EmbeddingBody { object: "embedding", index, embedding }
    };
    Ok(Json(Embeddings {
        object: "list",
        data: embedded.vectors.into_iter().enumerate().map(body).collect(),
        model,
        usage: EmbeddingUsage { prompt_tokens: n_tokens, total_tokens: n_tokens },
        space: space_id,
        n_truncated: embedded.n_truncated,
    }))
}

fn texts(input: Input) -> Result<Vec<String>, ApiError> {
    let refuse = |message: &str| Err(ApiError::bad_request("input", message));
    let texts = match input {
        Input::Text(text) => vec![text],
        Input::Texts(texts) => texts,
        Input::Tokens(tokens) => {
            return refuse(&format!(
                "expected a text or a list of texts, found a list of {} other values: numbers of tokens belong to the tokenizer of another model (LangChain sends texts with check_embedding_ctx_length=False)",
                tokens.len()
            ));
        }
    };
    if texts.is_empty() || texts.iter().any(|text| text.trim().is_empty()) {
        return refuse("expected at least one text, and no empty one");
    }
    if texts.len() > MAX_TEXTS {
        return refuse("expected at most 2048 texts in one request");
    }
    if texts.iter().map(String::len).sum::<usize>() > MAX_BYTES {
        return refuse("expected at most 4 MiB of texts in one request");
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(input: serde_json::Value) -> Result<Vec<String>, ApiError> {
        texts(serde_json::from_value(input).unwrap())
    }

    #[test]
    fn texts_are_taken_and_tokens_are_refused() {
        assert_eq!(read(json!("a")).unwrap(), ["a"]);
        assert_eq!(read(json!(["a", "b"])).unwrap(), ["a", "b"]);
        for wrong in [json!([1, 2]), json!([[1], [2]]), json!([]), json!(""), json!(["a", " "])] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
        assert!(read(json!(vec!["a"; MAX_TEXTS + 1])).is_err());
    }
}
