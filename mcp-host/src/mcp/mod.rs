//! What MCP clients speak to: tools of the installed connectors, over Streamable HTTP and stdio.

mod handler;
mod http;
mod result;

pub use handler::McpServer;
pub use http::{McpHttp, mcp_service};
