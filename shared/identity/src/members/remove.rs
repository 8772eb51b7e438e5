//! Leaving, and being made to.

use bulkhead_audit::Act;
use bulkhead_kernel::id::UserId;
use bulkhead_kernel::sql::Step;
use bulkhead_kernel::{Caller, CorrelationId, Permission, Ports, Role};

use super::{MAX_LOOKS, MemberError, kept_changing, leave, store, target};
use crate::organizations::store as organizations;

/// Ends a membership, with the keys and sessions that the user has there: the caller's own, or as an admin another one's.
/// Owners are removed by owners alone; one of them stays. A service account ends with it. `further` is what features that
/// identity does not know do in the same batch.
///
/// # Errors
/// [`MemberError`].
pub async fn remove_member(
    ports: &Ports,
    caller: &Caller,
    user: UserId,
    further: impl Fn() -> Vec<Step>,
    correlation: &CorrelationId,
) -> Result<(), MemberError> {
    let act = Act::new(ports, caller, "member.remove", target(user), correlation);
    let itself = user == caller.user;
    act.admit(if itself { Permission::ManageProfile } else { Permission::ManageMembers }).await?;
    for _ in 0..MAX_LOOKS {
        let member = store::find(ports.sql.as_ref(), caller.organization, user).await?.ok_or(MemberError::Unknown)?;
        if member.role == Role::Owner && !itself {
            act.admit(Permission::ManageOwners).await?;
        }
        let last = member.role == Role::Owner
            && !store::has_other_owner(ports.sql.as_ref(), caller.organization, user).await?;
        if last {
            act.refuse(MemberError::LastOwner).await?;
            return Err(MemberError::LastOwner);
        }
        let now = ports.now();
        let mut steps = vec![organizations::hold(caller.organization).expecting(1)];
        steps.extend(leave(caller.organization, user, now));
        steps.push(store::end_service_account(caller.organization, user, now).into());
        let at = steps.len();
        steps.push(store::delete(caller.organization, user, member.role).expecting(1));
        // Whatever holds the membership while it writes has written by now, so that this sees it.
        steps.extend(further());
        steps.push(act.done());
        match ports.sql.batch(steps).await {
            Ok(_) => return Ok(()),
            Err(error) if error.is_unexpected_rows_at(at) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(kept_changing().into())
}
