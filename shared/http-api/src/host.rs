//! The host, as functions see it.

use std::time::Duration;

use async_trait::async_trait;
use bulkhead_kernel::CorrelationId;
use bulkhead_kernel::id::JobId;

/// What the host says about a job that it was asked to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunReply {
    /// It ended within the time.
    Ended,
    /// It had not ended by then, and goes on.
    StillRunning,
}

/// Why the host did not do what it was asked. The job stays as it is recorded, and the host finds it by itself, so
/// none of these is a reason to refuse a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Functions have no key for the host, so they don't call it.
    #[error("no key for the host is configured")]
    NotConfigured,
    /// It can't be reached, or gave no answer.
    #[error("the host can't be reached: {0}")]
    Unreachable(String),
    /// It answered with a status that means no.
    #[error("the host answered with status {0}")]
    Refused(u16),
}

/// A document that the host got from wherever a stranger said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedDocument {
    /// It.
    pub text: String,
    /// How long its server says that it may be kept.
    pub max_age: Option<Duration>,
}

/// The host, which runs jobs.
#[async_trait]
pub trait HostClient: Send + Sync {
    /// Asks it to run a queued job now, and waits up to `wait` for the end.
    async fn run(&self, job: JobId, wait: Duration, correlation: &CorrelationId) -> Result<RunReply, HostError>;

    /// Tells it that a running job's cancellation was requested, so that it need not find out at its next heartbeat.
    async fn cancel(&self, job: JobId, correlation: &CorrelationId) -> Result<(), HostError>;

    /// Asks it for the metadata document of an OAuth client, at an https URL that a stranger has chosen: the host alone checks
    /// addresses. `Refused(422)` when there is no such document. Whoever needs none of this leaves it out.
    async fn fetch_client_metadata(&self, _: &str, _: &CorrelationId) -> Result<FetchedDocument, HostError> {
        Err(HostError::NotConfigured)
    }
}
