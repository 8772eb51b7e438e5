//! Settings of connected accounts.

use std::path::PathBuf;
use std::time::Duration;

use bulkhead_kernel::http::HttpLimits;
use serde::{Deserialize, Serialize};

/// Connected accounts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectionsConfig {
    /// The file of OAuth clients; none when absent.
    pub clients_file: Option<PathBuf>,
    /// How long before its end a token is refreshed: seconds.
    pub refresh_ahead_seconds: u64,
    /// How long one process may be at a refresh before another takes it over: seconds.
    pub refresh_lease_seconds: u64,
    /// How long a call waits for a refresh: seconds.
    pub refresh_wait_seconds: u64,
    /// How old a token is at least that is refreshed because a service refuses it: seconds.
    pub refused_refresh_seconds: u64,
    /// Time for a request to a provider: milliseconds.
    pub request_ms: u64,
    /// The longest answer of a provider: bytes.
    pub max_answer_bytes: usize,
    /// How often disconnected accounts are looked for, to revoke their tokens: milliseconds.
    pub cleanup_poll_ms: u64,
    /// How often revoking is tried before the tokens are removed all the same.
    pub revoke_attempts: u32,
}

impl Default for ConnectionsConfig {
    fn default() -> Self {
        Self {
            clients_file: None,
            refresh_ahead_seconds: 60,
            refresh_lease_seconds: 30,
            refresh_wait_seconds: 20,
            refused_refresh_seconds: 60,
            request_ms: 10_000,
            max_answer_bytes: 64 << 10,
            cleanup_poll_ms: 2_000,
            revoke_attempts: 10,
        }
    }
}

impl ConnectionsConfig {
    pub(crate) fn http_limits(&self) -> HttpLimits {
        HttpLimits { body_bytes: self.max_answer_bytes, time: Duration::from_millis(self.request_ms) }
    }

    pub(super) fn limits(&self) -> [(&'static str, u64); 6] {
        [
            ("connections.refresh_lease_seconds", self.refresh_lease_seconds),
            ("connections.refresh_wait_seconds", self.refresh_wait_seconds),
            ("connections.request_ms", self.request_ms),
            ("connections.max_answer_bytes", self.max_answer_bytes as u64),
            ("connections.cleanup_poll_ms", self.cleanup_poll_ms),
            ("connections.revoke_attempts", u64::from(self.revoke_attempts)),
        ]
    }
}
