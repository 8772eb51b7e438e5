//! A second factor: codes of an authenticator (TOTP, RFC 6238), and recovery codes for when it is lost.
//!
//! Whoever signs in with a password gets a challenge instead of a session, and answers it with a code. A code is taken once:
//! its time step is written by the statement that takes it.

mod codes;
mod enrol;
mod prove;
mod sign_in;
mod store;

pub use enrol::{
    Enrolment, SecondFactorError, SecondFactorStatus, confirm_second_factor, disable_second_factor,
    enrol_second_factor, second_factor_status,
};
pub use prove::Proof;
pub(crate) use prove::prove;
pub use sign_in::{Challenge, SecondFactorSignInError, answer_challenge, challenge_if_needed};
