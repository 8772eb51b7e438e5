//! What an invitation is, for whoever has its token.

use bulkhead_kernel::{Ports, Role, Timestamp};

use super::InvitationError;
use super::accept::find;

/// What is told of an invitation before it is taken.
#[derive(Clone, Debug)]
pub struct InvitationOffer {
    /// The organisation's name.
    pub organization: String,
    /// The name of who gave it.
    pub inviter: String,
    /// Whom it is for: an address.
    pub email: String,
    /// What they will be.
    pub role: Role,
    /// Until when it can be taken.
    pub expires_at: Timestamp,
}

/// Who invites to what, while that can be taken. It takes nothing.
///
/// # Errors
/// [`InvitationError`].
pub async fn look_at_invitation(ports: &Ports, presented: &str) -> Result<InvitationOffer, InvitationError> {
    let (invitation, names) = find(ports, presented).await?;
    if invitation.accepted_by.is_some() {
        return Err(InvitationError::Unknown);
    }
    Ok(InvitationOffer {
        organization: names.organization,
        inviter: names.inviter,
        email: invitation.email,
        role: invitation.role,
        expires_at: invitation.expires_at,
    })
}
