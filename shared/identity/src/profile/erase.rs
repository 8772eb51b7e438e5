//! A user's end.

use bulkhead_audit::{Act, Actor, AuditEvent, Outcome};
use bulkhead_kernel::id::OrganizationId;
use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{Caller, CorrelationId, Permission, Ports};

use super::{ProfileError, store, target};
use crate::members::{leave, store as members};
use crate::organizations::store as organizations;
use crate::store as users;
use crate::ways_in;

/// How often the user's organisations are looked at again that change meanwhile.
const MAX_LOOKS: usize = 5;

/// Ends the caller: their sessions, keys and memberships at once, and what says who they were. The audit trail keeps their
/// id. An organisation in which nobody is left goes with them; one in which others depend on them keeps them. `further` is
/// what features that identity does not know do in the same batch, given the organisations that the user leaves.
///
/// # Errors
/// [`ProfileError`]; nothing has changed then.
pub async fn erase_user(
    ports: &Ports,
    caller: &Caller,
    further: impl Fn(&[OrganizationId]) -> Vec<Step>,
    correlation: &CorrelationId,
) -> Result<(), ProfileError> {
    let act = Act::new(ports, caller, "user.erase", target(caller), correlation);
    act.admit(Permission::ManageProfile).await?;
    if !crate::signed_in(ports, caller).await? {
        act.refuse(ProfileError::SignInRequired).await?;
        return Err(ProfileError::SignInRequired);
    }
    for _ in 0..MAX_LOOKS {
        let belongings = store::belongings(ports.sql.as_ref(), caller.user).await?;
        let needed: Vec<_> = belongings.iter().filter(|it| it.is_needed).map(|it| it.slug.clone()).collect();
        if !needed.is_empty() {
            let refused = ProfileError::LastOwner(needed);
            act.refuse(&refused).await?;
            return Err(refused);
        }
        let left: Vec<_> = belongings.iter().map(|it| it.organization).collect();
        match ports.sql.batch(steps(ports, caller, &belongings, further(&left), correlation)).await {
            Ok(_) => return Ok(()),
            // Somebody has just gone from one of them, or it has been deleted.
            Err(SqlError::UnexpectedRows { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(SqlError::Unavailable("the user's organizations kept changing".to_owned()).into())
}

fn steps(
    ports: &Ports,
    caller: &Caller,
    belongings: &[store::Belonging],
    further: Vec<Step>,
    correlation: &CorrelationId,
) -> Vec<Step> {
    let now = ports.now();
    // First of all, as in every batch that makes something by the user's credentials, which end here.
    let mut steps: Vec<Step> = vec![users::hold_user(caller.user).into()];
    for belonging in belongings {
        let organization = belonging.organization;
        if belonging.alive {
            steps.push(organizations::hold(organization).expecting(1));
        }
        steps.extend(leave(organization, caller.user, now));
        if belonging.alive {
            steps.push(store::leave(organization, caller.user).expecting(1));
            steps.push(store::delete_deserted(organization, now).into());
        } else {
            steps.push(members::delete_any(organization, caller.user).into());
        }
        let actor = Actor::user(caller);
        let event = AuditEvent::pending_by(ports, organization, actor, "user.erase", target(caller), correlation);
        steps.push(bulkhead_audit::begin(&event.ended(Outcome::Succeeded)).into());
    }
    steps.extend(further);
    let forgotten = ways_in::end_all(caller.user, now).into_iter().chain(store::forget(caller.user, now));
    steps.extend(forgotten.map(Step::from));
    steps.into_iter().map(|step| step.across_tenants("a user is erased in every organisation at once")).collect()
}
