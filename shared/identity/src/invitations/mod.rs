//! How people come to an organisation: an invitation goes to an address, and whoever has the address takes it.
//!
//! It goes by mail (`create`, `resend`), and its link shows what it is (`look`). `accept` is for those who have an account,
//! with that address and proven; `sign_up` makes one. An invitation is as good as
//! the one who gave it: it ends when they may no longer give it.

mod accept;
mod create;
mod list;
mod look;
mod mail;
mod model;
mod resend;
mod revoke;
mod sign_up;
mod store;

pub use accept::accept_invitation;
pub use create::{InvitationTerms, IssuedInvitation, create_invitation};
pub use list::list_invitations;
pub use look::{InvitationOffer, look_at_invitation};
pub use mail::InvitationMail;
pub use model::Invitation;
pub use resend::resend_invitation;
pub use revoke::revoke_invitation;
pub use sign_up::{InvitedAccount, InvitedError, sign_up_invited};

use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Denied, Fault};

use crate::giving::NarrowCredential;
use crate::holding::CredentialEnded;
use crate::throttle::Exceeded;

/// Why nobody is invited, or comes.
#[derive(Debug, thiserror::Error)]
pub enum InvitationError {
    /// There is no such invitation, or it is over.
    #[error("there is no such invitation, or it is over; ask for a new one")]
    Unknown,
    /// It is for another address, or for one that the user has not proven to be theirs.
    #[error("the invitation is for another e-mail address than yours, or yours is not verified yet")]
    AddressMismatch,
    /// They belong to the organisation already.
    #[error("they belong to the organization already")]
    AlreadyMember,
    /// Only somebody who signed in takes an invitation.
    #[error("sign in to take an invitation; a key or a client can't")]
    SignInRequired,
    /// The caller's credential is less than they are.
    #[error(transparent)]
    Narrow(#[from] NarrowCredential),
    /// What was to invite has ended since the request came in.
    #[error(transparent)]
    CredentialEnded(#[from] CredentialEnded),
    /// What was asked for makes no sense. Each fault points into the body.
    #[error("the invitation can't be as asked for: {} fault(s)", .0.len())]
    Invalid(Vec<Fault>),
    /// Whoever is invited got enough mails.
    #[error("mails to this address: {0}")]
    Exceeded(#[from] Exceeded),
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// An invitation as the audit trail names it.
fn target(id: bulkhead_kernel::id::InvitationId) -> bulkhead_audit::Target {
    bulkhead_audit::Target::new("invitation", id)
}
