//! Pages for people in a browser: signing in and out, and where mails lead.

pub(crate) mod invitation;
pub(crate) mod invited;
mod next;
pub(crate) mod passkey_sign_in;
pub(crate) mod passkeys;
pub(crate) mod reset_password;
pub(crate) mod second_factor;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
pub(crate) mod verify_email;

pub(crate) use next::Next;
