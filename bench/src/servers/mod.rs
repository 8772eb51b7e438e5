//! Servers that exist only to be measured, run by a hidden subcommand.

mod native_route;
mod native_tool;
mod sandboxed_tool;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use mcp_host::config::McpConfig;
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};

use crate::options::{Server, ServerKind};

/// Serves until the process is ended.
///
/// # Errors
/// When the server can't be started.
pub(crate) fn serve(server: &Server) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let router = match server.kind {
            ServerKind::NativeTool => mcp(native_tool::NativeTool(native_tool::of_the_toolbox)),
            ServerKind::ManualTool => mcp(native_tool::NativeTool(native_tool::of_the_manual)),
            ServerKind::SandboxedTool => mcp(sandboxed_tool::SandboxedTool::install(server).await?),
            ServerKind::NativeRoute => native_route::router(&server.database).await?,
        };
        let listener = mcp_host::http::bind(server.listen).await?;
        let router = router.route("/health", get(async || "ok"));
        mcp_host::http::serve(listener, router, std::future::pending(), Duration::ZERO).await?;
        Ok(())
    })
}

/// The transport with the product's settings: no sessions, JSON answers, the same checks of Host and Origin, the same
/// limit on bodies.
fn mcp<S: ServerHandler + Clone + Send + Sync + 'static>(server: S) -> Router {
    let settings = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_allowed_hosts(["localhost", "127.0.0.1", "::1"])
        .enforce_origin_validation()
        .with_max_request_body_bytes(McpConfig::default().max_body_bytes);
    let service =
        StreamableHttpService::new(move || Ok(server.clone()), Arc::new(NeverSessionManager::default()), settings);
    Router::new().route_service("/mcp", service)
}
