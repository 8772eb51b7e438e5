//! The authorization code grant (RFC 6749, section 4.1): a user consents, their browser brings the client a code, and the
//! client gets tokens for it.

mod consent;
mod redeem;
mod store;

pub use consent::{Consent, issue_code, refuse_consent};
pub use redeem::redeem_code;
pub(crate) use store::{forget_user, withdraw};
