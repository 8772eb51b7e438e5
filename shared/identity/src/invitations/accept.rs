//! Taking an invitation with an account.

use bulkhead_audit::{Act, Actor, AuditEvent, Outcome};
use bulkhead_kernel::sql::{SqlError, Step};
use bulkhead_kernel::{Caller, CorrelationId, Permission, Ports, Role};

use super::model::Invitation;
use super::store::Names;
use super::{InvitationError, store, target};
use crate::model::Membership;
use crate::opaque::{OpaqueToken, Purpose};
use crate::store::insert_membership;

/// Lets the caller, who has signed in and whose address it is, into the organisation that invites them. Taking it again
/// changes nothing.
///
/// # Errors
/// [`InvitationError`].
pub async fn accept_invitation(
    ports: &Ports,
    caller: &Caller,
    presented: &str,
    correlation: &CorrelationId,
) -> Result<Membership, InvitationError> {
    let act = Act::new(ports, caller, "invitation.accept", crate::organization_target(caller), correlation);
    act.admit(Permission::ManageProfile).await?;
    if !crate::signed_in(ports, caller).await? {
        act.refuse(InvitationError::SignInRequired).await?;
        return Err(InvitationError::SignInRequired);
    }
    let (invitation, _) = find(ports, presented).await?;
    let now = ports.now();
    let membership =
        Membership { organization: invitation.organization, user: caller.user, role: invitation.role, created_at: now };
    match invitation.accepted_by {
        Some(user) if user == caller.user => return Ok(membership),
        Some(_) => return Err(InvitationError::Unknown),
        None => {}
    }
    if store::verified_email(ports.sql.as_ref(), caller.user).await?.as_ref() != Some(&invitation.email) {
        act.refuse(InvitationError::AddressMismatch).await?;
        return Err(InvitationError::AddressMismatch);
    }
    let steps = join(ports, &invitation, &membership, Actor::user(caller), correlation);
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(membership),
        Err(error) if error.is_unexpected_rows_at(0) => Err(InvitationError::Unknown),
        Err(SqlError::UniqueViolation(_)) => Err(InvitationError::AlreadyMember),
        Err(error) => Err(error.into()),
    }
}

/// The invitation with this token that can be, or was, taken, and who invites to what; nothing when whoever gave it may no
/// longer.
pub(super) async fn find(ports: &Ports, presented: &str) -> Result<(Invitation, Names), InvitationError> {
    let token = OpaqueToken::parse(Purpose::Invitation, presented).map_err(|_| InvitationError::Unknown)?;
    let found = store::find_by_token(ports.sql.as_ref(), &token, ports.now()).await?;
    let (invitation, inviters_role, names) = found.ok_or(InvitationError::Unknown)?;
    let least = if invitation.role == Role::Owner { Permission::ManageOwners } else { Permission::ManageMembers };
    if inviters_role < least.least_role() { Err(InvitationError::Unknown) } else { Ok((invitation, names)) }
}

/// What makes a member of whoever was invited, if the invitation can still be taken: the first step must affect one row.
pub(super) fn join(
    ports: &Ports,
    invitation: &Invitation,
    membership: &Membership,
    actor: Actor,
    correlation: &CorrelationId,
) -> Vec<Step> {
    let event = AuditEvent::pending_by(
        ports,
        invitation.organization,
        actor,
        "invitation.accept",
        target(invitation.id),
        correlation,
    );
    vec![
        store::accept(invitation, membership.user, membership.created_at).expecting(1),
        insert_membership(membership).into(),
        bulkhead_audit::begin(&event.ended(Outcome::Succeeded)).into(),
    ]
}
