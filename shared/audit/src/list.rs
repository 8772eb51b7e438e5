//! Reading the trail.

use bulkhead_kernel::{Caller, Page, PageRequest, Permission, Ports};

use crate::act::AdmitError;
use crate::model::{AuditEvent, Outcome};
use crate::store;

/// Which entries; all when empty.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Of this action.
    pub action: Option<String>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// Of this job.
    pub job: Option<bulkhead_kernel::id::JobId>,
    /// Of this request.
    pub correlation_id: Option<String>,
}

/// The caller's organisation's entries, newest first.
///
/// # Errors
/// [`AdmitError`] when the caller may not, which whoever answers the caller records, or they can't be read.
pub async fn list(
    ports: &Ports,
    caller: &Caller,
    filter: &AuditFilter,
    page: &PageRequest,
) -> Result<Page<AuditEvent>, AdmitError> {
    caller.may(Permission::ReadAudit)?;
    let rows = store::list(ports.sql.as_ref(), caller.organization, filter, page).await?;
    Ok(Page::from_rows(rows, page.limit, |event| event.id.to_string()))
}
