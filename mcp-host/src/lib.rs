//! The native MCP host.
//!
//! `auth` finds out who calls, `sandbox` runs connector tools, `worker` runs jobs, `lifecycle` installs and replaces
//! connectors, `registry` pulls and pushes them, `vault` has the keys to secrets, `mcp` speaks to MCP clients, `edge`
//! serves the Spin functions in-process, `http` puts all of it on one port, `commands` is what the binary can be told to do.

mod auth;
pub mod commands;
pub mod compile_cache;
pub mod config;
pub mod connections;
pub mod data_dir;
pub mod edge;
mod epochs;
pub mod http;
pub mod lifecycle;
mod mail;
pub mod mcp;
pub mod observability;
mod private_file;
mod registry;
pub mod sandbox;
pub mod vault;
pub mod worker;
