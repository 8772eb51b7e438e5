//! What one call may use up.

use std::time::Duration;

use serde::Serialize;

/// The limits of one call. Each has a default that suits a tool that computes a little and asks one API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory: bytes.
    pub memory_bytes: usize,
    /// Elements of all tables together.
    pub table_elements: usize,
    /// Resources of the host that the guest holds at once (streams, pollables, requests, bodies), and as many handles of
    /// the component model.
    pub resources: usize,
    /// What the guest may hand to the host in one go, a result included: bytes in the host's memory.
    pub hostcall_bytes: usize,
    /// Random bytes that the guest may ask for at once.
    pub random_bytes: u64,
    /// What goes in: bytes of the arguments, and of the answers and the state of earlier rounds.
    pub argument_bytes: usize,
    /// Bytes of the guest's standard error that are kept, to tell why it trapped; more are dropped. Of its standard
    /// output nothing is kept.
    pub stderr_bytes: usize,
    /// Time in which the guest computes.
    pub cpu_time: Duration,
    /// Time from start to end.
    pub wall_time: Duration,
    /// The result's JSON: bytes.
    pub result_bytes: usize,
    /// Outgoing requests.
    pub outbound_requests: u64,
    /// Outgoing requests whose answer is not read to its end.
    pub requests_in_flight: u64,
    /// Bytes of all response bodies together: as they come, and again as they are when decompressed.
    pub received_bytes: u64,
    /// Bytes of a decompressed body for each byte of it that came.
    pub decoded_ratio: u64,
    /// Bytes of one response's headers together, and of its trailers; at most 100 of them.
    pub response_header_bytes: u64,
    /// Bytes of all request bodies together.
    pub sent_bytes: u64,
    /// Time to look up a host, connect to it and agree on TLS.
    pub connect_timeout: Duration,
    /// Time from the connection to the end of a response's headers.
    pub first_byte_timeout: Duration,
    /// Time in which some more of a response's body must come.
    pub between_bytes_timeout: Duration,
    /// Events that the guest may log; more are dropped and counted.
    pub log_events: usize,
    /// Bytes of one logged message; more are cut.
    pub log_message_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 64 << 20,
            table_elements: 50_000,
            resources: 1000,
            hostcall_bytes: 8 << 20,
            random_bytes: 1 << 20,
            argument_bytes: 1 << 20,
            stderr_bytes: 4 << 10,
            cpu_time: Duration::from_secs(2),
            wall_time: Duration::from_secs(30),
            result_bytes: 1 << 20,
            outbound_requests: 50,
            requests_in_flight: 8,
            received_bytes: 16 << 20,
            decoded_ratio: 100,
            response_header_bytes: 64 << 10,
            sent_bytes: 4 << 20,
            connect_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_secs(30),
            between_bytes_timeout: Duration::from_secs(30),
            log_events: 100,
            log_message_bytes: 2048,
        }
    }
}

impl Limits {
    /// What the guest may hand to the host in one go: at least what a result takes in the host's memory that has so many
    /// bytes as its limit allows.
    pub(crate) fn hostcall_fuel(&self) -> usize {
        self.hostcall_bytes.max(self.result_bytes.saturating_mul(2))
    }
}

/// Which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitName {
    /// [`Limits::memory_bytes`].
    MemoryBytes,
    /// [`Limits::table_elements`].
    TableElements,
    /// [`Limits::resources`].
    Resources,
    /// [`Limits::hostcall_bytes`].
    HostcallBytes,
    /// [`Limits::random_bytes`].
    RandomBytes,
    /// [`Limits::argument_bytes`].
    ArgumentBytes,
    /// [`Limits::cpu_time`], in milliseconds.
    CpuMs,
    /// [`Limits::wall_time`], in milliseconds.
    WallMs,
    /// [`Limits::result_bytes`].
    ResultBytes,
    /// [`Limits::outbound_requests`].
    OutboundRequests,
    /// [`Limits::requests_in_flight`].
    RequestsInFlight,
    /// [`Limits::received_bytes`].
    ReceivedBytes,
    /// [`Limits::decoded_ratio`].
    DecodedRatio,
    /// [`Limits::response_header_bytes`].
    ResponseHeaderBytes,
    /// [`Limits::sent_bytes`].
    SentBytes,
    /// [`Limits::connect_timeout`], in milliseconds.
    ConnectMs,
    /// [`Limits::first_byte_timeout`], in milliseconds.
    FirstByteMs,
    /// [`Limits::between_bytes_timeout`], in milliseconds.
    BetweenBytesMs,
    /// The stack of calls inside the guest.
    Stack,
}

/// A call went over a limit and was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("the tool was stopped: it exceeded its limit {name:?} of {limit}{}", reached.map(|n| format!(" with {n}")).unwrap_or_default())]
pub struct LimitExceeded {
    /// Which limit.
    pub name: LimitName,
    /// Its value, in the unit that its name says; 0 where the engine sets it.
    pub limit: u64,
    /// What was reached or asked for, in the same unit; `None` where counting ends at the limit.
    pub reached: Option<u64>,
}

impl LimitExceeded {
    /// Of a limit in units that this counts.
    pub(crate) fn with<L: TryInto<u64>, R: TryInto<u64>>(name: LimitName, limit: L, reached: R) -> Self {
        let reached = Some(reached.try_into().unwrap_or(u64::MAX));
        Self { name, limit: limit.try_into().unwrap_or(u64::MAX), reached }
    }

    /// Of a limit beyond which nothing is counted.
    pub(crate) fn beyond(name: LimitName, limit: impl TryInto<u64>) -> Self {
        Self { name, limit: limit.try_into().unwrap_or(u64::MAX), reached: None }
    }
}
