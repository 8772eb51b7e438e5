//! Mail, as an outbox: what is to be sent is a row, written together with what it is about. The host sends it.
//!
//! A mail has links that are as good as a password, so the row is sealed; it goes once the mail is sent or too old.

mod letter;
mod notice;
mod outbox;

pub use letter::Letter;
pub(crate) use letter::{
    InvitationLetter, invitation_letter, invitation_link, reset_letter, reset_link, verification_letter,
};
pub use notice::Notices;
pub(crate) use notice::{Notice, tell};
pub(crate) use outbox::post;
pub use outbox::{Due, MailError, MailTerms, claim_mail, expired_mail, mail_failed, mail_sent};
