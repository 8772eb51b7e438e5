//! How an invitation gets to whoever is invited.

use bulkhead_kernel::sql::Statement;
use bulkhead_kernel::{Ports, Secret};

use super::create::InvitationTerms;
use super::model::Invitation;
use super::store::Names;
use crate::mail::{InvitationLetter, invitation_letter, post};
use crate::sealing::IdentityKey;
use crate::throttle::CredentialLimits;

/// What mailing an invitation takes.
#[derive(Debug)]
pub struct InvitationMail<'a> {
    /// What the outbox is sealed with.
    pub key: &'a IdentityKey,
    /// How clients reach the installation.
    pub public_url: &'a str,
    /// How many mails an address gets.
    pub limits: &'a CredentialLimits,
}

/// What sends the invitation, for the batch that records it.
pub(super) fn invite(
    ports: &Ports,
    mail: &InvitationMail<'_>,
    terms: &InvitationTerms,
    invitation: &Invitation,
    names: &Names,
    link: &Secret,
) -> Statement {
    let said = InvitationLetter {
        to: &invitation.email,
        inviter: &names.inviter,
        organization: &names.organization,
        days: terms.lifetime.as_secs() / (24 * 60 * 60),
    };
    post(ports, mail.key, &invitation_letter(&said, mail.public_url, link), invitation.expires_at)
}
