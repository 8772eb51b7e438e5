//! Calling a job off.

use bulkhead_audit::{Act, AdmitError, AuditEvent, Outcome, Target};
use bulkhead_kernel::id::JobId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Permission, Ports};

use crate::finish::finished_event;
use crate::model::{EventLevel, Job, JobError, JobErrorKind, JobStatus, NewEvent};
use crate::store;

/// What asking for a cancellation did.
#[derive(Clone, Debug)]
pub enum CancelOutcome {
    /// It had not started; it is canceled.
    Canceled(Job),
    /// It runs; its worker has been asked to stop it.
    Requested(Job),
    /// It had ended before.
    AlreadyEnded(Job),
}

/// Cancels a job of the caller's organisation; `None` when there is none of this id. What it changes is an audit
/// entry of its own, beside the job's: whoever canceled may not be who called.
///
/// # Errors
/// [`AdmitError`] when the caller may not, or the database refuses.
pub async fn cancel(
    ports: &Ports,
    caller: &Caller,
    id: JobId,
    correlation: &CorrelationId,
) -> Result<Option<CancelOutcome>, AdmitError> {
    let target = Target::new("job", id);
    Act::new(ports, caller, "job.cancel", target.clone(), correlation).admit(Permission::CancelJobs).await?;
    let mut audit = AuditEvent::pending(ports, caller, "job.cancel", target, correlation).ended(Outcome::Succeeded);
    audit.job = Some(id);
    // A job may start or end between reading and writing it. It moves forward only, so two repeats are enough.
    for _ in 0..3 {
        let Some(job) = store::find(ports.sql.as_ref(), caller.organization, id).await? else {
            return Ok(None);
        };
        let tried = match job.status {
            JobStatus::Queued => cancel_queued(ports, job, &audit).await,
            JobStatus::Running if job.cancel_requested_at.is_some() => Ok(CancelOutcome::Requested(job)),
            JobStatus::Running => request(ports, job, &audit).await,
            _ => Ok(CancelOutcome::AlreadyEnded(job)),
        };
        match tried {
            Err(error) if error.is_unexpected_rows_at(0) => {}
            other => return Ok(other.map(Some)?),
        }
    }
    Err(SqlError::Unavailable("the job kept changing while it was being canceled".to_owned()).into())
}

async fn cancel_queued(ports: &Ports, mut job: Job, audit: &AuditEvent) -> Result<CancelOutcome, SqlError> {
    let now = ports.now();
    job.status = JobStatus::Canceled;
    job.error = Some(JobError::new(JobErrorKind::Canceled, "canceled before it started"));
    job.finished_at = Some(now);
    let steps = vec![
        store::end_queued(&job).expecting(1),
        store::append_event(&job, &finished_event(&job, now)).into(),
        store::complete_audit(&job, now).into(),
        bulkhead_audit::begin(audit).into(),
    ];
    ports.sql.batch(steps).await?;
    Ok(CancelOutcome::Canceled(job))
}

async fn request(ports: &Ports, mut job: Job, audit: &AuditEvent) -> Result<CancelOutcome, SqlError> {
    let now = ports.now();
    job.cancel_requested_at = Some(now);
    let event = NewEvent::info("cancel_requested", "Cancellation requested", now).at_level(EventLevel::Warn);
    let steps = vec![
        store::request_cancel(&job, now).expecting(1),
        store::append_event(&job, &event).into(),
        bulkhead_audit::begin(audit).into(),
    ];
    ports.sql.batch(steps).await?;
    Ok(CancelOutcome::Requested(job))
}
