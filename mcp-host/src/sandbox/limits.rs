//! Which limit a call went over.

use serde::Serialize;

pub use bulkhead_connectors::{Limits, ManifestLimits};

/// Which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitName {
    /// [`Limits::memory_bytes`].
    MemoryBytes,
    /// [`Limits::table_elements`].
    TableElements,
    /// [`Limits::core_instances`].
    CoreInstances,
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

impl LimitName {
    /// Whether it limits waiting, which costs nobody anything.
    pub(super) const fn is_of_waiting(self) -> bool {
        matches!(self, Self::WallMs | Self::ConnectMs | Self::FirstByteMs | Self::BetweenBytesMs)
    }
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
