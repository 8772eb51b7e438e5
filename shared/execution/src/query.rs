//! Reading jobs and events.

use bulkhead_audit::{Act, AdmitError, Target};
use bulkhead_kernel::id::JobId;
use bulkhead_kernel::{Caller, CorrelationId, Page, PageRequest, Permission, Ports};

use crate::model::{Event, Job, JobStatus};
use crate::store;

/// Which jobs; all when empty.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// In this state.
    pub status: Option<JobStatus>,
    /// Of this connector.
    pub connector: Option<String>,
    /// Of this tool.
    pub tool: Option<String>,
    /// Of this request.
    pub correlation_id: Option<String>,
}

/// A job of the caller's organisation.
///
/// # Errors
/// [`AdmitError`] when the caller may not, or it can't be read.
pub async fn get(
    ports: &Ports,
    caller: &Caller,
    id: JobId,
    correlation: &CorrelationId,
) -> Result<Option<Job>, AdmitError> {
    Act::new(ports, caller, "job.read", Target::new("job", id), correlation).admit(Permission::ReadJobs).await?;
    Ok(store::find(ports.sql.as_ref(), caller.organization, id).await?)
}

/// The caller's organisation's jobs, newest first.
///
/// # Errors
/// [`AdmitError`] when the caller may not, or they can't be read.
pub async fn list(
    ports: &Ports,
    caller: &Caller,
    filter: &JobFilter,
    page: &PageRequest,
    correlation: &CorrelationId,
) -> Result<Page<Job>, AdmitError> {
    let target = Target::new("organization", caller.organization);
    Act::new(ports, caller, "job.list", target, correlation).admit(Permission::ReadJobs).await?;
    let rows = store::list(ports.sql.as_ref(), caller.organization, filter, page).await?;
    Ok(Page::from_rows(rows, page.limit, |job| job.id.to_string()))
}

/// A job's events, oldest first. A cursor that another collection gave out starts from the beginning.
///
/// # Errors
/// [`AdmitError`] when the caller may not, or they can't be read.
pub async fn list_events(
    ports: &Ports,
    caller: &Caller,
    job: JobId,
    page: &PageRequest,
    correlation: &CorrelationId,
) -> Result<Page<Event>, AdmitError> {
    Act::new(ports, caller, "job.list_events", Target::new("job", job), correlation)
        .admit(Permission::ReadJobs)
        .await?;
    let after = page.after.as_ref().and_then(|cursor| cursor.key().parse().ok()).unwrap_or(0);
    let rows = store::list_events(ports.sql.as_ref(), caller.organization, job, after, page.limit).await?;
    Ok(Page::from_rows(rows, page.limit, |event| event.sequence.to_string()))
}
