//! `/v1/organization`: the caller's own.

pub(crate) mod change;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod transfer;
