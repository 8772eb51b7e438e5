//! A user's sessions.

use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Denied, Page, PageRequest, Ports};

use super::model::Session;
use super::store;

/// Why they are not told.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The caller's credential is not good for it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// They can't be read.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// The caller's own sessions that go on, in whichever organisation, newest first.
///
/// # Errors
/// [`ListError`].
pub async fn list_sessions(
    ports: &Ports,
    caller: &Caller,
    page: &PageRequest,
    correlation: &CorrelationId,
) -> Result<Page<Session>, ListError> {
    crate::admit_to_own(ports, caller, "session.list", correlation).await?;
    let rows = store::list(ports.sql.as_ref(), caller.user, ports.now(), page).await?;
    Ok(Page::from_rows(rows, page.limit, |session| session.id.to_string()))
}
