//! `/mcp`: the tools of the Model Context Protocol, over streamable HTTP.
//!
//! No sessions are kept: each request stands for itself and is carried out as the
//! principal whom the authentication layer found, so nothing can pass from one caller to
//! another.

use super::app::App;
use super::mcp_tools::{self, TOOLS};
use super::observe::Observed;
use crate::model::Principal;
use axum::Router;
use axum::http::request::Parts;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
    ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use std::sync::Arc;

/// Largest request.
const MAX_REQUEST_BYTES: usize = 1 << 20;
/// What clients are told about the server as a whole.
const INSTRUCTIONS: &str = "Veritrail answers questions from the documents and pictures of a knowledge base. \
`ask` gives an answer whose every sentence is checked and cites the exact words; `search` gives passages without \
an answer; `get_document` reads on where a passage ends; `sparql` queries the knowledge graph; `explain_answer` \
shows from what an earlier answer was made. Everything is limited to what the caller may see.";

/// The route. It is no part of the API document, because the protocol describes its tools
/// itself.
pub(super) fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(MAX_REQUEST_BYTES)
        // Every request has passed the server's own check of its host and origin.
        .disable_allowed_hosts();
    let tools = Tools { app: Arc::clone(app) };
    let service = StreamableHttpService::new(
        move || Ok(tools.clone()),
        Arc::new(NeverSessionManager::default()),
        config,
    );
    Router::new().route_service("/mcp", service)
}

/// The tools as a service.
#[derive(Clone)]
struct Tools {
    app: Arc<App>,
}

impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        let mut info = ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_instructions(INSTRUCTIONS);
        info.server_info = Implementation::new("veritrail", env!("CARGO_PKG_VERSION"));
        info
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(TOOLS.iter().map(described).collect()))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        TOOLS.iter().find(|tool| tool.name == name).map(described)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let parts = context.extensions.get::<Parts>();
        let principal = parts.and_then(|parts| parts.extensions.get::<Principal>()).cloned();
        // The authentication layer lets nobody pass unnamed.
        let principal =
            principal.ok_or_else(|| ErrorData::invalid_request("nobody knows who calls", None))?;
        let tool = TOOLS.iter().find(|tool| tool.name == request.name);
        let tool = tool.ok_or_else(|| {
            let names: Vec<&str> = TOOLS.iter().map(|tool| tool.name).collect();
            let message = format!("expected one of the tools {}", names.join(", "));
            ErrorData::invalid_params(message, None)
        })?;
        let arguments = request.arguments.unwrap_or_default();
        let observed = parts.and_then(|parts| parts.extensions.get::<Observed>()).cloned();
        let app = Arc::clone(&self.app);
        let done = mcp_tools::call(app, principal, observed, tool, arguments).await;
        Ok(match done {
            Ok(value) => CallToolResult::structured(value),
            Err(error) => CallToolResult::error(vec![ContentBlock::text(error.message())]),
        }
        .into())
    }
}

fn described(tool: &mcp_tools::ToolDescription) -> Tool {
    let annotations = ToolAnnotations::with_title(tool.title).read_only(true).open_world(false);
    Tool::new(tool.name, tool.description, (tool.input)())
        .with_title(tool.title)
        .with_raw_output_schema((tool.output)())
        .with_annotations(annotations)
}
