//! `/v1/auth/email-verification`

pub(crate) mod confirm;
pub(crate) mod request;
