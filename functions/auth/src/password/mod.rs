//! `/v1/auth/password` and `/v1/auth/password-reset`

pub(crate) mod change;
pub(crate) mod confirm;
pub(crate) mod reset;
