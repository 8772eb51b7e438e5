//! Inviting somebody.

use std::time::Duration;

use bulkhead_audit::Act;
use bulkhead_kernel::sql::Step;
use bulkhead_kernel::{Caller, CorrelationId, Fault, Permission, Ports, Role, Secret};

use super::mail::{InvitationMail, invite};
use super::model::Invitation;
use super::{InvitationError, store, target};
use crate::email::EmailAddress;
use crate::giving;
use crate::holding::{CredentialEnded, hold_credential, is_credential_ended};
use crate::mail::invitation_link;
use crate::members::store as members;
use crate::opaque::{OpaqueToken, Purpose};
use crate::throttle::{Limit, take};

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
    /// Where it is taken. It is as good as the token.
    pub link: Secret,
}

/// Invites whoever has an address by a mail, in the place of an earlier invitation of theirs. Nobody gives more than they have: owners
/// are invited by owners.
///
/// # Errors
/// [`InvitationError`].
pub async fn create_invitation(
    ports: &Ports,
    caller: &Caller,
    terms: &InvitationTerms,
    mail: &InvitationMail<'_>,
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
    giving::admit(ports, caller, &act).await?;
    let email: EmailAddress =
        email.parse().map_err(|error| InvitationError::Invalid(vec![Fault::new("/email", format!("{error}"))]))?;
    if members::has_email(ports.sql.as_ref(), caller.organization, email.as_str()).await? {
        return Err(InvitationError::AlreadyMember);
    }
    take(ports, mail.limits, Limit::InvitationRecipient, email.as_str()).await?;
    let names = store::names(ports.sql.as_ref(), caller).await?.ok_or(InvitationError::Unknown)?;
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
    let link = invitation_link(mail.public_url, &token);
    let mut steps: Vec<Step> = hold_credential(caller, now).into();
    steps.extend([
        store::revoke_open(caller.organization, &email, now).into(),
        store::insert(&invitation, &token).into(),
        invite(ports, mail, terms, &invitation, &names, &link).into(),
        act.done(),
    ]);
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(IssuedInvitation { invitation, token, link }),
        Err(error) if is_credential_ended(&error) => Err(CredentialEnded.into()),
        Err(error) => Err(error.into()),
    }
}
