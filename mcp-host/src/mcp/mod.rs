//! What MCP clients speak to, over Streamable HTTP and stdio: the tools, prompts and resources of the installed connectors.
//!
//! `handler` is the protocol's methods, `lists` what is listed, `call` one tool call, `read` what is read, `input` asking
//! for more, `tasks` calls that take long, `project` where calls are made, `watch` telling a client what happens meanwhile,
//! `subscriptions` telling it what changes, `session` what an older client sets once, `result` jobs in MCP's terms, `http` the
//! transport.

mod call;
mod handler;
mod http;
mod input;
mod lists;
mod project;
mod read;
mod result;
mod session;
mod subscriptions;
mod tasks;
mod watch;

pub use handler::{Local, LocalError, McpServer};
pub use http::{McpHttp, mcp_service};
