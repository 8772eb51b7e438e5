//! Why an answer does not pass, in words that repeat nothing of it.

use webauthn_rp::response::auth::error::AuthCeremonyErr;
use webauthn_rp::response::register::error::RegCeremonyErr;

const ORIGIN: &str = "it was made for another origin";
const PARTY: &str = "it is for another relying party";
const CHALLENGE: &str = "it answers another challenge";
const TIMEOUT: &str = "it came too late";
const VERIFICATION: &str = "the authenticator did not verify its user";
const SIGNATURE: &str = "its signature is wrong";

/// What is said of a counter that went back, or stood still.
pub(super) const CLONED: &str = "its counter went back: the passkey may have been copied";

/// Of a registration.
pub(super) const fn of_registration(error: &RegCeremonyErr) -> &'static str {
    match error {
        RegCeremonyErr::OriginMismatch | RegCeremonyErr::CrossOrigin | RegCeremonyErr::TopOriginMismatch => ORIGIN,
        RegCeremonyErr::RpIdHashMismatch => PARTY,
        RegCeremonyErr::ChallengeMismatch => CHALLENGE,
        RegCeremonyErr::Timeout => TIMEOUT,
        RegCeremonyErr::UserNotVerified => VERIFICATION,
        _ => "it is not what was asked for",
    }
}

/// Of a sign-in.
pub(super) const fn of_sign_in(error: &AuthCeremonyErr) -> &'static str {
    match error {
        AuthCeremonyErr::OriginMismatch | AuthCeremonyErr::CrossOrigin | AuthCeremonyErr::TopOriginMismatch => ORIGIN,
        AuthCeremonyErr::RpIdHashMismatch => PARTY,
        AuthCeremonyErr::ChallengeMismatch => CHALLENGE,
        AuthCeremonyErr::Timeout => TIMEOUT,
        AuthCeremonyErr::UserNotVerified => VERIFICATION,
        AuthCeremonyErr::AssertionSignature => SIGNATURE,
        AuthCeremonyErr::SignatureCounter => CLONED,
        AuthCeremonyErr::UserHandleMismatch => "it is another user's",
        _ => "it is not what was asked for",
    }
}
