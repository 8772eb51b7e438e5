//! Accounts of machines, such as CI.

use bulkhead_audit::Act;
use bulkhead_kernel::id::UserId;
use bulkhead_kernel::{Caller, CorrelationId, Fault, Permission, Ports, Role};

use super::list::Member;
use super::{MemberError, target};
use crate::model::{Membership, User, UserKind};
use crate::{giving, store, text};

/// Makes a service account: a member without an address or a password, which acts by keys alone.
///
/// # Errors
/// [`MemberError`].
pub async fn create_service_account(
    ports: &Ports,
    caller: &Caller,
    name: String,
    role: Role,
    correlation: &CorrelationId,
) -> Result<Member, MemberError> {
    let id: UserId = ports.new_id();
    let act = Act::new(ports, caller, "service_account.create", target(id), correlation);
    act.admit(Permission::ManageServiceAccounts).await?;
    giving::admit(ports, caller, &act).await?;
    let mut faults = Vec::new();
    text::check_name("/name", &name, &mut faults);
    if role == Role::Owner {
        faults.push(Fault::new("/role", "an owner is a person"));
    }
    if !faults.is_empty() {
        return Err(MemberError::Invalid(faults));
    }
    let now = ports.now();
    let user = User {
        id,
        kind: UserKind::Service,
        email: None,
        email_verified_at: None,
        name,
        password_hash: None,
        created_at: now,
    };
    let membership = Membership { organization: caller.organization, user: id, role, created_at: now };
    let steps = vec![store::insert_user(&user).into(), store::insert_membership(&membership).into(), act.done()];
    ports.sql.batch(steps).await?;
    let User { kind, name, email, .. } = user;
    Ok(Member { user: id, kind, name, email, avatar_url: None, role, created_at: now })
}
