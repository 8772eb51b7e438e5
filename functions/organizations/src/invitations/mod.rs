//! `/v1/organization/invitations`, and taking one.

pub(crate) mod accept;
pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod revoke;
