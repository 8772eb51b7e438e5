//! MCP over Streamable HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::McpServer;
use crate::config::McpConfig;

/// The service that is mounted at `/mcp`.
pub type McpHttp = StreamableHttpService<McpServer, LocalSessionManager>;

/// Makes it. Requests of 2026-07-28 and later stand alone, so any process can answer any of them, as plain JSON unless
/// there is something to tell before the end. Older clients get a session in this process, because their servers ask them
/// for input while they wait.
#[must_use]
pub fn mcp_service(server: McpServer, config: &McpConfig, bound: SocketAddr, stop: CancellationToken) -> McpHttp {
    // Only these names reach a server on this machine on purpose; any other Host is a rebound DNS name.
    let mut hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned(), bound.ip().to_string()];
    hosts.extend(config.allowed_hosts.iter().cloned());
    let mut settings = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(true)
        .with_json_response(true)
        .with_allowed_hosts(hosts)
        .with_allowed_origins(own_origins(bound.port()).chain(config.allowed_origins.iter().map(|it| with_port(it))))
        .enforce_origin_validation()
        .with_max_request_body_bytes(config.max_body_bytes);
    settings.cancellation_token = stop;
    let mut sessions = LocalSessionManager::default();
    sessions.session_config.keep_alive = Some(Duration::from_secs(config.session_idle_seconds));
    StreamableHttpService::new(move || Ok(server.for_session()), Arc::new(sessions), settings)
}

/// The origins of pages that this server itself would have sent.
fn own_origins(port: u16) -> impl Iterator<Item = String> {
    ["localhost", "127.0.0.1", "[::1]"].into_iter().map(move |host| format!("http://{host}:{port}"))
}

/// With its scheme's own port, which browsers leave out: without one any port would be accepted.
fn with_port(origin: &str) -> String {
    let implied =
        Url::parse(origin).ok().filter(|url| url.port().is_none()).and_then(|url| url.port_or_known_default());
    implied.map_or_else(|| origin.to_owned(), |port| format!("{origin}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_of_one_port() {
        for (origin, expected) in [
            ("https://console.example", "https://console.example:443"),
            ("http://console.example", "http://console.example:80"),
            ("https://console.example:8443", "https://console.example:8443"),
            ("http://[::1]", "http://[::1]:80"),
        ] {
            assert_eq!(with_port(origin), expected);
        }
    }
}
