//! Deleting an organisation.

use bulkhead_audit::Act;
use bulkhead_kernel::{Caller, CorrelationId, Permission, Ports, Timestamp};

use super::{OrganizationError, RESTORABLE, store};
use crate::opaque::{OpaqueToken, Purpose};
use crate::organization_target;

/// How a deleted organisation can be had back.
#[derive(Clone, Debug)]
pub struct DeletedOrganization {
    /// With this.
    pub token: OpaqueToken,
    /// Until then.
    pub until: Timestamp,
}

/// Deletes the caller's organisation: from now on no credential is good for it. Nothing is thrown away yet, and whoever has
/// the token can have it back; nobody who has lost it can sign in there, so it is theirs to keep.
///
/// # Errors
/// [`OrganizationError`].
pub async fn delete_organization(
    ports: &Ports,
    caller: &Caller,
    correlation: &CorrelationId,
) -> Result<DeletedOrganization, OrganizationError> {
    let act = Act::new(ports, caller, "organization.delete", organization_target(caller), correlation);
    act.admit(Permission::DeleteOrganization).await?;
    let now = ports.now();
    let token = OpaqueToken::generate(Purpose::Restore, ports.entropy.as_ref());
    let steps = vec![store::delete(caller.organization, &token, now).expecting(1), act.done()];
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(DeletedOrganization { token, until: now.plus(RESTORABLE) }),
        Err(error) if error.is_unexpected_rows_at(0) => Err(OrganizationError::Unknown),
        Err(error) => Err(error.into()),
    }
}
