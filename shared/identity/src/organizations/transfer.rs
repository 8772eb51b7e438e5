//! Handing an organisation over.

use bulkhead_audit::{Act, Target};
use bulkhead_kernel::id::UserId;
use bulkhead_kernel::{Caller, CorrelationId, Permission, Ports, Role};

use super::{OrganizationError, store};
use crate::giving;
use crate::members::store as members;

/// Makes a person of the organisation its owner in the caller's place, who goes on as an admin.
///
/// # Errors
/// [`OrganizationError`].
pub async fn transfer_ownership(
    ports: &Ports,
    caller: &Caller,
    to: UserId,
    correlation: &CorrelationId,
) -> Result<(), OrganizationError> {
    let act = Act::new(ports, caller, "organization.transfer", Target::new("user", to), correlation);
    act.admit(Permission::ManageOwners).await?;
    giving::admit(ports, caller, &act).await?;
    if to == caller.user {
        return Err(OrganizationError::UnknownMember);
    }
    let steps = vec![
        store::hold(caller.organization).expecting(1),
        members::make_owner(caller.organization, to).expecting(1),
        members::set_role(caller.organization, caller.user, Role::Owner, Role::Admin).expecting(1),
        act.done(),
    ];
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_unexpected_rows_at(1) => Err(OrganizationError::UnknownMember),
        Err(error) => Err(error.into()),
    }
}
