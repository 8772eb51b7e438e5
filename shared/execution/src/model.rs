//! Jobs and events.

use std::collections::BTreeMap;

use bulkhead_kernel::Timestamp;
use bulkhead_kernel::id::{AuditEventId, JobId, OrganizationId, ProjectId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::round::Round;

/// Where a job is in its life: queued → running → succeeded | failed | canceled. A canceled job may never have run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobStatus {
    /// Recorded, not yet claimed.
    Queued,
    /// A worker holds its lease.
    Running,
    /// It has a result.
    Succeeded,
    /// It has an error.
    Failed,
    /// It was called off.
    Canceled,
}

impl JobStatus {
    /// The name in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    /// Whether nothing more will happen to the job.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Canceled)
    }
}

impl std::str::FromStr for JobStatus {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Queued, Self::Running, Self::Succeeded, Self::Failed, Self::Canceled]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or(())
    }
}

/// What kind of failure ended a job. Callers may act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobErrorKind {
    /// The tool found the arguments wrong, though they met the schema.
    InvalidArguments,
    /// The service behind the connector refused or failed.
    Upstream,
    /// The tool gave up, in its own words.
    ToolFailed,
    /// The connector has nothing of that name.
    NotFound,
    /// The tool's component trapped.
    Trap,
    /// The tool's answer is not what the contract demands.
    InvalidOutput,
    /// A limit of the sandbox was exceeded; the details name it.
    LimitExceeded,
    /// A credential that the connector can't work without has no value.
    CredentialMissing,
    /// A credential's value can't be used.
    CredentialInvalid,
    /// The connected account that the call would act with is not accepted any more; the details say how to connect it again.
    ConnectionExpired,
    /// The service sent a credential back. The answer was withheld from the tool.
    CredentialEchoed,
    /// The connector is not installed any more, or can't be started.
    ConnectorUnavailable,
    /// The job was called off.
    Canceled,
    /// The organisation does not allow the tool any more.
    ToolRestricted,
    /// The worker died while a call that may have changed something was under way. Look before trying again.
    OutcomeUnknown,
    /// The worker died, more often than a job is tried.
    WorkerLost,
}

impl JobErrorKind {
    /// The name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArguments => "invalid_arguments",
            Self::Upstream => "upstream",
            Self::ToolFailed => "tool_failed",
            Self::NotFound => "not_found",
            Self::Trap => "trap",
            Self::InvalidOutput => "invalid_output",
            Self::LimitExceeded => "limit_exceeded",
            Self::CredentialMissing => "credential_missing",
            Self::CredentialInvalid => "credential_invalid",
            Self::ConnectionExpired => "connection_expired",
            Self::CredentialEchoed => "credential_echoed",
            Self::ConnectorUnavailable => "connector_unavailable",
            Self::Canceled => "canceled",
            Self::ToolRestricted => "tool_restricted",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::WorkerLost => "worker_lost",
        }
    }
}

/// Why a job did not succeed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobError {
    /// The kind of failure.
    #[serde(rename = "type")]
    pub kind: JobErrorKind,
    /// What happened and what to do, for a person.
    pub message: String,
    /// Machine-readable details: the faults of the arguments, the limit that was exceeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}

impl JobError {
    /// An error without details.
    #[must_use]
    pub fn new(kind: JobErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), details: None }
    }

    /// The same with details.
    #[must_use]
    pub fn with_details(self, details: Value) -> Self {
        Self { details: Some(details), ..self }
    }
}

/// What a run cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Time in which the guest, or the host on its behalf, computed: microseconds.
    pub cpu_us: u64,
    /// Time from the start of the run to its end: microseconds.
    pub wall_us: u64,
    /// The most linear memory that the instance had: bytes.
    pub peak_memory_bytes: u64,
    /// Outgoing HTTP requests.
    pub outbound_requests: u64,
    /// Bytes of outgoing requests: methods, paths, headers and bodies, without credentials.
    pub bytes_sent: u64,
    /// Bytes of responses: headers and bodies.
    pub bytes_received: u64,
}

/// A job.
#[derive(Clone, Debug, Serialize)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// The tenant.
    #[serde(skip)]
    pub organization: OrganizationId,
    /// Who asked for it.
    pub user: UserId,
    /// The project whose connected accounts it may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// The connector's slug.
    pub connector: String,
    /// The tool's name.
    pub tool: String,
    /// The component that it was recorded for; from its start the one that it runs in.
    pub connector_digest: String,
    /// Whether the tool says that it changes nothing, so that it may be run again.
    #[serde(skip)]
    pub read_only: bool,
    /// Where it is.
    pub status: JobStatus,
    /// The arguments: an object.
    pub arguments: Value,
    /// What it brought along from earlier rounds of the same call.
    #[serde(skip_serializing_if = "Round::is_default")]
    pub round: Round,
    /// The job whose questions it brings the answers to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continues: Option<JobId>,
    /// The result: `structuredContent` and `content` as in MCP's `CallToolResult`; or `resultType` `input_required` with
    /// what has to be asked before the same call can be made again.
    pub result: Option<Value>,
    /// Answers to some of the questions in its result, kept until there are all of them.
    #[serde(skip)]
    pub answers: BTreeMap<String, Value>,
    /// Why it did not succeed.
    pub error: Option<JobError>,
    /// What the run cost.
    pub usage: Option<Usage>,
    /// How often it was claimed.
    pub attempts: i64,
    /// The request that it came with.
    pub correlation_id: String,
    /// Its audit entry.
    #[serde(skip)]
    pub audit_event: AuditEventId,
    /// The current or last lease.
    #[serde(skip)]
    pub lease_number: i64,
    /// SHA-256 over connector, tool and arguments: whether an idempotency key is used for the same call. Empty without
    /// a key.
    #[serde(skip)]
    pub request_hash: String,
    /// When its cancellation was asked for while it ran.
    pub cancel_requested_at: Option<Timestamp>,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it was first claimed.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// How much an event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventLevel {
    /// As expected.
    Info,
    /// Worth a look.
    Warn,
    /// Wrong.
    Error,
}

impl EventLevel {
    /// The name in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

impl std::str::FromStr for EventLevel {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Info, Self::Warn, Self::Error].into_iter().find(|level| level.as_str() == text).ok_or(())
    }
}

/// Something that happened to a job.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// Which event of its job it is, from 1.
    pub sequence: i64,
    /// How much it matters.
    pub level: EventLevel,
    /// `queued`, `started`, `log`, `progress`, `outbound`, `limit_exceeded`, `retrying`, `cancel_requested`, `finished`.
    pub kind: String,
    /// For a person.
    pub message: String,
    /// For a machine.
    pub data: Option<Value>,
    /// When it happened.
    pub created_at: Timestamp,
}

/// An event that is not yet recorded.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// How much it matters.
    pub level: EventLevel,
    /// See [`Event::kind`].
    pub kind: &'static str,
    /// For a person.
    pub message: String,
    /// For a machine.
    pub data: Option<Value>,
    /// When it happened.
    pub at: Timestamp,
}

impl NewEvent {
    /// An event as expected.
    #[must_use]
    pub fn info(kind: &'static str, message: impl Into<String>, at: Timestamp) -> Self {
        Self { level: EventLevel::Info, kind, message: message.into(), data: None, at }
    }

    /// The same at another level.
    #[must_use]
    pub fn at_level(self, level: EventLevel) -> Self {
        Self { level, ..self }
    }

    /// The same with data.
    #[must_use]
    pub fn with_data(self, data: Value) -> Self {
        Self { data: Some(data), ..self }
    }
}
