//! Recording how a job ended.

use bulkhead_kernel::Ports;
use bulkhead_kernel::sql::SqlError;
use serde_json::Value;

use crate::claim::Lease;
use crate::model::{EventLevel, Job, JobError, JobErrorKind, JobStatus, NewEvent, Usage};
use crate::store;

/// How a run ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// With this result.
    Succeeded(Value),
    /// With this error. [`JobErrorKind::Canceled`] makes the job canceled, any other makes it failed.
    Failed(JobError),
}

/// Why an end was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// The lease is not the job's current one any more: somebody else decides how it ended.
    #[error("the lease on the job is stale")]
    StaleLease,
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// A job as it ended, and what is to be recorded of it: once or, when the database is away, again.
#[derive(Clone, Debug)]
pub struct Ended {
    job: Job,
    events: Vec<NewEvent>,
}

impl Ended {
    /// The job as it ends now.
    #[must_use]
    pub fn new(ports: &Ports, mut job: Job, outcome: Outcome, usage: Option<Usage>, mut events: Vec<NewEvent>) -> Self {
        let now = ports.now();
        end(&mut job, outcome);
        job.usage = usage;
        job.finished_at = Some(now);
        events.push(finished_event(&job, now));
        Self { job, events }
    }

    /// Records the end, with the last events and the audit entry, in one atomic write.
    ///
    /// # Errors
    /// [`FinishError::StaleLease`] when the job was taken over meanwhile; nothing is written then.
    pub async fn record(&self, ports: &Ports, lease: &Lease) -> Result<(), FinishError> {
        let Self { job, events } = self;
        let ended_at = job.finished_at.unwrap_or_else(|| ports.now());
        let mut steps =
            vec![store::finish(job, lease.number).expecting(1), store::complete_audit(job, ended_at).into()];
        steps.extend(events.iter().map(|event| store::append_event(job, event).into()));
        match ports.sql.batch(steps).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_unexpected_rows_at(0) => Err(FinishError::StaleLease),
            Err(error) => Err(error.into()),
        }
    }

    /// The job.
    #[must_use]
    pub fn into_job(self) -> Job {
        self.job
    }
}

fn end(job: &mut Job, outcome: Outcome) {
    match outcome {
        Outcome::Succeeded(result) => {
            job.status = JobStatus::Succeeded;
            job.result = Some(result);
        }
        Outcome::Failed(error) => {
            job.status = if error.kind == JobErrorKind::Canceled { JobStatus::Canceled } else { JobStatus::Failed };
            job.error = Some(error);
        }
    }
}

pub(crate) fn finished_event(job: &Job, now: bulkhead_kernel::Timestamp) -> NewEvent {
    let level = if job.status == JobStatus::Failed { EventLevel::Error } else { EventLevel::Info };
    let message = match &job.error {
        // PostgreSQL has no NUL in a text, and a tool may say anything.
        Some(error) => format!("Ended {}: {}", job.status.as_str(), error.message.replace('\0', "\u{fffd}")),
        None => format!("Ended {}", job.status.as_str()),
    };
    NewEvent::info("finished", message, now).at_level(level)
}
