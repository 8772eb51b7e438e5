//! What mails say.

use bulkhead_kernel::Secret;
use serde::{Deserialize, Serialize};

use crate::opaque::OpaqueToken;

/// A mail: plain text, to one person.
#[derive(Clone, Serialize, Deserialize)]
pub struct Letter {
    /// To whom: an address.
    pub to: String,
    /// What it is about.
    pub subject: String,
    /// What it says. Its links are secrets.
    pub text: String,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// Where a token is used.
fn link(public_url: &str, path: &str, token: &OpaqueToken) -> Secret {
    Secret::new(format!("{}{path}?token={}", public_url.trim_end_matches('/'), token.expose()))
}

/// Where a new password is chosen.
pub(crate) fn reset_link(public_url: &str, token: &OpaqueToken) -> Secret {
    link(public_url, "/reset-password", token)
}

pub(crate) fn reset_letter(to: &str, public_url: &str, token: &OpaqueToken) -> Letter {
    let link = reset_link(public_url, token);
    let text = format!(
        "Somebody, probably you, asked for a new password for your account at {public_url}.\n\n\
         To choose one, open this within 30 minutes:\n\n{}\n\n\
         If it was not you, there is nothing to do: your password stays as it is.\n",
        link.expose()
    );
    Letter { to: to.to_owned(), subject: "Choose a new password".to_owned(), text }
}

/// Where an invitation is taken.
pub(crate) fn invitation_link(public_url: &str, token: &OpaqueToken) -> Secret {
    link(public_url, "/invitations", token)
}

/// What an invitation says.
pub(crate) struct InvitationLetter<'a> {
    /// Whom it is for: an address.
    pub(crate) to: &'a str,
    /// Who gives it, and for which organisation: names that people chose themselves.
    pub(crate) inviter: &'a str,
    pub(crate) organization: &'a str,
    /// For how many days it is good.
    pub(crate) days: u64,
}

pub(crate) fn invitation_letter(said: &InvitationLetter<'_>, public_url: &str, link: &Secret) -> Letter {
    let InvitationLetter { to, inviter, organization, days } = said;
    // The names stand in quotes and in the text alone: whoever chose them must not write our subject.
    let text = format!(
        "{inviter:?} invites you to the organization {organization:?} at {public_url}.\n\n\
         To see the invitation, and to take it, open this within {days} days:\n\n{}\n\n\
         If you do not know them, ignore this mail: nothing happens.\n",
        link.expose()
    );
    Letter { to: (*to).to_owned(), subject: "You are invited".to_owned(), text }
}

pub(crate) fn verification_letter(to: &str, public_url: &str, token: &OpaqueToken) -> Letter {
    let link = link(public_url, "/verify-email", token);
    let text = format!(
        "Please confirm that this is the address of your account at {public_url}.\n\n\
         Open this within a day, and sign in to the account:\n\n{}\n\n\
         If you made no account there, somebody else did with your address. Ignore this mail, and nothing is confirmed; or \
         make the account yours by choosing a new password for it.\n",
        link.expose()
    );
    Letter { to: to.to_owned(), subject: "Confirm your address".to_owned(), text }
}
