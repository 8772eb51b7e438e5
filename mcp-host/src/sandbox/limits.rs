//! What one call may use up.

use std::time::Duration;

use serde::Serialize;

/// The limits of one call. Each has a default that suits a tool that computes a little and asks one API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory: bytes.
    pub memory_bytes: usize,
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

/// Which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitName {
    /// [`Limits::memory_bytes`].
    MemoryBytes,
    /// Elements of a table, which a guest may grow like memory.
    TableElements,
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
#[error("the tool was stopped: it exceeded its limit {name:?} of {limit}")]
pub struct LimitExceeded {
    /// Which limit.
    pub name: LimitName,
    /// Its value, in the unit that its name says; 0 where the engine sets it.
    pub limit: u64,
}

/// A table of this many elements is larger than any toolchain makes.
const MAX_TABLE_ELEMENTS: usize = 100_000;

/// Enforces the limits on memory and tables as a guest grows them, and remembers the peak.
#[derive(Debug)]
pub(crate) struct MemoryLimiter {
    limit: usize,
    pub(crate) current: usize,
    pub(crate) peak: usize,
}

impl MemoryLimiter {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, current: 0, peak: 0 }
    }
}

impl wasmtime::ResourceLimiter for MemoryLimiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        // A component may have several memories: what counts is their sum.
        let total = self.current.saturating_sub(current).saturating_add(desired);
        if total > self.limit {
            let limit = self.limit as u64;
            return Err(LimitExceeded { name: LimitName::MemoryBytes, limit }.into());
        }
        self.current = total;
        self.peak = self.peak.max(total);
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > MAX_TABLE_ELEMENTS {
            let limit = MAX_TABLE_ELEMENTS as u64;
            return Err(LimitExceeded { name: LimitName::TableElements, limit }.into());
        }
        Ok(true)
    }
}
