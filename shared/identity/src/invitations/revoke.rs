//! Taking an invitation back.

use bulkhead_audit::Act;
use bulkhead_kernel::id::InvitationId;
use bulkhead_kernel::{Caller, CorrelationId, Permission, Ports};

use super::{InvitationError, store, target};

/// Revokes an invitation. One that is over stays so.
///
/// # Errors
/// [`InvitationError`].
pub async fn revoke_invitation(
    ports: &Ports,
    caller: &Caller,
    id: InvitationId,
    correlation: &CorrelationId,
) -> Result<(), InvitationError> {
    let act = Act::new(ports, caller, "invitation.revoke", target(id), correlation);
    act.admit(Permission::ManageMembers).await?;
    if !store::exists(ports.sql.as_ref(), caller.organization, id).await? {
        return Err(InvitationError::Unknown);
    }
    let steps = vec![store::revoke(caller.organization, id, ports.now()).expecting(1), act.done()];
    match ports.sql.batch(steps).await {
        Err(error) if error.is_unexpected_rows_at(0) => Ok(()),
        done => Ok(done.map(drop)?),
    }
}
