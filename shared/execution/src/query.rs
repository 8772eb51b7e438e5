//! Reading jobs and events.

use bulkhead_kernel::id::JobId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, Page, PageRequest, Ports};

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
/// [`SqlError`] when it can't be read.
pub async fn get(ports: &Ports, caller: &Caller, id: JobId) -> Result<Option<Job>, SqlError> {
    store::find(ports.sql.as_ref(), caller.organization, id).await
}

/// The caller's organisation's jobs, newest first.
///
/// # Errors
/// [`SqlError`] when they can't be read.
pub async fn list(
    ports: &Ports,
    caller: &Caller,
    filter: &JobFilter,
    page: &PageRequest,
) -> Result<Page<Job>, SqlError> {
    let rows = store::list(ports.sql.as_ref(), caller.organization, filter, page).await?;
    Ok(Page::from_rows(rows, page.limit, |job| job.id.to_string()))
}

/// A job's events, oldest first. A cursor that another collection gave out starts from the beginning.
///
/// # Errors
/// [`SqlError`] when they can't be read.
pub async fn list_events(
    ports: &Ports,
    caller: &Caller,
    job: JobId,
    page: &PageRequest,
) -> Result<Page<Event>, SqlError> {
    let after = page.after.as_ref().and_then(|cursor| cursor.key().parse().ok()).unwrap_or(0);
    let rows = store::list_events(ports.sql.as_ref(), caller.organization, job, after, page.limit).await?;
    Ok(Page::from_rows(rows, page.limit, |event| event.sequence.to_string()))
}
