//! Inviting somebody.

use std::time::Duration;

use bulkhead_audit::Act;
use bulkhead_kernel::{Caller, CorrelationId, Fault, Permission, Ports, Role};

use super::model::Invitation;
use super::{InvitationError, mail, store, target};
use crate::email::EmailAddress;
use crate::members::store as members;
use crate::opaque::{OpaqueToken, Purpose};

/// How long an invitation lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvitationTerms {
    /// From when it is given.
    pub lifetime: Duration,
}

impl Default for InvitationTerms {
    /// A week.
    fn default() -> Self {
        Self { lifetime: Duration::from_secs(7 * 24 * 60 * 60) }
    }
}

/// An invitation that was given. The token is kept nowhere.
#[derive(Clone, Debug)]
pub struct IssuedInvitation {
    /// What is kept.
    pub invitation: Invitation,
    /// What it is taken with.
    pub token: OpaqueToken,
}

/// Invites whoever has an address, in the place of an earlier invitation of theirs. Nobody gives more than they have: owners
/// are invited by owners.
///
/// # Errors
/// [`InvitationError`].
pub async fn create_invitation(
    ports: &Ports,
    caller: &Caller,
    terms: &InvitationTerms,
    email: &str,
    role: Role,
    correlation: &CorrelationId,
) -> Result<IssuedInvitation, InvitationError> {
    let id = ports.new_id();
    let act = Act::new(ports, caller, "invitation.create", target(id), correlation);
    act.admit(Permission::ManageMembers).await?;
    if role == Role::Owner {
        act.admit(Permission::ManageOwners).await?;
    }
    let email: EmailAddress =
        email.parse().map_err(|error| InvitationError::Invalid(vec![Fault::new("/email", format!("{error}"))]))?;
    if members::has_email(ports.sql.as_ref(), caller.organization, email.as_str()).await? {
        return Err(InvitationError::AlreadyMember);
    }
    let now = ports.now();
    let invitation = Invitation {
        id,
        organization: caller.organization,
        email: email.as_str().to_owned(),
        role,
        invited_by: caller.user,
        created_at: now,
        expires_at: now.plus(terms.lifetime),
        accepted_by: None,
    };
    let token = OpaqueToken::generate(Purpose::Invitation, ports.entropy.as_ref());
    let mut steps = vec![
        store::revoke_open(caller.organization, &email, now).into(),
        store::insert(&invitation, &token).into(),
        act.done(),
    ];
    steps.extend(mail::invite(&invitation, &token));
    ports.sql.batch(steps).await?;
    Ok(IssuedInvitation { invitation, token })
}
