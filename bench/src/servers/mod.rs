//! Servers that exist only to be measured, run by a hidden subcommand.

mod manual;
mod native_route;
mod native_tool;
mod sandboxed_tool;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use bulkhead_connector_toolbox::jq::Jq;
use bulkhead_guest_echo::Echo;
use mcp_host::config::McpConfig;
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};

use self::native_tool::NativeTool;
use crate::options::{Server, ServerKind};
use crate::workload::{ECHO, JQ};

/// Serves until the process is ended.
///
/// # Errors
/// When the server can't be started.
pub(crate) fn serve(server: &Server) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let router = match server.kind {
            ServerKind::NativeEcho => mcp(|| NativeTool(ECHO, native_tool::of_a_connector::<Echo>)),
            ServerKind::NativeTool => mcp(|| NativeTool(JQ, native_tool::of_a_connector::<Jq>)),
            ServerKind::Manual => mcp(manual::Manual::new),
            ServerKind::SandboxedTool => {
                let tool = sandboxed_tool::SandboxedTool::install(server).await?;
                mcp(move || tool.clone())
            }
            ServerKind::NativeRoute => native_route::router(&server.database).await?,
        };
        let listener = mcp_host::http::bind(server.listen).await?;
        let router = router.route("/health", get(async || "ok"));
        mcp_host::http::serve(listener, router, std::future::pending(), Duration::ZERO).await?;
        Ok(())
    })
}

/// The transport with the product's settings: no sessions, JSON answers, the same checks of Host and Origin, the same
/// limit on bodies. Without sessions, rmcp makes a server for each request.
fn mcp<S: ServerHandler + Send + Sync + 'static>(server: impl Fn() -> S + Send + Sync + 'static) -> Router {
    let settings = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_allowed_hosts(["localhost", "127.0.0.1", "::1"])
        .enforce_origin_validation()
        .with_max_request_body_bytes(McpConfig::default().max_body_bytes);
    let service = StreamableHttpService::new(move || Ok(server()), Arc::new(NeverSessionManager::default()), settings);
    Router::new().route_service("/mcp", service)
}
