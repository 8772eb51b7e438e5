//! `/v1/auth/second-factor`, and the second step of signing in.

pub(crate) mod confirm;
pub(crate) mod disable;
pub(crate) mod enrol;
pub(crate) mod sign_in;
pub(crate) mod status;
