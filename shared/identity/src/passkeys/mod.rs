//! Passkeys (WebAuthn, level 3): getting them, signing in with one, looking after them.
//!
//! A passkey verifies its user itself, by a PIN or a fingerprint, so it is both factors at once: whoever signs in with one is
//! asked for no code. That is why getting one takes the password, and the code too where there is one. Nobody types who they
//! are: the authenticator tells it, so every passkey is a discoverable credential.
//!
//! Each ceremony begins with options for the browser and a token; `ceremony.rs` keeps what the answer is held against. The
//! crate webauthn_rp checks the answer; `verdict.rs` has what the audit trail says when it does not pass.

mod ceremony;
mod manage;
mod model;
mod register;
mod relying_party;
mod sign_in;
mod store;
mod verdict;

pub use ceremony::Ceremony;
pub use manage::{delete_passkey, list_passkeys, rename_passkey};
pub use model::{MAX_PASSKEYS, Passkey};
pub use register::{Proof, begin_passkey_registration, register_passkey};
pub use relying_party::{PasskeysUnavailable, RelyingParty};
pub use sign_in::{PasskeySignInError, begin_passkey_sign_in, check_passkey};
pub(crate) use store::forget;

use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Denied, Fault};

use crate::second_factor::SecondFactorError;

/// Why passkeys stay as they are.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    /// Only somebody who signed in does this.
    #[error("this takes a sign-in; a key or a client can't do it")]
    SignInRequired,
    /// The caller did not prove once more who they are.
    #[error(transparent)]
    Proof(#[from] SecondFactorError),
    /// The ceremony is over, or was another session's.
    #[error("this took too long, or was begun elsewhere; begin again")]
    Ceremony,
    /// What the authenticator answered does not pass.
    #[error("the passkey is refused: {0}")]
    Refused(&'static str),
    /// It has been registered.
    #[error("this passkey is registered already")]
    Exists,
    /// The user has as many as there may be.
    #[error("you have {MAX_PASSKEYS} passkeys, which is the most; delete one first")]
    TooMany,
    /// The user has no such passkey.
    #[error("you have no such passkey")]
    Unknown,
    /// Without it the user could not sign in any more.
    #[error("this passkey is your only way to sign in; set a password or add another passkey first")]
    LastWay,
    /// What was asked for makes no sense. Each fault points into the body.
    #[error("the passkey can't be as asked for: {} fault(s)", .0.len())]
    Invalid(Vec<Fault>),
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}
