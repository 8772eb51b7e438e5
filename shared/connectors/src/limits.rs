//! What one call may use up: by default, as manifests and configurations write it, and as numbers that are compared.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The limits of one call. Each has a default that suits a tool that computes a little and asks one API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory: bytes.
    pub memory_bytes: usize,
    /// Elements of all tables together.
    pub table_elements: usize,
    /// Instances of core modules that the component consists of.
    pub core_instances: usize,
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
    /// The result's JSON, or that of the faults that the tool finds in its arguments: bytes.
    pub result_bytes: usize,
    /// Outgoing requests.
    pub outbound_requests: u64,
    /// Outgoing requests whose answer is not read to its end.
    pub requests_in_flight: u64,
    /// Bytes of all responses together, headers and bodies: as they come, and again of the bodies as they are when
    /// decompressed.
    pub received_bytes: u64,
    /// Bytes of a decompressed body for each byte of it that came.
    pub decoded_ratio: u64,
    /// Bytes of one response's headers together, and of its trailers; at most 100 of them.
    pub response_header_bytes: u64,
    /// Bytes of all requests together: methods, paths, headers and bodies, without credentials.
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
    /// Bytes of all logged messages together; one that does not fit is dropped and counted.
    pub log_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 64 << 20,
            table_elements: 50_000,
            core_instances: 64,
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
            log_message_bytes: 2 << 10,
            log_bytes: 64 << 10,
        }
    }
}

impl Limits {
    /// What the guest may hand to the host in one go: at least what a result takes in the host's memory that has so many
    /// bytes as its limit allows.
    #[must_use]
    pub fn hostcall_fuel(&self) -> usize {
        self.hostcall_bytes.max(self.result_bytes.saturating_mul(2))
    }

    /// Of each limit the lower one.
    #[must_use]
    pub fn lowest(self, other: Self) -> Self {
        Self {
            memory_bytes: self.memory_bytes.min(other.memory_bytes),
            table_elements: self.table_elements.min(other.table_elements),
            core_instances: self.core_instances.min(other.core_instances),
            resources: self.resources.min(other.resources),
            hostcall_bytes: self.hostcall_bytes.min(other.hostcall_bytes),
            random_bytes: self.random_bytes.min(other.random_bytes),
            argument_bytes: self.argument_bytes.min(other.argument_bytes),
            stderr_bytes: self.stderr_bytes.min(other.stderr_bytes),
            cpu_time: self.cpu_time.min(other.cpu_time),
            wall_time: self.wall_time.min(other.wall_time),
            result_bytes: self.result_bytes.min(other.result_bytes),
            outbound_requests: self.outbound_requests.min(other.outbound_requests),
            requests_in_flight: self.requests_in_flight.min(other.requests_in_flight),
            received_bytes: self.received_bytes.min(other.received_bytes),
            decoded_ratio: self.decoded_ratio.min(other.decoded_ratio),
            response_header_bytes: self.response_header_bytes.min(other.response_header_bytes),
            sent_bytes: self.sent_bytes.min(other.sent_bytes),
            connect_timeout: self.connect_timeout.min(other.connect_timeout),
            first_byte_timeout: self.first_byte_timeout.min(other.first_byte_timeout),
            between_bytes_timeout: self.between_bytes_timeout.min(other.between_bytes_timeout),
            log_events: self.log_events.min(other.log_events),
            log_message_bytes: self.log_message_bytes.min(other.log_message_bytes),
            log_bytes: self.log_bytes.min(other.log_bytes),
        }
    }

    /// Every limit as a number, of which more is more. A new limit that is not named here does not compile.
    #[must_use]
    pub fn amounts(self) -> Vec<Amount> {
        let Self {
            memory_bytes,
            table_elements,
            core_instances,
            resources,
            hostcall_bytes,
            random_bytes,
            argument_bytes,
            stderr_bytes,
            cpu_time,
            wall_time,
            result_bytes,
            outbound_requests,
            requests_in_flight,
            received_bytes,
            decoded_ratio,
            response_header_bytes,
            sent_bytes,
            connect_timeout,
            first_byte_timeout,
            between_bytes_timeout,
            log_events,
            log_message_bytes,
            log_bytes,
        } = self;
        let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let amount = |name, key, amount| Amount { name, key, amount };
        vec![
            amount("memory_bytes", "memory_mib", memory_bytes as u64),
            amount("table_elements", "table_elements", table_elements as u64),
            amount("core_instances", "core_instances", core_instances as u64),
            amount("resources", "resources", resources as u64),
            amount("hostcall_bytes", "hostcall_kib", hostcall_bytes as u64),
            amount("random_bytes", "random_kib", random_bytes),
            amount("argument_bytes", "argument_kib", argument_bytes as u64),
            amount("stderr_bytes", "stderr_kib", stderr_bytes as u64),
            amount("cpu_ms", "cpu_ms", millis(cpu_time)),
            amount("wall_clock_ms", "wall_clock_ms", millis(wall_time)),
            amount("result_bytes", "result_kib", result_bytes as u64),
            amount("outbound_requests", "outbound_requests", outbound_requests),
            amount("requests_in_flight", "requests_in_flight", requests_in_flight),
            amount("received_bytes", "received_kib", received_bytes),
            amount("decoded_ratio", "decoded_ratio", decoded_ratio),
            amount("response_header_bytes", "response_header_kib", response_header_bytes),
            amount("sent_bytes", "sent_kib", sent_bytes),
            amount("connect_ms", "connect_ms", millis(connect_timeout)),
            amount("first_byte_ms", "first_byte_ms", millis(first_byte_timeout)),
            amount("between_bytes_ms", "between_bytes_ms", millis(between_bytes_timeout)),
            amount("log_events", "log_events", log_events as u64),
            amount("log_message_bytes", "log_message_kib", log_message_bytes as u64),
            amount("log_bytes", "log_kib", log_bytes as u64),
        ]
    }
}

