//! Mailing an invitation once more.

use bulkhead_audit::Act;
use bulkhead_kernel::id::InvitationId;
use bulkhead_kernel::sql::Step;
use bulkhead_kernel::{Caller, CorrelationId, Permission, Ports, Role};

use super::create::{InvitationTerms, IssuedInvitation};
use super::mail::{InvitationMail, invite};
use super::model::Invitation;
use super::{InvitationError, store, target};
use crate::giving;
use crate::holding::{CredentialEnded, hold_credential, is_credential_ended};
use crate::mail::invitation_link;
use crate::opaque::{OpaqueToken, Purpose};
use crate::throttle::{Limit, take};

/// Mails an invitation that was neither taken nor taken back once more, also one that has expired. It lasts as long as a new
/// one and is the caller's from now on; the link of the earlier mail is no longer good, since nobody kept its token.
///
/// # Errors
/// [`InvitationError`].
pub async fn resend_invitation(
    ports: &Ports,
    caller: &Caller,
    terms: &InvitationTerms,
    mail: &InvitationMail<'_>,
    id: InvitationId,
    correlation: &CorrelationId,
) -> Result<IssuedInvitation, InvitationError> {
    let act = Act::new(ports, caller, "invitation.resend", target(id), correlation);
    act.admit(Permission::ManageMembers).await?;
    let before = store::find_open(ports.sql.as_ref(), caller.organization, id).await?;
    let before = before.ok_or(InvitationError::Unknown)?;
    if before.role == Role::Owner {
        act.admit(Permission::ManageOwners).await?;
    }
    giving::admit(ports, caller, &act).await?;
    take(ports, mail.limits, Limit::InvitationRecipient, &before.email).await?;
    let names = store::names(ports.sql.as_ref(), caller).await?.ok_or(InvitationError::Unknown)?;
    let now = ports.now();
    let invitation = Invitation { invited_by: caller.user, expires_at: now.plus(terms.lifetime), ..before };
    let token = OpaqueToken::generate(Purpose::Invitation, ports.entropy.as_ref());
    let link = invitation_link(mail.public_url, &token);
    let mut steps: Vec<Step> = hold_credential(caller, now).into();
    let renewed = steps.len();
    steps.extend([
        store::renew(&invitation, &token).expecting(1),
        invite(ports, mail, terms, &invitation, &names, &link).into(),
        act.done(),
    ]);
    match ports.sql.batch(steps).await {
        Ok(_) => Ok(IssuedInvitation { invitation, token, link }),
        Err(error) if is_credential_ended(&error) => Err(CredentialEnded.into()),
        // It was taken, or taken back, a moment ago.
        Err(error) if error.is_unexpected_rows_at(renewed) => Err(InvitationError::Unknown),
        Err(error) => Err(error.into()),
    }
}
