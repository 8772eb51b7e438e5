//! Jobs without a worker.

use bulkhead_execution::{Ended, FinishError, Job, Lease, NewEvent, Outcome, Usage};
use bulkhead_kernel::Ports;

/// Ends a job and records it, as [`Ended`] does.
///
/// # Errors
/// [`FinishError::StaleLease`] when the job was taken over meanwhile; nothing is written then.
pub async fn finish(
    ports: &Ports,
    job: Job,
    lease: &Lease,
    outcome: Outcome,
    usage: Option<Usage>,
    events: Vec<NewEvent>,
) -> Result<Job, FinishError> {
    let ended = Ended::new(ports, job, outcome, usage, events);
    ended.record(ports, lease).await?;
    Ok(ended.into_job())
}
