//! Reading connections.

use bulkhead_identity::project_role;
use bulkhead_kernel::id::ConnectionId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, Page, PageRequest, Ports};

use crate::model::{Connection, Owner};
use crate::state::Status;
use crate::store;

/// Why nothing is done with a connection.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// There is none of this id that the caller may know of.
    #[error("there is no such connection")]
    Unknown,
    /// It belongs to somebody else. That is recorded.
    #[error("this connection is another user's, or a project's, which the organization's admins look after")]
    InsufficientRole,
    /// The access token may not change anything. That is recorded.
    #[error("the access token lacks the scope {0}")]
    InsufficientScope(String),
    /// It was disconnected, or is not one by OAuth 2: a new one has to be made.
    #[error("this connection can't be connected again; make a new one")]
    NotReconnectable,
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// The connections that the caller may know of, newest first.
///
/// # Errors
/// [`SqlError`] when they can't be read.
pub async fn list(
    ports: &Ports,
    caller: &Caller,
    connector: Option<&str>,
    status: Option<Status>,
    page: &PageRequest,
) -> Result<Page<Connection>, SqlError> {
    store::list(ports.sql.as_ref(), caller, connector, status, page).await
}

/// One of them.
///
/// # Errors
/// [`FindError::Unknown`], also for another user's and another tenant's, and [`FindError::Sql`].
pub async fn find(ports: &Ports, caller: &Caller, id: ConnectionId) -> Result<Connection, FindError> {
    visible(ports, caller, id).await
}

/// Their own, those of projects in which they have a role, and an admin any.
pub(crate) async fn visible(ports: &Ports, caller: &Caller, id: ConnectionId) -> Result<Connection, FindError> {
    let found = store::find(ports.sql.as_ref(), caller.organization, id).await?.ok_or(FindError::Unknown)?;
    let is_visible = match found.owner {
        _ if caller.role.administers() => true,
        Owner::User(user) => user == caller.user,
        Owner::Project(project) => project_role(ports, caller, project).await?.is_some(),
    };
    if is_visible { Ok(found) } else { Err(FindError::Unknown) }
}
