//! `/v1/auth/sessions`: the caller's own.

pub(crate) mod delete;
pub(crate) mod list;