/// A limit as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Which limit, in the unit that its name says.
    pub name: &'static str,
    /// The key of [`ManifestLimits`] that sets it.
    pub key: &'static str,
    /// How much.
    pub amount: u64,
}

/// Limits of the manifest, of the operator's configuration or of an organisation. What is absent stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestLimits {
    /// Linear memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u32>,
    /// Elements of tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_elements: Option<u32>,
    /// Instances of core modules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub core_instances: Option<u32>,
    /// Resources of the host, and handles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<u32>,
    /// What is handed to the host in one go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostcall_kib: Option<u32>,
    /// Random bytes at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub random_kib: Option<u32>,
    /// What goes in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argument_kib: Option<u32>,
    /// Standard error that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stderr_kib: Option<u32>,
    /// CPU time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<u64>,
    /// Time from start to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_clock_ms: Option<u64>,
    /// The result's JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_kib: Option<u32>,
    /// Outgoing requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbound_requests: Option<u64>,
    /// Outgoing requests at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_in_flight: Option<u64>,
    /// Responses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_kib: Option<u64>,
    /// How far a compressed body may grow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decoded_ratio: Option<u64>,
    /// Headers of one response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_header_kib: Option<u64>,
    /// Requests' bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_kib: Option<u64>,
    /// Time to connect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_ms: Option<u64>,
    /// Time to a response's headers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_byte_ms: Option<u64>,
    /// Time between two parts of a response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub between_bytes_ms: Option<u64>,
    /// Logged events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_events: Option<usize>,
    /// One logged message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_message_kib: Option<u32>,
    /// All logged messages together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_kib: Option<u32>,
}

impl ManifestLimits {
    /// These limits over the given ones.
    #[must_use]
    pub fn over(self, base: Limits) -> Limits {
        Limits {
            memory_bytes: self.memory_mib.map_or(base.memory_bytes, |mib| shifted(mib, 20)),
            table_elements: self.table_elements.map_or(base.table_elements, |elements| elements as usize),
            core_instances: self.core_instances.map_or(base.core_instances, |instances| instances as usize),
            resources: self.resources.map_or(base.resources, |resources| resources as usize),
            hostcall_bytes: self.hostcall_kib.map_or(base.hostcall_bytes, |kib| shifted(kib, 10)),
            random_bytes: self.random_kib.map_or(base.random_bytes, |kib| u64::from(kib) << 10),
            argument_bytes: self.argument_kib.map_or(base.argument_bytes, |kib| shifted(kib, 10)),
            stderr_bytes: self.stderr_kib.map_or(base.stderr_bytes, |kib| shifted(kib, 10)),
            cpu_time: self.cpu_ms.map_or(base.cpu_time, Duration::from_millis),
            wall_time: self.wall_clock_ms.map_or(base.wall_time, Duration::from_millis),
            result_bytes: self.result_kib.map_or(base.result_bytes, |kib| shifted(kib, 10)),
            outbound_requests: self.outbound_requests.unwrap_or(base.outbound_requests),
            requests_in_flight: self.requests_in_flight.unwrap_or(base.requests_in_flight),
            received_bytes: self.received_kib.map_or(base.received_bytes, |kib| kib.saturating_mul(1024)),
            decoded_ratio: self.decoded_ratio.unwrap_or(base.decoded_ratio),
            response_header_bytes: self
                .response_header_kib
                .map_or(base.response_header_bytes, |kib| kib.saturating_mul(1024)),
            sent_bytes: self.sent_kib.map_or(base.sent_bytes, |kib| kib.saturating_mul(1024)),
            connect_timeout: self.connect_ms.map_or(base.connect_timeout, Duration::from_millis),
            first_byte_timeout: self.first_byte_ms.map_or(base.first_byte_timeout, Duration::from_millis),
            between_bytes_timeout: self.between_bytes_ms.map_or(base.between_bytes_timeout, Duration::from_millis),
            log_events: self.log_events.unwrap_or(base.log_events),
            log_message_bytes: self.log_message_kib.map_or(base.log_message_bytes, |kib| shifted(kib, 10)),
            log_bytes: self.log_kib.map_or(base.log_bytes, |kib| shifted(kib, 10)),
        }
    }
}

/// Bytes of so many mebibytes or kibibytes. Functions have less room for a number than the host.
fn shifted(amount: u32, bits: u32) -> usize {
    usize::try_from(u64::from(amount) << bits).unwrap_or(usize::MAX)
}
