//! MCP over Streamable HTTP.

use std::net::SocketAddr;
use std::sync::Arc;

use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;

use super::McpServer;
use crate::config::McpConfig;

/// The service that is mounted at `/mcp`.
pub type McpHttp = StreamableHttpService<McpServer, NeverSessionManager>;

/// Makes it. No session is kept for any version of the protocol, so any process can answer any request; answers are
/// plain JSON, which costs less than an event stream of one event.
#[must_use]
pub fn mcp_service(server: McpServer, config: &McpConfig, bound: SocketAddr, stop: CancellationToken) -> McpHttp {
    // Only these names reach a server on this machine on purpose; any other Host is a rebound DNS name.
    let mut hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned(), bound.ip().to_string()];
    hosts.extend(config.allowed_hosts.iter().cloned());
    let mut settings = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_allowed_hosts(hosts)
        .with_allowed_origins(config.allowed_origins.iter().cloned())
        .enforce_origin_validation()
        .with_max_request_body_bytes(config.max_body_bytes);
    settings.cancellation_token = stop;
    StreamableHttpService::new(move || Ok(server.clone()), Arc::new(NeverSessionManager::default()), settings)
}
