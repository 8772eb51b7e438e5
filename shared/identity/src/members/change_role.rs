//! What a member may do.

use bulkhead_audit::Act;
use bulkhead_kernel::id::UserId;
use bulkhead_kernel::{Caller, CorrelationId, Fault, Permission, Ports, Role};

use super::list::Member;
use super::{MAX_LOOKS, MemberError, kept_changing, store, target};
use crate::giving;
use crate::model::UserKind;
use crate::organizations::store as organizations;

/// Gives a member another role. Owners are made, and made something else, by owners alone; one of them stays.
///
/// # Errors
/// [`MemberError`].
pub async fn change_role(
    ports: &Ports,
    caller: &Caller,
    user: UserId,
    role: Role,
    correlation: &CorrelationId,
) -> Result<Member, MemberError> {
    let act = Act::new(ports, caller, "member.change_role", target(user), correlation);
    act.admit(Permission::ManageMembers).await?;
    for _ in 0..MAX_LOOKS {
        let member = store::find(ports.sql.as_ref(), caller.organization, user).await?.ok_or(MemberError::Unknown)?;
        if member.role == Role::Owner || role == Role::Owner {
            act.admit(Permission::ManageOwners).await?;
        }
        if member.role == role {
            return Ok(member);
        }
        // Taking is no giving.
        if role > member.role {
            giving::admit(ports, caller, &act).await?;
        }
        if member.kind == UserKind::Service && role == Role::Owner {
            return Err(MemberError::Invalid(vec![Fault::new("/role", "an owner is a person")]));
        }
        let last = member.role == Role::Owner
            && !store::has_other_owner(ports.sql.as_ref(), caller.organization, user).await?;
        if last {
            act.refuse(MemberError::LastOwner).await?;
            return Err(MemberError::LastOwner);
        }
        let steps = vec![
            organizations::hold(caller.organization).expecting(1),
            store::set_role(caller.organization, user, member.role, role).expecting(1),
            act.done(),
        ];
        match ports.sql.batch(steps).await {
            Ok(_) => return Ok(Member { role, ..member }),
            // Somebody changed it, or another owner has just gone: it is looked at again.
            Err(error) if error.is_unexpected_rows_at(1) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(kept_changing().into())
}
