//! What a request is served with.

use std::sync::Arc;
use std::time::Duration;

use bulkhead_kernel::Ports;
use bulkhead_kernel::http::HttpClient;

use crate::{HostClient, Variables};

/// Everything that handlers reach: made for each request, kept by nobody. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    /// The database, the time, randomness.
    pub ports: Ports,
    /// The host, which runs jobs.
    pub host: Arc<dyn HostClient>,
    /// Other services, as far as the function may reach them.
    pub http: Arc<dyn HttpClient>,
    /// What the operator has set, secrets among it.
    pub variables: Arc<dyn Variables>,
    /// Whom access tokens must be for.
    pub audience: Audience,
    /// How much a request may ask for.
    pub limits: Limits,
}

/// What of an installation an access token is for (RFC 8707): the part below its public URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The REST interface.
    Rest,
    /// The MCP endpoint.
    Mcp,
}

impl Audience {
    /// As a token names it.
    #[must_use]
    pub fn of(self, public_url: &str) -> String {
        let path = match self {
            Self::Rest => "v1",
            Self::Mcp => "mcp",
        };
        format!("{}/{path}", public_url.trim_end_matches('/'))
    }
}

/// How much a request may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest body that is read: bytes. A longer one is answered with 413.
    pub body_bytes: usize,
    /// How much of a body that is too long is still taken in, and thrown away: bytes. Many clients read no answer
    /// before they have sent everything, and would see a broken connection instead of the 413.
    pub drained_bytes: usize,
    /// The longest that `Prefer: wait` makes a request wait. Whoever asks for more waits this long.
    pub wait: Duration,
}

impl Default for Limits {
    /// 1 MiB of body, 16 MiB drained, 30 seconds of waiting.
    fn default() -> Self {
        Self { body_bytes: 1 << 20, drained_bytes: 16 << 20, wait: Duration::from_secs(30) }
    }
}
