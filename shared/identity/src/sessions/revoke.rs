//! Ending a session.

use bulkhead_audit::Act;
use bulkhead_kernel::id::SessionId;
use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{Caller, CorrelationId, Denied, Permission, Ports};

use super::open::target;
use super::store;

/// Why a session was not ended.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// The caller has no such session that goes on.
    #[error("you have no session of this id that goes on")]
    Unknown,
    /// The caller's credential is not good for it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// Ends one of the caller's own sessions. Its access tokens are refused from now on. `further` is what features that identity does
/// not know do in the same batch.
///
/// # Errors
/// [`RevokeError`].
pub async fn revoke_session(
    ports: &Ports,
    caller: &Caller,
    session: SessionId,
    further: Vec<Step>,
    correlation: &CorrelationId,
) -> Result<(), RevokeError> {
    let act = Act::new(ports, caller, "session.revoke", target(session), correlation);
    act.admit(Permission::ManageProfile).await?;
    let mut steps = vec![store::revoke(caller.user, session, ports.now()).expecting(1)];
    steps.extend(further);
    steps.push(act.done().across_tenants("with the step before it"));
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_unexpected_rows_at(0) => Err(RevokeError::Unknown),
        Err(error) => Err(error.into()),
    }
}
