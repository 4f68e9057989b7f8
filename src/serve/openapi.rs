//! `GET /openapi.json`: the document of the interface, made from the handlers.

use super::app::App;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::sync::Arc;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi as _, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The body of every error.
#[derive(Serialize, ToSchema)]
pub(super) struct ErrorBody {
    error: ErrorDetail,
}

/// What went wrong, in the shape of the OpenAI API.
#[derive(Serialize, ToSchema)]
pub(super) struct ErrorDetail {
    /// For people.
    #[schema(example = "expected a message with role `user`")]
    message: String,
    /// Whose fault it is.
    #[schema(example = "invalid_request_error")]
    r#type: String,
    /// The field that is wrong.
    #[schema(example = "messages")]
    param: Option<String>,
    /// For programs.
    #[schema(example = "invalid_request")]
    code: String,
}

/// What the document holds besides the handlers.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Veritrail",
        description = "Cited, checked and recorded answers from documents, pictures and RDF.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ErrorBody)),
    modifiers(&Security),
    security(("bearer" = []), ("key" = []), ("session" = [])),
    tags(
        (name = "answers", description = "Asking, searching, and what led to an answer"),
        (name = "audit", description = "Records of answers, and proofs about them"),
        (name = "graph", description = "SPARQL 1.1 queries, updates and graphs"),
        (name = "documents", description = "Documents and what is done with them"),
        (name = "generations", description = "What answers, and what could"),
        (name = "review", description = "What waits for a person"),
        (name = "access", description = "Who asks"),
        (name = "operations", description = "How the service runs"),
    ),
)]
struct Base;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(
            "bearer",
            SecurityScheme::Http(
                Http::builder()
                    .scheme(HttpAuthScheme::Bearer)
                    .description(Some("An API key, or a token of the identity provider."))
                    .build(),
            ),
        );
        let key = ApiKeyValue::with_description("X-API-Key", "An API key.");
        components.add_security_scheme("key", SecurityScheme::ApiKey(ApiKey::Header(key)));
        let cookie = ApiKeyValue::with_description(
            "veritrail_session",
            "The session of a page, from `POST /api/session`.",
        );
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// The document to which routes are added.
pub(super) fn base() -> OpenApi {
    Base::openapi()
}

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(document))
}

/// Says of every operation what all have in common: that it may be refused or fail, in
/// which shape. Names it by method and path, since no two may have one name.
pub(super) fn complete(document: &mut OpenApi) {
    let error = ResponseBuilder::new()
        .description("A request that was refused or failed")
        .content(
            "application/json",
            Content::new(Some(RefOr::Ref(Ref::from_schema_name("ErrorBody")))),
        )
        .build();
    for (path, item) in &mut document.paths.paths {
        let operations = [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("delete", &mut item.delete),
            ("patch", &mut item.patch),
            ("head", &mut item.head),
            ("options", &mut item.options),
        ];
        let named = operations.into_iter().filter_map(|(name, of)| Some((name, of.as_mut()?)));
        for (method, operation) in named {
            operation.operation_id = Some(name(method, path));
            let responses = &mut operation.responses.responses;
            for (status, response) in responses.iter_mut() {
                let failed = status.starts_with(['4', '5']);
                if let RefOr::T(response) = response
                    && failed
                    && response.content.is_empty()
                {
                    response.content.clone_from(&error.content);
                }
            }
            responses.entry("default".to_owned()).or_insert_with(|| RefOr::T(error.clone()));
        }
    }
}

/// `get` and `/api/documents/{id}/text` as `get_api_documents_id_text`.
fn name(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

/// The document of this interface
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "operations",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)),
)]
async fn document(State(app): State<Arc<App>>) -> Response {
    let text = app.document.get().cloned().unwrap_or_default();
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use utoipa::openapi::path::Operation;

    fn operations(document: &OpenApi) -> impl Iterator<Item = &Operation> {
        let items = document.paths.paths.values();
        items.flat_map(|item| [&item.get, &item.post, &item.put, &item.delete]).flatten()
    }

    #[test]
    fn every_operation_says_how_it_fails() {
        let mut router = OpenApiRouter::with_openapi(base()).merge(routes());
        let mut document = router.to_openapi();
        complete(&mut document);
        assert!(operations(&document).count() > 0);
        for operation in operations(&document) {
            assert!(operation.responses.responses.contains_key("default"));
        }
    }

    #[test]
    fn operations_are_named_by_method_and_path() {
        assert_eq!(name("get", "/api/documents/{id}/text"), "get_api_documents_id_text");
        assert_eq!(name("post", "/v1/chat/completions"), "post_v1_chat_completions");
    }
}
