//! How long things last, and how large they may be. How often they may be tried is one of identity's credential limits.

use std::time::Duration;

/// The limits of the authorization server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whether strangers may register clients (RFC 7591).
    pub registration: bool,
    /// How long a registered client lasts that was never used.
    pub unused_client: Duration,
    /// The most redirect URIs of a client.
    pub redirect_uris: usize,
    /// The most characters of a client's name.
    pub name_characters: usize,
    /// The longest URL of a client: bytes.
    pub uri_bytes: usize,
    /// The least and the most that a copy of a client's metadata document is used before it is asked for again, whatever its
    /// server says.
    pub document_cache: (Duration, Duration),
    /// How long an authorization code is good.
    pub code: Duration,
    /// How long a device code is good.
    pub device_code: Duration,
    /// How long a device waits between two requests, and how much longer each time that it did not.
    pub device_interval: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        const MINUTE: u64 = 60;
        const DAY: u64 = 24 * 60 * MINUTE;
        Self {
            registration: true,
            unused_client: Duration::from_secs(DAY),
            redirect_uris: 10,
            name_characters: 100,
            uri_bytes: 2048,
            document_cache: (Duration::from_secs(5 * MINUTE), Duration::from_secs(DAY)),
            code: Duration::from_secs(60),
            device_code: Duration::from_secs(10 * MINUTE),
            device_interval: Duration::from_secs(5),
        }
    }
}
