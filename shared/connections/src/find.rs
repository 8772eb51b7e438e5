//! Reading connections.

use bulkhead_audit::{Act, AdmitError, Target};
use bulkhead_identity::{CredentialEnded, project_role};
use bulkhead_kernel::id::ConnectionId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Denied, Page, PageRequest, Permission, Ports};

use crate::model::{Connection, Owner, target};
use crate::state::Status;
use crate::store;

/// Why nothing is done with a connection.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// There is none of this id that the caller may know of.
    #[error("there is no such connection")]
    Unknown,
    /// The caller may not. That is recorded.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// It is another user's, who alone connects it again. That is recorded.
    #[error("this connection is another user's, who alone connects it again")]
    Others,
    /// The access token may not change anything. That is recorded.
    #[error("the access token lacks the scope {0}")]
    InsufficientScope(String),
    /// What was to connect it again has ended since the request came in.
    #[error(transparent)]
    CredentialEnded(#[from] CredentialEnded),
    /// It was disconnected, or is not one by OAuth 2: a new one has to be made.
    #[error("this connection can't be connected again; make a new one")]
    NotReconnectable,
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

bulkhead_audit::from_admit!(FindError);

/// The connections that the caller may know of, newest first: everybody's, where both the role and the credential allow that.
///
/// # Errors
/// [`AdmitError`] when the caller may not, or they can't be read.
pub async fn list(
    ports: &Ports,
    caller: &Caller,
    connector: Option<&str>,
    status: Option<Status>,
    page: &PageRequest,
    correlation: &CorrelationId,
) -> Result<Page<Connection>, AdmitError> {
    let target = Target::new("organization", caller.organization);
    Act::new(ports, caller, "connection.list", target, correlation).admit(Permission::ReadConnections).await?;
    Ok(store::list(ports.sql.as_ref(), caller, connector, status, page).await?)
}

/// One of them.
///
/// # Errors
/// [`FindError::Denied`], [`FindError::Unknown`], also for another user's and another tenant's, and [`FindError::Sql`].
pub async fn find(
    ports: &Ports,
    caller: &Caller,
    id: ConnectionId,
    correlation: &CorrelationId,
) -> Result<Connection, FindError> {
    let act = Act::new(ports, caller, "connection.read", target(id), correlation);
    act.admit(Permission::ReadConnections).await?;
    let found = visible(ports, caller, id).await?;
    if matches!(found.owner, Owner::User(user) if user != caller.user) {
        act.admit(Permission::AdministerConnections).await?;
    }
    Ok(found)
}

/// Their own, those of projects in which they have a role, and an admin any. By the role alone: what the credential was
/// granted is asked for every act.
pub(crate) async fn visible(ports: &Ports, caller: &Caller, id: ConnectionId) -> Result<Connection, FindError> {
    let found = store::find(ports.sql.as_ref(), caller.organization, id).await?.ok_or(FindError::Unknown)?;
    let is_visible = match found.owner {
        _ if caller.role.administers() => true,
        Owner::User(user) => user == caller.user,
        Owner::Project(project) => project_role(ports, caller, project).await?.is_some(),
    };
    if is_visible { Ok(found) } else { Err(FindError::Unknown) }
}

/// Lets whoever may connect and disconnect go on; with what is not their own, whoever may do that besides.
pub(crate) async fn admit(act: &Act<'_>, caller: &Caller, owner: Owner) -> Result<(), AdmitError> {
    act.admit(Permission::ManageConnections).await?;
    if owner != Owner::User(caller.user) {
        act.admit(Permission::AdministerConnections).await?;
    }
    Ok(())
}
