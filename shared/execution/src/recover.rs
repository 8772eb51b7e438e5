//! Taking up what a dead worker left.

use bulkhead_kernel::Ports;
use bulkhead_kernel::id::JobId;
use bulkhead_kernel::sql::SqlError;

use crate::finish::finished_event;
use crate::model::{EventLevel, Job, JobError, JobErrorKind, JobStatus, NewEvent};
use crate::store;

/// Which running jobs are abandoned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abandoned {
    /// Those whose lease has expired.
    Expired,
    /// All of them: the caller knows that no other worker is alive, because it holds the data directory's lock.
    All,
}

/// What was done about them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// These wait for a worker again.
    pub requeued: Vec<JobId>,
    /// These failed.
    pub failed: Vec<JobId>,
}

/// Puts abandoned jobs back into the queue when running them again is harmless, and ends the others.
///
/// A tool that only reads is tried up to `max_attempts` times. One that may have changed something is never run
/// again: whether it did is unknown, and the job says so.
///
/// # Errors
/// [`SqlError`] when the database refuses; what was done before stays done.
pub async fn recover(ports: &Ports, which: Abandoned, max_attempts: i64) -> Result<Recovered, SqlError> {
    let mut recovered = Recovered::default();
    for job in store::abandoned(ports.sql.as_ref(), which, ports.now()).await? {
        let id = job.id;
        let requeue = job.read_only && job.attempts < max_attempts && job.cancel_requested_at.is_none();
        let done = if requeue { put_back(ports, job).await } else { give_up(ports, job).await };
        match done {
            Ok(()) if requeue => recovered.requeued.push(id),
            Ok(()) => recovered.failed.push(id),
            // Somebody else was quicker, or the worker was alive after all.
            Err(error) if error.is_unexpected_rows_at(0) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(recovered)
}

async fn put_back(ports: &Ports, job: Job) -> Result<(), SqlError> {
    let now = ports.now();
    let message = format!("The worker was lost in attempt {}; the job is queued again", job.attempts);
    let event = NewEvent::info("retrying", message, now).at_level(EventLevel::Warn);
    let steps = vec![store::requeue(&job).expecting(1), store::append_event(&job, &event).into()];
    ports.sql.batch(steps).await.map(|_| ())
}

async fn give_up(ports: &Ports, mut job: Job) -> Result<(), SqlError> {
    let now = ports.now();
    let lease_number = job.lease_number;
    let error = if job.cancel_requested_at.is_some() && job.read_only {
        JobError::new(JobErrorKind::Canceled, "canceled; the worker was lost before it could stop the tool")
    } else if job.read_only {
        let message = format!("the worker was lost in each of {} attempts", job.attempts);
        JobError::new(JobErrorKind::WorkerLost, message)
    } else {
        JobError::new(
            JobErrorKind::OutcomeUnknown,
            "the worker was lost while the tool ran, and the tool may have changed something: look before you try again",
        )
    };
    job.status = if error.kind == JobErrorKind::Canceled { JobStatus::Canceled } else { JobStatus::Failed };
    job.error = Some(error);
    job.finished_at = Some(now);
    // The number moves on, so that the lost worker, should it live, can't write over this.
    job.lease_number += 1;
    let steps = vec![
        store::finish(&job, lease_number).expecting(1),
        store::append_event(&job, &finished_event(&job, now)).into(),
        store::complete_audit(&job, now).into(),
    ];
    ports.sql.batch(steps).await.map(|_| ())
}
