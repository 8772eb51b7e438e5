//! The MCP endpoint.

use serde::{Deserialize, Serialize};

/// The MCP endpoint.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct McpConfig {
    /// Values of `Host` that are accepted beside the address that is listened on.
    pub allowed_hosts: Vec<String>,
    /// Values of `Origin` that are accepted; browsers send one.
    pub allowed_origins: Vec<String>,
    /// The largest request body: bytes.
    pub max_body_bytes: usize,
    /// Whether a request needs a credential.
    pub authentication: Authentication,
    /// Entries of one page of a list.
    pub page_size: usize,
    /// How long clients may keep a list: milliseconds.
    pub list_ttl_ms: u64,
    /// How long whoever is asked for input may take: seconds.
    pub input_seconds: u64,
    /// How often one call may ask for input.
    pub max_rounds: u32,
    /// How long a call may take before a client that knows tasks gets one instead of waiting: seconds; 0 is at once.
    pub task_after_seconds: u64,
    /// How often such a client should ask how its task is: milliseconds.
    pub task_poll_ms: u64,
    /// Resources that one client may subscribe to.
    pub max_subscriptions: usize,
    /// How long a session of a client older than 2026-07-28 lasts without a request: seconds.
    pub session_idle_seconds: u64,
    /// Sessions of such clients that may be open at once.
    pub max_sessions: usize,
}

impl Default for McpConfig {
    fn default() -> Self {
        Self {
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            max_body_bytes: 4 << 20,
            authentication: Authentication::Required,
            page_size: 250,
            list_ttl_ms: 30_000,
            input_seconds: 600,
            max_rounds: 10,
            task_after_seconds: 10,
            task_poll_ms: 1_000,
            max_subscriptions: 100,
            session_idle_seconds: 300,
            max_sessions: 1_000,
        }
    }
}

/// Whether a request needs a credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Authentication {
    /// It does.
    #[default]
    Required,
    /// Whoever reaches the port acts as the owner. For a machine that nobody else reaches, and only on a loopback address.
    Off,
}
