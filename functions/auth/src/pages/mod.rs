//! Pages for people in a browser: signing in and out.

mod next;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
