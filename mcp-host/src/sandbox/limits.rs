//! Which limit a call went over.

use serde::Serialize;
use serde_json::{Value, json};

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
    /// [`Limits::log_events`]. No call ends at it.
    LogEvents,
    /// [`Limits::log_bytes`]. No call ends at it.
    LogBytes,
}

impl LimitName {
    /// Whether it limits waiting, which costs nobody anything.
    pub(super) const fn is_of_waiting(self) -> bool {
        matches!(self, Self::WallMs | Self::ConnectMs | Self::FirstByteMs | Self::BetweenBytesMs)
    }
}

/// A call went over a limit and was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("the tool was stopped: {}", self.what())]
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

    /// The same in words, whatever came of it.
    pub(super) fn what(&self) -> String {
        let Self { name, limit, reached } = self;
        let reached = reached.map(|reached| format!(" with {reached}")).unwrap_or_default();
        format!("it exceeded its limit {name:?} of {limit}{reached}")
    }

    /// The same as data: `limit`, its `value`, and what was `reached` or asked for where that is known.
    pub(super) fn details(&self) -> Value {
        let mut details = json!({ "limit": self.name, "value": self.limit });
        if let Some(reached) = self.reached {
            details["reached"] = reached.into();
        }
        details
    }

    /// Of a limit beyond which nothing is counted.
    pub(crate) fn beyond(name: LimitName, limit: impl TryInto<u64>) -> Self {
        Self { name, limit: limit.try_into().unwrap_or(u64::MAX), reached: None }
    }
}
